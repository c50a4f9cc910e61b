/** What the user writes: shown at once, sent until the server has decided, given back when it refuses. */
import { ApiError } from "./api.js";
import { whenItResets } from "./chat_view.js";
import { newId, sendMessage } from "./send_message.js";

const DRAFT = "afterimage.draft";

export class Composer {
  #text;
  #notice;
  #options;
  #unsent = new Map(); // id → message that the server has not confirmed

  /** @param {{api: Api, chat: ChatView, onMessage: (message: object) => void, maxLength: number}} options */
  constructor(form, options) {
    this.#options = options;
    this.#notice = form.querySelector("#notice");
    this.#text = form.querySelector("textarea");
    this.#text.maxLength = options.maxLength;
    this.#text.value = sessionStorage.getItem(DRAFT) ?? "";
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    window.addEventListener("pagehide", () => this.#keepDraft());
  }

  focus() {
    this.#text.focus();
  }

  notify(...sentence) {
    this.#notice.replaceChildren(...sentence);
  }

  /** The server knows this message. */
  confirm(id) {
    this.#unsent.delete(id);
  }

  unsentIn(chatId) {
    return [...this.#unsent.values()].filter((message) => message.chat_id === chatId);
  }

  #submit() {
    const text = this.#text.value;
    if (!text.trim()) return;
    this.#text.value = "";
    this.#send({
      id: newId(), chat_id: this.#options.chat.chatId, role: "user", text, version: 0,
      created_at: new Date().toISOString(), meta: { message_type: "text", status: "complete" },
    });
  }

  async #send(message) {
    this.notify("");
    this.#show(message);
    let { id } = message;
    try {
      const answer = await sendMessage(this.#options.api, message, (corrected) => {
        this.#withdraw(id);
        id = corrected;
        this.#show({ ...message, id });
      });
      this.#options.onMessage(answer.user_message);
      this.#options.onMessage(answer.assistant_message);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.undecided) this.#offerToRepeat({ ...message, id });
      else this.#giveBack({ ...message, id }, error);
    }
  }

  #show(message) {
    this.#unsent.set(message.id, message);
    this.#options.chat.merge(message);
    this.#options.chat.scrollToEnd();
  }

  #withdraw(id) {
    this.#unsent.delete(id);
    this.#options.chat.remove([id]);
  }

  /** It may have arrived all the same: only the same id can be sent again without harm. */
  #offerToRepeat(message) {
    if (!this.#unsent.has(message.id)) return; // it did arrive: the channel brought it
    this.#show({ ...message, sendAgain: () => this.#send(message) });
  }

  #giveBack({ id, text }, error) {
    this.#withdraw(id);
    this.#text.value = [text, this.#text.value].filter(Boolean).join("\n");
    this.notify(error.message, ...whenItResets(error.code, error.retryAfter));
  }

  /** Signing in again leaves the page; what was not sent is still there afterwards. */
  #keepDraft() {
    const texts = [...this.#unsent.values()].map((message) => message.text);
    sessionStorage.setItem(DRAFT, [...texts, this.#text.value].filter(Boolean).join("\n"));
  }
}
