"""Logs and metrics of the handlers (Powertools); the package's loggers write through the handler's."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import utils
from aws_lambda_powertools.metrics import EphemeralMetrics

_QUIET = {
    "botocore": logging.WARNING,
    "urllib3": logging.ERROR,  # its warnings repeat addresses and heads, where a key may stand
}


class Metric(StrEnum):
    """All metrics of the system; what else is worth knowing is a field of a line of the log (docs/operations.md)."""

    ITEMS_ACTIVE = "ItemsActive"
    ITEMS_DEGRADED = "ItemsDegraded"
    ITEMS_BROKEN = "ItemsBroken"
    SECONDS_TO_VERDICT = "SecondsToVerdict"
    ITEMS_WAITING = "ItemsWaiting"
    HOST_OUTAGE = "HostOutage"
    MESSAGES_FAILED = "MessagesFailed"
    ITEMS_DEAD_LETTERED = "ItemsDeadLettered"
    OWN_FAULTS = "OwnFaults"

    @property
    def unit(self) -> str:
        return "Seconds" if self is Metric.SECONDS_TO_VERDICT else "Count"


class Measures:
    """What one invocation has measured, added to by many threads. A count of zero is not published."""

    def __init__(self) -> None:
        self._values: dict[Metric, list[float]] = {}
        self._lock = threading.Lock()

    def count(self, metric: Metric, number: int = 1) -> None:
        """Add to a sum."""
        if number:
            with self._lock:
                self._values[metric] = [sum(self._values.get(metric, [])) + number]

    def observe(self, metric: Metric, value: float) -> None:
        """Add one value of many, of which CloudWatch makes percentiles."""
        with self._lock:
            self._values.setdefault(metric, []).append(value)

    def publish(self, dimensions: Mapping[str, str]) -> None:
        """Write what was measured to standard output, in CloudWatch's embedded format; nothing, where that is all."""
        metrics = EphemeralMetrics(service="")  # a dimension less
        metrics.set_default_dimensions(**dimensions)
        for metric, values in self._values.items():
            for value in values:
                metrics.add_metric(metric, metric.unit, value)
        if self._values:
            metrics.flush_metrics()


@contextmanager
def published(dimensions: Mapping[str, str]) -> Iterator[Measures]:
    """Measures that are published at the end of the block, also when it fails."""
    measures = Measures()
    try:
        yield measures
    finally:
        measures.publish(dimensions)


def handler_logger() -> Logger:
    """A structured logger; service and level come from the environment. Events are never logged: they may hold keys."""
    logger = Logger(utc=True, use_rfc3339=True)
    logging.getLogger("batch_import")
    utils.copy_config_to_registered_loggers(source_logger=logger, include={"batch_import"})
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
    return logger
