"""Which GETs a relay is asked for its balance, and what it then says, over real HTTP."""

from collections.abc import Callable, Iterator

import pytest
from batch_import.domain.answers import Answer
from batch_import.domain.billing import Billing, BillingSource
from batch_import.domain.politeness import BILLING_REQUESTS
from batch_import.domain.types import AuthStyle
from batch_import.probe.billing import read_billing
from batch_import.probe.discovery import ProviderModels, provider_models
from batch_import.probe.relay import Relay

import sandbox
from sandbox.relays import answers
from sandbox.relays.billing_profiles import NewApi
from tests.unit.probe.servers import fixed, serving

KEY = "sk-test-0000000000000001"


@pytest.fixture(scope="module")
def box() -> Iterator[sandbox.Box]:
    with sandbox.running() as box:
        yield box


def declared(relay_with: Callable[..., Relay], base_url: str) -> tuple[Billing | None, int]:
    """What is read, and how many requests that took beside the list."""
    on_the_side = relay_with(KEY, BILLING_REQUESTS)
    found = read_billing(on_the_side, provider_models(relay_with(KEY), base_url))
    return found, BILLING_REQUESTS - on_the_side.requests_left


@pytest.mark.parametrize(
    ("profile", "requests", "expected"),
    [
        ("sub2api", 2, Billing(balance=4, currency="USD", multiplier=1.5, source=BillingSource.SUB2API)),
        ("new_api", 2, Billing(balance=4, currency="USD", key_quota=6.5, key_used=2.5, source=BillingSource.NEW_API)),
        ("new_api_own_points", 2, Billing(balance=4, currency="USD", key_quota=6.5, key_used=2.5,
                                          source=BillingSource.NEW_API)),
        ("one_api", 2, Billing(balance=4, currency="USD", key_quota=6.5, key_used=2.5,
                               source=BillingSource.OPENAI_DASHBOARD)),
        ("unlimited_key", 2, Billing(currency="USD", key_used=2.5, source=BillingSource.OPENAI_DASHBOARD)),
        ("hostile_billing", 2, Billing(source=BillingSource.SUB2API)),
        ("aiproxy", 1, None),
        ("healthy", 1, None),
    ],
)  # fmt: skip
def test_each_software_is_asked_in_its_own_way(
    box: sandbox.Box, relay_with: Callable[..., Relay], profile: str, requests: int, expected: Billing | None
) -> None:
    assert declared(relay_with, box.relay(profile, "a", balance=4, rate=1.5)) == (expected, requests)


