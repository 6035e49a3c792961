// The rows of a preview after their import: each follows the item that it became.

import { getRun, runAddress } from "./api.js";
import { h, say } from "./dom.js";
import { number, t } from "./i18n.js";
import { allItems } from "./list.js";
import { problem, progress } from "./parts.js";
import { poll } from "./poll.js";

export const MOST_FOLLOWED = 1000; // beyond this the run's own view shows them, page by page

/**
 * Follows `run`, made from `plan`, until its end. `of` gives a planned row's {item, link} or null; `changed` is called
 * after each look. After a dry run `apply(plan)` imports what it planned. `progress` and `bar` are elements.
 */
export function followVerdicts(run, plan, { changed, apply, signal }) {
  const turn = new AbortController();
  const bar = h("div", { class: "inner" });
  const shown = h("div", {});
  const link = runAddress(run.run_id);
  let found = new Map();

  async function refresh() {
    const { run: now } = await getRun(run.run_id, signal);
    if (now.total_items <= MOST_FOLLOWED) found = matched(plan, await allItems(run.run_id, signal));
    draw(now);
    changed();
    return now.state === "running" || now.completed_items < now.total_items;
  }

  function draw(now) {
    const failed = now.degraded_items + now.broken_items;
    const counts = { done: number(now.completed_items), total: number(now.total_items), active: number(now.active_items), failed: number(failed) };
    const text = t(now.dry_run ? "checked.text" : "imported.text", { ...counts, planned: plannedRows().length });
    document.title = `${now.completed_items}/${now.total_items} · ${t("title")}`;
    shown.replaceChildren(h("p", { class: "muted" }, text), progress(now));
    const applicable = now.dry_run && now.finished_at && plannedRows().length > 0;
    const open = h("a", { class: applicable ? "button" : "button primary", href: link, "data-route": true }, t("imported.open"));
    const go = applicable && h("button", { type: "button", class: "button primary go", onclick: goOn }, t("import.n", { n: plannedRows().length }));
    bar.replaceChildren(h("p", { class: "reason" }, text), open, go || "");
    if (now.state !== "running") say(text);
  }

  const plannedRows = () => plan.rows.filter((row) => found.get(row.name)?.plan);

  /** Once: a second press while the first is on its way would find the plan applied. */
  function goOn(event) {
    event.target.disabled = true;
    apply({ ...plan, rows: plannedRows() });
  }

  const tell = (error) => error && shown.append(problem(t("error.stale")));
  const of = (row) => {
    const item = found.get(row.name);
    return item ? { item, link: `${link}#${item.item_id}` } : null;
  };
  draw({ ...run, completed_items: 0 });
  signal.addEventListener("abort", () => turn.abort());
  poll(refresh, tell, turn.signal);
  return { of, progress: shown, bar, stop: () => turn.abort() };
}

/** Items stand in the order of their rows; a row is followed by the first item of its address that none has taken. */
function matched(plan, items) {
  const waiting = Map.groupBy(items.sort((a, b) => a.item_id.localeCompare(b.item_id)), (item) => item.base_url);
  const found = new Map();
  const byNumber = new Map();
  for (const one of plan.rows) {
    if (one.pairs) {
      const address = one.decision.base_url ?? chosenAddress(one) ?? one.row.base_url;
      const item = take(waiting, address, one.pairs) ?? take(waiting, one.row.base_url, one.pairs);
      if (item) found.set(one.name, item);
      byNumber.set(one.row.row, item);
    } else if (one.standing === "duplicate" && byNumber.get(one.row.of_row)) {
      found.set(one.name, byNumber.get(one.row.of_row));
    }
  }
  return found;
}

function chosenAddress({ row, decision }) {
  const choice = row.choices.find(({ name }) => name === decision.choice);
  return choice?.shown[0].split(" ")[0];
}

/** The first of `count` items at `address`; of several keys in one row the worst off stands for all. */
function take(waiting, address, count) {
  const found = waiting.get(address)?.splice(0, count) ?? [];
  return found.find(({ access_status: access }) => access !== "active") ?? found[0];
}
