/** Puts the page together: who is signed in, what is shown, and where each event of the channel goes. */
import { ChatListView } from "./chat_list_view.js";
import { ChatView } from "./chat_view.js";
import { Choices, Composer } from "./composer.js";
import { announce, ask, button, sayOn, suggestionTile } from "./elements.js";
import { GalleryView } from "./gallery_view.js";
import { leaveFor, Session, WindowRefused } from "./session.js";
import { ApiError, connect } from "./unified_channel.js";
import { sentenceOf, t } from "./words.js";

const ROUTE = /^([A-Za-z0-9_-]{1,64})(?:\/([0-9A-Z]{26}))?$/; // a chat, and a message in it
const PICTURES = "/pictures";
const PATIENCE_MS = 1_500; // a connection that takes no longer is not worth a word
const SPOKEN_LENGTH = 200; // of an answer that is spoken as a whole
const SUGGESTIONS = ["lighthouse", "fox", "city"];
const at = (id) => document.getElementById(id);
const all = { limit: 100 };

const config = JSON.parse(document.querySelector("[name=afterimage-config]").content);
const models = config.image_models ?? [];
const choices = new Choices(at("composer"), models);
const session = new Session(config, () => {
  composer?.forget();
  location.reload();
});
let channel, chats, chat, gallery, composer, undo;
let told = null; // once the page has nothing else to do
let viewer = null; // once a picture was opened
const underWay = new Map(); // id → status and chat of answers that have not ended
const ready = new Set(); // ids of chats in which an answer has ended that nobody has looked at
let sharing = null; // once a link was asked for
let search = null; // once words were looked for
const looked = new Map(); // line → the question whose version somebody looks at, whichever stands
let made = null; // the newest chat id made here: the server may not have heard of it
let usageTimer = null;
let stateTimer = null;
let wasConnected = false;
let isLeaving = false;

// --- what happens

function listen() {
  channel.on("message-insert", ({ message }) => receive(message));
  channel.on("message-update", ({ message }) => receive(message));
  channel.on("message-preview", (preview) => chat.preview(preview));
  channel.on("message-delta", ({ message_id }) => showWords(() => chat.write(channel.message(message_id))));
  channel.on("message-delete", ({ message_ids }) => {
    message_ids.forEach((id) => underWay.delete(id));
    chat.remove(message_ids);
    showWork();
  });
  channel.on("image-insert", ({ image }) => {
    if (!undo.hides(image)) gallery.insert(image);
    refreshUsage();
  });
  channel.on("image-update", ({ image }) => {
    gallery.change(image);
    sharing?.heard(image);
  });
  channel.on("image-delete", ({ image_ids }) => forgetImages(image_ids));
  channel.on("chat-update", (update) => {
    if (!undo.hidesChat(update.chat.id)) chats.update(update.chat);
    showTitle();
  });
  channel.on("chat-delete", ({ chat_id }) => forgetChat(chat_id));
  channel.on("state", showState);
}

/** Messages as the channel, or the answer to a request, or a page of the history has them. */
function receive(...messages) {
  for (const message of messages) {
    composer.confirm(message.id);
    if (!undo.hidesChat(message.chat_id)) chats.heard(message);
    heedWay(message);
    announceChange(message);
    if (hasLess(message)) refreshUsage();
  }
  const all = [...new Set(messages.flatMap(withVersions))];
  if (all.some(isWritten)) showWords(() => chat.merge(...all.map(({ id }) => channel.message(id)).filter(Boolean)));
  else chat.merge(...all);
  showTitle();
}

/** An answer in words. */
function isWritten({ role, text }) {
  return role === "assistant" && Boolean(text);
}

/** Words are shown once it is known how: at once, but for the first answer, which may go on meanwhile. */
async function showWords(show) {
  if (!parts.markdown) await load("markdown").catch(() => {}); // as text, then
  show();
}

/** A message with all that may be shown in its place, as the channel has it. */
function withVersions(message) {
  const versions = channel.versions(message.id);
  if (versions.length < 2 || message.role !== "user") return [message]; // an answer goes with its question
  const line = lineOf(message);
  if (versions.find(({ stands }) => stands)?.question.id === looked.get(line)) looked.delete(line);
  return versions.flatMap(({ question, answer }) => [question, answer]).filter(Boolean);
}

