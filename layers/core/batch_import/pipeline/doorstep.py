"""Between a Lambda's SQS event and a stage's worker: parse, lease, work, tell what could not be recorded."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from batch_import.deadline import deadline
from batch_import.domain.types import ItemStage
from batch_import.pipeline.dead_letter import DeadLetters
from batch_import.pipeline.worker import END_SECONDS, LEASE_MARGIN, Delivery, StageWorker
from batch_import.queue import Work, WorkQueue

logger = logging.getLogger(__name__)
MARGIN = LEASE_MARGIN + 5  # a message that came back before would find its items leased still, and be lost
_COMES_BACK, _LONGEST_BACK = 10, 300
_TO_EXPAND = 15.0


class Counts(Protocol):
    """As much of Powertools' metrics as is needed here."""

    def add_metric(self, name: str, unit: Any, value: float) -> None: ...


class Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


Failures = dict[str, list[dict[str, str]]]


def remaining(context: Context) -> Callable[[], float]:
    """Seconds that the invocation has left."""
    return lambda: context.get_remaining_time_in_millis() / 1000


def in_time(context: Context) -> AbstractContextManager[None]:
    """Calls over HTTP inside the block end before the invocation does."""
    return deadline(time.monotonic() + remaining(context)() - END_SECONDS)


def bury_messages(event: Mapping[str, Any], dead_letters: DeadLetters) -> tuple[Failures, int]:
    """Messages of the dead-letter queues, whose names end in the stage they served (template.yaml)."""
    deliveries, unreadable = read_deliveries(event)
    sources = {record["messageId"]: record["eventSourceARN"] for record in event["Records"]}
    buried = sum(dead_letters.bury(d.work, _stages_of(sources[d.message_id])) for d in deliveries)
    logger.error("dead letters", extra={"buried": buried, "unreadable": len(unreadable)})
    return {"batchItemFailures": []}, buried


def _stages_of(arn: str) -> tuple[ItemStage, ...]:
    name = arn.rsplit(":", 1)[-1].lower()
    if "confirmdeadletters" in name:
        return (ItemStage.CONFIRM,)
    return (ItemStage.VALIDATE,) if "validatedeadletters" in name else (ItemStage.PROBE, ItemStage.PROVISION)


def read_deliveries(event: Mapping[str, Any]) -> tuple[list[Delivery], list[str]]:
    """Deliveries of an SQS event, and ids of messages that this service never sent (they go to the dead letters)."""
    deliveries, unreadable = [], []
    for record in event["Records"]:
        try:
            work = Work.parse(record["body"])
        except (ValueError, KeyError, AttributeError, TypeError):
            logger.error("unreadable message", extra={"message_id": record["messageId"]})
            unreadable.append(record["messageId"])
            continue
        count = int(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
        deliveries.append(Delivery(record["messageId"], record["receiptHandle"], count, work))
    return deliveries, unreadable


def work_messages(
    event: Mapping[str, Any],
    queue: WorkQueue,
    worker: StageWorker,
    seconds_left: Callable[[], float],
    metrics: Counts,
    expand: Callable[[str, Callable[[], bool]], bool] = lambda *_: True,
) -> Failures:
    """The batch response for Lambda. Visibility is shortened on receipt, so that a killed worker's items are free
    again in about the time it had (docs/design.md#24-confirm), and again for what failed.
    """
    started = time.monotonic()
    deliveries, failed = read_deliveries(event)
    _lease_for(queue, [d.receipt_handle for d in deliveries], int(seconds_left()) + MARGIN)
    lists = [d for d in deliveries if d.work.expand]
    failed += [d.message_id for d in lists if not expand(d.work.run_id, lambda: seconds_left() > _TO_EXPAND)]
    failed += worker.run([d for d in deliveries if not d.work.expand], seconds_left)
    for count in {d.receive_count for d in deliveries}:  # the fifth comes after two and a half minutes
        again = [d.receipt_handle for d in deliveries if d.receive_count == count and d.message_id in failed]
        _lease_for(queue, again, min(_COMES_BACK * 2 ** (count - 1), _LONGEST_BACK))
    metrics.add_metric("ItemsWorked", "Count", sum(len(d.work.items) for d in deliveries))
    metrics.add_metric("MessagesFailed", "Count", len(failed))
    logger.info(
        "worked",
        extra={"messages": len(deliveries), "failed": len(failed), "seconds": round(time.monotonic() - started, 3)},
    )
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _lease_for(queue: WorkQueue, handles: list[str], seconds: int) -> None:
    """Without it messages only come back later: no reason to leave the work, or to fail after it is done."""
    try:
        queue.lease_for(handles, seconds)
    except Exception:
        logger.warning("visibility not changed", extra={"messages": len(handles)}, exc_info=True)
