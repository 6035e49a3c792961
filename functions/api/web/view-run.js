// One run: what became of it, its items, and one item's detail on demand.

import { cancelRun, getRun, retryRun, runAddress, runsAddress } from "./api.js";
import { badge, h, say } from "./dom.js";
import { t, valueText } from "./i18n.js";
import { itemDrawer } from "./view-item.js";
import { itemList } from "./view-items.js";
import { errorText, isAbort, loading, moment, problem, progress, ranFor } from "./parts.js";
import { poll } from "./poll.js";
import { question } from "./question.js";

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
  const trouble = h("div", {});
  const summary = summaryOf(runId, (values) => items.filters.set(values), refresh);
  const items = itemList(runId, () => summary.select(items.filters.values()), signal);
  const drawer = itemDrawer(runId, signal);

  function draw({ run, recent_warnings: warnings }) {
    document.title = `${runId} · ${run.badges.state.text} · ${t("title")}`;
    summary.update(run, warnings);
  }

  async function refresh() {
    const now = await getRun(runId, signal);
    draw(now);
    await items.refresh();
    await drawer.refresh();
    return goesOn(now.run);
  }

  const tell = (error) => trouble.replaceChildren(...(error ? [problem(t("error.stale"), again)] : []));
  const again = () => refresh().then(() => tell(null), tell);
  root.replaceChildren(back, summary.element, trouble, items.element, drawer.element);
  draw(found);
  items.start();
  drawer.open();
  if (goesOn(found.run)) poll(refresh, tell, signal);
}

/** A cancelled run is still worth watching while what was in flight comes to its end. */
const goesOn = (run) => run.state === "running" || run.completed_items < run.total_items;

function summaryOf(runId, filter, changed) {
  const state = h("span", { class: "state" });
  const facts = h("p", { class: "facts muted" });
  const bar = h("div", {});
  const warnings = h("div", {});
  const tiles = tilesOf(filter);
  const actions = actionsOf(runId, changed);
  const announce = announcer();
  const title = h("div", { class: "title" }, h("h1", { class: "id" }, runId), state, actions.buttons);
  const element = h(
    "section",
    { class: "summary", "aria-label": t("run") },
    title,
    facts,
    actions.troubles,
    h("div", { class: "card" }, bar, tiles.element),
    warnings,
    actions.dialogs,
  );

  function update(run, texts) {
    state.replaceChildren(badge(run.badges.state));
    facts.replaceChildren(...factsOf(run));
    bar.replaceChildren(progress(run));
    warnings.replaceChildren(...warningsOf(texts));
    tiles.update(run);
    actions.update(run);
    announce(run);
  }

  return { element, update, select: tiles.select };
}

function factsOf(run) {
  const facts = [
    [valueText("mode", run.mode)],
    [valueText("access_mode", run.access_mode)],
    [`${t("started")} `, moment(run.started_at)],
    run.finished_at ? [`${t("finished")} `, moment(run.finished_at)] : [t("live")],
    [ranFor(run)],
  ];
  return facts.filter(([first]) => first).map((parts) => h("span", {}, parts));
}

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

/** The counters; each is a button that filters the items by what it counts. */
const TILES = [
  { name: "total", filter: {} },
  { name: "completed", filter: { current_stage: "done" } },
  { name: "active", filter: { access_status: "active" } },
  { name: "degraded", filter: { access_status: "degraded" } },
  { name: "broken", filter: { access_status: "broken" } },
  { name: "warnings", counter: "warning_items", filter: { has_warning: "true" } },
];
const UNFILTERED = { current_stage: "", access_status: "", has_warning: "" };

function tilesOf(filter) {
  const tiles = TILES.map((tile) => {
    const number = h("span", { class: "count" });
    const set = () => filter({ ...UNFILTERED, ...tile.filter });
    const content = [number, h("span", { class: "label" }, t(tile.name))];
    const button = h("button", { type: "button", class: `tile ${tile.name}`, onclick: set }, content);
    return { ...tile, number, button };
  });

  function update(run) {
    for (const { name, counter, number } of tiles) number.textContent = run[counter ?? `${name}_items`];
  }

  function select(values) {
    for (const tile of tiles) {
      const wanted = { ...UNFILTERED, ...tile.filter };
      const same = Object.entries(wanted).every(([name, value]) => (values[name] ?? "") === value);
      tile.button.setAttribute("aria-pressed", String(same));
    }
  }

  const group = { class: "tiles", role: "group", "aria-label": t("filters") };
  return { element: h("div", group, tiles.map((tile) => tile.button)), update, select };
}

/** The gateway key of a self_service run: it was erased when the run ended, so a retry needs it again. */
function probeKeyField() {
  const kept = { type: "password", autocomplete: "off", spellcheck: "false" };
  const input = h("input", { id: "probe-key", name: "probe-key", ...kept });
  const label = h("label", { for: "probe-key" }, t("retryFailed.probeKey"));
  return { input, element: h("div", { class: "field", hidden: true }, label, input) };
}

/** The buttons of which at most one is there: a run is cancelled while it runs, and retried once it has ended. */
function actionsOf(runId, changed) {
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const probeKey = probeKeyField();
  const cancel = question("cancel", "danger", async () => {
    await cancelRun(runId);
    await changed();
  });
  const retry = question("retryFailed", "primary", async () => {
    const made = await retryRun(runId, key, probeKey.input.value.trim());
    probeKey.input.value = "";
    location.assign(runAddress(made.run_id));
  }, probeKey.element);

  function update(run) {
    probeKey.element.hidden = run.access_mode !== "self_service";
    cancel.button.hidden = run.state !== "running";
    retry.button.hidden = !run.finished_at || run.degraded_items + run.broken_items === 0;
  }

  const all = [cancel, retry];
  const parts = (name) => all.map((action) => action[name]);
  return { buttons: parts("button"), troubles: parts("trouble"), dialogs: parts("dialog"), update };
}
