"""Stored rows as they look at the end of a run, to be varied by the tests."""

from typing import Any

from batch_import.domain.entities import Counters, Event, Item, ItemProfile, Run

TIMES = ("2026-05-22T12:20:00.000+08:00", "2026-05-22T12:20:05.000+08:00", "2026-05-22T12:20:07.000+08:00")


def run(**fields: Any) -> Run:
    base: dict[str, Any] = {
        "run_id": "run_20260522_0001",
        "state": "completed_with_warnings",
        "mode": "partial",
        "access_mode": "subscription",
        "total_items": 2,
        "started_at": TIMES[0],
        "finished_at": TIMES[2],
        "pages": 1,
        "index_page": 0,
    }
    return Run.model_validate({**base, **fields})


def counters(**fields: Any) -> Counters:
    base: dict[str, Any] = {
        "completed_items": 2,
        "active_items": 1,
        "degraded_items": 1,
        "broken_items": 0,
        "warning_items": 1,
    }
    return Counters.model_validate({**base, **fields})


def item(**fields: Any) -> Item:
    base: dict[str, Any] = {
        "run_id": "run_20260522_0001",
        "item_id": "item_01",
        "position": 0,
        "base_url": "https://kimi.a7m.com.cn/v1",
        "provider_id": "kimi-a7m-7d7ac291",
        "key_digest": "8d8c4b5f" + "0" * 56,
        "requested_models": ["kimi-k2.6"],
        "resolved_smoke_model": "kimi-k2.6",
        "current_stage": "done",
        "confirmation_status": "advisory",
        "access_status": "active",
        "matched_account_state": "deprecated",
        "account_resolution": "reactivated",
        "provision_reused": True,
        "reused_from_provider_id": "kimi-a7m-7d7ac291",
        "reused_from_account_id": 4,
        "retry_count": 2,
        "last_retry_at": TIMES[1],
        "channel_id": 12,
        "account_id": 4,
        "advisories": [{"code": "responses_unsupported_but_chat_ok", "params": {}}],
        "has_warning": True,
        "last_error_stage": "confirm",
        "last_error": "API returned 403: Forbidden",
        "last_error_code": "host_test_failed",
        "created_at": TIMES[0],
        "updated_at": TIMES[2],
    }
    return Item.model_validate({**base, **fields})


def profile() -> ItemProfile:
    transport = {
        "supports_openai_models": True,
        "supports_openai_chat_completions": True,
        "supports_openai_responses": False,
        "supports_anthropic_messages": False,
        "auth_style": "bearer",
        "model_id_style": "canonical",
        "known_advisories": ["responses_unsupported_but_chat_ok", "initial_probe_race_expected"],
    }
    model = {
        "raw_model_id": "kimi-k2.6",
        "normalized_model_id": "kimi-k2.6",
        "canonical_model_family": "kimi-k2.6",
        "supports_stream": True,
        "supports_tools": "unknown",
        "supports_reasoning_fields": "unknown",
        "smoke_chat_ok": True,
    }
    names = ("kimi-k2.6",)
    return ItemProfile(
        raw_models=names,
        normalized_models=names,
        canonical_model_families=names,
        model_mapping={"kimi-k2.6": "kimi-k2.6"},
        capability_profile={"transport_profile": transport, "model_profiles": [model]},
    )


def event(number: int = 1) -> Event:
    return Event.model_validate(
        {
            "event_id": f"evt_{number:02d}",
            "event_type": "retry_scheduled",
            "stage": "confirm",
            "attempt": 1,
            "message": "initial 503 no available accounts, retry scheduled",
            "payload_json": '{"delay_ms":500}',
            "created_at": TIMES[1],
        }
    )
