// The frame: who is signed in, in which language, and which view the address asks for.

import { runInAddress, runsAddress, session, tokenFromAddress } from "./api.js";
import { h, say } from "./dom.js";
import { language, switchLanguage, t } from "./i18n.js";
import { showRun } from "./view-run.js";
import { showRuns } from "./view-runs.js";
import { showSignIn } from "./view-sign-in.js";

const main = document.getElementById("main");
const quiet = { type: "button", class: "button quiet" };
let view = new AbortController();
let shown = location.pathname;

/** Shows what the address asks for, from the beginning; ends what was shown before. */
function show(refusal = null) {
  view.abort();
  view = new AbortController();
  const { signal } = view;
  shown = location.pathname;
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  say("");
  showTop();
  main.replaceChildren();
  const run = runInAddress();
  if (!session.token) showSignIn(main, { refusal, done: show, signal });
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
  document.getElementById("top").replaceChildren(h("div", { class: "bar" }, home, h("div", {}, other, out)));
  document.getElementById("skip").textContent = t("skip");
}

function changeLanguage() {
  switchLanguage();
  show();
  document.querySelector("#top button").focus();
}

function signOut() {
  session.close();
  show();
}

function follow(event) {
  const link = event.target.closest("a[data-route]");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  show();
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

session.refused = (error) => {
  if (!main.querySelector(".sign-in")) show(error);
};
document.addEventListener("click", follow);
window.addEventListener("popstate", () => location.pathname !== shown && show());
window.addEventListener("hashchange", () => tokenFromAddress() && show());
const icon = document.querySelector("link[rel=icon]");
icon.href = icon.href; // absolute from now on: relative to the next address it would lead nowhere
tokenFromAddress();
show();