def test_points_are_no_dollars_where_new_api_refuses_to_tell_their_worth(
    box: sandbox.Box, relay_with: Callable[..., Relay], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = NewApi.told
    refused = answers.error(429, "too many requests")
    monkeypatch.setattr(NewApi, "told", lambda self, call: refused if "status" in call.endpoint else told(self, call))
    unknown, nothing = (
        Billing(source=BillingSource.NEW_API),
        Billing(balance=0, currency="USD", source=BillingSource.NEW_API),
    )
    assert declared(relay_with, box.relay("new_api", "b", balance=4)) == (unknown, 2)
    assert declared(relay_with, box.relay("new_api", "c", balance=0)) == (nothing, 2)


@pytest.mark.parametrize("profile", ["sub2api", "new_api", "one_api"])
def test_an_expired_key_is_read_as_such(box: sandbox.Box, relay_with: Callable[..., Relay], profile: str) -> None:
    found, _ = declared(relay_with, box.relay(profile, "a", expired=1))
    assert found is not None
    assert found.expires_at == "2023-11-14T22:13:20.000+00:00"


@pytest.mark.parametrize(
    "root",
    [
        "https://api.openai.com/v1",
        "https://api.anthropic.com/v1",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "https://api.x.ai/v1",
        "https://x.ai/v1",
        "https://api.deepseek.com",
        "https://api.moonshot.cn/v1",
        "https://api.moonshot.ai/v1",
        "https://open.bigmodel.cn/api/paas/v4",
        "https://api.z.ai/api/paas/v4",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "https://ark.cn-beijing.volces.com/api/v3",
        "https://api.mistral.ai/v1",
        "https://ours.openai.azure.com/openai/v1",
        "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1",
        "https://api.groq.com/openai/v1",
    ],
)
def test_makers_of_models_are_not_asked(relay_with: Callable[..., Relay], root: str) -> None:
    relay = relay_with(KEY, BILLING_REQUESTS)
    assert read_billing(relay, ProviderModels(None, root, AuthStyle.BEARER, ("gpt-5",))) is None
    assert relay.requests_left == BILLING_REQUESTS


@pytest.mark.parametrize("root", ["https://relay.example/proxy/pool/v1", "https://relay.example/proxy/pool"])
def test_a_pool_of_gpt_load_is_not_asked(relay_with: Callable[..., Relay], root: str) -> None:
    """Each request takes another of its keys."""
    relay = relay_with(KEY, BILLING_REQUESTS)
    assert read_billing(relay, ProviderModels(None, root, AuthStyle.BEARER, ("gpt-5",))) is None
    assert relay.requests_left == BILLING_REQUESTS


def test_a_relay_that_speaks_only_geminis_protocol_is_not_asked(relay_with: Callable[..., Relay]) -> None:
    relay = relay_with(KEY, BILLING_REQUESTS)
    found = ProviderModels(None, "https://relay.example", AuthStyle.BEARER, ("gemini-2.5-pro",), gemini=True)
    assert read_billing(relay, found) is None
    assert relay.requests_left == BILLING_REQUESTS


@pytest.mark.parametrize("listed", [Answer(), Answer(200, "{}", headers={"x-new-api-version": "v0.9"})])
@pytest.mark.parametrize(
    ("status", "error"),
    [("500 Internal Server Error", ""), ("200 OK", '"error": {"message": "no"}, '), ("404 Not Found", "")],
)
def test_an_error_declares_nothing(relay_with: Callable[..., Relay], status: str, error: str, listed: Answer) -> None:
    body = f'{{{error}"object": "billing_subscription", "soft_limit_usd": 0, "hard_limit_usd": 0, "total_usage": 0}}'
    with serving(fixed(status, body.encode(), "Content-Type: application/json")) as served:
        relay = relay_with(KEY, BILLING_REQUESTS)
        assert (
            read_billing(relay, ProviderModels(None, served.url, AuthStyle.BEARER, ("gpt-5",), answer=listed)) is None
        )


def test_the_dashboard_of_new_api_may_count_in_another_currency(relay_with: Callable[..., Relay]) -> None:
    """It shows yuan or points where its operator wants that; its own route, which counts in points, refused."""
    listed = Answer(200, '{"data": []}', headers={"x-new-api-version": "v0.9"})
    body = b'{"object": "billing_subscription", "soft_limit_usd": 73.5, "hard_limit_usd": 73.5, "total_usage": 0}'
    with serving(fixed("200 OK", body, "Content-Type: application/json")) as served:
        relay = relay_with(KEY, BILLING_REQUESTS + 1)
        found = read_billing(relay, ProviderModels(None, served.url, AuthStyle.BEARER, ("gpt-5",), answer=listed))
    assert found == Billing(balance=73.5, key_quota=73.5, key_used=0, source=BillingSource.OPENAI_DASHBOARD)


def test_a_redirect_is_not_followed(relay_with: Callable[..., Relay]) -> None:
    with serving(fixed("302 Found", b"", "Location: http://127.0.0.1:1/elsewhere")) as served:
        relay = relay_with(KEY, BILLING_REQUESTS)
        assert read_billing(relay, ProviderModels(None, served.url, AuthStyle.BEARER, ("gpt-5",))) is None
        assert len(served.heads) == 1


def test_a_huge_answer_is_none(relay_with: Callable[..., Relay]) -> None:
    body = b'{"hard_limit_usd": 0, "more": "' + b"x" * 300_000 + b'"}'
    with serving(fixed("200 OK", body, "Content-Type: application/json")) as served:
        relay = relay_with(KEY, BILLING_REQUESTS)
        assert read_billing(relay, ProviderModels(None, served.url, AuthStyle.BEARER, ("gpt-5",))) is None
