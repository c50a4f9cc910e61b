/** Several pictures at once: chosen by a press on each, then saved or deleted. */
import { ask } from "./elements.js";
import { t } from "./words.js";

/** Begun by a press on "Select". */
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
   *   download: (images: object[]) => Promise<void>,
   *   deleteImages: (images: object[]) => Promise<void>,
   * }} options
   */
  constructor(root, options) {
    this.#toggle = root.querySelector(".select");
    this.#bar = root.querySelector(".selection");
    this.#options = options;
    this.#bar.querySelector(".download").addEventListener("click", () => options.download(this.#images));
    this.#bar.querySelector(".danger").addEventListener("click", () => this.#delete());
  }

  /** Begins to choose, or is done with it. */
  toggle() {
    this.#choose(this.#chosen ? null : new Set());
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
    this.#toggle.textContent = t(ids ? "done" : "select");
    this.#toggle.setAttribute("aria-pressed", ids !== null);
    this.#bar.hidden = ids === null;
    this.#bar.querySelector("[role=status]").textContent = t("selected", { count: ids?.size ?? 0 });
    for (const press of this.#bar.querySelectorAll("button")) press.disabled = !ids?.size;
    this.#options.show();
  }

  async #delete() {
    const images = this.#images;
    const sentence = t("delete_pictures", { count: images.length });
    if (images.length === 1 || (await ask(sentence, t("delete")))) await this.#options.deleteImages(images);
  }
}
