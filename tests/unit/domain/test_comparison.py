"""What an import tells of a relay, and what relays tell of a model (docs/decisions/0036-compare.md)."""

from datetime import timedelta
from typing import Any

import pytest
from batch_import.domain import comparison
from batch_import.domain.billing import Billing
from batch_import.domain.clock import iso, parse
from batch_import.domain.comparison import model_in, relays_of, says_something, told_by
from batch_import.domain.entities import Item, ItemProfile
from batch_import.domain.finding import Finding, models_of

from tests.unit.domain.rows import TIMES, item, profile

SPEED = {"first_token_ms": 640, "tokens_per_second": 81.5}
EVIDENCE = {"identity": {"value": "consistent"}, "passthrough": {"value": "unknown"}}


ENDS = "2027-01-01T00:00:00.000+00:00"


def rich() -> ItemProfile:
    found = profile()
    capability: Any = found.capability_profile
    models = [{**capability["model_profiles"][0], "speed": SPEED}]
    return found.model_copy(
        update={
            "canonical_model_families": ("kimi-k2.6", "glm-5", "whisper-1"),
            "model_mapping": {"kimi-k2.6": "kimi-k2.6", "glm-5": "glm-5"},
            "capability_profile": {**capability, "model_profiles": models},
            "billing": Billing(
                balance=7.5, currency="USD", multiplier=0.8, peak_multiplier=1.2, expires_at=ENDS, source="sub2api"
            ),
            "evidence": EVIDENCE,
        }
    )


def followed(known: Finding | None, imported: Item, found: ItemProfile) -> Finding | None:
    return comparison.followed(known, told_by(imported, found))


def later(**fields: Any) -> Item:
    at = iso(parse(TIMES[2]) + timedelta(seconds=1))
    return item(**{"run_id": "run_later", "item_id": "item_02", "updated_at": at, **fields})


def proved(**fields: Any) -> Finding:
    found = followed(None, item(latency_ms=900), rich())
    assert found is not None
    return found._replace(**fields)


def test_an_active_item_tells_what_was_found_and_which_models_its_account_serves() -> None:
    found = proved()
    assert (found.tested, found.families) == ("kimi-k2.6", ["kimi-k2.6", "glm-5"])
    assert (found.first_token_ms, found.tokens_per_second, found.latency_ms) == (640, 81.5, 900)
    assert (found.multiplier, found.balance, found.currency) == (0.8, 7.5, "USD")
    assert (found.peak_multiplier, found.expires_at) == (1.2, ENDS)
    assert (found.identity, found.passthrough) == ("consistent", "unknown")
    assert (found.run_id, found.item_id, found.account_id) == ("run_20260522_0001", "item_01", 4)
    assert (found.access_status, found.code) == ("active", None)  # what a retry got over is no failure
    assert found.proved_at == found.seen_at == parse(TIMES[2]).timestamp() * 1000


def test_the_speed_of_a_model_that_the_account_was_not_proven_with_is_not_told() -> None:
    """Provisioning may choose a platform whose protocol answered another model than the one that was measured."""
    found = followed(None, item(resolved_smoke_model="glm-5"), rich())
    assert found is not None
    assert (found.tested, found.first_token_ms, found.tokens_per_second) == ("glm-5", None, None)


def test_of_a_relay_with_hundreds_of_models_the_tested_one_is_kept() -> None:
    many = tuple(f"glm-{number}" for number in range(400))
    whole = rich().model_copy(
        update={"canonical_model_families": (*many, "kimi-k2.6"), "model_mapping": {each: each for each in many}}
    )
    found = followed(None, item(), whole)
    assert found is not None
    assert found.families == ["kimi-k2.6", *many[:299]]


def test_what_is_not_known_is_none() -> None:
    found = followed(None, item(latency_ms=None), profile())
    assert found is not None
    facts = (found.first_token_ms, found.tokens_per_second, found.latency_ms, found.multiplier, found.balance)
    assert facts == (None,) * 5
    assert (found.identity, found.passthrough) == (None, None)


def test_a_later_proof_replaces_all_and_an_earlier_one_nothing() -> None:
    known = proved()
    again = followed(known, later(latency_ms=100), profile())
    assert again is not None
    assert (again.run_id, again.latency_ms, again.tokens_per_second) == ("run_later", 100, None)
    assert followed(again, item(latency_ms=900), rich()) == again


def before_the_late_questions() -> ItemProfile:
    return rich().model_copy(update={"evidence": None, "capability_profile": profile().capability_profile})


def test_the_same_item_again_brings_what_was_found_out_late() -> None:
    early = followed(None, item(latency_ms=900), before_the_late_questions())
    assert early is not None
    assert (early.first_token_ms, early.identity) == (None, None)
    assert followed(early, item(latency_ms=900), rich()) == proved()


