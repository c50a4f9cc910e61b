/** Pictures that somebody brings to a question: from a file to a tile that says how far it is up. */
import { announce, button, element, iconButton } from "./elements.js";
import { ApiError } from "./unified_channel.js";
import { sentenceOf, t } from "./words.js";

/** The type of what is dragged from this page itself: the id of one's own picture. */
export const OWN_PICTURE = "application/x-afterimage-image";
export const MOST = 4; // a question names no more

const MOST_BYTES = 4_500_000; // of an upload
const MOST_PX = 25_000_000; // and the pixels, which a file of few bytes may have more of
const LONGEST_SIDE_PX = 16_383;
const LONG_SIDE_PX = 2_048; // of what is scaled, because it has more than that
const QUALITIES = [0.9, 0.75, 0.5]; // never 1, and never none: both are lossless as WebP
const TYPES = ["image/jpeg", "image/png", "image/webp"];

/** The tiles of every chat. Those of one are shown. */
export class Attachments {
  #list;
  #options;
  #chatId = null;
  #tiles = new Map(); // chat id → its tiles
  #gone = new Set(); // ids of deleted pictures

  /**
   * @param {HTMLElement} list where the tiles are shown
   * @param {{
   *   channel: UnifiedChannel,
   *   notify: (sentence: string) => void,
   *   onChange: (chatId: string) => void, the tiles of a chat are others now
   * }} options
   */
  constructor(list, options) {
    this.#list = list;
    this.#options = options;
  }

  show(chatId) {
    this.#chatId = chatId;
    this.#list.replaceChildren(...this.of(chatId).map(({ element }) => element));
  }

  of(chatId) {
    return this.#tiles.get(chatId) ?? [];
  }

  /** The tiles of a chat, which has none from now on. */
  take(chatId) {
    const tiles = this.of(chatId);
    this.#set(chatId, []);
    return tiles;
  }

  /** Tiles that were taken are in their chat again, before its others. */
  putBack(chatId, tiles) {
    const left = tiles.filter(({ id }) => !this.#gone.has(id));
    this.#set(chatId, [...left, ...this.of(chatId)]);
  }

  /** Tiles of one's own pictures, shown nowhere, to be sent. */
  tilesOf(images) {
    return images.map((image) => {
      const tile = new Tile(image.id, image.thumbnail_url, async () => image, { onChange: () => {}, onRemove: () => {} });
      tile.start();
      return tile;
    });
  }

  /** Pictures were deleted. */
  forget(ids) {
    ids.forEach((id) => this.#gone.add(id));
    for (const chatId of this.#tiles.keys()) this.#keep(chatId, ({ id }) => !this.#gone.has(id));
  }

  /** Pictures that were deleted are there after all; their tiles are not. */
  recall(ids) {
    ids.forEach((id) => this.#gone.delete(id));
  }

  async addFiles(files) {
    const chatId = this.#chatId;
    const kinds = await Promise.all(files.map(kindOf));
    kinds.forEach((kind, index) => {
      if (!TYPES.includes(kind)) return this.#refuse(t(kind === "heic" ? "no_heic" : "only_these_kinds"));
      const url = URL.createObjectURL(files[index]);
      this.#add(chatId, { id: this.#options.channel.newId(), url }, upload(files[index], kind));
    });
  }

  /** One of somebody's own pictures, as the API has it. */
  addImage(image) {
    this.#add(this.#chatId, image, async () => image);
  }

  /** Pictures by their ids alone; one that is not there is left out, with a sentence. */
  addIds(ids, chatId = this.#chatId) {
    ids.forEach((id) => this.#add(chatId, { id }, read));
  }

  #add(chatId, { id, thumbnail_url, url = thumbnail_url }, work) {
    const tiles = this.of(chatId);
    if (tiles.some((tile) => tile.id === id)) return;
    if (tiles.length >= MOST) return this.#refuse(t("too_many_pictures", { most: MOST }));
    const { channel } = this.#options;
    const tile = new Tile(id, thumbnail_url ?? url, (tile) => work(channel, tile), {
      onChange: () => this.#changed(tile, chatId),
      onRemove: () => this.#remove(tile, chatId),
    });
    this.#set(chatId, [...tiles, tile]);
    tile.start();
  }

  #changed(tile, chatId) {
    if (tile.error?.status === 404) {
      this.#keep(chatId, (other) => other !== tile);
      this.#refuse(t("picture_gone"));
    } else this.#options.onChange(chatId); // perhaps under another id
  }

  #remove(tile, chatId) {
    const isLast = this.of(chatId).length === 1;
    this.#keep(chatId, (other) => other !== tile);
    tile.drop();
    if (!isLast) this.#list.querySelector("button")?.focus();
    else document.getElementById("text").focus();
  }

  #refuse(sentence) {
    this.#options.notify(sentence);
  }

  #keep(chatId, wanted) {
    const tiles = this.of(chatId);
    if (!tiles.every(wanted)) this.#set(chatId, tiles.filter(wanted));
  }

  #set(chatId, tiles) {
    this.#tiles.set(chatId, tiles);
    if (chatId === this.#chatId) this.show(chatId);
    this.#options.onChange(chatId);
  }
}

/** One picture: on its way up or being read, there, or refused. */
class Tile {
  element = element("li", { className: "tile" });
  image = null; // as the API has it, once it does
  error = null;
  /** Settles when it is decided whether the picture is there. */
  done;
  #work;
  #aborter = new AbortController();
  #options;
  #shown = element("img", { alt: "", draggable: false });
  #progress = element("progress", { max: 1, value: 0, "aria-label": t("going_up") });

