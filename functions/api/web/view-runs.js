// All runs, newest first.

import { importAddress, runAddress } from "./api.js";
import { badge, h, row } from "./dom.js";
import { number, t, valueText } from "./i18n.js";
import { listView } from "./list-view.js";
import { listRuns } from "./list.js";
import { moment, problem, progress, ranFor } from "./parts.js";
import { poll } from "./poll.js";

const QUIET = 8_000; // between two looks while nothing runs
const STATES = ["running", "completed", "completed_with_warnings", "failed", "cancelled"];
const ACCESS_MODES = ["subscription", "self_service"];

export function showRuns(root, signal) {
  document.title = `${t("runs")} · ${t("title")}`;
  const columns = columnsOf();
  const stale = h("div", {});
  const runs = listView({
    caption: t("runs"),
    kind: "runs",
    columns,
    fields: [
      { name: "q", label: t("search"), hint: t("search.runs") },
      { name: "state", label: t("state"), options: STATES },
      { name: "access_mode", label: t("accessMode"), options: ACCESS_MODES },
    ],
    source: listRuns,
    entry: (run) => ({ key: run.run_id, version: JSON.stringify(run), build: () => runRow(columns, run) }),
    none: t("runs.none"),
    noMatch: t("runs.noMatch"),
    signal,
  });

  /** Always live: another person's run, or one of the command line, appears by itself. */
  async function refresh() {
    await runs.refresh();
    const running = runs.rows().filter((run) => run.state === "running");
    const part = running.length ? `${t("running.n", { n: running.length })} · ` : "";
    document.title = `${part}${t("runs")} · ${t("title")}`;
    return running.length ? true : QUIET;
  }

  const tell = (error) => stale.replaceChildren(...(error ? [problem(t("error.stale"))] : []));
  const title = h("div", {}, h("h1", {}, t("runs")), h("p", { class: "muted" }, t("runs.hint")));
  const start = h("a", { class: "button primary", href: importAddress(), "data-route": true }, t("import"));
  const head = h("div", { class: "head head-line" }, title, start);
  root.replaceChildren(head, stale, runs.element);
  runs.start();
  poll(refresh, tell, signal);
}

function columnsOf() {
  return [
    { label: t("run"), class: "main" },
    { label: t("state") },
    { label: t("progress"), class: "wide" },
    { label: t("active"), class: "number" },
    { label: t("degraded"), class: "number" },
    { label: t("broken"), class: "number" },
    { label: t("warnings"), class: "number" },
    { label: t("started"), class: "when" },
    { label: t("finished"), class: "when" },
  ];
}

function runRow(columns, run) {
  const link = h("a", { class: "id", href: runAddress(run.run_id), "data-route": true }, run.label || run.run_id);
  const facts = [
    run.label && run.run_id,
    valueText("access_mode", run.access_mode),
    run.mode === "strict" && t("strict"),
    run.retry_of && t("retryOf.short"),
    run.undone_at && t("undone"),
  ];
  const done = t("progress.text", { done: run.completed_items, total: run.total_items });
  return row(columns, [
    [link, h("div", { class: "muted" }, facts.filter(Boolean).join(" · "))],
    h("div", { class: "badges" }, badge(run.badges.state), run.dry_run ? h("span", { class: "badge cyan" }, t("dryRun")) : null),
    [progress(run), h("div", { class: "muted" }, done)],
    count(run.active_items),
    count(run.degraded_items),
    count(run.broken_items),
    count(run.warning_items),
    moment(run.started_at),
    [moment(run.finished_at), h("div", { class: "muted" }, ranFor(run))],
  ]);
}

const count = (value) => h("span", { class: value ? null : "zero" }, number(value));
