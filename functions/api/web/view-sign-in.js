// Asking for the bearer token.

import { check, session } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { errorText, isAbort } from "./parts.js";

/** `refusal` is the error of a token that the API did not accept, if there was one; `done` shows what was asked for. */
export function showSignIn(root, { refusal, done, signal }) {
  document.title = `${t("signIn")} · ${t("title")}`;
  const input = h("input", {
    id: "token",
    type: "password",
    name: "token",
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "token-hint token-error",
  });
  const remember = h("input", { type: "checkbox", id: "remember" });
  const trouble = h("p", { id: "token-error", class: "trouble", role: "alert" });
  const button = h("button", { type: "submit", class: "button primary" }, t("signIn"));
  const tell = (text) => {
    trouble.textContent = text;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  };

  async function submit(event) {
    event.preventDefault();
    const token = input.value.trim();
    if (!token) return tell(t("token.missing"));
    button.disabled = true;
    session.open(token, remember.checked);
    try {
      await check(signal);
      done();
    } catch (error) {
      session.close();
      button.disabled = false;
      if (isAbort(error)) return undefined;
      tell(isRefusal(error) ? t("token.refused") : errorText(error));
    }
    return undefined;
  }

  const form = h(
    "form",
    { class: "sign-in card", onsubmit: submit },
    h("h1", {}, t("signIn")),
    h("label", { for: "token" }, t("token")),
    input,
    h("p", { id: "token-hint", class: "muted" }, t("token.hint")),
    h("label", { class: "remember" }, remember, ` ${t("remember")}`),
    trouble,
    button,
  );
  root.replaceChildren(form);
  if (refusal) tell(t("token.refused"));
  else input.focus();
}

const isRefusal = (error) => error.status === 401 || error.status === 403;
