/**
 * The list of the user's chats: the pinned, then the one spoken in last first; each can be pinned,
 * renamed, saved and deleted.
 */
import { button, element, icon, iconButton, isBlank, quoted } from "./elements.js";
import { t } from "./words.js";

const TITLE_LENGTH = 80; // as the server titles a chat
const LONGEST_TITLE = 200;

export class ChatListView {
  #list;
  #options;
  #chats = new Map();
  #current = null;
  #cursor = null;
  #soon = null; // a rendering that was asked for
  #work = { working: new Set(), ready: new Set() };
  #renaming = null; // id of the chat whose title is being written

  /**
   * @param {{
   *   read: (cursor: string) => Promise<{chats: object[], next_cursor: string|null}|null>, null where
   *     that could not be done
   *   edit: (chat: object, change: {title?: string, pinned?: boolean}) => Promise<void>,
   *   save: (chat: object) => void, as files
   *   newest: (chatId: string) => Promise<{messages: object[], next_cursor: string|null}>,
   *   remove: (chatId: string, sentence: string) => void, which says that it was deleted
   * }} options
   */
  constructor(list, options) {
    this.#list = list;
    this.#options = options;
  }

  replace({ chats, next_cursor }) {
    this.#chats = new Map(chats.map((chat) => [chat.id, chat]));
    this.#cursor = next_cursor;
    this.#render();
  }

  find(chatId) {
    return this.#chats.get(chatId);
  }

  has(chatId) {
    return this.#chats.has(chatId);
  }

  titleOf(chatId) {
    const { title = "" } = this.#chats.get(chatId) ?? {};
    return isBlank(title) ? t("new_chat") : title; // of one that began without words it is empty
  }

  update(chat) {
    this.#hold(chat);
    this.#render();
  }

  /** The first message makes its chat; every new one moves it to the top. */
  heard({ chat_id, text, role, created_at }) {
    const { title, updated_at = "" } = this.#chats.get(chat_id) ?? {};
    if (updated_at >= created_at) return;
    const firstWords = role === "user" && text ? [...text].slice(0, TITLE_LENGTH).join("") : undefined;
    this.#hold({ id: chat_id, title: title ?? firstWords, updated_at: created_at });
    this.#renderSoon();
  }

  /** Sets of chats' ids: where an answer is worked on, and where one is ready that nobody has seen. */
  mark(work) {
    this.#work = work;
    for (const entry of this.#list.children) this.#mark(entry);
  }

  #mark(entry) {
    const sign = entry.querySelector(".work");
    if (!sign) return;
    const { working, ready } = this.#work;
    const state = working.has(entry.dataset.id) ? "working" : ready.has(entry.dataset.id) ? "ready" : "";
    if (sign.dataset.state === state) return;
    sign.dataset.state = state;
    sign.role = state ? "img" : null;
    sign.ariaLabel = state === "working" ? t("working") : state && t("ready");
  }

  remove(chatId) {
    this.#chats.delete(chatId);
    this.#render();
  }

  select(chatId) {
    this.#current = chatId;
    this.#render();
  }

  /** What is new of a chat, beside what is known of it. */
  #hold(chat) {
    this.#chats.set(chat.id, { ...this.#chats.get(chat.id), ...chat });
  }

  /** Once a frame, and after the message itself: a list of a hundred chats takes a while. */
  #renderSoon() {
    this.#soon ??= requestAnimationFrame(() => setTimeout(() => this.#render()));
  }

  #render() {
    this.#soon = null;
    if (this.#renaming) return; // what is being written stays
    const chats = [...this.#chats.values()].sort(byPlace);
    const focused = this.#list.contains(document.activeElement)
      ? document.activeElement.closest("li")?.dataset.id : null;
    this.#list.replaceChildren(...chats.map((chat) => this.#entry(chat)));
    if (this.#cursor) this.#list.append(element("li", {}, button(t("more_chats"), () => this.#more())));
    if (focused) this.#find(focused)?.querySelector("a").focus();
  }

  #entry(chat) {
    const title = this.titleOf(chat.id);
    const pin = chat.pinned ? element("span", { className: "pin", title: t("pinned") }, icon("pin")) : null;
    const link = element("a", { href: `#${chat.id}`, dir: "auto", title }, pin, title);
    if (chat.id === this.#current) link.setAttribute("aria-current", "page");
    const tools = element("span", { className: "tools" },
      iconButton(chat.pinned ? "unpin" : "pin", t(chat.pinned ? "unpin" : "pin"), () => this.#pin(chat)),
      iconButton("save", t("save_chat"), () => this.#options.save({ ...chat, title })),
      iconButton("rename", t("rename"), () => this.#startRenaming(chat, title)),
      iconButton("delete", t("delete"), () => this.#remove(chat.id, title)));
    const entry = element("li", {}, link, element("span", { className: "work" }), tools);
    entry.dataset.id = chat.id;
    this.#mark(entry);
    return entry;
  }

  #startRenaming(chat, title) {
    const input = element("input", {
      value: title, maxLength: LONGEST_TITLE, dir: "auto", "aria-label": t("chat_title"),
    });
    const end = async (isWanted) => {
      if (this.#renaming !== chat.id) return;
      this.#renaming = null;
      const written = input.value.trim().toWellFormed();
      if (isWanted && !isBlank(written) && written !== title) await this.#options.edit(chat, { title: written });
      this.#render();
      this.#find(chat.id)?.querySelector("a").focus();
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") end(true);
      if (event.key === "Escape") {
        event.preventDefault(); // the list itself stays open
        end(false);
      }
    });
    input.addEventListener("blur", () => end(true));
    this.#renaming = chat.id;
    this.#find(chat.id).replaceChildren(input);
    input.select();
  }

  async #pin({ id, pinned }) {
    await this.#options.edit({ id }, { pinned: !pinned });
    this.#find(id)?.querySelector("a").focus(); // the button is another one now
  }

  async #remove(chatId, title) {
    const stays = await this.#options.newest(chatId).then(whatStays, () => t("brought_stay"));
    this.#options.remove(chatId, `${t("chat_is_deleted", { title: quoted(title) })} ${stays}`.trim());
  }

  #find(chatId) {
    return [...this.#list.children].find((entry) => entry.dataset.id === chatId);
  }

  async #more() {
    const page = await this.#options.read(this.#cursor);
    if (!page) return;
    this.#cursor = page.next_cursor;
    for (const chat of page.chats) if (!this.#chats.has(chat.id)) this.#chats.set(chat.id, chat);
    this.#render();
  }
}

function byPlace(one, other) {
  return Number(other.pinned ?? false) - Number(one.pinned ?? false) || (one.updated_at < other.updated_at ? 1 : -1);
}

/** What the deletion of a chat leaves, by the newest page of its messages. */
function whatStays({ messages, next_cursor }) {
  const attached = messages.flatMap(({ meta }) => meta.attachments ?? []);
  const brought = new Set(attached.filter((image) => image?.origin === "upload").map(({ id }) => id));
  if (next_cursor) return t("brought_stay");
  return brought.size > 0 ? t("brought_stay_counted", { count: brought.size }) : "";
}
