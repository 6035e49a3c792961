// Building and updating the document. Data only ever becomes text nodes and attributes, never markup.

/** An element: attributes named "on…" are listeners, null and false ones are left out; children are nodes or text. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const BOTH = /^([\u4e00-\u9fff]+) (.+)$/; // a badge's Chinese text with the English one beside it

/** A badge as the API words and colours it, in one language; nothing when the API has none. */
export function badge(given) {
  if (!given) return null;
  const [, chinese, english] = BOTH.exec(given.text) ?? [];
  return h("span", { class: `badge ${given.color}`, title: chinese }, english ?? given.text);
}

/** A table with a caption. Its roles are explicit, because the narrow layout takes the display types away. */
export function table(caption, columns, body, attributes = {}) {
  const heads = columns.map((column) =>
    h("th", { scope: "col", role: "columnheader", class: column.class }, column.head ?? column.label),
  );
  return h(
    "table",
    { role: "table", ...attributes },
    h("caption", {}, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)),
    body,
  );
}

/** A row of cells in the order of `columns`; a cell repeats its column's label for the narrow layout. */
export function row(columns, cells) {
  const made = cells.map((content, index) =>
    h("td", { role: "cell", class: columns[index].class, "data-label": columns[index].label }, content),
  );
  return h("tr", { role: "row" }, made);
}

export function tableBody() {
  return h("tbody", { role: "rowgroup" });
}

const versions = new WeakMap();

/**
 * Makes the children of `parent` those of `entries` ({key, version, build}), touching only what has changed: what is
 * the same keeps its element, and the focus stays in the entry that has it.
 */
export function reconcile(parent, entries) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const focused = focusedKey(parent);
  let place = parent.firstElementChild;
  for (const entry of entries) {
    const found = known.get(entry.key);
    const node = current(found, entry);
    known.delete(entry.key);
    if (found && found !== node) {
      if (place === found) place = node;
      found.replaceWith(node);
    }
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const gone of known.values()) gone.remove();
  if (focused !== null && focusedKey(parent) !== focused) focusEntry(parent, focused);
}

function current(found, { key, version, build }) {
  if (found && versions.get(found) === version) return found;
  const node = build();
  node.dataset.key = key;
  versions.set(node, version);
  return node;
}

function focusedKey(parent) {
  const active = document.activeElement;
  return parent.contains(active) ? (active.closest("[data-key]")?.dataset.key ?? null) : null;
}

function focusEntry(parent, key) {
  const entry = [...parent.children].find((child) => child.dataset.key === key);
  entry?.querySelector("a, button")?.focus({ preventScroll: true });
}

/** Tells a screen reader, politely and only what is new. */
export function say(text) {
  const live = document.getElementById("live");
  if (live.textContent !== text) live.textContent = text;
}
