// Who gets access to what is imported, and what is rarely changed: the fields of a create request beside its list.

import { searchGroups, searchUsers } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { picker } from "./picker.js";

const PLATFORMS = ["auto", "openai", "anthropic", "gemini"];

/** `given` are the values to begin with; `changed` is called after each change. */
export function importOptions(given, changed) {
  const draft = { access: "subscription", users: [], days: 30, platform: "auto", groups: [], models: "", label: "", dearest: "", least: "", ...given };
  const users = picker({
    id: "users",
    label: t("users"),
    hint: t("users.hint"),
    values: draft.users,
    search: searchUsers,
    changed,
  });
  const groups = picker({
    id: "groups",
    label: t("groups"),
    hint: t("groups.hint"),
    values: draft.groups,
    search: searchGroups,
    changed,
  });
  const days = entry("days", { type: "number", min: 1, max: 36500, value: draft.days });
  const probeKey = entry("probe-key", { type: "password" });
  const platform = h("select", { id: "platform", onchange: changed }, PLATFORMS.map(option));
  const label = entry("label", { maxlength: 200, value: draft.label });
  const models = entry("models", { value: draft.models, placeholder: t("models.wanted.hint") });
  const amount = { type: "number", min: "0.000001", max: 1_000_000, step: "any" };
  const dearest = entry("max-multiplier", { ...amount, value: draft.dearest });
  const least = entry("min-balance", { ...amount, value: draft.least });
  const rate = tick("rate", draft.rate);
  const faster = tick("faster", draft.faster);
  const watched = tick("watched", draft.watched);
  const strict = tick("strict", draft.strict);
  const ours = tick("ours", draft.ours);
  platform.value = draft.platform;

  const subscription = card("subscription", [
    users.element,
    field("days", t("days"), days),
  ]);
  const selfService = card("self_service", [field("probe-key", t("probeKey"), probeKey), note(t("probeKey.hint"))]);
  const cards = { subscription, self_service: selfService };

  function choose(access) {
    draft.access = access;
    for (const [name, one] of Object.entries(cards)) one.mark(name === access);
    changed();
  }

  function card(name, content) {
    const radio = h("input", { type: "radio", name: "access", id: `access-${name}`, onchange: () => choose(name) });
    const title = h("label", { for: `access-${name}` }, radio, h("strong", {}, t(`access.${name}`)));
    const fields = h("div", { class: "fields" }, content);
    const element = h("div", { class: "choice" }, title, h("p", { class: "muted" }, t(`access.${name}.text`)));
    const mark = (is) => {
      radio.checked = is;
      fields.hidden = !is;
      element.classList.toggle("chosen", is);
    };
    return { element, fields, mark };
  }

  function entry(id, attributes) {
    return h("input", { id, autocomplete: "off", spellcheck: "false", oninput: changed, ...attributes });
  }

  function tick(id, checked) {
    return h("input", { id, type: "checkbox", checked: Boolean(checked), onchange: changed });
  }

  const more = h(
    "details",
    { class: "more" },
    h("summary", {}, t("options")),
    h("div", { class: "fields" },
      field("label", t("label"), label),
      field("models", t("models.wanted"), models),
      field("platform", t("platform"), platform),
      groups.element,
      field("max-multiplier", t("maxMultiplier"), dearest),
      field("min-balance", t("minBalance"), least),
      ticked(rate, t("rateFromRelay"), t("rateFromRelay.text")),
      ticked(faster, t("priorityFromSpeed"), t("priorityFromSpeed.text")),
      ticked(watched, t("hostBillingProbe"), t("hostBillingProbe.text")),
      ticked(strict, t("strict"), t("strict.text")),
      ticked(ours, t("ours"), t("ours.text"))),
  );

  const names = () => models.value.split(/[,，;；\n]/).map((name) => name.trim()).filter(Boolean);

  /** The request's fields; `models` stand beside them, as they belong to the rows. */
  function fields() {
    const subscribed = draft.access === "subscription";
    const access = subscribed
      ? { subscription_users: users.values, subscription_days: Number(days.value) }
      : { probe_api_key: probeKey.value.trim() };
    return {
      access_mode: draft.access,
      ...access,
      mode: strict.checked ? "strict" : "partial",
      reactivate: ours.checked ? "ours" : "always",
      platform: platform.value,
      join_groups: groups.values,
      ...(label.value.trim() ? { label: label.value.trim() } : {}),
      max_multiplier: limit(dearest),
      min_balance: limit(least),
      ...(rate.checked ? { rate_from_relay: true } : {}),
      ...(faster.checked ? { priority_from_speed: true } : {}),
      ...(watched.checked ? { host_billing_probe: true } : {}),
    };
  }

  /** What is still to be said or put right: its text and the way to the field, or null. */
  function missing() {
    return missingAccess() ?? badLimit(dearest, t("maxMultiplier")) ?? badLimit(least, t("minBalance"));
  }

  function badLimit(input, name) {
    if (input.checkValidity()) return null;
    const focus = () => {
      more.open = true;
      input.focus();
    };
    return { text: t("missing.limit", { name }), focus };
  }

  function missingAccess() {
    if (draft.access === "self_service")
      return probeKey.value.trim() ? null : { text: t("missing.probeKey"), focus: () => probeKey.focus() };
    if (!users.values.length) return { text: t("missing.users"), focus: users.focus };
    if (users.unknown.length) return { text: t("missing.known", { names: users.unknown.join(", ") }), focus: users.focus };
    return days.checkValidity() && days.value ? null : { text: t("missing.days"), focus: () => days.focus() };
  }

  const kept = () => ({
    access: draft.access,
    users: users.values,
    days: days.value,
    platform: platform.value,
    groups: groups.values,
    models: models.value,
    label: label.value,
    dearest: dearest.value,
    least: least.value,
    rate: rate.checked,
    faster: faster.checked,
    watched: watched.checked,
    strict: strict.checked,
    ours: ours.checked,
  });

  const legend = h("legend", {}, t("access.title"));
  const access = h("fieldset", { class: "access-cards" }, legend, subscription.element, selfService.element, subscription.fields, selfService.fields);
  const element = h("div", { class: "options" }, access, more);
  subscription.mark(draft.access === "subscription");
  selfService.mark(draft.access === "self_service");
  return { element, fields, names, missing, kept, suggestUsers: users.suggestValues };
}

