// Asking again while something is going on.

const EVERY = 2_000;
const AT_MOST = 30_000;

/**
 * Calls `refresh` until it answers false: every two seconds (a number that it answers are other milliseconds), less
 * often while it fails, not at all while the tab is hidden, at once when it is seen again. Ends with `signal`. `failed` hears after each turn whether it failed.
 */
export function poll(refresh, failed, signal) {
  let timer = 0;
  let wait = EVERY;
  let busy = false;
  let goesOn = true;

  async function turn() {
    if (busy || !goesOn || signal.aborted || document.hidden) return;
    clearTimeout(timer);
    busy = true;
    const error = await attempt();
    busy = false;
    if (signal.aborted) return;
    failed(error);
    if (goesOn) timer = setTimeout(turn, wait);
  }

  async function attempt() {
    try {
      goesOn = await refresh();
      wait = typeof goesOn === "number" ? goesOn : EVERY;
      return null;
    } catch (error) {
      wait = Math.min(Math.max(wait, EVERY) * 2, AT_MOST);
      return error;
    }
  }

  document.addEventListener("visibilitychange", turn, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  timer = setTimeout(turn, EVERY);
}
