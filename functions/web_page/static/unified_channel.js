/**
 * The user's unified channel: one WebSocket that brings every event of every chat.
 *
 * A frame's life: the socket → #receive → held in #early until it is its turn → #deliver → onEvent.
 * Each event is delivered once and in order of `seq`, whatever the network does in between.
 * Nothing here knows of the page: the socket's class, tickets and snapshots are handed in.
 */
const GAP_MS = 300;
const ANSWER_MS = 10_000;
const PING_OPEN_MS = 25_000;
const PING_IDLE_MS = 240_000;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 30_000;
const REPLACED_FAILURES = 8; // told to make room for a newer tab: come back late

/** Full jitter: anything between nothing and a ceiling that doubles with each failure, in ms. */
export function backoff(failures, random = Math.random) {
  return random() * Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** failures);
}

export class UnifiedChannel {
  state = "closed"; // closed → connecting ⇄ connected; only #become sets it
  #options;
  #socket = null;
  #turn = 0; // which attempt to connect is the current one
  #failures = 0;
  #seq = null; // the last event delivered, or the one a snapshot stands for
  #known = 0; // the highest seq heard of
  #early = new Map(); // seq → an event that came before its turn
  #snapshot = null; // the snapshot being read
  #resuming = false;
  #resumedAfter = null;
  #fruitless = 0; // resumes in a row that brought nothing
  #timers = {};

  /**
   * @param {{
   *   fetchSeq: () => Promise<number>, the current seq over HTTP
   *   fetchTicket: () => Promise<string>, a URL that opens one socket
   *   readSnapshot: () => Promise<object>, everything the page shows, over HTTP
   *   applySnapshot: (snapshot: object) => void,
   *   onEvent: (frame: object) => void,
   *   onState: (state: "closed"|"connecting"|"connected") => void,
   *   hasOpenMessage: () => boolean,
   *   WebSocket?: typeof WebSocket,
   *   random?: () => number,
   * }} options
   */
  constructor(options) {
    this.#options = { WebSocket: globalThis.WebSocket, random: Math.random, ...options };
  }

  open() {
    if (this.state === "closed") this.#connect();
  }

  close() {
    this.#drop();
    this.#snapshot = null;
    this.#become("closed");
  }

  /** The network went away: the socket may not notice for minutes. */
  offline() {
    if (this.state !== "closed") this.#reconnect();
  }

  /** The network is back, or somebody looks at the page again. */
  wake() {
    if (this.state === "connected") this.#ping();
    else if (this.#timers.reconnect) this.#connect();
  }

  /** A message was opened or ended: how long the channel may be silent changes. */
  schedulePing() {
    const silence = this.#options.hasOpenMessage() ? PING_OPEN_MS : PING_IDLE_MS;
    if (this.state === "connected") this.#after("ping", silence, () => this.#ping());
  }

  // --- the connection

  async #connect() {
    this.#stop("reconnect");
    this.#become("connecting");
    const turn = ++this.#turn;
    try {
      if (this.#seq === null) {
        const seq = await this.#options.fetchSeq();
        if (turn !== this.#turn) return;
        this.#takeSnapshot(seq);
      }
      const url = await this.#options.fetchTicket();
      if (turn === this.#turn) this.#listen(new this.#options.WebSocket(url));
    } catch {
      if (turn === this.#turn) this.#reconnect();
    }
  }

  #listen(socket) {
    this.#socket = socket;
    this.#expectAnswer();
    socket.onopen = () => this.#resume();
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = () => this.#reconnect();
  }

  #reconnect() {
    this.#drop();
    this.#become("connecting");
    const delay = backoff(this.#failures++, this.#options.random);
    this.#after("reconnect", delay, () => this.#connect());
  }

  #drop() {
    this.#turn++;
    for (const name of Object.keys(this.#timers)) this.#stop(name);
    this.#resuming = false;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null; // an old socket has no say any more
    socket.close();
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.#options.onState(state);
  }

  // --- what is sent

  #resume() {
    const after = this.#level();
    this.#fruitless = after === this.#resumedAfter ? this.#fruitless + 1 : 0;
    this.#resumedAfter = after;
    this.#resuming = true;
    this.#stop("gap");
    this.#send({ action: "resume", after });
  }

  #ping() {
    this.#send({ action: "ping" });
    this.schedulePing();
  }

  #send(frame) {
    this.#socket.send(JSON.stringify(frame));
    this.#expectAnswer();
  }

