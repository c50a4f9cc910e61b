/**
 * Who is signed in, by OpenID Connect: authorization code with PKCE. Tokens live in memory only. And
 * what this tab keeps for them over a sign-in: drafts.
 */
import * as oauth from "./vendor/oauth4webapi.js";

// Of this tab. "in": sign in again after a reload; "out": ask who it is; "asked": the issuer was,
// without a page of its, whether somebody is signed in.
const SESSION = "afterimage.session";
const KNOWN = "afterimage.known"; // of this browser: somebody is signed in here; who, is not said
const REDIRECT = "afterimage.redirect"; // what must survive the way to the issuer and back
const OFFLINE = "offline_access"; // the scope of refresh tokens
const REFUSED = "afterimage.refused"; // the scopes that the issuer did not grant, OFFLINE among them
// To a client that may not have it (RFC 6749, 4.1.2.1), or to somebody who may not (Keycloak).
const REFUSALS = ["invalid_scope", "not_allowed"];
const ANSWER = "afterimage.answer"; // by which a window says how its sign-in ended
const WINDOW = "popup,width=480,height=680";
const isFramed = window.top !== window;
const YOUNG_MS = 60_000; // a token refused this early will not get better by asking for another
const EARLY_MS = 60_000; // renewed this long before it expires

/** What a storage holds; where it throws, as in a frame that may not have any, this page holds it. */
class Kept {
  #storage;
  #held = new Map();

  /** @param {() => Storage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  get(name) {
    const found = this.#try((storage) => storage.getItem(name));
    return found === undefined ? this.#held.get(name) ?? null : found;
  }

  set(name, value) {
    this.#held.set(name, value);
    this.#try((storage) => storage.setItem(name, value));
  }

  remove(name) {
    this.#held.delete(name);
    this.#try((storage) => storage.removeItem(name));
  }

  #try(act) {
    try {
      return act(this.#storage());
    } catch {
      return undefined;
    }
  }
}

const ofTab = new Kept(() => sessionStorage);
export const ofBrowser = new Kept(() => localStorage);

/** The browser opened no window. */
export class WindowRefused extends Error {}

export class Session {
  name = "";
  subject = ""; // who it is, to the issuer; "" where it does not say
  #config;
  #client;
  #options = {};
  #token = null;
  #refreshToken = null;
  #idToken = null;
  #signedInAt = 0;
  #expiresAt = Infinity;
  #renewing = null;
  #waiting = null; // for a window's answer
  #tabs = new BroadcastChannel(SESSION);

  /** @param {() => void} onEnd called when another tab of this browser has signed out */
  constructor(config, onEnd) {
    this.#config = config;
    this.#client = { client_id: config.client_id, [oauth.clockTolerance]: 300 };
    if (["127.0.0.1", "localhost"].includes(new URL(config.issuer).hostname)) {
      this.#options[oauth.allowInsecureRequests] = true;
    }
    this.#tabs.onmessage = () => {
      if (this.#token === null) return;
      this.#forget();
      onEnd();
    };
  }

  /** Whether somebody is signed in as soon as the issuer has answered, by all that this browser knows. */
  get isExpected() {
    if (ofTab.get(REDIRECT) && new URLSearchParams(location.search).has("code")) return true;
    const was = ofTab.get(SESSION);
    return !isFramed && (was === "in" || (was === null && ofBrowser.get(KNOWN) !== null));
  }

  /**
   * Finishes a sign-in that is under way, begins one after a reload, and silently where somebody is
   * signed in elsewhere in this browser; true when signed in.
   */
  async resume() {
    const here = new URL(location.href);
    const left = JSON.parse(ofTab.get(REDIRECT) ?? "null");
    const was = ofTab.get(SESSION);
    ofTab.remove(REDIRECT);
    if (left && here.searchParams.has("state")) {
      history.replaceState(null, "", `/${left.hash}`);
      await this.#redeem(here, left).catch((error) => this.#without(error, left));
    } else if (isFramed) return false; // no window opens without a click
    else if (was === "in") await this.begin();
    else if (was === "asked") this.#nobodyIsKnown(); // and no answer came: not once more
    else if (was === null && ofBrowser.get(KNOWN)) await this.begin({ isSilent: true }).catch(() => {});
    return this.#token !== null;
  }

