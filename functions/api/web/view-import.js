// A list is pasted, read, put right and imported; then its rows show what became of them.

import { applyRun, createRun, lastUsers, parseText, role, runAddress, runsAddress } from "./api.js";
import { copyButton, errorText, isAbort, problem } from "./parts.js";
import { h, say } from "./dom.js";
import { importBox } from "./import-box.js";
import { commandOf, importOptions } from "./import-options.js";
import { decisionsOf, planOf } from "./import-plan.js";
import { importRows } from "./import-rows.js";
import { followVerdicts, MOST_FOLLOWED } from "./import-verdicts.js";
import { guard } from "./leaving.js";
import { counted, number, t } from "./i18n.js";

const TYPING_PAUSE = 250;
const HOST_PAUSE = 700; // sub2api's accounts are listed for it, so it waits until the reader pauses
const EMPTY = { rows: [], ignored: [], texts: {} };
const FILTERS = ["all", "import", "duplicate", "held", "need"];

/** What is being prepared; in memory only, so that changing the language loses nothing. */
let draft = fresh();

function fresh() {
  return { text: "", decisions: new Map(), leaveOut: false, options: {} };
}

/** Keeps a text that was pasted elsewhere on the page for the view that opens next. */
export function startWith(text) {
  draft.text = text;
}

