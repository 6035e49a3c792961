// The items of a run, in the API's order: what needs attention comes first.

import { badge, h, row } from "./dom.js";
import { fullTime, t } from "./i18n.js";
import { listView } from "./list-view.js";
import { listItems } from "./list.js";

const STAGES = ["probe", "provision", "confirm", "validate", "done"];
const CONFIRMATIONS = ["pending", "confirmed", "advisory", "failed"];
const ACCESSES = ["unknown", "active", "degraded", "broken"];
const MATCHES = ["active", "disabled", "deprecated", "broken"];
const RESOLUTIONS = ["created", "reused", "reactivated", "replaced"];

export function itemList(runId, changed, signal) {
  const columns = columnsOf();
  const providers = h("datalist", { id: "providers" });
  const known = new Set();

  function entry(item) {
    if (!known.has(item.provider_id)) {
      known.add(item.provider_id);
      providers.append(h("option", { value: item.provider_id }));
    }
    return { key: item.item_id, version: JSON.stringify(item), build: () => itemRow(columns, item) };
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
  list.element.append(providers);
  return list;
}

function fieldsOf() {
  return [
    { name: "q", label: t("search"), hint: t("search.items") },
    { name: "access_status", label: t("access"), options: ACCESSES },
    { name: "confirmation_status", label: t("confirmation"), options: CONFIRMATIONS },
    { name: "current_stage", label: t("stage"), options: STAGES },
    { name: "has_warning", label: t("hasWarning"), options: ["true", "false"] },
    { name: "matched_account_state", label: t("matched"), options: MATCHES },
    { name: "account_resolution", label: t("resolution"), options: RESOLUTIONS },
    { name: "provider_id", label: t("providerId"), suggest: "providers" },
  ];
}

function columnsOf() {
  return [
    { label: t("relay"), class: "main" },
    { label: t("access"), class: "access" },
    { label: t("confirmation"), class: "confirmation" },
    { label: t("account"), class: "account" },
    { label: t("smokeModel"), class: "model" },
    { label: t("retries"), class: "number retries" },
    { label: t("findings"), class: "findings" },
  ];
}

function itemRow(columns, item) {
  const { badges } = item;
  const stage = h("div", { class: "stage muted" }, t("stage.at", { stage: item.current_stage }));
  const tr = row(columns, [
    relay(item),
    badge(badges.access_status),
    [badge(badges.confirmation_status), stage],
    accountOf(item),
    item.resolved_smoke_model && h("code", { title: item.resolved_smoke_model }, item.resolved_smoke_model),
    retries(item),
    findings(item),
  ]);
  tr.addEventListener("click", openDetail);
  return tr;
}

function relay(item) {
  const id = h("span", { class: "number-of" }, item.item_id);
  return [
    h("a", { class: "address", href: `#${item.item_id}` }, item.base_url),
    h("div", { class: "ids muted" }, id, h("span", {}, item.provider_id), h("span", {}, item.api_key_fingerprint)),
  ];
}

/** What was decided about the host's account, in one badge; what was found there only where it was not in order. */
function accountOf({ badges, matched_account_state: matched }) {
  const { provision_reused: _, matched_account_state: found, ...decided } = badges;
  return accountBadges(matched === "active" && badges.account_resolution ? decided : { ...decided, matched_account_state: found });
}

function retries({ retry_count: count, last_retry_at: last }) {
  return h("span", { class: count ? null : "zero", title: last && fullTime(last) }, String(count));
}

/** What was found in the host, and what was decided about it. */
export function accountBadges(badges) {
  const { matched_account_state: matched, account_resolution: resolution, provision_reused: reused } = badges;
  const arrow = matched && h("span", { class: "arrow", "aria-hidden": "true" }, "→");
  const decided = resolution && h("span", { class: "then" }, arrow, badge(resolution));
  const shown = [badge(matched), decided, badge(reused)].filter(Boolean);
  return shown.length ? h("div", { class: "badges" }, shown) : null;
}

function findings(item) {
  return [
    item.advice && h("p", { class: "advice" }, item.advice),
    item.last_error && h("p", { class: "error muted", title: item.last_error }, item.last_error),
    item.advisory_messages.map((text) => h("p", { class: "advisory" }, text)),
  ];
}

/** A click anywhere in a row opens its detail, but not the end of a selection. */
function openDetail(event) {
  if (event.target.closest("a, button") || String(getSelection())) return;
  event.currentTarget.querySelector("a").click();
}