function lineOf({ version_of, reply_to, id }) {
  return version_of ?? reply_to ?? id;
}

/** Of a question's versions the one that is shown: that which somebody looks at, or that which stands. */
function shownOf(versions) {
  const at = versions[0] && looked.get(lineOf(versions[0].question));
  return versions.find(({ question }) => question.id === at) ?? versions.find(({ stands }) => stands);
}

function isShown(message) {
  if (message.version === 0) return true; // it was only just sent
  const versions = channel.versions(message.id);
  if (versions.length === 0) return message.stands !== false; // its question has not been read
  if (composer.isReplaced(versions.map(({ question }) => question.id))) return false;
  const shown = shownOf(versions);
  return [shown?.question.id, shown?.answer?.id].includes(message.id);
}

/**
 * An answer that gave way to the one before says why. Of one that was cancelled the words that stand
 * here come back with it, in a moment: it is looked at meanwhile.
 */
function heedWay(message) {
  const { id, text, stands, meta: { status, error } } = message;
  if (stands !== false || !underWay.has(id)) return;
  if (status === "failed") composer.notify(t("gave_way", { reason: sentenceOf(error) }));
  if (status === "cancelled" && text) looked.set(lineOf(message), message.reply_to);
}

/** Whether something of it may have gone back to the day: it failed, or was cancelled. */
function hasLess({ meta: { status, images = [] } }) {
  return [{ status }, ...images].some(({ status }) => status === "failed" || status === "cancelled");
}

/** Says what became of an answer that was under way. */
function announceChange(message) {
  const { id, chat_id, meta: { status } } = message;
  const before = underWay.get(id)?.status;
  if (status === "thinking" || status === "generating") underWay.set(id, { status, chat_id });
  else underWay.delete(id);
  if (before && before !== status && chat_id === chat.chatId) announce(spoken(message));
  if (before && !underWay.has(id)) told?.tell(message);
  if (before && !underWay.has(id) && !isLookedAt(chat_id)) ready.add(chat_id);
  showWork();
}

function isLookedAt(chatId) {
  return chatId === chat.chatId && !route().isGallery && document.visibilityState === "visible" && document.hasFocus();
}

/** In the tab's title and in the list of chats: what is worked on, and what is ready since nobody looked. */
function showWork() {
  if (isLookedAt(chat.chatId)) ready.delete(chat.chatId);
  const working = new Set([...underWay.values()].map(({ chat_id }) => chat_id));
  chats.mark({ working, ready });
  const title = "Afterimage";
  document.title = ready.size > 0 ? t("tab_ready", { title }) : working.size > 0 ? t("tab_working", { title }) : title;
}

/** What is spoken of an answer; a long one is read where it stands. */
function spoken({ text, meta: { status, message_type, prompt, error, images = [] } }) {
  if (status === "generating") return t("painting_now");
  if (status === "failed") return sentenceOf(error);
  if (status === "cancelled") return t("cancelled");
  if (message_type === "text") return text && text.length <= SPOKEN_LENGTH ? text : t("answer_complete");
  const done = images.filter(({ image }) => image).length;
  return t(images.length > 1 ? "pictures_ready" : "picture_ready", { done, total: images.length, prompt });
}

function forgetImages(ids) {
  gallery.remove(ids);
  viewer?.remove(ids);
  chat.merge(...channel.messages(chat.chatId).filter(({ meta }) => meta.attachments?.includes(null)));
  composer.forgetImages(ids);
}

function forgetChat(chatId) {
  ready.delete(chatId);
  for (const [id, { chat_id }] of underWay) if (chat_id === chatId) underWay.delete(id);
  chats.remove(chatId);
  search?.forgetChat(chatId);
  gallery.removeChat(chatId);
  if (chatId === chat.chatId) newChat();
}

// --- what people do

/** Runs what a button does; what is refused is said below the composer. */
async function attempt(act) {
  composer.notify("");
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    composer.notify(sentenceOf(error));
    announce(sentenceOf(error));
    return null;
  }
}

/**
 * Cancel and retry: for the version that was seen; what the server knows of it is shown after all.
 * The message as it answered; null if it refused.
 */
