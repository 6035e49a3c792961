"""Each event of an item's history is a sentence in both languages."""

import re
from typing import Any

import pytest
from batch_import.domain.event_texts import event_text
from batch_import.domain.types import EventType

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("kind", EventType)
def test_every_event_has_a_sentence_in_both_languages(kind: EventType) -> None:
    zh, en = (event_text(kind, {}, language) for language in ("zh", "en"))
    assert CHINESE.search(zh)
    assert not CHINESE.search(en)
    assert en[0].isupper() or en.startswith("sub2api")


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        (EventType.RETRY_SCHEDULED, {"code": "rate_limited", "delay_ms": 500}, "0.5 s"),
        (
            EventType.RETRY_SCHEDULED,
            {"code": "unreachable", "delay_ms": 8000},
            "Could not connect. It is tried again in 8 s",
        ),
        (EventType.RETRY_SCHEDULED, {"code": "unreachable", "delay_ms": 2480}, "in 2 s"),
        (EventType.STAGE_FAILED, {"code": "unreachable"}, "Could not connect"),
        (EventType.STAGE_FAILED, {"code": "of a later version"}, "This step failed"),
        (EventType.ADVISORY_RECORDED, {"code": "join_group_unknown", "name": "pool"}, "sub2api has no group pool"),
        (EventType.REUSE_DECIDED, {"resolution": None}, "The account is left as it is"),
        (EventType.REUSE_DECIDED, {"resolution": "reused"}, "sub2api has this account already: it is used"),
        (
            EventType.ACCOUNT_CHANGED,
            {
                "account_id": 7,
                "terms": {
                    "priority": [50, 30],
                    "rate_multiplier": [1.0, 0.75],
                    "upstream_billing_probe_enabled": [False, True],
                },
            },
            "Account #7 was changed: priority 50 → 30, rate_multiplier 1 → 0.75, "
            "upstream_billing_probe_enabled false → true",
        ),
        (EventType.ACCOUNT_CREATED, {"account_id": 7}, "Account #7 was made"),
        (EventType.ACCESS_DECIDED, {"access_status": "active", "code": None}, "Customers reach it"),
    ],
)
def test_the_payload_says_more(kind: EventType, payload: dict[str, Any], said: str) -> None:
    assert said in event_text(kind, payload, "en")
