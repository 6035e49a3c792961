// Lists that are read page by page.

import { request } from "./api.js";

const PAGE_SIZE = 50;
const LARGEST_PAGE = 200;
const REFRESHED = 200; // of a list of which more has been read, only the top is read again while it goes on
const ALL_REFRESHED = 1000;
const REQUESTS_AT_ONCE = 5; // a filter that few rows meet gives short pages; beyond this the reader asks for more

export const listRuns = (filters) => listing({ path: "/runs", name: "runs", id: "run_id", filters });
export const listModels = (filters) => listing({ path: "/models", name: "models", id: "model", filters });
const relaysOf = (model, filters) => ({ path: `/models/${encodeURIComponent(model)}`, name: "relays", id: "relay", filters });
export const listRelays = (model, filters) => listing(relaysOf(model, filters));
export const listItems = (run, filters) => (filters.sort ? sorted(run, filters) : listing(itemsOf(run, filters)));

const ORDERS = {
  first_token: ({ speed }) => speed?.first_token_ms ?? Infinity,
  tokens_per_second: ({ speed }) => -(speed?.tokens_per_second ?? -Infinity),
  latency: ({ latency_ms: latency }) => latency ?? Infinity,
};

/** A cause counts for items that failed by it, not for those that had it on their way. */
function itemsOf(run, { sort: _, ...filters }) {
  const asked = filters.code ? { ...filters, has_failed: true } : filters;
  return { path: `/runs/${encodeURIComponent(run)}/items`, name: "items", id: "item_id", filters: asked };
}

/**
 * `refresh` reads again as far as has been read, of a long list its top; `further` adds a page; `rows` and `more` tell
 * what there is, `matching` how many rows there are in all, where the API says that.
 */
function listing(source) {
  const list = { rows: [], cursor: null, matching: null };
  let atMost = REQUESTS_AT_ONCE;
  let last = Promise.resolve();
  const inTurn = (work) => (last = last.catch(() => {}).then(work));

  async function refresh(signal, whole) {
    const reach = Math.min(list.rows.length, whole ? ALL_REFRESHED : REFRESHED);
    const { rows, cursor, matching } = await read(source, Math.max(PAGE_SIZE, reach), atMost, null, signal);
    const below = list.rows.length > reach;
    Object.assign(list, { matching }, below ? { rows: newest(rows, list.rows, source.id) } : { rows, cursor });
  }

  async function further(signal) {
    const { rows, cursor, matching, asked } = await read(source, LARGEST_PAGE, REQUESTS_AT_ONCE, list.cursor, signal);
    Object.assign(list, { rows: distinct([...list.rows, ...rows], source.id), cursor, matching });
    atMost += asked;
  }

  return {
    get rows() {
      return list.rows;
    },
    get more() {
      return list.cursor !== null;
    },
    get matching() {
      return list.matching;
    },
    refresh: (signal, whole = false) => inTurn(() => refresh(signal, whole)),
    further: (signal) => inTurn(() => further(signal)),
  };
}

/** The API has no such order: all items are read once, and again when the run has ended. */
function sorted(run, filters) {
  const of = ORDERS[filters.sort] ?? (() => 0);
  let rows = null;

  async function refresh(signal, whole = false) {
    if (rows && !whole) return;
    const found = await allItems(run, signal, filters);
    rows = found.sort((one, other) => (of(one) === of(other) ? 0 : of(one) - of(other)));
  }

  return {
    get rows() {
      return rows ?? [];
    },
    more: false,
    refresh,
    further: refresh,
  };
}

async function read({ path, name, id, filters }, wanted, atMost, start, signal) {
  const rows = [];
  let cursor = start;
  let matching = null;
  let asked = 0;
  do {
    const limit = Math.min(LARGEST_PAGE, wanted - rows.length);
    const query = new URLSearchParams({ ...filters, limit, ...(cursor && { cursor }) });
    const page = await request(`${path}?${query}`, { signal });
    rows.push(...page[name]);
    cursor = page.next_cursor;
    matching = page[`matching_${name}`] ?? null;
    asked += 1;
  } while (cursor && rows.length < wanted && asked < atMost);
  return { rows: distinct(rows, id), cursor, matching, asked };
}

/** A row that moved between two pages is read twice; its newer reading counts. */
function distinct(rows, id) {
  return [...new Map(rows.map((row) => [row[id], row])).values()];
}

/** All items of a run that meet `filters`. */
export async function allItems(run, signal, filters = {}) {
  const { rows } = await read(itemsOf(run, filters), Infinity, Infinity, null, signal);
  return rows;
}

/** All relays of a model that meet `filters`. */
export async function allRelays(model, filters, signal) {
  const { rows } = await read(relaysOf(model, filters), Infinity, Infinity, null, signal);
  return rows;
}

/** `rows` as they were just read, then the others as they were read before. */
function newest(rows, before, id) {
  const read = new Set(rows.map((row) => row[id]));
  return [...rows, ...before.filter((row) => !read.has(row[id]))];
}
