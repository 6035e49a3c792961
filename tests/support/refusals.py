"""Answers with which DynamoDB refuses a call."""

from typing import Any

from botocore.exceptions import ClientError


def cancelled(*codes: str) -> ClientError:
    """A transaction, with a reason for each of its parts."""
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    return ClientError(answer, "TransactWriteItems")


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "TransactWriteItems")
