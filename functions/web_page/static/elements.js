/** What every view is made of: elements with text as text, buttons, questions, pictures. */
import { dateOf, nodes, t } from "./words.js";

const SIZES_PX = { "1K": 1024, "2K": 2048, "4K": 4096 };

/** `element("p", { className: "text" }, "words", other)`; a string is text, never markup. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function button(label, onclick, properties = {}) {
  return element("button", { type: "button", onclick, ...properties }, label);
}

/** A button that shows an icon of index.html and says `label`. */
export function iconButton(name, label, onclick) {
  return button(icon(name), onclick, { className: "quiet", title: label, "aria-label": label });
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  svg.firstChild.setAttribute("href", `#icon-${name}`);
  return svg;
}

/**
 * What a thumbhash stands for, for CSS: nothing where there is none, or it cannot be read.
 * @param {string|null} thumbhash base64
 */
async function blurred(thumbhash) {
  try {
    const bytes = Uint8Array.from(atob(thumbhash || ""), (character) => character.charCodeAt(0));
    if (bytes.length === 0) return "";
    const { thumbHashToDataURL } = await import("./vendor/thumbhash.js");
    return `url("${thumbHashToDataURL(bytes)}")`;
  } catch {
    return "";
  }
}

/**
 * A suggestion as its sample, blurred until that is loaded. A mouse has decided when it
 * is pressed; a finger may only want to scroll.
 */
export function suggestionTile({ text, thumbnail_url, color, thumbhash }, onchoose) {
  const image = thumbnail_url && element("img", { src: thumbnail_url, alt: "", decoding: "async" });
  const tile = button(element("span", { dir: "auto" }, text), onchoose, {
    className: "suggestion",
    onpointerdown: ({ pointerType, button }) => pointerType === "mouse" && button === 0 && onchoose(),
  });
  tile.prepend(...[image].filter(Boolean));
  if (color) tile.style.backgroundColor = color;
  blurred(thumbhash).then((hint) => { tile.style.backgroundImage = hint; });
  return tile;
}

/** Asks before something is deleted; true if it shall be. */
export function ask(sentence, yes) {
  const dialog = document.getElementById("question");
  dialog.querySelector("#question-text").textContent = sentence;
  dialog.querySelector("[value=yes]").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.onclose = () => answer(dialog.returnValue === "yes");
  });
}

// The same as in layers/shared/afterimage/domain/words.py, which says why these.
const DIACRITICS =
  /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/g;

// What nobody would see, as layers/shared/afterimage/domain/words.py says it.
const BLANK = /^[\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]*$/u;

/** Whether nothing of a text can be seen: white space, joiners, fillers, marks of direction. */
export function isBlank(text) {
  return BLANK.test(text);
}

/** The same for every spelling of a word, as the server's search compares them. */
export function folded(text) {
  const plain = text.normalize("NFKC").toLowerCase().replaceAll("ß", "ss").replaceAll("ς", "σ");
  return plain.normalize("NFKD").replace(DIACRITICS, "").normalize("NFKC");
}

/** Tells a screen reader what changed, when it has nothing better to say. */
export function announce(sentence) {
  document.getElementById("announcer").textContent = sentence;
}

let over = null; // once a sentence had to stand there

/** Says it over a picture, a menu or the gallery where that hides `place`, in which it stands. */
export function sayOver(sentence, place) {
  over?.hidePopover();
  const above = document.querySelector("dialog[open], #side:popover-open");
  if (!sentence || (!above && place?.checkVisibility())) return;
  over ??= element("p", { id: "over", className: "error", role: "alert", popover: "auto" });
  (above ?? document.body).append(over); // what is not in an open dialog is neither pressed nor spoken
  over.textContent = sentence;
  over.showPopover();
}

/**
 * Text of other people between ours: isolated, so that marks of direction in it end with it, and
 * short.
 */
export function quoted(text) {
  const characters = [...(text ?? "")];
  const short = characters.length > 60 ? `${characters.slice(0, 59).join("")}…` : text;
  return `“\u2068${short}\u2069”`;
}

/** Copies, and says on the button that was pressed, or by its icon, whether the browser let it. */
export async function copy(text, pressed) {
  const isDone = (await navigator.clipboard?.writeText(text).then(() => true, () => false)) || copyByCommand(text);
  sayOn(pressed, t(isDone ? "copied" : "not_allowed"), isDone ? "check" : "close");
  if (!isDone) sayOver(t("not_copied"));
}

/** The old way, which also a frame has that may not use the clipboard. Whether it was done. */
function copyByCommand(text) {
  let isDone = false;
  const write = (event) => {
    event.preventDefault();
    event.stopPropagation();
    event.clipboardData.setData("text/plain", text);
    isDone = true;
  };
  document.addEventListener("copy", write, { capture: true });
  document.execCommand("copy");
  document.removeEventListener("copy", write, { capture: true });
  return isDone;
}