def test_what_was_found_out_late_is_told_of_a_proof_that_a_failed_import_has_followed() -> None:
    early = followed(None, item(latency_ms=900), before_the_late_questions())
    failed = later(access_status="broken", last_error_code="auth_failed")
    declared = profile().model_copy(update={"billing": Billing(balance=1.0, currency="USD", source="sub2api")})
    found = followed(followed(early, failed, declared), item(latency_ms=900), rich())
    assert found == followed(proved(), failed, declared)
    assert found is not None
    assert (found.run_id, found.access_status, found.balance) == ("run_later", "broken", 1)
    assert (found.first_token_ms, found.tokens_per_second, found.identity) == (640, 81.5, "consistent")


def test_a_later_failure_shows_and_keeps_what_was_proved() -> None:
    failed = later(access_status="broken", last_error_code="auth_failed", latency_ms=None)
    found = followed(proved(), failed, profile())
    assert found is not None
    assert (found.access_status, found.code, found.run_id, found.item_id) == (
        "broken", "auth_failed", "run_later", "item_02",
    )  # fmt: skip
    assert (found.tokens_per_second, found.balance, found.proved_at) == (81.5, 7.5, proved().proved_at)
    assert found.seen_at == found.proved_at + 1000

    empty = profile().model_copy(update={"billing": Billing(balance=0.0, currency="USD", source="sub2api")})
    spent = followed(proved(), failed, empty)
    assert spent is not None
    assert (spent.balance, spent.expires_at) == (0, None)
    assert (spent.multiplier, spent.peak_multiplier) == (0.8, 1.2)  # this declaration names no price

    dear = profile().model_copy(
        update={"billing": Billing(balance=8.0, currency="CNY", multiplier=3.0, source="sub2api")}
    )
    dearer = followed(proved(), failed, dear)
    assert dearer is not None
    assert (dearer.balance, dearer.currency, dearer.multiplier, dearer.peak_multiplier) == (8, "CNY", 3, None)


def test_a_relay_that_was_never_proved_is_not_known() -> None:
    assert followed(None, item(access_status="degraded"), rich()) is None


@pytest.mark.parametrize("code", ["too_dear", "too_little_left"])
def test_an_import_that_its_own_limits_kept_out_tells_money_alone(code: str) -> None:
    left_out = later(access_status="broken", last_error_code=code, latency_ms=None)
    declared = Billing(balance=0.5, currency="EUR", multiplier=3.0, source="sub2api")
    found = followed(proved(), left_out, profile().model_copy(update={"billing": declared}))
    price = {"balance": 0.5, "currency": "EUR", "multiplier": 3.0, "peak_multiplier": None, "expires_at": None}
    dearer = proved(**price, declared_at=proved().seen_at + 1000)
    assert found == dearer
    assert followed(found, item(latency_ms=900), rich()) == dearer  # the run's second message: the price is newer
    assert followed(None, left_out, rich()) is None


@pytest.mark.parametrize("status", ["active", "broken"])
def test_an_older_import_that_is_told_later_brings_no_older_price(status: str) -> None:
    """Runs are told when they have ended: a long one may end after a short one that began later."""
    dear = profile().model_copy(update={"billing": Billing(currency="USD", multiplier=3.0, source="sub2api")})
    early = proved(seen_at=proved().seen_at - 1000, proved_at=0, declared_at=None, multiplier=0.5)
    known = followed(early, later(access_status="broken", last_error_code="too_dear"), dear)
    found = followed(known, item(access_status=status, last_error_code=None), rich())
    assert found is not None
    assert (found.seen_at, found.access_status, found.multiplier) == (proved().seen_at, status, 3.0)
    assert found == followed(found, item(access_status=status, last_error_code=None), rich())


@pytest.mark.parametrize(
    ("outcome", "resolution", "stays"),
    [
        ("removed", "created", False),
        ("restored", "reactivated", False),
        ("restored", "replaced", False),
        ("restored", "reused", True),
        ("kept", "created", True),
        ("nothing", "reused", True),
    ],
)
def test_an_account_that_an_undo_took_away_or_switched_off_proves_nothing(
    outcome: str, resolution: str, stays: bool
) -> None:
    undone = item(account_resolution=resolution, undo_result={"outcome": outcome, "reason": None}, latency_ms=900)
    assert (followed(proved(), undone, rich()) is not None) is stays
    assert (followed(None, undone, rich()) is not None) is stays


@pytest.mark.parametrize("served", [False, True])
def test_an_account_that_was_on_again_when_it_was_used_is_left_on_by_an_undo_and_proves(served: bool) -> None:
    before = {"status": "active", "schedulable": True, "served": served}
    undone = item(account_resolution="reactivated", before=before, undo_result={"outcome": "restored"}, latency_ms=900)
    assert (followed(proved(), undone, rich()) is not None) is served


