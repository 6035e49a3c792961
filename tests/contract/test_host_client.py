"""HostClient and HostChecks against the sandbox's host, or against a real one when HOST_URL and HOST_ADMIN_KEY are set.

The relays are the sandbox's in both cases. What needs a fault on demand runs against the sandbox alone.
"""

import os
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

import pytest
from batch_import.domain.account import DesiredAccount, account_settings
from batch_import.domain.clock import SYSTEM_CLOCK, Clock
from batch_import.domain.gateway import Proof, judge_completion
from batch_import.domain.types import AuthStyle, Platform
from batch_import.host.accounts import existing_account, new_account
from batch_import.host.checks import HostChecks
from batch_import.host.client import HostClient, Json
from batch_import.host.errors import (
    HostError,
    HostGated,
    HostRefusesCredentials,
    HostRejected,
    HostUnavailable,
    HostUncertain,
)
from batch_import.host.transport import HostTransport

import sandbox
from tests.support.clock import HandClock

REAL_URL, REAL_KEY = os.environ.get("HOST_URL", ""), os.environ.get("HOST_ADMIN_KEY", "")
DIGEST = "d" * 64
KEY = "sk-test-0000000000000001"
MODE = "force_chat_completions"
HOSTS = ["real"] if REAL_URL and REAL_KEY else ["0.1.179", "0.1.130"]


class Connected(NamedTuple):
    """A host, our calls to it, relays that it can reach, and a word that makes names unique in a host that is kept."""

    url: str
    client: HostClient
    prover: HostChecks
    box: Any
    word: str

    def name(self, text: str) -> str:
        return f"{text}-{self.word}"

    def relay(self, profile: str) -> str:
        return str(self.box.relay(profile, self.word))

    def model(self, profile: str) -> str:
        return str(self.box.relays.relay(profile, self.word).listed[0])

    def group(self, text: str = "g") -> int:
        return int(self.client.ensure_private_group(self.name(text), "test")[0]["id"])

    def account(self, profile: str, group: int, *, key: str = KEY) -> int:
        model = self.model(profile)
        body = self.new_account("provider", profile, {"alias": model, model: model}, group, key)
        return int(self.client.create_account(body, self.name(f"key-{uuid.uuid4().hex[:6]}"))["id"])

    def new_account(self, name: str, profile: str, mapping: dict[str, str], group: int, key: str = KEY) -> Json:
        settings = account_settings(Platform.OPENAI, AuthStyle.BEARER, MODE, key)
        wanted = DesiredAccount(self.name(name), DIGEST, self.relay(profile), mapping)
        return new_account(wanted, self.relay(profile), key, settings, group)

    def held(self, account_id: int) -> Any:
        row = self.client.account(account_id)
        assert row is not None
        return existing_account(row)

    def gateway_key(self, group: int) -> tuple[int, str]:
        """A key of a probe user with money, bound to ``group``."""
        email, password = f"probe-{self.word}@example.com", "ProbePass-123456"
        user = self.client.ensure_user(email, password, 50)
        self.client.set_balance(int(user["id"]), 1000)
        value = f"sk-bi-{self.word}-{group:012d}"
        made = self.client.create_key(self.client.login(email, password), f"k-{group}", value)
        self.client.rebind_key(int(made["id"]), group)
        return int(made["id"]), value

    def complete(self, key: str, model: str = "alias") -> Any:
        """Joining a group may take a second: 503 is asked again."""
        deadline = time.monotonic() + 5
        while True:
            answer = self.prover.complete(key, model, f"req-{uuid.uuid4().hex[:8]}")
            decision = judge_completion(answer)
            if decision.proof is not Proof.JOINING or time.monotonic() > deadline:
                return decision
            time.sleep(0.1)


def connected(box: Any, url: str, key: str, clock: Clock = SYSTEM_CLOCK) -> Iterator[Connected]:
    with closing(HostTransport(url, key, clock=clock)) as transport:
        yield Connected(url, HostClient(transport), HostChecks(transport), box, uuid.uuid4().hex[:8])


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[Connected]:
    version = "0.1.179" if request.param == "real" else request.param
    with sandbox.running(host_version=version, join_delay=(0, 0)) as box:
        real = request.param == "real"
        yield from connected(box, REAL_URL if real else box.host_url, REAL_KEY if real else box.admin_key)


@pytest.fixture
def sandboxed(box: Any) -> Iterator[Connected]:
    """The sandbox alone, for faults on demand; pauses between tries take no time."""
    yield from connected(box, box.host_url, box.admin_key, HandClock().clock)


