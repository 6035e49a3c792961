"""The JSON examples of the schema document (docs/design.md#33-responses), to the letter."""

import json
from typing import Any

RUN = """
{"run_id": "run_20260522_0001", "state": "completed_with_warnings", "mode": "partial", "access_mode": "subscription",
 "total_items": 2, "completed_items": 2, "active_items": 1, "degraded_items": 1, "broken_items": 0, "warning_items": 1,
 "started_at": "2026-05-22T12:20:00+08:00", "finished_at": "2026-05-22T12:20:07+08:00"}
"""
CREATED = """
{"run_id": "run_20260522_0001", "state": "running", "result_page": "/batch-import/runs/run_20260522_0001",
 "total_items": 2, "active_items": 0, "degraded_items": 0, "broken_items": 0, "warning_items": 0}
"""
RUN_LIST = f'{{"runs": [{RUN}], "next_cursor": null}}'
RUN_DETAIL = (
    f'{{"run": {RUN}, "recent_warnings": ["该批次包含 1 条 advisory item，建议检查 capability profile 与 retry 轨迹"]}}'
)
ITEM = """
{"item_id": "item_01", "base_url": "https://kimi.a7m.com.cn/v1", "provider_id": "kimi-a7m-7d7ac291",
 "api_key_fingerprint": "sha256:8d8c4b5f", "requested_models": ["kimi-k2.6"],
 "canonical_model_families": ["kimi-k2.6"], "resolved_smoke_model": "kimi-k2.6", "current_stage": "done",
 "confirmation_status": "advisory", "access_status": "active", "matched_account_state": "active",
 "account_resolution": "reused", "provision_reused": true, "retry_count": 2,
 "last_retry_at": "2026-05-22T12:20:05+08:00",
 "advisory_messages": ["该上游不支持 /v1/responses，系统已自动回退到 /v1/chat/completions"],
 "last_error_stage": "confirm", "last_error": "API returned 403: Forbidden"}
"""
ITEM_LIST = f'{{"items": [{ITEM}], "next_cursor": null}}'
ITEM_DETAIL = """
{"item_id": "item_01", "base_url": "https://kimi.a7m.com.cn/v1", "provider_id": "kimi-a7m-7d7ac291",
 "api_key_fingerprint": "sha256:8d8c4b5f", "requested_models": ["kimi-k2.6"], "raw_models": ["kimi-k2.6"],
 "normalized_models": ["kimi-k2.6"], "canonical_model_families": ["kimi-k2.6"], "recommended_models": [],
 "resolved_smoke_model": "kimi-k2.6", "current_stage": "done", "confirmation_status": "advisory",
 "access_status": "active", "matched_account_state": "deprecated", "account_resolution": "reactivated",
 "provision_reused": true, "reused_from_provider_id": "kimi-a7m-7d7ac291", "reused_from_account_id": 4,
 "retry_count": 2, "last_retry_at": "2026-05-22T12:20:05+08:00", "channel_id": 12, "account_id": 4,
 "advisory_messages": ["该上游不支持 /v1/responses，系统已自动回退到 /v1/chat/completions"],
 "last_error_stage": "confirm", "last_error": "API returned 403: Forbidden",
 "capability_profile": {
  "transport_profile": {"supports_openai_models": true, "supports_openai_chat_completions": true,
   "supports_openai_responses": false, "supports_anthropic_messages": false, "auth_style": "bearer",
   "model_id_style": "canonical",
   "known_advisories": ["responses_unsupported_but_chat_ok", "initial_probe_race_expected"]},
  "model_profiles": [{"raw_model_id": "kimi-k2.6", "normalized_model_id": "kimi-k2.6",
   "canonical_model_family": "kimi-k2.6", "supports_stream": true, "supports_tools": "unknown",
   "supports_reasoning_fields": "unknown", "smoke_chat_ok": true}]},
 "events": [{"event_id": "evt_01", "event_type": "retry_scheduled", "stage": "confirm", "attempt": 1,
  "message": "initial 503 no available accounts, retry scheduled", "payload_json": "{\\"delay_ms\\":500}",
  "created_at": "2026-05-22T12:20:04+08:00"}]}
"""
ERROR = """
{"error": {"code": "invalid_request", "message": "subscription_users is required when access_mode=subscription"}}
"""


def example(text: str) -> Any:
    return json.loads(text)
