// Lists that are read page by page.

import { request } from "./api.js";

const PAGE_SIZE = 50;
const LARGEST_PAGE = 200;
const REQUESTS_AT_ONCE = 5; // a filter that few rows meet gives short pages; beyond this the reader asks for more

export const listRuns = (filters) => listing({ path: "/runs", name: "runs", id: "run_id", filters });
export const listItems = (run, filters) =>
  listing({ path: `/runs/${encodeURIComponent(run)}/items`, name: "items", id: "item_id", filters });

/** `refresh` reads again as far as has been read, `further` adds a page; `rows` and `more` tell what there is. */
function listing(source) {
  const list = { rows: [], cursor: null };
  let atMost = REQUESTS_AT_ONCE;
  let last = Promise.resolve();
  const inTurn = (work) => (last = last.catch(() => {}).then(work));

  async function refresh(signal) {
    const { rows, cursor } = await read(source, Math.max(PAGE_SIZE, list.rows.length), atMost, null, signal);
    Object.assign(list, { rows, cursor });
  }

  async function further(signal) {
    const { rows, cursor, asked } = await read(source, PAGE_SIZE, REQUESTS_AT_ONCE, list.cursor, signal);
    Object.assign(list, { rows: distinct([...list.rows, ...rows], source.id), cursor });
    atMost += asked;
  }

  return {
    get rows() {
      return list.rows;
    },
    get more() {
      return list.cursor !== null;
    },
    refresh: (signal) => inTurn(() => refresh(signal)),
    further: (signal) => inTurn(() => further(signal)),
  };
}

async function read({ path, name, id, filters }, wanted, atMost, start, signal) {
  const rows = [];
  let cursor = start;
  let asked = 0;
  do {
    const limit = Math.min(LARGEST_PAGE, wanted - rows.length);
    const query = new URLSearchParams({ ...filters, limit, ...(cursor && { cursor }) });
    const page = await request(`${path}?${query}`, { signal });
    rows.push(...page[name]);
    cursor = page.next_cursor;
    asked += 1;
  } while (cursor && rows.length < wanted && asked < atMost);
  return { rows: distinct(rows, id), cursor, asked };
}

/** A row that moved between two pages is read twice; its newer reading counts. */
function distinct(rows, id) {
  return [...new Map(rows.map((row) => [row[id], row])).values()];
}

/** All items of a run that meet `filters`, at most `most`. */
export async function allItems(run, signal, filters = {}, most = 10_000) {
  const source = { path: `/runs/${encodeURIComponent(run)}/items`, name: "items", id: "item_id", filters };
  const { rows } = await read(source, most, Infinity, null, signal);
  return rows;
}
