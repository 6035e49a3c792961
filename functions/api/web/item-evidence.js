// How fast an item's relay is, and what its answers showed: what was seen, never what somebody is guilty of.

import { h } from "./dom.js";
import { number, span, t, valueText } from "./i18n.js";

const QUESTIONS = ["identity", "passthrough"];
const COLORS = { consistent: "cyan", inconsistent: "yellow", unknown: "gray" };

/** The time to the first token and the rate, in a line; nothing where nothing was measured. */
export function speedText(speed) {
  if (!speed) return null;
  const first = t("speed.first", { time: span(speed.first_token_ms) });
  const rate = speed.tokens_per_second;
  return rate === null ? first : t("speed.both", { first, rate: number(rate < 10 ? rate : Math.round(rate)) });
}

/** A badge for each question whose answer does not fit; nothing where there is none. */
export function doubts(evidence) {
  const found = QUESTIONS.filter((name) => evidence?.[name].value === "inconsistent");
  return found.length ? h("div", { class: "badges" }, found.map((name) => valueBadge(name, "inconsistent"))) : null;
}

/** Both questions with what was seen, or that nothing was. */
export function evidenceOf({ evidence, speed }) {
  if (!evidence && !speed) return h("p", { class: "muted" }, t("evidence.none"));
  return [
    speed && h("p", {}, h("span", { class: "muted" }, `${t("speed")} `), speedText(speed)),
    ...QUESTIONS.map((name) => answer(name, evidence?.[name] ?? { value: "unknown", observations: [] })),
    h("p", { class: "muted" }, t("evidence.hint")),
  ];
}

/** What was seen, each once, with all the answers in which it was. */
function answer(name, { value, observations }) {
  const where = (all) => h("small", { class: "muted" }, ` ${all.map(({ source }) => valueText("source", source)).join(", ")}`);
  const seen = [...Map.groupBy(observations, ({ text }) => text)].map(([text, all]) => h("li", {}, text, where(all)));
  return h("div", { class: "evidence" }, h("p", {}, `${t(`evidence.${name}`)} `, valueBadge(null, value)), seen.length ? h("ul", {}, seen) : null);
}

export function valueBadge(name, value) {
  const word = valueText("agreement", value);
  return h("span", { class: `badge ${COLORS[value] ?? "gray"}` }, name ? `${t(`evidence.${name}.short`)}: ${word}` : word);
}
