/** OpenID Connect: authorization code with PKCE. The token lives in memory only. */
import * as oauth from "./vendor/oauth4webapi.js";

const SESSION = "afterimage.session"; // "in": sign in again after a reload; "out": ask who it is
const REDIRECT = "afterimage.redirect"; // what must survive the way to the issuer and back
const YOUNG_MS = 60_000; // a token refused this early will not get better by asking for another

export class SignIn {
  name = "";
  token = null;
  #config;
  #client;
  #options = {};
  #idToken = null;
  #signedInAt = 0;

  constructor(config) {
    this.#config = config;
    this.#client = { client_id: config.client_id, [oauth.clockTolerance]: 300 };
    if (["127.0.0.1", "localhost"].includes(new URL(config.issuer).hostname)) {
      this.#options[oauth.allowInsecureRequests] = true;
    }
  }

  /** Finishes a sign-in that is under way, begins one after a reload; true when signed in. */
  async resume() {
    const here = new URL(location.href);
    const left = JSON.parse(sessionStorage.getItem(REDIRECT) ?? "null");
    sessionStorage.removeItem(REDIRECT);
    if (left && here.searchParams.has("state")) {
      history.replaceState(null, "", `/${left.hash}`);
      await this.#redeem(here, left);
    } else if (sessionStorage.getItem(SESSION) === "in") await this.begin();
    return this.token !== null;
  }

  /** Leaves for the issuer's page. */
  async begin() {
    const server = await this.#discover();
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint);
    const parameters = {
      response_type: "code",
      client_id: this.#config.client_id,
      redirect_uri: `${location.origin}/`,
      scope: this.#config.scope,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    };
    if (this.#config.audience) parameters.audience = this.#config.audience;
    if (sessionStorage.getItem(SESSION) === "out") parameters.prompt = "login";
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    sessionStorage.removeItem(SESSION); // set again on success: a failure must not go in circles
    sessionStorage.setItem(REDIRECT, JSON.stringify({ verifier, state, hash: location.hash }));
    await leaveFor(url);
  }

  /** After a 401: leaves for the issuer's page, unless the token that was refused is a new one. */
  async renew() {
    if (Date.now() - this.#signedInAt > YOUNG_MS) await this.begin();
  }

  async end() {
    const server = await this.#discover().catch(() => ({}));
    sessionStorage.setItem(SESSION, "out");
    const url = new URL(server.end_session_endpoint ?? "/", location.origin);
    if (server.end_session_endpoint) {
      url.searchParams.set("client_id", this.#config.client_id);
      url.searchParams.set("post_logout_redirect_uri", `${location.origin}/`);
      if (this.#idToken) url.searchParams.set("id_token_hint", this.#idToken);
    }
    await leaveFor(url);
  }

  async #redeem(here, { verifier, state }) {
    const server = await this.#discover();
    const answer = oauth.validateAuthResponse(server, this.#client, here, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server, this.#client, oauth.None(), answer, `${location.origin}/`, verifier, this.#options,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, this.#client, response);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    this.name = claims?.name ?? claims?.preferred_username ?? claims?.email ?? claims?.sub ?? "";
    this.token = tokens.access_token;
    this.#idToken = tokens.id_token;
    this.#signedInAt = Date.now();
    sessionStorage.setItem(SESSION, "in");
  }

  async #discover() {
    const issuer = new URL(this.#config.issuer);
    const response = await oauth.discoveryRequest(issuer, this.#options);
    return oauth.processDiscoveryResponse(issuer, response);
  }
}

/** Never settles, so that nothing happens on a page that is on its way out. */
function leaveFor(url) {
  location.assign(url);
  return new Promise(() => {});
}
