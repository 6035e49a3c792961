// Rows as a file: CSV that a spreadsheet opens without running anything in it, or JSON.

const COLUMNS = {
  item: ({ item_id: id }) => id,
  label: ({ label }) => label,
  address: ({ base_url: url }) => url,
  provider: ({ provider_id: id }) => id,
  key: ({ api_key_fingerprint: fingerprint }) => fingerprint,
  stage: ({ current_stage: stage }) => stage,
  access: ({ access_status: access }) => access,
  code: ({ last_error_code: code, access_status: access }) => (access === "active" ? null : code),
  advice: ({ advice }) => advice,
  account: ({ account_id: id }) => id,
  decision: ({ account_resolution: resolution, plan }) => resolution ?? plan?.resolution ?? null,
  platform: ({ platform }) => platform,
  latency_ms: ({ latency_ms: latency }) => latency,
  balance: ({ billing }) => billing?.balance,
  currency: ({ billing }) => billing?.currency,
  multiplier: ({ billing }) => billing?.multiplier,
  peak_multiplier: ({ billing }) => billing?.peak_multiplier,
  expires_at: ({ billing }) => billing?.expires_at,
  key_quota: ({ billing }) => billing?.key_quota,
  key_used: ({ billing }) => billing?.key_used,
  billing_source: ({ billing }) => billing?.source,
  first_token_ms: ({ speed }) => speed?.first_token_ms,
  tokens_per_second: ({ speed }) => speed?.tokens_per_second,
  identity: ({ evidence }) => evidence?.identity.value,
  passthrough: ({ evidence }) => evidence?.passthrough.value,
  model: ({ served_model: served, resolved_smoke_model: asked }) => served ?? asked,
};

export function saveCsv(items, name, columns = COLUMNS) {
  const rows = [Object.keys(columns), ...items.map((item) => Object.values(columns).map((of) => of(item) ?? null))];
  save(`\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`, "text/csv", `${name}.csv`);
}

export function saveJson(items, name) {
  save(`${JSON.stringify(items.map(record), null, 2)}\n`, "application/json", `${name}.json`);
}

const record = (item) => Object.fromEntries(Object.entries(COLUMNS).map(([name, of]) => [name, of(item) ?? null]));

/** A quoted cell; a text that a spreadsheet would take for a formula begins with an apostrophe, a number stays one. */
function cell(value) {
  const text = value === null ? "" : String(value);
  const safe = typeof value !== "number" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

function save(text, type, name) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
