// One item in full, in a drawer that the address opens: #item_00001.

import { getItem } from "./api.js";
import { billingFacts } from "./billing.js";
import { badge, h, reconcile } from "./dom.js";
import { span, t, valueText } from "./i18n.js";
import { evidenceOf } from "./item-evidence.js";
import { history } from "./item-history.js";
import { modelsOf } from "./item-models.js";
import { copyButton, errorText, isAbort, loading, moment, problem } from "./parts.js";
import { accountBadges, nextAttempt, said } from "./view-items.js";

const FLAGS = [
  "supports_openai_models",
  "supports_openai_chat_completions",
  "supports_openai_responses",
  "supports_anthropic_messages",
  "supports_gemini_generate_content",
];

function itemInAddress() {
  return /^#(item_[A-Za-z0-9_-]+)$/.exec(location.hash)?.[1] ?? null;
}

export function itemDrawer(runId, signal) {
  const content = h("div", { class: "detail" });
  const close = h("button", { type: "button", class: "button close", onclick: () => element.close() }, t("close"));
  const sheet = h("div", { class: "sheet" }, close, content);
  const element = h("dialog", { class: "drawer", "aria-label": t("item") }, sheet);
  let linked = false; // opened by a link of this page: then going back closes it
  let shown = null;

  function open() {
    const id = itemInAddress();
    if (!id) return element.close();
    shown = id;
    if (!element.open) element.showModal();
    content.replaceChildren(loading());
    element.scrollTop = 0;
    return load();
  }

  async function load() {
    try {
      await refresh();
    } catch (error) {
      if (!isAbort(error)) content.replaceChildren(problem(errorText(error), load));
    }
  }

  async function refresh() {
    const id = itemInAddress();
    if (!id || !element.open) return;
    const item = await getItem(runId, id, signal);
    if (id !== itemInAddress() || signal.aborted) return;
    reconcile(content, sections(item));
  }

  /** The focus goes back to the item's row; the one that the drawer was opened from may have been drawn anew since. */
  function leave() {
    document.querySelector(`a.address[href="#${shown}"]`)?.focus({ preventScroll: true });
    if (!itemInAddress()) return;
    if (linked) window.history.back();
    else window.history.replaceState(window.history.state, "", location.pathname + location.search);
  }

  window.addEventListener("hashchange", () => { linked = true; open(); }, { signal });
  element.addEventListener("close", leave);
  element.addEventListener("click", (event) => event.target === element && element.close());
  return { element, open, refresh };
}

/** The parts of the detail, each redrawn only when what it shows has changed. */
function sections(item) {
  const { events, capability_profile: capability, ...rest } = item;
  const part = (key, data, build) => ({ key: `${item.item_id} ${key}`, version: JSON.stringify(data), build });
  return [
    part("head", rest, () => head(item)),
    part("history", events, () => section([t("events"), h("small", {}, t("events.hint"))], history(events))),
    part("decision", rest, () => section(t("decision"), facts(decision(item)))),
    part("models", [rest, capability], () => section(t("models"), modelsOf(item))),
    part("evidence", [item.speed, item.evidence], () => section(t("evidence"), evidenceOf(item))),
    part("transport", capability, () => section(t("transport"), transport(capability?.transport_profile))),
  ];
}

const section = (title, ...content) => h("section", {}, h("h3", {}, title), content);

function head(item) {
  const { badges } = item;
  const verdicts = [badge(badges.access_status), badge(badges.confirmation_status)];
  return h(
    "header",
    {},
    h("p", { class: "muted number-of" }, [item.label, item.item_id].filter(Boolean).join(" · ")),
    h("div", { class: "titled" }, h("h2", {}, item.base_url), copyButton(() => item.base_url)),
    h("div", { class: "badges" }, verdicts, accountBadges(badges)),
    verdict(item),
    advisories(item.advisory_messages),
  );
}

