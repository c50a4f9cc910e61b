/** What is shown when an answer has ended, by a page or by its service worker: neither word nor picture of it. */
import { locale, t } from "./words.js";

export const PLACE = /^[A-Za-z0-9_-]{1,64}\/[0-9A-Z]{26}$/; // a chat, and a message in it

/** The same answer is one notice, whoever shows it, and however many do. */
export function show(registration, { chat_id, message_id, outcome }) {
  return registration.showNotification("Afterimage", {
    body: t(outcome === "failed" ? "answer_failed" : "answer_there"),
    tag: String(message_id),
    data: `${chat_id}/${message_id}`,
    icon: "/static/icon-192.png",
    lang: locale,
  });
}
