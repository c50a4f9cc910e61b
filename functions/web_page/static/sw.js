/** Shows what a push tells, while no page needs to be open, and leads to the chat that it is about. */
import { show, PLACE } from "./notice.js";

self.addEventListener("push", (event) => event.waitUntil(tell(event.data)));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data));
});
// A new one takes over at once: it holds nothing.
self.addEventListener("install", () => self.skipWaiting());

async function tell(data) {
  if ((await windows()).some(({ focused }) => focused)) return; // it has been seen, or will be
  await show(self.registration, read(data));
}

/** Whatever came, something must be shown: a browser takes the permission from who shows nothing. */
function read(data) {
  try {
    return data.json() ?? {};
  } catch {
    return {};
  }
}

/** In a window that is there, else in a new one. */
async function open(place) {
  const hash = PLACE.test(place) ? place : "";
  const [known] = (await windows()).sort((one, other) => other.focused - one.focused);
  if (!known) return self.clients.openWindow(`/#${hash}`);
  known.postMessage({ open: hash });
  return known.focus();
}

function windows() {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}
