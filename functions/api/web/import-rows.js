// The preview of a pasted list: a row for each pair, what stands in its way, and what the reader decides about it.

import { badge, h, row as tableRow, table, tableBody } from "./dom.js";
import { t } from "./i18n.js";
import { NEEDS_SOMEONE } from "./import-plan.js";
import { doubts } from "./item-evidence.js";
import { longBody } from "./long-body.js";

const ROW_HEIGHT = 47;
const COLORS = { ready: "green", held: "cyan", newKey: "blue", duplicate: "gray", left: "gray", ignored: "gray" };

/** `decide(name, change)` takes a decision, `go(line)` shows a line of the text. */
export function importRows({ decide, go, signal }) {
  const columns = columnsOf();
  const body = tableBody();
  const shown = longBody(body, ROW_HEIGHT, signal);
  const element = h("div", { class: "card list" }, table(t("preview"), columns, body, { class: "preview" }));
  let edited = null;
  let last = { plan: { rows: [] }, texts: {}, filter: "all", verdicts: null };

  /** Opens a row for editing; without a name it closes the open one, which takes what was typed. */
  function edit(name) {
    const closed = edited;
    if (body.contains(document.activeElement)) document.activeElement.blur();
    edited = name;
    draw();
    if (name) body.querySelector(".editing input")?.focus();
    else body.querySelector(`[data-key="${CSS.escape(closed)}"] .act button`)?.focus();
  }

  function draw(changes = {}) {
    last = { ...last, ...changes };
    const { plan, texts, filter, verdicts } = last;
    const rows = plan.rows.filter((one) => fits(one, filter));
    element.hidden = rows.length === 0;
    const lines = new Map(plan.rows.map(({ row }) => [row.row, row.line]));
    shown.show(rows.map((one) => entry(one, texts, verdicts, lines.get(one.row.of_row))));
  }

  function entry(one, texts, verdicts, first) {
    const editing = one.name === edited;
    const verdict = verdicts?.(one) ?? null;
    const decided = verdicts !== null;
    return {
      key: one.name,
      get version() {
        return editing ? "editing" : JSON.stringify([one, verdict, decided, first]);
      },
      build: () => rowOf(columns, one, { texts, editing, verdict, decided, first, edit, decide, go }),
    };
  }

  return { element, draw };
}

function fits({ standing, pairs }, filter) {
  if (filter === "all") return true;
  if (filter === "import") return pairs > 0;
  return filter === "need" ? NEEDS_SOMEONE.has(standing) : standing === filter;
}

function columnsOf() {
  return [
    { label: t("line"), class: "at-line" },
    { label: t("address"), class: "main" },
    { label: t("key"), class: "key" },
    { label: t("models"), class: "models" },
    { label: t("status"), class: "status" },
    { label: h("span", { class: "unseen" }, t("edit")), class: "act" },
  ];
}

function rowOf(columns, one, how) {
  const { row, standing } = one;
  const jump = { type: "button", class: "to-line", title: t("line.show"), onclick: () => how.go(row.line) };
  const cells = [
    h("button", jump, String(row.line)),
    row.row ? address(one, how) : h("code", { class: "muted" }, row.text),
    row.api_key_masked ? h("code", {}, row.api_key_masked) : null,
    row.row ? models(one, how) : null,
    how.decided ? verdictOf(one, how) : status(one, how),
    row.row && !how.decided ? actions(one, how) : null,
  ];
  const made = tableRow(columns.map((column) => ({ ...column, label: textOf(column.label) })), cells);
  made.classList.add(standing);
  made.classList.toggle("editing", how.editing);
  made.addEventListener("click", (event) => {
    if (!event.target.closest("button, input, select, a") && !String(getSelection())) how.go(row.line);
  });
  return made;
}

const textOf = (label) => (typeof label === "string" ? label : label.textContent);

/** The address that is used; in grey how it was written, where that differs, and what was done about it. */
function address(one, { texts, editing, decide, edit }) {
  const { row, decision } = one;
  const used = decision.base_url ?? row.base_url;
  if (editing) return field(one, { name: "base_url", value: used, label: t("address"), decide, edit });
  const written = row.base_url_as_written && row.base_url_as_written !== used ? row.base_url_as_written : null;
  const said = ["same_address_new_key", "same_pair", one.standing === "incomplete" ? missing(row) : null];
  const notes = row.notes.filter((note) => !said.includes(note)).map((note) => texts[note] ?? note);
  const grey = [written && h("del", {}, written), notes.length ? h("span", {}, notes.join("; ")) : null].filter(Boolean);
  const label = row.label ? h("span", { class: "muted" }, ` ${row.label}`) : null;
  return [
    h("span", { class: "address" }, used || t("address.none")),
    label,
    grey.length ? h("div", { class: "changed muted", title: notes.join("\n") }, grey) : null,
  ];
}

