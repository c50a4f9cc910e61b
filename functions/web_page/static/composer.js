/** What the user writes: shown at once, sent until the server has decided, given back when it refuses. */
import { Attachments, listenForPictures, MOST } from "./attachments.js";
import { button, element, foreseenAnswer, isBlank, sayOver, whenItResets } from "./elements.js";
import { Drafts } from "./session.js";
import { ApiError } from "./unified_channel.js";
import { numberOf, sentenceOf, t } from "./words.js";

const BY_FINGER = matchMedia("(pointer: coarse)"); // a phone or a tablet, with a keyboard on its screen
const NEARLY = 0.9; // of the longest text: from here on it is said how much is left
const MOST_PROMPT = 2_000; // characters that go straight to the painter
const SHAPES = [
  "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8", "8:1",
];

export class Composer {
  #form;
  #text;
  #choices;
  #attachments;
  #drafts;
  #notice;
  #options;
  #chatId = null;
  #unsent = new Map(); // id → message that the server has not confirmed
  #asked = new Map(); // id → what was wished for with a question that was sent from here
  #offered = null; // words that were offered last
  #changing = null; // the question that is being changed, with what stood here before

  /**
   * @param {{
   *   channel: UnifiedChannel,
   *   chat: ChatView,
   *   onAnswer: (...messages) => void,
   *   onChange: () => void, somebody goes up from where nothing is written
   *   onNotReplaced: (id: string) => void, the question stays as it was
   *   show: () => void, brings the composer into view
   *   maxLength: number, characters of a text
   *   choices: Choices, of the same form
   *   owner: string, whose drafts these are
   * }} options
   */
  constructor(form, options) {
    this.#form = form;
    this.#options = options;
    this.#notice = form.querySelector("#notice");
    this.#text = form.querySelector("textarea");
    this.#choices = options.choices;
    this.#drafts = new Drafts(options.owner);
    this.#attachments = new Attachments(document.getElementById("attachments"), {
      channel: options.channel,
      notify: (sentence) => this.notify(sentence),
      onChange: (chatId) => this.#keepDraft(chatId),
    });
    this.#listenToKeys();
    this.#listenToFiles();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    window.addEventListener("pagehide", () => this.#keepUnsent());
  }

  focus() {
    this.#text.focus();
  }

  /** What was being written in this chat, and nothing of another. */
  show(chatId) {
    this.#stopChanging();
    const isFirst = !this.#drafts.has(chatId);
    const { text, imageIds } = this.#drafts.get(chatId);
    this.#chatId = chatId;
    this.#text.value = text;
    this.#attachments.show(chatId);
    if (isFirst) this.#attachments.addIds(imageIds);
    this.notify("");
  }

  /** One of the user's own pictures goes with the next question. */
  attach(image) {
    this.#attachments.addImage(image);
    this.focus();
  }

  /** Pictures were deleted. */
  forgetImages(ids) {
    this.#attachments.forget(ids);
  }

  recallImages(ids) {
    this.#attachments.recall(ids);
  }

  /** Nothing that was written here is left in this browser. */
  forget() {
    this.#unsent.clear();
    this.#drafts.clear();
  }

  /** Puts words where they can be changed before they are sent, above what is being written. */
  offer(text) {
    const written = this.#text.value === this.#offered ? "" : this.#text.value;
    this.#offered = text;
    this.#write([text, written].filter(Boolean).join("\n"));
    this.#checkLength();
    this.focus();
  }

  notify(...sentence) {
    const isSaid = sentence.some(Boolean) || !this.#changing;
    if (!isSaid && this.#notice.querySelector(".stop")) return; // to say it at every key would be heard
    this.#notice.classList.toggle("error", isSaid);
    this.#notice.replaceChildren(...(isSaid ? sentence : this.#sayChanging()));
    sayOver(isSaid ? this.#notice.textContent : "", this.#notice);
  }

  /** A question is asked anew by what is written next; what was being written comes back then. */
  change(question, wishes) {
    this.#stopChanging();
    const text = this.#text.value;
    const tiles = this.#attachments.take(this.#chatId);
    this.#changing = { question, text, tiles, wishes: this.#choices.set(wishes) };
    this.#text.value = question.text ?? "";
    question.meta.attachments?.filter(Boolean).forEach((image) => this.#attachments.addImage(image));
    this.notify("");
    this.focus();
  }

  /** The same question in its own place, with the same pictures. */
  askAgain({ id, text, meta }, wishes) {
    const tiles = this.#attachments.tilesOf((meta.attachments ?? []).filter(Boolean));
    return this.send(text ?? "", { ...wishes, replaces: id }, tiles);
  }

  /** Whether another question is on its way in the place of one of these. */
  isReplaced(ids) {
    return [...this.#unsent.values()].some(({ wishes }) => ids.includes(wishes.replaces));
  }

  #sayChanging() {
    return [`${t("changing_question")} `, button(t("cancel"), () => this.#stopChanging(), { className: "quiet stop" })];
  }

  #stopChanging() {
    if (!this.#changing) return;
    const { text, tiles, wishes } = this.#changing;
    this.#attachments.take(this.#chatId).forEach((tile) => tile.drop());
    this.#attachments.putBack(this.#chatId, tiles);
    this.#choices.set(wishes);
    this.#changing = null;
    this.#write(text);
    this.notify("");
    this.focus();
  }

  /** The server knows this message. */
  confirm(id) {
    this.#unsent.delete(id);
  }

  /** What was wished for with a question: as it was sent from here, or as far as its answer says. */
  wishesOf({ id }, answer) {
    const { aspect_ratio, count, image_size, image_model } = answer?.meta ?? {};
    const { replaces, suggestionId, ...wishes } = this.#asked.get(id) ?? {
      aspectRatio: aspect_ratio ?? undefined,
      count: count > 1 ? count : undefined,
      imageSize: image_size ?? undefined,
      imageModel: image_model ?? undefined,
    };
    return wishes;
  }

  unsentIn(chatId) {
    return [...this.#unsent.values()].filter((message) => message.chat_id === chatId).flatMap(withAnswer);
  }

  /**
   * @param {object} wishes as `UnifiedChannel.send` takes them
   * @param {object[]} tiles pictures that go with it, perhaps still on their way up
   */
  send(text, wishes, tiles = []) {
    const { channel, chat } = this.#options;
    return this.#send({
      id: channel.newId(), chat_id: chat.chatId, role: "user", text, version: 0, wishes, tiles,
      created_at: new Date(channel.now()).toISOString(),
      meta: { message_type: "text", status: "complete", attachments: tiles.map(({ asImage }) => asImage) },
    });
  }

  // --- what is being written

  #listenToKeys() {
    this.#text.addEventListener("keydown", (event) => {
      if (event.key === "ArrowUp" && this.#isEmpty) this.#options.onChange();
      if (event.key === "Escape") this.#stopChanging();
      if (!this.#sends(event)) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#nameEnter();
    BY_FINGER.addEventListener("change", () => this.#nameEnter());
    this.#text.addEventListener("input", () => {
      this.#options.channel.typing();
      this.#checkLength();
      this.#keepDraft();
    });
  }

  get #isEmpty() {
    return !this.#text.value && !this.#changing && this.#attachments.of(this.#chatId).length === 0;
  }

  #listenToFiles() {
    for (const name of ["files", "photo"]) {
      const input = this.#form.querySelector(`#${name}`);
      this.#form.querySelector(`[data-opens=${name}]`).addEventListener("click", () => input.click());
      input.addEventListener("change", () => {
        this.notify("");
        this.#attachments.addFiles([...input.files]);
        input.value = ""; // the same file may be chosen again
      });
    }
    listenForPictures(this.#attachments, {
      notify: (sentence) => this.notify(sentence),
      isSeen: () => this.#form.checkVisibility() && !document.querySelector("dialog[open]"),
      show: this.#options.show,
    });
  }

  /** Enter, and Ctrl or Cmd with it; a keyboard on the screen has no Shift for a new line. */
  #sends({ key, shiftKey, ctrlKey, metaKey }) {
    return key === "Enter" && (ctrlKey || metaKey || !(shiftKey || BY_FINGER.matches));
  }

  #nameEnter() {
    this.#text.enterKeyHint = BY_FINGER.matches ? "enter" : "send";
  }

  #write(text) {
    this.#text.value = text;
    this.#keepDraft();
  }

  /** The server counts characters, a text area halves of emoji. */
  #checkLength() {
    const { maxLength } = this.#options;
    const most = this.#choices.paints ? MOST_PROMPT : maxLength;
    const length = [...this.#text.value].length;
    if (length > most * NEARLY) this.notify(t("characters", { length, most }));
    else this.notify("");
    return length <= most;
  }

  // --- what is sent

  #submit() {
    const text = this.#text.value.toWellFormed();
    const tiles = this.#attachments.of(this.#chatId);
    if (!this.#checkLength() || (isBlank(text) && !tiles.length)) return;
    if (tiles.length > MOST) return this.notify(t("too_many_pictures", { most: MOST }));
    if (tiles.some(({ error }) => error)) return this.notify(t("picture_in_the_way"));
    if (this.#choices.paints && isBlank(text)) return this.notify(t("say_what"));
    const wishes = { ...this.#choices.take(), replaces: this.#changing?.question.id };
    const taken = this.#attachments.take(this.#chatId);
    if (this.#changing) this.#stopChanging();
    else this.#write("");
    this.send(text, wishes, taken);
  }

  async #send(message) {
    this.#options.chat.sent(message);
    this.notify("");
    this.#show(message);
    const { channel, onAnswer } = this.#options;
    const { chat_id, text, wishes, tiles } = message;
    this.#asked.set(message.id, wishes);
    let { id } = message;
    const onNewId = (corrected) => {
      this.#withdraw(id);
      id = corrected;
      this.#show({ ...message, id });
    };
    try {
      await Promise.all(tiles.map(({ done }) => done)); // the server must know what the message names
      if (tiles.length) this.#hold({ ...message, id }); // from now on an answer is foreseen
      const imageIds = tiles.length ? tiles.map(({ id }) => id) : undefined;
      const answer = await channel.send(chat_id, text, { ...wishes, id, imageIds, onNewId });
      tiles.forEach((tile) => tile.drop());
      onAnswer(answer.user_message, answer.assistant_message);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const isHeld = tiles.every((tile) => tile.image);
      if (error.undecided && isHeld) this.#offerToRepeat({ ...message, id });
      else this.#giveBack({ ...message, id }, error);
    }
  }

  #show(message) {
    this.#hold(message);
    this.#options.chat.scrollToEnd();
  }

  #hold(message) {
    this.#unsent.set(message.id, message);
    this.#options.chat.merge(...withAnswer(message));
  }

  #withdraw(id) {
    this.#unsent.delete(id);
    this.#options.chat.remove([id, foreseenAnswer(id)]);
  }

  /** It may have arrived all the same: only the same id can be sent again without harm. */
  #offerToRepeat(message) {
    if (!this.#unsent.has(message.id)) return; // it did arrive: the channel brought it
    this.#options.chat.remove([foreseenAnswer(message.id)]);
    this.#show({ ...message, sendAgain: () => this.#send({ ...message, sendAgain: null }) });
  }

  #giveBack({ id, chat_id, text, tiles, wishes }, error) {
    this.#withdraw(id);
    if (wishes.replaces) this.#options.onNotReplaced(wishes.replaces);
    const isHere = chat_id === this.#chatId;
    const written = isHere ? this.#text.value : this.#drafts.get(chat_id).text;
    const both = [text, written].filter(Boolean).join("\n");
    if (isHere) this.#text.value = both;
    else this.#drafts.set(chat_id, { ...this.#drafts.get(chat_id), text: both });
    this.#attachments.putBack(chat_id, tiles);
    this.notify(sentenceOf(error), ...whenItResets(error.code, error.retryAfter));
  }

  // --- drafts

  #keepDraft(chatId = this.#chatId) {
    if (this.#changing && chatId === this.#chatId) return; // what was being written is kept
    const text = chatId === this.#chatId ? this.#text.value : this.#drafts.get(chatId).text;
    this.#drafts.set(chatId, { text, imageIds: this.#attachments.of(chatId).map(({ id }) => id) });
  }

  /** Signing in again leaves the page; what was not sent is still there afterwards. */
  #keepUnsent() {
    for (const { chat_id, text, tiles } of [...this.#unsent.values()].reverse()) {
      const draft = this.#drafts.get(chat_id);
      const imageIds = [...new Set([...tiles.map(({ id }) => id), ...draft.imageIds])];
      this.#drafts.set(chat_id, { text: [text, draft.text].filter(Boolean).join("\n"), imageIds });
    }
  }
}