/** Undefined where nothing stands in the field; NaN where what stands there is refused, which the browser may not tell. */
const limit = (input) => (!input.checkValidity() ? NaN : input.value ? Number(input.value) : undefined);
const option = (value) => h("option", { value }, value === "auto" ? t("platform.auto") : value);
const field = (id, label, control) => h("div", { class: "field" }, h("label", { for: id }, label), control);
const note = (text) => h("p", { class: "muted" }, text);
const ticked = (box, label, text) =>
  h("div", { class: "ticked" }, h("label", { for: box.id }, box, ` ${label}`), h("p", { class: "muted" }, text));

/** The same import on the command line; keys and list come by other ways, so none stands in it. */
export function commandOf(fields, models) {
  const words = ["batch-import", "import", "-"];
  const add = (name, value) => words.push(name, quoted(String(value)));
  const addLimit = (name, value) => value !== undefined && add(name, Number.isNaN(value) ? "…" : value);
  if (fields.access_mode === "self_service") add("--access-mode", "self_service");
  for (const user of fields.subscription_users ?? []) add("--subscription-user", user);
  if ((fields.subscription_days ?? 30) !== 30) add("--subscription-days", fields.subscription_days);
  if (fields.mode === "strict") add("--mode", "strict");
  if (fields.reactivate === "ours") add("--reactivate", "ours");
  if (fields.platform !== "auto") add("--platform", fields.platform);
  addLimit("--max-multiplier", fields.max_multiplier);
  addLimit("--min-balance", fields.min_balance);
  if (fields.rate_from_relay) words.push("--rate-from-relay");
  if (fields.priority_from_speed) words.push("--priority-from-speed");
  if (fields.host_billing_probe) words.push("--host-billing-probe");
  for (const group of fields.join_groups) add("--join-group", group);
  for (const model of models) add("--requested-model", model);
  if (fields.label) add("--label", fields.label);
  return [...words, "--watch"].join(" ");
}

const quoted = (text) => (/^[\w@.,:/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
