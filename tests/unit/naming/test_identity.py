"""Families, provenance and candidates of ids."""

import json

import pytest
from batch_import.domain.naming import MAX_ID_LENGTH, canonical_model_family, identify_model
from batch_import.domain.naming.identity import kept_by_id
from batch_import.domain.types import Provenance

SAME = {
    "kimi-k2.6": [
        "kimi 2.6", "kimi-2.6", "kimi-k2.6", "kimi_k2.6", "kimi-k2p6", "k2p6", "KIMI K2.6", "moonshotai/Kimi-K2.6-TEE",
        "Kimi-K2.6[免费]", "（官转）kimi-k2.6", "ｋｉｍｉ－ｋ２．６", "@cf/moonshotai/kimi-k2.6", "kimi-k2.6:free",
        "moonshotai/chat-completion/models/Kimi-K2_6", "kimi-k2-6", "moonshot-kimi-k2.6", "hf:moonshotai/Kimi-K2.6",
    ],
    "step-3.5-flash": ["stepfun-3.5-flash", "stepfun-ai/Step-3.5-Flash", "route/stepfun-3.5-flash"],
    "glm-5.1": ["zhipu-5.1", "z-ai-5.1", "glm-5.1"],
    "mimo-v2.5-pro": ["xiaomi-v2.5-pro", "xiaomi-2.5-pro", "mimo-v2.5-pro"],
    "grok-4.3": ["xai-4.3", "grok-4.3"],
    "claude-opus-4-8": ["anthropic-opus-4.8", "opus-4.8", "duo-chat-opus-4-8", "claude-opus4-8"],
    "sonar-reasoning": ["perplexity/sonar-reasoning", "sonar-reasoning"],
    "kimi-k3": ["k3", "kimi 3", "kimi-k3", "Kimi-K3[1M]", "kimi-k3-256k"],
    "claude-3-5-sonnet": ["3-5-sonnet", "sonnet-3.5", "claude-3-5-sonnet-v2@20241022"],
    "minimax-m2.5": ["minimaxm2.5", "minimax-m2.5", "MiniMax-M2_5-high-throughput"],
    "mistral-7b-instruct-v0.3": ["mistral-7b-instruct-v3", "ai-mistral-7b-instruct-v03"],
    "gpt-5.4-mini": ["gpt-5.4mini", "gpt5.4-mini"],
    "qwen3-coder": ["qwen3-coder", "qwen/qwen3-coder"],
    "claude-haiku": ["anthropic/claude-haiku-latest", "~anthropic/claude-haiku-latest", "claude-haiku-latest"],
    "deepseek-v4-pro": ["deepseek-ai/DeepSeek-V4-Pro", "deepseek-v4-pro", "deepseek 4 pro", "DeepSeek_V4_Pro"],
    "deepseek-r1": ["us.deepseek.r1-v1:0", "deepseek-ai/DeepSeek-R1", "deepseek-r1:671b"],
    "claude-sonnet-4-5": [
        "claude-4.5-sonnet", "claude-sonnet-4-5", "claude-sonnet-4.5", "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5@20250929", "anthropic/claude-4-5-sonnet",
    ],
    "claude-opus-4": ["anthropic/claude-opus-4", "claude-opus-4-0", "claude-opus-4-20250514"],
    "gpt-5.1": ["gpt-5.1", "gpt-5-1", "gpt 5.1", "GPT5.1", "openai/gpt-5.1-2025-11-13"],
    "glm-5.2": ["glm-5.2", "GLM-5.2[免费]", "zai-org-glm-5-2", "glm5.2", "z-ai/glm-5.2-free"],
    "gemma-4-31b-it": ["gemma4-31b", "gemma4:31b", "google/gemma-4-31B-turbo-TEE"],
    "llama-3.3-70b-instruct": [
        "llama3-3-70b", "@cf/meta/llama-3.3-70b-instruct-fp8-fast", "Meta-Llama-3.3-70B-Instruct", "llama3.3:70b",
    ],
    "nemotron-3-super-120b-a12b": [
        "nemotron-3-super", "nvidia.nemotron-super-3-120b", "@cf/nvidia/nemotron-3-120b-a12b",
    ],
    "mistral-large-2512": ["mistral-large-3", "mistralai/Mistral-Large-3-675B-Instruct-2512", "mistral-large-2512"],
    "ministral-14b-2512": [
        "mistralai/Ministral-3-14B-Instruct-2512", "ministral-3:14b", "ministral-14b", "ministral-14b-instruct-2512",
    ],
    "qwen3.8-2.4t-a95b": ["qwen-3-8-2-4t-a95b", "qwen3.8-2.4t-a95b"],
    "voxtral-small-24b-2507": ["mistralai/Voxtral-Small-24B-2507", "voxtral-small-2507"],
    "mistral-nemo": ["unsloth/Mistral-Nemo-Instruct-2407-TEE"],
    "qwen3-235b-a22b-instruct-2507": ["qwen/qwen3-235b-a22b-2507", "qwen.qwen3-235b-a22b-2507-v1:0"],
    "qwen3-235b-a22b-thinking-2507": ["alibaba/qwen3-235b-a22b-thinking", "Qwen/Qwen3-235B-A22B-Thinking-2507"],
    "pixtral-large": ["pixtral-large-2411", "pixtral-large-latest"],
    "qwen3.5-397b-a17b": ["qwen35-397b-a17b", "qwen3-5-397b-a17b", "Qwen/Qwen3.5-397B-A17B-TEE", "qwen3.5:397b"],
}  # fmt: skip