/** Says on a button that was pressed what came of it, for a moment; what stands beside it stays there. */
export function sayOn(pressed, words, iconName) {
  const { title } = pressed; // of one with an icon
  pressed.dataset.label ??= title || pressed.textContent; // it may be pressed again before it says so again
  pressed.dataset.icon ??= pressed.querySelector("use")?.href.baseVal.replace("#icon-", "") ?? "";
  const show = (label, name) => {
    pressed.replaceChildren(title ? icon(name) : label);
    if (title) pressed.title = pressed.ariaLabel = label;
  };
  pressed.style.width = `${pressed.getBoundingClientRect().width}px`;
  show(words, iconName);
  announce(words);
  setTimeout(() => show(pressed.dataset.label, pressed.dataset.icon), 1500);
}

/** What a picture is called where it is not seen: its prompt, if it has one. */
export function labelOf({ prompt, origin, created_at }) {
  if (prompt || origin !== "upload") return prompt || t("picture");
  return t("brought_on", { date: dateOf(created_at, { dateStyle: "long" }) });
}

/** A sentence where a picture has another shape or size than was asked for; otherwise nothing. */
export function difference({ aspect_ratio, image_size }, { width, height }) {
  const isOtherShape = aspect_ratio && Math.abs(width / height / Picture.number(aspect_ratio) - 1) > 0.05;
  const isOtherSize = image_size && SIZES_PX[image_size] && // of a square; sizes double from one to the next
    Math.round(Math.log2(Math.sqrt(width * height) / SIZES_PX[image_size])) !== 0;
  if (!isOtherShape && !isOtherSize) return "";
  const both = isOtherShape && isOtherSize && t("both", { one: aspect_ratio, other: image_size });
  const asked = both || (isOtherShape ? aspect_ratio : image_size);
  return t("came_otherwise", { asked, width: `${width}`, height: `${height}` });
}

/**
 * How long people wait from sending to seeing, on the browser's own performance timeline: measures
 * named `afterimage:placeholder`, `afterimage:preview` and `afterimage:picture`. What was sent from
 * this page is waited for as long as somebody looks: a hidden page draws nothing.
 */
export class Waits {
  #waits = new Map(); // time in the answer's id → when its question was sent, and what was drawn
  #onOver;

  /** @param {(answerId: string, drawn: object) => void} onOver ms to all that was drawn, by `…_ms` */
  constructor(onOver) {
    this.#onOver = onOver;
    document.addEventListener("visibilitychange", () => this.clear());
  }

  /** Nobody looks any more. */
  clear() {
    this.#waits.clear();
  }

  sent(id) {
    if (document.hidden) return;
    this.#waits.set(timeOf(id) + 1, { start: performance.now(), drawn: {} }); // 1 ms after its question's
  }

  /** Called when something of an answer is in the page; measured when it has been painted. */
  shown(what, answerId) {
    this.#afterPaint(answerId, ({ start, drawn }) => {
      const detail = { id: answerId };
      const measured = performance.measure(`afterimage:${what}`, { start, end: performance.now(), detail });
      drawn[`${what}_ms`] ??= Math.round(measured.duration);
      if (what === "picture") this.#end(answerId, drawn);
    });
  }

  /** Called when there is nothing more to wait for: a text is there, or there will be no picture. */
  over(answerId) {
    this.#afterPaint(answerId, ({ drawn }) => this.#end(answerId, drawn));
  }

  #afterPaint(answerId, act) {
    const wait = this.#waits.get(timeOf(answerId));
    const unlessHidden = () => this.#waits.get(timeOf(answerId)) === wait && act(wait);
    if (wait) requestAnimationFrame(() => setTimeout(unlessHidden)); // the frame is painted in between
  }

  #end(answerId, drawn) {
    this.#waits.delete(timeOf(answerId));
    if ("placeholder_ms" in drawn) this.#onOver(answerId, drawn);
  }
}

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Epoch ms of a ULID. */
function timeOf(id) {
  return [...id.slice(0, 10)].reduce((time, digit) => time * 32 + CROCKFORD.indexOf(digit), 0);
}

/** What the answer to a question is called until the server has told its id. */
export function foreseenAnswer(questionId) {
  let time = timeOf(questionId) + 1; // as the server's has it
  let digits = "";
  for (; digits.length < 10; time = Math.floor(time / 32)) digits = CROCKFORD[time % 32] + digits;
  return foreseenFor(digits);
}

/** What an answer was called before. */
export function foreseenFor(id) {
  return id.slice(0, 10).padEnd(26, "0");
}

/**
 * A box that has a picture's shape before there is a picture, so that nothing moves when it comes.
 * Layers lie over each other in it: shimmer, preview, thumbnail, picture; each fades in over the
 * last, and what is covered is let go of.
 */