async function change({ chat_id, id, version }, verb) {
  const path = `/chats/${chat_id}/messages/${id}`;
  return attempt(async () => {
    try {
      const answer = await channel.request("POST", `${path}/${verb}`, { version });
      receive(...channel.take([answer.assistant_message]));
      return answer.assistant_message;
    } catch (error) {
      receive(...channel.take([await channel.get(path)]));
      if (error.code !== "not_running" && error.code !== "not_failed") throw error;
      return null;
    }
  });
}

/** Also if painting began while the click was on its way. */
async function cancel(message) {
  const answer = await change(message, "cancel");
  if (message.meta.status === "thinking" && answer?.meta.status === "generating") await change(answer, "cancel");
}

/** From the gallery, or a picture seen large, to the chat. */
function showComposer() {
  document.querySelector("dialog[open]")?.close();
  if (!route().isGallery) return;
  history.pushState(null, "", `#${chat.chatId}`);
  openRoute();
}

/** The picture goes into the composer, where the words for its change are written. */
function editImage(image) {
  showComposer();
  composer.attach(image);
}

/** Shows another version; of the last question it also stands from now on, unless it has nothing to show. */
async function look(question, step) {
  const { chat_id, id } = question;
  const version = channel.versions(id).find((version) => version.question.id === id);
  looked.set(lineOf(question), id);
  receive(question);
  chat.focusStep(version.answer?.id, step);
  if (isOfLastLine(question) && hasSomething(version.answer)) await choose(chat_id, id);
}

/** A version that does not stand is shown where somebody was led to it. */
function lookAt(id) {
  const message = channel.message(id);
  if (message?.stands === false) looked.set(lineOf(message), message.reply_to ?? id);
}

function choose(chatId, id) {
  return attempt(async () => {
    const { messages } = await channel.request("PUT", `/chats/${chatId}/messages/${id}/stands`);
    receive(...channel.take(messages));
    return messages[1];
  });
}

function hasSomething(answer) {
  if (!answer) return false;
  const { text, meta: { status, images = [] } } = answer;
  return status !== "failed" && (status !== "cancelled" || Boolean(text) || images.some(({ image }) => image));
}

function isOfLastLine(message) {
  return chat.lastQuestion !== undefined && lineOf(chat.lastQuestion) === lineOf(message);
}

/** What takes the place of a question, if it is the last one of its chat. */
function inPlaceOf(question) {
  return question && question.version > 0 && isOfLastLine(question) ? { replaces: question.id } : {};
}

function changeQuestion(question = chat.lastQuestion) {
  if (!question || !inPlaceOf(question).replaces) return;
  const { answer } = channel.versions(question.id).find((version) => version.question.id === question.id) ?? {};
  if (answer && !underWay.has(answer.id)) composer.change(question, composer.wishesOf(question, answer));
}

async function deleteQuestion({ chat_id, id }) {
  if (!(await ask(t("delete_question_sure"), t("delete")))) return;
  const gone = channel.versions(id).flatMap(({ question, answer }) => [question.id, answer?.id]);
  if (await remove(`/chats/${chat_id}/messages/${id}`, t("question_not_deleted"))) chat.remove(gone);
  at("log").focus({ preventScroll: true });
}

const messageActions = {
  cancel,
  retry: async (message) => {
    const isBack = message.stands === false && isOfLastLine(message);
    const answer = isBack ? await choose(message.chat_id, message.reply_to) : message;
    if (answer) await change(answer, "retry");
  },
  again: ({ id, meta }) => {
    const question = chat.questionOf(id);
    return composer.send(question?.text ?? meta.prompt, {
      ...inPlaceOf(question),
      ...(models.length ? { again: id } : { aspectRatio: meta.aspect_ratio ?? undefined }),
    });
  },
  regenerate: (answer) => {
    const question = chat.questionOf(answer.id);
    return composer.askAgain(question, composer.wishesOf(question, answer));
  },
  change: changeQuestion,
  remove: deleteQuestion,
  versions: (id) => channel.versions(id),
  look,
  reword: ({ id, meta }) => composer.offer(chat.questionOf(id)?.text ?? meta.prompt ?? ""),
  edit: editImage,
  open: (image) => openImage(gallery.find(image.id) ?? image), // a slot's image has no prompt
  download,
  markdown: () => parts.markdown?.Markdown,
  copyImage,
  share,
  readAgain: readImage,
  find: heldImage,
};