DISTINCT = [
    ["gpt-5", "gpt-5.1", "gpt-5-mini", "gpt-5-nano", "gpt-5-pro", "gpt-5-codex", "gpt-5-chat-latest"],
    ["gpt-4", "gpt-4o", "gpt-4o-mini", "gpt-4-turbo", "gpt-4.1"],
    ["deepseek-v4-pro", "deepseek-v4-flash", "deepseek-v4-flash-0731", "deepseek-r1", "deepseek-r1-distill-qwen-32b"],
    ["qwen3-32b", "qwen3-235b-a22b", "qwen3-235b-a22b-instruct-2507", "qwen3-235b-a22b-thinking-2507", "qwen3-max"],
    ["qwen3-next-80b-a3b-instruct", "qwen3-next-80b-a3b-thinking"],
    ["mistral-large-2411", "mistral-large-2512", "mistral-large-latest", "mistral-small-2506"],
    ["kimi-k2.7-code", "kimi-k2.7-code-highspeed", "kimi-k2-thinking", "kimi-k2.6", "K2-Think"],
    ["glm-5", "glm-5.1", "glm-5.2", "glm-5-turbo", "glm-5v-turbo", "glm-4.7-flash", "glm-4.7-flashx"],
    ["grok-4.20-0309-reasoning", "grok-4.20-0309-non-reasoning", "grok-4-fast", "grok-4"],
    ["gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-flash-tts", "gemini-2.5-flash-preview-tts"],
    ["gemini-3.1-pro-preview", "gemini-3.1-pro-preview-customtools"],
    ["claude-opus-4-5", "claude-opus-4-5-thinking", "claude-sonnet-4-5", "claude-opus-4-1"],
    ["llama-3.1-70b-instruct", "dracarys-llama-3.1-70b-instruct", "hermes-3-llama-3.1-70b"],
    ["stepfun-3.5-flash", "stepfun-3.7-flash", "stepfun-3", "stepfun-9-flash"],
    ["openai-5", "openai-5.1", "openai-5-mini"],
    ["ministral-3-3b", "ministral-3-8b", "ministral-3-14b", "ministral-8b-2410", "ministral-3-8b-reasoning-2512"],
    ["voxtral-mini-3b", "voxtral-mini-latest", "voxtral-mini-2602"],
    ["command-r", "command-r-08-2024", "command-r-plus-08-2024"],
    ["titan-embed-text", "amazon.titan-embed-text-v2:0"],
]


@pytest.mark.parametrize(("family", "raws"), SAME.items())
def test_one_family(family: str, raws: list[str]) -> None:
    assert {raw: canonical_model_family(raw) for raw in raws} == dict.fromkeys(raws, family)


@pytest.mark.parametrize("raws", DISTINCT, ids=lambda raws: raws[0])
def test_distinct_models_stay_distinct(raws: list[str]) -> None:
    assert len({canonical_model_family(raw) for raw in raws}) == len(raws)


