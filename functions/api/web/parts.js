// Small pieces that several views use.

import { h } from "./dom.js";
import { clockTime, duration, fullTime, shortTime, t } from "./i18n.js";

/** A moment in the reader's own time; the title has it in full. */
export function moment(iso, write = shortTime) {
  return iso ? h("time", { datetime: iso, title: fullTime(iso) }, write(iso)) : "–";
}

export const clock = (iso) => moment(iso, clockTime);

export function ranFor(run) {
  const time = run.finished_at && duration(run.started_at, run.finished_at);
  return time ? t("took", { time }) : null;
}

/** How far a run is, and how what is done turned out. */
export function progress(run) {
  const other = run.completed_items - run.active_items - run.degraded_items - run.broken_items;
  const parts = { active: run.active_items, degraded: run.degraded_items, broken: run.broken_items, other };
  const text = t("progress.text", { done: run.completed_items, total: run.total_items });
  const bar = h("div", {
    class: "progress",
    role: "progressbar",
    "aria-label": t("progress"),
    "aria-valuemin": 0,
    "aria-valuemax": run.total_items,
    "aria-valuenow": run.completed_items,
    "aria-valuetext": text,
    title: text,
  });
  for (const [name, count] of Object.entries(parts)) {
    if (count <= 0) continue;
    const part = h("span", { class: `part ${name}` });
    part.style.width = `${(100 * count) / run.total_items}%`;
    bar.append(part);
  }
  return bar;
}

/** What went wrong, where it went wrong, with a way to try again. */
export function problem(text, retry) {
  const button = retry && h("button", { type: "button", class: "button", onclick: retry }, t("retry"));
  return h("div", { class: "note red", role: "alert" }, h("p", {}, text), button);
}

export function errorText(error) {
  if (!error.status) return t("error.network");
  if (error.status === 404) return t("error.notFound", { reason: error.message });
  return t("error.failed", { status: error.status, reason: error.message });
}

export const loading = () => h("p", { class: "empty" }, t("loading"));

/** An error of a request that was given up on purpose is none. */
export const isAbort = (error) => error.name === "AbortError";

/** A button that copies what `text` gives, and says so. */
export function copyButton(text, label = t("copy")) {
  const button = h("button", { type: "button", class: "button quiet small copy", onclick: copy }, label);

  async function copy() {
    await navigator.clipboard.writeText(await text());
    button.textContent = t("copied");
    setTimeout(() => { button.textContent = label; }, 1500);
  }

  return button;
}
