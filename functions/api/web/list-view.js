// A filtered list as a table that can be read on and refreshed in place.

import { h, reconcile, table, tableBody } from "./dom.js";
import { filterBar } from "./filters.js";
import { t } from "./i18n.js";
import { errorText, isAbort, loading, problem } from "./parts.js";

/**
 * `source` makes a list (list.js) from the filters' values, `entry` a row's {key, version, build} from what it holds.
 * `changed` is called whenever the filters have changed. `refresh` throws, so that its caller can tell; what the reader
 * asked for is told here, in place.
 */
export function listView({ caption, kind, columns, fields, source, entry, none, noMatch, signal, changed = () => {} }) {
  const body = tableBody();
  const card = h("div", { class: "card list" }, table(caption, columns, body, { class: kind }));
  const end = h("div", { class: "end" });
  const trouble = h("div", {});
  const filters = filterBar(fields, start);
  let list = null;
  let turn = new AbortController();
  signal.addEventListener("abort", () => turn.abort());

  function start() {
    turn.abort();
    turn = new AbortController();
    list = source(filters.values());
    card.setAttribute("aria-busy", "true");
    changed();
    return told(list.refresh, start);
  }

  async function told(read, again) {
    const mine = turn.signal;
    try {
      await read(mine);
      if (!mine.aborted) draw();
    } catch (error) {
      if (!mine.aborted && !isAbort(error)) show(problem(errorText(error), again));
    }
  }

  async function refresh() {
    const mine = turn.signal;
    await list.refresh(mine).catch((error) => {
      if (!mine.aborted) throw error;
    });
    if (!mine.aborted) draw();
  }

  function further() {
    return told(list.further, further);
  }

  function draw() {
    card.hidden = list.rows.length === 0;
    card.removeAttribute("aria-busy");
    reconcile(body, list.rows.map(entry));
    show();
    end.replaceChildren(...rest());
  }

  function show(...children) {
    trouble.replaceChildren(...children);
    if (children.length) end.replaceChildren();
  }

  /** What stands under the table: that it is empty, or a way to the rest. */
  function rest() {
    const { rows, more } = list;
    const filtered = Object.keys(filters.values()).length > 0;
    const text = more ? t("list.notYet") : filtered ? noMatch : none;
    const label = rows.length ? t("list.more") : t("list.further");
    const empty = rows.length ? [] : [h("p", { class: "empty" }, text)];
    return more ? [...empty, h("button", { type: "button", class: "button", onclick: further }, label)] : empty;
  }

  card.hidden = true;
  end.append(loading());
  const element = h("div", { class: "listing" }, filters.element, trouble, card, end);
  return { element, filters, start, refresh, rows: () => list?.rows ?? [] };
}
