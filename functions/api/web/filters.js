// A row of filters. Their values stand in the address, so that a filtered view can be linked and comes back.

import { h } from "./dom.js";
import { t, valueText } from "./i18n.js";

const TYPING_PAUSE = 300;

/**
 * `fields` are {name, label} with `options` for a choice, `hint` and `suggest` (an id of a datalist) for text.
 * `changed` is called after each change; `values` gives what is set, `set` changes some of it.
 */
export function filterBar(fields, changed) {
  const controls = new Map(fields.map((field) => [field.name, control(field)]));
  const clear = h("button", { type: "button", class: "button quiet", onclick: () => set(none) }, t("filters.clear"));
  const none = Object.fromEntries(fields.map(({ name }) => [name, ""]));
  let timer = 0;

  const values = () =>
    Object.fromEntries([...controls].map(([name, { value }]) => [name, value.trim()]).filter(([, value]) => value));

  function apply() {
    clearTimeout(timer);
    const query = new URLSearchParams(values()).toString();
    history.replaceState(history.state, "", location.pathname + (query ? `?${query}` : "") + location.hash);
    clear.hidden = !query;
    changed();
  }

  function set(partial) {
    for (const [name, value] of Object.entries(partial)) controls.get(name).value = value;
    apply();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(apply, TYPING_PAUSE);
  }

  /** In the narrow layout all but the search are folded away. */
  function unfold() {
    toggle.setAttribute("aria-expanded", String(element.classList.toggle("open")));
  }

  for (const element of controls.values()) {
    element.addEventListener("change", apply);
    if (element.tagName === "INPUT") element.addEventListener("input", later);
  }
  clear.hidden = Object.keys(values()).length === 0;
  const labelled = fields.map(({ name, label }) => h("label", { class: name }, h("span", {}, label), controls.get(name)));
  const submit = (event) => {
    event.preventDefault();
    apply();
  };
  const toggle = h("button", { type: "button", class: "button toggle", "aria-expanded": "false", onclick: unfold }, t("filters"));
  const element = h("form", { class: "filters", role: "search", "aria-label": t("filters"), onsubmit: submit }, labelled, toggle, clear);
  return { element, values, set };
}

function control({ name, options, hint, suggest }) {
  const given = new URLSearchParams(location.search).get(name) ?? "";
  const element = options
    ? h("select", { name }, [["", t("any")], ...options.map((value) => [value, valueText(name, value)])].map(choice))
    : h("input", { name, type: "search", placeholder: hint, list: suggest, autocomplete: "off", spellcheck: "false", maxlength: 200 });
  if (!options || options.includes(given)) element.value = given;
  return element;
}

const choice = ([value, text]) => h("option", { value }, text);