/** Deletes over HTTP; true if it is gone now. Of what is not there any more no fuss is made. */
async function remove(path, gone) {
  try {
    await channel.request("DELETE", path);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const sentence = error.status === 404 ? gone : sentenceOf(error);
    composer.notify(sentence);
    announce(sentence);
    return false;
  }
}

/** One can be undone; several, which were asked for, are told at once. */
async function deleteImages(images) {
  if (images.length === 1) return deleteLater(`/images/${images[0].id}`, t("picture_is_deleted"));
  for (const { id } of images) await deleteNow(`/images/${id}`);
}

function deleteLater(path, sentence) {
  return session.subject ? undo.delete(path, sentence) : deleteNow(path); // whose it is could not be kept
}

async function deleteNow(path) {
  if (await remove(path, t("not_deleted"))) forget(path);
}

/** What the API's path names, a chat or a picture, is no more. */
function forget(path) {
  const [, kind, id] = path.split("/");
  if (kind === "chats") forgetChat(id);
  else forgetImages([id]);
}

const chatActions = {
  read: (cursor) => attempt(() => readChats({ ...all, cursor })),
  edit: ({ id }, change) => attempt(async () => {
    chats.update(await channel.request("PATCH", `/chats/${id}`, change));
    showTitle();
  }),
  save: (chat) => save((files) => files.saveChat(chat)),
  newest: (id) => channel.request("GET", `/chats/${id}/messages?limit=100`),
  remove: (id, sentence) => deleteLater(`/chats/${id}`, sentence),
};

async function deleteAccount() {
  at("account").hidePopover();
  if (!(await ask(t("delete_account_question"), t("delete_everything")))) return;
  if (await remove("/me", t("account_not_deleted"))) leave();
}

/** Signs out everywhere in this browser, once; what was deleted is told before, and nobody is told here any more. */
async function leave() {
  composer.forget();
  if (isLeaving) return;
  isLeaving = true;
  const enough = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  await Promise.all([undo.flush(), Promise.race([told?.end(), enough]).catch(() => {})]);
  session.end();
}

// --- what the first view does without

const PARTS = {
  undo: () => import("./undo.js"),
  viewer: () => import("./viewer.js"),
  selection: () => import("./selection.js"),
  shortcuts: () => import("./shortcuts.js"),
  downloads: () => import("./downloads.js"),
  markdown: () => import("./markdown.js"), // with the first answer in words, if that is earlier
  told: () => import("./told.js"),
};
const SELDOM = { // wanted: each is asked for when it is
  sharing: () => import("./sharing.js"),
  search: () => import("./chat_search.js"),
  exports: () => import("./exports.js"),
};
const parts = {}; // that are there

/** A part of the page, asked for where it is not there yet. */
async function load(name) {
  try {
    return (parts[name] ??= await { ...PARTS, ...SELDOM }[name]());
  } catch (cause) {
    throw new ApiError(0, { code: "part_not_loaded" }, { cause });
  }
}

/** When nothing else is to do: so each is there before it is needed, and what is pressed is done at once. */
function loadParts() {
  const soon = globalThis.requestIdleCallback ?? setTimeout;
  soon(() => {
    const ready = Object.keys(PARTS).map((name) => load(name).catch(() => {})); // asked for again when needed
    if (config.push) Promise.all(ready).then(beTold);
    const manifest = Object.assign(document.createElement("link"), { rel: "manifest", href: "/static/manifest.webmanifest" });
    document.head.append(manifest); // only who puts the page on a Home Screen needs it
  });
}

function beTold() {
  if (!parts.told || isLeaving) return;
  told = new parts.told.Told(channel, session.subject, at("told"));
  told.check();
}

function openImage(image) {
  return attempt(async () => {
    const { Viewer } = await load("viewer");
    viewer ??= new Viewer(at("viewer"), {
      readAgain: readImage, deleteImages, download, downloadPng, downloadOriginal, copyImage, share,
      again: ({ message_id, chat_id }) => {
        const message = chat_id === chat.chatId && channel.message(message_id);
        return message && !route().isGallery ? () => messageActions.again(message) : undefined;
      },
      beside: (image, step) => gallery.beside(image, step),
      edit: editImage,
      find: async (id) => heldImage(id) ?? readImage({ id }).catch(() => null),
      asked: ({ message_id }) => channel.message(message_id)?.meta ?? {},
      showInChat: ({ chat_id, message_id }) => (location.hash = `${chat_id}/${message_id}`),
    });
    viewer.open(image);
  });
}

