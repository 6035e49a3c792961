// A button that asks before it acts.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { problem } from "./parts.js";

/**
 * The button, its question, and the place where a refusal is told. `name` is what its words begin with; `asked` is what
 * the question asks for, if anything: an element above the choices.
 */
export function question(name, kind, act, asked = null) {
  const trouble = h("div", {});
  const title = `${name}-title`;
  const dialog = h("dialog", { class: "question", "aria-labelledby": title });
  const ask = () => {
    trouble.replaceChildren();
    dialog.showModal();
  };
  const back = { type: "button", class: "button", autofocus: true, onclick: () => dialog.close() };
  const keep = h("button", back, t(`${name}.keep`));
  const go = h("button", { type: "button", class: `button ${kind}`, onclick: confirm }, t(name));
  dialog.append(
    h("h2", { id: title }, t(`${name}.ask`)),
    h("p", {}, t(`${name}.text`)),
    ...(asked ? [asked] : []),
    h("div", { class: "choices" }, keep, go),
  );

  async function confirm() {
    go.disabled = true;
    try {
      await act();
    } catch (error) {
      trouble.replaceChildren(problem(refusalText(name, error)));
    }
    go.disabled = false;
    dialog.close();
  }

  const button = h("button", { type: "button", class: `button ${kind}`, onclick: ask }, t(name));
  return { button, dialog, trouble };
}

function refusalText(name, error) {
  if (error.status === 403) return t(`${name}.readOnly`);
  return error.status ? t(`${name}.failed`, { reason: error.message }) : t("error.network");
}
