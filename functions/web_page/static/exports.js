/**
 * A chat, or everything, as files: into a folder where the browser can write one, else as downloads.
 *
 * The JSON is written last and names only files that are there. A picture that cannot be read is
 * left out, and said; all others come.
 */
import { announce, element } from "./elements.js";
import { ApiError } from "./unified_channel.js";
import { t } from "./words.js";

const BETWEEN_MS = 300; // browsers drop downloads that come at once
const SHOWN_MS = 15_000;

export class Exports {
  #progress;
  #get;

  /**
   * @param {HTMLElement} progress says how far it is
   * @param {(path: string) => Promise<object>} get what the API answers
   */
  constructor(progress, get) {
    this.#progress = progress;
    this.#get = get;
  }

  saveChat(chat) {
    return this.#into(nameOf(chat.title), (folder) => this.#saveChat(chat, folder));
  }

  saveAccount() {
    return this.#into("Afterimage", (folder) => this.#saveAccount(folder));
  }

  async #into(name, save) {
    const folder = await open(name);
    if (folder === null) return; // nobody chose one
    try {
      await save(folder);
    } catch (error) {
      this.#say("");
      throw error;
    }
  }

  async #saveChat(chat, folder) {
    const messages = [];
    for await (const page of this.#pages(`/chats/${chat.id}/messages`, { limit: 100 })) {
      messages.push(...page.messages);
      this.#say(t("reading_messages", { count: messages.length }));
    }
    const shown = messages.flatMap(({ meta }) => [
      ...(meta.images ?? []).map(({ image }) => image && { ...image, prompt: meta.prompt }),
      ...(meta.attachments ?? []),
    ]);
    const { files, missing } = await this.#savePictures(shown, folder);
    const { id, title, created_at, updated_at } = chat;
    const json = { chat: { id, title, created_at, updated_at }, messages: messages.reverse() };
    await folder.write("chat.json", asJson(json, files));
    this.#end(files.size, missing);
  }

  async #saveAccount(folder) {
    const all = { chats: [], messages: [], images: [], ledger: [] };
    for await (const page of this.#pages("/me/export")) {
      for (const kind of Object.keys(all)) all[kind].push(...page[kind]);
      this.#say(t("reading_messages", { count: all.messages.length }));
    }
    const { files, missing } = await this.#savePictures(all.images, folder);
    await folder.write("everything.json", asJson(all, files));
    this.#end(files.size, missing);
  }

  async *#pages(path, query = {}) {
    for (let cursor = ""; cursor !== null;) {
      const page = await this.#get(`${path}?${new URLSearchParams({ ...query, ...(cursor && { cursor }) })}`);
      yield page;
      cursor = page.next_cursor;
    }
  }

  /** Each once. Which file has which picture, and what could not be read. */
  async #savePictures(images, folder) {
    const byId = new Map(images.filter(Boolean).map((image) => [image.id, image]));
    const files = new Map();
    const missing = [];
    for (const image of byId.values()) {
      this.#say(t("saving_pictures", { done: files.size + missing.length + 1, total: byId.size }));
      const data = await this.#load(image);
      const name = `pictures/${image.id}.webp`;
      if (data) await folder.write(name, data);
      if (data) files.set(image.id, name);
      else missing.push(image.prompt || image.id);
    }
    return { files, missing };
  }

  /** Its bytes; its address may have run out meanwhile. Null if there is none to be had. */
  async #load(image) {
    const first = await bytesOf(image.url);
    if (first) return first;
    const again = await this.#get(`/images/${image.id}`).catch(() => null);
    return again && bytesOf(again.url);
  }

  #say(sentence) {
    this.#progress.hidden = !sentence;
    this.#progress.textContent = sentence;
  }

  #end(count, missing) {
    const saved = t("saved_pictures", { count });
    const sentence = missing.length ? `${saved} ${t("missing_pictures", { names: missing.join(", ") })}` : saved;
    this.#say(sentence);
    announce(sentence);
    setTimeout(() => {
      if (this.#progress.textContent === sentence) this.#progress.hidden = true;
    }, SHOWN_MS);
  }
}

async function bytesOf(url) {
  const answer = await fetch(url).catch(() => null);
  return answer?.ok ? answer.blob().catch(() => null) : null;
}

/** Every picture names its file, or null where it was not saved, in place of addresses that run out. */
function asJson(value, files) {
  const text = JSON.stringify(value, (key, held) => {
    if (!held || typeof held !== "object" || !("thumbnail_url" in held)) return held;
    const { url, thumbnail_url, ...image } = held;
    return { ...image, file: files.get(image.id) ?? null };
  }, 2);
  return new Blob([text], { type: "application/json" });
}

/** Where files go; null if somebody thought better of it. */
async function open(name) {
  if (!globalThis.showDirectoryPicker) return downloads(name);
  try {
    const chosen = await globalThis.showDirectoryPicker({ id: "afterimage", mode: "readwrite" });
    return new Folder(await chosen.getDirectoryHandle(name, { create: true }));
  } catch (error) {
    if (error.name === "AbortError") return null;
    return downloads(name); // a frame of another origin may not ask
  }
}

class Folder {
  #root;

  constructor(root) {
    this.#root = root;
  }

  async write(path, data) {
    const names = path.split("/");
    const file = names.pop();
    try {
      let folder = this.#root;
      for (const name of names) folder = await folder.getDirectoryHandle(name, { create: true });
      const writable = await (await folder.getFileHandle(file, { create: true })).createWritable();
      await writable.write(data);
      await writable.close();
    } catch (cause) {
      throw new ApiError(0, { code: "not_written" }, { cause }); // no room, or it may not
    }
  }
}

function downloads(folder) {
  return {
    async write(path, data) {
      const href = URL.createObjectURL(data);
      element("a", { href, download: `${folder}-${path.split("/").pop()}` }).click();
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
      setTimeout(() => URL.revokeObjectURL(href), 60_000);
    },
  };
}

/** What a file system takes of a title. */
function nameOf(title) {
  const words = title.normalize("NFKC").match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.join("-").slice(0, 60) || "chat";
}