  /**
   * Leaves for the issuer's page; in a frame, opens a window there, and settles when it has ended.
   *
   * @param {boolean} [options.isSilent] the issuer shows none: it says at once whether it knows who
   *   it is. By a redirect, since browsers keep an issuer's cookies from a hidden frame.
   */
  async begin({ isSilent = false } = {}) {
    if (isFramed) return this.#beginInWindow();
    const was = ofTab.get(SESSION);
    const { url, ...asked } = await this.#request(`${location.origin}/`, isSilent ? "none" : promptAfter(was));
    // Set again on success: a failure must not go in circles.
    if (isSilent) ofTab.set(SESSION, "asked");
    else ofTab.remove(SESSION);
    ofTab.set(REDIRECT, JSON.stringify({ ...asked, hash: location.hash, was, isSilent }));
    await leaveFor(url);
  }

  /** Within the click: a browser opens no window later. */
  async #beginInWindow() {
    const opened = window.open("", "_blank", WINDOW);
    if (!opened) throw new WindowRefused();
    const { url, ...asked } = await this.#request(
      `${location.origin}/static/signed_in.html`, promptAfter(ofTab.get(SESSION)),
    );
    const answered = this.#answerTo(asked.state);
    opened.location.replace(url);
    await this.#redeem(new URL(`${asked.back}${await answered}`), asked);
  }

  /**
   * What the issuer says to the request with this state. Whether the window is open still is not asked:
   * one that the issuer has cut off looks closed. Who closes it clicks again.
   */
  #answerTo(state) {
    this.#waiting?.abort();
    const { signal } = (this.#waiting = new AbortController());
    const channel = new BroadcastChannel(ANSWER);
    signal.addEventListener("abort", () => channel.close());
    return new Promise((resolve) => {
      const take = ({ origin, data }) => {
        if (origin !== location.origin || typeof data?.answer !== "string") return;
        if (new URLSearchParams(data.answer).get("state") !== state) return;
        resolve(data.answer);
        this.#waiting.abort();
      };
      window.addEventListener("message", take, { signal });
      channel.onmessage = take;
    });
  }

  /** The issuer's address with all that is asked of it, and what must be known when it answers. */
  async #request(back, prompt) {
    const server = await this.#discover();
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint);
    const parameters = {
      response_type: "code",
      client_id: this.#config.client_id,
      redirect_uri: back,
      scope: this.#scope(server),
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    };
    const { audience, client_id } = this.#config;
    if (audience !== client_id) parameters.audience = audience; // Cognito's tokens name the client
    if (prompt) parameters.prompt = prompt;
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return { url, verifier, state, back, scope: parameters.scope };
  }

  /** The access token, renewed where it is about to expire or was refused. */
  async token({ refused }) {
    const isYoung = Date.now() - this.#signedInAt < YOUNG_MS;
    if ((refused && !isYoung) || Date.now() > this.#expiresAt - EARLY_MS) {
      this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
      await this.#renewing;
    }
    return this.#token;
  }

  /** The access token as it is held, null where nobody is signed in. */
  get held() {
    return this.#token;
  }

  /** Signs out here, in every other tab of this browser, and at the issuer. */
  async end() {
    const hint = this.#idToken;
    this.#tabs.postMessage("out");
    this.#forget();
    if (isFramed) return reload(); // few issuers show themselves in one; the next sign-in asks who it is
    const server = await this.#discover().catch(() => ({}));
    const url = new URL(server.end_session_endpoint ?? "/", location.origin);
    if (server.end_session_endpoint) {
      url.searchParams.set("client_id", this.#config.client_id);
      url.searchParams.set("post_logout_redirect_uri", `${location.origin}/`);
      url.searchParams.set("logout_uri", `${location.origin}/`); // Cognito's name for the same
      if (hint) url.searchParams.set("id_token_hint", hint);
    }
    await leaveFor(url);
  }

  #forget() {
    this.#token = this.#refreshToken = this.#idToken = null;
    ofTab.set(SESSION, "out");
    ofBrowser.remove(KNOWN);
  }

  #nobodyIsKnown() {
    ofTab.remove(SESSION);
    ofBrowser.remove(KNOWN);
  }

  async #redeem(here, { verifier, state, back }) {
    const server = await this.#discover();
    const answer = oauth.validateAuthResponse(server, this.#client, here, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server, this.#client, oauth.None(), answer, back, verifier, this.#options,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, this.#client, response);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    this.name = claims?.name ?? claims?.preferred_username ?? claims?.email ?? claims?.sub ?? "";
    this.subject = claims?.sub ?? "";
    this.#keep(tokens);
    ofTab.set(SESSION, "in");
    ofBrowser.set(KNOWN, "yes");
  }

  /**
   * What is left where the issuer did not let somebody in. Without OFFLINE it is asked again where that
   * was refused: from now on this browser knows. Silently, it is the button on the page.
   */
  #without(error, { scope = "", was, isSilent }) {
    if (REFUSALS.includes(error.error) && scope.split(" ").includes(OFFLINE)) {
      ofBrowser.set(REFUSED, this.#wanted);
      if (was) ofTab.set(SESSION, was);
      return this.begin({ isSilent });
    }
    if (!isSilent) throw error;
    return this.#nobodyIsKnown();
  }

  /** Silently by a refresh token; by way of the issuer's page where there is none or it is spent. */
  async #renew() {
    if (!this.#refreshToken) return this.#beginAgain();
    try {
      const server = await this.#discover();
      const response = await oauth.refreshTokenGrantRequest(
        server, this.#client, oauth.None(), this.#refreshToken, this.#options,
      );
      this.#keep(await oauth.processRefreshTokenResponse(server, this.#client, response));
    } catch (error) {
      if (error instanceof oauth.ResponseBodyError) return this.#beginAgain(); // the issuer said no
      throw error; // it could not be asked: the next request tries again
    }
  }

  /** In a frame the button comes first: by itself no window opens. */
  #beginAgain() {
    return isFramed ? reload() : this.begin();
  }

  #keep({ access_token, refresh_token, id_token, expires_in }) {
    this.#token = access_token;
    this.#refreshToken = refresh_token ?? this.#refreshToken;
    this.#idToken = id_token ?? this.#idToken;
    this.#signedInAt = Date.now();
    this.#expiresAt = expires_in ? Date.now() + expires_in * 1000 : Infinity;
  }

  /** Issuers that do not know OFFLINE refuse everything with it. */
  #scope({ scopes_supported = [] }) {
    const { scope } = this.#config;
    const isRefused = ofBrowser.get(REFUSED) === this.#wanted;
    if (scopes_supported.includes(OFFLINE) && !isRefused) return scope;
    return scope.split(" ").filter((one) => one !== OFFLINE).join(" ");
  }

  /** A refusal holds for these settings; with others it is tried anew. */
  get #wanted() {
    const { issuer, client_id, scope } = this.#config;
    return [issuer, client_id, scope].join(" ");
  }

  async #discover() {
    const issuer = new URL(this.#config.issuer);
    const response = await oauth.discoveryRequest(issuer, this.#options);
    return oauth.processDiscoveryResponse(issuer, response);
  }
}

