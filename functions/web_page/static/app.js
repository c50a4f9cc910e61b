/** Puts the page together: who is signed in, what is shown, and where each event of the channel goes. */
import { Api } from "./api.js";
import { ChatListView } from "./chat_list_view.js";
import { ChatView } from "./chat_view.js";
import { Composer } from "./composer.js";
import { GalleryView } from "./gallery_view.js";
import { newId } from "./send_message.js";
import { SignIn } from "./sign_in.js";
import { UnifiedChannel } from "./unified_channel.js";

const CHAT_ID = /^[A-Za-z0-9_-]{1,64}$/;
const at = (id) => document.getElementById(id);

const config = await fetch("/config.json")
  .then((response) => response.json())
  .catch((error) => {
    welcome("The server could not be reached. Please reload the page.");
    throw error;
  });
const signIn = new SignIn(config);
const api = new Api(signIn);
const chats = new ChatListView(at("chats"));
const chat = new ChatView(at("log"), readMessage);
const gallery = new GalleryView(document.querySelector(".gallery"), readImage);
const composer = new Composer(at("composer"), {
  api, chat, onMessage: receive, maxLength: config.max_text_length,
});
const channel = new UnifiedChannel({
  fetchSeq: async () => (await api.get("/realtime/events")).seq,
  fetchTicket: async () => (await api.post("/realtime/tickets")).url,
  readSnapshot,
  applySnapshot,
  onEvent: (frame) => EVENTS[frame.event](frame.payload),
  onState: showConnection,
  hasOpenMessage: () => openMessages.size > 0,
});

const openMessages = new Map(); // id → chat id of messages that have not ended
let made = null; // the newest chat id made here: the server may not have heard of it
let usageTimer = null;
let wasConnected = false;

// --- what happens

/** Every event of the channel, and what it changes on the page. An unknown one throws. */
const EVENTS = {
  "message-insert": ({ message }) => receive(message),
  "message-update": ({ message }) => receive(message),
  "message-preview": (preview) => chat.preview(preview),
  "message-delete": ({ message_ids }) => {
    message_ids.forEach((id) => openMessages.delete(id));
    chat.remove(message_ids);
  },
  "image-insert": ({ image }) => {
    gallery.insert(image);
    refreshUsage();
  },
  "image-delete": ({ image_ids }) => gallery.remove(image_ids),
  "chat-update": (payload) => chats.update(payload.chat),
  "chat-delete": ({ chat_id }) => {
    for (const [id, of] of openMessages) if (of === chat_id) openMessages.delete(id);
    chats.remove(chat_id);
    gallery.removeChat(chat_id);
    if (chat_id === chat.chatId) newChat();
  },
};

/** A message as the channel, or the answer to a POST, or a page of the history has it. */
function receive(message) {
  const { status } = message.meta;
  if (status === "thinking" || status === "generating") openMessages.set(message.id, message.chat_id);
  else openMessages.delete(message.id);
  composer.confirm(message.id);
  chats.heard(message);
  chat.merge(message);
  channel.schedulePing();
  if (status === "failed") refreshUsage();
}

// --- what is read

function readMessage(chatId, id) {
  return api.get(`/chats/${chatId}/messages/${id}`);
}

async function readImage({ chat_id, message_id }) {
  return (await readMessage(chat_id, message_id)).meta.image;
}

async function readMessages(chatId) {
  const none = { messages: [], next_cursor: null };
  if (chatId === made && !chats.has(chatId)) return none;
  return api.get(`/chats/${chatId}/messages?limit=100`).catch((error) => {
    if (error.status === 404) return none;
    throw error;
  });
}

async function readSnapshot() {
  const { chatId } = chat;
  const [page, list, pictures] = await Promise.all([
    readMessages(chatId), api.get("/chats?limit=100"), api.get("/images?limit=50"),
  ]);
  return { chatId, page, chats: list.chats, images: pictures.images };
}

function applySnapshot(snapshot) {
  openMessages.clear();
  chats.replace(snapshot.chats);
  gallery.replace(snapshot.images);
  if (snapshot.chatId === chat.chatId) showMessages(snapshot.page);
  refreshUsage();
}

function showMessages({ messages, next_cursor }) {
  const unsent = composer.unsentIn(chat.chatId);
  chat.replace([...messages, ...unsent], { complete: !next_cursor });
  messages.forEach(receive);
}

function refreshUsage() {
  clearTimeout(usageTimer); // a replay of many events asks once
  usageTimer = setTimeout(async () => {
    const usage = await api.get("/usage").catch(() => null);
    if (usage) at("usage").textContent = `${usage.used} of ${usage.limit} pictures today`;
  }, 200);
}

// --- which chat is shown: the one that the address names

function newChat() {
  made = newId();
  history[location.hash ? "pushState" : "replaceState"](null, "", `#${made}`);
  openChat();
}

async function openChat() {
  const chatId = location.hash.slice(1);
  if (!CHAT_ID.test(chatId)) return newChat();
  if (chatId === chat.chatId) return;
  chat.open(chatId);
  chats.select(chatId);
  composer.notify("");
  composer.focus();
  if (at("chats").matches(":popover-open")) at("chats").hidePopover();
  if (channel.state === "closed") return; // the first chat comes with the first snapshot
  try {
    const page = await readMessages(chatId);
    if (chatId === chat.chatId) showMessages(page);
  } catch (error) {
    composer.notify(error.message);
  }
}

// --- the page itself

function showConnection(state) {
  wasConnected ||= state === "connected";
  const words = wasConnected ? "Reconnecting…" : "Connecting…";
  at("connection").textContent = state === "connected" ? "" : words;
}

function start() {
  at("app").hidden = false;
  at("name").textContent = signIn.name;
  at("new-chat").addEventListener("click", newChat);
  at("sign-out").addEventListener("click", () => signIn.end());
  window.addEventListener("hashchange", openChat);
  window.addEventListener("offline", () => channel.offline());
  window.addEventListener("online", () => channel.wake());
  document.addEventListener("visibilitychange", () => document.hidden || channel.wake());
  openChat();
  channel.open();
}

function welcome(sentence = "") {
  at("welcome").hidden = false;
  at("welcome-notice").textContent = sentence;
  at("sign-in").addEventListener("click", () => signIn.begin());
}

window.addEventListener("pageshow", (event) => event.persisted && location.reload());
try {
  if (await signIn.resume()) start();
  else welcome();
} catch (error) {
  console.warn(error);
  welcome("Signing in did not work. Please try again.");
}
