/** Links to pictures: made, made to last longer, taken back, and all of them in one place. */
import { announce, button, copy, element, labelOf } from "./elements.js";
import { dateOf, sentenceOf, t } from "./words.js";

const DAYS = [1, 7, 30];
const PAGE = 100;

export class Sharing {
  #channel;
  #heard = () => {}; // by what is open, of a picture whose link has changed

  constructor(channel) {
    this.#channel = channel;
  }

  /** How a picture is shared has changed, here or elsewhere. */
  heard(image) {
    this.#heard(image);
  }

  /** The link to one picture. Everything has its place before there is a link, so that nothing moves. */
  async open(image) {
    const prompt = element("input", { type: "checkbox" });
    const days = element("select", {}, ...DAYS.map((count) =>
      element("option", { value: count, selected: count === 7 }, t("days", { count }))));
    const link = element("input", { readOnly: true, type: "url", placeholder: t("no_link_yet"), "aria-label": t("link") });
    const until = element("p", { className: "facts" });
    const make = button(t("make_link"), () => act(async () => show(await this.#put(image, prompt.checked, days.value))), {
      className: "primary",
    });
    const copyLink = button(t("copy_link"), ({ currentTarget }) => copy(link.value, currentTarget));
    const takeBack = button(t("take_back"), () => act(async () => {
      await this.#takeBack(image);
      show(null);
      announce(t("taken_back"));
    }), { className: "danger" });
    const { dialog, act } = sheet(t("share_picture"),
      element("p", {}, t("share_explained")),
      element("label", { hidden: !image.prompt }, prompt, t("with_prompt")),
      element("label", {}, t("lasts"), days),
      make,
      element("div", { className: "link" }, link, copyLink),
      until,
      [takeBack]);
    const show = (shared) => {
      link.value = shared?.url ?? "";
      until.textContent = shared ? t("until", { date: written(shared.expires_at) }) : "";
      if (shared) prompt.checked = shared.prompt;
      copyLink.disabled = takeBack.disabled = !shared;
      make.textContent = t(shared ? "renew_link" : "make_link");
    };
    show(null);
    this.#listen(dialog, ({ id, shared_until }) => id === image.id && !shared_until && show(null));
    await act(async () => {
      const { shared_until } = await this.#channel.get(`/images/${image.id}`);
      if (shared_until) show(await this.#find(image.id));
    });
  }

  /** All that is shared. */
  async list() {
    const list = element("ul", { className: "shared" });
    const empty = element("p", { className: "facts", hidden: true }, t("nothing_shared"));
    const more = button(t("more"), () => act(() => read(more.value)), { hidden: true });
    const { dialog, act } = sheet(t("shared_links"), list, empty, more, []);
    const count = () => (empty.hidden = list.childElementCount > 0);
    const drop = (id) => {
      list.querySelector(`[data-id="${id}"]`)?.remove();
      count();
    };
    const read = async (cursor) => {
      const page = await this.#page(cursor);
      list.append(...page.shares.map((shared) => this.#row(shared, act, drop)));
      more.value = page.next_cursor ?? "";
      more.hidden = !page.next_cursor;
      count();
    };
    this.#listen(dialog, ({ id, shared_until }) => !shared_until && drop(id));
    await act(() => read(""));
  }

  #row({ image, url, expires_at, prompt }, act, drop) {
    const takeBack = button(t("take_back"), () => act(async () => {
      await this.#takeBack(image);
      drop(image.id);
      announce(t("taken_back"));
    }), { className: "danger" });
    const row = element("li", {},
      element("img", { src: image.thumbnail_url, alt: labelOf(image), width: 64, height: 64, loading: "lazy" }),
      element("p", { className: "facts" }, t("until", { date: written(expires_at) }), prompt ? ` ${t("prompt_is_shown")}` : ""),
      element("div", { className: "actions" },
        button(t("copy_link"), ({ currentTarget }) => copy(url, currentTarget)), takeBack));
    row.dataset.id = image.id;
    return row;
  }

  #listen(dialog, heard) {
    this.#heard = heard;
    dialog.addEventListener("close", () => this.#heard === heard && (this.#heard = () => {}));
  }

  #put({ id }, prompt, days) {
    return this.#channel.request("PUT", `/images/${id}/share`, { prompt, days: Number(days) });
  }

  #takeBack({ id }) {
    return this.#channel.request("DELETE", `/images/${id}/share`);
  }

  #page(cursor) {
    return this.#channel.get(`/shares?limit=${PAGE}${cursor ? `&cursor=${cursor}` : ""}`);
  }

  /** The link to one picture, which its owner's list has. */
  async #find(id) {
    for (let cursor = ""; cursor !== null;) {
      const { shares, next_cursor } = await this.#page(cursor);
      const found = shares.find(({ image }) => image.id === id);
      if (found) return found;
      cursor = next_cursor;
    }
    return null;
  }
}

/** A question of its own over the page, with what can be done; `act` says in it what went wrong. */
function sheet(title, ...parts) {
  const actions = parts.pop();
  const heading = element("h2", { id: "sheet-title" }, title);
  const refused = element("p", { className: "error", role: "alert" });
  const close = button(t("close"), () => dialog.close());
  const dialog = element("dialog", { className: "sheet", "aria-labelledby": "sheet-title" },
    heading, ...parts, refused, element("div", { className: "actions" }, ...actions, close));
  const act = async (what) => {
    refused.textContent = "";
    try {
      await what();
    } catch (error) {
      if (!("status" in error)) throw error;
      refused.textContent = sentenceOf(error);
    }
  };
  const giveBack = focusOf(document.activeElement);
  dialog.addEventListener("close", () => {
    dialog.remove();
    giveBack();
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, act };
}

/** Gives the focus back to what has it now, or to what stands in its place by then in the same message. */
function focusOf(opener) {
  const message = opener.closest?.(".message")?.dataset.id;
  return () => {
    const others = document.querySelectorAll(`.message[data-id="${message}"] button`);
    const same = opener.isConnected ? opener : [...others].find(({ title }) => title === opener.title);
    same?.focus({ preventScroll: true });
  };
}

function written(time) {
  return dateOf(time, { dateStyle: "medium", timeStyle: "short" });
}