function download(images) {
  return attempt(async () => (await load("downloads")).downloadAll(images, readImage));
}

function downloadPng(image) {
  return attempt(async () => (await load("downloads")).downloadPng(image, readImage));
}

function downloadOriginal({ id }) {
  return attempt(async () => {
    const { url } = await channel.get(`/images/${id}/original`);
    (await load("downloads")).downloadFrom(url);
  });
}

/** Written within the click, as Safari wants it, while the PNG is still to come. */
async function copyImage(image, pressed) {
  composer.notify("");
  try {
    const png = load("downloads").then(({ pngOf }) => pngOf(image, readImage));
    png.catch(() => {}); // the clipboard says so
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    sayOn(pressed, t("copied"), "check");
  } catch {
    sayOn(pressed, t("picture_not_copied"), "close");
    composer.notify(t("picture_not_copied"));
  }
}

/** The link to one picture, or the list of all that is shared. */
function share(image) {
  return attempt(async () => {
    const { Sharing } = await load("sharing");
    sharing ??= new Sharing(channel);
    await (image ? sharing.open(image) : sharing.list());
  });
}

/** Saves what there is as files, and says how far it is. */
function save(what) {
  return attempt(async () => {
    const { Exports } = await load("exports");
    await what(new Exports(at("progress"), (path) => channel.get(path)));
  });
}

/** Words are looked for in all chats; the list of chats gives way to what is found. */
function find() {
  return attempt(async () => {
    const { ChatSearch } = await load("search");
    search ??= new ChatSearch(at("side"), { read: readFound });
    search.look();
  });
}

function loadSelection() {
  return attempt(async () => (await load("selection")).Selection);
}

// --- keys

const keyActs = {
  newChat,
  write: () => composer.focus(),
  pictures: () => (location.hash = route().isGallery ? chat.chatId : PICTURES),
  undo: () => undo.press(),
};

/** At once, but for a key that is the first and comes before they are there. */
async function listenToKeys(event) {
  const { press } = parts.shortcuts ?? (await load("shortcuts").catch(() => ({})));
  press?.(event, keyActs);
}

async function showKeys() {
  at("account").hidePopover();
  await attempt(async () => (await load("shortcuts")).help());
}

// --- what is read

function readImage({ id }) {
  return channel.get(`/images/${id}`);
}

/** A picture that is held, in this chat or in the gallery; undefined if it is not. */
function heldImage(id) {
  const images = channel.messages(chat.chatId).flatMap(({ meta: { images = [], attachments } }) =>
    [...images.map(({ image }) => image), ...(attachments ?? [])]);
  return gallery.find(id) ?? images.find((image) => image?.id === id);
}

/** A page of a chat; a chat that was only just made here has none. */
async function readMessages(chatId, query = "limit=50") {
  const none = { messages: [], next_cursor: null };
  if (chatId === made && !chats.has(chatId)) return none;
  const page = await channel.get(`/chats/${chatId}/messages?${query}`).catch((error) => {
    if (error.status === 404) return none;
    throw error;
  });
  if (page.messages.some(isWritten) && !parts.markdown) await load("markdown").catch(() => {});
  return { ...page, messages: channel.take(page.messages) };
}

async function readChats(query) {
  const { chats, next_cursor } = await channel.get(`/chats?${new URLSearchParams(query)}`);
  return { chats: channel.present(chats).filter(({ id }) => !undo.hidesChat(id)), next_cursor };
}

async function readFound(query) {
  const { results, next_cursor } = await channel.get(`/search?${new URLSearchParams(query)}`);
  return { results: results.filter(({ chat }) => !undo.hidesChat(chat.id)), next_cursor };
}

async function readImages(query) {
  const { images, next_cursor } = await channel.get(`/images?${new URLSearchParams(query)}`);
  return { images: channel.present(images).filter((image) => !undo.hides(image)), next_cursor };
}

