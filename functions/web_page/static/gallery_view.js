/**
 * The user's pictures, newest first. Only the tiles near what is in view are in the page, each
 * placed by a transform: so a new picture moves the others without a layout shift.
 */
import { announce, button, element, folded, icon, labelOf, Picture } from "./elements.js";
import { t } from "./words.js";

const GAP_PX = 8;
const TILE_PX = 112; // at least
const LARGE_TILE_PX = 168; // where there is room for more than six of the small ones
const AROUND_PX = 600; // above and below what is in view
const PAGE = 100;
const TYPING_MS = 250;
const NONE = {
  "": t("pictures_gather"),
  painted: t("none_painted"),
  upload: t("none_brought"),
};

export class GalleryView {
  #root;
  #scroller;
  #list;
  #options;
  #images = []; // newest first
  #tiles = new Map(); // image id → <li> in the page
  #waiting = []; // came while somebody looked further down
  #cursor = null;
  #words = ""; // that are looked for
  #origin = ""; // "painted", "upload", or either
  #reading = 0; // number of the newest read; 0: what there is, is not known yet
  #loading = false;
  #live = null; // painted since a search began, while it is read
  #selection = null; // once somebody has chosen
  #selecting = null; // the loading of what that takes
  #columns = 1;
  #size = TILE_PX;

