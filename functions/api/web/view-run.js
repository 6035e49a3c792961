// One run: why items failed, what became of each, and one item's detail on demand.

import { getRun, runsAddress } from "./api.js";
import { h, say } from "./dom.js";
import { saveCsv, saveJson } from "./export.js";
import { t } from "./i18n.js";
import { allItems } from "./list.js";
import { errorText, isAbort, loading, problem } from "./parts.js";
import { poll } from "./poll.js";
import { askRetry, MOST_KEYS } from "./retry-dialog.js";
import { failed, runActions, undoing } from "./run-actions.js";
import { runCauses } from "./run-causes.js";
import { runHead } from "./run-head.js";
import { itemDrawer } from "./view-item.js";
import { itemList } from "./view-items.js";

const QUIET = 10_000; // how often a running run is announced to a screen reader

export async function showRun(root, runId, signal) {
  document.title = `${runId} · ${t("title")}`;
  const back = h("a", { class: "back", href: runsAddress(), "data-route": true }, t("runs"));
  root.replaceChildren(back, loading());
  try {
    const found = await getRun(runId, signal);
    if (!signal.aborted) follow(root, back, found, signal);
  } catch (error) {
    if (signal.aborted || isAbort(error)) return;
    root.replaceChildren(back, problem(errorText(error), () => showRun(root, runId, signal)));
  }
}

function follow(root, back, found, signal) {
  const runId = found.run.run_id;
  let run = found.run;
  let watching = false;
  const trouble = h("div", {});
  const refusal = h("div", {});
  const warnings = h("div", {});
  const announce = announcer();
  const set = (values) => items.filters.set(values);
  const itemsOf = (filters) => allItems(runId, signal, filters);
  const actions = runActions(runId, { changed: acted, retry: () => retry({}, failed(run)), save, signal });
  const head = runHead(runId, set, actions.buttons);
  const causes = runCauses({
    filter: (code) => set({ code, access_status: "", current_stage: "", has_warning: "" }),
    retry: (code, count) => retry({ codes: [code] }, count),
    addresses: async (code) => [...new Set((await itemsOf({ code })).map(({ base_url: url }) => url))].join("\n"),
    save: (code) => told(async () => saveCsv(await itemsOf({ code }), `${runId}-${code}`)),
    signal,
  });
  const items = itemList(runId, {
    changed: filtered,
    retry: (chosen) => askRetry(run, { item_ids: chosen.map(({ item_id: id }) => id) }, chosen, chosen.length, refusal),
    signal,
  });
  const drawer = itemDrawer(runId, signal);

  function filtered() {
    const values = items.filters.values();
    head.select(values);
    causes.select(values.code);
  }

  /** Asks whether to import again what `choice` says; of few items also for new keys. */
  function retry(choice, count) {
    return told(async () => {
      const chosen = count > MOST_KEYS ? [] : await itemsOf(choice.codes ? { code: choice.codes[0] } : { has_failed: true });
      askRetry(run, choice, chosen, count, refusal);
    });
  }

  /** Does what the reader asked for, and says in place when the API refuses it. */
  async function told(work) {
    refusal.replaceChildren();
    try {
      await work();
    } catch (error) {
      if (!isAbort(error)) refusal.replaceChildren(problem(errorText(error)));
    }
  }

  /** Shows what the API says of the run; returns whether it has ended since the last time. */
  function draw({ run: now, recent_warnings: texts, causes: why, child_runs: children }) {
    const ended = run.state === "running" && now.state !== "running";
    run = now;
    const part = goesOn(run) ? `${run.completed_items}/${run.total_items}` : run.badges.state.text;
    document.title = `${part} · ${run.label || runId} · ${t("title")}`;
    head.update(run, children);
    actions.update(run);
    items.update(run);
    warnings.replaceChildren(...warningsOf(texts));
    announce(run);
    items.filters.offer("code", why.map(({ code, reason }) => [code, reason]));
    causes.update(why, Boolean(run.finished_at) && !run.dry_run );
    return ended;
  }

  async function refresh() {
    const ended = draw(await getRun(runId, signal));
    await items.refresh(ended);
    await drawer.refresh();
    return goesOn(run);
  }

  /** Asks again and again until the run has ended; an undo sets it going once more. */
  function watch() {
    if (watching || !goesOn(run)) return;
    watching = true;
    poll(async () => (watching = await refresh()), tell, signal);
  }

  async function acted() {
    await refresh();
    watch();
  }

  /** Exports what the filters show, all of it and not only what has been read so far. */
  function save(kind) {
    const write = kind === "csv" ? saveCsv : saveJson;
    return told(async () => write(await itemsOf(items.filters.values()), runId));
  }

  const tell = (error) => trouble.replaceChildren(...(error ? [problem(t("error.stale"), again)] : []));
  const again = () => refresh().then(() => tell(null), tell);
  root.replaceChildren(back, head.element, ...actions.troubles, refusal, trouble, causes.element, warnings, items.element, drawer.element, ...actions.dialogs);
  draw(found);
  items.start();
  drawer.open();
  watch();
}

/** A cancelled run is still worth watching while what was in flight comes to its end. */
const goesOn = (run) => run.state === "running" || run.completed_items < run.total_items || undoing(run);

function warningsOf(texts) {
  if (!texts.length) return [];
  const list = h("ul", {}, texts.map((text) => h("li", {}, text)));
  return [h("div", { class: "note yellow" }, h("h2", { class: "unseen" }, t("recentWarnings")), list)];
}

function announcer() {
  let told = 0;
  return (run) => {
    if (run.state === "running" && Date.now() - told < QUIET) return;
    told = Date.now();
    const counts = {
      done: run.completed_items,
      total: run.total_items,
      active: run.active_items,
      degraded: run.degraded_items,
      broken: run.broken_items,
      warnings: run.warning_items,
    };
    say(t("summary", { state: run.badges.state.text, ...counts }));
  };
}
