/** One message in the page: its words and pictures, what there is to say of it, and what to do next. */
import { button, copy, element, labelOf, Picture, whenItResets } from "./elements.js";
import { difference, downloadAll } from "./viewer.js";

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
  #text = element("p", { className: "text", dir: "auto" });

  /**
   * @param {object} actions `cancel`, `retry`, `again` and `reword`, called with the message; `edit`,
   *   `open` and `readAgain`, with a picture; `find`, with the id of one that may be held
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
    this.#author.textContent = role === "user" ? "You: " : "Afterimage: ";
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

  /** What stands there already stays the same node: somebody may have marked words of it. */
  #write(text) {
    const [node] = this.#text.childNodes;
    if (node && text.startsWith(node.data)) node.appendData(text.slice(node.length));
    else this.#text.textContent = text;
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
    const words = this.#isWriting ? "Writing…" : waiting(this.#message, ms, typicalMs);
    this.foot.querySelector(".waiting").textContent = words;
  }

  /** New elements for what is said and can be done now: to move the old ones would be a shift. */
  #showFoot(message) {
    const hadFocus = this.foot.contains(document.activeElement);
    const foot = element("div", { className: "foot" },
      element("p", { className: "note" }, ...noteOf(message)),
      element("div", { className: "actions" }, ...this.#buttonsOf(message)));
    this.foot.replaceWith(foot);
    this.foot = foot;
    if (hadFocus) (this.foot.querySelector("button") ?? this.element).focus({ preventScroll: true });
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
    if (sendAgain) return [button("Try again", sendAgain)];
    if (role === "user") return [];
    const act = (label, name) => button(label, async ({ currentTarget }) => {
      if (currentTarget.ariaBusy) return; // not disabled: that would lose the focus
      currentTarget.ariaBusy = "true";
      try {
        await this.#actions[name](this.#message);
      } finally {
        currentTarget.ariaBusy = null;
      }
    });
    if (isOpen(message)) return message.version > 0 ? [act("Cancel", "cancel")] : [];
    const steps = stepsAfter(message.meta).map(([label, name]) => act(label, name));
    const images = imagesOf(message.meta);
    if (images.length === 0) return steps;
    const [{ prompt }] = images;
    return [
      ...steps,
      act("Another one", "again"),
      ...(images.length === 1 ? [button("Edit", () => this.#actions.edit(images[0]))] : []),
      button("Copy prompt", ({ currentTarget }) => copy(prompt, currentTarget)),
      button(images.length > 1 ? "Download all" : "Download", () => downloadAll(images, this.#actions.readAgain)),
    ];
  }
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
      const where = slots.length > 1 ? `, ${index + 1} of ${slots.length}` : "";
      this.#fill(place, { ...slot.image, prompt: slot.image.prompt || prompt }, where);
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

  #fill(place, image, where) {
    if (place.imageId === image.id) return;
    place.show(image, () => this.#actions.readAgain(image), this.#options);
    const open = button("", () => this.#actions.open(image));
    open.setAttribute("aria-label", `Open large${where}: ${labelOf(image)}`);
    place.element.append(open);
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
  if (image_deleted) return ["Deleted.", false];
  if (status === "waiting") return ["Waiting…", true];
  if (status === "failed") return [error.message, false];
  return status === "cancelled" ? ["Cancelled.", false] : ["", true];
}

function noteOf({ role, sendAgain, ...message }) {
  if (sendAgain) return ["Not sent."];
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
  if (status === "cancelled") return spaced(["Cancelled.", ...reasonsOf(asked), countedOf(asked)]);
  return message_type === "image" ? completeNoteOf(message.meta, asked, unasked) : [];
}

/** What of several pictures did not come and why, and what is otherwise than it was asked for. */
function completeNoteOf(meta, asked, unasked) {
  const images = imagesOf(meta);
  const come = asked.filter(({ status }) => status === "complete").length;
  const deleted = asked.length > 1 ? "These pictures were deleted." : "This picture was deleted.";
  const more = unasked.length > 1 ? `${unasked.length} more came unasked: they are not counted.`
    : "One more came unasked: it is not counted.";
  return spaced([
    images.length === 0 && deleted,
    come < asked.length && `${come} of ${asked.length} pictures were painted.`,
    ...reasonsOf(asked),
    asked.some(({ status }) => status === "cancelled") && "The rest was cancelled.",
    countedOf(asked),
    unasked.length > 0 && more,
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
  const errors = new Map(failed.map(({ error }) => [error.message, error]));
  return [...errors.values()].map(({ code, message, retry_after }) =>
    element("span", {}, message, ...whenItResets(code, retry_after)));
}

/** What of the cancelled counts all the same: its painting had begun. */
function countedOf(slots) {
  const counted = slots.filter(({ status, charged }) => status === "cancelled" && charged).length;
  if (counted === 0) return "";
  if (slots.length === 1) return "Its painting had begun, so it counts for today.";
  return counted === 1 ? "The painting of one had begun: it counts for today."
    : `The painting of ${counted} had begun: they count for today.`;
}

/** What somebody can do about what did not come: labels, and names of actions. */
function stepsAfter({ status, error, images = [] }) {
  const lacking = images.filter((slot) => ["failed", "cancelled"].includes(slot.status));
  if (status === "complete" && lacking.length === 0) return [];
  const errors = lacking.length > 0 ? lacking.map((slot) => slot.error) : [error];
  const isUsedUp = (error) => ["quota_exceeded", "provider_limit"].includes(error?.code) && error.retry_after;
  if (errors.every(isUsedUp)) return [];
  const isDeclined = status === "failed" && ["blocked", "no_image"].includes(error.code);
  return [...(isDeclined ? [["Change the words", "reword"]] : []), ["Try again", "retry"]];
}

function waiting(message, ms, typicalMs) {
  if (isWaiting(message)) return "Waiting for your other pictures…";
  const { status, images = [] } = message.meta;
  const done = images.filter((slot) => slot.status === "complete").length;
  const painting = done ? `Painting… ${done} of ${images.length} done,` : "Painting…";
  const doing = status === "thinking" ? "Thinking…" : painting;
  const seconds = (ms) => `${Math.max(1, Math.round(ms / 1000))} s`;
  if (ms < 1000 || (status === "thinking" && ms < 3000)) return doing.replace(/,$/, "");
  if (status === "thinking" || done || !typicalMs) return `${doing} ${seconds(ms)}`;
  if (ms > 2 * typicalMs) return `${doing} ${seconds(ms)}, longer than usual`;
  return `${doing} ${seconds(ms)}, usually about ${seconds(typicalMs)}`;
}
