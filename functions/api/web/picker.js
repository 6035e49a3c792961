// A field for several names, with suggestions; each name becomes a chip, a name that nobody knows a red one.

import { h } from "./dom.js";
import { t } from "./i18n.js";

const TYPING_PAUSE = 250;

/**
 * `search(text)` gives [{value, hint}] for suggestions, or null where nobody can be asked. A name is known if a search
 * for it finds exactly it. `changed` is called after each change; `values` are the names.
 */
export function picker({ id, label, hint, values = [], search, changed }) {
  const input = h("input", { id, list: `${id}-list`, autocomplete: "off", spellcheck: "false", placeholder: hint });
  const suggestions = h("datalist", { id: `${id}-list` });
  const chips = h("ul", { class: "chips picked", "aria-label": label });
  const trouble = h("p", { class: "trouble", role: "alert" });
  const known = new Map(); // name -> true, false, or null while that is not known
  let timer = 0;

  for (const value of values) known.set(value, null);

  function take(text) {
    const names = text.split(/[\s,，;；]+/).filter(Boolean);
    for (const name of names) if (!known.has(name)) add(name);
    input.value = "";
    draw();
    changed();
  }

  function add(name) {
    known.set(name, null);
    check(name);
  }

  async function check(name) {
    const found = await ask(name);
    if (!known.has(name) || found === null) return;
    known.set(name, found.some(({ value }) => value.toLowerCase() === name.toLowerCase()));
    draw();
    changed();
  }

  const ask = (text) => search(text).catch(() => null);

  function drop(name) {
    known.delete(name);
    draw();
    changed();
    input.focus();
  }

  function draw() {
    const unknown = [...known].filter(([, is]) => is === false).map(([name]) => name);
    chips.replaceChildren(...[...known].map(chip));
    chips.hidden = known.size === 0;
    trouble.textContent = unknown.length ? t("picker.unknown", { names: unknown.join(", ") }) : "";
  }

  function chip([name, is]) {
    const remove = { type: "button", "aria-label": t("picker.remove", { name }), onclick: () => drop(name) };
    return h("li", { class: is === false ? "unknown" : null }, name, h("button", remove, "×"));
  }

  async function suggest() {
    const found = await ask(input.value.trim());
    suggestions.replaceChildren(...(found ?? []).map(({ value, hint: more }) => h("option", { value }, more ?? "")));
  }

  input.addEventListener("input", (event) => {
    clearTimeout(timer);
    const picked = event.inputType === "insertReplacementText" || event.inputType === undefined;
    if (picked || /[,，;；\n]/.test(input.value)) return take(input.value);
    timer = setTimeout(suggest, TYPING_PAUSE);
    return undefined;
  });
  input.addEventListener("focus", suggest, { once: true });
  input.addEventListener("change", () => input.value.trim() && take(input.value));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && input.value.trim()) {
      event.preventDefault();
      take(input.value);
    }
    if (event.key === "Backspace" && !input.value && known.size) drop([...known.keys()].at(-1));
  });
  for (const value of values) check(value);
  draw();
  const element = h("div", { class: "picker" }, h("label", { for: id }, label), chips, input, suggestions, trouble);
  /** Puts names in, unless the reader has. */
  function suggestValues(names) {
    if (known.size || input.value) return;
    for (const name of names) add(name);
    draw();
    changed();
  }

  return {
    element,
    suggestValues,
    focus: () => input.focus(),
    get values() {
      return [...known.keys()];
    },
    get unknown() {
      return [...known].filter(([, is]) => is === false).map(([name]) => name);
    },
  };
}