def test_an_undo_leaves_alone_what_another_account_proved() -> None:
    known = proved(account_id=9)
    assert followed(known, item(undo_result={"outcome": "removed"}), rich()) == known


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, True),
        ({"access_status": "broken"}, True),
        ({"access_status": "unknown"}, False),
        ({"access_status": None}, False),
        ({"duplicate_of": "item_00001"}, False),
    ],
)
def test_items_without_a_verdict_of_their_own_say_nothing(fields: dict[str, Any], says: bool) -> None:
    assert says_something(item(**fields)) is says


def test_a_relay_is_an_address_with_a_key_on_a_platform() -> None:
    names = [
        relays_of(item(**fields))
        for fields in ({}, {"provider_id": "other-1"}, {"key_digest": "0" * 64}, {"platform": "anthropic"})
    ]
    assert len({name for [name] in names}) == 4
    assert relays_of(item(platform="openai", item_id="item_09")) == relays_of(item())


@pytest.mark.parametrize(("wish", "platforms"), [("auto", ["openai", "anthropic", "gemini"]), ("gemini", ["gemini"])])
def test_an_item_that_failed_before_a_platform_was_chosen_tells_of_each_that_it_may_be(
    wish: str, platforms: list[str]
) -> None:
    failed = item(access_status="broken", account_id=None, platform=None, platform_wish=wish, resolved_smoke_model=None)
    names = [name for platform in platforms for name in relays_of(item(platform=platform))]
    assert relays_of(failed) == told_by(failed, profile()).relays == names


def test_an_item_that_failed_with_a_platform_and_without_an_account_tells_of_that_platform() -> None:
    chosen = item(platform="anthropic")
    assert relays_of(item(access_status="broken", account_id=None, platform="anthropic")) == relays_of(chosen)


# --- comparing


def test_models_are_summed_over_the_relays_that_serve_them() -> None:
    quick, slow, untold = (
        proved(relay=relay, tokens_per_second=rate, first_token_ms=first, multiplier=multiplier)
        for relay, rate, first, multiplier in (("a", 90.0, 300, 1.5), ("b", 30.0, 900, 0.5), ("c", None, None, None))
    )
    other = proved(relay="d", tested="glm-5", tokens_per_second=500.0, multiplier=0.1, families=["glm-5"])
    failed = proved(relay="e", access_status="broken", tokens_per_second=999.0, multiplier=0.01, seen_at=5)
    found = {one.model: one for one in models_of([quick, slow, untold, other, failed])}
    assert set(found) == {"kimi-k2.6", "glm-5"}
    kimi, glm = found["kimi-k2.6"], found["glm-5"]
    assert (kimi.relays, kimi.active_relays, kimi.tested_relays) == (4, 3, 3)
    assert (kimi.best_tokens_per_second, kimi.median_tokens_per_second) == (90, 60)
    assert (kimi.best_first_token_ms, kimi.median_first_token_ms, kimi.lowest_multiplier) == (300, 600, 0.5)
    assert (glm.relays, glm.active_relays, glm.tested_relays, glm.best_tokens_per_second) == (5, 4, 1, 500)
    assert (glm.lowest_multiplier, glm.seen_at) == (0.1, quick.seen_at)


def test_a_relay_that_is_free_has_the_lowest_multiplier() -> None:
    rates = [0.5, 0.0, 0.2]
    found = [proved(relay=str(rate), multiplier=rate, tokens_per_second=81.54) for rate in rates]
    assert {(one.lowest_multiplier, one.median_tokens_per_second) for one in models_of(found)} == {(0, 81.5), (0, None)}


def test_a_model_that_no_active_relay_has_told_of_has_no_figures() -> None:
    [one] = models_of([proved(access_status="degraded", families=["kimi-k2.6"])])
    assert (one.relays, one.active_relays, one.tested_relays) == (1, 0, 0)
    assert one[4:9] == (None,) * 5


@pytest.mark.parametrize(
    ("asked", "family"),
    [
        ("kimi-k2.6", "kimi-k2.6"),
        ("Kimi 2.6", "kimi-k2.6"),
        ("moonshotai/Kimi-K2.6-TEE", "kimi-k2.6"),
        ("glm-5", "glm-5"),
        ("some~odd~name", "some/odd/name"),
        ("模型-1", "模型-1"),
        ("org~my-model-~v1~", "org/my-model-(v1)"),
        ("glm-4", None),
    ],
)
def test_a_model_is_found_by_any_spelling(asked: str, family: str | None) -> None:
    findings = [proved(families=["kimi-k2.6", "glm-5", "some/odd/name", "模型-1", "org/my-model-(v1)"])]
    assert model_in(findings, asked) == family
