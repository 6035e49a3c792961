// The HTTP API under the page's own prefix, and the bearer token that it wants.

import { language } from "./i18n.js";

const TOKEN = "batch-import.token";
const PRINTABLE = /^[\x21-\x7e]{1,256}$/;
const PAGE = /^(.*)\/batch-import(?:\/runs\/([^/]+))?\/?$/;

/** What stands before /batch-import in the address: a stage, or nothing. */
const base = () => PAGE.exec(location.pathname)?.[1] ?? "";

export function runInAddress() {
  const found = PAGE.exec(location.pathname)?.[2];
  return found ? decodeURIComponent(found) : null;
}

export const runsAddress = () => `${base()}/batch-import`;
export const runAddress = (id) => `${base()}/batch-import/runs/${encodeURIComponent(id)}`;

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const session = {
  get token() {
    return sessionStorage.getItem(TOKEN);
  },
  open(token) {
    sessionStorage.setItem(TOKEN, token);
  },
  close() {
    sessionStorage.removeItem(TOKEN);
  },
  refused: () => {}, // app.js puts in what happens when the API does not accept the token
};

/** Takes `#token=…` out of the address, and at once; what follows an `&` stays as the fragment. */
export function tokenFromAddress() {
  const match = /^#token=([^&]*)&?(.*)$/.exec(location.hash);
  if (!match) return false;
  const rest = match[2] ? `#${match[2]}` : "";
  history.replaceState(history.state, "", location.pathname + location.search + rest);
  if (match[1]) session.open(decoded(match[1]));
  return true;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** One request. A refused token ends the session, unless `refusable`: then a 403 is the caller's to explain. */
export async function request(path, { method = "GET", signal, refusable = false, headers = {}, body } = {}) {
  const token = session.token ?? "";
  if (!PRINTABLE.test(token)) return refuse(new ApiError(401, "unauthorized", ""));
  const own = { Accept: "application/json", "Accept-Language": language(), Authorization: `Bearer ${token}` };
  const content = body && { "Content-Type": "application/json" };
  const sent = body && JSON.stringify(body);
  const options = { method, headers: { ...headers, ...content, ...own }, body: sent, signal, cache: "no-store" };
  const response = await fetch(`${base()}/api/batch-import${path}`, options);
  if (response.ok) return response.json();
  const error = await errorOf(response);
  if (response.status === 401 || (response.status === 403 && !refusable)) return refuse(error);
  throw error;
}

function refuse(error) {
  session.close();
  session.refused(error);
  throw error;
}

async function errorOf(response) {
  const body = await response.json().catch(() => ({}));
  return new ApiError(response.status, body.error?.code ?? "", body.error?.message ?? response.statusText);
}

export const check = (signal) => request("/runs?limit=1", { signal });
export const getRun = (id, signal) => request(`/runs/${encodeURIComponent(id)}`, { signal });
export const getItem = (id, item, signal) =>
  request(`/runs/${encodeURIComponent(id)}/items/${encodeURIComponent(item)}`, { signal });
export const cancelRun = (id) =>
  request(`/runs/${encodeURIComponent(id)}/cancel`, { method: "POST", refusable: true });
/** The same `key` again answers the run that the first call made, in case its answer was lost. */
export const retryRun = (id, key, probeKey) =>
  request(`/runs/${encodeURIComponent(id)}/retry`, {
    method: "POST",
    refusable: true,
    headers: { "Idempotency-Key": key },
    body: probeKey ? { probe_api_key: probeKey } : undefined,
  });