# --- groups and channels


def test_the_version_is_known(host: Connected) -> None:
    assert host.client.version().startswith("0.1.")


def test_a_private_group_is_made_once_and_is_private(host: Connected) -> None:
    first, made = host.client.ensure_private_group(host.name("g"), "test")
    again, made_again = host.client.ensure_private_group(host.name("g"), "another text")
    assert (made, made_again, first["id"]) == (True, False, again["id"])
    assert (first["is_exclusive"], first["subscription_type"], first["platform"]) == (True, "standard", "openai")


def test_names_that_contain_each_other_are_told_apart(host: Connected) -> None:
    longer = host.group("g-longer")
    assert host.client.group_named(host.name("g")) is None
    found = host.client.group_named(host.name("g-longer"))
    assert found is not None
    assert found["id"] == longer


def test_two_who_make_the_same_group_get_the_same_one(host: Connected) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: host.client.ensure_private_group(host.name("race"), ""), range(4)))
    assert len({group["id"] for group, _ in made}) == 1
    assert sum(first for _, first in made) == 1


@pytest.mark.parametrize("platform", Platform)
def test_a_private_group_is_of_the_platform_asked_for_and_found_by_its_name(
    host: Connected, platform: Platform
) -> None:
    name = host.name(f"g-{platform}")
    made, _ = host.client.ensure_private_group(name, "test", platform)
    again, made_again = host.client.ensure_private_group(name, "test", platform, likely=False)
    assert (made["platform"], made["id"], made_again) == (platform.value, again["id"], False)


def test_groups_hold_inactive_ones_and_those_of_all_platforms(host: Connected) -> None:
    active, inactive = host.group("on"), host.group("off")
    other, _ = host.client.ensure_private_group(host.name("other"), "test", Platform.ANTHROPIC)
    host.client.update_group(host.client.group(inactive), {"status": "inactive"})
    groups = {group["id"]: group for group in host.client.groups()}
    assert groups[active]["status"] == "active"
    assert groups[inactive]["status"] == "inactive"
    assert groups[other["id"]]["platform"] == "anthropic"


def test_an_update_of_a_group_keeps_its_limits(host: Connected) -> None:
    group = host.client.group(host.group())
    host.client.update_group(group, {"daily_limit_usd": 5, "monthly_limit_usd": 50})
    host.client.update_group(host.client.group(group["id"]), {"is_exclusive": False})
    now = host.client.group(group["id"])
    assert [now[name] for name in ("daily_limit_usd", "weekly_limit_usd", "monthly_limit_usd")] == [5, None, 50]
    assert now["is_exclusive"] is False


def test_a_channel_is_made_once_for_its_group(host: Connected) -> None:
    group = host.group()
    first, made = host.client.ensure_channel(host.name("c"), "a test", group)
    again, made_again = host.client.ensure_channel(host.name("c"), "a test", group)
    assert (made, made_again, first["id"], first["group_ids"]) == (True, False, again["id"], [group])


# --- accounts


def test_an_account_is_born_marked_in_its_group_and_is_found_by_its_name(host: Connected) -> None:
    group = host.group()
    number = host.account("healthy", group)
    account = host.held(number)
    assert (account.provider_id, account.digest, account.import_state) == (host.name("provider"), DIGEST, "unproven")
    assert (account.status, account.schedulable, account.group_ids) == ("active", True, (group,))
    assert [row["id"] for row in host.client.accounts(host.name("provider"))] == [number]
    assert [row["id"] for row in host.client.accounts(group_id=group)] == [number]
    assert number in [row["id"] for row in host.client.accounts_after(number - 1)]
    assert number not in [row["id"] for row in host.client.accounts_after(number)]
    assert KEY not in str(host.client.account(number))


def test_an_account_that_is_not_there_is_none(host: Connected) -> None:
    assert host.client.account(987_654) is None


def test_the_same_creation_under_one_key_is_one_account(host: Connected) -> None:
    model = host.model("healthy")
    body = host.new_account("p", "healthy", {model: model}, host.group())
    first, again = (host.client.create_account(body, host.name("once")) for _ in range(2))
    assert first["id"] == again["id"]
    assert len(list(host.client.accounts(host.name("p")))) == 1
    with pytest.raises(HostRejected) as refused:
        host.client.create_account({**body, "priority": 1}, host.name("once"))
    assert refused.value.status == 409


