/** The person's pictures, newest first. */
import { byId, Listed } from "./listed.js";

export class Gallery extends Listed {
  #live;
  #images = [];

  constructor(live) {
    super(live, () => ({ images: this.#images, upload: this.#upload, remove: this.#remove }), { images: [] });
    this.#live = live;
  }

  read(query) {
    return this.#live.channel.get(`/images?${query}`);
  }

  keep({ images }, { isFirst }) {
    if (isFirst) this.#images = [];
    this.add(this.#live.channel.present(images));
  }

  forget() {
    super.forget();
    this.#images = [];
  }

  add(images) {
    this.#images = byId([...this.#images, ...images]).reverse();
  }

  change(image) {
    this.#images = this.#images.map((one) => (one.id === image.id ? image : one));
  }

  drop(isGone) {
    this.#images = this.#images.filter((image) => !isGone(image));
  }

  find(id) {
    return this.#images.find((image) => image.id === id);
  }

  #upload = async (blob, options) => {
    const channel = this.#live.opened;
    return channel.upload(channel.newId(), blob, options);
  };

  #remove = async ({ id }) => {
    await this.#live.opened.request("DELETE", `/images/${id}`);
    this.drop((image) => image.id === id);
    this.changed();
  };
}
