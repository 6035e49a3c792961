// A filtered list as a table that can be read on and refreshed in place.

import { h, table, tableBody } from "./dom.js";
import { filterBar } from "./filters.js";
import { number, t } from "./i18n.js";
import { longBody } from "./long-body.js";
import { errorText, isAbort, loading, problem } from "./parts.js";

const ROW_HEIGHT = 58; // of a row that has not been drawn yet
const NEAR = "800px"; // the list is read on when its end is so near to the window

/**
 * `source` makes a list (list.js) from the filters' values, `entry` a row's {key, version, build} from what it holds.
 * `changed` is called whenever the filters have changed. `refresh` throws, so that its caller can tell; what the reader
 * asked for is told here, in place.
 */
export function listView(view) {
  const { caption, kind, columns, fields, source, entry, none, noMatch, signal } = view;
  const { changed = () => {} } = view;
  const body = tableBody();
  const shown = longBody(body, ROW_HEIGHT, signal);
  const card = h("div", { class: "card list" }, table(caption, columns, body, { class: kind }));
  const end = h("div", { class: "end" });
  const trouble = h("div", {});
  const filters = filterBar(fields, start);
  const near = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && readOn(), { rootMargin: NEAR });
  let list = null;
  let reading = false;
  let turn = new AbortController();
  signal.addEventListener("abort", () => {
    turn.abort();
    near.disconnect();
  });

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

  /** `whole` reads again all that has been read, not only the top of a long list. */
  async function refresh(whole) {
    const mine = turn.signal;
    await list.refresh(mine, whole).catch((error) => {
      if (!mine.aborted) throw error;
    });
    if (!mine.aborted) draw();
  }

  async function further() {
    if (reading) return;
    reading = true;
    await told(list.further, further);
    reading = false;
  }

  /** Reads on by itself as the end comes near, but not while a filter finds nothing. */
  function readOn() {
    if (list?.more && list.rows.length) further();
  }

  function draw() {
    card.hidden = list.rows.length === 0;
    card.removeAttribute("aria-busy");
    shown.show(list.rows.map(entry));
    show();
    end.replaceChildren(...rest());
    near.unobserve(end); // so that it tells again of an end that is still near
    near.observe(end);
  }

  function show(...children) {
    trouble.replaceChildren(...children);
    if (children.length) end.replaceChildren();
  }

  /** What stands under the table: that it is empty, or a way to the rest. */
  function rest() {
    const { rows, more, matching } = list;
    const filtered = Object.keys(filters.values()).length > 0;
    const text = more ? t("list.notYet") : filtered ? noMatch : none;
    const label = rows.length ? t("list.more") : t("list.further");
    const told = rows.length ? countOf(rows.length, more ? matching : rows.length) : h("p", { class: "empty" }, text);
    return more ? [told, h("button", { type: "button", class: "button", onclick: further }, label)] : [told];
  }

  /** How many rows have been read, of how many where that is known. */
  function countOf(read, all) {
    const counts = { n: number(read), total: number(all ?? 0) };
    return h("p", { class: "muted" }, all === null ? t("list.read", counts) : t("list.count", counts));
  }

  card.hidden = true;
  end.append(loading());
  const element = h("div", { class: "listing" }, filters.element, trouble, card, end);
  const redraw = () => list && draw();
  return { element, filters, start, refresh, redraw, rows: () => list?.rows ?? [] };
}
