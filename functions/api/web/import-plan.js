// What a preview comes to under the reader's decisions: what is imported, what is left out, what needs a person.

/** Names a row by what it says, so that a decision stays with it while lines around it change. */
export function namesOf(rows) {
  const seen = new Map();
  return rows.map((row) => {
    const text = `${row.base_url_as_written || row.base_url} ${row.api_key_masked}`;
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    return `${text} ${count}`;
  });
}

/**
 * `decisions` maps a row's name to {skip, choice, base_url, requested_models}, `leaveOut` leaves out what cannot be
 * read. Gives the rows with their standing, in the order of the text, and their numbers.
 */
export function planOf(parsed, decisions, leaveOut) {
  const names = namesOf(parsed.rows);
  const rows = parsed.rows.map((row, index) => planned(row, names[index], decisions.get(names[index]) ?? {}, leaveOut));
  const unread = leaveOut ? "left" : "ignored";
  const ignored = parsed.ignored.map(({ line, text_masked: text, of_row }, index) => ({
    name: `ignored ${index}`,
    standing: of_row === null ? unread : "duplicate",
    row: { line, text, of_row },
    decision: {},
    pairs: 0,
  }));
  const all = [...rows, ...ignored].sort((a, b) => a.row.line - b.row.line);
  const lines = ignored.filter(({ standing }) => standing === unread);
  return { rows: all, counts: countsOf(all), unreadable: unreadable(rows).length + lines.length };
}

function planned(row, name, decision, leaveOut) {
  const standing = standingOf(row, decision);
  const left = standing === "incomplete" && leaveOut;
  const imported = ["ready", "held", "newKey"].includes(standing);
  return { name, row, decision, standing: left ? "left" : standing, pairs: imported ? pairsOf(row, decision) : 0 };
}

function standingOf(row, decision) {
  if (decision.skip) return "left";
  if (row.status === "ambiguous") return isDecided(row, decision) ? "ready" : "ambiguous";
  if (row.status === "incomplete") return row.api_key_masked && isAddress(decision.base_url) ? "ready" : "incomplete";
  if (decision.base_url) return isAddress(decision.base_url) ? "ready" : "incomplete";
  if (row.status === "duplicate") return "duplicate";
  if (row.host) return "held";
  return row.notes.includes("same_address_new_key") ? "newKey" : "ready";
}

function isDecided(row, { choice, base_url: address }) {
  const oneKey = new Set(row.choices.flatMap(({ shown }) => shown.map((pair) => pair.split(" ").at(-1)))).size === 1;
  return Boolean(choice) || (oneKey && isAddress(address));
}

const pairsOf = (row, { choice }) => row.choices.find(({ name }) => name === choice)?.shown.length ?? 1;

const unreadable = (rows) =>
  rows.filter(({ row, standing }) => standing === "incomplete" || (standing === "left" && row.status === "incomplete"));

function countsOf(rows) {
  const counts = { all: rows.length, import: 0, duplicate: 0, need: 0, held: 0, left: 0 };
  for (const { standing, pairs } of rows) {
    counts.import += pairs;
    if (standing in counts) counts[standing] += 1;
    if (NEEDS_SOMEONE.has(standing)) counts.need += 1;
  }
  return counts;
}

export const NEEDS_SOMEONE = new Set(["ambiguous", "incomplete", "ignored"]);

/** Whether the API would take it as an address; it says so itself when this is too kind. */
export function isAddress(text) {
  if (!text) return false;
  const full = /^https?:\/\//i.test(text) ? text : `https://${text}`;
  return URL.canParse(full) && !/\s/.test(text) && new URL(full).hostname.includes(".");
}

/** The decisions as the API takes them. `models` are asked of rows that name none. */
export function decisionsOf(plan, models) {
  return plan.rows.flatMap(({ row, standing, decision }) => {
    if (!row.row) return [];
    if (standing === "left") return [{ row: row.row, skip: true }];
    const wanted = decision.requested_models ?? (row.requested_models.length ? null : models);
    const said = { ...decision, ...(wanted?.length ? { requested_models: wanted } : {}) };
    return Object.keys(said).length ? [{ row: row.row, ...said }] : [];
  });
}