function models(one, { editing, decide, edit }) {
  const names = one.decision.requested_models ?? one.row.requested_models;
  if (editing) return field(one, { name: "requested_models", value: names.join(", "), label: t("models"), decide, edit });
  if (!names.length) return h("span", { class: "zero" }, t("models.any"));
  return h("code", { title: names.join("\n") }, names.length > 1 ? `${names[0]} +${names.length - 1}` : names[0]);
}

/** A cell while it is edited: Enter keeps what was typed, Escape what was there. */
function field(one, { name, value, label, decide, edit }) {
  const input = h("input", { value, "aria-label": label, spellcheck: "false", autocomplete: "off", onkeydown: keys });
  input.addEventListener("change", () => decide(one.name, { [name]: read(name, input.value.trim()) }));

  function keys(event) {
    if (event.key === "Escape") input.value = value;
    if ((event.key !== "Enter" || event.ctrlKey) && event.key !== "Escape") return;
    event.preventDefault();
    edit(null);
  }

  return input;
}

const read = (name, text) => (name === "base_url" ? text : text.split(/[,，;；]/).map((n) => n.trim()).filter(Boolean));

function status(one, { texts, first, decide }) {
  const { row, standing, decision } = one;
  const choice = row.choices?.length && !decision.skip ? choose(one, decide) : null;
  const said = { n: first ?? "", id: row.host?.account_id ?? "" };
  if (standing === "ambiguous") return [h("span", { class: "badge yellow" }, t("standing.ambiguous")), choice];
  const why = standing === "incomplete" ? reason(row, texts) : null;
  const text = why ?? t(`standing.${standing}`, said);
  const edited = decision.base_url || decision.requested_models ? h("span", { class: "muted" }, ` ${t("edited")}`) : null;
  return [h("span", { class: `badge ${COLORS[standing] ?? "red"}` }, text), edited, choice];
}

/** Why a row cannot be imported: the last note that its reading left says it. */
function reason(row, texts) {
  return texts[missing(row)] ?? t("standing.incomplete");
}

const missing = (row) => row.notes.filter((note) => /_address$|_key$|^key_|^address_|^not_/.test(note)).at(-1);

function choose(one, decide) {
  const { row, decision } = one;
  const option = ({ name, shown }) => h("option", { value: name, selected: name === decision.choice }, choiceText(name, shown));
  const none = h("option", { value: "", selected: !decision.choice }, t("choose"));
  const onchange = (event) => decide(one.name, { choice: event.target.value || undefined });
  return h("select", { "aria-label": t("choose.for", { n: row.line }), onchange }, none, row.choices.map(option));
}

function choiceText(name, shown) {
  const kind = name.startsWith("address_") ? "address" : name;
  return t(`choice.${kind}`, { n: shown.length, shown: shown.join(" · ") });
}

function actions(one, { editing, edit, decide }) {
  const small = { type: "button", class: "button quiet small" };
  const line = { line: one.row.line };
  if (one.decision.skip)
    return h("button", { ...small, "aria-label": t("row.back.name", line), onclick: () => decide(one.name, { skip: undefined }) }, t("row.back"));
  if (editing) return h("button", { ...small, onclick: () => edit(null) }, t("done"));
  return h("div", { class: "badges" },
    h("button", { ...small, "aria-label": t("edit.name", line), onclick: () => edit(one.name) }, t("edit")),
    h("button", { ...small, "aria-label": t("row.leave.name", line), title: t("row.leave"), onclick: () => decide(one.name, { skip: true }) }, "✕"),
  );
}

/** What became of the row: a verdict, or how far its import is. */
function verdictOf({ standing }, { verdict, first }) {
  if (standing === "left" || standing === "ignored") return h("span", { class: "muted" }, t("standing.left"));
  if (!verdict) return h("span", { class: "muted" }, t("verdict.waiting"));
  const { item, link } = verdict;
  const done = item.current_stage === "done";
  const planned = item.plan && item.access_status === "unknown" && h("span", { class: "badge gray" }, t(`plan.${item.plan.resolution}`, { id: item.plan.account_id ?? "" }));
  const known = done ? planned || badge(item.badges.access_status) : h("span", { class: "badge blue working" }, t(`working.${item.current_stage}`));
  const why = item.advice ?? item.advisory_messages.at(-1) ?? "";
  const of = standing === "duplicate" ? h("span", { class: "muted" }, t("standing.duplicate", { n: first })) : null;
  return [
    h("a", { class: "verdict", href: link, "data-route": true }, known, done ? badge(item.badges.account_resolution) : null),
    of,
    doubts(item.evidence),
    done && why ? h("div", { class: "changed", title: why }, why) : null,
  ];
}
