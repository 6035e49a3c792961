// The box that a list is pasted into, or a file dropped onto.

import { h } from "./dom.js";
import { t } from "./i18n.js";

const LONG = 20_000;
const LARGEST = 5 * 1024 * 1024;

/** `changed(text, atOnce)` is called when the text has changed, `atOnce` after pasting and dropping. */
export function importBox(text, changed) {
  const box = h("textarea", {
    id: "list",
    wrap: "off",
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
    placeholder: t("box.hint"),
    "aria-describedby": "list-hint",
  });
  const file = h("input", { type: "file", class: "unseen", tabindex: -1, "aria-hidden": "true", onchange: chosen });
  const choose = h("button", { type: "button", class: "button small", onclick: () => file.click() }, t("box.file"));
  const trouble = h("p", { class: "trouble", role: "alert" });
  const title = h("div", { class: "box-title" }, h("label", { for: "list" }, t("box")), choose, file);
  const hint = h("p", { class: "muted", id: "list-hint" }, t("box.text"));
  const element = h("div", { class: "box card", ondragover: over, ondragleave: away, ondrop: dropped }, title, box, hint, trouble);
  box.value = text;
  box.addEventListener("paste", pasted);
  box.addEventListener("input", (event) => changed(box.value, event.inputType === "insertFromPaste"));

  /** A long text is set at once: the browser's own way of inserting it, which could be undone, takes seconds. */
  function pasted(event) {
    const given = event.clipboardData.getData("text/plain");
    if (given.length < LONG) return;
    event.preventDefault();
    box.setRangeText(given, box.selectionStart, box.selectionEnd, "end");
    changed(box.value, true);
  }

  function over(event) {
    event.preventDefault();
    element.classList.add("over");
  }

  function away() {
    element.classList.remove("over");
  }

  async function dropped(event) {
    event.preventDefault();
    away();
    const [given] = event.dataTransfer.files;
    return given ? read(given) : add(event.dataTransfer.getData("text/plain"));
  }

  async function chosen() {
    if (file.files[0]) await read(file.files[0]);
    file.value = "";
  }

  async function read(given) {
    trouble.textContent = given.size > LARGEST ? t("box.large") : "";
    if (given.size <= LARGEST) add(await given.text());
  }

  /** Puts a text into the box, below what stands there. */
  function add(more) {
    if (!more) return;
    box.value = box.value.trim() ? `${box.value.trimEnd()}\n${more}` : more;
    changed(box.value, true);
  }

  /** Selects a line, counted from 1, and brings it into sight. */
  function go(line) {
    const lines = box.value.split(/\r\n|\r|\n/);
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    box.focus({ preventScroll: true });
    box.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
    const height = parseFloat(getComputedStyle(box).lineHeight);
    box.scrollTop = Math.max(0, (line - 1) * height - box.clientHeight / 3);
    box.scrollLeft = 0;
  }

  function empty() {
    box.value = "";
  }

  return { element, add, go, empty, focus: () => box.focus(), disable: (is) => { box.disabled = is; } };
}
