// A row of filters. Their values stand in the address, so that a filtered view can be linked and comes back.

import { h } from "./dom.js";
import { t, valueText } from "./i18n.js";

const TYPING_PAUSE = 150;

/**
 * `fields` are {name, label} with `options` for a choice (`open` where others are offered later, `extra` for one that is folded away, `none` for what no choice is called), `hint` and `suggest` (an id of a datalist) for text.
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

  /** Other choices of a field, as [value, text]; what is set stays a choice. The same again leaves the field alone. */
  function offer(name, choices) {
    const select = controls.get(name);
    if (select.dataset.offered === JSON.stringify(choices)) return;
    select.dataset.offered = JSON.stringify(choices);
    const { value } = select;
    const kept = value && !choices.some(([known]) => known === value) ? [[value, value]] : [];
    select.replaceChildren(choice(["", t("any")]), ...[...choices, ...kept].map(choice));
    select.value = value;
    select.closest("label").hidden = choices.length === 0 && !value;
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(apply, TYPING_PAUSE);
  }

  /** Extra fields are folded away until they are asked for or set; in the narrow layout all but the search. */
  function unfold(open) {
    toggle.setAttribute("aria-expanded", String(element.classList.toggle("open", open)));
  }

  for (const element of controls.values()) {
    element.addEventListener("change", apply);
    if (element.tagName === "INPUT") element.addEventListener("input", later);
  }
  clear.hidden = Object.keys(values()).length === 0;
  const labelled = fields.map((field) =>
    h("label", { class: field.extra ? `${field.name} extra` : field.name }, h("span", {}, field.label), controls.get(field.name)),
  );
  const submit = (event) => {
    event.preventDefault();
    apply();
  };
  const folded = { type: "button", class: "button toggle", "aria-expanded": "false", onclick: () => unfold() };
  const toggle = h("button", folded, t("filters.more"));
  const attributes = { class: "filters", role: "search", "aria-label": t("filters"), onsubmit: submit };
  const element = h("form", attributes, labelled, toggle, clear);
  const extra = fields.filter((field) => field.extra);
  if (!extra.length) element.classList.add("few");
  if (extra.some(({ name }) => values()[name])) unfold(true);
  return { element, values, set, offer };
}

function control(field) {
  const given = new URLSearchParams(location.search).get(field.name) ?? "";
  const element = field.options ? selection(field) : entry(field);
  if (field.open && given) element.append(choice([given, given]));
  if (!field.options || field.open || field.options.includes(given)) element.value = given;
  return element;
}

function selection({ name, options, none = t("any") }) {
  return h("select", { name }, choice(["", none]), options.map((value) => choice([value, valueText(name, value)])));
}

function entry({ name, hint, suggest }) {
  const quiet = { autocomplete: "off", spellcheck: "false", maxlength: 200 };
  return h("input", { name, type: "search", placeholder: hint, list: suggest, ...quiet });
}

const choice = ([value, text]) => h("option", { value }, text);
