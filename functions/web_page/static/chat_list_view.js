/** The list of the user's chats, the one spoken in last first. */
const TITLE_LENGTH = 80; // as the server titles a chat

export class ChatListView {
  #list;
  #chats = new Map();
  #deleted = new Set();
  #current = null;

  constructor(root) {
    this.#list = root.querySelector("ul");
  }

  replace(chats) {
    this.#chats = new Map(chats.map((chat) => [chat.id, chat]));
    this.#render();
  }

  has(chatId) {
    return this.#chats.has(chatId);
  }

  update(chat) {
    if (this.#deleted.has(chat.id)) return;
    this.#chats.set(chat.id, { ...this.#chats.get(chat.id), ...chat });
    this.#render();
  }

  /** The first message makes its chat; every new one moves it to the top. */
  heard({ chat_id, text, role, created_at }) {
    const { title, updated_at = "" } = this.#chats.get(chat_id) ?? {};
    if (updated_at >= created_at) return;
    const firstWords = role === "user" ? text?.slice(0, TITLE_LENGTH) : undefined;
    this.update({ id: chat_id, title: title ?? firstWords, updated_at: created_at });
  }

  remove(chatId) {
    this.#deleted.add(chatId);
    this.#chats.delete(chatId);
    this.#render();
  }

  select(chatId) {
    this.#current = chatId;
    this.#render();
  }

  #render() {
    const chats = [...this.#chats.values()].sort((a, b) => (a.updated_at < b.updated_at ? 1 : -1));
    this.#list.replaceChildren(...chats.map((chat) => this.#entry(chat)));
  }

  #entry({ id, title }) {
    const element = document.createElement("li");
    const link = element.appendChild(document.createElement("a"));
    link.href = `#${id}`;
    link.textContent = title ?? "New chat";
    if (id === this.#current) link.setAttribute("aria-current", "page");
    return element;
  }
}
