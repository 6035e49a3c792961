// Models over all relays that were proved, and one model over its relays. Unknown is a dash, never zero.

import { modelAddress, modelsAddress, runAddress } from "./api.js";
import { money, rates } from "./billing.js";
import { badge, h, row } from "./dom.js";
import { saveCsv } from "./export.js";
import { fullDate, number, span, t, valueText } from "./i18n.js";
import { valueBadge } from "./item-evidence.js";
import { listView } from "./list-view.js";
import { allRelays, listModels, listRelays } from "./list.js";
import { errorText, isAbort, moment, problem } from "./parts.js";

const UNKNOWN = "—";
const MODEL_ORDERS = ["tokens_per_second", "first_token", "name"]; // beside the usual one
const RELAY_ORDERS = ["first_token", "latency", "multiplier", "balance", "seen"];
const FALLING = ["relays", "tokens_per_second", "balance", "seen"];
const ACCESSES = ["active", "degraded", "broken"];
const PLATFORMS = ["openai", "anthropic", "gemini"];

const orUnknown = (value, write) => (value === null ? UNKNOWN : write(value));
const rate = (value) => orUnknown(value, (found) => `×${number(found)}`);

export function showModels(root, signal) {
  document.title = `${t("models")} · ${t("title")}`;
  const columns = [
    { label: t("model"), class: "main", order: "name" },
    { label: t("models.active"), class: "number", order: "relays" },
    { label: t("models.tested"), class: "number" },
    { label: t("tokensPerSecond"), class: "number", order: "tokens_per_second" },
    { label: t("firstToken"), class: "number", order: "first_token" },
    { label: t("models.cheapest"), class: "number" },
    { label: t("lastSeen"), class: "when" },
  ];
  const list = sortedList(columns, "relays", {
    caption: t("models"),
    kind: "models",
    fields: [
      { name: "q", label: t("search"), hint: t("models.filter") },
      { name: "order", label: t("sort"), options: MODEL_ORDERS, none: valueText("order", "relays") },
    ],
    source: listModels,
    entry: (model) => ({ key: model.model, version: JSON.stringify(model), build: () => modelRow(columns, model) }),
    none: t("models.noneYet"),
    noMatch: t("models.noMatch"),
    signal,
  });
  root.replaceChildren(
    h("div", { class: "head" }, h("h1", {}, t("models")), h("p", { class: "muted" }, t("models.hint"))),
    list.element,
  );
  list.start();
}

function modelRow(columns, model) {
  return row(columns, [
    h("a", { class: "address", href: modelAddress(model.model), "data-route": true }, model.model),
    number(model.active_relays),
    number(model.tested_relays),
    bestAndMedian(model.best_tokens_per_second, model.median_tokens_per_second, number),
    bestAndMedian(model.best_first_token_ms, model.median_first_token_ms, span),
    rate(model.lowest_multiplier),
    moment(model.last_seen_at),
  ]);
}

function bestAndMedian(best, median, write) {
  if (best === null) return UNKNOWN;
  return [write(best), h("div", { class: "muted" }, t("median", { value: write(median) }))];
}

