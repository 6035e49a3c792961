// The frame: who is signed in, in which language, and which view the address asks for.

import {
  importAddress, importInAddress, modelInAddress, modelsAddress, role, runInAddress, runsAddress, session, tokenFromAddress,
} from "./api.js";
import { h, say } from "./dom.js";
import { language, switchLanguage, t } from "./i18n.js";
import { mayLeave, wouldLose } from "./leaving.js";
import { showImport, startWith } from "./view-import.js";
import { showModel, showModels } from "./view-models.js";
import { showRun } from "./view-run.js";
import { showRuns } from "./view-runs.js";
import { showSignIn } from "./view-sign-in.js";

const main = document.getElementById("main");
const quiet = { type: "button", class: "button quiet" };
let view = new AbortController();
let shown = location.href;

/** Shows what the address asks for, from the beginning; ends what was shown before. */
function show(refusal = null) {
  view.abort();
  view = new AbortController();
  const { signal } = view;
  shown = location.href;
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  say("");
  showTop();
  main.replaceChildren();
  const run = runInAddress();
  const model = modelInAddress();
  if (!session.token) showSignIn(main, { refusal, done: show, signal });
  else if (importInAddress()) showImport(main, signal);
  else if (model) showModel(main, model, signal);
  else if (model === "") showModels(main, signal);
  else if (run) showRun(main, run, signal);
  else showRuns(main, signal);
}

function showTop() {
  const home = h(
    "a",
    { class: "home", href: runsAddress(), "data-route": true },
    h("img", { src: new URL("icon.svg", import.meta.url).href, alt: "", width: 24, height: 24 }),
    t("title"),
  );
  const inItsLanguage = { lang: language() === "zh" ? "en" : "zh-CN" };
  const other = h("button", { ...quiet, ...inItsLanguage, onclick: changeLanguage }, t("language.other"));
  const out = session.token && h("button", { ...quiet, onclick: signOut }, t("signOut"));
  const models = session.token && h("a", { class: "button quiet", href: modelsAddress(), "data-route": true }, t("models"));
  const who = h("span", { class: "role" });
  document.getElementById("top").replaceChildren(h("div", { class: "bar" }, home, h("div", {}, models, who, other, out)));
  document.getElementById("skip").textContent = t("skip");
  if (session.token) role(view.signal).then((name) => tellRole(who, name), () => {});
}

function tellRole(who, name) {
  who.textContent = t(`role.${name}`);
  who.title = t(`role.${name}.text`);
  who.classList.add(name);
}

function changeLanguage() {
  switchLanguage();
  show();
  document.querySelector("#top button").focus();
}

async function signOut() {
  if (!(await mayLeave())) return;
  session.close();
  show();
}

function isTyping(target) {
  return target.closest?.("input, textarea, select, dialog") != null;
}

/** A list that is pasted anywhere opens the import. */
function paste(event) {
  if (!session.token || importInAddress() || isTyping(event.target)) return;
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!text.trim()) return;
  startWith(text);
  go(importAddress());
}

async function go(address) {
  if (!(await mayLeave())) return;
  history.pushState(null, "", address);
  show();
  window.scrollTo(0, 0);
  if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
}

function follow(event) {
  const link = event.target.closest("a[data-route]");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.href);
}

/** Back and Forward have moved already: where something would be lost, the address is put back until that is agreed. */
async function travel() {
  if (pathOf(shown) === location.pathname) return;
  if (wouldLose()) {
    const wanted = location.href;
    history.pushState(null, "", shown);
    if (!(await mayLeave())) return;
    history.replaceState(null, "", wanted);
  }
  show();
}

const pathOf = (address) => new URL(address).pathname;

session.refused = (error) => {
  if (!main.querySelector(".sign-in")) show(error);
};
document.addEventListener("click", follow);
document.addEventListener("paste", paste);
main.addEventListener("moved", () => { shown = location.href; });
main.addEventListener("show", () => show());
window.addEventListener("popstate", travel);
window.addEventListener("hashchange", () => tokenFromAddress() && show());
const icon = document.querySelector("link[rel=icon]");
icon.href = icon.href; // absolute from now on: relative to the next address it would lead nowhere
tokenFromAddress();
show();
