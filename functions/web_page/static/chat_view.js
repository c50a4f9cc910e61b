/**
 * One chat: its messages.
 *
 * All messages that were read are held; a window of them is in the page, and moves with what
 * somebody looks at. Whatever comes, goes or grows, what is in view stays where it is.
 */
import { button, copy, download, element, Picture, Waits, whenItResets } from "./elements.js";

const WINDOW = 120; // messages in the page
const STEP = 40;
const NEAR_PX = 1200; // this close to the window's edge it moves on
const AT_END_PX = 36;
const GLIDE_MS = 220;

export class ChatView {
  chatId = null;
  typicalMs = null; // how long a picture usually takes
  #log;
  #list;
  #toEnd;
  #options;
  #messages = new Map(); // id → Message
  #ids = []; // of all that are held, oldest first
  #from = 0;
  #to = 0; // the window is [from, to) of the ids
  #items = new Map(); // id → MessageItem in the page
  #older = null; // cursor of the page before the first, or null
  #newer = false; // the server has messages newer than the last
  #atEnd = true;
  #seenTop = 0; // where the log stood when #atEnd was found out
  #loading = false;
  #waits;
  #glides = new Glides();

  /**
   * @param {{
   *   read: (chatId: string, query: string) => Promise<{messages: object[], next_cursor}>,
   *   show: (page: {messages: object[], next_cursor}) => void, calls `replace` with all there is
   *   now: () => number, epoch ms by the server's clock
   *   actions: what the buttons of a message do, see MessageItem
   *   onWaited: (answerId: string, drawn: object) => void, see Waits
   * }} options
   */
  constructor(log, toEnd, options) {
    this.#waits = new Waits(options.onWaited);
    this.#log = log;
    this.#list = log.querySelector("ol");
    this.#toEnd = toEnd;
    this.#options = options;
    log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    toEnd.addEventListener("click", () => this.#goToEnd());
    new ResizeObserver(() => this.#isAtEnd() && this.#scrollToEnd()).observe(log);
    setInterval(() => this.#tick(), 1000);
  }

  /** Shows these messages, oldest or newest first, and no others. */
  replace(chatId, messages, { older = null, newer = false } = {}) {
    if (chatId !== this.chatId) this.#waits.clear(); // nobody looks at the other chat
    this.chatId = chatId;
    this.#messages.clear();
    this.#items.clear();
    this.#list.replaceChildren();
    this.#ids = [];
    messages.forEach((message) => this.#hold(message));
    this.#older = older;
    this.#newer = newer;
    this.#showEnd();
  }

  /** Messages of any chat; those of this one, unless an older version, are shown. */
  merge(...messages) {
    const mine = messages.filter((message) => this.#belongs(message));
    if (mine.length === 0) return;
    const wasAtEnd = this.#isAtEnd();
    const last = this.#ids.at(-1) ?? "";
    this.#keepStill(() => {
      mine.forEach((message) => this.#hold(message));
      if (wasAtEnd) this.#setWindow(this.#ids.length - WINDOW, this.#ids.length);
      this.#sync({ isNew: true });
    }, wasAtEnd);
    if (!wasAtEnd && this.#ids.at(-1) > last) this.#offerEnd();
    this.#tick();
  }

  remove(ids) {
    const gone = new Set(ids.filter((id) => this.#messages.delete(id)));
    if (gone.size === 0) return;
    this.#keepStill(() => {
      const first = this.#ids[this.#from];
      const size = this.#to - this.#from;
      this.#ids = this.#ids.filter((id) => !gone.has(id));
      const from = Math.max(0, this.#ids.findIndex((id) => id >= first));
      this.#setWindow(from, from + size);
      this.#sync();
    }, this.#isAtEnd());
  }

  /** More words of an answer. */
  write(message) {
    if (!this.#messages.has(message.id)) return;
    this.#messages.set(message.id, message);
    this.#keepStill(() => this.#items.get(message.id)?.write(message), this.#isAtEnd());
    this.#tick();
  }

  preview({ message_id, preview }) {
    this.#items.get(message_id)?.preview(preview);
  }

  /** Brings a message into view, reading it and what is around it if need be. */
  async reveal(id) {
    const { chatId } = this;
    if (!this.#messages.has(id)) {
      const page = await this.#options.read(chatId, `limit=100&around=${id}`);
      if (chatId !== this.chatId || !page.messages.some((message) => message.id === id)) return;
      this.replace(chatId, page.messages, { older: page.next_cursor, newer: true });
    }
    const index = this.#ids.indexOf(id);
    this.#setWindow(index - WINDOW / 2, index + WINDOW / 2);
    this.#sync();
    const { element } = this.#items.get(id);
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
  }

  /** The text of the question that this message answers, or null. */
  questionOf(id) {
    const before = this.#ids.slice(0, this.#ids.indexOf(id)).reverse();
    const question = before.find((other) => this.#messages.get(other).role === "user");
    return this.#messages.get(question)?.text ?? null;
  }

  /** A question is on its way: it stands at the end, and how long its answer takes is measured. */
  sent({ id }) {
    this.#waits.sent(id);
    if (this.#newer) this.replace(this.chatId, [], { older: id }); // what is between is read upward
  }

  scrollToEnd() {
    if (this.#to < this.#ids.length) this.#showEnd();
    this.#scrollToEnd();
    this.#scrolled();
  }

  // --- what is held

  #belongs(message) {
    if (message.chat_id !== this.chatId) return false;
    const held = this.#messages.get(message.id);
    if (held) return message.version >= held.version;
    if (this.#older && message.id < this.#ids[0]) return false;
    return !this.#newer || message.id < this.#ids.at(-1);
  }

  #hold(message) {
    const isNew = !this.#messages.has(message.id);
    this.#messages.set(message.id, message);
    this.#items.get(message.id)?.show(message);
    if (!isNew) return;
    const isFirst = message.id < this.#ids[0];
    const index = isFirst ? 0 : this.#ids.findLastIndex((id) => id < message.id) + 1;
    this.#ids.splice(index, 0, message.id);
    const isBefore = index <= this.#from && this.#from < this.#to;
    const isBehind = index > this.#to || (index === this.#to && index < this.#ids.length - 1);
    if (isBefore) this.#from++;
    if (!isBehind) this.#to++;
  }

  // --- the window

  #setWindow(from, to) {
    this.#to = Math.max(0, Math.min(to, this.#ids.length));
    this.#from = Math.max(0, Math.min(from, this.#to));
  }

  /** Puts what the window has into the page, and takes out what it has not. */
  #sync({ isNew = false } = {}) {
    const wanted = this.#ids.slice(this.#from, this.#to);
    const kept = new Set(wanted);
    for (const [id, item] of this.#items) {
      if (kept.has(id)) continue;
      item.element.remove();
      this.#items.delete(id);
    }
    let next = this.#list.firstElementChild;
    for (const id of wanted) {
      const item = this.#items.get(id) ?? this.#make(id, isNew);
      if (item.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(item.element, next);
    }
  }

  #make(id, isNew) {
    const item = new MessageItem(this.#options.actions, this.#waits);
    item.element.classList.toggle("new", isNew);
    item.show(this.#messages.get(id));
    this.#items.set(id, item);
    return item;
  }

  #showEnd() {
    this.#setWindow(this.#ids.length - WINDOW / 2, this.#ids.length);
    this.#sync();
    this.#tick();
    this.#scrollToEnd();
  }

  /** What is in view stays there while `change` runs; what has to move, glides. */
  #keepStill(change, toEnd = false) {
    const { top, bottom } = this.#log.getBoundingClientRect();
    const seen = [];
    for (const { element } of this.#items.values()) {
      const box = element.getBoundingClientRect();
      if (box.bottom > top && box.top < bottom) seen.push([element, box.top]);
    }
    change();
    const left = seen.filter(([element]) => element.isConnected);
    left.forEach(([element]) => this.#glides.stop(element)); // places are measured without it
    if (toEnd) this.#scrollToEnd();
    else if (left.length) this.#log.scrollTop += left[0][0].getBoundingClientRect().top - left[0][1];
    left.forEach(([element, was]) => this.#glides.start(element, was - element.getBoundingClientRect().top));
  }

  #scrolled() {
    this.#notePlace();
    if (this.#log.scrollTop < NEAR_PX) this.#lookUp();
    else if (this.#below < NEAR_PX && !this.#reachesEnd) this.#lookDown();
  }

  /** Px of messages below what is in view. What glides makes the log's own height more than that. */
  get #below() {
    return this.#list.getBoundingClientRect().bottom - this.#log.getBoundingClientRect().bottom;
  }

  /** Whether the newest message of all is among those in the page. */
  get #reachesEnd() {
    return this.#to === this.#ids.length && !this.#newer;
  }

  #notePlace() {
    const below = this.#below;
    this.#seenTop = this.#log.scrollTop;
    this.#atEnd = this.#reachesEnd && below < AT_END_PX;
    this.#toEnd.hidden = this.#reachesEnd && below < this.#log.clientHeight;
    if (this.#toEnd.hidden) this.#toEnd.classList.remove("news");
  }

  /** Somebody may have scrolled a moment ago, and the event still be on its way. */
  #isAtEnd() {
    if (this.#log.scrollTop !== this.#seenTop) this.#notePlace();
    return this.#atEnd;
  }

  #lookUp() {
    if (this.#from > 0) {
      const from = Math.max(0, this.#from - STEP);
      this.#keepStill(() => {
        this.#setWindow(from, Math.min(this.#to, from + WINDOW));
        this.#sync();
      });
    } else if (this.#older) this.#load(`limit=100&cursor=${this.#older}`, (page) => {
      this.#older = page.next_cursor;
    });
  }

  #lookDown() {
    if (this.#to < this.#ids.length) {
      const to = Math.min(this.#ids.length, this.#to + STEP);
      this.#keepStill(() => {
        this.#setWindow(Math.max(this.#from, to - WINDOW), to);
        this.#sync();
      });
    } else if (this.#newer) this.#load(`limit=100&around=${this.#ids.at(-1)}`, (page) => {
      this.#newer = page.messages.some(({ id }) => id > this.#ids.at(-1));
    }, { isNewer: true });
  }

  async #load(query, note, { isNewer = false } = {}) {
    if (this.#loading) return;
    this.#loading = true;
    const { chatId } = this;
    try {
      const page = await this.#options.read(chatId, query);
      if (chatId !== this.chatId) return;
      note(page);
      const end = this.#to;
      page.messages.forEach((message) => this.#hold(message));
      if (isNewer) this.#to = end; // they wait behind the window
      this.#scrolled();
    } catch {
      // The next scroll asks again.
    } finally {
      this.#loading = false;
    }
  }

  async #goToEnd() {
    const { chatId } = this;
    if (this.#newer) {
      const page = await this.#options.read(chatId, "limit=50").catch(() => null);
      if (page && chatId === this.chatId) this.#options.show(page);
    }
    this.#showEnd();
    this.#log.focus({ preventScroll: true });
  }

  #offerEnd() {
    this.#toEnd.hidden = false;
    this.#toEnd.classList.add("news");
  }

  #scrollToEnd() {
    this.#log.scrollTop += Math.ceil(this.#below);
    this.#seenTop = this.#log.scrollTop;
    this.#atEnd = !this.#newer;
    this.#toEnd.hidden = this.#atEnd;
    this.#toEnd.classList.remove("news");
  }

  #tick() {
    const now = this.#options.now();
    for (const item of this.#items.values()) item.tick(now, this.typicalMs);
  }
}

/** One message in the page: its picture or text, what there is to say of it, and what to do next. */
class MessageItem {
  element = element("li", { tabIndex: -1 });
  #actions;
  #waits;
  #message = null;
  #since = null; // epoch ms by the server's clock from which it is waited for
  #picture = null;
  #author = element("span", { className: "for-screen-readers" });
  #text = element("p", { className: "text", dir: "auto" });
  #foot = element("div", { className: "foot" });

