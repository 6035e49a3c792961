"""What becomes of an item when a stage has worked on it."""

from collections.abc import Callable
from dataclasses import dataclass

from batch_import.domain.entities import Item, ItemProfile, NewEvent
from batch_import.domain.types import ItemStage

# Asks a relay what no verdict needs; returns the item, its completed profile, and the event that tells of it.
DeferredProbe = Callable[[], tuple[Item, ItemProfile, NewEvent]]


@dataclass(frozen=True, slots=True)
class NextStep:
    """The stage whose queue the item goes to, after ``delay`` seconds; DONE goes to none.

    ``deferred`` runs when every item of the invocation has been handed on.
    """

    stage: ItemStage
    delay: float = 0.0
    deferred: DeferredProbe | None = None
    item: Item | None = None  # as it was written
    accepted_at: str | None = None  # when its run began; with the verdict
