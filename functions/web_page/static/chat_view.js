/**
 * One chat: its messages.
 *
 * All messages that were read are held; a window of them is in the page, and moves with what
 * somebody looks at. Whatever comes, goes or grows, what is in view stays where it is.
 */
import { foreseenFor, Waits } from "./elements.js";
import { MessageItem } from "./message_item.js";

const WINDOW = 120; // messages in the page
const STEP = 40;
const NEAR_PX = 1200; // this close to the window's edge it moves on
const AT_END_PX = 36;
const BEFORE_PX = 16; // above the beginning of an answer
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
  #goesOn = false; // the button was pressed: to the end, also past the beginning of an answer
  #seenTop = 0; // where the log stood when #atEnd was found out
  #loading = false;
  #waits;
  #glides = new Glides(() => this.#writeAll());
  #written = new Set(); // ids of answers that have more words since the last frame

  /**
   * @param {{
   *   read: (chatId: string, query: string) => Promise<{messages: object[], next_cursor}>,
   *   show: (page: {messages: object[], next_cursor}) => void, calls `replace` with all there is
   *   veil: (message: object) => object, without pictures that were just deleted
   *   now: () => number, epoch ms by the server's clock
   *   actions: what the buttons of a message do, see MessageItem
   *   lookAt: (id: string) => void, this message is to be shown, whichever version stands
   *   isShown: (message: object) => boolean, whether it is of the version of its line that is shown
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

  get isEmpty() {
    return this.#ids.length === 0;
  }

  /** Whether it is known what stands in it. */
  get isRead() {
    return this.#log.ariaBusy === null;
  }

  /** Shows these messages, oldest or newest first, and no others. */
  replace(chatId, messages, { older = null, newer = false, isRead = true } = {}) {
    if (chatId !== this.chatId) this.#waits.clear(); // nobody looks at the other chat
    this.chatId = chatId;
    this.#log.ariaBusy = isRead ? null : "true";
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
      this.#sync();
    }, wasAtEnd, mine);
    if (this.#ids.at(-1) > last) this.#goesOn = false;
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

  /** More words of an answer: they are read as a whole, so once a frame is often enough. */
  write(message) {
    if (!message || !this.#messages.has(message.id)) return;
    this.#messages.set(message.id, message);
    if (this.#written.size === 0) requestAnimationFrame(() => this.#writeAll());
    this.#written.add(message.id);
  }

  #writeAll() {
    const written = [...this.#written].map((id) => this.#messages.get(id))
      .filter((message) => message?.meta.status === "thinking" && this.#items.has(message.id));
    this.#written.clear();
    if (written.length === 0) return;
    const wasAtEnd = this.#isAtEnd();
    this.#keepStill(() => written.forEach((message) => this.#items.get(message.id).write(message)), wasAtEnd, written);
    if (!wasAtEnd && this.#below > AT_END_PX) this.#offerEnd();
    this.#tick();
  }

  preview({ message_id, image_id, preview }) {
    this.#items.get(message_id)?.preview(image_id, preview);
  }

  /** What is in the page is shown anew: pictures of it were deleted, or are back. */
  refresh() {
    const shown = [...this.#items.keys()].map((id) => this.#messages.get(id)).filter(Boolean);
    this.#keepStill(() => shown.forEach((message) => this.#hold(message)), this.#isAtEnd(), shown);
  }

  /** Brings a message into view, reading it and what is around it if need be. */
  async reveal(id) {
    const { chatId } = this;
    if (!this.#messages.has(id)) {
      const page = await this.#options.read(chatId, `limit=100&around=${id}`);
      if (chatId !== this.chatId || !page.messages.some((message) => message.id === id)) return;
      this.#options.lookAt(id);
      this.replace(chatId, page.messages, { older: page.next_cursor, newer: true });
    }
    const index = this.#ids.indexOf(id);
    this.#setWindow(index - WINDOW / 2, index + WINDOW / 2);
    this.#sync();
    const { element } = this.#items.get(id);
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
  }

  /** The question that this message answers, or undefined. */
  questionOf(id) {
    const own = this.#messages.get(this.#messages.get(id)?.reply_to);
    return own ?? this.#questionBefore(this.#ids.indexOf(id));
  }

  /** The last question of the chat; undefined where it is not held. */
  get lastQuestion() {
    return this.#newer ? undefined : this.#questionBefore(this.#ids.length);
  }

  #questionBefore(index) {
    const before = this.#ids.slice(0, index).reverse();
    return this.#messages.get(before.find((other) => this.#messages.get(other).role === "user"));
  }

  /** The button by which somebody came to this version has the focus again. */
  focusStep(answerId, name) {
    this.#items.get(answerId)?.foot.querySelector(`[data-step=${name}]`)?.focus({ preventScroll: true });
  }

  /** A question is on its way: it stands at the end, and how long its answer takes is measured. */
  sent({ id }) {
    this.#waits.sent(id);
    if (this.#newer) this.replace(this.chatId, [], { older: id }); // what is between is read upward
  }

  scrollToEnd() {
    this.#goesOn = false;
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
    if (!this.#options.isShown(message)) return this.#leaveOut(message.id);
    if (message.role === "assistant") this.#takePlace(message);
    const isNew = !this.#messages.has(message.id);
    this.#messages.set(message.id, message);
    this.#items.get(message.id)?.show(this.#options.veil(message));
    if (!isNew) return;
    const isFirst = message.id < this.#ids[0];
    const index = isFirst ? 0 : this.#ids.findLastIndex((id) => id < message.id) + 1;
    this.#ids.splice(index, 0, message.id);
    const isBefore = index <= this.#from && this.#from < this.#to;
    const isBehind = index > this.#to || (index === this.#to && index < this.#ids.length - 1);
    if (isBefore) this.#from++;
    if (!isBehind) this.#to++;
  }

  /** It is of a version that is not shown. */
  #leaveOut(id) {
    if (!this.#messages.delete(id)) return;
    const index = this.#ids.indexOf(id);
    this.#ids.splice(index, 1);
    if (index < this.#from) this.#from--;
    if (index < this.#to) this.#to--;
  }

  /** An answer takes the place of the one that was foreseen. */
  #takePlace({ id }) {
    const foreseen = foreseenFor(id);
    const item = this.#items.get(foreseen);
    if (id === foreseen || !this.#messages.delete(foreseen)) return;
    this.#ids.splice(this.#ids.indexOf(foreseen), 1, id);
    this.#messages.set(id, null);
    if (item && this.#items.delete(foreseen)) this.#items.set(id, item);
  }

  // --- the window

  #setWindow(from, to) {
    this.#to = Math.max(0, Math.min(to, this.#ids.length));
    this.#from = Math.max(0, Math.min(from, this.#to));
  }

  /** Puts what the window has into the page, and takes out what it has not. */
  #sync() {
    const wanted = this.#ids.slice(this.#from, this.#to);
    const kept = new Set(wanted);
    for (const [id, item] of this.#items) {
      if (kept.has(id)) continue;
      item.element.remove();
      this.#items.delete(id);
    }
    let next = this.#list.firstElementChild;
    for (const id of wanted) {
      const item = this.#items.get(id) ?? this.#make(id);
      if (item.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(item.element, next);
    }
  }

  #make(id) {
    const item = new MessageItem(this.#options.actions, this.#waits);
    item.show(this.#options.veil(this.#messages.get(id)));
    this.#items.set(id, item);
    return item;
  }

  #showEnd() {
    this.#setWindow(this.#ids.length - WINDOW / 2, this.#ids.length);
    this.#sync();
    this.#tick();
    this.#scrollToEnd();
  }

  /**
   * What is in view stays there while `change` runs; what has to move, glides.
   * @param {boolean} toEnd the end is followed instead, as far as `changed` messages allow
   */
  #keepStill(change, toEnd = false, changed = []) {
    const { top, bottom } = this.#log.getBoundingClientRect();
    const seen = [];
    for (const { element, foot } of this.#items.values()) {
      const box = element.getBoundingClientRect();
      if (box.bottom <= top || box.top >= bottom) continue;
      seen.push([element, box.top, this.#glides.distanceOf(element)]);
      if (changed.some(({ id }) => id === element.dataset.id)) seen.push([foot, foot.getBoundingClientRect().top, 0]);
    }
    change();
    const left = seen.filter(([element]) => element.isConnected);
    left.forEach(([element]) => this.#glides.stop(element)); // places are measured without it
    if (left.length) {
      const [element, was, distance] = left[0];
      this.#log.scrollTop += element.getBoundingClientRect().top - (was - distance);
    }
    if (toEnd) this.#follow(changed);
    left.forEach(([element, was]) => this.#glides.start(element, was - element.getBoundingClientRect().top));
  }

  /** To the end, but no further than the beginning of an answer that grows: it is what is read. */
  #follow(changed) {
    const answers = changed.filter(({ role }) => role === "assistant").map(({ id }) => this.#items.get(id));
    const tops = answers.filter(Boolean).map(({ element }) => element.getBoundingClientRect().top);
    const room = Math.min(...tops) - this.#log.getBoundingClientRect().top - BEFORE_PX;
    if (this.#goesOn || room >= this.#below) return this.#scrollToEnd();
    this.#log.scrollTop += Math.max(0, Math.floor(room));
    this.#notePlace();
    if (!this.#atEnd) this.#offerEnd();
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
    if (!this.#atEnd) this.#goesOn = false;
    const far = this.#toEnd.classList.contains("news") ? AT_END_PX : this.#log.clientHeight;
    this.#toEnd.hidden = this.#reachesEnd && below < far;
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
    this.#goesOn = true;
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

/**
 * Elements on their way from where they were to where they are now, by a transform, which is no
 * layout shift. Not by an animation: where one is cut short by the next, browsers count a shift.
 */
class Glides {
  #glides = new Map(); // element → { distance and now: px, start: time of the first frame that shows it }
  #frame = null; // asked for
  #before;

  /** @param {() => void} before what changes in a frame, ahead of what moves: a change of both is a shift */
  constructor(before) {
    this.#before = before;
  }

  start(element, distance) {
    if (Math.abs(distance) < 1 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.#glides.set(element, { distance, now: distance });
    element.style.transform = `translateY(${distance}px)`;
    this.#frame ??= requestAnimationFrame((now) => this.#move(now));
  }

  /** How far from its place it is drawn now, in px. */
  distanceOf(element) {
    return this.#glides.get(element)?.now ?? 0;
  }

  stop(element) {
    if (this.#glides.delete(element)) element.style.transform = "";
  }

  #move(now) {
    this.#frame = null;
    this.#before();
    for (const [element, glide] of this.#glides) {
      glide.start ??= now; // where it was is where the first frame shows it
      const left = 1 - (now - glide.start) / GLIDE_MS;
      if (left <= 0) this.stop(element);
      else {
        glide.now = glide.distance * left ** 2; // ever slower
        element.style.transform = `translateY(${glide.now}px)`;
      }
    }
    if (this.#glides.size > 0) this.#frame ??= requestAnimationFrame((now) => this.#move(now));
  }
}