export class Picture {
  element;
  imageId = null; // of what is shown
  #onShown;

  /** A ratio as width / height. */
  static number(ratio) {
    if (typeof ratio === "number") return ratio;
    const [width, height] = (ratio ?? "1:1").split(":").map(Number);
    return width / height || 1;
  }

  /**
   * @param {string|number|null} ratio as in "16:9" or width / height; a square when not known
   * @param {(layer: string) => void} onShown "preview", "thumbnail" or "full" has been loaded
   */
  constructor(ratio, prompt, onShown = () => {}) {
    this.#onShown = onShown;
    this.element = element("div", { className: "picture", "aria-busy": "true" });
    this.element.dataset.lacks = t("not_loaded");
    this.element.style.setProperty("--ratio", Picture.number(ratio));
    if (prompt) this.element.title = prompt;
  }

  preview(url) {
    const layer = this.element.querySelector(".preview") ?? this.#layer("preview");
    layer.src = url;
  }

  /**
   * @param {object} image from the API; its URLs are signed and expire
   * @param {() => Promise<object|undefined>} readAgain the same image with fresh URLs
   * @param {boolean} small the thumbnail only
   */
  show(image, readAgain, { small = false } = {}) {
    if (this.imageId === image.id) return;
    if (this.imageId) this.lack("", true);
    this.imageId = image.id;
    this.element.querySelector(".said")?.remove();
    this.element.style.backgroundColor = image.color ?? "";
    this.#hint(image);
    this.element.dataset.image = image.id; // by which it is dragged into the composer
    this.#load("thumbnail", "thumbnail_url", image, readAgain);
    if (!small) this.#load("full", "url", image, readAgain);
    this.element.lastChild.alt = labelOf(image);
  }

  /** There is no picture, or not any more: words on why, and whether it is waited for. */
  lack(words, isBusy) {
    if (this.imageId || !isBusy) this.element.replaceChildren();
    this.element.onclick = null;
    this.imageId = null;
    this.element.style.background = "";
    this.element.ariaBusy = isBusy ? "true" : null;
    this.element.classList.remove("broken");
    const said = this.element.querySelector(".said");
    if (said?.textContent === words) return;
    said?.remove();
    if (words) this.element.append(element("p", { className: "said", dir: "auto" }, words));
  }

  /** Behind the layers until there is one: a picture may be transparent. */
  async #hint({ id, thumbhash }) {
    const hint = await blurred(thumbhash);
    const isWanted = this.imageId === id && !this.element.querySelector(".shown");
    if (isWanted) this.element.style.backgroundImage = hint;
  }

  #load(name, key, image, readAgain) {
    const layer = this.#layer(name);
    layer.addEventListener("load", () => {
      this.element.style.backgroundImage = "";
      this.element.removeAttribute("aria-busy");
      this.element.classList.remove("broken");
    });
    const giveUp = () => {
      const isShown = this.element.querySelector(".thumbnail.shown, .full.shown");
      this.element.classList.toggle("broken", !isShown);
    };
    layer.onerror = async () => {
      layer.onerror = giveUp;
      const fresh = await readAgain().catch(() => undefined);
      if (fresh) layer.src = fresh[key];
      else layer.onerror();
    };
    layer.src = image[key];
  }

  #layer(name) {
    const isAwaited = this.element.isConnected; // somebody looks at its place: nothing is put off
    const layer = element("img", {
      className: name, alt: "", draggable: name !== "preview",
      loading: isAwaited ? "eager" : "lazy", decoding: isAwaited && name !== "full" ? "sync" : "async",
    });
    if (isAwaited && name === "thumbnail") layer.fetchPriority = "high";
    const uncover = () => {
      while (name !== "preview" && layer.previousSibling?.localName === "img") layer.previousSibling.remove();
    };
    layer.onload = () => {
      layer.classList.add("shown");
      this.#onShown(name);
      // Where it does not fade in, or is not to be seen, no transition will end.
      if (!layer.getAnimations().length) layer.decode().then(uncover, () => {});
    };
    layer.ontransitionend = uncover;
    this.element.append(layer);
    return layer;
  }
}

/**
 * When it begins anew, in local time, as nodes, for the limits of a day; nothing for other errors.
 * @param {number|null} retryAfter seconds from now, as the server counts them with every answer
 */
export function whenItResets(code, retryAfter) {
  if (!retryAfter || !["quota_exceeded", "message_limit", "provider_limit"].includes(code)) return [];
  const at = new Date(Math.round((Date.now() + retryAfter * 1000) / 60_000) * 60_000);
  const written = dateOf(at, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  return [" ", ...nodes("resets", { time: element("time", { dateTime: at.toISOString() }, written) })];
}