async function snapshot() {
  const { chatId } = chat;
  const [page, list, pictures] = await Promise.all([readMessages(chatId), readChats(all), readImages(all)]);
  return () => {
    chats.replace(list);
    gallery.replace(pictures);
    if (chatId === chat.chatId) showChat(page);
    refreshUsage();
  };
}

function showMessages({ messages, next_cursor }) {
  const { chatId } = chat;
  const oldest = next_cursor ? messages.at(-1).id : "";
  const heardMeanwhile = channel.messages(chatId).filter(({ id }) => id > oldest);
  const shown = [...composer.unsentIn(chatId), ...messages, ...heardMeanwhile]; // what the server has, wins
  chat.replace(chatId, shown, { older: next_cursor });
  receive(...shown.filter(({ version }) => version > 0));
}

/** The newest page of the chat, or what is around the message that the address names. */
function showChat(page) {
  showMessages(page);
  const { messageId } = route();
  if (messageId) attempt(() => chat.reveal(messageId));
}

function refreshUsage() {
  clearTimeout(usageTimer); // a replay of many events asks once
  usageTimer = setTimeout(async () => {
    const usage = await channel.get("/usage").catch(() => null);
    if (!usage) return;
    at("usage").textContent = t("pictures_today", { used: usage.used, limit: usage.limit });
    chat.typicalMs = usage.typical_ms;
  }, 200);
}

// --- which chat is shown: the one that the address names

function newChat() {
  made = channel.newId();
  history[location.hash ? "pushState" : "replaceState"](null, "", `#${made}`);
  openRoute();
}

/** What the address names: the gallery, or a chat and perhaps a message in it. */
function route() {
  const hash = location.hash.slice(1);
  const [, chatId, messageId] = hash.match(ROUTE) ?? [];
  return { isGallery: hash === PICTURES, chatId, messageId };
}

async function openRoute() {
  const { isGallery, chatId, messageId } = route();
  if (at("side").matches(":popover-open")) at("side").hidePopover();
  document.body.classList.toggle("shows-pictures", isGallery);
  if (isGallery) {
    if (chat.chatId === null) {
      chat.replace((made = channel.newId()), []);
      composer.show(made);
    }
    showTitle();
    return document.querySelector(".tiles").focus();
  }
  if (!chatId) return newChat();
  if (chatId === chat.chatId) return messageId && attempt(() => chat.reveal(messageId));
  chat.replace(chatId, [], { isRead: chatId === made });
  chats.select(chatId);
  showTitle();
  composer.show(chatId);
  if (matchMedia("(hover: hover)").matches) composer.focus(); // on a phone it would open the keyboard
  if (!wasConnected) return; // the first chat comes with the first snapshot
  await attempt(async () => {
    const page = await readMessages(chatId);
    if (chatId === chat.chatId) showChat(page);
  });
}

function showTitle() {
  at("title").textContent = chats.titleOf(chat.chatId);
  at("title").ariaBusy = chats.has(chat.chatId) || chat.isRead ? null : "true";
  showWork();
  document.querySelector(".to-chat").href = `#${chat.chatId}`;
}

// --- the page itself

/** A word about the connection, once it is worth one. */
function showState(state) {
  clearTimeout(stateTimer);
  if (state === "connected" && !wasConnected) loadParts();
  wasConnected ||= state === "connected";
  const word = at("connection");
  if (state === "closed") leave(); // the account was deleted, here or elsewhere
  else if (state === "connected") word.textContent = "";
  else if (state === "signed out") word.textContent = t("signed_out");
  else if (!navigator.onLine) word.textContent = t("offline");
  else stateTimer = setTimeout(() => (word.textContent = t(wasConnected ? "reconnecting" : "connecting")), PATIENCE_MS);
}

/** What the operator suggests is asked by a click, and is there; else some words to begin with. */
async function suggest() {
  const { suggestions } = await channel.get("/suggestions").catch(() => ({ suggestions: [] }));
  const offers = suggestions.map((one) => suggestionTile(one, () => chat.isEmpty && composer.send(one.text, {
    suggestionId: one.id, aspectRatio: one.aspect_ratio,
  })));
  const words = SUGGESTIONS.map((what) => button(t(what), () => composer.offer(t(`paint_${what}`))));
  at("suggestions").replaceChildren(...(offers.length ? offers : words));
}