@pytest.mark.parametrize(
    ("raw", "family"),
    [
        ("gpt-6.3-mini", "gpt-6.3-mini"),
        ("openai/gpt-6-3-mini:free", "gpt-6.3-mini"),
        ("gpt-6-turbo", "gpt-6-turbo"),
        ("amazon.nova-9-ultra-v1:0", "nova-9-ultra"),
        ("nova-9-ultra-v1", "nova-9-ultra"),
        ("claude-6.5-sonnet", "claude-sonnet-6-5"),
        ("us.anthropic.claude-sonnet-6-5-20270101-v1:0", "claude-sonnet-6-5"),
        ("claude-opus-4-8-think", "claude-opus-4-8-thinking"),
        ("kimi 4.2", "kimi-k4.2"),
        ("qwen-5-70b", "qwen5-70b"),
        ("newvendor/NewModel-7B-FP8", "newmodel-7b"),
        ("NewModel-7B:free", "newmodel-7b"),
    ],
)
def test_a_model_that_the_catalogue_has_never_seen(raw: str, family: str) -> None:
    identity = identify_model(raw)
    assert (identity.canonical_model_family, identity.provenance) == (family, Provenance.RULE)


@pytest.mark.parametrize(
    ("raw", "provenance"),
    [
        ("Kimi-K2.6", Provenance.EXACT),
        ("ｇｐｔ－５", Provenance.EXACT),
        ("kimi 2.6", Provenance.ALIAS),
        ("claude-4.5-sonnet", Provenance.ALIAS),
        ("gpt-52", Provenance.ALIAS),
        ("mistral-large-3", Provenance.ALIAS),
        ("moonshotai/Kimi-K2.6-TEE", Provenance.RULE),
        ("gpt-6.3-mini", Provenance.RULE),
        ("qwen3-coder", Provenance.UNKNOWN),
        ("umans-coder", Provenance.UNKNOWN),
    ],
)
def test_provenance(raw: str, provenance: Provenance) -> None:
    assert identify_model(raw).provenance is provenance


@pytest.mark.parametrize(
    ("raw", "candidates"),
    [
        ("qwen3-coder", {"qwen3-coder-30b-a3b-instruct", "qwen3-coder-480b-a35b-instruct"}),
        ("qwen.qwen3-next-80b-a3b", {"qwen3-next-80b-a3b-instruct", "qwen3-next-80b-a3b-thinking"}),
        ("grok-4.20", {"grok-4.20-0309-reasoning", "grok-4.20-0309-non-reasoning"}),
        ("claude-sonnet", {"claude-sonnet-4-5", "claude-sonnet-4"}),
        ("gpt-oss", {"gpt-oss-20b", "gpt-oss-120b"}),
    ],
)
def test_an_ambiguous_id_is_unknown_with_candidates(raw: str, candidates: set[str]) -> None:
    identity = identify_model(raw)
    assert identity.provenance is Provenance.UNKNOWN
    assert candidates <= set(identity.candidates)
    assert identity.canonical_model_family == identity.normalized_model_id.removeprefix("qwen.")


@pytest.mark.parametrize(
    "raw", ["", "   ", "auto", "router/auto", "42", "chat-1", "免费", "[]", "/", ":", "通义千问-max"]
)
def test_what_names_no_model_is_unknown(raw: str) -> None:
    identity = identify_model(raw)
    assert identity.provenance is Provenance.UNKNOWN
    assert identity.canonical_model_family == identity.normalized_model_id
    assert identity.raw_model_id == raw


def test_relays_do_not_share_an_opaque_name() -> None:
    assert canonical_model_family("openrouter/auto") != canonical_model_family("morph/auto")


def test_an_identity_can_be_told() -> None:
    identity = identify_model("kimi-k2.6:free")
    assert json.loads(json.dumps(dict(identity.attributes))) == {"price_tier": "free"}


def test_an_id_is_judged_once_and_one_that_is_too_long_is_not_kept() -> None:
    judged: list[str] = []
    judge = kept_by_id(lambda raw: judged.append(raw) or len(raw))
    long = "x" * (MAX_ID_LENGTH + 1)
    assert [judge(raw) for raw in ("gpt-4o", "gpt-4o", long, long)] == [6, 6, MAX_ID_LENGTH + 1, MAX_ID_LENGTH + 1]
    assert judged == ["gpt-4o", long, long]
