/** What can be done with pictures: looked at large, compared, saved, deleted. */
import { ask, button, copy, element, labelOf, Picture } from "./elements.js";

const SWIPE_PX = 50;
const SIZES_PX = { "1K": 1024, "2K": 2048, "4K": 4096 };

/** One picture, large. Keys and swipes go on to the one before or after it in the gallery. */
export class Viewer {
  #dialog;
  #options;
  #image = null;

  /**
   * @param {{
   *   beside: (image: object, step: number) => object|undefined,
   *   find: (id: string) => Promise<object|null>, null if the picture was deleted
   *   asked: (image: object) => object, meta of the answer that it belongs to, as far as it is held
   *   readAgain: (image: object) => Promise<object|undefined>,
   *   showInChat: (image: object) => void,
   *   edit: (image: object) => void,
   *   deleteImages: (images: object[]) => Promise<void>,
   * }} options
   */
  constructor(dialog, options) {
    this.#dialog = dialog;
    this.#options = options;
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.querySelector(".before").addEventListener("click", () => this.#go(-1));
    dialog.querySelector(".after").addEventListener("click", () => this.#go(1));
    dialog.addEventListener("keydown", ({ key, target }) => {
      if (target.type === "range") return; // these keys are its own
      if (key === "ArrowLeft") this.#go(-1);
      if (key === "ArrowRight") this.#go(1);
    });
    this.#listenToSwipes(dialog.querySelector(".stage"));
  }

  open(image) {
    this.#show(image);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** Closes if it shows one of these. */
  remove(ids) {
    if (this.#dialog.open && ids.includes(this.#image.id)) this.#dialog.close();
  }

  #go(step) {
    const next = this.#options.beside(this.#image, step);
    if (next) this.#show(next);
  }

  #show(image) {
    this.#image = image;
    const picture = new Picture(image.width / image.height, "");
    picture.show(image, () => this.#options.readAgain(image));
    this.#dialog.querySelector(".stage").replaceChildren(picture.element);
    this.#dialog.querySelector(".caption").textContent = labelOf(image);
    this.#dialog.querySelector(".facts").textContent = difference(this.#options.asked(image), image);
    // A button that is disabled while it has the focus would swallow the arrow keys.
    for (const [name, step] of [["before", -1], ["after", 1]]) {
      this.#dialog.querySelector(`.${name}`).ariaDisabled = String(!this.#options.beside(image, step));
    }
    this.#dialog.querySelector(".actions").replaceChildren(...this.#buttonsOf(image));
    this.#compare(image, picture.element);
  }

  #buttonsOf(image) {
    const leaveTo = (name) => () => {
      this.#dialog.close();
      this.#options[name](image);
    };
    return [
      button("Edit", leaveTo("edit")),
      button("Download", () => downloadAll([image], this.#options.readAgain)),
      image.prompt && button("Copy prompt", ({ currentTarget }) => copy(image.prompt, currentTarget)),
      image.chat_id && button("Show in chat", leaveTo("showInChat")),
      button("Delete", () => this.#delete(image), { className: "danger" }),
    ].filter(Boolean);
  }

  /** Puts what the picture was made of over it, as far as a slider says: on its left, none at first. */
  async #compare(image, shown) {
    const [id] = image.source_image_ids ?? [];
    const source = id && (await this.#options.find(id));
    if (!source || this.#image !== image) return;
    const before = new Picture(image.width / image.height, "");
    before.show(source, () => this.#options.readAgain(source));
    before.element.classList.add("source");
    const slider = element("input", {
      type: "range", value: "0", "aria-label": "Compare with the picture before", "aria-valuetext": "0 % before",
    });
    slider.addEventListener("input", () => {
      shown.style.setProperty("--before", `${slider.value}%`);
      slider.ariaValueText = `${slider.value} % before`;
    });
    shown.append(before.element, element("div", { className: "compare" }, "Before", slider, "After"));
  }

  async #delete(image) {
    if (await ask("Delete this picture? It will be gone for good.", "Delete")) {
      await this.#options.deleteImages([image]);
    }
  }

  #listenToSwipes(stage) {
    let start = null;
    stage.addEventListener("pointerdown", ({ clientX, target }) => {
      start = target.closest(".compare") ? null : clientX;
    });
    stage.addEventListener("pointerup", ({ clientX }) => {
      const distance = start === null ? 0 : clientX - start;
      start = null;
      if (Math.abs(distance) > SWIPE_PX) this.#go(distance > 0 ? -1 : 1);
    });
  }
}

/** Several pictures at once: chosen by a press on each, then saved or deleted. */
export class Selection {
  #toggle;
  #bar;
  #options;
  #chosen = null; // a Set of ids while somebody chooses

  /**
   * @param {HTMLElement} root what has the button that begins it, and the bar of what can be done
   * @param {{
   *   images: () => object[], those that can be chosen, in order
   *   show: () => void, calls `mark` for each that is in the page
   *   readAgain: (image: object) => Promise<object|undefined>,
   *   deleteImages: (images: object[]) => Promise<void>,
   * }} options
   */
  constructor(root, options) {
    this.#toggle = root.querySelector(".select");
    this.#bar = root.querySelector(".selection");
    this.#options = options;
    this.#toggle.addEventListener("click", () => this.#choose(this.#chosen ? null : new Set()));
    this.#bar.querySelector(".download").addEventListener("click", () =>
      downloadAll(this.#images, options.readAgain));
    this.#bar.querySelector(".danger").addEventListener("click", () => this.#delete());
  }

  /** Takes a picture in, or out again; false if nobody is choosing. */
  press({ id }) {
    if (!this.#chosen) return false;
    if (!this.#chosen.delete(id)) this.#chosen.add(id);
    this.#choose(this.#chosen);
    return true;
  }

  /** Of other pictures none is chosen any more. */
  keepTo(images) {
    const ids = new Set(images.map(({ id }) => id));
    this.#choose(this.#chosen && new Set([...this.#chosen].filter((id) => ids.has(id))));
  }

  /** Says on a picture's button whether it is chosen. */
  mark(press, id) {
    if (this.#chosen) press.setAttribute("aria-pressed", this.#chosen.has(id));
    else press.removeAttribute("aria-pressed");
  }

  get #images() {
    return this.#options.images().filter(({ id }) => this.#chosen.has(id));
  }

  #choose(ids) {
    this.#chosen = ids;
    this.#toggle.textContent = ids ? "Done" : "Select";
    this.#toggle.setAttribute("aria-pressed", ids !== null);
    this.#bar.hidden = ids === null;
    this.#bar.querySelector("[role=status]").textContent = `${ids?.size ?? 0} selected`;
    for (const press of this.#bar.querySelectorAll("button")) press.disabled = !ids?.size;
    this.#options.show();
  }

  async #delete() {
    const images = this.#images;
    const [what, they] = images.length === 1 ? ["this picture", "It"] : [`these ${images.length} pictures`, "They"];
    if (await ask(`Delete ${what}? ${they} will be gone for good.`, "Delete")) await this.#options.deleteImages(images);
  }
}

/**
 * Saves pictures, each under words of its prompt.
 * @param {(image: object) => Promise<object>} readAgain the same image with fresh URLs
 */
export async function downloadAll(images, readAgain) {
  for (const [index, image] of images.entries()) {
    if (index) await new Promise((resolve) => setTimeout(resolve, 300)); // browsers drop downloads at once
    const { url } = await readAgain(image).catch(() => image);
    const words = (image.prompt ?? "").normalize("NFKC").match(/[\p{L}\p{N}]+/gu) ?? [];
    const name = words.join("-").slice(0, 60) || image.id;
    const number = images.length > 1 ? `-${index + 1}` : "";
    element("a", { href: url, download: `${name}${number}.webp` }).click();
  }
}

/** A sentence where a picture has another shape or size than was asked for; otherwise nothing. */
export function difference({ aspect_ratio, image_size }, { width, height }) {
  const isOtherShape = aspect_ratio && Math.abs(width / height / Picture.number(aspect_ratio) - 1) > 0.05;
  const isOtherSize = image_size && SIZES_PX[image_size] && // of a square; sizes double from one to the next
    Math.round(Math.log2(Math.sqrt(width * height) / SIZES_PX[image_size])) !== 0;
  const asked = [isOtherShape && aspect_ratio, isOtherSize && image_size].filter(Boolean).join(" and ");
  return asked && `Asked for ${asked}, came as ${width} × ${height}.`;
}
