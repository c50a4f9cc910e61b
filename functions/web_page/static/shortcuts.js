/** What keys do, and a sheet that says so. Keys without Ctrl can be switched off: who dictates would press them. */
import { button, element } from "./elements.js";
import { ofBrowser } from "./session.js";
import { t } from "./words.js";

const OFF = "afterimage.keys"; // "off" in this browser
const ROWS = [
  ["?", "these_keys"], ["N", "new_chat"], ["/", "key_write"], ["G", "key_pictures"], ["Ctrl Z", "key_undo"],
  ["Enter", "key_send"], ["Shift Enter", "key_line"], ["← →", "key_beside"], ["Esc", "close"],
];
let sheet = null;

/**
 * @param {{newChat: () => void, write: () => void, pictures: () => void, undo: () => boolean}} acts
 *   `undo`: whether there was something
 */
export function press(event, acts) {
  const { key, ctrlKey, metaKey, altKey, target } = event;
  const isWriting = target.closest?.("input, textarea, select, [contenteditable]");
  if (isWriting || altKey || document.querySelector("dialog:modal")) return;
  if ((ctrlKey || metaKey) && key.toLowerCase() === "z") return acts.undo() && event.preventDefault();
  if (ctrlKey || metaKey || ofBrowser.get(OFF) === "off") return;
  const act = { "?": help, n: acts.newChat, "/": acts.write, g: acts.pictures }[key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}

export function help() {
  sheet ??= made();
  sheet.querySelector("input").checked = ofBrowser.get(OFF) !== "off";
  sheet.showModal();
}

function made() {
  const rows = ROWS.map(([keys, what]) => element("div", {},
    element("dt", {}, ...keys.split(" ").map((one) => element("kbd", {}, one))), element("dd", {}, t(what))));
  const isOn = element("input", {
    type: "checkbox", onchange: () => ofBrowser.set(OFF, isOn.checked ? "on" : "off"),
  });
  const dialog = element("dialog", { id: "keys", "aria-labelledby": "keys-title" },
    element("h2", { id: "keys-title" }, t("keyboard")),
    element("dl", {}, ...rows),
    element("label", {}, isOn, t("keys_without_ctrl")),
    element("div", { className: "actions" }, button(t("close"), () => dialog.close())));
  document.body.append(dialog);
  return dialog;
}
