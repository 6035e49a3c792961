"""Work queues: messages name items, the rows decide. No key, no verdict, no text ever travels in them.

See docs/design.md#24-confirm.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from batch_import.aws.retries import OutOfTime, Patience

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

ITEMS_PER_MESSAGE = 20
MESSAGES_TOGETHER = 10  # as many as SQS takes, and gives to one invocation, at once
MAX_DELAY_SECONDS = 900


class Work(NamedTuple):
    """One message's body."""

    run_id: str
    items: tuple[str, ...] = ()
    expand: bool = False
    undo: bool = False
    compare_from: int | None = None  # the position of the first item

    @property
    def of_whole_run(self) -> bool:
        return self.expand or self.undo or self.compare_from is not None

    def body(self) -> str:
        fields: dict[str, object] = {"run_id": self.run_id}
        if self.compare_from is not None:
            fields["compare_from"] = self.compare_from
        elif self.of_whole_run:
            fields |= {"expand": True} if self.expand else {"undo": True}
        else:
            fields["items"] = list(self.items)
        return json.dumps(fields)

    @classmethod
    def parse(cls, body: str) -> "Work":
        """Raises ``ValueError`` for anything that this service did not send."""
        fields = json.loads(body)
        items = fields.get("items", [])
        if not isinstance(fields.get("run_id"), str) or not all(isinstance(item, str) for item in items):
            raise ValueError("not a work message")
        # An item of which two messages came together is handed on twice in one: a table reads no key twice.
        each, start = tuple(dict.fromkeys(items)), fields.get("compare_from")
        return cls(
            fields["run_id"],
            each,
            bool(fields.get("expand")),
            bool(fields.get("undo")),
            None if start is None else int(start),
        )


class WorkQueue:
    """One SQS queue. ``client`` is shared by all threads."""

    def __init__(self, client: "SQSClient", url: str, patience: Patience) -> None:
        self._client = client
        self._url = url
        self._patience = patience

    def send_items(
        self, run_id: str, item_ids: Sequence[str], delay: float = 0, per_message: int = ITEMS_PER_MESSAGE
    ) -> None:
        """Queue items in messages of up to twenty; waits longer than 900 s are cut: the row's due date rules.

        See docs/design.md#24-confirm.
        """
        groups = [tuple(item_ids[at : at + per_message]) for at in range(0, len(item_ids), per_message)]
        self.send((Work(run_id, group) for group in groups), delay)

    def send(self, works: Iterable[Work], delay: float = 0) -> None:
        """Send all: what SQS did not take is sent again, at least once and as long as there is time; then it raises
        ``OutOfTime``.
        """
        bodies = [work.body() for work in works]
        for at in range(0, len(bodies), MESSAGES_TOGETHER):
            self._send_batch(bodies[at : at + MESSAGES_TOGETHER], min(int(-(-delay // 1)), MAX_DELAY_SECONDS))

    def _send_batch(self, bodies: list[str], delay: int) -> None:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(n), "MessageBody": body, "DelaySeconds": delay} for n, body in enumerate(bodies)
        ]
        for tries in count(1):
            failed = {
                f["Id"] for f in self._client.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed", [])
            }
            entries = [entry for entry in entries if entry["Id"] in failed]
            if not entries:
                return
            if not self._patience.wait(tries) and tries > 1:
                raise OutOfTime(f"{len(entries)} messages were not accepted by the queue")

    def lease_for(self, receipt_handles: Sequence[str], seconds: int) -> None:
        """Shorten or extend the visibility of received messages: the lease that SQS keeps.

        See docs/design.md#24-confirm.
        """
        for at in range(0, len(receipt_handles), MESSAGES_TOGETHER):
            entries = [
                {"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for n, handle in enumerate(receipt_handles[at : at + MESSAGES_TOGETHER])
            ]
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
