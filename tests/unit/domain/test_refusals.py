"""What refusals speak of, by the words of relays, gateways and providers in several languages."""

import json
from typing import Any

import pytest
from batch_import.domain.answers import Answer
from batch_import.domain.capability import Protocol, judge
from batch_import.domain.refusals import Refusal, refusals, refused_instead, speaks_of_key, speaks_of_money
from hypothesis import given
from hypothesis import strategies as st

from tests.relay_cases import HERE

SAMPLES = [json.loads(line) for line in (HERE / "refusals.jsonl").read_text("utf-8").splitlines()]


def answer(status: int, body: object, headers: dict[str, str]) -> Answer:
    if not isinstance(body, str):
        return Answer(status, json.dumps(body, ensure_ascii=False), "application/json", headers)
    return Answer(status, body, "text/html" if body.startswith("<") else "text/plain", headers)


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{at}-{s['source']}" for at, s in enumerate(SAMPLES)])
def test_a_known_refusal_is_judged_by_what_it_says(sample: dict[str, Any]) -> None:
    told = answer(sample["status"], sample["body"], sample.get("headers", {}))
    protocol = Protocol(sample.get("protocol", Protocol.CHAT))
    assert judge(told, protocol, sample.get("model", "")) == sample["verdict"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("model_not_found", Refusal.MODEL),
        ("ModelNotFound", Refusal.MODEL),
        ("Das Modell ist nicht verfügbar", Refusal.MODEL),
        ("invalid_api_key", Refusal.KEY),
        ("您的key无效", Refusal.KEY),
        ("Guthaben aufgebraucht", Refusal.MONEY),
        ("本周额度已用尽", Refusal.WINDOW),
        ("Region not allowed", Refusal.PLACE),
        ("Only Claude Code requests are accepted", Refusal.CLIENT),
        ("all upstreams failed", Refusal.UPSTREAM),
    ],
)
def test_codes_and_sentences_are_read_alike(words: str, kind: Refusal) -> None:
    assert kind in refusals(words)


def test_the_model_asked_for_is_a_model() -> None:
    assert Refusal.MODEL in refusals("No endpoints for acme/x-1 found, acme/x-1 does not exist", "acme/x-1")
    assert Refusal.MODEL not in refusals("acme/x-1 does not exist")


def test_advice_is_no_refusal() -> None:
    assert not speaks_of_key("The model is overloaded. Please check that your API key is not disabled.")
    assert not speaks_of_money("The model does not exist. See https://relay.invalid/no-balance for your credits.")


@pytest.mark.parametrize(
    ("reply", "refused"),
    [
        ("Your quota is used up, please top up.", True),
        ("ok. Your quota is used up, please top up.", False),
        ("Hello from relay rate_limited/alpha", False),
        ("As an AI model I have no API key.", False),
        ("本站已搬家，新地址 https://relay.invalid 欢迎使用", True),
        ("欢迎使用本站，加QQ群 123456 领取福利。" * 20, True),
        ("ok, see https://relay.invalid", False),
    ],
)
def test_a_reply_that_refuses_is_no_answer(reply: str, refused: bool) -> None:
    assert bool(refused_instead(reply)) is refused


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_words_can_be_read(words: str, model: str) -> None:
    assert set(refusals(words, model)) <= set(Refusal)
