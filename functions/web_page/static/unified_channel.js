/**
 * The user's unified channel: live messages and pictures for any front end, with no dependencies.
 *
 *     const channel = connect({ url, token, snapshot });
 *     channel.on("message-update", ({ message }) => …);
 *
 * A frame's life: the socket, or the HTTP replay where no socket opens → Sequence, which holds it
 * until it is its turn → Messages, which knows whether it is news → the listeners of its event.
 * So each event arrives once, in order, and never takes anything back, whatever the network does.
 */
const GAP_MS = 300;
const ANSWER_MS = 10_000;
const HIDDEN_ANSWER_MS = 65_000; // timers of a hidden page come once a minute
const PING_OPEN_MS = 25_000;
const PING_IDLE_MS = 240_000;
const TYPING_MS = 300_000; // what a typing person needs stays warm for longer
const POLL_OPEN_MS = 2_000;
const POLL_IDLE_MS = 10_000;
const ROTATE_MS = 110 * 60_000; // API Gateway ends every socket after 120 minutes
const ROTATE_SPREAD_MS = 5 * 60_000;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 30_000;
const REPLACED_FAILURES = 8; // told to make room for a newer tab: come back late
const LINES_BEFORE_POLLING = 2; // lost in a row before they were level, although HTTP got through
const TIMEOUT_MS = 35_000; // the gateway gives up after 30 s
const UPLOAD_MS = 300_000; // 4.5 MB at 120 kbit/s
const CLOCK_MS = 2_500; // what a Date header, which has whole seconds and comes late, may be off
const READ_TRIES = 3;
const SEND_TRIES = 6;
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const UNREACHABLE = { message: "The server could not be reached." };
const NOBODY = { code: "token_failed", message: "You are not signed in." };
const STRANGER = { code: "wrong_url", message: "The server could not be reached." };
const OPEN = ["thinking", "generating"];
const EVENTS = [
  "message-insert", "message-update", "message-preview", "message-delta", "message-delete",
  "image-insert", "image-update", "image-delete", "chat-update", "chat-delete",
];
const SIGNALS = ["state", "change", "error"];

/** What keeps a channel from its work, in words for whoever builds the app. */
const TROUBLES = {
  token_failed: () => "`token` threw an error, or gave no text: nobody is signed in.",
  token_refused: () => "The server refused the token, also the one that `token` gave when it was told so.",
  wrong_url: (server) => `What answers at ${server} is not Afterimage: \`url\` is wrong.`,
  origin_not_allowed: (server) =>
    `${server} answers, but not to ${globalThis.location.origin}: name this origin in AllowedOrigins.`,
  unreachable: (server) =>
    `${server} does not answer: it is down, \`url\` is wrong, or the connect-src of this page's policy lacks it.`,
  socket_failed: () =>
    "No WebSocket gets through, so events are asked for over HTTP: does the connect-src of this page's policy name wss: and the channel's host?",
  snapshot_failed: () => "`snapshot` was rejected; it is called again.",
};
const OVER_WITH_A_TOKEN = ["token_failed", "token_refused"];
const OVER_WITH_AN_ANSWER = ["wrong_url", "origin_not_allowed", "unreachable"];

/**
 * The states of the connection: where an event leads from each (any other changes nothing), what
 * there is, and what the app is told.
 *
 * `wake`: a pause is over, or somebody looks. `lost`: no ticket, a socket that ended or does not
 * answer, a refused resume. `resumed`, `reset`: the server's frames. `leave`: the page is left.
 *
 * * Or connected: http. In these two states alone the HTTP replay may be asked again and again,
 *   where two lines in a row were lost before they were level or no WebSocket exists. Where the
 *   token is missing or was refused, the app is told "signed out" instead of "connecting".
 */
const ANY = { offline: "offline", leave: "away", close: "closed" };
const NO_LINE = { ...ANY, wake: "trying" };
const A_LINE = { ...ANY, resumed: "level", reset: "behind", lost: "waiting" };
const MOVES = {
  waiting: NO_LINE,                          // a pause before the next try         connecting *
  trying: A_LINE,                            // a line that was not level yet       connecting *
  level: A_LINE,                             // a line that brings every event      connected: socket
  behind: A_LINE,                            // a line, but a snapshot comes first  connecting
  offline: NO_LINE,                          // a long pause                        connecting
  away: { wake: "trying", close: "closed" }, // nothing until the page is back      connecting
  closed: {},                                // nothing                             closed
};

/** Opens a channel; see the type declarations beside this file for what it takes. */
export function connect(options) {
  return new UnifiedChannel(options);
}

/** Full jitter: anything between nothing and a ceiling that doubles with each failure, in ms. */
export function backoff(failures, random = Math.random) {
  return random() * Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** failures);
}

