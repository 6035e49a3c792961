// What happened to an item, step by step: sentences with their times, and how long each step took.

import { h } from "./dom.js";
import { span, t } from "./i18n.js";
import { clock } from "./parts.js";

const HIDDEN = new Set(["lease_acquired"]); // of no use to whoever reads what happened
const OURS = /, retry scheduled$/; // what the service adds to somebody's words, and the sentence says
const QUOTED = new Set(["stage_failed", "retry_scheduled", "dead_lettered"]); // their message is what somebody else said

export function history(events) {
  const steps = stepsOf(events);
  if (!steps.length) return h("p", { class: "muted" }, t("events.none"));
  return h("ol", { class: "steps" }, steps.map(step));
}

/** The events by stage, in the order in which the item went through them, each step from the end of the one before. */
function stepsOf(events) {
  const steps = [];
  for (const event of events) {
    const last = steps.at(-1);
    const at = new Date(event.created_at);
    if (last?.stage === event.stage) {
      last.events.push(event);
      last.until = at;
    } else {
      steps.push({ stage: event.stage, events: [event], from: last?.until ?? at, until: at });
    }
  }
  return steps.filter((one) => one.events.some((event) => !HIDDEN.has(event.event_type)));
}

function step({ stage, events, from, until }) {
  const title = h("p", { class: "step" }, h("strong", {}, t(`stage.${stage}`)), until > from && h("span", { class: "muted" }, span(until - from)));
  const shown = events.filter((event) => !HIDDEN.has(event.event_type));
  return h("li", {}, title, h("ol", { class: "trail" }, shown.map(entry)));
}

/** A sentence that unfolds into its code and payload. */
function entry(event) {
  const { event_type: type, attempt, message, payload_json: payload } = event;
  const again = attempt > 1 && h("span", { class: "muted" }, t("events.attempt", { n: attempt }));
  const words = message.replace(OURS, "");
  const quoted = QUOTED.has(type) && words && words !== event.text && !payload.includes(`"code":"${words}"`);
  const text = [quoted ? null : message, pretty(payload)].filter(Boolean).join("\n");
  return h("li", { class: type, "data-event": type },
    h("details", {},
      h("summary", { class: "line" }, clock(event.created_at), h("span", { class: "message" }, event.text), again),
      h("pre", { tabindex: 0 }, h("strong", {}, type), text && `\n${text}`)),
    quoted ? h("p", { class: "quote muted" }, words) : null);
}

/** The payload's JSON, laid out to be read; nothing for an empty one, and what is no JSON as it is. */
function pretty(text) {
  try {
    const value = JSON.parse(text);
    return value && Object.keys(value).length ? JSON.stringify(value, null, 2) : null;
  } catch {
    return text || null;
  }
}
