"""The reuse decision (docs/design.md#22-decide): the whole table, and what never changes it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from batch_import.domain.account import DesiredAccount, ExistingAccount, ImportState, ResponsesMode, account_state
from batch_import.domain.channel_evolution import NOTHING_ADDED
from batch_import.domain.reuse_policy import ReuseDecision, decide_reuse
from batch_import.domain.routing import Held, held_by_platform
from batch_import.domain.types import AccountResolution, AuthStyle, MatchedAccountState, Platform, Reactivate
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PROVIDER, DIGEST, URL = "relay-0a1b2c3d", "d" * 64, "https://relay.example.com/v1"
MAPPING = {"kimi-k2.6": "kimi-k2.6"}
ALIAS = {**MAPPING, "moonshotai/Kimi-K2.6-TEE": "kimi-k2.6"}
FAMILY = {**MAPPING, "gpt-5.1": "gpt-5.1"}
WANTED = {"covered": MAPPING, "new alias": ALIAS, "new family": FAMILY}
OURS = ExistingAccount(
    account_id=4,
    name="relay-0a1b2c3d#dddddddddddd",
    base_url=URL,
    status="active",
    schedulable=True,
    provider_id=PROVIDER,
    digest=DIGEST,
    import_state="proven",
    model_mapping=MAPPING,
    group_ids=(7,),
)
HELD = {
    "none": [],
    "active": [OURS],
    "switched off": [replace(OURS, status="inactive")],
    "status disabled": [replace(OURS, status="disabled")],
    "unschedulable": [replace(OURS, schedulable=False)],
    "expired": [replace(OURS, expires_at=NOW - timedelta(seconds=1))],
    "expires now": [replace(OURS, expires_at=NOW)],
    "switched off and expired": [replace(OURS, status="inactive", expires_at=NOW)],
    "expires later": [replace(OURS, expires_at=NOW + timedelta(seconds=1))],
    "deprecated": [replace(OURS, import_state="deprecated", status="inactive")],
    "failed": [replace(OURS, import_state="failed")],
    "error": [replace(OURS, status="error", schedulable=False)],
    "deprecated and in error": [replace(OURS, import_state="deprecated", status="error")],
    "unproven": [replace(OURS, import_state="unproven")],
    "unproven and off": [replace(OURS, import_state="unproven", status="inactive")],
    "cooling": [replace(OURS)],  # cool-downs are other fields of the host: status and schedulable stay as they are
    "no state on the marker": [replace(OURS, import_state="")],
    "duplicates": [replace(OURS, account_id=9), OURS],
    "duplicate broken": [replace(OURS, account_id=2, import_state="failed"), OURS],
    "same URL by hand": [replace(OURS, provider_id="", digest="", import_state="")] * 2,
    "another URL by hand": [replace(OURS, provider_id="", digest="", base_url="https://other.example.com/v1")],
    "another key": [replace(OURS, digest="e" * 64)],
    "another provider": [replace(OURS, provider_id="relay-ffffffff")],
}
# matched, resolution with "always", resolution with "ours" when it differs
EXPECTED: dict[str, tuple[str | None, ...]] = {
    "none": (None, "created"),
    "active": ("active", "reused"),
    "switched off": ("disabled", "reactivated", None),
    "status disabled": ("disabled", "reactivated", None),
    "unschedulable": ("disabled", "reactivated", None),
    "expired": ("disabled", "reactivated"),
    "expires now": ("disabled", "reactivated"),
    "switched off and expired": ("disabled", "reactivated", None),
    "expires later": ("active", "reused"),
    "deprecated": ("deprecated", "reactivated"),
    "failed": ("broken", "replaced"),
    "error": ("broken", "replaced"),
    "deprecated and in error": ("broken", "replaced"),
    "unproven": (None, "created"),
    "unproven and off": (None, "created"),
    "cooling": ("active", "reused"),
    "no state on the marker": ("active", "reused"),
    "duplicates": ("active", "reused"),
    "duplicate broken": ("active", "reused"),
    "same URL by hand": (None, "created"),
    "another URL by hand": (None, "created"),
    "another key": (None, "created"),
    "another provider": (None, "created"),
}
ADOPTED = {"unproven", "unproven and off"}
STRANGERS = {"none", "same URL by hand", "another URL by hand", "another key", "another provider"}


def decide(
    case: str, wanted: str = "covered", reactivate: Reactivate = Reactivate.ALWAYS, **more: bool
) -> ReuseDecision:
    account = DesiredAccount(PROVIDER, DIGEST, URL, WANTED[wanted])
    return decide_reuse(account, HELD[case], reactivate=reactivate, now=NOW, **more)


@pytest.mark.parametrize("reactivate", Reactivate)
@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("case", HELD)
def test_the_whole_table(case: str, wanted: str, reactivate: Reactivate) -> None:
    matched, *resolutions = EXPECTED[case]
    resolution = resolutions[-1] if reactivate is Reactivate.OURS else resolutions[0]
    decision = decide(case, wanted, reactivate)
    assert (decision.matched, decision.resolution) == (matched, resolution)
    assert decision.provision_reused is (resolution in ("reused", "reactivated"))
    assert decision.refusal == ("paused_by_operator" if resolution is None else None)
    assert decision.account_id == (None if case in STRANGERS else 4)


def test_the_table_covers_every_case_once() -> None:
    assert list(EXPECTED) == list(HELD)


@pytest.mark.parametrize("case", sorted(set(HELD) - STRANGERS))
@pytest.mark.parametrize(
    ("wanted", "added", "families"),
    [
        ("covered", {}, "covered"),
        ("new alias", {"moonshotai/Kimi-K2.6-TEE": "kimi-k2.6"}, "alias"),
        ("new family", {"gpt-5.1": "gpt-5.1"}, "new"),
    ],
)
def test_the_delta_holds_what_is_missing_and_the_evidence_says_what_it_is(
    case: str, wanted: str, added: dict[str, str], families: str
) -> None:
    decision = decide(case, wanted)
    assert decision.delta.added == added
    assert decision.evidence == {
        "matched_by": "marker",
        "account_id": 4,
        "status": HELD[case][-1].status,
        "schedulable": HELD[case][-1].schedulable,
        "import_state": HELD[case][-1].import_state,
        "families": families,
        "new_families": ["gpt-5.1"] if families == "new" else [],
        "new_names": list(added),
    }
    assert decide(case, wanted, Reactivate.OURS).evidence == decision.evidence


def test_the_evidence_names_twenty_models_at_most() -> None:
    many = {f"gpt-{number}": f"gpt-{number}" for number in range(100, 150)}
    wanted = DesiredAccount(PROVIDER, DIGEST, URL, many)
    evidence = decide_reuse(wanted, [OURS], reactivate=Reactivate.ALWAYS, now=NOW).evidence
    assert evidence["new_families"] == evidence["new_names"] == list(many)[:20]


@pytest.mark.parametrize("case", sorted(STRANGERS))
def test_what_is_not_ours_is_neither_patched_nor_named_as_matched(case: str) -> None:
    decision = decide(case, "new family")
    assert decision.delta == NOTHING_ADDED
    assert decision.evidence == {"matched_by": "nothing"}


@pytest.mark.parametrize(
    ("case", "codes"),
    [
        ("active", []),
        ("expired", []),
        ("deprecated", []),
        ("unproven", []),
        ("switched off", ["was_paused_by_person"]),
        ("unschedulable", ["was_paused_by_person"]),
        ("duplicates", ["two_accounts_one_marker"]),
        ("same URL by hand", ["account_of_same_url"]),
        ("another URL by hand", []),
        ("another key", []),
    ],
)
def test_people_are_told_what_they_might_not_expect(case: str, codes: list[str]) -> None:
    assert [advisory.code for advisory in decide(case).advisories] == codes


def test_twins_are_all_named_and_the_living_one_is_used() -> None:
    [advisory] = decide("duplicate broken").advisories
    assert advisory.params == {"ids": "#2, #4"}
    assert decide("duplicate broken").account_id == 4


def test_of_twins_the_one_that_is_nearest_to_serving_is_used() -> None:
    order = ("active", "switched off", "deprecated", "unproven", "failed")
    for at, better in enumerate(order[:-1]):
        [first] = HELD[better]
        worse = [replace(HELD[each][0], account_id=2) for each in order[at + 1 :]]
        wanted = DesiredAccount(PROVIDER, DIGEST, URL, MAPPING)
        decision = decide_reuse(wanted, [*worse, first], reactivate=Reactivate.ALWAYS, now=NOW)
        assert decision.account_id == first.account_id


def test_accounts_of_ours_are_told_by_platform_with_how_they_were_made() -> None:
    held = [
        replace(OURS, responses_mode="force_responses"),
        replace(OURS, platform=Platform.ANTHROPIC, auth_style=AuthStyle.X_API_KEY),
        replace(OURS, platform=Platform.GEMINI, digest="e" * 64),
        replace(OURS, platform="kimi"),
    ]
    assert held_by_platform(held, PROVIDER, DIGEST) == {
        Platform.OPENAI: Held(ResponsesMode.RESPONSES, AuthStyle.BEARER),
        Platform.ANTHROPIC: Held(ResponsesMode.AUTO, AuthStyle.X_API_KEY),
    }


def test_twins_keep_the_other_advice_too() -> None:
    paused = [replace(OURS, schedulable=False), replace(OURS, account_id=9, schedulable=False)]
    decision = decide_reuse(
        DesiredAccount(PROVIDER, DIGEST, URL, MAPPING), paused, reactivate=Reactivate.ALWAYS, now=NOW
    )
    assert [a.code for a in decision.advisories] == ["was_paused_by_person", "two_accounts_one_marker"]


def test_an_account_of_the_same_url_is_named() -> None:
    [advisory] = decide("same URL by hand").advisories
    assert advisory.params == {"name": OURS.name, "account_id": "4"}


@pytest.mark.parametrize(
    ("case", "resolution"),
    [
        ("active", AccountResolution.REPLACED),
        ("deprecated", AccountResolution.REACTIVATED),
        ("failed", AccountResolution.REPLACED),
        ("unproven", AccountResolution.CREATED),
        ("none", AccountResolution.CREATED),
    ],
)
def test_an_active_account_of_a_provider_whose_group_is_gone_is_repaired(
    case: str, resolution: AccountResolution
) -> None:
    decision = decide(case, provider_usable=False)
    assert decision.resolution is resolution
    assert decision.matched == EXPECTED[case][0]


def test_a_key_of_eight_equal_digits_is_not_the_same_key() -> None:
    collision = [replace(OURS, digest=DIGEST[:8] + "0" * 56)]
    wanted = DesiredAccount(PROVIDER, DIGEST, URL, MAPPING)
    assert decide_reuse(wanted, collision, reactivate=Reactivate.ALWAYS, now=NOW).resolution == "created"


def test_our_marker_comes_before_the_hosts_state() -> None:
    assert account_state(replace(OURS, import_state=ImportState.UNPROVEN, status="error"), NOW) is None
    assert account_state(replace(OURS, import_state="what is this"), NOW) is MatchedAccountState.ACTIVE


@given(st.permutations(HELD["duplicate broken"] + HELD["another key"] + HELD["same URL by hand"]))
def test_the_order_in_which_the_host_lists_accounts_decides_nothing(held: list[ExistingAccount]) -> None:
    wanted = DesiredAccount(PROVIDER, DIGEST, URL, ALIAS)
    decision = decide_reuse(wanted, held, reactivate=Reactivate.ALWAYS, now=NOW)
    assert (decision.account_id, decision.resolution) == (4, AccountResolution.REUSED)