def test_a_patch_merges_marker_and_mapping_and_keeps_the_rest(host: Connected) -> None:
    group = host.group()
    number = host.account("healthy", group)
    before = host.held(number)
    host.client.bulk_update(number, extra={"import_state": "proven"}, credentials={"model_mapping": {"only": "m"}})
    after = host.held(number)
    assert (after.import_state, after.model_mapping) == ("proven", {"only": "m"})
    assert (after.provider_id, after.responses_mode, after.base_url) == (
        before.provider_id, before.responses_mode, before.base_url)  # fmt: skip
    assert after.group_ids == (group,)


def test_an_account_is_moved_switched_off_and_woken(host: Connected) -> None:
    one, other = host.group("one"), host.group("other")
    number = host.account("healthy", one)
    host.client.bulk_update(number, group_ids=[other])
    host.client.bulk_update(number, status="inactive", schedulable=False)
    off = host.held(number)
    assert (off.group_ids, off.status, off.schedulable) == ((other,), "inactive", False)
    host.client.recover_state(number)
    host.client.bulk_update(number, status="active", schedulable=True, group_ids=[one, other])
    on = host.held(number)
    assert (sorted(on.group_ids), on.status, on.schedulable) == (sorted([one, other]), "active", True)


def test_a_patch_of_an_account_that_is_not_there_proves_nothing(host: Connected) -> None:
    host.client.bulk_update(987_654, schedulable=True)
    assert host.client.account(987_654) is None


def test_an_expiry_date_can_be_taken_away_and_nothing_else_goes_with_it(host: Connected) -> None:
    number = host.account("healthy", host.group())
    past = int(time.time()) - 3600
    host.client.transport.write("PUT", f"/api/v1/admin/accounts/{number}", {"expires_at": past})
    assert host.held(number).expires_at is not None
    host.client.set_expiry(number, 0)
    account = host.held(number)
    assert (account.expires_at, account.import_state, account.responses_mode) == (None, "unproven", MODE)


def test_a_group_that_is_not_there_leaves_a_patch_without_effect(host: Connected) -> None:
    group = host.group()
    number = host.account("healthy", group)
    with pytest.raises(HostRejected) as refused:
        host.client.bulk_update(number, group_ids=[987_654], extra={"import_state": "failed"})
    assert refused.value.status == 404
    assert (host.held(number).group_ids, host.held(number).import_state) == ((group,), "unproven")


# --- access


def test_a_user_is_made_once_and_found_by_address_or_key(host: Connected) -> None:
    email = f"customer-{host.word}@example.com"
    first = host.client.ensure_user(email, "CustomerPass-1", 5)
    assert host.client.ensure_user(email.upper(), "another-password", 5)["id"] == first["id"]
    assert host.client.user_with_email(f"customer-{host.word}") is None
    value = f"sk-custom-{host.word}-0001"
    key = host.client.create_key(host.client.login(email, "CustomerPass-1"), "mine", value)
    found = host.client.key_of_anyone(value)
    assert found is not None
    assert (found["id"], found["key"]) == (key["id"], value)
    assert host.client.key_of_anyone(f"{value}x") is None
    assert [(k["id"], k["key"]) for k in host.client.user_keys(int(first["id"]))] == [(key["id"], value)]
    host.client.set_balance(int(first["id"]), 12.5)
    assert host.client.transport.get(f"/api/v1/admin/users/{first['id']}")["balance"] == 12.5


def test_a_key_that_exists_says_so(host: Connected) -> None:
    group = host.group()
    _, value = host.gateway_key(group)
    jwt = host.client.login(f"probe-{host.word}@example.com", "ProbePass-123456")
    with pytest.raises(HostRejected) as refused:
        host.client.create_key(jwt, "again", value)
    assert refused.value.reason == "API_KEY_EXISTS"


def test_a_subscription_assigned_again_or_with_another_term_is_no_error(host: Connected) -> None:
    group = host.group()
    host.client.update_group(host.client.group(group), {"subscription_type": "subscription", "is_exclusive": False})
    user = host.client.ensure_user(f"sub-{host.word}@example.com", "CustomerPass-1", 5)
    for days in (30, 30, 60):
        host.client.assign_subscription(int(user["id"]), group, days, "a test")
    path = f"/api/v1/admin/users/{user['id']}/subscriptions"
    data: Any = host.client.transport.get(path)
    rows: list[Json] = data if isinstance(data, list) else data["items"]
    assert [row["group_id"] for row in rows] == [group]


