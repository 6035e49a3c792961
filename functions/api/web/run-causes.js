// Why items of a run failed: the first thing that its reader wants to know, each cause with what can be done about it.

import { h, reconcile } from "./dom.js";
import { t } from "./i18n.js";
import { allItems } from "./list.js";
import { copyButton } from "./parts.js";

const MOST_READ = 2000; // of broken and of degraded items each
const FAILED = ["broken", "degraded"];

/**
 * `filter(code)` shows the items of a cause, `retry({codes, items})` asks to import them again, `save(items)` exports
 * them, `known(causes)` hears of [{code, reason, items}] after each reading.
 */
export function runCauses(runId, { filter, retry, save, known, signal }) {
  const list = h("ul", {});
  const more = h("p", { class: "muted" });
  const element = h("section", { class: "causes card", hidden: true, "aria-labelledby": "causes-title" },
    h("h2", { id: "causes-title" }, t("causes")), list, more);
  let counted = "";
  let causes = [];
  let chosen = "";
  let mayRetry = false;

  /** Reads the failed items again when their number has changed. */
  async function update(run) {
    mayRetry = Boolean(run.finished_at) && !run.dry_run;
    const numbers = `${run.broken_items} ${run.degraded_items}`;
    if (numbers !== counted) {
      const read = FAILED.map((access) => (run[`${access}_items`] ? allItems(runId, signal, { access_status: access }, MOST_READ) : []));
      causes = grouped((await Promise.all(read)).flat());
      counted = numbers;
      known(causes);
    }
    const read = causes.reduce((sum, { items }) => sum + items.length, 0);
    const failed = run.broken_items + run.degraded_items;
    more.textContent = read < failed ? t("causes.first", { n: read, total: failed }) : "";
    draw();
  }

  function select(code) {
    chosen = code ?? "";
    draw();
  }

  function draw() {
    element.hidden = causes.length === 0;
    reconcile(list, causes.map((cause) => ({
      key: cause.code,
      version: `${cause.items.length} ${cause.code === chosen} ${mayRetry}`,
      build: () => entry(cause),
    })));
  }

  function entry(cause) {
    const { code, reason, advice, items, worst } = cause;
    const pressed = code === chosen;
    const small = { type: "button", class: "button quiet small" };
    const toggle = { type: "button", class: `cause ${worst}`, "aria-pressed": String(pressed), onclick: () => filter(pressed ? "" : code) };
    const addresses = () => [...new Set(items.map(({ base_url: url }) => url))].join("\n");
    const again = mayRetry && h("button", { ...small, onclick: () => retry({ codes: [code], items }) }, t("causes.retry"));
    return h("li", {},
      h("button", toggle, h("b", {}, String(items.length)), h("span", {}, reason)),
      h("span", { class: "todo muted" }, advice),
      h("span", { class: "acts" }, again, copyButton(addresses, t("causes.copy")), h("button", { ...small, onclick: () => save(items, code) }, t("export"))));
  }

  const items = () => causes.flatMap((cause) => cause.items);
  return { element, update, select, items, count: (code) => causes.find((cause) => cause.code === code)?.items.length ?? null };
}

/** The causes, most frequent first. What to do stands behind what happened in the API's advice. */
function grouped(items) {
  const byCode = Map.groupBy(items, (item) => item.last_error_code ?? "unknown");
  const causes = [...byCode].map(([code, found]) => {
    const [{ reason, advice }] = found;
    const worst = found.some((item) => item.access_status === "broken") ? "broken" : "degraded";
    return { code, reason: reason ?? t("unknown"), advice: (advice ?? "").slice((reason ?? "").length).replace(/^[.。\s]+/, ""), items: found, worst };
  });
  return causes.sort((a, b) => b.items.length - a.items.length);
}