/** A question that is on its way, and its answer, which is thought about as far as anybody can see. */
function withAnswer(message) {
  if (message.sendAgain || message.tiles.some(({ image }) => !image)) return [message];
  const meta = { message_type: "text", status: "thinking" };
  const answer = { id: foreseenAnswer(message.id), role: "assistant", text: "", version: 0, meta };
  return [message, { ...answer, chat_id: message.chat_id, created_at: message.created_at }];
}

/** Shape, number, size and model of what is asked for, and whether the words are the prompt. */
export class Choices {
  #models;
  #fields;

  /** @param {object[]} models as `/config.json` has them */
  constructor(form, models) {
    this.#models = models;
    const names = ["shape", "number", "size", "model", "paint"];
    this.#fields = Object.fromEntries(names.map((name) => [name, form.querySelector(`#${name}`)]));
    const { number, model, paint } = this.#fields;
    fill(number, t("number"), [1, 2, 3, 4].map((count) => [count, t("pictures_counted", { count })]));
    model.append(...models.map(({ name, label }) => element("option", { value: name }, label)));
    model.hidden = models.length < 2;
    paint.parentElement.hidden = models.length === 0;
    model.addEventListener("change", () => this.#followModel());
    this.#followModel();
  }

  /** Chooses as a question was sent; what stood there, to be set again. */
  set({ aspectRatio = "", count = "", paint = false, imageSize = "", imageModel }) {
    const { shape, number, size, model, paint: straight } = this.#fields;
    const before = this.#now();
    if (imageModel) model.value = imageModel;
    this.#followModel();
    [shape.value, number.value, size.value, straight.checked] = [aspectRatio, count, imageSize, paint];
    return before;
  }

  get paints() {
    return this.#fields.paint.checked;
  }

  /** As `UnifiedChannel.send` takes them. The next question begins with all but the number. */
  take() {
    const wishes = this.#now();
    this.#fields.number.value = "";
    return wishes;
  }

  #now() {
    const { shape, number, size, model, paint } = this.#fields;
    return {
      aspectRatio: shape.value || undefined,
      count: Number(number.value) || undefined,
      paint: paint.checked || undefined,
      imageSize: size.value || undefined,
      imageModel: model.hidden ? undefined : model.value,
    };
  }

  /** What it can do, and what that costs. */
  #followModel() {
    const { shape, size, model } = this.#fields;
    const { sizes = {}, aspect_ratios = SHAPES } = this.#models.find(({ name }) => name === model.value) ?? {};
    fill(shape, t("shape"), aspect_ratios.map((ratio) => [ratio, ratio]));
    const offers = Object.entries(sizes);
    fill(size, t("size"), offers.map(([name, { price_usd, pictures }]) =>
      [name, t("size_offer", { name, price: numberOf(price_usd), count: pictures })]));
    size.hidden = offers.length < 2;
  }
}

/** Options as pairs of value and label, after one that says what they are; what was chosen stays so. */
function fill(select, name, options) {
  const chosen = select.value;
  select.replaceChildren(...[["", name], ...options].map(([value, label]) => element("option", { value }, label)));
  select.value = options.some(([value]) => value === chosen) ? chosen : "";
}
