// The head of a run: its state, its facts, how far it is, its counters.

import { runAddress } from "./api.js";
import { badge, h } from "./dom.js";
import { number, t, valueText } from "./i18n.js";
import { undoing } from "./run-actions.js";
import { moment, progress, ranFor } from "./parts.js";

/** `filter(values)` shows the items that a counter counts; `actions` are buttons. */
export function runHead(runId, filter, actions) {
  const state = h("span", { class: "state" });
  const name = h("h1", { class: "id" }, runId);
  const facts = h("p", { class: "facts muted" });
  const bar = h("div", {});
  const tiles = tilesOf(filter);
  const title = h("div", { class: "title" }, name, state, h("div", { class: "actions" }, actions));
  const element = h("section", { class: "summary", "aria-label": t("run") }, title, facts, h("div", { class: "card" }, bar, tiles.element));

  /** `children` are the runs that were made of its items. */
  function update(run, children) {
    name.textContent = run.label || runId;
    state.replaceChildren(badge(run.badges.state), run.dry_run ? h("span", { class: "badge cyan" }, t("dryRun")) : "");
    facts.replaceChildren(...factsOf(run, children));
    bar.replaceChildren(progress(run));
    tiles.update(run);
  }

  return { element, update, select: tiles.select };
}

const SOURCES = new Set(["text", "items"]); // a retry says what it is of

function factsOf(run, children) {
  const users = run.subscription_users ?? [];
  const source = SOURCES.has(run.source) ? t(`source.${run.source}`) : null;
  const facts = [
    run.label && [h("code", {}, run.run_id)],
    [valueText("access_mode", run.access_mode)],
    users.length > 0 && [h("span", { title: users.join("\n") }, users.length > 2 ? t("users.n", { n: number(users.length) }) : users.join(", "))],
    run.join_groups?.length > 0 && [t("groups.joined", { names: run.join_groups.join(", ") })],
    run.mode === "strict" && [t("strict")],
    run.platform !== "auto" && [run.platform],
    run.max_multiplier !== null && [`${t("maxMultiplier")} ${number(run.max_multiplier)}`],
    run.min_balance !== null && [`${t("minBalance")} ${number(run.min_balance)}`],
    run.rate_from_relay && [t("rateFromRelay")],
    run.priority_from_speed && [t("priorityFromSpeed")],
    run.host_billing_probe && [t("hostBillingProbe")],
    source && [source],
    run.created_by && [t("by", { role: t(`role.${run.created_by}`) })],
    run.retry_of && [`${t("retryOf")} `, link(run.retry_of)],
    run.plan_of && [`${t("planOf")} `, link(run.plan_of)],
    children.length > 0 && [`${t("followedBy")} `, children.flatMap((id, index) => [index ? ", " : "", link(id)])],
    [`${t("started")} `, moment(run.started_at)],
    run.finished_at ? [`${t("finished")} `, moment(run.finished_at)] : [t("live")],
    [ranFor(run)],
    undoing(run) && [t("undoing")],
    run.undone_at && !undoing(run) && [`${t("undone")} `, moment(run.undone_at)],
  ];
  return facts.filter((parts) => parts && parts[0]).map((parts) => h("span", {}, parts));
}

const link = (id) => h("a", { href: runAddress(id), "data-route": true }, id);

/** The counters; each is a button that filters the items by what it counts. */
const TILES = [
  { name: "total", filter: {} },
  { name: "completed", filter: { current_stage: "done" } },
  { name: "active", filter: { access_status: "active" } },
  { name: "degraded", filter: { access_status: "degraded" } },
  { name: "broken", filter: { access_status: "broken" } },
  { name: "warnings", counter: "warning_items", filter: { has_warning: "true" } },
];
const UNFILTERED = { current_stage: "", access_status: "", has_warning: "", code: "" };
const counterOf = ({ name, counter }) => counter ?? `${name}_items`;
const sameFilter = (values, filter) =>
  Object.entries({ ...UNFILTERED, ...filter }).every(([name, value]) => (values[name] ?? "") === value);

function tilesOf(filter) {
  const tiles = TILES.map((tile) => {
    const count = h("span", { class: "count" });
    const set = () => filter({ ...UNFILTERED, ...tile.filter });
    const content = [count, h("span", { class: "label" }, t(tile.name))];
    const button = h("button", { type: "button", class: `tile ${tile.name}`, onclick: set }, content);
    return { ...tile, count, button };
  });

  function update(run) {
    for (const tile of tiles) tile.count.textContent = number(run[counterOf(tile)]);
  }

  function select(values) {
    for (const tile of tiles) tile.button.setAttribute("aria-pressed", String(sameFilter(values, tile.filter)));
  }

  const group = { class: "tiles", role: "group", "aria-label": t("filters") };
  return { element: h("div", group, tiles.map((tile) => tile.button)), update, select };
}