/** Never settles, so that nothing happens on a page that is on its way out. */
export function leaveFor(url) {
  location.assign(url);
  return new Promise(() => {});
}

function reload() {
  location.reload();
  return new Promise(() => {});
}

/** Who signed out here is asked who it is. */
function promptAfter(was) {
  return was === "out" ? "login" : null;
}

/** One draft a chat, for this tab and one person; in memory where the browser stores nothing. */
export class Drafts {
  #prefix = "afterimage.draft.";
  #owner;
  #held = new Map();

  constructor(owner) {
    this.#owner = owner;
  }

  has(chatId) {
    return this.#held.has(chatId);
  }

  get(chatId) {
    if (!this.#held.has(chatId)) this.#held.set(chatId, this.#read(chatId));
    return this.#held.get(chatId);
  }

  set(chatId, draft) {
    this.#held.set(chatId, draft);
    this.#try((store) => {
      if (draft.text || draft.imageIds.length) {
        store.setItem(this.#prefix + chatId, JSON.stringify({ ...draft, owner: this.#owner }));
      } else store.removeItem(this.#prefix + chatId);
    });
  }

  clear() {
    this.#held.clear();
    this.#try((store) => {
      Object.keys(store).filter((key) => key.startsWith(this.#prefix)).forEach((key) => store.removeItem(key));
    });
  }

  #read(chatId) {
    const stored = this.#try((store) => JSON.parse(store.getItem(this.#prefix + chatId)));
    const { owner, text = "", imageIds = [] } = stored ?? {};
    return owner === this.#owner ? { text, imageIds } : { text: "", imageIds: [] };
  }

  /** What storage answers; nothing where it throws, as in a frame that may not have any. */
  #try(act) {
    try {
      return act(sessionStorage);
    } catch {
      return undefined;
    }
  }
}
