/** A list that is read by pages, and shown as a value that stays the same until it changes. */
const PAGE = 50;

/** A value, who looks at it, and how it is built where it may have changed. */
class Shown {
  #listeners = new Set();
  #build;
  #value;
  #isStale = true;

  constructor(build) {
    this.#build = build;
  }

  get isWatched() {
    return this.#listeners.size > 0;
  }

  get = () => {
    if (this.#isStale) this.#value = this.#build();
    this.#isStale = false;
    return this.#value;
  };

  listen(listener) {
    const own = () => listener(); // React may give the same one twice
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  change() {
    this.#isStale = true;
    for (const listener of this.#listeners) listener();
  }
}

/** Pages of a list, the newest first: what has been read of it, and what is wrong. */
export class Listed {
  isRead = false;
  error = null;
  cursor = null;
  #live;
  #reading = null;
  #shown;

  /**
   * @param {() => object} build the part of the value that is this list's own
   * @param {object} nothing what there is of it before anything is known, as on a server
   */
  constructor(live, build, nothing) {
    this.#live = live;
    this.#shown = new Shown(() => ({
      ...build(),
      state: live.state,
      isLoading: !this.isRead && !this.error,
      error: this.error,
      readOlder: this.cursor && this.#readOlder,
    }));
    this.get = this.#shown.get;
    const atFirst = { ...nothing, state: "connecting", isLoading: true, error: null, readOlder: null };
    let onServer;
    this.getOnServer = () => (onServer ??= { ...build(), ...atFirst });
  }

  get isWatched() {
    return this.#shown.isWatched;
  }

  changed() {
    this.#shown.change();
  }

  listen = (listener) => {
    const stop = this.#shown.listen(listener);
    this.readIfMissing();
    return () => {
      stop();
      if (!this.isWatched) this.#live.left(this);
    };
  };

  /** Nothing of it is known any more. */
  forget() {
    this.isRead = false;
    this.cursor = this.error = this.#reading = null;
  }

  /** Reads its first page, unless that comes with the channel's first snapshot. */
  async readIfMissing() {
    if (this.isRead || this.#reading || !this.#live.hasBegun) return;
    const mine = (this.#reading = this.fetch());
    const page = await mine;
    if (this.#reading !== mine) return; // a snapshot came in between
    this.#reading = null;
    this.show(page);
    this.changed();
  }

  /** The first page, or why there is none. */
  async fetch() {
    try {
      return await this.read(`limit=${PAGE}`);
    } catch (error) {
      return { error };
    }
  }

  show({ error = null, ...page }) {
    this.#reading = null;
    this.error = error;
    if (error) return;
    this.isRead = true;
    this.cursor = page.next_cursor;
    this.keep(page, { isFirst: true });
  }

  #readOlder = async () => {
    const { cursor } = this;
    const page = await this.read(`limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`);
    if (this.cursor !== cursor) return; // somebody else read it
    this.cursor = page.next_cursor;
    this.keep(page, { isFirst: false });
    this.changed();
  };
}

/** The last of each id, oldest first. */
export function byId(rows) {
  const last = new Map(rows.map((row) => [row.id, row]));
  return [...last.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
