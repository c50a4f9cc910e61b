// Runs the channel against sockets, tickets and snapshots that the test holds in its hand.
import { UnifiedChannel } from "/static/unified_channel.js";

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

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }
}

const sockets = [];
const log = []; // what the page would have been told, in order
const control = { seq: 40, ticketsFail: false, holdSnapshot: false, openMessage: false, tickets: 0 };
let releaseSnapshot = null;

const channel = new UnifiedChannel({
  WebSocket: FakeSocket,
  random: () => 1, // every delay is its ceiling
  fetchSeq: async () => control.seq,
  fetchTicket: async () => {
    control.tickets++;
    if (control.ticketsFail) throw new Error("no ticket");
    return `wss://fake/?ticket=${control.tickets}`;
  },
  readSnapshot: async () => {
    if (control.holdSnapshot) await new Promise((resolve) => (releaseSnapshot = resolve));
    return {};
  },
  applySnapshot: () => log.push("snapshot"),
  onEvent: (frame) => log.push(frame.seq ?? frame.event),
  onState: () => {},
  hasOpenMessage: () => control.openMessage,
});

window.harness = { channel, control, log, sockets, releaseSnapshot: () => releaseSnapshot() };
