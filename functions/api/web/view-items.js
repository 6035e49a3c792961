// The items of a run, in the API's order: what needs attention comes first.

import { role } from "./api.js";
import { worth } from "./billing.js";
import { badge, h, row } from "./dom.js";
import { clockTime, number, span, t } from "./i18n.js";
import { doubts, speedText } from "./item-evidence.js";
import { listView } from "./list-view.js";
import { listItems } from "./list.js";
import { copyButton } from "./parts.js";

const MOST_SUGGESTED = 200; // providers in the suggestions of the filter
const STAGES = ["probe", "provision", "confirm", "validate", "done"];
const CONFIRMATIONS = ["pending", "confirmed", "advisory", "failed"];
const ACCESSES = ["unknown", "active", "degraded", "broken"];
const MATCHES = ["active", "disabled", "deprecated", "broken"];
const RESOLUTIONS = ["created", "reused", "reactivated", "replaced"];
const ORDERS = ["first_token", "tokens_per_second", "latency"];

/**
 * `changed` is called when the filters have changed, `retry(items)` asks to import chosen ones again.
 */
export function itemList(runId, { changed, retry, signal }) {
  const columns = columnsOf();
  const providers = h("datalist", { id: "providers" });
  const known = new Set();
  const chosen = new Map();
  const bar = h("div", { class: "chosen-bar", hidden: true });
  let choosable = false;

  function entry(item) {
    if (!known.has(item.provider_id) && known.size < MOST_SUGGESTED) {
      known.add(item.provider_id);
      providers.append(h("option", { value: item.provider_id }));
    }
    const is = chosen.has(item.item_id);
    return {
      key: item.item_id,
      get version() {
        return JSON.stringify([item, is, choosable]);
      },
      build: () => itemRow(columns, item, choosable && chooser(item, is)),
    };
  }

  /** Failed items can be chosen, to be imported again together. */
  function chooser(item, is) {
    if (item.access_status === "active") return null;
    const onchange = (event) => choose(item, event.target.checked);
    return h("input", { type: "checkbox", checked: is, "aria-label": t("choose.item", { item: item.item_id }), onchange });
  }

  function choose(item, is) {
    if (is) chosen.set(item.item_id, item);
    else chosen.delete(item.item_id);
    drawBar();
  }

  function drawBar() {
    const items = [...chosen.values()];
    const small = { type: "button", class: "button small" };
    bar.hidden = items.length === 0;
    bar.replaceChildren(
      h("b", {}, t("chosen", { n: number(items.length) })),
      h("button", { ...small, class: "button small primary", onclick: () => retry(items) }, t("causes.retry")),
      copyButton(() => items.map(({ base_url: url }) => url).join("\n"), t("causes.copy")),
      h("button", { ...small, class: "button small quiet", onclick: clear }, t("chosen.none")),
    );
  }

  function clear() {
    chosen.clear();
    drawBar();
    list.redraw();
  }

  const list = listView({
    caption: t("items"),
    kind: "items",
    columns,
    fields: fieldsOf(),
    source: (filters) => listItems(runId, filters),
    entry,
    none: t("items.none"),
    noMatch: t("items.noMatch"),
    signal,
    changed,
  });

  /** Items can be chosen once their run has ended, by an operator. */
  async function update(run) {
    const ended = Boolean(run.finished_at) && !run.dry_run && run.completed_items > run.active_items;
    const may = ended && (await role(signal).catch(() => "viewer")) === "operator";
    if (may === choosable) return;
    choosable = may;
    list.element.classList.toggle("choosable", may);
    list.redraw();
  }

  list.filters.offer("code", []);
  list.element.append(providers);
  list.element.insertBefore(bar, list.element.children[2]);
  return { ...list, update };
}

function fieldsOf() {
  return [
    { name: "q", label: t("search"), hint: t("search.items") },
    { name: "access_status", label: t("access"), options: ACCESSES },
    { name: "code", label: t("cause"), options: [], open: true },
    { name: "current_stage", label: t("stage"), options: STAGES, extra: true },
    { name: "confirmation_status", label: t("confirmation"), options: CONFIRMATIONS, extra: true },
    { name: "has_warning", label: t("hasWarning"), options: ["true", "false"] },
    { name: "matched_account_state", label: t("matched"), options: MATCHES, extra: true },
    { name: "account_resolution", label: t("resolution"), options: RESOLUTIONS, extra: true },
    { name: "provider_id", label: t("providerId"), suggest: "providers", extra: true },
    { name: "sort", label: t("sort"), options: ORDERS, none: t("sort.usual"), extra: true },
  ];
}

