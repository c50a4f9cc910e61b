/** The messages of one chat. Messages come from HTTP and from the channel, in any order; the newer version stays. */
import { Picture } from "./picture.js";

const NEAR_END_PX = 80;

export class ChatView {
  chatId = null;
  #log;
  #list;
  #readMessage;
  #messages = new Map(); // id → the newest version held
  #items = new Map(); // id → its <li>, with what it is made of
  #deleted = new Set();
  #complete = true; // false: the server has messages older than these

  /** @param {(chatId: string, id: string) => Promise<object>} readMessage over HTTP, with fresh URLs */
  constructor(log, readMessage) {
    this.#log = log;
    this.#list = log.querySelector("ol");
    this.#readMessage = readMessage;
  }

  open(chatId) {
    this.chatId = chatId;
    this.replace([], { complete: true });
  }

  /** Shows these messages and no others. */
  replace(messages, { complete }) {
    this.#messages.clear();
    this.#items.clear();
    this.#list.replaceChildren();
    this.#complete = true;
    this.merge(...messages);
    this.#complete = complete;
    this.scrollToEnd();
  }

  merge(...messages) {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    const wasAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    for (const message of messages) if (this.#isNews(message)) this.#keep(message);
    if (wasAtEnd) this.scrollToEnd();
  }

  scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  remove(ids) {
    for (const id of ids) {
      this.#deleted.add(id);
      this.#messages.delete(id);
      this.#items.get(id)?.element.remove();
      this.#items.delete(id);
    }
  }

  preview({ message_id, version, preview }) {
    const message = this.#messages.get(message_id);
    if (message?.version !== version || message.meta.status !== "generating") return;
    this.#items.get(message_id).picture?.preview(preview);
  }

  #isNews(message) {
    if (message.chat_id !== this.chatId || this.#deleted.has(message.id)) return false;
    const held = this.#messages.get(message.id);
    if (!held) return this.#complete || message.id > this.#list.firstChild.dataset.id;
    if (message.version !== held.version) return message.version > held.version;
    return held.truncated || held.version === 0; // 0: not at the server yet
  }

  #keep(message) {
    this.#messages.set(message.id, message);
    this.#render(message);
    if (message.truncated) this.#readWhole(message);
  }

  async #readWhole({ chat_id, id }) {
    const whole = await this.#readMessage(chat_id, id);
    if (this.#messages.has(id)) this.merge(whole);
  }

  #render(message) {
    const item = this.#items.get(message.id) ?? this.#place(message);
    const { status, message_type, image_deleted } = message.meta;
    item.element.className = `message ${message.role} ${status}`;
    item.element.classList.toggle("unsent", message.version === 0);
    item.text.textContent = message.truncated ? "…" : (message.text ?? "");
    item.note.replaceChildren(...noteOf(message));
    const isPicture = message_type === "image" && ["generating", "complete"].includes(status);
    if (isPicture && !image_deleted) this.#renderPicture(item, message);
    else this.#removePicture(item);
  }

  #renderPicture(item, { id, chat_id, meta }) {
    if (!item.picture) {
      item.picture = new Picture(meta.aspect_ratio, meta.prompt);
      item.element.prepend(item.picture.element);
    }
    const readAgain = async () => (await this.#readMessage(chat_id, id)).meta.image;
    if (meta.image) item.picture.show(meta.image, readAgain);
  }

  #removePicture(item) {
    item.picture?.element.remove();
    item.picture = null;
  }

  #place({ id }) {
    const element = document.createElement("li");
    element.dataset.id = id;
    const text = element.appendChild(document.createElement("p"));
    const note = element.appendChild(document.createElement("p"));
    text.className = "text";
    note.className = "note";
    const next = [...this.#list.children].findLast((item) => item.dataset.id < id);
    if (next) next.after(element);
    else this.#list.prepend(element);
    const item = { element, text, note, picture: null };
    this.#items.set(id, item);
    return item;
  }
}

function noteOf({ sendAgain, meta: { status, error, image_deleted } }) {
  if (sendAgain) return ["Not sent. ", button("Try again", sendAgain)];
  if (status === "thinking") return [typing()];
  if (status === "cancelled") return ["Cancelled."];
  if (image_deleted) return ["This picture was deleted."];
  if (status !== "failed") return [];
  return [error.message, ...whenItResets(error.code, error.retry_after)];
}

function button(label, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = label;
  element.onclick = act;
  return element;
}

function typing() {
  const dots = document.createElement("span");
  dots.className = "typing";
  dots.setAttribute("role", "img");
  dots.setAttribute("aria-label", "Thinking");
  return dots;
}

/**
 * " Resets …" in local time, as nodes, for the limits of a day; nothing for other errors.
 * @param {number|null} retryAfter seconds from now, as the server counts them with every answer
 */
export function whenItResets(code, retryAfter) {
  if (!retryAfter || !["quota_exceeded", "message_limit"].includes(code)) return [];
  const at = new Date(Math.round((Date.now() + retryAfter * 1000) / 60_000) * 60_000);
  const time = document.createElement("time");
  time.dateTime = at.toISOString();
  time.textContent = at.toLocaleString(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  return [" Resets ", time, "."];
}
