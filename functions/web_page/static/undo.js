/**
 * Pictures and chats that were deleted here, while that can be undone: hidden in every tab of this
 * browser, and told to the server after ten seconds, by whichever tab is there.
 *
 * They stand in localStorage, each with whose it is, and are never sent with another person's token.
 * The browser's last tab sends them as it goes, and so does who signs out.
 */
import { announce } from "./elements.js";
import { ofBrowser } from "./session.js";
import { ApiError } from "./unified_channel.js";
import { sentenceOf, t } from "./words.js";

const WAITING = "afterimage.deletions"; // [{ path, owner, at, isSent }]
const TABS = "afterimage.tabs"; // id of a tab → when it was there last
const UNDO_MS = 10_000;
const SENT_MS = 60_000; // so long other tabs are told that it was not undone
const GONE_MS = 70_000; // timers of a hidden tab come once a minute
const LEAVING_MS = 2_000; // a sign-out waits no longer

/** What the page shows and hides of them. */
export class Undo {
  #offer;
  #options;
  #views;
  #deletions;
  #hidden = new Map(); // path → what was shown of it here, to be shown again
  #timer = null;

  /**
   * @param {HTMLElement} offer the sentence on what was deleted, and the button
   * @param {object} options as Deletions takes `owner`, `token` and `request`; and
   *   `views` of the page, of which `search` and `viewer` may not be there yet,
   *   `newChat()`, `onGone(path)`, when the server has deleted it,
   *   `readChats()` and `readImage(id)`, what this tab never held; null where that fails
   */
  constructor(offer, options) {
    this.#offer = offer;
    this.#options = options;
    this.#views = options.views;
    offer.lastChild.addEventListener("click", () => this.#undo());
    this.#deletions = new Deletions({
      ...options,
      onHide: (path) => this.#hide(path),
      onShow: (path, error) => this.#show(path, error),
      onGone: (path) => {
        this.#hidden.delete(path);
        options.onGone(path);
      },
    });
  }

  /** Hides it, and offers to undo that. */
  delete(path, sentence) {
    this.#deletions.add(path);
    this.#offer.dataset.path = path;
    this.#offer.firstChild.textContent = sentence;
    this.#offer.hidden = false;
    announce(sentence);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#offer.hidden = true), UNDO_MS);
  }

  /** By a key; false where there is nothing to undo. */
  press() {
    const { hidden } = this.#offer;
    if (!hidden) this.#undo();
    return !hidden;
  }

  flush() {
    return this.#deletions.flush();
  }

  hidesChat(id) {
    return this.#deletions.has(`/chats/${id}`);
  }

  /** Whether a picture, or the chat that it was painted in, was deleted. */
  hides({ id, chat_id }) {
    return this.#deletions.has(`/images/${id}`) || this.hidesChat(chat_id);
  }

  /** A message without the pictures that were deleted. */
  veil(message) {
    const { images, attachments } = message.meta;
    if (this.#deletions.isEmpty || !(images?.length || attachments?.length)) return message;
    const slot = (one) => (one.image && this.hides(one.image) ? { ...one, image: null, image_deleted: true } : one);
    return { ...message, meta: {
      ...message.meta,
      images: images?.map(slot),
      attachments: attachments?.map((image) => (image && this.hides(image) ? null : image)),
    } };
  }

  #undo() {
    this.#deletions.undo(this.#offer.dataset.path);
    this.#offer.hidden = true;
    announce(t("undone"));
    document.getElementById("log").focus({ preventScroll: true });
  }

  /** Deleted, here or in another tab, but not told yet. */
  #hide(path) {
    const [, kind, id] = path.split("/");
    const { chats, chat, gallery, composer, search, viewer } = this.#views;
    if (kind === "chats") {
      const isShown = id === chat.chatId;
      this.#hidden.set(path, { chat: chats.find(id), isShown, images: gallery.removeChat(id) });
      chats.remove(id);
      search?.forgetChat(id);
      if (isShown) this.#options.newChat();
    } else {
      this.#hidden.set(path, { images: [gallery.find(id)].filter(Boolean) });
      gallery.remove([id]);
      viewer?.remove([id]);
      composer.forgetImages([id]);
      chat.refresh();
    }
  }

  /** Undone, here or in another tab, or refused. What this tab never held is read. */
  async #show(path, error) {
    const [, kind, id] = path.split("/");
    const { chats, chat, gallery, composer } = this.#views;
    const held = this.#hidden.get(path) ?? {};
    this.#hidden.delete(path);
    if (error) composer.notify(sentenceOf(error));
    if (kind === "chats") {
      const read = held.chat ? null : await this.#options.readChats();
      if (held.chat) chats.update(held.chat);
      else if (read) chats.replace(read);
      gallery.restore(held.images ?? []);
      if (held.isShown && chat.isEmpty && !error) location.hash = id;
    } else {
      composer.recallImages([id]);
      const images = held.images?.length ? held.images : [await this.#options.readImage(id)];
      gallery.restore(images.filter(Boolean));
      chat.refresh();
    }
  }
}

/** The list of them, which all tabs share, and telling the server. */
class Deletions {
  #options;
  #held = new Map(); // path → what stands there of this person
  #sending = new Set(); // paths
  #tab = crypto.randomUUID();

