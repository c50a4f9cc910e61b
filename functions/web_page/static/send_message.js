/** Ids of messages, and the one way a message is sent. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
let clockOffset = 0; // ms that this device's clock is behind the server's, once the server has said so

/** A ULID: 48 bits of time in ms and 80 random bits, in Crockford's base 32. */
export function newId() {
  let time = Date.now() + clockOffset;
  let id = "";
  for (let digit = 0; digit < 10; digit++) {
    id = ALPHABET[time % 32] + id;
    time = Math.floor(time / 32);
  }
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) id += ALPHABET[byte % 32];
  return id;
}

/**
 * Repeats the same `id` until the server has decided. `onNewId` is called when the server finds
 * the id's time wrong and the message goes out again, under an id by the server's clock.
 */
export async function sendMessage(api, { id, chat_id, text }, onNewId) {
  const path = `/chats/${chat_id}/messages`;
  try {
    return await api.postRepeatedly(path, { id, text });
  } catch (error) {
    if (error.code !== "clock_skew" || !error.serverTime) throw error;
    clockOffset = new Date(error.serverTime).getTime() - Date.now();
    const corrected = newId();
    onNewId(corrected);
    return await api.postRepeatedly(path, { id: corrected, text });
  }
}
