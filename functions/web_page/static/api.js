/** The HTTP API: JSON in and out, the token, errors with a code, and repeats of what may be repeated. */
import { backoff } from "./unified_channel.js";

const TIMEOUT_MS = 35_000; // the gateway gives up after 30 s

/** A request that was refused or could not be made; `message` is a sentence for people. */
export class ApiError extends Error {
  constructor(status, { code = null, message, retry_after = null, server_time = null } = {}) {
    super(message ?? "Something went wrong. Please try again.");
    Object.assign(this, { status, code, retryAfter: retry_after, serverTime: server_time });
  }

  /** Nothing was decided: the network failed, the server did, or the gateway was too busy. */
  get undecided() {
    return this.status === 0 || this.status >= 500 || (this.status === 429 && !this.code);
  }
}

export class Api {
  #signIn;

  constructor(signIn) {
    this.#signIn = signIn;
  }

  get(path) {
    return this.#repeat(() => this.#call("GET", path), 3);
  }

  /** Once. */
  post(path, body) {
    return this.#call("POST", path, body);
  }

  /** Until it is decided: only for a body whose `id` makes a repeat harmless. */
  postRepeatedly(path, body) {
    return this.#repeat(() => this.#call("POST", path, body), 6);
  }

  async #repeat(call, tries) {
    for (let failures = 0; ; failures++) {
      try {
        return await call();
      } catch (error) {
        if (!error.undecided || failures + 1 === tries) throw error;
        await new Promise((resolve) => setTimeout(resolve, backoff(failures + 1)));
      }
    }
  }

  async #call(method, path, body) {
    const response = await this.#fetch(method, path, body);
    if (response.status === 401) await this.#signIn.renew();
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw new ApiError(response.status, answer?.error);
    return answer;
  }

  async #fetch(method, path, body) {
    const headers = { authorization: `Bearer ${this.#signIn.token}` };
    if (body) headers["content-type"] = "application/json";
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      return await fetch(path, { method, headers, signal, body: body && JSON.stringify(body) });
    } catch {
      throw new ApiError(0, { message: "The server could not be reached." });
    }
  }
}