  /** @param {object} actions cancel, retry, again, edit, open, each called with the message; readAgain */
  constructor(actions, waits) {
    this.#actions = actions;
    this.#waits = waits;
    this.element.append(this.#author, this.#text, this.#foot);
  }

  show(message) {
    if (!this.#message && message.meta.status === "thinking") this.#waits.shown("placeholder", message.id);
    if (isOverWithoutPicture(message)) this.#waits.over(message.id);
    if (!this.#message) this.#since = new Date(message.created_at).getTime();
    else if (!isOpen(this.#message)) this.#since = null; // tried again, perhaps long after
    else if (isWaiting(this.#message) && !isWaiting(message)) this.#since = null; // its turn has come
    this.#message = message;
    const { role, text, truncated, version, meta } = message;
    this.element.dataset.id = message.id;
    this.element.className = `message ${role} ${meta.status} ${meta.message_type}`;
    this.element.classList.toggle("unsent", version === 0);
    this.#author.textContent = role === "user" ? "You: " : "Afterimage: ";
    this.#text.textContent = truncated ? "…" : (text ?? "");
    this.#showFoot(message);
    this.#showPicture(message);
  }

  /** What stands below makes room for another line, unless it is being pressed. */
  write(message) {
    this.#message = message;
    const before = this.#text.offsetHeight;
    this.#text.textContent = message.text;
    if (this.#text.offsetHeight !== before && !this.#foot.matches(":active")) this.#showFoot(message);
  }

  preview(url) {
    this.#picture?.preview(url);
  }

  /** Says how long it has taken so far, while it is under way. */
  tick(now, typicalMs) {
    if (!isOpen(this.#message)) return;
    this.#since ??= now;
    const ms = Math.max(0, now - this.#since);
    this.#foot.querySelector(".waiting").textContent = waiting(this.#message, ms, typicalMs);
  }

  /** New elements for what is said and can be done now: to move the old ones would be a shift. */
  #showFoot(message) {
    const hadFocus = this.#foot.contains(document.activeElement);
    const foot = element("div", { className: "foot" },
      element("p", { className: "note" }, ...noteOf(message)),
      element("div", { className: "actions" }, ...this.#buttonsOf(message)));
    this.#foot.replaceWith(foot);
    this.#foot = foot;
    if (hadFocus) (this.#foot.querySelector("button") ?? this.element).focus({ preventScroll: true });
  }

  #showPicture({ meta: { message_type, status, image, image_deleted, aspect_ratio, prompt }, ...message }) {
    const isPicture = message_type === "image" && ["generating", "complete"].includes(status);
    if (!isPicture || image_deleted) {
      this.#picture?.element.remove();
      this.#picture = null;
      return;
    }
    if (!this.#picture) {
      const ratio = image ? image.width / image.height : aspect_ratio;
      this.#picture = new Picture(ratio, prompt, (layer) => this.#pictureShown(layer));
      this.#text.after(this.#picture.element);
    }
    if (!image || this.#picture.element.querySelector("button")) return;
    this.#picture.show(image, () => this.#actions.readAgain(message));
    const open = button("", () => this.#actions.open(this.#message));
    open.setAttribute("aria-label", `Open large: ${image.prompt}`);
    this.#picture.element.append(open);
  }

  /** The picture with fresh URLs; null where it cannot be read now. */
  #readAgain() {
    return this.#actions.readAgain(this.#message).catch(() => null);
  }

  #pictureShown(layer) {
    if (layer === "preview") this.#waits.shown("preview", this.#message.id);
    if (layer === "full") this.#waits.shown("picture", this.#message.id);
  }

  #buttonsOf({ sendAgain, meta: { message_type, status, error, image, image_deleted } }) {
    const act = (label, name) => button(label, async ({ currentTarget }) => {
      if (currentTarget.ariaBusy) return; // not disabled: that would lose the focus
      currentTarget.ariaBusy = "true";
      try {
        await this.#actions[name](this.#message);
      } finally {
        currentTarget.ariaBusy = null;
      }
    });
    if (sendAgain) return [button("Try again", sendAgain)];
    if (status === "thinking" || status === "generating") return [act("Cancel", "cancel")];
    if (status === "cancelled") return [act("Try again", "retry")];
    if (status === "failed") return stepsAfter(error).map(([label, name]) => act(label, name));
    if (message_type !== "image" || !image || image_deleted) return [];
    return [
      act("Another one", "again"),
      button("Copy prompt", ({ currentTarget }) => copy(image.prompt, currentTarget)),
      button("Download", async () => download((await this.#readAgain()) ?? image)),
    ];
  }
}

function isOpen({ meta: { status } }) {
  return status === "thinking" || status === "generating";
}

function isOverWithoutPicture({ meta: { message_type, status } }) {
  return ["failed", "cancelled"].includes(status) || (status === "complete" && message_type === "text");
}

/** Whether its picture waits until others of the same user are painted. */
function isWaiting({ meta: { images } }) {
  return images?.some(({ status }) => status === "waiting") ?? false;
}

function noteOf({ role, sendAgain, ...message }) {
  const { status, error, image_deleted } = message.meta;
  if (sendAgain) return ["Not sent."];
  if (role === "user") return [];
  if (status === "thinking" || status === "generating") {
    const dots = [1, 2, 3].map(() => element("i"));
    return [
      element("span", { className: "dots", "aria-hidden": "true" }, ...dots),
      element("span", { className: "waiting" }, waiting(message, 0, null)),
    ];
  }
  if (status === "cancelled") return ["Cancelled."];
  if (image_deleted) return ["This picture was deleted."];
  if (status !== "failed") return [];
  return [error.message, ...whenItResets(error.code, error.retry_after)];
}

/** What somebody can do about a failure: labels, and names of actions. */
function stepsAfter({ code, retry_after }) {
  if (code === "blocked" || code === "no_image") return [["Change the words", "edit"], ["Try again", "retry"]];
  if (["quota_exceeded", "provider_limit"].includes(code) && retry_after) return [];
  return [["Try again", "retry"]];
}

function waiting(message, ms, typicalMs) {
  if (isWaiting(message)) return "Waiting for your other pictures…";
  const { status } = message.meta;
  const doing = status === "thinking" ? "Thinking…" : "Painting…";
  const seconds = (ms) => `${Math.max(1, Math.round(ms / 1000))} s`;
  if (ms < 1000 || (status === "thinking" && ms < 3000)) return doing;
  if (status === "thinking" || !typicalMs) return `${doing} ${seconds(ms)}`;
  if (ms > 2 * typicalMs) return `${doing} ${seconds(ms)}, longer than usual`;
  return `${doing} ${seconds(ms)}, usually about ${seconds(typicalMs)}`;
}

/**
 * Elements on their way from where they were to where they are now, by a transform, which is no
 * layout shift. Not by an animation: where one is cut short by the next, browsers count a shift.
 */
class Glides {
  #glides = new Map(); // element → { distance in px, start: time of the first frame that shows it }
  #frame = null; // asked for

  start(element, distance) {
    if (Math.abs(distance) < 1 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.#glides.set(element, { distance });
    element.style.transform = `translateY(${distance}px)`;
    this.#frame ??= requestAnimationFrame((now) => this.#move(now));
  }

  stop(element) {
    if (this.#glides.delete(element)) element.style.transform = "";
  }

  #move(now) {
    this.#frame = null;
    for (const [element, glide] of this.#glides) {
      glide.start ??= now; // where it was is where the first frame shows it
      const left = 1 - (now - glide.start) / GLIDE_MS;
      if (left <= 0) this.stop(element);
      else element.style.transform = `translateY(${glide.distance * left ** 2}px)`; // ever slower
    }
    if (this.#glides.size > 0) this.#frame = requestAnimationFrame((now) => this.#move(now));
  }
}
