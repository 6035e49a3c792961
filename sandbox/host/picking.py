"""Chooses the account for a gateway call (docs/host-api.md#model-names, docs/host-api.md#handler-errors)."""

from sandbox.host.errors import Refusal
from sandbox.host.models import channel_mapped, mapped, restricted
from sandbox.host.state import Host
from sandbox.host.templates import Row

UNAVAILABLE = "Service temporarily unavailable"
NONE = "No available accounts: no available accounts"


def unavailable(platform: str, detail: str = "") -> Refusal:
    """503: no account can take the call now; only anthropic and gemini groups say more."""
    text = UNAVAILABLE if platform == "openai" else f"{NONE}{detail}"
    return Refusal.gateway(503, text, "api_error")


class Session:
    """Sticky sessions of openai groups on 0.1.130: the account that served a model and first user message serves them
    again, even after it has left the group. Newer hosts and other platforms check the membership; there the sandbox
    has none.
    """

    def __init__(self, host: Host, group_id: int, body: Row, platform: str = "openai") -> None:
        first = next((m.get("content") for m in body.get("messages", []) if m.get("role") == "user"), None)
        self.host, self.key = host, (group_id, str(body["model"]), str(first))
        self.kept = host.old and platform == "openai"

    def account(self) -> Row | None:
        row = self.host.accounts.get(self.host.sessions.get(self.key, 0)) if self.kept else None
        return row if row is not None and self.host.health.schedulable(row) else None

    def stick(self, account: Row) -> None:
        self.host.sessions[self.key] = account["id"]


class Pool:
    """The accounts that may serve one call, chosen on the client's name of the model."""

    def __init__(
        self, host: Host, group_id: int, model: str, stuck: Row | None = None, platform: str = "openai"
    ) -> None:
        self.host, self.model, self.platform = host, model, platform
        self.channel = host.channel_of(group_id)
        self.sent = channel_mapped(self.channel, platform, model)
        self.stuck = stuck
        self.left = [] if stuck else self._serving(group_id)

    def _serving(self, group_id: int) -> list[Row]:
        if restricted(self.channel, self.platform, self.sent):
            raise unavailable(self.platform, f" supporting model: {self.model} (channel pricing restriction)")
        host = self.host
        awake = [row for row in host.scheduler.visible(group_id) if row["platform"] == self.platform]
        awake = [row for row in awake if host.health.schedulable(row)]
        fitting = [row for row in awake if mapped(host.scheduler.mapping(row), self.model) is not None]
        if awake and not fitting:
            raise self._no_model(awake)
        return fitting

    def _no_model(self, awake: list[Row]) -> Refusal:
        """404 on newer hosts, unless a bulk update that adds the model is still on its way.

        See docs/host-api.md#write-to-effect.
        """
        coming = any(mapped(row["credentials"].get("model_mapping") or {}, self.model) for row in awake)
        if self.host.old or coming:
            return unavailable(self.platform)
        text = f'Model "{self.model}" is not supported by any configured account in this group'
        return Refusal.gateway(404, text, "model_not_found")

    def take(self) -> Row | None:
        """The best account not taken yet: lowest priority number, then the longest unused."""
        if self.stuck is not None:
            stuck, self.stuck = self.stuck, None
            return stuck
        ready = [row for row in self.left if not self.host.health.cooled(row, self.upstream_model(row))]
        if not ready:
            return None
        best = min(ready, key=lambda row: (row["priority"], row["last_used_at"] or 0.0, row["id"]))
        self.left.remove(best)
        return best

    def upstream_model(self, account: Row) -> str:
        """Client name -> channel's name -> account's name for it."""
        return mapped(account["credentials"].get("model_mapping") or {}, self.sent) or self.sent