function columnsOf() {
  return [
    { label: t("relay"), class: "main" },
    { label: t("access"), class: "access" },
    { label: t("account"), class: "account" },
    { label: t("smokeModel"), class: "model" },
    { label: t("findings"), class: "findings" },
  ];
}

function itemRow(columns, item, chooser) {
  const tr = row(columns, [relay(item, chooser), verdict(item), accountOf(item), model(item), findings(item)]);
  tr.classList.toggle("ended-cancelled", item.last_error_code === "cancelled");
  tr.addEventListener("click", openDetail);
  return tr;
}

function relay(item, chooser) {
  const facts = [item.label, item.item_id, item.platform, item.api_key_fingerprint].filter(Boolean);
  return [
    chooser,
    h("a", { class: "address", href: `#${item.item_id}` }, item.base_url),
    h("div", { class: "ids muted" }, facts.map((fact) => h("span", {}, fact))),
  ];
}

/** Whether it works; on the way there, what is being done. */
function verdict({ badges, current_stage: stage }) {
  const under = stage === "done" ? null : h("span", { class: "badge blue working" }, t(`working.${stage}`));
  return h("div", { class: "badges" }, badge(badges.access_status), badge(badges.confirmation_status), under);
}

/** What was decided about the account, in one badge; what was found in sub2api only where it was not in order. */
function accountOf({ badges, matched_account_state: matched, account_id: id, plan }) {
  const { provision_reused: reused, matched_account_state: found, account_resolution: decided } = badges;
  const asFound = matched === "active" && decided ? null : found;
  const shown = accountBadges({ matched_account_state: asFound, account_resolution: decided, provision_reused: decided ? null : reused });
  const number = id && h("span", { class: "muted" }, `#${id}`);
  const parts = [shown, plan && !decided && planned(plan), number].filter(Boolean);
  return parts.length ? h("div", { class: "badges" }, parts) : null;
}

/** What a dry run has decided, in the words of what an import would say. */
function planned({ resolution, account_id: id }) {
  return h("span", { class: "badge gray" }, t(`plan.${resolution}`, { id: id ?? "" }));
}

function model({ resolved_smoke_model: name, served_model: served, latency_ms: latency, billing, speed, evidence }) {
  const declared = worth(billing);
  const title = served && served !== name ? `${name} → ${served}` : name;
  return [
    name && h("code", { title }, name),
    latency !== null && h("div", { class: "muted" }, t("latency.of", { time: span(latency) })),
    speed && h("div", { class: "muted" }, speedText(speed)),
    doubts(evidence),
    declared && h("div", { class: "muted", title: t("balance") }, declared),
  ];
}

/** What was found in sub2api, and what was decided about it. */
export function accountBadges({ matched_account_state: matched, account_resolution: resolution, provision_reused: reused }) {
  const arrow = matched && h("span", { class: "arrow", "aria-hidden": "true" }, "→");
  const decided = resolution && h("span", { class: "then" }, arrow, badge(resolution));
  const shown = [badge(matched), decided, badge(reused)].filter(Boolean);
  return shown.length ? h("div", { class: "badges" }, shown) : null;
}

/** What to know and to do now: advice at the end, the next try before it. */
function findings(item) {
  const failed = item.advice || item.next_attempt_at;
  return [
    item.next_attempt_at && h("p", { class: "advice" }, nextAttempt(item)),
    item.advice && h("p", { class: "advice" }, item.advice),
    failed && said(item) && h("p", { class: "error muted", title: said(item) }, said(item)),
    item.undo_result && h("p", { class: "advice" }, item.undo_result.message),
    item.advisory_messages.map((text) => h("p", { class: "advisory" }, text)),
  ];
}

/** What relay or host said, in its words; nothing where that is only the code. */
export const said = ({ last_error: error, last_error_code: code }) => (error === code ? null : error);

export function nextAttempt({ next_attempt_at: at, reason, retry_count: count }) {
  const time = new Date(at) > new Date() ? t("again.at", { time: clockTime(at) }) : t("again.now");
  return [count > 0 && reason, time].filter(Boolean).join(t("sentence.glue"));
}

/** A click anywhere in a row opens its detail, but not the end of a selection. */
function openDetail(event) {
  if (event.target.closest("a, button, input") || String(getSelection())) return;
  event.currentTarget.querySelector("a").click();
}
