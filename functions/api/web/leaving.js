// Asks before something that was typed is lost.

import { h } from "./dom.js";
import { t } from "./i18n.js";

const NOTHING = { holds: () => false, forget: () => {} };
let kept = NOTHING;

/** `holds` says whether leaving would lose something, `forget` loses it once the reader agrees; without them: nothing. */
export function guard(given = NOTHING) {
  kept = given;
}

export const wouldLose = () => kept.holds();

/** Whether the view may be left: at once when nothing would be lost, otherwise as the reader decides. */
export async function mayLeave() {
  if (!wouldLose()) return true;
  const leave = await ask();
  if (leave) kept.forget();
  return leave;
}

function ask() {
  return new Promise((decided) => {
    const close = (leave) => () => dialog.close(leave ? "leave" : "");
    const stay = h("button", { type: "button", class: "button", autofocus: true, onclick: close(false) }, t("leave.stay"));
    const leave = h("button", { type: "button", class: "button danger", onclick: close(true) }, t("leave.leave"));
    const choices = h("div", { class: "choices" }, stay, leave);
    const title = h("h2", { id: "leave-title" }, t("leave.ask"));
    const attributes = { class: "question", "aria-labelledby": "leave-title" };
    const dialog = h("dialog", attributes, title, h("p", {}, t("leave.text")), choices);
    dialog.addEventListener("close", () => {
      dialog.remove();
      decided(dialog.returnValue === "leave");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

window.addEventListener("beforeunload", (event) => {
  if (wouldLose()) event.preventDefault();
});
