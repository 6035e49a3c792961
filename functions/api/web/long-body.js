// A table body of any length: of a long one only the rows near the window stand in the document.

import { h, reconcile } from "./dom.js";

const SHORT = 300; // up to here all rows stand in it, so that the browser's own search finds them
const MARGIN = 1000; // pixels above and below the window
const SLACK = 300; // of the margin that is left when other rows are drawn

/**
 * Shows `entries` ({key, version, build}; of a long table only those near the window are asked for their version) in
 * `body`. Heights are measured as rows are drawn; `guess` stands for the
 * others. Ends with `signal`.
 */
export function longBody(body, guess, signal) {
  const heights = new Map();
  let entries = [];
  let waiting = false;
  let whole = false;
  let drawn = { from: 0, to: 0 }; // pixels of the body

  function show(given) {
    entries = given;
    draw();
  }

  function draw() {
    const table = body.closest("table");
    if (whole || entries.length <= SHORT) {
      table?.removeAttribute("aria-rowcount");
      return reconcile(body, entries);
    }
    table?.setAttribute("aria-rowcount", entries.length + 1);
    const { first, last, above, below, end } = nearWindow();
    drawn = { from: first ? above : -Infinity, to: last < entries.length ? end : Infinity };
    reconcile(body, [space("above", above), ...entries.slice(first, last).map(numbered(first)), space("below", below)]);
    measure();
  }

  /** Which entries are near the window, and how high those before and after them are. */
  function nearWindow() {
    const { top, bottom } = windowWith(MARGIN);
    let first = 0;
    let above = 0;
    while (first < entries.length - 1 && above + heightAt(first) < top) above += heightAt(first++);
    let last = first;
    let end = above;
    while (last < entries.length && end < bottom) end += heightAt(last++);
    let below = 0;
    for (let index = last; index < entries.length; index += 1) below += heightAt(index);
    return { first, last, above, below, end };
  }

  /** Where the window stands, in pixels of the body, with so many more above and below. */
  function windowWith(more) {
    const top = -body.getBoundingClientRect().top;
    return { top: top - more, bottom: top + window.innerHeight + more };
  }

  const heightAt = (index) => heights.get(entries[index].key) ?? guess;

  function measure() {
    for (const child of body.children) if (!child.hidden) heights.set(child.dataset.key, child.offsetHeight);
  }

  function later() {
    if (waiting || entries.length <= SHORT) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      const { top, bottom } = windowWith(SLACK);
      if (top < drawn.from || bottom > drawn.to) draw();
    });
  }

  const print = (all) => () => {
    whole = all;
    draw();
  };

  window.addEventListener("scroll", later, { passive: true, signal });
  window.addEventListener("resize", later, { signal });
  window.addEventListener("beforeprint", print(true), { signal });
  window.addEventListener("afterprint", print(false), { signal });
  return { show };
}

/** A row that stands for those which are not drawn. */
function space(key, height) {
  const build = () => {
    const row = h("tr", { class: "space", "aria-hidden": "true" });
    row.style.height = `${height}px`;
    return row;
  };
  return { key: `space ${key}`, version: String(height), build };
}

const numbered = (first) => (entry, index) => ({
  ...entry,
  build: () => {
    const row = entry.build();
    row.setAttribute("aria-rowindex", first + index + 2);
    return row;
  },
});
