"""The local event source mapping: queues → handlers, on a clock that only moves when nothing else can happen."""

import importlib
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import time_machine
from moto.core.utils import unix_time_millis

from tests.support.moto_shortcuts import queue_in_moto

STAGES = (
    ("IMPORT_QUEUE_URL", "provision"),
    ("CONFIRM_QUEUE_URL", "confirmation"),
    ("VALIDATE_QUEUE_URL", "validation"),
)


class Context:
    """A Lambda context with all the time in the world."""

    function_name = "test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:test"

    def __init__(self, request_id: str = "request-1", milliseconds: int = 140_000) -> None:
        self.aws_request_id = request_id
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def handler_of(name: str) -> Callable[[dict[str, Any], Any], Any]:
    return importlib.import_module(f"functions.{name}.app").handler


def sqs_event(messages: list[dict[str, Any]], queue: str) -> dict[str, Any]:
    records = [
        {
            "messageId": m["MessageId"],
            "receiptHandle": m["ReceiptHandle"],
            "body": m["Body"],
            "attributes": m["Attributes"],
            "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{queue}",
        }
        for m in messages
    ]
    return {"Records": records}


class Pump:
    """``deliver`` hands one batch of each queue to its handler; ``run`` goes on until everything is quiet."""

    def __init__(self, environment: dict[str, str], traveller: time_machine.Traveller) -> None:
        self._queues = [(environment[variable], name) for variable, name in STAGES]
        self._traveller = traveller
        self._sqs = boto3.client("sqs")
        self._invocations = 0
        self.delivered: list[tuple[str, str]] = []

    def deliver(self, only: str | None = None) -> int:
        return sum(self._one(url, name) for url, name in self._queues if only in (None, name))

    def run(self, horizon: timedelta = timedelta(hours=1), step: float = 1.0) -> None:
        """Moves the clock by steps of ``step`` seconds to the next message; ends when queues hold nothing at all."""
        waited = 0.0
        while waited < horizon.total_seconds():
            if self.deliver():
                continue
            if self.is_empty():
                return
            steps = max(1, math.ceil(self._seconds_to_next() / step - 1e-6)) * step
            self._traveller.shift(steps)
            waited += steps
        raise AssertionError("the queues never became empty")

    def is_empty(self) -> bool:
        """No queue holds a message, visible or not."""
        return not self._held()

    def _held(self) -> list[Any]:
        return [message for url, _ in self._queues for message in queue_in_moto(url)._messages]

    def _seconds_to_next(self) -> float:
        """Until a message of any queue can be received."""
        now = unix_time_millis()
        return min(max(one.visible_at, one.delayed_until) - now for one in self._held()) / 1000

    def _one(self, url: str, name: str) -> int:
        if not queue_in_moto(url).messages:
            return 0  # without asking by boto3, which takes longer than most steps of a test
        answer = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
        messages = answer.get("Messages", [])
        if not messages:
            return 0
        self._invocations += 1
        self.delivered += [(name, m["Body"]) for m in messages]
        response = handler_of(name)(sqs_event(messages, name), Context(f"request-{self._invocations}"))
        failed = {entry["itemIdentifier"] for entry in response["batchItemFailures"]}
        for message in messages:
            if message["MessageId"] not in failed:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)