  /**
   * @param {{
   *   owner: string, who is signed in, as the issuer names them
   *   request: (method: string, path: string) => Promise<unknown>,
   *   token: () => string|null, what the page holds now
   *   onHide: (path: string) => void, also of what another tab deleted
   *   onShow: (path: string, error?: ApiError) => void, undone, or refused by the server
   *   onGone: (path: string) => void, told to the server from here
   * }} options `path` is that of the API, "/images/…" or "/chats/…"
   */
  constructor(options) {
    this.#options = options;
    this.#held = this.#own(this.#read());
    this.#beat();
    setInterval(() => this.#beat(), UNDO_MS);
    window.addEventListener("storage", ({ key }) => (key === WAITING || key === null) && this.#compare(this.#read()));
    window.addEventListener("pagehide", () => this.#leave());
  }

  /** Whether it is to be shown no more. */
  has(path) {
    return this.#held.has(path);
  }

  get isEmpty() {
    return this.#held.size === 0;
  }

  add(path) {
    const { owner } = this.#options;
    this.#write((all) => [...all.filter((one) => !this.#is(one, path)), { path, owner, at: Date.now() }]);
    setTimeout(() => this.#sendDue(), UNDO_MS);
  }

  /** Shown again, unless it is on its way. */
  undo(path) {
    if (!this.#sending.has(path)) this.#write((all) => all.filter((one) => !this.#is(one, path) || one.isSent));
  }

  /** Everything now, before nobody is signed in any more. */
  async flush() {
    const soon = new Promise((resolve) => setTimeout(resolve, LEAVING_MS));
    await Promise.race([Promise.all(this.#sendAtOnce()), soon]);
  }

  // --- the list, which all tabs share

  #is({ path, owner }, wanted) {
    return path === wanted && owner === this.#options.owner;
  }

  #own(all) {
    return new Map(all.filter(({ owner }) => owner === this.#options.owner).map((one) => [one.path, one]));
  }

  #read() {
    try {
      const all = JSON.parse(ofBrowser.get(WAITING) ?? "[]");
      return all.filter(({ path, at }) => /^\/(images|chats)\/[\w-]{1,64}$/.test(path) && Number.isFinite(at));
    } catch {
      return []; // not ours
    }
  }

  #write(change) {
    const all = change(this.#read()).filter(({ isSent, at }) => !isSent || at > Date.now() - SENT_MS);
    if (all.length > 0) ofBrowser.set(WAITING, JSON.stringify(all));
    else ofBrowser.remove(WAITING);
    this.#compare(all);
  }

  /** What is new is hidden; what went without having been sent was undone. */
  #compare(all) {
    const before = this.#held;
    this.#held = this.#own(all);
    for (const path of this.#held.keys()) if (!before.has(path)) this.#options.onHide(path);
    for (const [path, { isSent }] of before) if (!isSent && !this.#held.has(path)) this.#options.onShow(path);
  }

  // --- telling the server

  get #unsent() {
    return [...this.#held.values()].filter(({ path, isSent }) => !isSent && !this.#sending.has(path));
  }

  #sendDue() {
    for (const { path, at } of this.#unsent) if (at <= Date.now() - UNDO_MS) this.#send(path);
  }

  async #send(path) {
    this.#sending.add(path);
    try {
      await this.#options.request("DELETE", path);
      this.#sent(path);
    } catch (error) {
      if (error.status === 404) this.#sent(path);
      else if (!(error instanceof ApiError) || error.undecided || error.status === 401) return; // once more later
      else this.#refused(path, error);
    } finally {
      this.#sending.delete(path);
    }
  }

  #sent(path) {
    this.#write((all) => all.map((one) => (this.#is(one, path) ? { ...one, isSent: true, at: Date.now() } : one)));
    this.#options.onGone(path);
  }

  #refused(path, error) {
    this.#held.delete(path);
    this.#write((all) => all.filter((one) => !this.#is(one, path)));
    this.#options.onShow(path, error);
  }

  /** Requests that outlive the page. They stay in the list: whoever comes next asks again. */
  #sendAtOnce() {
    const token = this.#options.token();
    if (!token) return [];
    const about = { method: "DELETE", keepalive: true, headers: { authorization: `Bearer ${token}` } };
    return this.#unsent.map(({ path }) => fetch(path, about).then((answer) => answer.text()).catch(() => {}));
  }

  // --- which tab is the last

  #beat() {
    const now = Date.now();
    const others = this.#others();
    ofBrowser.set(TABS, JSON.stringify({ ...others, [this.#tab]: now }));
    this.#sendDue();
  }

  #others() {
    try {
      const { [this.#tab]: own, ...others } = JSON.parse(ofBrowser.get(TABS) ?? "{}");
      return Object.fromEntries(Object.entries(others).filter(([, at]) => at > Date.now() - GONE_MS));
    } catch {
      return {};
    }
  }

  #leave() {
    const others = this.#others();
    if (Object.keys(others).length > 0) return ofBrowser.set(TABS, JSON.stringify(others));
    ofBrowser.remove(TABS);
    this.#sendAtOnce();
  }
}
