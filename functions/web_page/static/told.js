/**
 * Being told that an answer is there: by a notice while a page is open and nobody looks at it, and by Web
 * Push while none is. One switch for this browser, off until somebody turns it on.
 */
import { PLACE, show } from "./notice.js";
import { ofBrowser } from "./session.js";
import { t } from "./words.js";

const WORKER = "/static/sw.js";
const TOLD = "afterimage.told"; // whose switch is on, as a hash
const SENT = "afterimage.told.sent"; // whose subscription the server has, and which
const ENDED = { complete: "complete", failed: "failed" };
const policy = globalThis.trustedTypes?.createPolicy("worker", {
  createScriptURL: (url) => {
    if (url !== WORKER) throw new TypeError(url);
    return url;
  },
});

export class Told {
  #channel;
  #person;
  #switch;
  #notice;

  /**
   * @param {string} subject who is signed in
   * @param {HTMLElement} place the switch, and a line for a sentence
   */
  constructor(channel, subject, place) {
    this.#channel = channel;
    this.#person = digest(subject);
    this.#switch = place.querySelector("input");
    this.#notice = place.querySelector("p");
    this.#switch.addEventListener("change", () => this.#turn(this.#switch.checked));
    const look = () => channel.look(isLookedAt());
    for (const event of ["focus", "blur"]) window.addEventListener(event, look);
    document.addEventListener("visibilitychange", look);
    look();
    navigator.serviceWorker?.addEventListener("message", ({ data }) => {
      if (PLACE.test(data?.open)) location.hash = data.open;
    });
    navigator.serviceWorker?.startMessages();
    place.hidden = false;
  }

  /** Why nobody can be told here; null if they can. */
  get obstacle() {
    const isFramed = window.top !== window; // no browser lets a foreign frame ask
    const { PushManager, Notification } = globalThis;
    const canPush = !isFramed && navigator.serviceWorker && PushManager && Notification;
    if (!canPush) return /iPhone|iPad/.test(navigator.userAgent) ? "told_from_home_screen" : "told_unknown";
    return Notification.permission === "denied" ? "told_not_allowed" : null;
  }

  async isOn() {
    return !this.obstacle && Notification.permission === "granted" && ofBrowser.get(TOLD) === (await this.#person);
  }

  /** At each start: the subscription may have gone, be another person's, or know another key. */
  async check() {
    const isOn = await this.isOn();
    if (isOn) await this.#subscribe();
    else if (ofBrowser.get(TOLD)) await this.#forget();
    this.#show(isOn);
  }

  async #turn(isWanted) {
    if (isWanted && (await Notification.requestPermission()) === "granted") {
      ofBrowser.set(TOLD, await this.#person);
      const isPushed = await this.#subscribe();
      return this.#show(true, isPushed ? undefined : t("told_while_open"));
    }
    await this.end();
    this.#show(false);
  }

  #show(isOn, sentence = t("told_when")) {
    const { obstacle } = this;
    this.#switch.checked = isOn;
    this.#switch.disabled = obstacle !== null;
    this.#notice.textContent = obstacle ? t(obstacle) : sentence;
  }

  /** Nobody is told here any more; the server hears of it if it can. */
  async end() {
    const subscription = await this.#subscription();
    const { endpoint } = subscription ?? {};
    await this.#forget();
    if (endpoint) await this.#channel.request("DELETE", "/push/subscription", { endpoint }).catch(() => {});
  }

  /** An answer has ended while this page was open. */
  async tell({ id, chat_id, meta }) {
    const outcome = ENDED[meta.status];
    if (!outcome || isLookedAt() || !(await this.isOn())) return;
    await show(await register(), { chat_id, message_id: id, outcome });
  }

  /** Whether a push service takes it. */
  async #subscribe() {
    try {
      const { pushManager } = await register();
      const key = await this.#key();
      if (!key) return false;
      const known = await pushManager.getSubscription();
      if (known && keyOf(known) === key && ofBrowser.get(SENT) === `${await this.#person} ${known.endpoint}`) return true;
      await known?.unsubscribe();
      const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
      await this.#channel.request("PUT", "/push/subscription", subscription.toJSON());
      ofBrowser.set(SENT, `${await this.#person} ${subscription.endpoint}`);
      return true;
    } catch (error) {
      console.warn(error); // no push service, or no network: the next start tries again
      return false;
    }
  }

  async #forget() {
    ofBrowser.remove(TOLD);
    ofBrowser.remove(SENT);
    await (await this.#subscription())?.unsubscribe();
  }

  async #subscription() {
    const registration = await navigator.serviceWorker?.getRegistration(WORKER);
    return registration?.pushManager?.getSubscription();
  }

  async #key() {
    const config = await fetch("/config.json");
    return (await config.json()).push_public_key;
  }
}

/** Whether somebody sees this page, and has it in use. */
export function isLookedAt() {
  return document.visibilityState === "visible" && document.hasFocus();
}

async function register() {
  const url = policy ? policy.createScriptURL(WORKER) : WORKER;
  const registration = await navigator.serviceWorker.register(url, { type: "module", updateViaCache: "none" });
  const { installing, waiting, active } = registration;
  if (!active) await activated(installing ?? waiting);
  return registration;
}

function activated(worker) {
  return new Promise((resolve) => {
    worker.addEventListener("statechange", () => worker.state === "activated" && resolve());
    if (worker.state === "activated") resolve();
  });
}

/** The public key that a subscription was made with, as base64url. */
function keyOf({ options: { applicationServerKey } }) {
  const bytes = String.fromCharCode(...new Uint8Array(applicationServerKey ?? new ArrayBuffer(0)));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Names nobody, and tells one person from another. */
async function digest(subject) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subject)));
  return Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