  /**
   * @param {{
   *   read: (query: string) => Promise<{images: object[], next_cursor: string|null}>,
   *   readAgain: (image: object) => Promise<object|undefined>, the same image with fresh URLs
   *   open: (image: object) => void,
   *   deleteImages: (images: object[]) => Promise<void>,
   *   download: (images: object[]) => Promise<void>,
   *   loadSelection: () => Promise<typeof Selection|null>, null where it could not be loaded
   * }} options
   */
  constructor(root, options) {
    this.#root = root;
    this.#scroller = root.querySelector(".tiles");
    this.#list = root.querySelector("ul");
    this.#options = options;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#list.addEventListener("keydown", (event) => this.#move(event));
    new ResizeObserver(() => this.#measure()).observe(this.#scroller);
    root.querySelector(".to-top").addEventListener("click", () => this.#showWaiting());
    this.#listenToSearch(root.querySelector("[type=search]"));
    root.querySelector(".select").addEventListener("click", () => this.#select());
  }

  /** Shows the gallery anew from its first page, or searches again. */
  replace(page) {
    if (this.#isSearched) this.#search();
    else this.#begin(page);
  }

  #begin({ images, next_cursor }) {
    this.#reading++; // a page that is on its way belongs to what was shown before
    this.#images = [];
    this.#waiting = [];
    this.#cursor = next_cursor;
    this.#add(images);
    this.#selection?.keepTo(this.#images);
  }

  /** A picture that was just painted, or brought. */
  insert(image) {
    if (this.#has(image.id) || !this.#isWanted(image)) return;
    this.#live?.push(image);
    if (this.#scroller.scrollTop < this.#size / 2) this.#add([image], { isNew: true });
    else {
      this.#waiting.push(image);
      this.#offerWaiting();
    }
  }

  /** A picture as it is now, if it is here. */
  change(image) {
    const changed = (images) => images.map((one) => (one.id === image.id ? image : one));
    this.#images = changed(this.#images);
    this.#waiting = changed(this.#waiting);
  }

  remove(ids) {
    const gone = new Set(ids);
    this.#images = this.#images.filter(({ id }) => !gone.has(id));
    this.#waiting = this.#waiting.filter(({ id }) => !gone.has(id));
    this.#live = this.#live?.filter(({ id }) => !gone.has(id)) ?? null;
    this.#selection?.keepTo(this.#images);
    this.#offerWaiting();
    this.#layOut();
  }

  /** Its pictures, which are here no more. */
  removeChat(chatId) {
    const gone = [...this.#images, ...this.#waiting].filter(({ chat_id }) => chat_id === chatId);
    this.remove(gone.map(({ id }) => id));
    return gone;
  }

  /** Pictures that were here are here again. */
  restore(images) {
    this.#add(images.filter((image) => this.#isWanted(image)));
  }

  /**
   * The picture before (-1) or after (1) this one, which need not be here itself; undefined if there
   * is none, or none that has been read.
   */
  beside({ id }, step) {
    const older = this.#images.findIndex((image) => image.id <= id);
    const index = older < 0 ? this.#images.length : older;
    if (index > this.#images.length - 10) this.#loadMore();
    if (older < 0 && this.#cursor) return undefined; // what is next to it has not been read
    const isHere = this.#images[index]?.id === id;
    return this.#images[step > 0 && !isHere ? index : index + step];
  }

  /** The picture with this id, if it has been read. */
  find(id) {
    return [...this.#images, ...this.#waiting].find((image) => image.id === id);
  }

  // --- what is held

  #has(id) {
    return this.find(id) !== undefined;
  }

  get #isSearched() {
    return Boolean(this.#words || this.#origin);
  }

  #isWanted({ prompt, origin }) {
    const written = folded(prompt ?? "");
    return ["", origin].includes(this.#origin) && folded(this.#words).split(/\s+/).every((word) => written.includes(word));
  }

  #add(images, { isNew = false } = {}) {
    const held = new Set(this.#images.map(({ id }) => id));
    this.#images.push(...images.filter(({ id }) => !held.has(id)));
    this.#images.sort((a, b) => (a.id < b.id ? 1 : -1));
    this.#layOut({ isNew });
  }

  #showWaiting() {
    this.#add(this.#waiting.splice(0), { isNew: true });
    this.#offerWaiting();
    this.#scroller.scrollTo({ top: 0 });
  }

  #offerWaiting() {
    const pill = this.#root.querySelector(".to-top");
    const count = this.#waiting.length;
    pill.hidden = count === 0;
    pill.lastChild.textContent = t("new_pictures", { count });
  }

  async #loadMore() {
    if (!this.#cursor || this.#loading) return;
    this.#loading = true;
    const reading = this.#reading;
    const page = await this.#options.read(this.#query(this.#cursor)).catch(() => null);
    this.#loading = false;
    if (reading !== this.#reading) return this.#showNear(); // what is looked for now could not be read
    if (!page) return; // the next scroll asks again
    this.#cursor = page.next_cursor;
    this.#add(page.images); // which reads on: a page of a search may be empty
  }

  #query(cursor) {
    const query = new URLSearchParams({ limit: PAGE });
    if (cursor) query.set("cursor", cursor);
    if (this.#words) query.set("q", this.#words);
    if (this.#origin) query.set("origin", this.#origin);
    return query;
  }

  // --- where each tile is

  #measure() {
    const width = this.#list.clientWidth;
    if (width === 0) return;
    const least = width > 6 * TILE_PX ? LARGE_TILE_PX : TILE_PX;
    this.#columns = Math.max(2, Math.floor((width + GAP_PX) / (least + GAP_PX)));
    this.#size = (width + GAP_PX) / this.#columns - GAP_PX;
    this.#layOut();
  }

  #layOut({ isNew = false } = {}) {
    const step = this.#size + GAP_PX;
    const rows = Math.ceil(this.#images.length / this.#columns);
    this.#list.style.height = `${Math.max(0, rows * step - GAP_PX)}px`;
    this.#list.style.setProperty("--tile", `${this.#size}px`);
    this.#root.classList.toggle("is-empty", rows === 0 && this.#reading > 0);
    this.#root.querySelector(".empty").textContent = this.#cursor && this.#isSearched ? t("searching")
      : this.#words ? t("none_found") : NONE[this.#origin];
    this.#showNear({ isNew });
  }

  #showNear({ isNew = false } = {}) {
    const step = this.#size + GAP_PX;
    const { scrollTop, clientHeight } = this.#scroller;
    const first = Math.max(0, Math.floor((scrollTop - AROUND_PX) / step)) * this.#columns;
    const last = Math.ceil((scrollTop + clientHeight + AROUND_PX) / step) * this.#columns;
    this.#showTiles(first, last, isNew);
    if (last >= this.#images.length) this.#loadMore();
  }

  #showTiles(first, last, isNew) {
    const wanted = new Map(this.#images.slice(first, last).map((image, at) => [image.id, first + at]));
    for (const [id, tile] of this.#tiles) {
      const isHeld = tile.contains(document.activeElement) && this.#images.some((image) => image.id === id);
      if (wanted.has(id) || isHeld) continue;
      tile.remove();
      this.#tiles.delete(id);
    }
    let before = null;
    for (const [id, index] of wanted) {
      const tile = this.#tiles.get(id) ?? this.#tile(this.#images[index], isNew);
      const x = (index % this.#columns) * (this.#size + GAP_PX);
      const y = Math.floor(index / this.#columns) * (this.#size + GAP_PX);
      tile.style.transform = `translate(${x}px, ${y}px)`;
      tile.dataset.index = index;
      if (!tile.isConnected || tile.previousElementSibling !== before) {
        if (before) before.after(tile);
        else this.#list.prepend(tile);
      }
      before = tile;
    }
  }

  #tile(image, isNew) {
    const picture = new Picture(1, image.prompt);
    picture.show(image, () => this.#options.readAgain(image), { small: true });
    const press = button(picture.element, () => this.#press(image), {
      "aria-label": labelOf(image),
    });
    const mark = element("span", { className: "mark" }, icon("check"));
    const tile = element("li", { className: isNew ? "new" : "" }, press, mark);
    this.#tiles.set(image.id, tile);
    this.#selection?.mark(press, image.id);
    return tile;
  }

  async #press(image) {
    await this.#selecting; // a choice that was begun before its code was there
    if (!this.#selection?.press(image)) this.#options.open(image);
  }

  #select() {
    this.#selecting = this.#toggleSelection();
  }

  async #toggleSelection() {
    const Selection = await this.#options.loadSelection();
    if (!Selection) return;
    this.#selection ??= new Selection(this.#root, {
      ...this.#options, images: () => this.#images, show: () => this.#markAll(),
    });
    this.#selection.toggle();
  }

  #markAll() {
    for (const [id, tile] of this.#tiles) this.#selection.mark(tile.querySelector("button"), id);
  }

  #scrolled() {
    this.#showNear();
    if (this.#waiting.length && this.#scroller.scrollTop === 0) this.#showWaiting();
  }

  /** Arrow keys go from tile to tile. */
  #move(event) {
    const tile = event.target.closest("li");
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns, ArrowDown: this.#columns };
    const step = steps[event.key];
    const next = this.#images[Number(tile?.dataset.index) + step];
    if (!step || !next) return;
    event.preventDefault();
    if (!this.#tiles.has(next.id)) this.#showNear(); // keys may be quicker than what scrolls with them
    this.#tiles.get(next.id)?.querySelector("button").focus();
  }

  // --- search

  #listenToSearch(input) {
    let timer = null;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        this.#words = input.value.trim();
        this.#search();
      }, TYPING_MS);
    });
    this.#root.querySelector(".origins").addEventListener("change", ({ target }) => {
      this.#origin = target.value;
      this.#search();
    });
  }

  async #search() {
    this.#live = [];
    const reading = ++this.#reading;
    const page = await this.#options.read(this.#query()).catch(() => null);
    if (!page || reading !== this.#reading) return;
    this.#scroller.scrollTop = 0;
    this.#begin(page);
    const live = this.#live; // the page may be older than they are
    this.#live = null;
    live.forEach((image) => this.insert(image));
    const count = page.images.length;
    if (this.#isSearched) announce(t(page.next_cursor ? "more_found" : "pictures_counted", { count }));
  }
}