def test_a_subscription_is_found_by_its_notes_and_revoked_with_its_group_after_it(host: Connected) -> None:
    group, client = host.group(), host.client
    client.update_group(client.group(group), {"subscription_type": "subscription", "is_exclusive": False})
    user = int(client.ensure_user(f"gone-{host.word}@example.com", "CustomerPass-1", 5)["id"])
    channel, _ = client.ensure_channel(host.name("gone"), "a test", group)
    client.assign_subscription(user, group, 30, "of one run")
    client.assign_subscription(user, group, 30, "of another run")
    [row] = client.subscriptions_of_group(group)
    assert (row["user_id"], row["notes"]) == (user, "of one run")
    for _ in range(2):
        client.revoke_subscription(int(row["id"]))
        client.delete_channel(int(channel["id"]))
    assert list(client.subscriptions_of_group(group)) == []
    name = client.group(group)["name"]
    for _ in range(2):
        client.delete_group(group)
    assert (client.group_named(name), client.channel_named(host.name("gone"))) == (None, None)


def test_a_subscription_to_a_group_that_has_none_is_refused(host: Connected) -> None:
    user = host.client.ensure_user(f"sub-{host.word}@example.com", "CustomerPass-1", 5)
    with pytest.raises(HostRejected) as refused:
        host.client.assign_subscription(int(user["id"]), host.group(), 30, "a test")
    assert refused.value.reason == "GROUP_NOT_SUBSCRIPTION_TYPE"


# --- proving


def test_the_account_test_of_a_healthy_relay_passes_with_content(host: Connected) -> None:
    report = host.prover.test_account(host.account("healthy", host.group()), "alias")
    assert (report.passed, report.content, report.error) == (True, True, "")


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ("dead_key", "(/v1/chat/completions) returned 401: "),
        ("cut_stream", "ended before [DONE]"),
        ("html_200", "expected SSE JSON data"),
    ],
)
def test_the_account_test_gives_the_hosts_own_words(host: Connected, profile: str, text: str) -> None:
    report = host.prover.test_account(host.account(profile, host.group()), "alias")
    assert not report.passed
    assert text in report.error


def test_the_account_test_of_no_account_says_so(host: Connected) -> None:
    assert "Account not found" in host.prover.test_account(987_654, "alias").error


def test_a_completion_through_a_private_group_is_proof_and_stays_private(host: Connected) -> None:
    group = host.group()
    number = host.account("healthy", group)
    _, key = host.gateway_key(group)
    assert host.complete(key).proof is Proof.PROVEN
    host.client.bulk_update(number, group_ids=[host.group("elsewhere")])
    deadline = time.monotonic() + 3  # an old host answers from the account that left for up to 1 s
    while (decision := judge_completion(host.prover.complete(key, "alias", uuid.uuid4().hex))).proof is Proof.PROVEN:
        assert time.monotonic() < deadline
    assert decision.code == "gateway_no_account"


def test_the_account_with_the_least_priority_is_asked_alone(host: Connected) -> None:
    """docs/host-api.md#priority; the later of the two would be asked first otherwise, being unused."""
    group = host.group("two")
    first, second = (host.account("healthy", group, key=f"sk-test-priority-{n}") for n in (1, 2))
    host.client.bulk_update(first, priority=30)
    _, key = host.gateway_key(group)
    assert host.complete(key).proof is Proof.PROVEN
    used = {number: len(list(host.client.usage(account_id=number))) for number in (first, second)}
    for _ in range(5):
        assert host.complete(key).proof is Proof.PROVEN
    deadline = time.monotonic() + 5  # usage rows come a moment later
    while len(list(host.client.usage(account_id=first))) - used[first] < 5:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert len(list(host.client.usage(account_id=second))) == used[second] == 0


def test_a_key_follows_its_binding_at_once(host: Connected) -> None:
    empty, full = host.group("empty"), host.group("full")
    host.account("healthy", full)
    key_id, key = host.gateway_key(empty)
    assert judge_completion(host.prover.complete(key, "alias", "1")).code == "gateway_no_account"
    host.client.rebind_key(key_id, full)
    assert host.complete(key).proof is Proof.PROVEN


def test_a_dead_key_shows_through_the_gateway(host: Connected) -> None:
    group = host.group()
    host.account("dead_key", group)
    _, key = host.gateway_key(group)
    assert host.complete(key).code == "gateway_upstream_auth_failed"


