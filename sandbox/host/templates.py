"""Default fields of the host's rows, as its answers show them; what an older host lacks is listed beside."""

from typing import Any

Row = dict[str, Any]

GROUP: Row = {
    "id": 0, "name": "", "description": "", "platform": "anthropic", "rate_multiplier": 1, "is_exclusive": False,
    "status": "active", "subscription_type": "standard", "daily_limit_usd": None, "weekly_limit_usd": None,
    "monthly_limit_usd": None, "long_context_pricing_enabled": False, "allow_image_generation": False,
    "allow_batch_image_generation": False, "image_rate_independent": False, "image_rate_multiplier": 1,
    "batch_image_discount_multiplier": 0.5, "batch_image_hold_multiplier": 0.6, "video_rate_independent": False,
    "video_rate_multiplier": 1, "peak_rate_enabled": False, "peak_start": "", "peak_end": "",
    "peak_rate_multiplier": 1, "image_price_1k": None, "image_price_2k": None, "image_price_4k": None,
    "video_price_480p": None, "video_price_720p": None, "video_price_1080p": None,
    "web_search_price_per_call": None, "search_price_per_1k": None, "audio_realtime_price_per_min": None,
    "audio_tts_price_per_million_chars": None, "audio_stt_price_per_hour": None, "claude_code_only": False,
    "fallback_group_id": None, "fallback_group_id_on_invalid_request": None, "allow_messages_dispatch": False,
    "allow_live": False, "require_oauth_only": False, "require_privacy_set": False, "rpm_limit": 0,
    "max_reasoning_effort": "", "reasoning_effort_mappings": [], "created_at": 0.0, "updated_at": 0.0,
}  # fmt: skip

# Only the admin's own group answers have these; a group nested in another row does not.
GROUP_ADMIN: Row = {
    "profit_control_enabled": False, "profit_min_margin": 0, "profit_safety_buffer": 0, "model_pricing": [],
    "model_routing": {}, "model_routing_enabled": False, "mcp_xml_inject": True, "default_mapped_model": "",
    "messages_dispatch_model_config": {}, "models_list_config": {"enabled": False}, "supported_model_scopes": None,
    "sort_order": 0,
}  # fmt: skip

GROUP_NEW = frozenset({
    "long_context_pricing_enabled", "allow_batch_image_generation", "batch_image_discount_multiplier",
    "batch_image_hold_multiplier", "video_rate_independent", "video_rate_multiplier", "peak_rate_enabled",
    "peak_start", "peak_end", "peak_rate_multiplier", "video_price_480p", "video_price_720p", "video_price_1080p",
    "web_search_price_per_call", "search_price_per_1k", "audio_realtime_price_per_min",
    "audio_tts_price_per_million_chars", "audio_stt_price_per_hour", "allow_live", "max_reasoning_effort",
    "reasoning_effort_mappings", "profit_control_enabled", "profit_min_margin", "profit_safety_buffer",
    "model_pricing", "models_list_config",
})  # fmt: skip

CHANNEL: Row = {
    "id": 0, "name": "", "description": "", "status": "active", "billing_model_source": "channel_mapped",
    "restrict_models": False, "features": "", "features_config": {}, "group_ids": [], "model_pricing": [],
    "model_mapping": {}, "apply_pricing_to_account_stats": False, "account_stats_pricing_rules": [],
    "created_at": 0.0, "updated_at": 0.0,
}  # fmt: skip

PRICING: Row = {
    "id": 0, "platform": "anthropic", "models": [], "billing_mode": "token", "input_price": None,
    "output_price": None, "cache_write_price": None, "cache_read_price": None, "fast_multiplier": None,
    "flex_multiplier": None, "image_input_price": None, "image_output_price": None, "per_request_price": None,
    "intervals": [], "time_pricing": None,
}  # fmt: skip

PRICING_NEW = frozenset({"fast_multiplier", "flex_multiplier", "image_input_price", "time_pricing"})

ACCOUNT: Row = {
    "id": 0, "name": "", "notes": None, "platform": "", "type": "", "credentials": {}, "credentials_status": {},
    "extra": {}, "proxy_id": None, "proxy_fallback_origin_id": None, "concurrency": 0, "priority": 0,
    "rate_multiplier": 1, "status": "active", "error_message": "", "last_used_at": None, "expires_at": None,
    "auto_pause_on_expired": True, "created_at": 0.0, "updated_at": 0.0, "schedulable": True,
    "rate_limited_at": None, "rate_limit_reset_at": None, "overload_until": None, "temp_unschedulable_until": None,
    "temp_unschedulable_reason": "", "session_window_start": None, "session_window_end": None,
    "session_window_status": "",
}  # fmt: skip

