"""The authorizer handler: bearer tokens with roles; only their hashes are known (docs/design.md#31-routes)."""

import hashlib
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from batch_import.bootstrap import bootstrap
from batch_import.domain.errors import Forbidden
from batch_import.http_api.authorization import authorize, demand_operator

from tests.support.aws import OPERATOR, VIEWER, Aws
from tests.support.pump import Context, handler_of

EVENT = json.loads((Path(__file__).parents[2] / "events" / "authorizer.json").read_text())
EXAMPLE = EVENT["authorizationToken"].removeprefix("Bearer ")


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


HASHES = {"operator": [digest(OPERATOR), digest(EXAMPLE)], "viewer": [digest(VIEWER)]}


def asked(token: Any) -> dict[str, Any] | None:
    return authorize({**EVENT, "authorizationToken": token}, HASHES)


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
        f"Bearer {digest(OPERATOR)}",
        "Bearer " + "x" * 257,
        "Bearer schlüssel",
        None,
        7,
    ],
)
def test_anything_else_gets_nothing(header: Any) -> None:
    assert asked(header) is None


def test_without_a_header_and_without_hashes_there_is_nothing() -> None:
    assert authorize({"methodArn": EVENT["methodArn"]}, HASHES) is None
    assert authorize(EVENT, {}) is None


@pytest.mark.parametrize("role", ["viewer", "", None, "Operator"])
def test_only_an_operator_may_write(role: str | None) -> None:
    with pytest.raises(Forbidden):
        demand_operator(role)


def test_the_door_admits_the_token_of_its_event_once_it_is_known(aws: Aws) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        handler_of("authorizer")(EVENT, Context())
    boto3.client("secretsmanager").put_secret_value(SecretId="tokens", SecretString=json.dumps(HASHES))
    bootstrap.cache_clear()
    assert handler_of("authorizer")(EVENT, Context())["context"] == {"role": "operator"}
