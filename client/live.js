/**
 * What the hooks show: lists that are built from a channel.
 *
 * A channel comes and goes (StrictMode mounts twice, an address changes); `Live` stays, and so do the
 * chats that somebody has looked at. Nothing here touches the network before `open`.
 */
import { connect } from "afterimage-client";
import { ChatList } from "./chat_list.js";
import { Gallery } from "./gallery.js";

const MOST_LEFT = 20; // chats that nobody looks at and that are kept all the same
const MOST_PREVIEWS = 100;

export class Live {
  channel = null;
  hasBegun = false; // the first snapshot has begun: what is looked at later is read by itself
  state = "connecting";
  #isCatchingUp = false;
  #chats = new Map();
  #previews = new Map(); // picture id → data URL, the oldest first
  gallery = new Gallery(this);

  chat(id) {
    if (!this.#chats.has(id)) this.#chats.set(id, new ChatList(this, id));
    return this.#chats.get(id);
  }

  /** Whether the channel's messages are all that there are. */
  get isLevel() {
    return this.state === "connected" && !this.#isCatchingUp;
  }

  /** The channel, for what people do. */
  get opened() {
    if (!this.channel) throw new Error("Afterimage: its provider is not mounted");
    return this.channel;
  }

  get #lists() {
    return [this.gallery, ...this.#chats.values()];
  }

  /** Opens a channel; returns how to close it. */
  open({ onError, ...options }) {
    const channel = connect({ ...options, snapshot: () => this.#snapshot(channel) });
    this.#begin(channel);
    const on = (name, act) => channel.on(name, (payload) => this.channel === channel && act(payload));
    on("state", (state) => this.#heedState(state));
    on("change", () => this.#chats.forEach((chat) => chat.changed()));
    on("message-preview", ({ chat_id, image_id, preview }) => {
      this.#keepPreview(image_id, preview);
      this.#chats.get(chat_id)?.changed();
    });
    on("image-insert", ({ image }) => this.#changeGallery(() => this.gallery.add([image])));
    on("image-update", ({ image }) => this.#changeGallery(() => this.gallery.change(image)));
    on("image-delete", ({ image_ids }) => this.#changeGallery(() => this.gallery.drop(({ id }) => image_ids.includes(id))));
    on("chat-delete", ({ chat_id }) => this.#changeGallery(() => this.gallery.drop((image) => image.chat_id === chat_id)));
    if (onError) channel.on("error", onError);
    return () => {
      if (this.channel === channel) this.#begin(null);
      channel.close();
    };
  }

  /** Nobody looks at this list any more; what was seen last is kept longest. */
  left(list) {
    if (!(list instanceof ChatList)) return;
    this.#chats.delete(list.id);
    this.#chats.set(list.id, list);
    const unwatched = [...this.#chats.values()].filter((chat) => !chat.isWatched);
    for (const chat of unwatched.slice(0, Math.max(0, unwatched.length - MOST_LEFT))) {
      chat.forget();
      this.channel?.forget(chat.id);
    }
  }

  previewOf({ id, status }) {
    return status === "generating" || status === "complete" ? (this.#previews.get(id) ?? null) : null;
  }

  /** Width / height of an answer's pictures: as they came, as asked for, or as what is changed has it. */
  shapeOf({ meta: { images, aspect_ratio, source_image_ids } }, chatId) {
    const { image } = images.find(({ image }) => image) ?? {};
    const like = image ?? (aspect_ratio ? null : this.#find(source_image_ids?.[0], chatId));
    if (like) return like.width / like.height;
    const [width, height] = (aspect_ratio ?? "1:1").split(":").map(Number);
    return width / height || 1;
  }

  #find(imageId, chatId) {
    if (!imageId) return undefined;
    const held = this.channel.messages(chatId).flatMap(({ meta: { images, attachments } }) =>
      [...(images ?? []).map(({ image }) => image), ...(attachments ?? [])]);
    return this.gallery.find(imageId) ?? held.find((image) => image?.id === imageId);
  }

  #begin(channel) {
    this.channel = channel;
    this.hasBegun = this.#isCatchingUp = false;
    this.state = "connecting";
    this.#lists.forEach((list) => list.forget());
    if (channel) this.#lists.forEach((list) => list.changed());
  }

  #heedState(state) {
    this.state = state;
    for (const list of this.#lists) {
      if (list.isWatched && state === "connected") list.readIfMissing();
      list.changed();
    }
  }

  #changeGallery(act) {
    act();
    this.gallery.changed();
  }

  #keepPreview(id, preview) {
    this.#previews.delete(id);
    this.#previews.set(id, preview);
    if (this.#previews.size > MOST_PREVIEWS) this.#previews.delete(this.#previews.keys().next().value);
  }

  /** All that is looked at, shown at once; the rest is read when somebody looks at it again. */
  async #snapshot(channel) {
    this.hasBegun = this.#isCatchingUp = true;
    const watched = this.#lists.filter((list) => list.isWatched);
    this.#lists.filter((list) => !list.isWatched).forEach((list) => list.forget());
    const pages = await Promise.all(watched.map((list) => list.fetch()));
    const failed = pages.find(({ error }) => error?.undecided || error?.status === 401);
    if (failed) throw failed.error;
    return () => {
      if (this.channel !== channel) return;
      this.#isCatchingUp = false;
      channel.take(pages.flatMap(({ messages = [] }) => messages)); // at once: each take is told of
      watched.forEach((list, index) => list.show(pages[index]));
      this.#lists.forEach((list) => list.changed());
    };
  }
}
