// Why items of a run failed: the first thing that its reader wants to know, each cause with what can be done about it.

import { role } from "./api.js";
import { h, reconcile } from "./dom.js";
import { number, t } from "./i18n.js";
import { copyButton } from "./parts.js";

/**
 * The API has counted the causes. `filter(code)` shows the items of a cause, `retry(code, count)` asks to import them
 * again, `addresses(code)` gives theirs as a text, `save(code)` exports them.
 */
export function runCauses({ filter, retry, addresses, save, signal }) {
  const list = h("ul", {});
  const element = h("section", { class: "causes card", hidden: true, "aria-labelledby": "causes-title" },
    h("h2", { id: "causes-title" }, t("causes")), list);
  let causes = [];
  let chosen = "";
  let mayRetry = false;
  let viewer = false;

  function update(given, retryable) {
    causes = given;
    mayRetry = retryable;
    draw();
  }

  function select(code) {
    chosen = code ?? "";
    draw();
  }

  function draw() {
    element.hidden = causes.length === 0;
    reconcile(list, causes.map((cause) => ({
      key: cause.code,
      version: JSON.stringify([cause, cause.code === chosen, mayRetry, viewer]),
      build: () => entry(cause),
    })));
  }

  function entry({ code, reason, to_do: todo, broken_items: broken, degraded_items: degraded }) {
    const pressed = code === chosen;
    const count = broken + degraded;
    const small = { type: "button", class: "button quiet small" };
    const worst = broken ? "broken" : "degraded";
    const toggle = { type: "button", class: `cause ${worst}`, "aria-pressed": String(pressed), onclick: () => filter(pressed ? "" : code) };
    return h("li", {},
      h("button", toggle, h("b", {}, number(count)), h("span", {}, reason)),
      h("span", { class: "todo muted" }, todo),
      h("span", { class: "acts" },
        mayRetry && h("button", { ...small, disabled: viewer, title: viewer && t("readOnly"), onclick: () => retry(code, count) }, t("causes.retry")),
        copyButton(() => addresses(code), t("causes.copy")),
        h("button", { ...small, onclick: () => save(code) }, t("export"))));
  }

  role(signal).then((name) => {
    viewer = name === "viewer";
    draw();
  }, () => {});
  return { element, update, select };
}
