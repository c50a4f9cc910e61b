/** The strip of the user's pictures, newest first. */
import { Picture } from "./picture.js";

export class GalleryView {
  #list;
  #images = new Map();
  #deleted = new Set();
  #readImage;

  /** @param {(image: object) => Promise<object|undefined>} readImage the same image with fresh URLs */
  constructor(root, readImage) {
    this.#list = root.querySelector("ul");
    this.#readImage = readImage;
  }

  replace(images) {
    this.#images.clear();
    this.#list.replaceChildren();
    images.forEach((image) => this.insert(image));
  }

  insert(image) {
    if (this.#images.has(image.id) || this.#deleted.has(image.id)) return;
    const element = this.#tile(image);
    const older = [...this.#list.children].find((tile) => tile.dataset.at <= image.created_at);
    this.#list.insertBefore(element, older ?? null);
    this.#images.set(image.id, { ...image, element });
  }

  remove(ids) {
    for (const id of ids) {
      this.#deleted.add(id);
      this.#images.get(id)?.element.remove();
      this.#images.delete(id);
    }
  }

  removeChat(chatId) {
    const gone = [...this.#images.values()].filter((image) => image.chat_id === chatId);
    this.remove(gone.map((image) => image.id));
  }

  #tile(image) {
    const element = document.createElement("li");
    element.dataset.at = image.created_at;
    const link = element.appendChild(document.createElement("a"));
    link.href = `#${image.chat_id}`;
    const picture = new Picture("1:1", image.prompt);
    picture.show(image, () => this.#readImage(image), { small: true });
    link.append(picture.element);
    return element;
  }
}
