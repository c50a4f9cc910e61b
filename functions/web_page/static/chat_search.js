/** Words in all chats: what is found stands in place of the list of chats, as long as there are words. */
import { button, element, folded, isBlank } from "./elements.js";
import { t } from "./words.js";

const PAUSE_MS = 250; // behind the last letter
const PAGES = 5; // that are read on without being asked while nothing was found
const BEFORE = 30; // characters of a message that are shown before the first word that was found
const LONGEST = 120;

export class ChatSearch {
  #field;
  #chats;
  #found;
  #options;
  #words = "";
  #timer = null;
  #results = [];

  /**
   * @param {HTMLElement} side what has the field, the list of chats and the place of what is found
   * @param {{read: (query: {q: string, cursor?: string}) => Promise<{results: object[], next_cursor}>}} options
   */
  constructor(side, options) {
    this.#field = side.querySelector("#search");
    this.#chats = side.querySelector("#chats");
    this.#found = side.querySelector("#found");
    this.#options = options;
    this.#field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#begin();
    });
  }

  /** The words in the field have changed. */
  look() {
    clearTimeout(this.#timer);
    if (!isBlank(this.#field.value)) this.#timer = setTimeout(() => this.#begin(), PAUSE_MS);
    else this.#end();
  }

  forgetChat(chatId) {
    this.#results = this.#results.filter(({ chat }) => chat.id !== chatId);
    for (const link of this.#found.querySelectorAll("a")) {
      if (link.dataset.chat === chatId) link.parentElement.remove();
    }
  }

  #end() {
    this.#words = "";
    this.#show(false);
  }

  #begin() {
    clearTimeout(this.#timer);
    const words = this.#field.value.trim().toWellFormed();
    if (isBlank(words) || words === this.#words) return;
    this.#words = words;
    this.#results = [];
    this.#found.querySelector("ul").replaceChildren();
    this.#say(t("searching"));
    this.#show(true);
    this.#read(words, null);
  }

  /** Page by page, until something is found; what comes for other words is not looked at. */
  async #read(words, cursor) {
    for (let pages = 1; ; pages++) {
      const page = await this.#options.read({ q: words, ...(cursor && { cursor }) }).catch(() => null);
      if (words !== this.#words) return;
      if (!page) return this.#offer(t("search_failed"), t("try_again"), words, cursor);
      this.#add(page.results, words);
      cursor = page.next_cursor;
      if (!cursor) return this.#say(t("results", { count: this.#results.length }));
      if (page.results.length || pages === PAGES) {
        return this.#offer(t("results_so_far", { count: this.#results.length }), t("search_on"), words, cursor);
      }
    }
  }

  #add(results, words) {
    this.#results.push(...results);
    this.#found.querySelector("ul").append(...results.map((result) => entry(result, words)));
  }

  /** A sentence, and a button that goes on from there. */
  #offer(sentence, label, words, cursor) {
    this.#say(sentence);
    const more = element("li", {}, button(label, () => {
      more.remove();
      this.#read(words, cursor);
    }));
    this.#found.querySelector("ul").append(more);
  }

  #say(sentence) {
    this.#found.querySelector("[role=status]").textContent = sentence;
  }

  #show(isShown) {
    this.#found.hidden = !isShown;
    this.#chats.hidden = isShown;
  }
}

/** Leads to the message, or to the chat whose title it is. */
function entry({ chat, message }, words) {
  const href = message ? `#${chat.id}/${message.id}` : `#${chat.id}`;
  const title = element("span", { className: "of", dir: "auto" }, isBlank(chat.title) ? t("new_chat") : chat.title);
  const link = element("a", { href, "data-chat": chat.id }, title);
  if (message) {
    const text = message.text || message.meta.prompt || "";
    link.append(element("span", { className: "snippet", dir: "auto" }, ...marked(text, words)));
  }
  return element("li", {}, link);
}

/** The text around the first of these words, which is marked. */
function marked(text, words) {
  const letters = [...text.normalize("NFC").replace(/\s+/g, " ")];
  const place = []; // in the letters, of each unit of the folded text
  let plain = "";
  letters.forEach((letter, index) => {
    const part = folded(letter);
    plain += part;
    for (let unit = 0; unit < part.length; unit++) place.push(index);
  });
  const wanted = folded(words).split(/\s+/).filter((word) => !isBlank(word));
  const [at, word] = wanted.map((one) => [plain.indexOf(one), one]).filter(([at]) => at >= 0)
    .sort(([one], [other]) => one - other)[0] ?? [0, ""];
  const from = place[at] ?? 0;
  const to = word ? place[at + word.length - 1] + 1 : from;
  const begin = Math.max(0, from - BEFORE);
  const part = (start, end) => letters.slice(start, end).join("");
  return [
    `${begin ? "…" : ""}${part(begin, from)}`,
    word ? element("mark", {}, part(from, to)) : null,
    `${part(to, begin + LONGEST)}${letters.length > begin + LONGEST ? "…" : ""}`,
  ];
}
