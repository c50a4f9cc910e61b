/** One message in the page: its words and pictures, what there is to say of it, and what to do next. */
import { button, copy, difference, element, iconButton, labelOf, Picture, whenItResets } from "./elements.js";
import { sentenceOf, t } from "./words.js";

const LONG = 900; // characters of a question, or so many lines, that is folded
const MANY_LINES = 12;

export class MessageItem {
  element = element("li", { tabIndex: -1 });
  foot = element("div", { className: "foot" });
  #actions;
  #waits;
  #message = null;
  #since = null; // epoch ms by the server's clock from which it is waited for
  #isWriting = false;
  #attachments = null;
  #pictures = null;
  #more = null; // what came unasked
  #author = element("span", { className: "for-screen-readers" });
  #text = element("div", { className: "text", dir: "auto" });
  #markdown = null; // of an answer
  #isUnfolded = false;

  /**
   * @param {object} actions `cancel`, `retry`, `again`, `regenerate`, `reword`, `change` and `remove`, called with
   *   the message; `versions`, with the id of one; `look`, with a version's question; `edit`, `open`, `share` and
   *   `readAgain`, with a picture; `copyImage`, with a picture and the button; `download`, with several; `find`,
   *   with the id of one that may be held;
   *   `markdown`, the class Markdown once it is there
   */
  constructor(actions, waits) {
    this.#actions = actions;
    this.#waits = waits;
    this.element.append(this.#author, this.#text, this.foot);
  }

  show(message) {
    const isHeardOf = message.version > 0 && !this.#message?.version;
    if (isHeardOf && message.meta.status === "thinking") this.#waits.shown("placeholder", message.id);
    if (isOverWithoutPicture(message)) this.#waits.over(message.id);
    if (!this.#message) this.#since = new Date(message.created_at).getTime();
    else if (!isOpen(this.#message)) this.#since = null; // tried again, perhaps long after
    else if (isWaiting(this.#message) && !isWaiting(message)) this.#since = null; // its turn has come
    this.#message = message;
    this.#isWriting = false;
    const { role, text, truncated, version, meta } = message;
    this.element.dataset.id = message.id;
    this.element.className = `message ${role} ${meta.status} ${meta.message_type}`;
    this.element.classList.toggle("unsent", version === 0);
    this.element.classList.toggle("folded", isLong(message) && !this.#isUnfolded);
    this.#author.textContent = `${role === "user" ? t("you_said") : "Afterimage:"} `;
    this.#write(truncated ? "…" : (text ?? ""));
    this.#showFoot(message);
    this.#showAttachments(message);
    this.#showPictures(message);
  }

  /** More words of it, and nothing else. */
  write(message) {
    this.#message = message;
    this.#isWriting = true; // also where its beginning was missed
    this.#write(message.text);
  }

  /** People's own words are text, as they were typed. What stands there already stays the same node. */
  #write(text) {
    const Markdown = this.#message.role === "assistant" && text && this.#actions.markdown();
    if (Markdown) this.#markdown ??= new Markdown(this.#text);
    if (this.#markdown) this.#markdown.show(text);
    else if (this.#text.textContent !== text) this.#text.textContent = text;
  }

  #copyButton(text) {
    return iconButton("copy", t("copy_answer"), ({ currentTarget }) => copy(text, currentTarget));
  }

  #fold() {
    this.#isUnfolded = !this.#isUnfolded;
    this.show(this.#message);
    this.element.scrollIntoView({ block: "nearest" });
  }

  preview(imageId, url) {
    const slots = this.#message.meta.images ?? [];
    this.#pictures?.preview(slots.findIndex(({ id }) => id === imageId), url);
  }

  /** Says how long it has taken so far, while it is under way. */
  tick(now, typicalMs) {
    if (!isOpen(this.#message)) return;
    this.#since ??= now;
    const ms = Math.max(0, now - this.#since);
    const words = this.#isWriting ? t("writing") : waiting(this.#message, ms, typicalMs);
    this.foot.querySelector(".waiting").textContent = words;
  }

  /** New elements for what is said and can be done now: to move the old ones would be a shift. */
  #showFoot(message) {
    const hadFocus = this.foot.contains(document.activeElement);
    const foot = element("div", { className: "foot" },
      element("p", { className: "note" }, ...noteOf(message)),
      element("div", { className: "actions" }, ...this.#stepsOf(message), ...this.#buttonsOf(message)));
    if (message.role === "user") foot.append(this.#toolsOf(message));
    this.foot.replaceWith(foot);
    this.foot = foot;
    if (hadFocus) (this.foot.querySelector("button") ?? this.element).focus({ preventScroll: true });
  }

  /** What can be done with a question; it stands between the lines, and takes no room. */
  #toolsOf(message) {
    const change = iconButton("rename", t("change_question"), () => this.#actions.change(message));
    const remove = iconButton("delete", t("delete_question"), () => this.#actions.remove(message));
    change.classList.add("change");
    return element("div", { className: "between" }, change, remove);
  }

  /** To the versions before and behind, under an answer that has some. */
  #stepsOf({ id, role }) {
    const versions = role === "assistant" ? this.#actions.versions(id) : [];
    if (versions.length < 2) return [];
    const index = versions.findIndex(({ answer }) => answer?.id === id);
    const step = (name, label, to) => {
      const look = () => versions[to] && this.#actions.look(versions[to].question, name);
      const made = iconButton(name, label, look);
      made.dataset.step = name;
      made.ariaDisabled = `${!versions[to]}`; // not disabled: that would lose the focus
      return made;
    };
    const place = { index: index + 1, total: versions.length };
    return [element("span", { className: "versions", role: "group", "aria-label": t("versions") },
      step("back", t("version_before"), index - 1),
      element("span", { "aria-label": t("version_of", place), role: "img" }, `${place.index} / ${place.total}`),
      step("forth", t("version_behind"), index + 1))];
  }

  #showAttachments({ meta: { attachments } }) {
    if (!attachments?.length) return;
    if (!this.#attachments) {
      this.#attachments = new Pictures("attachments", 1, this.#actions, { small: true });
      this.#text.before(this.#attachments.element);
    }
    this.#attachments.show(attachments.map((image) => ({ image, image_deleted: !image })));
  }

  #showPictures({ meta }) {
    const [asked, unasked] = slotsOf(meta);
    if (!isOpen({ meta }) && imagesOf(meta).length === 0) {
      this.#pictures?.element.remove();
      this.#more?.element.remove();
      this.#pictures = this.#more = null;
      return;
    }
    if (asked.length === 0) return;
    if (!this.#pictures) {
      const name = `pictures of-${Math.min(asked.length, 4)}`;
      this.#pictures = new Pictures(name, this.#ratioOf(meta), this.#actions, {
        onShown: (layer) => this.#pictureShown(layer),
      });
      this.#text.after(this.#pictures.element);
    }
    this.#pictures.show(asked, meta.prompt);
    if (unasked.length === 0) return;
    if (!this.#more) {
      this.#more = new Pictures("more", this.#ratioOf(meta), this.#actions, { small: true });
      this.#pictures.element.after(this.#more.element);
    }
    this.#more.show(unasked, meta.prompt);
  }

  /** Of every place: that of the first picture, or as it was asked for, or as what is changed has it. */
  #ratioOf({ images, aspect_ratio, source_image_ids }) {
    const { image } = images.find(({ image }) => image) ?? {};
    if (image) return image.width / image.height;
    const source = this.#actions.find(source_image_ids?.[0]);
    return aspect_ratio ?? (source ? source.width / source.height : null);
  }

  #pictureShown(layer) {
    if (layer === "preview") this.#waits.shown("preview", this.#message.id);
    if (layer === "full") this.#waits.shown("picture", this.#message.id);
  }

  #buttonsOf({ sendAgain, role, ...message }) {
    if (sendAgain) return [button(t("try_again"), sendAgain)];
    if (role === "user") {
      if (!isLong({ role, ...message })) return [];
      const attributes = { "aria-expanded": this.#isUnfolded };
      return [button(t(this.#isUnfolded ? "show_less" : "show_all"), () => this.#fold(), attributes)];
    }
    const act = (label, name) => button(label, this.#doing(name));
    if (isOpen(message)) return message.version > 0 ? [act(t("cancel"), "cancel")] : [];
    const steps = stepsAfter(message.meta).map(([label, name]) => act(label, name));
    const images = imagesOf(message.meta);
    if (images.length > 0) return [...steps, ...this.#buttonsOfImages(images)];
    const isText = message.meta.message_type === "text" && message.text;
    const anew = isText && message.meta.status === "complete" ? [act(t("regenerate"), "regenerate")] : [];
    anew.forEach((made) => made.classList.add("anew"));
    return isText ? [...steps, this.#copyButton(message.text), ...anew] : steps;
  }

  /** A press does it once, however often it is pressed meanwhile. */
  #doing(name) {
    return async ({ currentTarget }) => {
      if (currentTarget.ariaBusy) return; // not disabled: that would lose the focus
      currentTarget.ariaBusy = "true";
      try {
        await this.#actions[name](this.#message);
      } finally {
        currentTarget.ariaBusy = null;
      }
    };
  }

  #buttonsOfImages(images) {
    const [image] = images;
    const { edit, copyImage, share, download } = this.#actions;
    const isOne = images.length === 1;
    return [
      iconButton("again", t("another_one"), this.#doing("again")),
      isOne && iconButton("rename", t("edit"), () => edit(image)),
      isOne && iconButton("copy", t("copy_picture"), ({ currentTarget }) => copyImage(image, currentTarget)),
      iconButton("words", t("copy_prompt"), ({ currentTarget }) => copy(image.prompt, currentTarget)),
      iconButton("download", t(isOne ? "download" : "download_all"), () => download(images)),
      isOne && iconButton("share", t("share"), () => share(image)),
    ].filter(Boolean);
  }
}

function isLong({ role, text }) {
  return role === "user" && Boolean(text) && (text.length > LONG || text.split("\n").length > MANY_LINES);
}

/** Places for pictures: each keeps its size and shape, whatever becomes of its picture. */
class Pictures {
  element;
  #places = []; // of class Picture
  #ratio;
  #actions;
  #options;

  /** @param {{small?: boolean, onShown?: (layer: string) => void}} options as Picture takes them */
  constructor(className, ratio, actions, options) {
    this.element = element("div", { className });
    this.element.style.setProperty("--ratio", Picture.number(ratio));
    this.#ratio = ratio;
    this.#actions = actions;
    this.#options = options;
  }

  /** @param {object[]} slots as the contract has them */
  show(slots, prompt) {
    this.#places.splice(slots.length).forEach((place) => place.element.remove());
    slots.forEach((slot, index) => {
      const place = (this.#places[index] ??= this.#add(prompt));
      if (!slot.image) return place.lack(...lackOf(slot));
      this.#fill(place, { ...slot.image, prompt: slot.image.prompt || prompt }, index + 1, slots.length);
    });
  }

  preview(index, url) {
    this.#places[index]?.preview(url);
  }

  #add(prompt) {
    const place = new Picture(this.#ratio, prompt, this.#options.onShown);
    this.element.append(place.element);
    return place;
  }

  #fill(place, image, index, total) {
    if (place.imageId === image.id) return;
    place.show(image, () => this.#actions.readAgain(image), this.#options);
    // Under the picture, so that the picture itself is what a right click and a drag are about.
    const open = button("");
    place.element.onclick = () => {
      open.focus({ preventScroll: true }); // to come back to
      this.#actions.open(image);
    };
    const label = t(total > 1 ? "open_one_large" : "open_large", { index, total, picture: labelOf(image) });
    open.setAttribute("aria-label", label);
    place.element.prepend(open);
  }
}

function isOpen({ meta: { status } }) {
  return status === "thinking" || status === "generating";
}

function isOverWithoutPicture({ meta: { message_type, status } }) {
  return ["failed", "cancelled"].includes(status) || (status === "complete" && message_type === "text");
}

/** Whether its pictures wait until others of the same user are painted. */
function isWaiting({ meta: { images } }) {
  const is = (wanted) => images?.some(({ status }) => status === wanted) ?? false;
  return is("waiting") && !is("generating");
}

/** The slots of what was asked for, and of what came with it. */
function slotsOf({ images = [], count }) {
  return [images.slice(0, count ?? 1), images.slice(count ?? 1)];
}

function imagesOf({ images = [], prompt }) {
  return images.filter(({ image }) => image).map(({ image }) => ({ ...image, prompt: image.prompt || prompt }));
}

/** What is said in a place without a picture, and whether it is still waited for. */
function lackOf({ status, error, image_deleted }) {
  if (image_deleted) return [t("deleted"), false];
  if (status === "waiting") return [t("waiting"), true];
  if (status === "failed") return [sentenceOf(error), false];
  return status === "cancelled" ? [t("cancelled"), false] : ["", true];
}

function noteOf({ role, sendAgain, ...message }) {
  if (sendAgain) return [t("not_sent")];
  if (role === "user") return [];
  if (isOpen(message)) {
    const dots = [1, 2, 3].map(() => element("i"));
    return [
      element("span", { className: "dots", "aria-hidden": "true" }, ...dots),
      element("span", { className: "waiting" }, waiting(message, 0, null)),
    ];
  }
  const { status, message_type, error } = message.meta;
  const [asked, unasked] = slotsOf(message.meta);
  if (status === "failed") return spaced(reasonsOf(asked.length > 0 ? asked : [{ status, error }]));
  if (status === "cancelled") return spaced([t("cancelled"), ...reasonsOf(asked), countedOf(asked)]);
  return message_type === "image" ? completeNoteOf(message.meta, asked, unasked) : [];
}

/** What of several pictures did not come and why, and what is otherwise than it was asked for. */
function completeNoteOf(meta, asked, unasked) {
  const images = imagesOf(meta);
  const come = asked.filter(({ status }) => status === "complete").length;
  return spaced([
    images.length === 0 && t(asked.length > 1 ? "pictures_deleted" : "picture_deleted"),
    come < asked.length && t("painted_some", { done: come, total: asked.length }),
    ...reasonsOf(asked),
    asked.some(({ status }) => status === "cancelled") && t("rest_cancelled"),
    countedOf(asked),
    unasked.length > 0 && t("came_unasked", { count: unasked.length }),
    images.length > 0 && difference(meta, images[0]),
  ]);
}

/** What there is of these sentences and nodes, with a space between. */
function spaced(parts) {
  return parts.filter(Boolean).flatMap((part, index) => (index ? [" ", part] : [part]));
}

/** Why pictures failed, each reason once, as nodes. */
function reasonsOf(slots) {
  const failed = slots.filter(({ status }) => status === "failed");
  const errors = new Map(failed.map(({ error }) => [sentenceOf(error), error]));
  return [...errors].map(([sentence, { code, retry_after }]) =>
    element("span", {}, sentence, ...whenItResets(code, retry_after)));
}

/** What of the cancelled counts all the same: its painting had begun. */
function countedOf(slots) {
  const counted = slots.filter(({ status, charged }) => status === "cancelled" && charged).length;
  if (counted === 0) return "";
  return slots.length === 1 ? t("counts_for_today") : t("some_count", { count: counted });
}

/** What somebody can do about what did not come: labels, and names of actions. */
function stepsAfter({ status, error, images = [] }) {
  const lacking = images.filter((slot) => ["failed", "cancelled"].includes(slot.status));
  if (status === "complete" && lacking.length === 0) return [];
  const errors = lacking.length > 0 ? lacking.map((slot) => slot.error) : [error];
  const isUsedUp = (error) => ["quota_exceeded", "provider_limit"].includes(error?.code) && error.retry_after;
  if (errors.every(isUsedUp)) return [];
  const isDeclined = status === "failed" && ["blocked", "no_image"].includes(error.code);
  return [...(isDeclined ? [[t("change_words"), "reword"]] : []), [t("try_again"), "retry"]];
}

function waiting(message, ms, typicalMs) {
  if (isWaiting(message)) return t("waiting_for_others");
  const { status, images = [] } = message.meta;
  const isThinking = status === "thinking";
  const done = images.filter((slot) => slot.status === "complete").length;
  const doing = done ? t("painting_some", { done, total: images.length }) : t(isThinking ? "thinking" : "painting");
  if (ms < (isThinking ? 3000 : 1000)) return doing;
  const [seconds, usual] = [ms, typicalMs].map((time) => Math.max(1, Math.round(time / 1000)));
  if (done) return t("some_so_far", { doing, seconds });
  if (isThinking || !typicalMs) return t("taken_so_far", { doing, seconds });
  return t(ms > 2 * typicalMs ? "taken_longer" : "taken_usually", { doing, seconds, usual });
}
