"""Requested models are found by family; for others the closest ids are recommended."""

import pytest
from batch_import.domain.naming import build_alias_table, recommend_models, resolve_requested_model

RELAY = [
    "kimi-k2.6-fp8", "Kimi-K2.6[免费]", "moonshotai/Kimi-K2.6", "kimi-k2.5", "gpt-5", "gpt-5-mini", "gpt-4o",
    "claude-opus-4-5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "text-embedding-3-small", "dall-e-3",
    "whisper-1",
    "qwen3-coder-480b-a35b-instruct", "qwen3-coder-30b-a3b-instruct", "bge-reranker-v2-m3", "deepseek-v4-flash",
]  # fmt: skip


@pytest.mark.parametrize(
    ("requested", "raw"),
    [
        ("kimi-k2.6-fp8", "kimi-k2.6-fp8"),
        ("KIMI-K2.6-FP8", "kimi-k2.6-fp8"),
        ("kimi 2.6", "moonshotai/Kimi-K2.6"),
        ("claude-4.5-sonnet", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("GPT 5", "gpt-5"),
        ("gpt-5.1", None),
        ("qwen3-coder", None),
        ("", None),
        ("   ", None),
    ],
)
def test_resolution(requested: str, raw: str | None) -> None:
    assert resolve_requested_model(requested, build_alias_table(RELAY)) == raw


def test_the_plainest_id_of_a_family_is_taken() -> None:
    table = build_alias_table(["kimi-k2.6:free", "moonshotai/kimi-k2.6", "Kimi-K2.6", "kimi-k2.6-int4"])
    assert table.by_family["kimi-k2.6"][0] == "Kimi-K2.6"
    assert resolve_requested_model("kimi 2.6", table) == "Kimi-K2.6"


@pytest.mark.parametrize(
    ("requested", "first"),
    [
        ("gpt-5.1", ["gpt-5", "gpt-5-mini"]),
        ("qwen3-coder", ["qwen3-coder-30b-a3b-instruct", "qwen3-coder-480b-a35b-instruct"]),
        ("kimi-k2.7", ["moonshotai/Kimi-K2.6", "kimi-k2.5"]),
        ("claude-opus-4-6", ["claude-opus-4-5"]),
        ("text-embedding-3-large", ["text-embedding-3-small"]),
    ],
)
def test_the_closest_come_first(requested: str, first: list[str]) -> None:
    assert set(recommend_models(requested, RELAY)[: len(first)]) == set(first)


@pytest.mark.parametrize("requested", ["gpt-5.1", "kimi", "claude", "some-chat-model-9", "qwen3-coder"])
def test_a_chat_name_never_gets_anything_else(requested: str) -> None:
    useless = {"text-embedding-3-small", "dall-e-3", "whisper-1", "bge-reranker-v2-m3"}
    assert useless.isdisjoint(recommend_models(requested, RELAY, limit=99))


def test_limits_and_strangers() -> None:
    assert len(recommend_models("gpt-5", RELAY, limit=2)) == 2
    assert recommend_models("gpt-5", RELAY, limit=0) == []
    assert recommend_models("gpt-5", RELAY, limit=-1) == []
    assert recommend_models("gpt-5", []) == []
    assert recommend_models("zzz", ["gpt-5"]) == []
