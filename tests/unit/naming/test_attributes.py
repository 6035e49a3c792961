"""What is stripped is kept, one test per kind (design §2.1)."""

import pytest
from batch_import.domain.naming import canonical_model_id, identify_model


@pytest.mark.parametrize(
    ("raw", "family", "attributes"),
    [
        ("deepseek-ai/DeepSeek-V4-Pro", "deepseek-v4-pro", {"vendor": "deepseek-ai"}),
        ("openai-gpt-52", "gpt-5.2", {"vendor": "openai"}),
        ("anthropic--claude-4.5-sonnet", "claude-sonnet-4-5", {"vendor": "anthropic"}),
        ("openai:gpt-5", "gpt-5", {"vendor": "openai"}),
        ("us.anthropic.claude-opus-4-8", "claude-opus-4-8", {"region": "us", "vendor": "anthropic"}),
        ("vertex/gemini-3.5-flash@eu", "gemini-3.5-flash", {"hosting": "vertex", "region": "eu"}),
        ("@cf/moonshotai/kimi-k2.6", "kimi-k2.6", {"hosting": "@cf", "vendor": "moonshotai"}),
        ("moonshotai/Kimi-K2.6-TEE", "kimi-k2.6", {"vendor": "moonshotai", "hosting": "tee"}),
        ("zai-org/glm-5-maas", "glm-5", {"vendor": "zai-org", "hosting": "maas"}),
        ("groq/llama-3.3-70b", "llama-3.3-70b-instruct", {"hosting": "groq"}),
        ("databricks-gpt-5-4-mini", "gpt-5.4-mini", {"hosting": "databricks"}),
        ("gpt-oss:120b-cloud", "gpt-oss-120b", {"hosting": "cloud"}),
        ("kimi-k2.6:free", "kimi-k2.6", {"price_tier": "free"}),
        ("kimi-k2.6-free", "kimi-k2.6", {"price_tier": "free"}),
        ("Kimi-K2.6[免费]", "kimi-k2.6", {"relay_tag": "免费"}),
        ("【官转】（特价）kimi-k2.6", "kimi-k2.6", {"relay_tag": "官转,特价"}),
        ("gpt-5.5 - 官转", "gpt-5.5", {"relay_tag": "官转"}),
        ("claude-sonnet-4-6[1m]", "claude-sonnet-4-6", {"relay_tag": "1m"}),
        ("🔥kimi-k2.6", "kimi-k2.6", {}),
        ("zai-org/GLM-5.2-FP8", "glm-5.2", {"vendor": "zai-org", "quantisation": "fp8"}),
        ("Qwen3-32B-AWQ", "qwen3-32b", {"quantisation": "awq"}),
        ("qwen3-32b-int4", "qwen3-32b", {"quantisation": "int4"}),
        ("unsloth/Qwen3-32B-GGUF:Q4_K_M", "qwen3-32b",
         {"vendor": "unsloth", "quantisation": "q4-k-m", "packaging": "gguf"}),
        ("route/kimi-k2.6-6bit", "kimi-k2.6", {"hosting": "route", "quantisation": "6bit"}),
        ("qwen3-32b-4-bit", "qwen3-32b", {"quantisation": "4-bit"}),
        ("glm-5.1-8bit", "glm-5.1", {"quantisation": "8bit"}),
        ("qwen3-32b-mlx-4bit", "qwen3-32b", {"quantisation": "4bit", "packaging": "mlx"}),
        ("llama-3.3-70b-instruct-hf", "llama-3.3-70b-instruct", {"packaging": "hf"}),
        ("gpt-oss-20b-MXFP4-GGUF", "gpt-oss-20b", {"quantisation": "mxfp4", "packaging": "gguf"}),
        ("newmodel-7b-hf", "newmodel-7b", {"packaging": "hf"}),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5", {"snapshot_date": "20251001"}),
        ("gpt-4o-2024-11-20", "gpt-4o", {"snapshot_date": "20241120"}),
        ("gpt-5-chat-latest", "gpt-5-chat", {"channel": "latest"}),
        ("claude-opus-4-8@default", "claude-opus-4-8", {"channel": "default"}),
        ("claude-opus-4-8-fast", "claude-opus-4-8", {"speed": "fast"}),
        ("z-ai/glm-5.2:thinking", "glm-5.2", {"vendor": "z-ai", "mode": "thinking"}),
        ("anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1",
         {"vendor": "anthropic", "snapshot_date": "20250805", "hosting_version": "v1:0"}),
        ("accounts/fireworks/models/kimi-k2p6", "kimi-k2.6", {"hosting": "accounts,fireworks", "path": "models"}),
    ],
)  # fmt: skip
def test_what_is_stripped_becomes_an_attribute(raw: str, family: str, attributes: dict[str, str]) -> None:
    identity = identify_model(raw)
    assert (identity.canonical_model_family, dict(identity.attributes)) == (family, attributes)


@pytest.mark.parametrize(
    ("raw", "family"),
    [
        ("gpt-5 [thinking]", "gpt-5-thinking"),
        ("llama-3.3 (70b)", "llama-3.3-70b-instruct"),
        ("cohere.embed-v4:0", "embed-v4"),
        ("mistral.mistral-7b-instruct-v0:2", "mistral-7b-instruct-v0.2"),
        ("gpt-oss:20b", "gpt-oss-20b"),
        ("deepseek-v4-flash:0731", "deepseek-v4-flash-0731"),
        ("mistral-nemotron", "mistral-nemotron"),
    ],
)
def test_what_belongs_to_the_name_stays(raw: str, family: str) -> None:
    assert identify_model(raw).canonical_model_family == family


def test_attributes_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        identify_model("kimi-k2.6:free").attributes["price_tier"] = "paid"  # type: ignore[index]


def test_the_id_keeps_its_snapshot() -> None:
    assert canonical_model_id("us.anthropic.claude-sonnet-4-5-20250929-v1:0") == "claude-sonnet-4-5-20250929"
    assert canonical_model_id("claude-4.5-sonnet") == "claude-sonnet-4-5"