  #expectAnswer() {
    this.#after("answer", ANSWER_MS, () => this.#reconnect());
  }

  // --- what is received

  #receive(frame) {
    if (frame.type === "system") this.#heed(frame);
    else if (frame.seq === null) this.#receivePreview(frame);
    else if (frame.seq > this.#seq) {
      this.#early.set(frame.seq, frame);
      this.#hearOf(frame.seq);
    }
  }

  #receivePreview(frame) {
    if (!this.#snapshot) this.#deliver(frame);
  }

  #heed(frame) {
    this.#stop("answer");
    switch (frame.event) {
      case "resumed":
        this.#answered();
        this.#become("connected");
        this.schedulePing();
        break;
      case "more":
        this.#answered();
        this.#resume();
        break;
      case "reset":
        this.#answered();
        this.#become("connecting");
        this.#takeSnapshot(frame.seq);
        return;
      case "error":
        if (frame.code === "replaced") this.#failures = REPLACED_FAILURES;
        if (this.#resuming) return this.#reconnect();
        break;
      case "pong":
        break;
      default:
        throw new Error(`unknown system frame: ${frame.event}`);
    }
    this.#hearOf(frame.seq);
  }

  #answered() {
    this.#resuming = false;
    this.#failures = 0;
  }

  #hearOf(seq) {
    this.#known = Math.max(this.#known, seq ?? 0);
    this.#deliverInTurn();
    this.#watchGap();
  }

  #deliverInTurn() {
    while (!this.#snapshot && this.#early.has(this.#seq + 1)) {
      const frame = this.#early.get(++this.#seq);
      this.#early.delete(this.#seq);
      this.#deliver(frame);
    }
  }

  #deliver(frame) {
    try {
      this.#options.onEvent(frame);
    } catch (error) {
      reportError(error); // loud, and yet the next event gets its turn
    }
    this.schedulePing();
  }

  /** What is missing may be on its way; when it stays away, ask for it. */
  #watchGap() {
    if (this.#known <= this.#level()) this.#stop("gap");
    else if (!this.#timers.gap && !this.#resuming && this.#socket) {
      const patience = Math.min(BACKOFF_MAX_MS, GAP_MS * 2 ** this.#fruitless);
      this.#after("gap", patience, () => this.#resume());
    }
  }

  /** The last seq before the first hole, counting what a snapshot still holds back. */
  #level() {
    let seq = this.#seq;
    while (this.#early.has(seq + 1)) seq++;
    return seq;
  }

  // --- snapshots

  /** Live events wait in #early while the snapshot that stands for `seq` is read. */
  async #takeSnapshot(seq) {
    const mine = (this.#snapshot = {});
    this.#seq = this.#known = seq;
    this.#early.clear();
    const snapshot = await this.#readUntilRead(mine);
    if (this.#snapshot !== mine) return; // closed, or reset again
    this.#snapshot = null;
    this.#options.applySnapshot(snapshot);
    this.#deliverInTurn();
    this.schedulePing();
    if (this.#resetting) this.#resume(); // a reset replays nothing
  }

  async #readUntilRead(mine) {
    for (let failures = 0; this.#snapshot === mine; failures++) {
      try {
        return await this.#options.readSnapshot();
      } catch {
        const delay = backoff(failures, this.#options.random);
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  get #resetting() {
    return this.state === "connecting" && this.#socket?.readyState === 1 && !this.#resuming;
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
