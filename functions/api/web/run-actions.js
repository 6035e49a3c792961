// What can be done with a run: cancel it while it runs; export, retry, apply and undo it once it has ended.

import { applyRun, cancelRun, role, runAddress, undoRun } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { question } from "./question.js";

/** `changed` reads the run again, `retry` asks for a retry of all that failed, `save(kind)` exports what is shown. */
export function runActions(runId, { changed, retry, save, signal }) {
  const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
  let undone = "";
  const cancel = question("cancel", "danger", async () => {
    await cancelRun(runId);
    await changed();
  });
  const apply = question("apply", "primary", async (given) => {
    const made = await applyRun(runId, key, given);
    location.assign(runAddress(made.run_id));
  });
  const undo = question("undo", "danger", async () => {
    await undoRun(runId, `${key}-${undone}`); // another undo looks again at what the first one had to keep
    await changed();
  });
  const again = h("button", { type: "button", class: "button primary", onclick: retry }, t("retryFailed"));
  const csv = h("button", { type: "button", class: "button", onclick: () => save("csv") }, t("export.csv"));
  const json = h("button", { type: "button", class: "button", onclick: () => save("json") }, t("export.json"));
  const asking = [cancel, apply, undo];

  function update(run) {
    const ended = Boolean(run.finished_at);
    undone = run.undone_at ?? "";
    cancel.button.hidden = run.state !== "running";
    again.hidden = !ended || run.dry_run === true || failed(run) === 0;
    apply.button.hidden = !ended || !run.dry_run;
    undo.button.hidden = !ended || run.dry_run || undoing(run);
  }

  /** A viewer sees what an operator could do, and why it is not theirs. */
  function lock() {
    for (const button of [...asking.map((one) => one.button), again]) {
      button.disabled = true;
      button.title = t("readOnly");
    }
  }

  role(signal).then((name) => name === "viewer" && lock(), () => {});
  return {
    buttons: [csv, json, undo.button, cancel.button, again, apply.button],
    troubles: asking.map((one) => one.trouble),
    dialogs: asking.map((one) => one.dialog),
    update,
  };
}

/** An undo has been asked for, and is not done yet. */
export const undoing = (run) => Boolean(run.undo_asked_at) && (run.undone_at ?? "") < run.undo_asked_at;

/** What a retry takes up: all that ended without being active, cancelled items included. */
export const failed = (run) => run.completed_items - run.active_items;