def test_a_key_that_the_gateway_does_not_know_is_refused(host: Connected) -> None:
    answer = host.prover.complete("sk-nobody-knows-this-key", "alias", "r")
    assert (answer.status, judge_completion(answer).code) == (401, "gateway_refused_key")


def test_a_wrong_admin_key_is_a_matter_of_credentials(host: Connected) -> None:
    with closing(HostTransport(host.url, "admin-" + "0" * 64)) as wrong:
        for call in (
            HostClient(wrong).version,
            lambda: HostClient(wrong).ensure_private_group("x", ""),
            lambda: HostChecks(wrong).test_account(1, "m"),
        ):
            with pytest.raises(HostRefusesCredentials) as refused:
                call()
            assert "0000" not in str(refused.value)


# --- faults on demand and the ledger, sandbox only


def test_a_limit_that_is_not_set_is_not_sent(sandboxed: Connected) -> None:
    group = sandboxed.client.group(sandboxed.group())
    sandboxed.client.update_group(group, {"is_exclusive": False})
    assert sandboxed.box.ledger()[-1]["body"] == {"is_exclusive": False}


@pytest.mark.parametrize("fault", ["drop_after", "500_after"])
def test_a_creation_whose_answer_is_lost_is_uncertain_and_the_account_is_there(
    sandboxed: Connected, fault: str
) -> None:
    group = sandboxed.group()
    sandboxed.box.host.fail_next("POST", "/accounts$", fault)
    with pytest.raises(HostUncertain):
        sandboxed.account("healthy", group)
    [row] = sandboxed.client.accounts(sandboxed.name("provider"))
    assert existing_account(row).digest == DIGEST


@pytest.mark.parametrize("fault", ["drop_before", 500])
def test_a_creation_that_was_not_made_is_uncertain_too(sandboxed: Connected, fault: str | int) -> None:
    group = sandboxed.group()
    sandboxed.box.host.fail_next("POST", "/accounts$", fault)
    with pytest.raises(HostUncertain):
        sandboxed.account("healthy", group)
    assert list(sandboxed.client.accounts(sandboxed.name("provider"))) == []


@pytest.mark.parametrize("fault", ["drop_after", "500_after"])
def test_groups_channels_and_users_are_looked_for_after_a_lost_answer(sandboxed: Connected, fault: str) -> None:
    client, faults = sandboxed.client, sandboxed.box.host
    faults.fail_next("POST", "/groups$", fault)
    group, made = client.ensure_private_group(sandboxed.name("g"), "")
    faults.fail_next("POST", "/channels$", fault)
    channel, channel_made = client.ensure_channel(sandboxed.name("c"), "a test", int(group["id"]))
    faults.fail_next("POST", "/users$", fault)
    user = client.ensure_user(f"u-{sandboxed.word}@example.com", "CustomerPass-1", 5)
    assert (made, channel_made, channel["group_ids"], user["email"]) == (
        False, False, [group["id"]], f"u-{sandboxed.word}@example.com")  # fmt: skip


def test_a_read_is_tried_again_and_a_write_is_not(sandboxed: Connected) -> None:
    sandboxed.box.host.fail_next("GET", "/system/version$", 500, times=2)
    assert sandboxed.client.version() == "0.1.179"
    sandboxed.box.host.fail_next("GET", "/system/version$", "drop_before", times=3)
    with pytest.raises(HostUnavailable):
        sandboxed.client.version()
    number = sandboxed.account("healthy", sandboxed.group())
    sandboxed.box.host.fail_next("POST", "/bulk-update$", 503)
    with pytest.raises(HostUncertain):
        sandboxed.client.bulk_update(number, schedulable=False)
    assert sandboxed.held(number).schedulable is True


def test_an_account_test_that_gets_no_answer_is_the_hosts_trouble(sandboxed: Connected) -> None:
    number = sandboxed.account("healthy", sandboxed.group())
    sandboxed.box.host.fail_next("POST", "/test$", "drop_before")
    with pytest.raises(HostError) as raised:
        sandboxed.prover.test_account(number, "alias")
    assert raised.value.code == "host_unavailable"


def test_a_host_that_wants_its_statement_accepted_is_gated_and_never_accepted_for_anyone() -> None:
    with sandbox.running(compliance_required=True) as box:
        for world in connected(box, box.host_url, box.admin_key):
            calls = (world.client.version, world.group, partial(world.prover.test_account, 1, "m"))
            for call in calls:
                with pytest.raises(HostGated) as gated:
                    call()
                assert gated.value.code == "host_needs_acknowledgement"
        assert box.host.compliance is None
