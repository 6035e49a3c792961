// Asks how items shall be imported again: with the keys that are held, or with new ones.

import { retryRun, runAddress } from "./api.js";
import { h } from "./dom.js";
import { number, t } from "./i18n.js";
import { problem } from "./parts.js";

export const MOST_KEYS = 10; // new keys are asked for one by one up to so many items
const keys = new Map(); // one idempotency key for each choice: pressing again after a lost answer makes no second run

/**
 * `choice` has `codes` or `item_ids`, or neither for all that failed; `items` are those items, where they are known.
 * `trouble` is where a refusal is told.
 */
export function askRetry(run, choice, items, count, trouble) {
  const fields = items.length <= MOST_KEYS ? items.map(keyField) : [];
  const probe = run.access_mode === "self_service" ? probeField() : null;
  const close = h("button", { type: "button", class: "button", autofocus: true, onclick: () => dialog.close() }, t("retryFailed.keep"));
  const go = h("button", { type: "submit", class: "button primary" }, t("retryFailed"));
  const form = h("form", { method: "dialog", onsubmit: submit },
    h("h2", { id: "retry-title" }, t("retryFailed.ask")),
    h("p", {}, t("retryFailed.text", { n: number(count) })),
    fields.length ? h("details", { class: "more", open: items.length === 1 }, h("summary", {}, t("retryFailed.newKeys")), fields.map(({ element }) => element)) : null,
    probe?.element,
    h("div", { class: "choices" }, close, go));
  const dialog = h("dialog", { class: "question", "aria-labelledby": "retry-title" }, form);
  dialog.addEventListener("close", () => dialog.remove());

  async function submit(event) {
    event.preventDefault();
    go.disabled = true;
    trouble.replaceChildren();
    try {
      const made = await retryRun(run.run_id, keyOf(run, body()), body());
      location.assign(runAddress(made.run_id));
    } catch (error) {
      trouble.replaceChildren(problem(refusal(error)));
    }
    dialog.close();
  }

  function body() {
    const given = fields.map(({ id, input }) => [id, input.value.trim()]).filter(([, value]) => value);
    return {
      ...choice,
      ...(given.length ? { api_keys: Object.fromEntries(given) } : {}),
      ...(probe?.input.value.trim() ? { probe_api_key: probe.input.value.trim() } : {}),
    };
  }

  document.body.append(dialog);
  dialog.showModal();
}

function keyOf(run, body) {
  const choice = JSON.stringify([run.run_id, body]);
  if (!keys.has(choice)) keys.set(choice, crypto.getRandomValues(new Uint32Array(4)).join("-"));
  return keys.get(choice);
}

const secret = { type: "password", autocomplete: "off", spellcheck: "false" };

function keyField({ item_id: id, base_url: url }) {
  const input = h("input", { id: `key-${id}`, ...secret });
  return { id, input, element: h("div", { class: "field" }, h("label", { for: `key-${id}` }, t("retryFailed.newKey", { url })), input) };
}

/** The gateway key of a self_service run: it was erased when the run ended, so a retry needs it again. */
function probeField() {
  const input = h("input", { id: "retry-probe-key", ...secret });
  return { input, element: h("div", { class: "field" }, h("label", { for: "retry-probe-key" }, t("retryFailed.probeKey")), input) };
}

function refusal(error) {
  if (error.status === 403) return t("retryFailed.readOnly");
  return error.status ? t("retryFailed.failed", { reason: error.message }) : t("error.network");
}
