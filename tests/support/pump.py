"""The local event source mapping: queues → handlers, on a clock that only moves when nothing else can happen."""

import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import time_machine

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
        """Moves the clock by ``step`` seconds whenever nothing is visible; ends when queues hold nothing at all."""
        waited = timedelta()
        while waited < horizon:
            if self.deliver():
                continue
            if self.is_empty():
                return
            self._traveller.shift(step)
            waited += timedelta(seconds=step)
        raise AssertionError("the queues never became empty")

    def is_empty(self) -> bool:
        """No queue holds a message, visible or not."""
        return not any(self._held(url) for url, _ in self._queues)

    def _one(self, url: str, name: str) -> int:
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

    def _held(self, url: str) -> int:
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ]
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)
