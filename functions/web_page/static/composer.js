/** What the user writes: shown at once, sent until the server has decided, given back when it refuses. */
import { element, whenItResets } from "./elements.js";
import { ApiError } from "./unified_channel.js";

const DRAFT = "afterimage.draft";
const BY_FINGER = matchMedia("(pointer: coarse)"); // a phone or a tablet, with a keyboard on its screen
const NEARLY = 0.9; // of the longest text: from here on it is said how much is left
const SHAPES = [
  "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8", "8:1",
];

export class Composer {
  #form;
  #text;
  #shape;
  #notice;
  #options;
  #unsent = new Map(); // id → message that the server has not confirmed
  #offered = null; // words that were offered last

  /** @param {{channel: UnifiedChannel, chat: ChatView, onAnswer: (...messages) => void, maxLength: number}} options */
  constructor(form, options) {
    this.#form = form;
    this.#options = options;
    this.#notice = form.querySelector("#notice");
    this.#text = form.querySelector("textarea");
    this.#shape = form.querySelector("select");
    this.#shape.append(
      element("option", { value: "" }, "Shape"),
      ...SHAPES.map((shape) => element("option", { value: shape }, shape)),
    );
    this.#text.value = sessionStorage.getItem(DRAFT) ?? "";
    this.#text.addEventListener("keydown", (event) => {
      if (!this.#sends(event)) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.#nameEnter();
    BY_FINGER.addEventListener("change", () => this.#nameEnter());
    this.#text.addEventListener("input", () => this.#checkLength());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    window.addEventListener("pagehide", () => this.#keepDraft());
  }

  focus() {
    this.#text.focus();
  }

  /** Puts words where they can be changed before they are sent, above what is being written. */
  offer(text) {
    const written = this.#text.value === this.#offered ? "" : this.#text.value;
    this.#offered = text;
    this.#text.value = [text, written].filter(Boolean).join("\n");
    this.#checkLength();
    this.focus();
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

  send(text, aspectRatio) {
    const { channel, chat } = this.#options;
    return this.#send({
      id: channel.newId(), chat_id: chat.chatId, role: "user", text, version: 0, aspectRatio,
      created_at: new Date().toISOString(), meta: { message_type: "text", status: "complete" },
    });
  }

  /** Enter, and Ctrl or Cmd with it; a keyboard on the screen has no Shift for a new line. */
  #sends({ key, shiftKey, ctrlKey, metaKey }) {
    return key === "Enter" && (ctrlKey || metaKey || !(shiftKey || BY_FINGER.matches));
  }

  #nameEnter() {
    this.#text.enterKeyHint = BY_FINGER.matches ? "enter" : "send";
  }

  #submit() {
    const text = this.#text.value.toWellFormed();
    if (!text.trim() || !this.#checkLength()) return;
    this.#text.value = "";
    this.send(text, this.#shape.value || undefined);
  }

  /** The server counts characters, a text area halves of emoji. */
  #checkLength() {
    const { maxLength } = this.#options;
    const length = [...this.#text.value].length;
    const format = (count) => count.toLocaleString();
    if (length > maxLength * NEARLY) this.notify(`${format(length)} of ${format(maxLength)} characters`);
    else this.notify("");
    return length <= maxLength;
  }

  async #send(message) {
    this.#options.chat.sent(message);
    this.notify("");
    this.#show(message);
    const { channel, onAnswer } = this.#options;
    const { chat_id, text, aspectRatio } = message;
    let { id } = message;
    const onNewId = (corrected) => {
      this.#withdraw(id);
      id = corrected;
      this.#show({ ...message, id });
    };
    try {
      const answer = await channel.send(chat_id, text, { id, aspectRatio, onNewId });
      onAnswer(answer.user_message, answer.assistant_message);
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
    this.#show({ ...message, sendAgain: () => this.#send({ ...message, sendAgain: null }) });
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
