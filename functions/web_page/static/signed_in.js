/**
 * Where a sign-in in a window of its own ends: what the issuer said goes to the page that opened it, in a
 * frame somewhere, and to nobody else. A code is worth nothing without what that page alone knows (PKCE).
 */
import "./words.js";

const answer = { answer: location.search };
history.replaceState(null, "", location.pathname);
window.opener?.postMessage(answer, location.origin);
new BroadcastChannel("afterimage.answer").postMessage(answer); // if the issuer cut the two apart
window.close();