export class UnifiedChannel {
  state = "connecting"; // only #show sets it and `via`
  via = null; // "socket" or "http" while connected
  #at = "waiting"; // a state of MOVES; only #move sets it
  #options;
  #http;
  #sequence = new Sequence();
  #messages = new Messages();
  #listeners = new Map([...EVENTS, ...SIGNALS].map((name) => [name, new Set()]));
  #line = null;
  #successor = null; // the line that will take over before the first is ended by the gateway
  #failures = 0; // in a row; the next pause grows with them
  #unopened = 0; // lines in a row that were lost before they were level
  #replay = null; // the HTTP replay while it is in use, as { answers }
  #snapshot = null; // the snapshot being read
  #reading = Promise.resolve(); // one snapshot is read at a time
  #troubles = new Set(); // codes that were told, each until it is over
  #unreached = 0; // tries in a row that nothing answered
  #isLookedAt = false;
  #typedAt = -Infinity; // ms since 1970, when the server was told last that somebody types
  #clockOffset = 0; // ms that this device's clock is behind the server's, as far as is known
  #timers = {};
  #heard = {
    offline: () => this.#move("offline"),
    online: () => this.wake(),
    pagehide: () => this.#move("leave"), // a page that is kept would keep its socket open
    pageshow: () => this.#at === "away" && this.wake(),
    visibilitychange: () => globalThis.document.hidden || this.wake(),
    resume: () => this.#thaw(),
  };

  constructor({
    url = "", token, snapshot, random = Math.random,
    WebSocket = globalThis.WebSocket, fetch,
    XMLHttpRequest = fetch ? undefined : globalThis.XMLHttpRequest,
  }) {
    fetch ??= globalThis.fetch?.bind(globalThis);
    url = `${url}`.replace(/\/+$/, "");
    this.#options = { url, token, snapshot, random, WebSocket, fetch, XMLHttpRequest };
    this.#http = new Http(this.#options, {
      onDate: (date) => this.#heedDate(date),
      onToken: (trouble, cause) => this.#heedToken(trouble, cause),
    });
    this.#listen("addEventListener");
    queueMicrotask(() => this.#move("wake")); // listeners come first
  }

  close() {
    this.#listen("removeEventListener");
    this.#snapshot = null;
    this.#stop("snapshot");
    this.#move("close");
  }

  #listen(how) {
    for (const [name, act] of Object.entries(this.#heard)) globalThis[how]?.(name, act, true);
  }

  /** Calls `listener` with each payload of an event, "state", "change" or "error"; returns how to stop. */
  on(name, listener) {
    const listeners = this.#listeners.get(name);
    if (!listeners) throw new Error(`no such event: ${name}`);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Somebody looks, or the network is back: find out at once whether the line still works. */
  wake() {
    if (this.#timers.poll) this.#poll();
    if (this.#line?.resuming === false) this.#ping();
    else if (this.#line) this.#line.hurry();
    else this.#move("wake");
  }

  // --- what the app reads and sends over HTTP

  get(path) {
    return this.#http.call("GET", path, { tries: READ_TRIES });
  }

  /** Once; rejects with an ApiError. */
  request(method, path, body) {
    return this.#http.call(method, path, { body });
  }

  /** Posts a message and repeats it, under the same id, until the server has decided. */
  async send(chatId, text, {
    id = this.newId(), aspectRatio, imageIds, count, paint, imageSize, imageModel, again, suggestionId, replaces,
    onNewId,
  } = {}) {
    const body = {
      text, aspect_ratio: aspectRatio, image_ids: imageIds, count, paint,
      image_size: imageSize, image_model: imageModel, again, suggestion_id: suggestionId, replaces,
    };
    const answer = await this.#withGoodId(id, onNewId, (id) =>
      this.#http.call("POST", `/chats/${chatId}/messages`, { body: { id, ...body }, tries: SEND_TRIES }));
    this.take([answer.user_message, answer.assistant_message]);
    return answer;
  }

  /** Brings a picture up, and repeats that under the same id until the server has decided. */
  async upload(id, blob, { onProgress, signal, onNewId } = {}) {
    const { image } = await this.#withGoodId(id, onNewId, (id) =>
      this.#http.call("PUT", `/images/${id}`, { blob, onProgress, signal, tries: SEND_TRIES }));
    return image;
  }

  /** Once more under an id by the server's clock, where this device's is wrong. */
  async #withGoodId(id, onNewId, call) {
    return call(id).catch((error) => {
      if (error.code !== "clock_skew" || !error.serverTime) throw error;
      this.#setClock(Date.parse(error.serverTime));
      const corrected = this.newId();
      onNewId?.(corrected);
      return call(corrected);
    });
  }

  /** Sends an action that nothing answers, if a socket is open; false if none is. */
  tell(action) {
    return this.via === "socket" && !this.#line.resuming && this.#line.tell(action);
  }

  /** Somebody writes: what a message needs is built meanwhile. Told once in five minutes. */
  typing() {
    const isNews = Date.now() - this.#typedAt >= TYPING_MS;
    if (isNews && this.tell({ action: "typing" })) this.#typedAt = Date.now();
  }

  /** Whether somebody looks at the app, from now on. While nobody does, Web Push tells them. */
  look(isLooking) {
    if (this.#isLookedAt === isLooking) return;
    this.#isLookedAt = isLooking;
    this.tell({ action: "visible", value: isLooking }); // else with the next line
  }

  /** Messages that came over HTTP: the newest version known of each, without the deleted. */
  take(messages) {
    const newest = messages.map((message) => this.#messages.merge(message)).filter(Boolean);
    newest.filter((message) => message.truncated).forEach((message) => this.#readWhole(message));
    this.#schedulePing();
    this.#emit("change");
    return newest;
  }

  /** Chats or pictures that came over HTTP, without those deleted meanwhile. */
  present(rows) {
    return rows.filter((row) => this.#messages.isPresent(row));
  }

  /** One message, as the others; undefined where it was not heard of. */
  message(id) {
    return this.#messages.get(id);
  }

  /** What stands of a chat, as far as it was heard of or taken, oldest first. */
  messages(chatId) {
    return this.#messages.of(chatId);
  }

  /** All versions of the question that this message asks or answers, oldest first. */
  versions(id) {
    return this.#messages.versionsOf(id);
  }

  forget(chatId) {
    this.#messages.forget(chatId);
  }

  /** Epoch ms by the server's clock, as far as it has been told. */
  now() {
    return Date.now() + this.#clockOffset;
  }

  #heedDate(date) {
    const time = Date.parse(date) + 500; // the middle of its second
    if (Math.abs(time - this.now()) > CLOCK_MS) this.#setClock(time);
  }

  #setClock(time) {
    this.#clockOffset = time - Date.now();
  }

  /** A ULID: 48 bits of time in ms and 80 random bits, in Crockford's base 32. */
  newId() {
    let time = this.now();
    let id = "";
    for (let digit = 0; digit < 10; digit++) {
      id = CROCKFORD[time % 32] + id;
      time = Math.floor(time / 32);
    }
    for (const byte of crypto.getRandomValues(new Uint8Array(16))) id += CROCKFORD[byte % 32];
    return id;
  }

  // --- the connection

  #move(event) {
    const next = MOVES[this.#at][event];
    if (!next) return;
    this.#at = next;
    this.#stop("pause");
    if (MOVES[next] !== A_LINE) this.#dropLines();
    if (next !== "waiting" && next !== "trying") this.#stopPolling();
    switch (next) {
      case "waiting":
        this.#wakeIn(this.#nextPause());
        break;
      case "offline":
        this.#wakeIn(BACKOFF_MAX_MS);
        break;
      case "trying":
        this.#line = this.#openLine();
        break;
      case "level":
      case "behind":
        this.#failures = this.#unopened = 0;
        this.#troubles.delete("socket_failed");
        if (!this.#timers.rotate) {
          this.#rotateIn(ROTATE_MS + ROTATE_SPREAD_MS * this.#options.random());
        }
    }
    this.#show();
  }

  /** What the app is told of the state. */
  #show() {
    this.via = this.#at === "level" ? "socket" : this.#replay?.answers ? "http" : null;
    const waiting = this.#isSignedOut ? "signed out" : "connecting";
    const state = this.#at === "closed" ? "closed" : this.via ? "connected" : waiting;
    if (this.state === state) return;
    this.state = state;
    this.#emit("state", state);
  }

  #wakeIn(ms) {
    this.#after("pause", ms, () => this.#move("wake"));
  }

  #nextPause() {
    return backoff(this.#failures++, this.#options.random);
  }

  #openLine() {
    const line = new Line({
      after: () => this.#sequence.toResume(),
      onFrame: (frame) => this.#receive(frame, line),
      onLost: () => this.#lose(line),
    });
    this.#connect(line);
    return line;
  }

  /** Finds where events begin, then a ticket, then a socket, as long as this line is wanted. */
  async #connect(line) {
    const { WebSocket } = this.#options;
    try {
      if (this.#sequence.at === null) {
        const found = await this.#http.call("GET", "/realtime/events");
        if (line.isOver) return;
        if (!Number.isInteger(found?.seq)) throw new ApiError(0, STRANGER);
        this.#reached();
        this.#takeSnapshot(found.seq);
      }
      if (!WebSocket) return this.#startPolling();
      const { url } = await this.#http.call("POST", "/realtime/tickets");
      this.#reached();
      if (!line.isOver) line.use(new WebSocket(url));
    } catch (error) {
      if (line.isOver || this.#endsWith(error)) return;
      this.#diagnose(error);
      this.#lose(line);
    }
  }

  #lose(line) {
    if (line === this.#successor) return this.#loseSuccessor();
    const isUnopened = this.#at === "trying" && this.#sequence.at !== null; // and HTTP got through
    if (isUnopened && ++this.#unopened >= LINES_BEFORE_POLLING) {
      this.#startPolling();
      if (line.hasSocket) this.#complain("socket_failed");
    }
    this.#move("lost");
  }

  /** Closes where there is nothing to come back to. */
  #endsWith(error) {
    if (error.code !== "account_deleted") return false;
    this.close();
    return true;
  }

  #dropLines() {
    for (const name of ["ping", "gap", "rotate"]) this.#stop(name);
    this.#line?.drop();
    this.#successor?.drop();
    this.#line = this.#successor = null;
  }

  /** The page was frozen: what it was sent is lost, and its socket may be dead. */
  #thaw() {
    if (this.#line?.resuming === false) this.#resume();
    else this.wake();
  }

  // --- the next line, before the gateway ends this one

  #rotateIn(ms) {
    this.#after("rotate", ms, () => (this.#successor = this.#openLine()));
  }

  #loseSuccessor() {
    this.#successor.drop();
    this.#successor = null;
    this.#rotateIn(this.#nextPause());
  }

  /** This line is level. If it is the next one, the one before has served its time. */
  #useLine(line) {
    line.resuming = false;
    if (this.#isLookedAt) line.tell({ action: "visible", value: true });
    if (line !== this.#successor) return;
    this.#line.drop();
    this.#line = line;
    this.#successor = null;
  }

  // --- where no socket gets through

  #startPolling() {
    if (this.#replay) return;
    this.#replay = { answers: false };
    this.#poll();
  }

  #stopPolling() {
    this.#replay = null;
    this.#stop("poll");
  }

  async #poll() {
    this.#stop("poll");
    const mine = this.#replay;
    const found = await this.#askReplay();
    if (this.#replay !== mine) return;
    mine.answers = found !== null;
    if (found?.reset) this.#takeSnapshot(found.seq);
    else if (found) {
      found.events.forEach((frame) => this.#sequence.add(frame));
      this.#deliverInTurn();
    }
    if (this.#replay !== mine) return; // whoever was told has closed the channel
    const rest = this.#messages.anyOpen ? POLL_OPEN_MS : POLL_IDLE_MS;
    this.#after("poll", found?.events.length ? 0 : rest, () => this.#poll());
    this.#show();
  }

  async #askReplay() {
    try {
      const found = await this.#http.call("GET", `/realtime/events?after=${this.#sequence.level}`);
      this.#reached();
      return found;
    } catch (error) {
      if (!this.#endsWith(error)) this.#diagnose(error);
      return null;
    }
  }

  // --- what goes wrong

  get #isSignedOut() {
    return OVER_WITH_A_TOKEN.some((code) => this.#troubles.has(code));
  }

  /** The server took a token, or there is trouble with it. */
  #heedToken(trouble, cause) {
    if (trouble) this.#complain(trouble, cause);
    else OVER_WITH_A_TOKEN.forEach((code) => this.#troubles.delete(code));
    this.#show();
  }

  #reached() {
    this.#unreached = 0;
    OVER_WITH_AN_ANSWER.forEach((code) => this.#troubles.delete(code));
  }

  /** Why one of the connection's own steps failed; of the token it was told already. */
  #diagnose(error) {
    const { status, code, undecided } = error;
    if (status === 401 || code === NOBODY.code) return;
    if (!(error instanceof ApiError)) this.#complain("socket_failed", error);
    else if (code === STRANGER.code || (!undecided && (!code || code === "not_found"))) this.#complain("wrong_url", error);
    else if (this.via || globalThis.navigator?.onLine === false) return;
    else if (++this.#unreached === 2) this.#complainOfSilence(error);
  }

  /** To be silent once is what every network does. */
  async #complainOfSilence(error) {
    const mayBeHeldBack = error.status === 0 && this.#sequence.at === null;
    const isHeldBack = mayBeHeldBack && (await this.#answersToOthers());
    if (this.#unreached) this.#complain(isHeldBack ? "origin_not_allowed" : "unreachable", error);
  }

  /** Browsers tell a page of another origin the same of a server that is down and of one that bars it. */
  async #answersToOthers() {
    const { url, fetch } = this.#options;
    const { origin, href } = globalThis.location ?? {};
    try {
      if (!origin || new URL(url, href).origin === origin) return false;
      const signal = AbortSignal.timeout(ANSWER_MS);
      await fetch(`${url}/config.json`, { method: "GET", headers: {}, mode: "no-cors", signal });
      return true;
    } catch {
      return false;
    }
  }

  /** Once for each trouble until it is over, aloud where nobody listens. */
  #complain(code, cause) {
    if (this.#troubles.has(code) || this.#at === "closed") return;
    this.#troubles.add(code);
    const message = TROUBLES[code](this.#options.url || "This page's own origin");
    if (this.#listeners.get("error").size > 0) this.#emit("error", { code, message, cause });
    else console.error(`Afterimage: ${message} (${code})`, ...(cause ? [cause] : []));
  }

  // --- what is sent

  #resume() {
    this.#stop("gap");
    this.#line.resume();
  }

  #ping() {
    this.#line.ping();
    this.#schedulePing();
  }

  #schedulePing() {
    const silence = this.#messages.anyOpen ? PING_OPEN_MS : PING_IDLE_MS;
    if (this.via === "socket") this.#after("ping", silence, () => this.#ping());
  }

  // --- what is received

  #receive(frame, line) {
    if (frame.type === "system") return this.#heed(frame, line);
    if (frame.seq === null) {
      if (!this.#snapshot) this.#deliver(frame); // one that comes too early is not worth keeping
      return;
    }
    this.#sequence.add(frame);
    this.#deliverInTurn();
    this.#watchGap();
  }

  #heed({ event, seq, code }, line) {
    switch (event) {
      case "resumed":
        this.#useLine(line);
        this.#move(event);
        this.#schedulePing();
        break;
      case "more":
        return line.resume();
      case "reset":
        this.#useLine(line);
        this.#takeSnapshot(seq);
        return this.#move(event);
      case "error":
        if (code === "account_deleted") return this.close(); // there is nothing to come back to
        if (code === "replaced") this.#failures = REPLACED_FAILURES;
        // A token that has ended is not this line's to renew: a fresh ticket comes with the next.
        if (line.resuming || code === "token_expired") return this.#lose(line);
        break;
      case "pong":
        break;
      default:
        throw new Error(`unknown system frame: ${event}`);
    }
    this.#sequence.hearOf(seq);
    this.#watchGap();
  }

  #deliverInTurn() {
    if (this.#snapshot) return;
    for (const frame of this.#sequence.inTurn()) this.#deliver(frame);
  }

  #deliver(frame) {
    let news;
    try {
      news = this.#messages.apply(frame);
    } catch (error) {
      return report(error); // loud, and yet the next event gets its turn
    }
    if (!news) return;
    this.#schedulePing();
    this.#emit(frame.event, news);
    if (frame.event !== "message-preview") this.#emit("change");
    if (news.message?.truncated) this.#readWhole(news.message);
  }

  /** What is missing may be on its way; when it stays away, ask for it. */
  #watchGap() {
    if (!this.#sequence.isBehind) this.#stop("gap");
    else if (!this.#timers.gap && this.#line && !this.#line.resuming) {
      this.#after("gap", this.#sequence.patience, () => this.#resume());
    }
  }

  /** A text that was too long for a frame. */
  async #readWhole({ chat_id, id }) {
    const whole = await this.get(`/chats/${chat_id}/messages/${id}`).catch(() => null);
    if (whole) this.#deliver({ event: "message-update", payload: { chat_id, message: whole } });
  }

  #emit(name, payload) {
    for (const listener of this.#listeners.get(name)) {
      try {
        listener(payload);
      } catch (error) {
        report(error); // one listener's defect is not the next one's
      }
    }
  }

  // --- snapshots

  /** Live events wait their turn while the snapshot that stands for `seq` is read and shown. */
  async #takeSnapshot(seq) {
    const mine = (this.#snapshot = {});
    this.#sequence.restart(seq);
    this.#messages.forgetAll();
    const show = await (this.#reading = this.#reading.then(() => this.#readSnapshot(mine)));
    if (this.#snapshot !== mine) return; // closed, or reset again
    this.#snapshot = null;
    if (typeof show === "function") show();
    this.#deliverInTurn();
    this.#emit("change");
    this.#schedulePing();
    if (this.#at === "behind" && !this.#line.resuming) this.#resume();
  }

  async #readSnapshot(mine) {
    for (let failures = 0; this.#snapshot === mine; failures++) {
      try {
        const show = await this.#options.snapshot?.();
        this.#troubles.delete("snapshot_failed");
        return show;
      } catch (error) {
        if (this.#snapshot !== mine || this.#endsWith(error)) return;
        if (error instanceof ApiError && (error.undecided || error.status === 401)) this.#diagnose(error);
        else this.#complain("snapshot_failed", error);
        await new Promise((over) => this.#after("snapshot", backoff(failures, this.#options.random), over));
      }
    }
  }

  // --- timers, one of a name at a time

  #after(name, ms, act) {
    this.#stop(name);
    this.#timers[name] = setTimeout(() => {
      delete this.#timers[name];
      act();
    }, ms);
  }

  #stop(name) {
    clearTimeout(this.#timers[name]);
    delete this.#timers[name];
  }
}

