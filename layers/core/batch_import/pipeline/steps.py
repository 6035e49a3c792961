"""The ways in which an item moves: on to a stage, back for a retry, or failed towards validation.

See docs/design.md#2-pipeline.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from batch_import.domain.advisories import Advisory
from batch_import.domain.clock import Clock, iso
from batch_import.domain.entities import Item, ItemProfile, NewEvent, advisory_entries
from batch_import.domain.redaction import redacted
from batch_import.domain.retry import retry_policy
from batch_import.domain.types import ConfirmationStatus, EventType, ItemStage
from batch_import.host.errors import HostError
from batch_import.store.items import ItemStore

RELEASED: Mapping[str, Any] = {"lease_owner": None, "lease_expires_at": None}
_FRESH: Mapping[str, Any] = {**RELEASED, "attempt": 1, "due_at": None}


# What may still be found out of an item once everything has been handed on: its profile then, told by an event.
Afterwards = Callable[[], tuple[Item, ItemProfile, NewEvent]]


@dataclass(frozen=True, slots=True)
class HandOn:
    """Which stage's queue an item goes to next, and after how many seconds; ``stage`` DONE: nowhere.

    ``afterwards`` is done once everything has been handed on, and delays nothing.
    """

    stage: ItemStage
    delay: float = 0.0
    afterwards: Afterwards | None = None


class Steps:
    """``jitter`` gives 0..1; clock and randomness are parameters. ``open_key`` gives an item's key, to blank it out."""

    def __init__(
        self, items: ItemStore, clock: Clock, jitter: Callable[[], float], open_key: Callable[[Item], str | None]
    ) -> None:
        self.items = items
        self.clock = clock
        self._jitter = jitter
        self._open_key = open_key

    def clean(self, item: Item, text: str) -> str:
        """A text from outside, fit to be stored and shown: relays and hosts like to repeat a key in their errors."""
        return redacted(text, self._open_key(item) if text else None)

    def move_on(
        self,
        item: Item,
        stage: ItemStage,
        changes: Mapping[str, Any],
        events: Iterable[NewEvent] = (),
        profile: ItemProfile | None = None,
    ) -> HandOn:
        moved = {**_FRESH, **changes, "current_stage": stage}
        self.items.transition(item, moved, events, profile=profile)
        return HandOn(stage)

    def fail(self, item: Item, code: str, text: str, profile: ItemProfile | None = None, **changes: Any) -> HandOn:
        """To the validate stage with a verdict only: nothing outside is called for it again.

        See docs/design.md#2-pipeline.
        """
        text = self.clean(item, text)
        failed: dict[str, Any] = {
            "failure_code": code,
            "last_error_stage": item.current_stage,
            "last_error": text[:500] or None,
            "last_error_code": code,
            **changes,
        }
        if item.current_stage is not ItemStage.VALIDATE:
            failed["confirmation_status"] = ConfirmationStatus.FAILED
        event = NewEvent(event_type=EventType.STAGE_FAILED, message=text or code, payload={"code": code})
        return self.move_on(item, ItemStage.VALIDATE, failed, [event], profile)

    def retry(self, item: Item, code: str, policy: str, text: str, retry_after: float | None = None) -> HandOn | None:
        """Back to its own queue, attempt and due date on the row first; ``None`` when the retries are spent."""
        delay = retry_policy(policy).delay(item.attempt, retry_after, self._jitter)
        if delay is None:
            return None
        now, text = self.clock(), self.clean(item, text)
        changes = {
            **RELEASED,
            "attempt": item.attempt + 1,
            "due_at": iso(now + timedelta(seconds=delay)),
            "retry_count": item.retry_count + 1,
            "last_retry_at": iso(now),
            "last_error_stage": item.current_stage,
            "last_error": text[:500],
            "last_error_code": code,
        }
        event = NewEvent(
            event_type=EventType.RETRY_SCHEDULED,
            message=f"{text[:300]}, retry scheduled",
            payload={"code": code, "delay_ms": round(delay * 1000)},
        )
        self.items.transition(item, changes, [event])
        return HandOn(item.current_stage, delay)

    def host_failed(self, item: Item, error: HostError) -> HandOn | None:
        """A retry that costs an attempt; or none while the host is known to be down, where others find out."""
        if error.wait > 0:
            return self.hand_back(item, error.wait)
        return self.retry(item, error.code, error.code, str(error))

    def retry_or_fail(
        self, item: Item, code: str, text: str, retry_after: float | None = None, profile: ItemProfile | None = None
    ) -> HandOn:
        """A class without a policy fails at once; one with a policy when its tries are spent."""
        again = self.retry(item, code, code, text, retry_after)
        return again or self.fail(item, code, text, profile)

    def hand_back(self, item: Item, delay: float) -> HandOn:
        """Waiting for a lease, a lane or a slot costs no attempt (docs/design.md#21-probe)."""
        self.items.transition(item, RELEASED)
        return HandOn(item.current_stage, delay)


def warned(item: Item, *advisories: Advisory) -> dict[str, Any]:
    """Changes that add advisories, and with them the warning flag (docs/design.md#2-pipeline)."""
    entries = advisory_entries(item, *advisories)
    return {"advisories": entries, "has_warning": bool(entries) or item.has_warning}


def advisory_events(item: Item, *advisories: Advisory) -> list[NewEvent]:
    known = {entry["code"] for entry in item.advisories}
    return [
        NewEvent(
            event_type=EventType.ADVISORY_RECORDED,
            message=advisory.code,
            payload={"code": advisory.code, **advisory.params},
        )
        for advisory in advisories
        if advisory.code not in known
    ]