export function showModel(root, model, signal) {
  document.title = `${model} · ${t("title")}`;
  const columns = [
    { label: t("relay"), class: "main" },
    { label: t("access"), class: "access" },
    { label: t("tokensPerSecond"), class: "number", order: "tokens_per_second" },
    { label: t("firstToken"), class: "number", order: "first_token" },
    { label: t("latency"), class: "number", order: "latency" },
    { label: t("multiplier.short"), class: "number", order: "multiplier" },
    { label: t("balance.short"), class: "number", order: "balance" },
    { label: t("evidence"), class: "evidence" },
    { label: t("lastSeen"), class: "when", order: "seen" },
  ];
  const trouble = h("div", {});
  const list = sortedList(columns, "tokens_per_second", {
    caption: t("models.relays", { model }),
    kind: "compared",
    fields: [
      { name: "q", label: t("search"), hint: t("models.search") },
      { name: "access_status", label: t("access"), options: ACCESSES },
      { name: "tested", label: t("tested"), options: ["true", "false"] },
      { name: "platform", label: t("platform"), options: PLATFORMS },
      { name: "order", label: t("sort"), options: RELAY_ORDERS, none: valueText("order", "tokens_per_second") },
    ],
    source: (filters) => listRelays(model, filters),
    entry: (relay) => ({ key: relay.relay, version: JSON.stringify(relay), build: () => relayRow(columns, relay) }),
    none: t("models.noneYet"),
    noMatch: t("models.noRelay"),
    signal,
  });
  const without = h("input", { type: "checkbox", id: "without-addresses" });

  async function save() {
    try {
      const relays = await allRelays(model, { ...list.filters.values(), without_addresses: without.checked }, signal);
      saveCsv(relays, model.replaceAll("/", "~"), columnsOf(relays));
      trouble.replaceChildren();
    } catch (error) {
      if (!isAbort(error)) trouble.replaceChildren(problem(errorText(error), save));
    }
  }

  const back = h("a", { class: "back", href: modelsAddress(), "data-route": true }, t("models"));
  const title = h("div", {}, back, h("h1", {}, model), h("p", { class: "muted" }, t("models.relaysHint")));
  const label = h("label", { class: "remember", for: "without-addresses" }, without, t("export.without"));
  const button = h("button", { type: "button", class: "button", onclick: save }, t("export.csv"));
  root.replaceChildren(
    h("div", { class: "head head-line" }, title, h("div", { class: "actions" }, label, button)),
    trouble,
    list.element,
  );
  list.start();
}

/** A list whose columns with an `order` have a button that sorts by it; `usual` is the order without a choice. */
function sortedList(columns, usual, view) {
  const heads = columns.filter(({ order }) => order);
  for (const column of heads) {
    const sort = () => list.filters.set({ order: column.order === usual ? "" : column.order });
    column.head = h("button", { type: "button", class: "sort", onclick: sort }, column.label);
  }

  function tell() {
    const { order = usual } = list.filters.values();
    for (const { head, order: own } of heads) {
      if (own === order) head.closest("th").setAttribute("aria-sort", FALLING.includes(own) ? "descending" : "ascending");
      else head.closest("th").removeAttribute("aria-sort");
    }
  }

  const list = listView({ ...view, columns, changed: tell });
  return list;
}

function relayRow(columns, relay) {
  const item = `${runAddress(relay.run_id)}#${relay.item_id}`;
  const facts = [relay.platform, relay.account_id !== null && `#${relay.account_id}`, relay.tested || t("tested.not")];
  return row(columns, [
    [
      h("a", { class: "address", href: item, "data-route": true }, relay.base_url),
      h("div", { class: "ids muted" }, facts.filter((fact) => typeof fact === "string").map((fact) => h("span", {}, fact))),
    ],
    [badge(relay.badges.access_status), relay.last_error_code && h("div", { class: "muted" }, relay.last_error_code)],
    orUnknown(relay.tokens_per_second, number),
    orUnknown(relay.first_token_ms, span),
    orUnknown(relay.latency_ms, span),
    rates(relay),
    [
      money(relay.balance, relay.currency),
      relay.expires_at && h("div", { class: "muted" }, `${t("balance.expires")} `, moment(relay.expires_at, fullDate)),
    ],
    evidence(relay),
    seen(relay),
  ]);
}

/** When it was last imported, and when it was proved where that import did not. */
function seen({ last_seen_at: at, proved_at: proved }) {
  return [moment(at), proved !== at && h("div", { class: "muted" }, `${t("proved")} `, moment(proved))];
}

function evidence({ identity, passthrough }) {
  const known = Object.entries({ identity, passthrough }).filter(([, value]) => value !== null && value !== "unknown");
  return known.length ? h("div", { class: "badges" }, known.map(([name, value]) => valueBadge(name, value))) : UNKNOWN;
}

const columnsOf = ([first = {}]) =>
  Object.fromEntries(Object.keys(first).filter((name) => name !== "badges").map((name) => [name, (relay) => relay[name]]));