USER: Row = {
    "id": 0, "email": "", "username": "", "role": "user", "balance": 0, "frozen_balance": 0, "concurrency": 0,
    "status": "active", "allowed_groups": None, "created_at": 0.0, "updated_at": 0.0,
    "balance_notify_enabled": True, "balance_notify_threshold_type": "fixed", "balance_notify_threshold": None,
    "balance_notify_extra_emails": None, "total_recharged": 0, "rpm_limit": 0,
}  # fmt: skip

KEY: Row = {
    "id": 0, "user_id": 0, "key": "", "name": "", "group_id": None, "status": "active", "ip_whitelist": None,
    "ip_blacklist": None, "last_used_at": None, "last_used_ip": None, "quota": 0, "quota_used": 0,
    "expires_at": None, "created_at": 0.0, "updated_at": 0.0, "current_concurrency": 0, "rate_limit_5h": 0,
    "rate_limit_1d": 0, "rate_limit_7d": 0, "usage_5h": 0, "usage_1d": 0, "usage_7d": 0, "window_5h_start": None,
    "window_1d_start": None, "window_7d_start": None,
}  # fmt: skip

SUBSCRIPTION: Row = {
    "id": 0, "user_id": 0, "group_id": 0, "starts_at": 0.0, "expires_at": 0.0, "status": "active",
    "daily_window_start": None, "weekly_window_start": None, "monthly_window_start": None, "daily_usage_usd": 0,
    "weekly_usage_usd": 0, "monthly_usage_usd": 0, "created_at": 0.0, "updated_at": 0.0,
}  # fmt: skip

USAGE: Row = {
    "id": 0, "user_id": 0, "api_key_id": 0, "account_id": 0, "request_id": "", "model": "", "inbound_endpoint": "",
    "upstream_endpoint": "", "group_id": None, "subscription_id": None, "input_tokens": 0, "output_tokens": 0,
    "cache_creation_tokens": 0, "cache_read_tokens": 0, "cache_creation_5m_tokens": 0,
    "cache_creation_1h_tokens": 0, "input_cost": 0, "output_cost": 0, "cache_creation_cost": 0,
    "cache_read_cost": 0, "total_cost": 0, "actual_cost": 0, "rate_multiplier": 1,
    "long_context_billing_applied": False, "billing_type": 0, "request_type": "sync", "stream": False,
    "openai_ws_mode": False, "duration_ms": 0, "first_token_ms": None, "image_count": 0, "image_size": None,
    "image_input_size": None, "image_output_size": None, "image_input_tokens": 0, "image_input_cost": 0,
    "image_output_tokens": 0, "image_output_cost": 0, "image_size_source": None, "image_size_breakdown": None,
    "media_type": None, "user_agent": "", "cache_ttl_overridden": False, "billing_mode": "token", "created_at": 0.0,
    "upstream_model": "", "upstream_response_model": "", "upstream_model_mismatch": False,
    "model_mapping_chain": "", "account_rate_multiplier": 1, "ip_address": "127.0.0.1",
}  # fmt: skip

USAGE_NEW = frozenset({
    "upstream_model_mismatch", "long_context_billing_applied", "image_output_cost", "image_input_cost",
    "upstream_response_model", "image_input_tokens", "image_output_tokens",
})  # fmt: skip

OPS: Row = {
    "id": 0, "created_at": 0.0, "phase": "upstream", "type": "upstream_error", "error_owner": "provider",
    "error_source": "upstream_http", "severity": "P2", "status_code": 0, "platform": "openai", "model": "",
    "resolved": False, "resolved_at": None, "resolved_by_user_id": None, "resolved_by_user_name": "",
    "client_request_id": "", "request_id": "", "message": "", "user_id": 0, "user_email": "", "api_key_id": 0,
    "account_id": None, "account_name": "", "group_id": None, "group_name": "", "client_ip": "127.0.0.1",
    "request_path": "", "stream": False, "inbound_endpoint": "", "upstream_endpoint": "/v1/responses",
    "requested_model": "", "upstream_model": "", "request_type": 1, "user_agent": "", "api_key_name": "",
}  # fmt: skip

OPS_DETAIL: Row = {
    "error_body": "", "auth_latency_ms": None, "routing_latency_ms": None, "upstream_latency_ms": None,
    "response_latency_ms": None, "time_to_first_token_ms": None, "is_business_limited": False, "api_key_prefix": "",
}  # fmt: skip

OPS_NEW = frozenset({"user_agent", "api_key_name"})

_MODELS = {
    "anthropic": ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"),
    "gemini": ("gemini-2.0-flash", "gemini-2.5-flash", "gemini-2.5-pro"),
}


def default_models(platform: str) -> tuple[str, ...]:
    """The built-in list of a platform, shown where no account has a mapping."""
    return _MODELS.get(platform, ("gpt-5.4", "gpt-5.4-mini", "gpt-5.3-codex", "gpt-5.2", "gpt-image-2"))
