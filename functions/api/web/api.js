// The HTTP API under the page's own prefix, and the bearer token that it wants.

import { language } from "./i18n.js";

const TOKEN = "batch-import.token";
const ROLE = "batch-import.role";
const PRINTABLE = /^[\x21-\x7e]{1,256}$/;
const PAGE = /^(.*)\/batch-import(?:\/(new)|\/runs\/([^/]+)|\/(models)(?:\/([^/]+))?)?\/?$/;
const NOT_IN_A_PATH = /[^\p{L}\p{N}_.:+@-]/gu; // as the API has it

/** What stands before /batch-import in the address: a stage, or nothing. */
const base = () => PAGE.exec(location.pathname)?.[1] ?? "";

export function runInAddress() {
  const found = PAGE.exec(location.pathname)?.[3];
  return found ? decoded(found) : null;
}

/** The model that the address names; an empty text for the list of models, null for another view. */
export function modelInAddress() {
  const [, , , , models, model] = PAGE.exec(location.pathname) ?? [];
  return models ? decoded(model ?? "") : null;
}

export const modelsAddress = () => `${base()}/batch-import/models`;
export const modelAddress = (model) => `${modelsAddress()}/${encodeURIComponent(model.replace(NOT_IN_A_PATH, "~"))}`;
export const importInAddress = () => PAGE.exec(location.pathname)?.[2] === "new";
export const runsAddress = () => `${base()}/batch-import`;
export const importAddress = () => `${base()}/batch-import/new`;
export const runAddress = (id) => `${base()}/batch-import/runs/${encodeURIComponent(id)}`;

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The token: in this tab, or on this device when the reader has ticked that. */
export const session = {
  get token() {
    return sessionStorage.getItem(TOKEN) ?? localStorage.getItem(TOKEN);
  },
  get role() {
    return sessionStorage.getItem(ROLE);
  },
  set role(role) {
    sessionStorage.setItem(ROLE, role);
  },
  open(token, remember = false) {
    this.close();
    (remember ? localStorage : sessionStorage).setItem(TOKEN, token);
  },
  close() {
    for (const kept of [sessionStorage, localStorage]) kept.removeItem(TOKEN);
    sessionStorage.removeItem(ROLE);
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
const actingOn = (id, what, key, body) =>
  request(`/runs/${encodeURIComponent(id)}/${what}`, {
    method: "POST",
    refusable: true,
    headers: { "Idempotency-Key": key },
    body: body && Object.keys(body).length ? body : undefined,
  });
/** The same `key` again answers the run that the first call made, in case its answer was lost. */
export const retryRun = (id, key, body) => actingOn(id, "retry", key, body);
export const applyRun = (id, key, body) => actingOn(id, "apply", key, body);
export const undoRun = (id, key) => actingOn(id, "undo", key);

/** What a pasted text is read as; with `checkHost` also what sub2api holds of it. */
export const parseText = (text, checkHost, signal) =>
  request("/parse", { method: "POST", refusable: true, body: { text, check_host: checkHost }, signal });
/** A new run; the same `key` again answers the run that the first call made. */
export const createRun = (body, key) =>
  request("/runs", { method: "POST", refusable: true, headers: { "Idempotency-Key": key }, body });
const absent = new Set();

/** One of the host's lists; null where the API has no such route, may not be asked, or does not reach the host. */
async function hostList(what, query = "") {
  if (absent.has(what)) return null;
  try {
    return (await request(`/host/${what}${query}`, { refusable: true }))[what];
  } catch (error) {
    if (error.status === 404 || error.status === 403) absent.add(what);
    return null;
  }
}

/** Users of sub2api whose e-mail or name contains a text: [{value, hint}], or null. */
export async function searchUsers(text) {
  const found = await hostList("users", `?q=${encodeURIComponent(text)}`);
  return found && found.flatMap(({ email, username, user_id: id }) => [
    { value: email, hint: username },
    ...(String(id) === text ? [{ value: text, hint: email }] : []),
  ]);
}

let groups = null;

/** Groups of sub2api whose name contains a text: [{value, hint}], or null. They are read once. */
export async function searchGroups(text) {
  groups ??= hostList("groups");
  const found = await groups;
  return found && found.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())).map(({ name, platform }) => ({ value: name, hint: platform }));
}

/** Who got access by the newest run, as a first suggestion for the next. */
export async function lastUsers(signal) {
  const { runs } = await request("/runs?limit=1", { signal });
  return runs[0]?.subscription_users ?? [];
}

/** The role of the token, asked for once: only an operator may have a text read. */
export async function role(signal) {
  if (!session.role) session.role = await parseText("-", false, signal).then(() => "operator", readOnly);
  return session.role;
}

function readOnly(error) {
  if (error.status !== 403) throw error;
  return "viewer";
}
