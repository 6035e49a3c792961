"""Between the host's account JSON and our words (docs/host-api.md#accounts)."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from batch_import.domain.account import DesiredAccount, ImportState, account_settings
from batch_import.domain.types import AuthStyle, Platform
from batch_import.host.accounts import existing_account, marker, new_account

WIRE = Path(__file__).parents[2] / "contract" / "wire"
PROVIDER, DIGEST, ROOT, KEY = "kimi-a7m-7d7ac291", "d" * 64, "https://kimi.a7m.com.cn/v1", "sk-test-00000001"
MOMENT = datetime(2026, 11, 25, 12, tzinfo=UTC)


WANTED = DesiredAccount(PROVIDER, DIGEST, ROOT, {"kimi-k2.6": "kimi-k2.6"})


def body(platform: Platform = Platform.OPENAI, style: AuthStyle = AuthStyle.BEARER) -> dict[str, Any]:
    settings = account_settings(platform, style, "force_chat_completions", KEY)
    return new_account(replace(WANTED, platform=platform), ROOT, KEY, settings, 7)


def test_what_is_created_reads_back_as_ours() -> None:
    row = {"id": 41, "status": "active", "schedulable": True, **body()}
    account = existing_account(row)
    assert (account.account_id, account.provider_id, account.digest) == (41, PROVIDER, DIGEST)
    assert (account.import_state, account.base_url, account.group_ids) == ("unproven", ROOT, (7,))
    assert (account.model_mapping, account.responses_mode) == ({"kimi-k2.6": "kimi-k2.6"}, "force_chat_completions")


def test_the_same_key_on_another_platform_is_another_account_with_another_name() -> None:
    accounts = [existing_account({"id": 41, **body(platform)}) for platform in Platform]
    assert [account.platform for account in accounts] == ["openai", "anthropic", "gemini"]
    assert len({account.name for account in accounts}) == 3
    assert "openai_responses_mode" not in body(Platform.ANTHROPIC)["extra"]


def test_a_marker_without_a_platform_is_of_platform_openai_and_a_persons_account_of_its_own() -> None:
    made = body(Platform.ANTHROPIC)
    del made["extra"]["import_platform"]
    assert existing_account({"id": 1, **made}).platform == "openai"
    assert existing_account({"id": 1, "platform": "kimi"}).platform == "kimi"


def test_the_way_of_showing_the_key_is_a_setting_of_the_account() -> None:
    bearer = body(Platform.ANTHROPIC, AuthStyle.BEARER)
    assert bearer["extra"]["anthropic_apikey_auth_scheme"] == "authorization_bearer"
    plain = body(Platform.ANTHROPIC, AuthStyle.X_API_KEY)
    assert plain["extra"]["anthropic_apikey_auth_scheme"] == ""
    header = body(Platform.ANTHROPIC, AuthStyle.API_KEY)
    assert header["credentials"]["header_overrides"] == {"api-key": KEY}
    assert "header_overrides" not in plain["credentials"]


def test_a_new_account_leaves_nothing_to_the_hosts_defaults() -> None:
    """Omitted concurrency means unlimited, priority the highest, rate multiplier an error, groups a default one."""
    made = body()
    assert made["concurrency"] > 0
    assert made["priority"] > 0
    assert (made["rate_multiplier"], made["group_ids"]) == (1, [7])
    assert (made["platform"], made["type"]) == ("openai", "apikey")
    assert len(made["name"]) <= 100


def test_the_key_is_in_the_credentials_and_nowhere_else() -> None:
    made = body()
    assert made["credentials"].pop("api_key") == KEY
    assert KEY not in json.dumps(made)


@pytest.mark.parametrize("state", ImportState)
def test_the_marker_says_provider_key_and_state(state: ImportState) -> None:
    assert marker(WANTED, state) == {
        "import_provider_id": PROVIDER,
        "import_fingerprint": f"sha256:{DIGEST}",
        "import_platform": "openai",
        "import_state": state.value,
    }


@pytest.mark.parametrize(
    ("fields", "expiry"),
    [
        ({}, None),
        ({"expires_at": None}, None),
        ({"expires_at": 0}, None),
        ({"expires_at": int(MOMENT.timestamp())}, MOMENT),
        ({"expires_at": "2026-11-25T12:00:00Z"}, MOMENT),
        ({"expires_at": "2026-11-25T20:00:00+08:00"}, MOMENT),
        ({"expires_at": "soon"}, None),
        ({"expires_at": int(MOMENT.timestamp()), "auto_pause_on_expired": False}, None),
    ],
)
def test_an_expiry_date_counts_only_when_it_switches_off(fields: dict[str, Any], expiry: datetime | None) -> None:
    assert existing_account({"id": 1, **fields}).expires_at == expiry


def test_an_expiry_date_without_an_offset_can_be_compared() -> None:
    expires_at = existing_account({"id": 1, "expires_at": "2026-11-25T12:00:00"}).expires_at
    assert expires_at is not None
    assert expires_at <= MOMENT


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1},
        {"id": "1", "credentials": None, "extra": None, "group_ids": None},
        {
            "id": 1,
            "credentials": {"base_url": "not a url", "model_mapping": "x"},
            "extra": {"import_provider_id": None},
        },
        {"id": 1, "credentials": {"base_url": "ftp://x", "model_mapping": {"a": None}}, "status": None},
    ],
)
def test_rows_that_people_have_edited_are_tolerated(row: dict[str, Any]) -> None:
    account = existing_account(row)
    assert (account.account_id, account.base_url, account.digest) == (1, "", "")


@pytest.mark.parametrize("path", sorted(WIRE.glob("*-account-get*.json")), ids=lambda path: path.stem)
def test_captured_accounts_can_be_read(path: Path) -> None:
    account = existing_account(json.loads(path.read_text())["response"]["body"]["data"])
    assert account.account_id > 0
    assert account.status in ("active", "inactive", "error")
