/** One picture, large: looked at, compared with what it was made of, saved, deleted. */
import { button, copy, difference, element, iconButton, labelOf, Picture } from "./elements.js";
import { t } from "./words.js";

const SWIPE_PX = 50;

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
   *   download: (images: object[]) => Promise<void>,
   *   downloadPng: (image: object) => Promise<void>, as PNG
   *   downloadOriginal: (image: object) => Promise<void>, as it was stored first
   *   copyImage: (image: object, pressed: HTMLElement) => Promise<void>,
   *   share: (image: object) => void,
   *   again: (image: object) => (() => void)|undefined, paints another one, where its chat is shown
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
    const { download, downloadPng, downloadOriginal, copyImage, share } = this.#options;
    const again = this.#options.again(image);
    const anotherOne = () => {
      this.#dialog.close();
      again();
    };
    return [
      again && iconButton("again", t("another_one"), anotherOne),
      iconButton("rename", t("edit"), leaveTo("edit")),
      iconButton("copy", t("copy_picture"), ({ currentTarget }) => copyImage(image, currentTarget)),
      image.prompt && iconButton("words", t("copy_prompt"), ({ currentTarget }) => copy(image.prompt, currentTarget)),
      iconButton("download", t("download"), () => download([image])),
      button("PNG", () => downloadPng(image), { title: t("save_png"), "aria-label": t("save_png") }),
      button(t("original"), () => downloadOriginal(image), { title: t("save_original"), "aria-label": t("save_original") }),
      iconButton("share", t("share"), () => share(image)),
      image.chat_id && button(t("show_in_chat"), leaveTo("showInChat")),
      button(t("delete"), () => this.#options.deleteImages([image]), { className: "danger" }),
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
      type: "range", value: "0", "aria-label": t("compare"), "aria-valuetext": t("part_before", { part: 0 }),
    });
    slider.addEventListener("input", () => {
      shown.style.setProperty("--before", `${slider.value}%`);
      slider.ariaValueText = t("part_before", { part: slider.value });
    });
    shown.append(before.element, element("div", { className: "compare" }, t("before"), slider, t("after")));
  }

  #listenToSwipes(stage) {
    let start = null;
    stage.addEventListener("pointerdown", ({ clientX, target }) => {
      start = target.closest(".compare") ? null : clientX;
    });
    stage.addEventListener("pointercancel", () => (start = null)); // the picture is dragged
    stage.addEventListener("pointerup", ({ clientX }) => {
      const distance = start === null ? 0 : clientX - start;
      start = null;
      if (Math.abs(distance) > SWIPE_PX) this.#go(distance > 0 ? -1 : 1);
    });
  }
}
