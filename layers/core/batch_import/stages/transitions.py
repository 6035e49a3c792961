"""How an item moves: on to a stage, back for a retry, or failed towards validation (docs/design.md#2-pipeline)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from batch_import.aws.retries import OutOfTime
from batch_import.consumer.next_step import NextStep
from batch_import.domain.advisories import Advisory
from batch_import.domain.clock import Clock, iso
from batch_import.domain.entities import Item, ItemProfile, NewEvent, advisory_entries
from batch_import.domain.outcomes import Code
from batch_import.domain.redaction import redacted
from batch_import.domain.retry_policy import retry_policy
from batch_import.domain.texts import printable
from batch_import.domain.types import ConfirmationStatus, EventType, ItemStage
from batch_import.host.errors import HostError, NoTimeLeft
from batch_import.net.deadline import has_mostly_waited
from batch_import.store.items import ItemStore, PendingWrite

RELEASED: Mapping[str, Any] = {"lease_owner": None, "lease_expires_at": None}
_FRESH: Mapping[str, Any] = {**RELEASED, "attempt": 1, "due_at": None}


class TransitionWriter:
    """Begins the transitions of items. ``jitter`` gives 0..1. ``open_key`` gives an item's key, to be blanked out."""

    def __init__(
        self, items: ItemStore, clock: Clock, jitter: Callable[[], float], open_key: Callable[[Item], str | None]
    ) -> None:
        self.items = items
        self.clock = clock
        self.jitter = jitter
        self.open_key = open_key

    def begin(self, item: Item, api_key: str | None = None) -> "ItemTransitions":
        """For a leased item. ``api_key`` spares fetching it again."""
        return ItemTransitions(self, PendingWrite(item), api_key)


class ItemTransitions:
    """The writes of one leased item, used by one thread. Texts from outside are redacted here."""

    def __init__(self, writer: TransitionWriter, pending: PendingWrite, api_key: str | None) -> None:
        self._writer = writer
        self._pending = pending
        self._api_key = api_key

    @property
    def item(self) -> Item:
        """The item as it will be after its next write."""
        return self._pending.item

    def redacted(self, text: str) -> str:
        """A text of a relay or host, fit to be stored and shown: they like to repeat a key in their errors."""
        if text and self._api_key is None:
            self._api_key = self._writer.open_key(self.item)
        return printable(redacted(text, self._api_key))

    def add(
        self, changes: Mapping[str, Any], events: Iterable[NewEvent] = (), profile: ItemProfile | None = None
    ) -> None:
        """Let the item's next write carry these as well, or nothing: for findings that a crash may undo."""
        self._pending = self._pending.adding(changes, events, profile)

    def write(
        self,
        changes: Mapping[str, Any],
        events: Iterable[NewEvent] = (),
        profile: ItemProfile | None = None,
    ) -> Item:
        """Write everything pending and these at once; raises ``StaleWrite``."""
        self.add(changes, events, profile)
        written = self._writer.items.write(self._pending)
        self._pending = PendingWrite(written)
        return written

    def move_on(
        self,
        stage: ItemStage,
        changes: Mapping[str, Any],
        events: Iterable[NewEvent] = (),
        profile: ItemProfile | None = None,
    ) -> NextStep:
        return NextStep(stage, item=self.write({**_FRESH, **changes, "current_stage": stage}, events, profile))

    def fail(self, code: Code, text: str, profile: ItemProfile | None = None, **changes: Any) -> NextStep:
        """To the validate stage for a verdict only: the host is called at most to put a half-woken account back."""
        text = self.redacted(text)
        failed = {**failure(self.item, code, text), **changes}
        if self.item.current_stage is not ItemStage.VALIDATE:
            failed["confirmation_status"] = ConfirmationStatus.FAILED
        return self.move_on(ItemStage.VALIDATE, failed, [stage_failed(code, text)], profile)

    def retry(self, code: Code, policy: str, text: str, retry_after: float | None = None) -> NextStep | None:
        """Back to its own queue, with attempt and due date on the row first; ``None`` when the retries are spent.

        What an item has failed with stays its last error.
        """
        item = self.item
        delay = retry_policy(policy).delay(item.attempt, retry_after, self._writer.jitter)
        if delay is None:
            return None
        now, text = self._writer.clock.now(), self.redacted(text)
        changes = {
            **RELEASED,
            "attempt": item.attempt + 1,
            "due_at": iso(now + timedelta(seconds=delay)),
            "retry_count": item.retry_count + 1,
            "last_retry_at": iso(now),
            **(last_error(item, code, text) if item.failure_code is None else {}),
        }
        event = NewEvent(
            event_type=EventType.RETRY_SCHEDULED,
            message=f"{text[:300]}, retry scheduled",
            payload={"code": code, "delay_ms": round(delay * 1000)},
        )
        return NextStep(item.current_stage, delay, item=self.write(changes, [event]))

    def host_failed(self, error: HostError) -> NextStep | None:
        """A retry, or ``None`` when they are spent. While the host is known to be down, waiting costs no attempt; nor
        does time that the item spent in waiting for tables, locks and threads: it raises ``OutOfTime``.
        """
        if isinstance(error, NoTimeLeft) and has_mostly_waited():
            raise OutOfTime(str(error))
        if error.wait > 0:
            return self.hand_back(error.wait)
        return self.retry(error.code, error.policy or error.code, str(error))

    def retry_or_fail(
        self, code: Code, text: str, retry_after: float | None = None, profile: ItemProfile | None = None
    ) -> NextStep:
        """A code without a retry policy fails at once, any other when its retries are spent."""
        return self.retry(code, code, text, retry_after) or self.fail(code, text, profile)

    def hand_back(self, delay: float) -> NextStep:
        """Back to its queue for ``delay`` seconds. Waiting for a lease or a resource costs no attempt."""
        self.write(RELEASED)
        return NextStep(self.item.current_stage, delay)


def last_error(item: Item, code: Code, text: str) -> dict[str, Any]:
    """The fields that tell of an item's latest error. ``text`` is redacted."""
    return {"last_error_stage": item.current_stage, "last_error": text[:500] or None, "last_error_code": code}


def failure(item: Item, code: Code, text: str) -> dict[str, Any]:
    """The fields of an item whose fate is decided by ``code``. ``text`` is redacted."""
    return {"failure_code": code, **last_error(item, code, text)}


def stage_failed(code: Code, text: str) -> NewEvent:
    return NewEvent(event_type=EventType.STAGE_FAILED, message=text or code, payload={"code": code})


def warned(item: Item, *advisories: Advisory) -> dict[str, Any]:
    """Changes that add advisories, and with them the warning flag (docs/design.md#2-pipeline)."""
    entries = advisory_entries(item, *advisories)
    return {"advisories": entries, "has_warning": bool(entries) or item.has_warning}


def advisory_events(item: Item, *advisories: Advisory) -> list[NewEvent]:
    """An event for each advisory whose code the item does not have yet."""
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
