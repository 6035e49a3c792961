"""Between a Lambda's SQS event and a stage: parse, shorten the visibility, work, answer which messages failed."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from batch_import.aws.observability import Measures, Metric
from batch_import.aws.queue import Work, WorkQueue
from batch_import.aws.retries import ending
from batch_import.consumer.stage_worker import (
    END_SECONDS,
    LAST_SECONDS,
    LEASE_MARGIN,
    Delivery,
    StageWorker,
    count_own_fault,
)
from batch_import.domain.clock import Clock
from batch_import.domain.types import ItemStage
from batch_import.net.deadline import deadline

logger = logging.getLogger(__name__)
MARGIN = LEASE_MARGIN + 5  # a message that came back earlier would find its items still leased, and be lost
_COMES_BACK, _LONGEST_BACK = 10, 300
_TO_EXPAND = 15.0
_WORKED = (ItemStage.PROBE, ItemStage.PROVISION, ItemStage.CONFIRM, ItemStage.VALIDATE)
_STAGES_OF_QUEUES = {  # by a part of the queue's name (template.yaml)
    "confirmqueue": (ItemStage.CONFIRM,),
    "validatequeue": (ItemStage.VALIDATE,),
    "importqueue": (ItemStage.PROBE, ItemStage.PROVISION),
}


class Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


Failures = dict[str, list[dict[str, str]]]


def remaining(context: Context) -> Callable[[], float]:
    """Seconds that the invocation has left."""
    return lambda: context.get_remaining_time_in_millis() / 1000


@contextmanager
def in_time(context: Context) -> Iterator[None]:
    """Calls to the host and to AWS inside the block end before the invocation does."""
    left = remaining(context)()
    with deadline(left - END_SECONDS), ending(left - LAST_SECONDS):
        yield


def work_messages(
    event: dict[str, Any], context: Context, worker: StageWorker, measures: Measures, clock: Clock
) -> Failures:
    """The batch response for Lambda.

    The visibility is shortened on receipt, so that a killed worker's items are free again within two and a half
    minutes (docs/design.md#24-confirm), and once more for messages that failed.
    """
    seconds_left = remaining(context)
    with ending(seconds_left() - LAST_SECONDS):
        try:
            return _work(event, seconds_left, worker, measures, clock)
        finally:
            worker.stage.close()


def _work(
    event: dict[str, Any], seconds_left: Callable[[], float], worker: StageWorker, measures: Measures, clock: Clock
) -> Failures:
    started = clock.monotonic()
    deliveries, failed = read_deliveries(event)
    _lease_for(worker.queue, [d.receipt_handle for d in deliveries], int(seconds_left()) + MARGIN)
    failed += [
        d.message_id for d in deliveries if d.work.of_whole_run and not _whole(worker, d.work, seconds_left, measures)
    ]
    failed += worker.run([d for d in deliveries if not d.work.of_whole_run], seconds_left, measures)
    for count in {d.receive_count for d in deliveries}:  # the fifth delivery comes after two and a half minutes
        again = [d.receipt_handle for d in deliveries if d.receive_count == count and d.message_id in failed]
        _lease_for(worker.queue, again, min(_COMES_BACK * 2 ** (count - 1), _LONGEST_BACK))
    measures.count(Metric.MESSAGES_FAILED, len(failed))
    told = {"messages": len(deliveries), "items": sum(len(d.work.items) for d in deliveries), "failed": len(failed)}
    logger.info("worked", extra={**told, "seconds": round(clock.monotonic() - started, 3)})
    return _failures(failed)


def _failures(message_ids: Sequence[str]) -> Failures:
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in message_ids]}


def _whole(worker: StageWorker, work: Work, seconds_left: Callable[[], float], measures: Measures) -> bool:
    """Work on a run; ``False`` when it broke off: it goes on later, and other messages have no part in it. What had no
    time, or met an outage of AWS, is sent again: a message that fails becomes a dead letter in the end.
    """
    stage = worker.stage
    try:
        if work.undo:
            stage.undo(work.run_id, seconds_left)
            return True
        if work.compare_from is not None:
            stage.compare(work.run_id, work.compare_from, seconds_left)
            return True
        return stage.expand(work.run_id, lambda: seconds_left() > _TO_EXPAND) or worker.send_again(work)
    except Exception as error:
        logger.exception("work on a run broke off", extra={"run_id": work.run_id})
        return count_own_fault(error, measures) and worker.send_again(work)


def read_deliveries(event: dict[str, Any]) -> tuple[list[Delivery], list[str]]:
    """Deliveries of an SQS event, and ids of messages that this service never sent: those go to the dead letters."""
    deliveries, unreadable = [], []
    for record in event["Records"]:
        try:
            work = Work.parse(record["body"])
        except (ValueError, KeyError, AttributeError, TypeError):
            logger.error("unreadable message", extra={"message_id": record["messageId"]})
            unreadable.append(record["messageId"])
            continue
        told = record["attributes"]
        count, sent_at = int(told.get("ApproximateReceiveCount") or 1), int(told.get("SentTimestamp") or 0)
        deliveries.append(Delivery(record["messageId"], record["receiptHandle"], count, work, sent_at))
    return deliveries, unreadable


def record_dead_letters(event: dict[str, Any], record: Callable[[Work, tuple[ItemStage, ...]], None]) -> Failures:
    """The batch response for the dead-letter queue. A message that ``record`` fails on comes back, alone."""
    deliveries, unreadable = read_deliveries(event)
    sources = {r["messageId"]: r["attributes"].get("DeadLetterQueueSourceArn") for r in event["Records"]}
    failed = []
    for delivery in deliveries:
        try:
            record(delivery.work, _stages_of(sources[delivery.message_id]))
        except Exception:
            logger.exception("dead letter not recorded", extra={"run_id": delivery.work.run_id})
            failed.append(delivery.message_id)
    told = {"messages": len(deliveries), "failed": len(failed), "unreadable": len(unreadable)}
    logger.error("dead letters", extra=told)
    return _failures(failed)


def _stages_of(queue: str | None) -> tuple[ItemStage, ...]:
    """Those whose items the dead-lettered message may name, by the ARN of its queue; all, where nobody tells it."""
    name = (queue or "").rsplit(":", 1)[-1].lower()
    return next((stages for part, stages in _STAGES_OF_QUEUES.items() if part in name), _WORKED)


def _lease_for(queue: WorkQueue, handles: list[str], seconds: int) -> None:
    """When the visibility cannot be changed, messages only come back later: the work goes on."""
    try:
        queue.lease_for(handles, seconds)
    except Exception:
        logger.warning("visibility not changed", extra={"messages": len(handles)}, exc_info=True)
