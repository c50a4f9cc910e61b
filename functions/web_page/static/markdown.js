/**
 * An answer's words as their Markdown means them: from marked's tokens to nodes, never by HTML. What is
 * no Markdown keeps every character; what is written in HTML is text.
 */
import { button, copy, element } from "./elements.js";
import { Lexer, Tokenizer } from "./vendor/marked.js";
import { t } from "./words.js";

const PROTOCOLS = ["http:", "https:", "mailto:"];
// What models write; every other name stays as it is written.
const ENTITIES = {
  amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", copy: "©", reg: "®", deg: "°", times: "×",
  hellip: "…", ndash: "–", mdash: "—", laquo: "«", raquo: "»", euro: "€", rarr: "→", larr: "←", colon: ":", Tab: "\t",
};

class Rules extends Tokenizer {
  /** By two tildes: one means "about", or a range. */
  del(text, ...more) {
    return text.startsWith("~~") ? super.del(text, ...more) : undefined;
  }

  html() {}

  tag() {}
}

/** The words of one answer in the page. Blocks that stay as they are stay the same nodes. */
export class Markdown {
  #root;
  #blocks = []; // { was: a token as JSON, node }

  constructor(root) {
    this.#root = root;
    root.classList.add("markdown");
    root.replaceChildren();
  }

  /** The whole text, however much of it was shown before. */
  show(text) {
    const blocks = blocksOf(text);
    const same = blocks.findIndex(({ was }, index) => was !== this.#blocks[index]?.was);
    if (same < 0 && blocks.length === this.#blocks.length) return;
    const from = same < 0 ? blocks.length : same;
    const grown = this.#blocks.slice(from);
    const wanted = blocks.slice(from).map(built);
    if (grown.length > 0 && wanted.length > 0) wanted[0].node = morphed(grown.shift().node, wanted[0].node);
    grown.forEach(({ node }) => node.remove());
    this.#root.append(...wanted.map(({ node }) => node).filter((node) => node.parentNode !== this.#root));
    this.#blocks = [...this.#blocks.slice(0, from), ...wanted];
  }
}

/** A node as another one is, changed in place as far as that goes: words of it may be marked. */
function morphed(node, wanted) {
  if (node.nodeName !== wanted.nodeName) node.replaceWith(wanted);
  if (node.nodeName !== wanted.nodeName) return wanted;
  if (node.nodeType === Node.TEXT_NODE) {
    if (wanted.data.startsWith(node.data)) node.appendData(wanted.data.slice(node.length));
    else node.data = wanted.data;
    return node;
  }
  for (const { name, value } of wanted.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  const [old, now] = [[...node.childNodes], [...wanted.childNodes]];
  now.forEach((child, index) => (index < old.length ? morphed(old[index], child) : node.append(child)));
  old.slice(now.length).forEach((child) => child.remove());
  return node;
}

/** The text's blocks; as it was written, where the library gives up on it. */
function blocksOf(text) {
  try {
    const tokens = new Lexer({ gfm: true, tokenizer: new Rules() }).lex(text);
    return tokens.filter(isShown).map((token) => ({ token, was: JSON.stringify(token) }));
  } catch {
    return [{ token: { type: "text", text }, was: text }];
  }
}

function built({ token, was }) {
  return { was, node: blockOf(token) };
}

function isShown({ type, tag }) {
  return type !== "space" && (type !== "def" || tag.startsWith("^")); // a footnote is read
}

function blockOf(token) {
  switch (token.type) {
    case "heading": // all of one level, below the chat's own title
      return element("h3", { className: token.depth > 2 ? "minor" : "", dir: "auto" }, ...inlines(token.tokens));
    case "code":
      return codeOf(token);
    case "table":
      return tableOf(token);
    case "hr":
      return element("hr");
    case "blockquote":
      return element("blockquote", { dir: "auto" }, ...blocks(token.tokens));
    case "list":
      return listOf(token);
    case "def":
      return element("p", { dir: "auto" }, token.raw.trim());
    default:
      return element("p", { dir: "auto" }, ...inlines(token.tokens ?? [token]));
  }
}

function blocks(tokens) {
  return tokens.filter(isShown).map(blockOf);
}

function listOf({ ordered, start, items }) {
  const list = element(ordered ? "ol" : "ul", ordered ? { start } : {});
  list.append(...items.map(({ task, tokens }) =>
    element("li", { className: task ? "task" : "", dir: "auto" }, ...tokens.filter(isShown).flatMap(partOf))));
  return list;
}

/** Of an item: its words stand in it without a paragraph of their own. */
function partOf(token) {
  if (token.type === "checkbox") return [inlineOf(token)];
  return token.type === "text" ? inlines(token.tokens ?? [token]) : [blockOf(token)];
}

function codeOf({ text }) {
  const pre = element("pre", { tabIndex: 0, role: "group", "aria-label": t("code") }, element("code", {}, text));
  const press = button(t("copy"), ({ currentTarget }) => copy(pre.textContent, currentTarget)); // it may have grown
  return element("div", { className: "code" }, press, pre);
}

function tableOf({ header, rows }) {
  const cell = (name) => ({ tokens, align }) =>
    element(name, { className: align ?? "", dir: "auto" }, ...inlines(tokens));
  const table = element("table", {},
    element("thead", {}, element("tr", {}, ...header.map(cell("th")))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell("td"))))));
  return element("div", { className: "table", tabIndex: 0, role: "group", "aria-label": t("table") }, table);
}

function inlines(tokens) {
  return tokens.map(inlineOf);
}

function inlineOf(token) {
  switch (token.type) {
    case "strong":
    case "em":
    case "del":
      return element(token.type, {}, ...inlines(token.tokens));
    case "codespan":
      return element("code", {}, token.text);
    case "checkbox": // where there is a space between the items, it stands among their words
      return token.checked ? "☑ " : "☐ ";
    case "br":
      return element("br");
    case "link":
      return linkOf(token);
    case "image": // from elsewhere none is loaded: to ask for it could carry words away
      return decoded(token.text || token.href);
    case "text":
      return token.tokens ? element("span", {}, ...inlines(token.tokens)) : decoded(token.text);
    default:
      return decoded(token.text ?? token.raw);
  }
}

/** Opens apart; an address of another kind is shown as it is written. */
function linkOf({ href, raw, tokens }) {
  const address = decoded(href);
  if (!URL.canParse(address) || !PROTOCOLS.includes(new URL(address).protocol)) return raw;
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...inlines(tokens));
}

/** The one place where entities become what they stand for. */
function decoded(text) {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|(\w{2,8}));/g, (written, decimal, hex, name) => {
    if (name) return ENTITIES[name] ?? written;
    const point = decimal ? Number(decimal) : parseInt(hex, 16);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point).toWellFormed() : "\ufffd";
  });
}
