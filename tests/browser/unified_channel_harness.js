// Runs the channel against sockets, answers and snapshots that the test holds in its hand.
import { connect } from "/static/unified_channel.js";

class FakeSocket {
  readyState = 0;
  sent = [];

  constructor(url) {
    this.url = url;
    sockets.push(this);
  }

  accept() {
    this.readyState = 1;
    this.onopen?.();
  }

  receive(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  fail() {
    this.readyState = 3;
    this.onclose?.();
  }

  refuse() { // as a page's policy does
    this.readyState = 3;
    this.onerror?.();
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }
}

const sockets = [];
const log = []; // what the app would have been told, in order
const requests = []; // "METHOD path", and the body of a POST
const tokens = []; // whether the token before was refused
const control = {
  seq: 40, ticketsFail: false, tokenFails: false, replayFails: false, holdSnapshot: false, tickets: 0,
  replay: null, // the next answer of the HTTP replay
  date: null, // what the server's clock says, as a Date header
  answers: {}, // "METHOD path" → answers to come, each [status, body]
  snapshot: null, // what a snapshot does
  listens: true, // to errors
};
const troubles = []; // codes of errors, as they were told
const held = [];
let channel = null;

async function answer(url, { method, body }) {
  const path = url.replace("https://api.test", "");
  const sent = body instanceof Blob ? "blob" : body && JSON.parse(body);
  requests.push(sent ? [`${method} ${path}`, sent] : `${method} ${path}`);
  const scripted = control.answers[`${method} ${path}`]?.shift();
  if (scripted) return reply(...scripted);
  if (path === "/realtime/events") return reply(200, { events: [], seq: control.seq, reset: false });
  if (path.startsWith("/realtime/events?")) {
    if (control.replayFails) throw new TypeError("Failed to fetch");
    const replay = control.replay ?? { events: [], seq: control.seq, reset: false };
    control.replay = null;
    return reply(200, replay);
  }
  if (path === "/realtime/tickets") {
    control.tickets++;
    if (control.ticketsFail) throw new TypeError("Failed to fetch");
    return reply(200, { url: `wss://fake/?ticket=${control.tickets}`, expires_in: 30 });
  }
  return reply(404, { error: { code: "not_found", message: "Nothing here.", retry_after: null } });
}

function reply(status, body) {
  if (status === 0) throw new TypeError("Failed to fetch");
  const headers = control.date ? { date: control.date } : {};
  return new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
}

async function snapshot() {
  if (control.holdSnapshot) await new Promise((resolve) => held.push(resolve));
  if (control.snapshotFails) throw new Error("no snapshot");
  const messages = control.snapshot && channel.take(control.snapshot);
  return () => {
    log.push("snapshot");
    if (messages) log.push(messages.map(({ id, version }) => `${id}@${version}`).join());
  };
}

function open(options) {
  channel = connect({
    url: "https://api.test",
    token: ({ refused }) => {
      tokens.push(refused);
      if (control.tokenFails) throw new TypeError("the issuer is away");
      return "token";
    },
    snapshot,
    fetch: answer,
    WebSocket: FakeSocket,
    random: () => 1, // every delay is its ceiling
    ...options,
  });
  for (const name of ["insert", "update"]) {
    channel.on(`message-${name}`, ({ message }) => log.push(`${name} ${message.id}@${message.version}`));
  }
  channel.on("message-preview", ({ message_id }) => log.push(`preview ${message_id}`));
  channel.on("message-delta", ({ message_id: id }) => log.push(`delta ${id} ${channel.message(id).text}`));
  channel.on("message-delete", ({ message_ids }) => log.push(`delete ${message_ids}`));
  channel.on("image-insert", ({ image }) => log.push(`image ${image.id}`));
  channel.on("image-delete", ({ image_ids }) => log.push(`delete ${image_ids}`));
  channel.on("chat-update", ({ chat }) => log.push(`chat ${chat.id}`));
  channel.on("chat-delete", ({ chat_id }) => log.push(`delete ${chat_id}`));
  channel.on("state", (state) => log.push(state));
  if (control.listens) channel.on("error", ({ code }) => troubles.push(code));
  window.harness.channel = channel;
}

window.harness = {
  open, answer, control, held, log, requests, sockets, tokens, troubles,
  releaseSnapshot: () => held.splice(0).forEach((release) => release()),
};
