// Keys that work everywhere on the page but in fields and open dialogs.

import { keep, kept } from "./kept.js";

const KEY = "pcmsn-single-keys";

/** actions: by the key as the browser names it; `undo` and `redo` by their own names. */
export function listenForShortcuts(actions, checkbox) {
  checkbox.checked = kept(KEY, "localStorage") !== false;
  checkbox.addEventListener("change", () => keep(KEY, checkbox.checked, "localStorage"));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]") || takesText(event.target)) return;
    const action = event.ctrlKey || event.metaKey ? withControl(event) : alone(event, checkbox.checked);
    if (!actions[action]) return;
    event.preventDefault();
    actions[action]();
  });
}

function withControl(event) {
  const key = event.key.toLowerCase();
  if (event.altKey) return "";
  if (key === "z") return event.shiftKey ? "redo" : "undo";
  return key === "y" ? "redo" : "";
}

function alone(event, singleKeys) {
  if (event.altKey) return "";
  if (event.key === "Delete" || event.key === "Backspace") return "Delete";
  return singleKeys ? event.key.toLowerCase() : "";
}

function takesText(element) {
  return element.matches?.("input:not([type=range], [type=checkbox], [type=file]), textarea, select, [contenteditable]");
}
