// One item in full, in a drawer that the address opens: #item_00001.

import { getItem } from "./api.js";
import { badge, h, reconcile, row, table, tableBody } from "./dom.js";
import { t } from "./i18n.js";
import { clock, errorText, isAbort, loading, moment, problem } from "./parts.js";
import { accountBadges } from "./view-items.js";

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

  function open() {
    const id = itemInAddress();
    if (!id) return element.close();
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

  function leave() {
    if (!itemInAddress()) return;
    if (linked) history.back();
    else history.replaceState(history.state, "", location.pathname + location.search);
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
    part("decision", rest, () => section(t("decision"), facts(decision(item)))),
    part("models", rest, () => section(t("models"), facts(models(item)))),
    part("transport", capability, () => section(t("transport"), transport(capability?.transport_profile))),
    part("profiles", capability, () => profiles(capability?.model_profiles ?? [])),
    part("events", events, () => section([t("events"), h("small", {}, t("events.hint"))], trail(events))),
  ];
}

const section = (title, ...content) => h("section", {}, h("h3", {}, title), content);

function head(item) {
  const { badges } = item;
  const verdicts = [badge(badges.access_status), badge(badges.confirmation_status)];
  return h(
    "header",
    {},
    h("p", { class: "muted number-of" }, item.item_id),
    h("h2", {}, item.base_url),
    h("div", { class: "badges" }, verdicts, accountBadges(badges)),
    verdict(item),
    advisories(item.advisory_messages),
  );
}

/** What went wrong and what to do; red only while there is something to do. */
function verdict({ advice, last_error: error, last_error_stage: stage, last_error_code: code }) {
  if (!advice && !error) return null;
  const title = stage ? t("lastError.at", { stage }) : t("lastError");
  return h(
    "div",
    { class: `note ${advice ? "red" : "gray"}` },
    h("h3", {}, title, code && h("code", {}, code)),
    advice && h("p", {}, advice),
    error && h("p", { class: "quote" }, error),
  );
}

function advisories(texts) {
  if (!texts.length) return null;
  const list = h("ul", {}, texts.map((text) => h("li", {}, text)));
  return h("div", { class: "note yellow" }, h("h3", {}, t("advisories")), list);
}

/** A list of names and values; what is not there is shown as a dash. */
function facts(pairs) {
  const fact = ([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value ?? "–"));
  return h("dl", { class: "facts-of" }, pairs.map(fact));
}

const code = (value) => (value === null ? null : h("code", {}, String(value)));

function decision(item) {
  return [
    [t("providerId"), code(item.provider_id)],
    [t("fingerprint"), code(item.api_key_fingerprint)],
    [t("stage"), item.current_stage],
    [t("confirmation"), item.confirmation_status],
    [t("access"), item.access_status],
    [t("matched"), item.matched_account_state],
    [t("resolution"), item.account_resolution],
    [t("reused"), threeValued(item.provision_reused)],
    [t("reusedProvider"), code(item.reused_from_provider_id)],
    [t("reusedAccount"), code(item.reused_from_account_id)],
    [t("platform"), item.platform],
    [t("accountId"), code(item.account_id)],
    [t("channelId"), code(item.channel_id)],
    [t("retries"), String(item.retry_count)],
    [t("lastRetry"), item.last_retry_at ? moment(item.last_retry_at) : null],
  ];
}

function models(item) {
  return [
    [t("smokeModel"), code(item.resolved_smoke_model)],
    [t("requested"), names(item.requested_models)],
    [t("raw"), names(item.raw_models)],
    [t("normalized"), names(item.normalized_models)],
    [t("families"), names(item.canonical_model_families)],
    [t("recommended"), names(item.recommended_models)],
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

function profiles(list) {
  if (!list.length) return h("section", { hidden: true });
  const columns = ["rawModel", "normalized", "family", "stream", "tools", "reasoning", "smoke"].map((key, index) => ({
    label: t(key),
    class: index === 0 ? "main" : null,
  }));
  const body = tableBody();
  body.append(...list.map((profile) => row(columns, profileCells(profile))));
  const title = t("modelProfiles");
  const scroller = { class: "scroll", tabindex: 0, role: "region", "aria-label": title };
  return section(title, h("div", scroller, table(title, columns, body, { class: "profiles" })));
}

function profileCells(profile) {
  const flags = ["supports_stream", "supports_tools", "supports_reasoning_fields", "smoke_chat_ok"];
  return [
    code(profile.raw_model_id),
    code(profile.normalized_model_id),
    code(profile.canonical_model_family),
    ...flags.map((name) => threeValued(profile[name])),
  ];
}

function trail(events) {
  if (!events.length) return h("p", { class: "muted" }, t("events.none"));
  return h("ol", { class: "trail" }, events.map(event));
}

function event(one) {
  const payload = pretty(one.payload_json);
  const type = h("strong", {}, one.event_type);
  const where = `${one.stage} · ${t("events.attempt", { n: one.attempt })}`;
  return h(
    "li",
    { class: one.event_type, "data-event": one.event_type },
    h("p", { class: "line" }, clock(one.created_at), type, h("span", { class: "muted" }, where)),
    h("p", { class: "message" }, one.message),
    payload && h("pre", { tabindex: 0 }, payload),
  );
}

/** The payload's JSON, laid out to be read; nothing for an empty one, and what is no JSON as it is. */
function pretty(text) {
  try {
    const value = JSON.parse(text);
    return value && Object.keys(value).length ? JSON.stringify(value, null, 2) : null;
  } catch {
    return text || null;
  }
}
