// The reader's language: the page's own words in it, and how it writes times. What the API says, the API translates.

import { VALUES, WORDS } from "./words.js";
import { IMPORT_WORDS } from "./words-import.js";

const REMEMBERED = "batch-import.language";

let current = remembered() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

function remembered() {
  const found = localStorage.getItem(REMEMBERED);
  return found === "zh" || found === "en" ? found : null;
}

export const language = () => current;

export function switchLanguage() {
  current = current === "zh" ? "en" : "zh";
  localStorage.setItem(REMEMBERED, current);
}

/** The word of `key`, with {names} filled in. */
export function t(key, values = {}) {
  const text = (WORDS[key] ?? IMPORT_WORDS[key])[current === "zh" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The word of `key` for so many; one of a thing may have a form of its own. */
export const counted = (count, key) => t(count === 1 && `${key}.one` in IMPORT_WORDS ? `${key}.one` : key);

/** An enum's value as a reader sees it. */
export function valueText(field, value) {
  return VALUES[`${field}.${value}`]?.[current === "zh" ? 0 : 1] ?? value.replaceAll("_", " ");
}

const locale = () => (current === "zh" ? "zh-CN" : "en-GB");
const format = (iso, options) => new Intl.DateTimeFormat(locale(), options).format(new Date(iso));

export const shortTime = (iso) => format(iso, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
export const fullDate = (iso) => format(iso, { dateStyle: "medium" });
export const clockTime = (iso) => format(iso, { timeStyle: "medium" });
export const fullTime = (iso) => format(iso, { dateStyle: "full", timeStyle: "long" });

/** As many digits as relays declare: what is small is not shown as 0. */
export const number = (value) => new Intl.NumberFormat(locale(), { maximumFractionDigits: 6 }).format(value);

/** A span of time with the precision that a reader needs. */
export function span(milliseconds) {
  if (milliseconds >= 60_000) return duration(0, milliseconds);
  const [unit, amount] = milliseconds < 1000 ? ["millisecond", milliseconds] : ["second", milliseconds / 1000];
  const style = { style: "unit", unit, unitDisplay: "narrow", maximumFractionDigits: unit === "second" && amount < 10 ? 1 : 0 };
  return new Intl.NumberFormat(locale(), style).format(amount);
}

/** Hours, minutes and seconds; nothing for less than a second. */
export function duration(from, until) {
  const seconds = Math.round((new Date(until) - new Date(from)) / 1000);
  const parts = { hour: Math.floor(seconds / 3600), minute: Math.floor(seconds / 60) % 60, second: seconds % 60 };
  const write = ([unit, amount]) =>
    new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "narrow" }).format(amount);
  const some = Object.entries(parts).filter(([, amount]) => amount > 0);
  return some.map(write).join(" ");
}