/** One try: once it has a socket it asks for what was missed, and is lost if that does not answer. */
class Line {
  resuming = true;
  isOver = false;
  #owner;
  #socket = null;
  #answer;
  #patience;

  /** @param owner `after()`, the seq to resume after; `onFrame(frame)`; `onLost()` */
  constructor(owner) {
    this.#owner = owner;
  }

  use(socket) {
    this.#socket = socket;
    this.#expectAnswer();
    socket.onopen = () => this.resume();
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = socket.onerror = this.#owner.onLost; // what a policy refuses never closes
  }

  resume() {
    this.resuming = true;
    if (this.tell({ action: "resume", after: this.#owner.after() })) this.#expectAnswer();
  }

  ping() {
    // Beside a resume only that one's answer counts: who was to give it may have died.
    if (this.tell({ action: "ping" }) && !this.resuming) this.#expectAnswer();
  }

  tell(frame) {
    if (this.#socket?.readyState !== 1) return false; // if it is closing, onclose will say so
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Somebody looks: what a hidden page waits for shall come soon. */
  hurry() {
    if (this.#patience > ANSWER_MS) this.#expectAnswer();
  }

  get hasSocket() {
    return this.#socket !== null;
  }

  /** From here on it has no say. */
  drop() {
    this.isOver = true;
    clearTimeout(this.#answer);
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = () => {};
    socket.close();
  }

  #receive(frame) {
    const isAnswer = frame.type === "system" && !(this.resuming && frame.event === "pong");
    if (isAnswer) clearTimeout(this.#answer);
    this.#owner.onFrame(frame);
  }

  #expectAnswer() {
    clearTimeout(this.#answer);
    this.#patience = globalThis.document?.hidden ? HIDDEN_ANSWER_MS : ANSWER_MS;
    this.#answer = setTimeout(this.#owner.onLost, this.#patience);
  }
}

/** Events in order of `seq`: each once, none before its turn. */
class Sequence {
  at = null; // the last event that had its turn, or the one a snapshot stands for
  #known = 0; // the highest seq heard of
  #early = new Map(); // seq → an event that came before its turn
  #resumedAfter = null;
  #fruitless = 0; // resumes in a row that did not bring what is missing

  restart(seq) {
    this.at = this.#known = seq;
    this.#early.clear();
  }

  add(frame) {
    if (frame.seq > this.at) this.#early.set(frame.seq, frame);
    this.hearOf(frame.seq);
  }

  hearOf(seq) {
    this.#known = Math.max(this.#known, seq ?? 0);
  }

  *inTurn() {
    for (let next; (next = this.#early.get(this.at + 1)); ) {
      this.#early.delete(++this.at);
      yield next;
    }
  }

  /** The last seq before the first hole, counting what still waits for a snapshot. */
  get level() {
    let seq = this.at;
    while (this.#early.has(seq + 1)) seq++;
    return seq;
  }

  get isBehind() {
    return this.#known > this.level;
  }

  /** The seq to resume after; counts whether the resume before was of use. */
  toResume() {
    const after = this.level;
    this.#fruitless = this.isBehind && after === this.#resumedAfter ? this.#fruitless + 1 : 0;
    return (this.#resumedAfter = after);
  }

  /** How long what is missing may be on its way, in ms. */
  get patience() {
    return Math.min(BACKOFF_MAX_MS, GAP_MS * 2 ** this.#fruitless);
  }
}

/** The newest version of every message heard of, and the ids that never come back. */
class Messages {
  #held = new Map(); // id → Message
  #lines = new Map(); // line → ids of its messages
  #open = new Set();
  #deleted = new Set(); // of messages, pictures and chats

  /** The newest version known of this message, or null if it was deleted. */
  merge(message) {
    if (!this.isPresent(message)) return null;
    message = this.#withoutDeleted(message);
    const held = this.#held.get(message.id);
    if (held && (held.version > message.version || isCutShort(message, held))) return held;
    if (keepsWords(message, held)) message = { ...message, text: held.text };
    this.#held.set(message.id, message);
    const line = lineOf(message);
    this.#lines.set(line, (this.#lines.get(line) ?? new Set()).add(message.id));
    this.#open[OPEN.includes(message.meta.status) ? "add" : "delete"](message.id);
    return message;
  }

  /** Applies an event; what is told of it, or nothing if it says nothing new. */
  apply({ event, payload }) {
    if (event === "message-insert" || event === "message-update") {
      const message = this.#isNews(payload.message) && this.merge(payload.message);
      return message && { ...payload, message };
    }
    return this.#takes(event, payload) && payload;
  }

  /**
   * Words of an answer that is being written; false if none of them is new. Of one that came too late
   * for its beginning nothing is kept, and yet it is told: words are being written.
   */
  #write({ message_id, version, offset, text }) {
    const held = this.#held.get(message_id);
    if (held?.version !== version || held.meta.status !== "thinking" || held.text === null) return false;
    const known = [...held.text]; // by code points, as the offset counts
    const grown = known.slice(0, offset).join("") + text;
    if (offset > known.length) return true;
    if (grown.length <= held.text.length) return false;
    this.#held.set(message_id, { ...held, text: grown });
    return true;
  }

  #takes(event, payload) {
    switch (event) {
      case "message-preview": {
        const slots = this.#held.get(payload.message_id)?.meta.images ?? [];
        return slots.some(({ id, status }) => id === payload.image_id && status === "generating");
      }
      case "message-delta":
        return this.#write(payload);
      case "message-delete":
        payload.message_ids.forEach((id) => this.#delete(id));
        return true;
      case "image-insert":
        return this.isPresent(payload.image);
      case "image-update":
        for (const message of this.#held.values()) this.#held.set(message.id, withAttachment(message, payload.image));
        return this.isPresent(payload.image);
      case "image-delete":
        payload.image_ids.forEach((id) => this.#deleted.add(id));
        for (const message of this.#held.values()) this.#held.set(message.id, this.#withoutDeleted(message));
        return true;
      case "chat-update":
        return this.isPresent(payload.chat);
      case "chat-delete":
        this.#deleted.add(payload.chat_id);
        this.forget(payload.chat_id);
        return true;
      default:
        throw new Error(`unknown event: ${event}`);
    }
  }

  isPresent({ id, chat_id }) {
    return !this.#deleted.has(id) && !this.#deleted.has(chat_id);
  }

  get(id) {
    return this.#held.get(id);
  }

  of(chatId) {
    const found = [...this.#held.values()].filter((message) => message.chat_id === chatId).sort(byId);
    const standing = newestStanding(found);
    return found.filter((message) => {
      const shown = standing.get(lineOf(message)); // of which the answer goes with its question
      return shown ? shown === (message.role === "user" ? message.id : message.reply_to) : message.stands !== false;
    });
  }

  /** Two stand for as long as the events of a change are on their way: the newest of them counts. */
  versionsOf(id) {
    const ids = this.#lines.get(lineOf(this.#held.get(id) ?? { id })) ?? [];
    const messages = [...ids].map((id) => this.#held.get(id)).sort(byId);
    const standing = new Set(newestStanding(messages).values());
    const answers = new Map(messages.map((message) => [message.reply_to, message]));
    return messages.filter(({ role }) => role === "user").map((question) => ({
      question, answer: answers.get(question.id) ?? null, stands: standing.has(question.id),
    }));
  }

  get anyOpen() {
    return this.#open.size > 0;
  }

  forget(chatId) {
    for (const { id, chat_id } of this.#held.values()) if (chat_id === chatId) this.#drop(id);
  }

  forgetAll() {
    this.#held.clear();
    this.#lines.clear();
    this.#open.clear();
  }

  /** An attachment that was deleted is null: nothing else is told of it. */
  #withoutDeleted(message) {
    const { attachments } = message.meta;
    const isGone = (image) => image !== null && !this.isPresent(image);
    if (!attachments?.some(isGone)) return message;
    const left = attachments.map((image) => (image && !isGone(image) ? image : null));
    return { ...message, meta: { ...message.meta, attachments: left } };
  }

  #isNews(message) {
    const held = this.#held.get(message.id);
    return !held || message.version > held.version || isCutShort(held, message);
  }

  #delete(id) {
    this.#deleted.add(id);
    this.#drop(id);
  }

  #drop(id) {
    if (this.#held.has(id)) this.#lines.get(lineOf(this.#held.get(id))).delete(id);
    this.#held.delete(id);
    this.#open.delete(id);
  }
}

/** A question, its answer, and all their versions are one line, named by the first question of it. */
function lineOf({ version_of, reply_to, id }) {
  return version_of ?? reply_to ?? id;
}

/** Of messages in order, by their line, the question that stands. */
function newestStanding(messages) {
  const questions = messages.filter(({ role, stands }) => role === "user" && stands !== false);
  return new Map(questions.map((question) => [lineOf(question), question.id]));
}

function byId(a, b) {
  return a.id < b.id ? -1 : 1;
}

/** The first is the second without its text, which was too long for a frame. */
function isCutShort(message, other) {
  return message.version === other.version && message.truncated && !other.truncated;
}

/** The message with one of its attachments as that is now. */
function withAttachment(message, image) {
  const { attachments } = message.meta;
  if (!attachments?.some((one) => one?.id === image.id)) return message;
  const now = attachments.map((one) => (one?.id === image.id ? { ...image, prompt: null } : one));
  return { ...message, meta: { ...message.meta, attachments: now } };
}

/** The second has words that were shown while they were written, and the first says no other. */
function keepsWords({ text, version, meta }, held) {
  if (!held?.text || text !== "") return false;
  return version === held.version
    || (meta.status === "cancelled" && held.meta.status === "thinking" && version === held.version + 1);
}

/** The HTTP API: the token, one kind of error, and repeats of what may be repeated. */
class Http {
  #options;
  #owner;

  /**
   * @param owner `onDate(date)`, when the server answered, where that may be read;
   *   `onToken(trouble, cause)`, what is wrong with it; null where the server took it
   */
  constructor(options, owner) {
    this.#options = options;
    this.#owner = owner;
  }

  /**
   * @param {object} sent `body` as JSON, or a `blob` as it is, of which `onProgress` hears how much
   *   has gone up; an AbortSignal ends it, and its reason is what it rejects with
   */
  async call(method, path, { tries = 1, ...sent } = {}) {
    for (let failures = 1; ; failures++) {
      try {
        return await this.#once(method, path, sent);
      } catch (error) {
        sent.signal?.throwIfAborted();
        if (!error.undecided || failures === tries) throw error;
        const wished = 1000 * (error.retryAfter ?? 0);
        await pause(Math.max(wished, backoff(failures, this.#options.random)));
        sent.signal?.throwIfAborted();
      }
    }
  }

  async #once(method, path, sent) {
    let response = await this.#fetch(method, path, sent, { refused: false });
    if (response.status === 401) response = await this.#fetch(method, path, sent, { refused: true });
    const answer = await this.#read(response);
    const error = response.ok ? null : new ApiError(response.status, answer?.error);
    if (response.status === 401) this.#owner.onToken("token_refused", error);
    else if (response.ok || (error.code && error.code !== "not_found")) this.#owner.onToken(null);
    if (error) throw error;
    return answer;
  }

  /** The body's JSON, null where there is none or it is somebody else's error page. */
  async #read(response) {
    let text = "{";
    try {
      text = await response.text();
      return text ? JSON.parse(text) : null;
    } catch (cause) {
      const isCutOff = text.startsWith("{");
      if (response.ok) throw new ApiError(0, isCutOff ? UNREACHABLE : STRANGER, { cause });
      return null;
    }
  }

  async #authorization(refused) {
    try {
      const token = await this.#options.token({ refused });
      if (!token || typeof token !== "string") throw new TypeError(`the token is ${typeof token}`);
      return `Bearer ${token}`;
    } catch (cause) {
      this.#owner.onToken(NOBODY.code, cause);
      throw new ApiError(0, NOBODY, { cause });
    }
  }

  async #fetch(method, path, { body, blob, onProgress, signal }, { refused }) {
    const { url, fetch, XMLHttpRequest } = this.#options;
    const headers = { authorization: await this.#authorization(refused) };
    try {
      const inTime = AbortSignal.timeout(blob ? UPLOAD_MS : TIMEOUT_MS);
      const init = { method, headers, signal: signal ? AbortSignal.any([inTime, signal]) : inTime };
      if (body || blob) {
        headers["content-type"] = blob?.type ?? "application/json";
        init.body = blob ?? JSON.stringify(body);
      }
      const tells = onProgress && XMLHttpRequest; // which alone says how much has gone up
      const response = await (tells ? sendTelling(onProgress, XMLHttpRequest, url + path, init) : fetch(url + path, init));
      this.#owner.onDate(response.headers.get("date"));
      return response;
    } catch (cause) {
      throw new ApiError(0, UNREACHABLE, { cause });
    }
  }
}

/** As `fetch`, telling how much of the body has gone up, from 0 to 1. */
function sendTelling(onProgress, XMLHttpRequest, url, { method, headers, body, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    request.onload = () => {
      const { status, responseText } = request;
      const get = () => null; // to ask for a header that may not be read would be a complaint
      resolve({ status, ok: status >= 200 && status < 300, headers: { get }, text: async () => responseText });
    };
    request.onerror = request.onabort = reject;
    signal.addEventListener("abort", () => request.abort());
    signal.throwIfAborted();
    request.send(body);
  });
}

/** A request that was refused or could not be made; `message` is a sentence for people. */
export class ApiError extends Error {
  name = "ApiError";

  constructor(status, { code = null, message, retry_after = null, server_time = null } = {}, options) {
    super(message ?? "Something went wrong. Please try again.", options);
    Object.assign(this, { status, code, retryAfter: retry_after, serverTime: server_time });
  }

  /** Nothing was decided: the network failed, the server did, or the gateway was too busy. */
  get undecided() {
    return this.status === 0 || this.status >= 500 || (this.status === 429 && !this.code);
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Loud, and yet in nobody's way. */
function report(error) {
  (globalThis.reportError ?? console.error)(error); // Node has none
}
