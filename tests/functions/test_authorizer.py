"""The authorizer handler: bearer tokens with roles; only their hashes are known (docs/design.md#31-routes)."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from batch_import.aws.retries import seconds_to_end
from batch_import.bootstrap import CompositionRoot, bootstrap
from batch_import.domain.errors import Forbidden
from batch_import.domain.tokens import MalformedTokens, digest_of
from batch_import.http_api.authorization import authorize, demand_operator

from tests.support.aws import OPERATOR, VIEWER, Aws
from tests.support.pump import Context, handler_of

EVENT = json.loads((Path(__file__).parents[2] / "events" / "authorizer.json").read_text())
EXAMPLE = EVENT["authorizationToken"].removeprefix("Bearer ")


TOKENS: dict[str, Any] = {
    "operator": {"alice": digest_of(OPERATOR), "example": digest_of(EXAMPLE)},
    "viewer": {"bob": digest_of(VIEWER)},
}


def asked(token: Any) -> dict[str, Any] | None:
    return authorize({**EVENT, "authorizationToken": token}, TOKENS)


@pytest.mark.parametrize(
    ("header", "role"),
    [
        (f"Bearer {OPERATOR}", "operator"),
        (f"Bearer {VIEWER}", "viewer"),
        (f"bearer {VIEWER}", "viewer"),
        (f"Bearer {EXAMPLE}", "operator"),
    ],
)
def test_a_known_token_gets_its_role_for_the_whole_stage(header: str, role: str) -> None:
    policy = asked(header)
    assert policy is not None
    assert policy["context"] == {"role": role}
    assert policy["principalId"] == {"operator": "alice", "viewer": "bob"}[role] or header.endswith(EXAMPLE)
    [statement] = policy["policyDocument"]["Statement"]
    assert statement == {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/v1/*",
    }
    assert header.split()[1] not in json.dumps(policy)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {OPERATOR}",
        OPERATOR,
        f"Bearer  {OPERATOR}",
        f"Bearer {OPERATOR} ",
        f"Bearer {OPERATOR}\n",
        f"Bearer {OPERATOR}x",
        f"Bearer {OPERATOR.upper()}",
        f"Bearer {digest_of(OPERATOR)}",
        "Bearer " + "x" * 257,
        "Bearer schlüssel",
        None,
        7,
    ],
)
def test_anything_else_gets_nothing(header: Any) -> None:
    assert asked(header) is None


def test_without_a_header_and_without_hashes_there_is_nothing() -> None:
    assert authorize({"methodArn": EVENT["methodArn"]}, TOKENS) is None
    assert authorize(EVENT, {}) is None


@pytest.mark.parametrize(
    "secret",
    [
        {"value": "not JSON"},
        {**TOKENS, "admin": {}},
        {"operator": [digest_of(OPERATOR)]},
        {"operator": digest_of(OPERATOR)},
        {"operator": {"alice": OPERATOR}},
        {"operator": {"alice": digest_of(OPERATOR).upper()}},
        {"operator": {"alice": None}},
        {"operator": {"alice": {"digest": digest_of(OPERATOR)}}},
        {"operator": {"": digest_of(OPERATOR)}},
        {"operator": {"alice\u202e": digest_of(OPERATOR)}},
        {"operator": {"alice": digest_of(OPERATOR)}, "viewer": {"alice": digest_of(VIEWER)}},
    ],
)
def test_a_malformed_secret_lets_nobody_in_and_its_error_repeats_nothing_of_it(secret: Any) -> None:
    with pytest.raises(MalformedTokens) as caught:
        authorize({**EVENT, "authorizationToken": f"Bearer {OPERATOR}"}, secret)
    assert OPERATOR not in str(caught.value)
    assert digest_of(OPERATOR) not in str(caught.value)


@pytest.mark.parametrize("role", ["viewer", "", None, "Operator"])
def test_only_an_operator_may_write(role: str | None) -> None:
    with pytest.raises(Forbidden):
        demand_operator(role)


def test_the_door_admits_the_token_of_its_event_once_it_is_known(aws: Aws) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        handler_of("authorizer")(EVENT, Context())
    boto3.client("secretsmanager").put_secret_value(SecretId="tokens", SecretString=json.dumps(TOKENS))
    bootstrap.cache_clear()
    assert handler_of("authorizer")(EVENT, Context())["context"] == {"role": "operator"}


def test_a_secret_that_is_slow_to_come_ends_before_the_function(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []

    def tokens(_: Any) -> dict[str, Any]:
        left.append(seconds_to_end())
        return TOKENS

    monkeypatch.setattr(CompositionRoot, "tokens", tokens)
    context = Context()
    handler_of("authorizer")({**EVENT, "authorizationToken": f"Bearer {VIEWER}"}, context)
    [seconds] = left
    assert 0 < seconds <= context.get_remaining_time_in_millis() / 1000 - 1