/** What went wrong and what to do; red only while there is something to do. */
function verdict(item) {
  const { advice, last_error: error, last_error_stage: stage, last_error_code: code, next_attempt_at: again } = item;
  if (!advice && !error && !again) return null;
  const title = stage ? t("lastError.at", { stage: t(`stage.${stage}`) }) : t("lastError");
  const cancelled = code === "cancelled";
  return h(
    "div",
    { class: `note ${advice && !cancelled ? "red" : "gray"}` },
    h("h3", {}, title, code && h("code", {}, code)),
    again && h("p", {}, nextAttempt(item)),
    advice && h("p", {}, advice),
    said(item) && h("p", { class: "quote" }, said(item)),
  );
}

function advisories(texts) {
  if (!texts.length) return null;
  const list = h("ul", {}, texts.map((text) => h("li", {}, text)));
  return h("div", { class: "note yellow" }, h("h3", {}, t("advisories")), list);
}

/** A list of names and values; what is not there is left out. */
function facts(pairs) {
  const fact = ([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return h("dl", { class: "facts-of" }, pairs.filter(([, value]) => value !== null && value !== undefined).map(fact));
}

const code = (value) => (value === null || value === undefined ? null : h("code", {}, String(value)));
const copied = (value) => (value ? [code(value), copyButton(() => String(value))] : null);

/** A number in sub2api, with a way to the list of its panel: a single entry has no address there. */
function inPanel(item, id, list) {
  if (id === null) return null;
  const link = { class: "panel", href: list, target: "_blank", rel: "noreferrer", title: t("panel.hint", { name: item.provider_id }) };
  return [...copied(id), list && h("a", link, t("panel.open"))];
}

function decision(item) {
  return [
    [t("providerId"), copied(item.provider_id)],
    [t("fingerprint"), code(item.api_key_fingerprint)],
    [t("platform"), item.platform],
    [t("accountId"), inPanel(item, item.account_id, item.panel?.accounts)],
    [t("groupId"), inPanel(item, item.group_id, item.panel?.groups)],
    [t("channelId"), inPanel(item, item.channel_id, item.panel?.channels)],
    [t("matched"), item.matched_account_state && valueText("matched_account_state", item.matched_account_state)],
    [t("resolution"), item.account_resolution && valueText("account_resolution", item.account_resolution)],
    [t("reused"), item.provision_reused ? threeValued(item.provision_reused) : null],
    [t("reusedProvider"), code(item.reused_from_provider_id)],
    [t("reusedAccount"), code(item.reused_from_account_id)],
    [t("smokeModel"), code(item.resolved_smoke_model)],
    [t("servedModel"), code(item.served_model)],
    [t("latency"), item.latency_ms === null ? null : span(item.latency_ms)],
    ...billingFacts(item.billing, moment),
    [t("retries"), String(item.retry_count)],
    [t("lastRetry"), item.last_retry_at ? moment(item.last_retry_at) : null],
    ...planFacts(item.plan),
  ];
}

function planFacts(plan) {
  if (!plan) return [];
  return [
    [t("plan"), t(`plan.${plan.resolution}`, { id: plan.account_id ?? "" })],
    [t("plan.group"), code(plan.group)],
    [t("plan.models"), names(plan.models)],
  ];
}

function names(list) {
  return list.length ? h("ul", { class: "chips" }, list.map((name) => h("li", {}, h("code", {}, name)))) : null;
}

/** true, false and "unknown" as words, with a sign that does not depend on colour. */
function threeValued(flag) {
  const word = flag === true ? "yes" : flag === false ? "no" : "unknown";
  return h("span", { class: `flag ${word}` }, t(word));
}

function transport(profile) {
  if (!profile) return h("p", { class: "muted" }, t("transport.none"));
  return facts([
    ...FLAGS.map((name) => [t(name), threeValued(profile[name])]),
    [t("auth_style"), code(profile.auth_style)],
    [t("model_id_style"), code(profile.model_id_style)],
    [t("known_advisories"), names(profile.known_advisories)],
  ]);
}
