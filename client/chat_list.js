/** The messages of one chat: as the channel holds them, with what is known of each picture. */
import { byId, Listed } from "./listed.js";

export class ChatList extends Listed {
  id;
  #live;
  #oldest = ""; // what is older has not been read
  #last = []; // as the channel had them when it was level
  #decorated = new WeakMap(); // Message of the channel → as it is shown

  constructor(live, id) {
    super(live, () => ({
      messages: this.#messages(),
      send: this.#send,
      cancel: this.#cancel,
      retry: this.#retry,
      versions: this.#versions,
      choose: this.#choose,
      remove: this.#remove,
    }), { messages: [] });
    this.#live = live;
    this.id = id;
  }

  async read(query) {
    return this.#live.channel.get(`/chats/${this.id}/messages?${query}`).catch((error) => {
      if (error.status === 404) return { messages: [], next_cursor: null }; // it begins with its first message
      throw error;
    });
  }

  keep({ messages, next_cursor }) {
    this.#oldest = (next_cursor && messages.at(-1)?.id) ?? "";
    this.#live.channel.take(messages);
  }

  forget() {
    super.forget();
    this.#oldest = "";
    this.#last = [];
  }

  /** While a snapshot is read the channel holds nothing: what was shown stays until it is there. */
  #messages() {
    const held = this.#live.channel?.messages(this.id) ?? [];
    const all = this.#live.isLevel ? held : byId([...this.#last, ...held]);
    this.#last = all;
    return all.filter(({ id }) => id >= this.#oldest).map((message) => this.#decorate(message));
  }

  /** With what is known of each picture beside its slot; the same object while nothing changes. */
  #decorate(message) {
    const { images } = message.meta;
    if (!images?.length) return message;
    const previews = images.map((slot) => this.#live.previewOf(slot));
    const known = this.#decorated.get(message);
    if (known?.meta.images.every(({ preview }, index) => preview === previews[index])) return known;
    const shape = this.#live.shapeOf(message, this.id);
    const slots = images.map((slot, index) => ({ ...slot, preview: previews[index], shape }));
    const shown = { ...message, meta: { ...message.meta, images: slots } };
    this.#decorated.set(message, shown);
    return shown;
  }

  #send = (text, options) => this.#live.opened.send(this.id, text, options);

  #cancel = (message) => this.#ask("cancel", message);

  #retry = (message) => this.#ask("retry", message);

  #versions = ({ id }) => this.#live.channel?.versions(id) ?? [];

  #choose = async ({ id }) => {
    const channel = this.#live.opened;
    channel.take((await channel.request("PUT", `/chats/${this.id}/messages/${id}/stands`)).messages);
  };

  #remove = ({ id }) => this.#live.opened.request("DELETE", `/chats/${this.id}/messages/${id}`);

  /** For the version that was seen; what the server knows of it is shown after all. */
  async #ask(verb, { id, version }) {
    const channel = this.#live.opened;
    const path = `/chats/${this.id}/messages/${id}`;
    try {
      const answer = await channel.request("POST", `${path}/${verb}`, { version });
      channel.take([answer.assistant_message]);
    } catch (error) {
      channel.take([await channel.get(path)]);
      if (error.code !== "not_running" && error.code !== "not_failed") throw error;
    }
  }
}