export function showImport(root, signal) {
  document.title = `${t("import")} · ${t("title")}`;
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  let parsed = EMPTY;
  let filter = "all";
  let viewer = false;
  let verdicts = null;
  let turn = new AbortController();
  let timers = [];

  const box = importBox(draft.text, changed);
  const options = importOptions(draft.options, draw);
  const rows = importRows({ decide, go: (line) => verdicts || box.go(line), signal });
  const trouble = h("div", {});
  const refusal = h("div", {});
  const hostTrouble = h("p", { class: "muted" });
  const chips = h("div", { class: "chips-bar", role: "group", "aria-label": t("preview.filter") });
  const leaveOut = h("input", { type: "checkbox", id: "leave-out", onchange: leave });
  const leaveLabel = h("label", { for: "leave-out", class: "leave-out" }, leaveOut, h("span", {}));
  const reason = h("p", { class: "reason", id: "reason" });
  const cost = h("p", { class: "muted cost" });
  const go = h("button", { type: "button", class: "button primary go", "aria-describedby": "reason", onclick: () => submit(false) });
  const check = h("button", { type: "button", class: "button", title: t("check.text"), onclick: () => submit(true) }, t("check"));
  const command = h("code", {});
  const empty = h("div", { class: "card start" }, h("p", {}, t("preview.empty")), h("ul", {}, EXAMPLES.map(example)));
  leaveOut.checked = draft.leaveOut;

  // --- reading

  function changed(text, atOnce) {
    draft.text = text;
    stopReading();
    turn = new AbortController();
    const { signal: mine } = turn;
    timers = [
      setTimeout(read, atOnce ? 0 : TYPING_PAUSE, false, mine),
      setTimeout(read, atOnce ? TYPING_PAUSE : HOST_PAUSE, true, mine),
    ];
  }

  function stopReading() {
    turn.abort();
    timers.forEach(clearTimeout);
  }

  async function read(checkHost, mine) {
    const text = draft.text.trim();
    if (!text) return receive(EMPTY, "");
    if (viewer) return undefined;
    try {
      receive(await parseText(draft.text, checkHost, mine), "");
    } catch (error) {
      if (isAbort(error) || mine.aborted) return undefined;
      if (checkHost && error.status === 502) hostTrouble.textContent = t("host.notAsked", { reason: error.message });
      else trouble.replaceChildren(problem(errorText(error)));
    }
    return undefined;
  }

  function receive(found, hostText) {
    parsed = found;
    trouble.replaceChildren();
    hostTrouble.textContent = hostText;
    draw();
  }

  // --- deciding

  function decide(name, change) {
    const decision = Object.entries({ ...draft.decisions.get(name), ...change });
    draft.decisions.set(name, Object.fromEntries(decision.filter(([, value]) => value !== undefined)));
    draw();
  }

  function leave() {
    draft.leaveOut = leaveOut.checked;
    draw();
  }

  const planned = () => planOf(parsed, draft.decisions, draft.leaveOut);

  /** Why there is nothing to import yet, with the way to what is missing; null when all is there. */
  function missing(plan) {
    if (viewer) return { text: t("import.readOnly") };
    if (!draft.text.trim()) return { text: t("missing.list"), focus: box.focus };
    if (plan.counts.need) return { text: t("missing.decisions", { n: plan.counts.need }), focus: () => show("need") };
    if (!plan.counts.import) return { text: t("missing.rows"), focus: box.focus };
    return options.missing();
  }

  function show(name) {
    filter = name;
    draw();
  }

  // --- drawing

  function draw() {
    const plan = planned();
    if (filter !== "all" && !plan.counts[filter]) filter = "all";
    empty.hidden = plan.rows.length > 0;
    rows.draw({ plan, texts: parsed.texts, filter, verdicts: verdicts?.of ?? null });
    if (verdicts) return;
    chips.replaceChildren(...FILTERS.filter((name) => name === "all" ? plan.rows.length : plan.counts[name]).map((name) => chip(name, plan)));
    leaveLabel.hidden = plan.unreadable === 0;
    leaveLabel.lastChild.textContent = t("leaveOut", { n: plan.unreadable });
    go.textContent = plan.counts.import ? t("import.n", { n: number(plan.counts.import) }) : t("import.go");
    const wanting = missing(plan);
    go.disabled = viewer;
    check.disabled = viewer;
    go.classList.toggle("wanting", Boolean(wanting));
    reason.textContent = wanting?.text ?? t("import.ready");
    cost.textContent = expected(plan);
    command.textContent = commandOf(options.fields(), options.names());
    draft.options = options.kept();
  }

  /** How many requests the relays will be asked, by the API's own reckoning for the rows as they were read. */
  function expected({ counts }) {
    const { requests, summary } = parsed;
    const each = (all) => number(Math.round((all / summary.ready) * counts.import));
    return summary?.ready && counts.import ? t("import.requests", { usual: each(requests.usual), most: each(requests.most) }) : "";
  }

  function chip(name, { counts }) {
    const pressed = String(filter === name);
    const attributes = { type: "button", class: `chip chip-${name}`, "aria-pressed": pressed, onclick: () => show(name) };
    return h("button", attributes, h("b", {}, number(counts[name])), ` ${counted(counts[name], `count.${name}`)}`);
  }

  // --- importing

  /** `dryRun` asks only what an import would do. */
  async function submit(dryRun) {
    const plan = planned();
    const wanting = missing(plan);
    if (wanting) return wanting.focus?.();
    busy(true);
    refusal.replaceChildren();
    const given = options.fields();
    const body = { ...given, ...(dryRun && { dry_run: true }), text: draft.text, rows: decisionsOf(plan, options.names()) };
    try {
      const made = await createRun(body, dryRun ? `${key}-check` : key);
      accepted({ ...made, dry_run: dryRun }, plan, given.probe_api_key);
    } catch (error) {
      busy(false);
      refuse(error);
    }
    return undefined;
  }

  function busy(is) {
    for (const control of [go, check]) control.disabled = is;
    box.disable(is);
  }

  function refuse(error) {
    const text = error.status === 403 ? t("import.readOnly") : error.status ? error.message : t("import.lost");
    refusal.replaceChildren(problem(t("import.failed", { reason: text })));
    refusal.scrollIntoView({ block: "nearest" });
  }

  /** The list is the service's now: the box forgets it, the address becomes the run's, the rows wait for verdicts. */
  function accepted(run, plan, probeKey) {
    stopReading(); // of the list with sub2api's accounts, say: the box is empty now
    box.empty();
    draft = { ...fresh(), options: draft.options };
    history.pushState(null, "", runAddress(run.run_id));
    if (run.total_items > MOST_FOLLOWED) return root.dispatchEvent(new Event("show", { bubbles: true }));
    root.dispatchEvent(new Event("moved", { bubbles: true }));
    const apply = async (planned) => {
      const made = await applyRun(run.run_id, `${key}-apply`, probeKey ? { probe_api_key: probeKey } : {}).catch(refuse);
      if (made) accepted(made, planned);
    };
    verdicts?.stop();
    verdicts = followVerdicts(run, plan, { changed: () => rows.draw({ verdicts: verdicts.of }), apply, signal });
    rows.draw({ plan, filter: "all", verdicts: verdicts.of });
    root.classList.add("imported");
    head.replaceChildren(h("h1", { class: "id" }, run.run_id), verdicts.progress);
    side.remove();
    chips.remove();
    bar.replaceChildren(verdicts.bar);
    window.scrollTo(0, 0);
    return undefined;
  }

  function keys(event) {
    if (event.defaultPrevented || event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || verdicts) return;
    event.preventDefault();
    if (!go.disabled) submit(false);
  }

  function pasted(event) {
    if (event.target.closest?.("input, textarea") || verdicts) return;
    event.preventDefault();
    box.add(event.clipboardData.getData("text/plain"));
  }

  const back = h("a", { class: "back", href: runsAddress(), "data-route": true }, t("runs"));
  const head = h("div", { class: "head" }, h("h1", {}, t("import")), h("p", { class: "muted" }, t("import.hint")));
  const cli = h("details", { class: "more command" }, h("summary", {}, t("command")), h("p", { class: "muted" }, t("command.text")), h("pre", { tabindex: 0 }, command), copyButton(() => command.textContent));
  const side = h("div", { class: "side" }, box.element, options.element, cli);
  const preview = h("section", { class: "previewed", "aria-label": t("preview") }, refusal, trouble, chips, hostTrouble, empty, rows.element);
  const bar = h("div", { class: "act-bar" }, h("div", { class: "inner" }, leaveLabel, reason, cost, check, h("kbd", {}, t("import.keys")), go));
  root.replaceChildren(back, head, h("div", { class: "import" }, side, preview), bar);
  guard({ holds: () => draft.text.trim() !== "", forget: () => { draft = fresh(); } });
  signal.addEventListener("abort", () => {
    stopReading();
    guard();
    root.classList.remove("imported");
  });
  document.addEventListener("keydown", keys, { signal });
  document.addEventListener("paste", pasted, { signal });
  draw();
  if (draft.text) changed(draft.text, true);
  box.focus();
  lastUsers(signal).then(options.suggestUsers, () => {});
  role(signal).then((given) => {
    viewer = given === "viewer";
    box.disable(viewer);
    draw();
    if (viewer) say(t("import.readOnly"));
  }, () => {});
}

/** What a list may look like. */
const EXAMPLES = ["https://api.example.com/v1  sk-…", "NAME----https://relay.example----sk-…", '{"base_url": "…", "api_key": "…"}', "curl https://… -H 'Authorization: Bearer sk-…'"];
const example = (text) => h("li", {}, h("code", {}, text));
