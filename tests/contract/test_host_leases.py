"""Leases of a host are its own, however its address is written, and those of another host are not."""

import hashlib

import boto3
import pytest
from batch_import.bootstrap import bootstrap
from batch_import.host.errors import HostNotConfigured

from tests.support.aws import Aws

PLAIN = "https://sub2api.example.com/panel"


def lease(aws: Aws, base_url: str, owner: str) -> bool:
    """Take the provider's lease of the host at ``base_url``, in a process of its own."""
    aws.put_host(base_url, "admin-test-key")
    bootstrap.cache_clear()
    return bootstrap().host.leases.acquire("provider", "relay-0000", owner, 60.0)


@pytest.mark.parametrize(
    "spelling",
    [
        f" {PLAIN}/ ",
        "HTTPS://Sub2API.Example.COM/panel",
        "https://sub2api.example.com:443/panel//",
        "https://sub2api.example.com./panel",
        "https://someone:secret@sub2api.example.com/panel?x=1#y",
    ],
)
def test_another_spelling_of_the_hosts_address_has_the_same_leases(aws: Aws, spelling: str) -> None:
    assert lease(aws, PLAIN, "one")
    assert not lease(aws, spelling, "another")


@pytest.mark.parametrize(
    "other",
    [
        "http://sub2api.example.com/panel",
        "https://sub2api.example.com",
        "https://sub2api.example.com/Panel",
        "https://sub2api.example.com:8443/panel",
        "https://other.example.com/panel",
    ],
)
def test_another_host_has_leases_of_its_own(aws: Aws, other: str) -> None:
    assert lease(aws, PLAIN, "one")
    assert lease(aws, other, "another")


@pytest.mark.parametrize("plain", [PLAIN, "http://127.0.0.1:8080", "https://[::1]:8443"])
def test_a_plain_address_keeps_the_leases_that_it_had(aws: Aws, plain: str) -> None:
    """An upgrade finds the keys and groups that were made before."""
    assert lease(aws, plain, "one")
    rows = boto3.client("dynamodb").scan(TableName=aws.environment["RUNS_TABLE"])["Items"]
    scope = hashlib.sha256(plain.encode()).hexdigest()[:8]
    assert [row["pk"]["S"] for row in rows] == [f"lease#{scope}#provider#relay-0000"]


def test_a_text_that_is_no_address_is_a_host_that_is_not_configured(aws: Aws) -> None:
    with pytest.raises(HostNotConfigured):
        lease(aws, "sub2api.example.com", "one")