async function start() {
  const { Undo } = await load("undo");
  show("app");
  at("app").inert = false;
  at("name").textContent = session.name;
  channel = connect({ token: (why) => session.token(why), snapshot });
  chats = new ChatListView(at("chats"), chatActions);
  chat = new ChatView(at("log"), at("to-end"), {
    read: readMessages, show: showMessages, veil: (message) => undo.veil(message), now: () => channel.now(), actions: messageActions, isShown, lookAt,
    onWaited: (message_id, drawn) => channel.tell({ action: "report", message_id, ...drawn }),
  });
  const images = { readAgain: readImage, deleteImages, download };
  gallery = new GalleryView(document.querySelector(".gallery"), {
    ...images, read: readImages, open: openImage, loadSelection,
  });
  composer = new Composer(at("composer"), {
    channel, chat, onAnswer: receive, onChange: () => changeQuestion(),
    onNotReplaced: (id) => receive(channel.message(id)), show: showComposer,
    maxLength: config.max_text_length, choices, owner: session.name,
  });
  undo = new Undo(at("undone"), {
    owner: session.subject, token: () => session.held,
    request: (method, path) => channel.request(method, path),
    views: { chats, chat, gallery, composer, get search() { return search; }, get viewer() { return viewer; } },
    newChat, onGone: forget,
    readChats: () => attempt(() => readChats(all)),
    readImage: (id) => readImage({ id }).catch(() => null),
  });
  listen();
  suggest();
  showState(channel.state);
  listenToPage();
  openRoute();
}

/** What people press and type outside the views, and where the browser takes them. */
function listenToPage() {
  at("new-chat").addEventListener("click", newChat);
  at("shortcuts").addEventListener("click", showKeys);
  document.addEventListener("keydown", listenToKeys);
  at("sign-out").addEventListener("click", leave);
  at("delete-account").addEventListener("click", deleteAccount);
  at("shared-links").addEventListener("click", () => {
    at("account").hidePopover();
    share();
  });
  at("export-account").addEventListener("click", () => {
    at("account").hidePopover();
    save((files) => files.saveAccount());
  });
  at("search").addEventListener("input", find);
  window.addEventListener("hashchange", openRoute);
  window.addEventListener("focus", showWork);
  document.addEventListener("visibilitychange", showWork);
}

/** The page without what it shows: nobody can do anything in it until somebody is signed in. */
function showFrame() {
  show("app");
  at("app").inert = true;
  const { isGallery, chatId } = route();
  document.body.classList.toggle("shows-pictures", isGallery);
  if (chatId) at("log").ariaBusy = at("title").ariaBusy = "true";
}

function show(id) {
  for (const one of ["welcome", "app"]) at(one).hidden = one !== id;
}

function welcome(sentence = "") {
  show("welcome");
  at("welcome").ariaBusy = null;
  at("welcome-notice").textContent = sentence;
  at("sign-in").addEventListener("click", () => session.begin().then(start).catch((error) => {
    console.warn(error);
    at("welcome-notice").textContent = t(error instanceof WindowRefused ? "window_refused" : "sign_in_unreachable");
  }));
}

/**
 * Leaves for the page's true name where it was opened by another, like CloudFront's own: the issuer
 * sends people back to that one, and only there are the pictures this page's own.
 */
async function goHome() {
  const home = new URL(config.public_url).origin;
  const { origin, pathname, search, hash } = location;
  if (origin !== home) await leaveFor(`${home}${pathname}${search}${hash}`);
}

/**
 * Keys that an input method takes, like the Enter that confirms a word, reach no field's listeners.
 * Safari says so by the key's code alone.
 */
function leaveToInputMethod(event) {
  if (event.isComposing || event.keyCode === 229) event.stopPropagation();
}

window.addEventListener("keydown", leaveToInputMethod, { capture: true });
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
await goHome();
try {
  const { isExpected } = session;
  const resuming = session.resume(); // the address is the chat's again
  if (isExpected) showFrame();
  const [isSignedIn] = await Promise.all([
    resuming,
    location.search && load("undo").catch(() => {}), // somebody comes back from the issuer
  ]);
  if (isSignedIn) await start();
  else welcome();
} catch (error) {
  console.warn(error);
  welcome(t("sign_in_failed"));
}