  /** @param {(tile: Tile) => Promise<object>} work what brings the picture: an Image of the API */
  constructor(id, url, work, options) {
    this.id = id;
    this.url = url;
    this.#work = work;
    this.#options = options;
    if (url) this.#shown.src = url;
  }

  get signal() {
    return this.#aborter.signal;
  }

  /** Width and height, as soon as the picture is shown; zeros where the browser cannot show it. */
  async size() {
    await this.#shown.decode().catch(() => {});
    return [this.#shown.naturalWidth, this.#shown.naturalHeight];
  }

  /** @param {number} part from 0 to 1 */
  progress = (part) => {
    this.#progress.value = part;
  };

  start() {
    this.error = null;
    this.done = this.#work(this).then((image) => this.#end(image), (error) => this.#fail(error));
    this.done.catch(() => {}); // whoever sends it hears of it
    this.#render();
  }

  /** Nobody wants it any more. */
  drop() {
    this.#aborter.abort();
    if (this.url?.startsWith("blob:")) URL.revokeObjectURL(this.url);
  }

  /** What a message shows until the server has one: the picture as far as it is known. */
  get asImage() {
    const { id, url } = this;
    return this.image ?? { id, url, thumbnail_url: url, width: 1, height: 1, color: "", prompt: "" };
  }

  #end(image) {
    if (!this.url) this.#shown.src = image.thumbnail_url;
    this.url ??= image.thumbnail_url;
    this.image = image;
    this.id = image.id;
    this.#render();
    this.#options.onChange();
  }

  #fail(error) {
    if (!this.signal.aborted) {
      this.error = error instanceof ApiError ? error : new ApiError(0, { code: "unreadable" }, { cause: error });
      this.#render();
      announce(sentenceOf(this.error));
      this.#options.onChange();
    }
    throw this.error ?? error;
  }

  #render() {
    const { error, image } = this;
    this.element.classList.toggle("failed", Boolean(error));
    this.element.replaceChildren(...[
      this.#shown,
      error && element("p", {}, sentenceOf(error)),
      error && button(t("again"), () => this.start()),
      !image && !error && this.#progress,
      iconButton("close", t("remove_picture"), () => this.#options.onRemove()),
    ].filter(Boolean));
  }
}

async function read(channel, { id }) {
  return channel.get(`/images/${id}`);
}

/** Brings a file up, under the same id however often it is tried. */
function upload(file, kind) {
  let small;
  return async (channel, tile) => {
    small ??= await fitted(file, kind, await tile.size());
    const { id, progress, signal } = tile;
    return channel.upload(id, small, { onProgress: progress, signal });
  };
}

/** What a file is by its first bytes, whatever it is called: a media type, "heic", or null. */
async function kindOf(file) {
  const bytes = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  const words = String.fromCharCode(...bytes);
  if (words.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (words.startsWith("\x89PNG")) return "image/png";
  if (words.startsWith("RIFF") && words.endsWith("WEBP")) return "image/webp";
  const isHeic = /ftyp(hei|hev|mif1|msf1)/.test(words) || /hei[cf]/i.test(`${file.type} ${file.name}`);
  return isHeic ? "heic" : null;
}

/** The file as it is, if it is small enough; otherwise scaled, upright and without notes. */
async function fitted(file, kind, [width, height]) {
  const isSmall = width * height <= MOST_PX && Math.max(width, height) <= LONGEST_SIDE_PX;
  if (isSmall && file.size <= MOST_BYTES) return file.slice(0, file.size, kind);
  const canvas = scaled(await createImageBitmap(file));
  const type = kind !== "image/jpeg" && hasTransparency(canvas) ? "image/webp" : "image/jpeg";
  for (const quality of QUALITIES) {
    const blob = await canvas.convertToBlob({ type, quality });
    if (blob.size <= MOST_BYTES) return blob;
  }
  throw new ApiError(413);
}

function scaled(bitmap) {
  const factor = Math.min(1, LONG_SIDE_PX / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((px) => Math.max(1, Math.round(px * factor)));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return canvas;
}

function hasTransparency(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 3; at < data.length; at += 4) if (data[at] < 255) return true;
  return false;
}

/**
 * What is dropped or pasted on this page goes to `attachments`.
 *
 * @param {{
 *   notify: (sentence: string) => void,
 *   isSeen: () => boolean, whether they are in view
 *   show: () => void, brings them there
 * }} options
 */
export function listenForPictures(attachments, { notify, isSeen, show }) {
  document.addEventListener("paste", (event) => {
    const { types, files } = event.clipboardData;
    if (types.includes("text/plain") || files.length === 0 || event.target.closest?.("input")) return;
    event.preventDefault();
    const [...found] = files;
    show();
    attachments.addFiles(types.includes("text/html") ? found.slice(0, 1) : found); // one, in two forms
  });
  document.addEventListener("dragstart", ({ target, dataTransfer }) => {
    const id = target.closest?.("[data-image]")?.dataset.image;
    if (id) dataTransfer.setData(OWN_PICTURE, id);
  });
  document.addEventListener("dragover", (event) => {
    if (isPicture(event.dataTransfer)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const { dataTransfer } = event;
    if (!isPicture(dataTransfer)) return;
    event.preventDefault();
    const id = dataTransfer.getData(OWN_PICTURE);
    const files = [...dataTransfer.files];
    if (id && !isSeen()) return; // let go of where it was taken
    show();
    if (id) attachments.addIds([id]);
    else if (files.length) attachments.addFiles(files);
    else notify(t("foreign_picture"));
  });
}

function isPicture({ types }) {
  return [OWN_PICTURE, "Files", "text/uri-list"].some((type) => types.includes(type));
}
