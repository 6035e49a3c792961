// The models of an item in one table: what the relay calls them, their families, and what was found out about them.

import { h, reconcile, row, table, tableBody } from "./dom.js";
import { t } from "./i18n.js";

const MOST = 200; // rows at once; typing narrows them down
const FILTERED = 8; // fewer need no filter
const FLAGS = ["supports_stream", "supports_tools", "supports_reasoning_fields", "smoke_chat_ok"];

export function modelsOf(item) {
  const all = rowsOf(item);
  const asked = chips(t("requested"), item.requested_models);
  const better = chips(t("recommended"), item.recommended_models);
  if (!all.length) return [asked, better, h("p", { class: "muted" }, t("models.none"))];
  const columns = ["rawModel", "family", "stream", "tools", "reasoning", "smoke"].map((key, index) => ({
    label: t(key),
    class: index === 0 ? "main" : null,
  }));
  const body = tableBody();
  const count = h("p", { class: "muted" });
  const filter = h("input", { type: "search", placeholder: t("models.filter"), "aria-label": t("models.filter"), oninput: draw });

  function draw() {
    const wanted = filter.value.trim().toLowerCase();
    const found = all.filter(({ text }) => text.includes(wanted));
    reconcile(body, found.slice(0, MOST).map((model) => ({ key: model.raw, version: "", build: () => row(columns, cells(model)) })));
    count.textContent = t("list.count", { n: Math.min(found.length, MOST), total: item.raw_models_total ?? all.length });
  }

  draw();
  const title = t("modelProfiles");
  const scroller = { class: "scroll", tabindex: 0, role: "region", "aria-label": title };
  const narrow = all.length > FILTERED ? h("div", { class: "narrow" }, filter, count) : null;
  return [asked, better, narrow, h("div", scroller, table(title, columns, body, { class: "profiles" }))];
}

/** A row for each name of the relay; those that were asked first, with what they answered. */
function rowsOf(item) {
  const profiles = new Map((item.capability_profile?.model_profiles ?? []).map((one) => [one.raw_model_id, one]));
  const names = new Set([...profiles.keys(), ...item.raw_models]);
  return [...names].map((raw) => {
    const profile = profiles.get(raw);
    const text = `${raw} ${profile?.normalized_model_id ?? ""} ${profile?.canonical_model_family ?? ""}`.toLowerCase();
    return { raw, profile, text };
  });
}

function cells({ raw, profile }) {
  const name = h("code", { title: profile?.normalized_model_id }, raw);
  const family = profile ? h("code", {}, profile.canonical_model_family) : null;
  return [name, family, ...FLAGS.map((flag) => (profile ? threeValued(profile[flag]) : null))];
}

function threeValued(flag) {
  const word = flag === true ? "yes" : flag === false ? "no" : "unknown";
  return h("span", { class: `flag ${word}` }, t(word));
}

function chips(title, names) {
  if (!names.length) return null;
  return h("p", { class: "named" }, h("span", { class: "muted" }, `${title} `), names.map((name) => h("code", { class: "chip-of" }, name)));
}
