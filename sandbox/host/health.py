"""The effects of upstream answers and recoveries on an account (docs/host-api.md#what-upstream-answers-do)."""

from typing import TYPE_CHECKING

from sandbox.host.clock import text
from sandbox.host.scheduler import SLOW
from sandbox.host.templates import Row

if TYPE_CHECKING:
    from sandbox.host.state import Host

BLOCK = 120.0  # the in-memory block after an error that disables
PAUSE = 600.0  # after 403, 529 and transport errors
LIMITED = 5.0  # after 429, whatever Retry-After says
NO_MODEL = 1800.0
USE_LAG = 4.3
WINDOW_403 = 180 * 60.0


class Health:
    """The state of accounts that the host keeps in memory, beside the columns of their rows."""

    def __init__(self, host: "Host") -> None:
        self.host = host
        self.blocked: dict[int, float] = {}
        self.forbidden: dict[int, list[float]] = {}
        self.transient: dict[tuple[int, str], tuple[int, float]] = {}

    def schedulable(self, account: Row) -> bool:
        """The host's `IsSchedulable`, and the in-memory block."""
        now = self.host.now()
        limits = ("overload_until", "rate_limit_reset_at", "temp_unschedulable_until")
        expired = account["auto_pause_on_expired"] and (account["expires_at"] or now + 1) <= now
        if not self._switched_on(account) or not account["schedulable"] or expired:
            return False
        return self.blocked.get(account["id"], 0.0) <= now and all((account[name] or 0.0) <= now for name in limits)

    def _switched_on(self, account: Row) -> bool:
        """True for an active account, and for one that a bulk update has switched off a moment ago."""
        fading = self.host.scheduler.fading.get(account["id"], 0.0) > self.host.now()
        return account["status"] == "active" or (account["status"] == "inactive" and fading)

    def cooled(self, account: Row, model: str) -> bool:
        """True while this model alone is blocked on the account."""
        now = self.host.now()
        limits = account["extra"].get("model_rate_limits") or {}
        until = account["_model_limits"].get(model, 0.0) if model in limits else 0.0
        return max(until, self.transient.get((account["id"], model), (0, 0.0))[1]) > now

    def disable(self, account: Row, message: str) -> None:
        """A definitive error: status error and schedulable false, until an admin call resets both.

        anthropic and gemini have no block in memory besides (docs/host-api.md#platform-upstream-effects).
        """
        account.update(status="error", schedulable=False, error_message=message)
        if account["platform"] not in SLOW:
            self.blocked[account["id"]] = self.host.now() + BLOCK
        self.host.touch(account)

    def pause(self, account: Row, reason: str) -> None:
        account.update(temp_unschedulable_until=self.host.now() + PAUSE, temp_unschedulable_reason=reason)

    def unauthorized(self, account: Row, message: str) -> None:
        self.disable(account, f"Authentication failed (401): {message}")

    def unpaid(self, account: Row, message: str) -> None:
        self.disable(account, f"Payment required (402): {message}")

    def forbid(self, account: Row, message: str, *, html: bool) -> None:
        """403: a pause the first two times, an error the third. Newer hosts ignore HTML pages of firewalls."""
        if html and not self.host.old:
            return
        now = self.host.now()
        seen = [at for at in self.forbidden.get(account["id"], ()) if now - at < WINDOW_403] + [now]
        self.forbidden[account["id"]] = seen
        detail = f"Access forbidden (403): {message}"
        if len(seen) >= 3:
            self.disable(account, f"{detail} | consecutive_403={len(seen)}/3")
        else:
            self.pause(account, f"OpenAI 403 temporary cooldown ({len(seen)}/3): {detail}")

    def limit(self, account: Row, until: float | None = None) -> None:
        """429: pauses the account for five seconds, or until a given moment."""
        now = self.host.now()
        account.update(rate_limited_at=now, rate_limit_reset_at=until or now + LIMITED)

    def overload(self, account: Row) -> None:
        account["overload_until"] = self.host.now() + PAUSE

    def stumble(self, account: Row, model: str) -> None:
        """5xx: no effect the first time, then the model pauses 10 s, then 45 s. No effect on older hosts."""
        if self.host.old:
            return
        count = self.transient.get((account["id"], model), (0, 0.0))[0] + 1
        pause = {1: 0.0, 2: 10.0}.get(count, 45.0)
        self.transient[account["id"], model] = (count, self.host.now() + pause)

    def no_model(self, account: Row, model: str) -> None:
        """404 that says the model does not exist: pauses the model for half an hour, written into `extra`."""
        now = self.host.now()
        entry = {"rate_limited_at": text(now), "rate_limit_reset_at": text(now + NO_MODEL)}
        limits = account["extra"].setdefault("model_rate_limits", {})
        limits[model] = {**entry, "reason": "upstream_404_model_not_found"}
        account["_model_limits"][model] = now + NO_MODEL

    def served(self, account: Row, model: str) -> None:
        """Notes a successful answer through the gateway."""
        account["_settled_use"] = self.settled_use(account)
        account["last_used_at"] = self.host.now()
        self.forbidden.pop(account["id"], None)
        self.transient.pop((account["id"], model), None)

    def settled_use(self, account: Row) -> float | None:
        """The last use as the API shows it, which is some seconds late (docs/host-api.md#who-served)."""
        used: float | None = account["last_used_at"]
        late = used is not None and self.host.now() - used < USE_LAG
        return account.get("_settled_use") if late else used

    def clear(self, account: Row, *, counters: bool) -> None:
        """clear-error; with `counters` recover-state and a good test. `schedulable` is left as it is."""
        if account["status"] == "error" or not counters:
            account["status"] = "active"  # clear-error also switches on an account that an operator switched off
        account["error_message"] = ""
        self.clear_limits(account)
        account["extra"].pop("model_rate_limits", None)
        account["_model_limits"].clear()
        self.blocked.pop(account["id"], None)
        if counters:
            self.forbidden.pop(account["id"], None)
        self.host.touch(account)

    def clear_limits(self, account: Row) -> None:
        account.update(rate_limited_at=None, rate_limit_reset_at=None, overload_until=None)
        self.clear_pause(account)

    def clear_pause(self, account: Row) -> None:
        account.update(temp_unschedulable_until=None, temp_unschedulable_reason="")
        self.blocked.pop(account["id"], None)
