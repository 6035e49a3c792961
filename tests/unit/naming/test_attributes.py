"""Each kind of part that is stripped from an id is kept as an attribute."""

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
        ("nb:qwen3.6-plus", "qwen3.6-plus", {"path": "nb"}),
        ("hf.co/some/Qwen3-32B-GGUF:Qwen3-32B-Q4_K_M.gguf", "qwen3-32b",
         {"path": "hf.co,some,qwen3-32b-gguf", "quantisation": "q4-k-m", "packaging": "gguf"}),
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
        ("glm-5.2-int4-int8mix", "glm-5.2", {"quantisation": "int4,int8mix"}),
        ("Qwen3-32B-EXL3-3.40bpw", "qwen3-32b", {"quantisation": "3.40bpw,exl3"}),
        ("deepseek-v4-pro-byteplus", "deepseek-v4-pro", {"hosting": "byteplus"}),
        ("claude-opus-4.8-api", "claude-opus-4-8", {"hosting": "api"}),
        ("glm-5.2-high", "glm-5.2", {"effort": "high"}),
        ("qwen3-32b-mlx-4bit", "qwen3-32b", {"quantisation": "4bit", "packaging": "mlx"}),
        ("llama-3.3-70b-instruct-hf", "llama-3.3-70b-instruct", {"packaging": "hf"}),
        ("gpt-oss-20b-MXFP4-GGUF", "gpt-oss-20b", {"quantisation": "mxfp4", "packaging": "gguf"}),
        ("newmodel-7b-hf", "newmodel-7b", {"packaging": "hf"}),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5", {"snapshot_date": "20251001"}),
        ("gpt-4o-2024-11-20", "gpt-4o", {"snapshot_date": "20241120"}),
        ("gpt-5-chat-latest", "gpt-5-chat", {"channel": "latest"}),
        ("claude-opus-4-8@default", "claude-opus-4-8", {"channel": "default"}),
        ("claude-opus-4-8-fast", "claude-opus-4-8", {"speed": "fast"}),
        ("deepseek-v4-pro-ultrafast", "deepseek-v4-pro", {"speed": "ultrafast"}),
        ("gpt-5.4-flex", "gpt-5.4", {"service_tier": "flex"}),
        ("openai/gpt-5-mini-priority", "gpt-5-mini", {"vendor": "openai", "service_tier": "priority"}),
        ("claude-opus-4-8-batch", "claude-opus-4-8", {"service_tier": "batch"}),
        ("kimi-k3-spot", "kimi-k3", {"service_tier": "spot"}),
        ("glm-5.1-202k", "glm-5.1", {"context_length": "202k"}),
        ("claude-sonnet-4-5-1m", "claude-sonnet-4-5", {"context_length": "1m"}),
        ("Qwen/Qwen2.5-72B-Instruct-128K", "qwen2.5-72b-instruct", {"vendor": "qwen", "context_length": "128k"}),
        ("llama3-70b-8192", "llama-3-70b-instruct", {"context_length": "8192"}),
        ("kimi-k2.6-nitro", "kimi-k2.6", {"routing": "nitro"}),
        ("gpt-5.3-codex-xhigh", "gpt-5.3-codex", {"effort": "xhigh"}),
        ("cerebras/qwen3-32b-cs", "qwen3-32b", {"hosting": "cerebras,cs"}),
        ("glm-5p2-fast-us", "glm-5.2", {"speed": "fast", "region": "us"}),
        ("kimi-k2.6-1m-fast-fp8", "kimi-k2.6", {"context_length": "1m", "speed": "fast", "quantisation": "fp8"}),
        ("glm-4-7-251222", "glm-4.7", {"snapshot_date": "20251222"}),
        ("openai/gpt-9-pro:batch", "gpt-9-pro", {"vendor": "openai", "service_tier": "batch"}),
        ("deepseek-v4-pro:variant1", "deepseek-v4-pro", {"routing": "variant1"}),
        ("regional.anthropic.claude-opus-4-8", "claude-opus-4-8", {"region": "regional", "vendor": "anthropic"}),
        ("databricks/system.ai.kimi-k3", "kimi-k3", {"hosting": "databricks,system.ai"}),
        ("claude-sonnet-4-thinking:8192", "claude-sonnet-4-thinking", {"mode": "8192"}),
        ("qwen/qwen3.5-plus-02-15", "qwen3.5-plus", {"vendor": "qwen", "snapshot_date": "02-15"}),
        ("x-ai/grok-4-07-09", "grok-4", {"vendor": "x-ai"}),
        ("deepseek-reasoner-cheaper", "deepseek-reasoner", {"price_tier": "cheaper"}),
        ("kimi-k3-p", "kimi-k3", {"hosting": "p"}),
        ("gpt-5.5-ca", "gpt-5.5", {"hosting": "ca"}),
        ("aws_bedrock:kimi-k3", "kimi-k3", {"hosting": "aws-bedrock"}),
        ("google_gemini:gemini-3.5-flash", "gemini-3.5-flash", {"hosting": "google-gemini"}),
        ("gemini-3.5-flash-nothinking", "gemini-3.5-flash", {"mode": "nothinking"}),
        ("grok-4-search", "grok-4", {"mode": "search"}),
        ("llama-3.3-70b-specdec", "llama-3.3-70b-instruct", {"speed": "specdec"}),
        ("llama-3.2-11b-vision-preview", "llama-3.2-11b-vision-instruct", {"channel": "preview"}),
        ("Meta-Llama-3-70B-Instruct-Lite", "llama-3-70b-instruct", {"vendor": "meta", "quantisation": "lite"}),
        ("baidu/ERNIE-9-300B-PT", "ernie-9-300b", {"vendor": "baidu", "packaging": "pt"}),
        ("jamba-mini-9-2027-01", "jamba-mini-9", {"snapshot_date": "202701"}),
        ("reka-core-20240501", "reka-core", {"snapshot_date": "20240501"}),
        ("gemini-3-pro-preview-gt-200k", "gemini-3-pro-preview", {"price_tier": "gt-200k"}),
        ("deepseek/deepseek-chat-v3-0324", "deepseek-v3-0324", {"vendor": "deepseek"}),
        ("deepseek-r1-sambanova", "deepseek-r1", {"hosting": "sambanova"}),
        ("Qwen3-32B-int4-AutoRound", "qwen3-32b", {"quantisation": "int4,autoround"}),
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
        ("qwen2.5-1.5b-instruct", "qwen2.5-1.5b-instruct"),
        ("newmodel-8b", "newmodel-8b"),
        ("newmodel-560m", "newmodel-560m"),
        ("flux-2-flex", "flux-2-flex"),
        ("gpt-4-32k", "gpt-4-32k"),
        ("gpt-3.5-turbo-16k", "gpt-3.5-turbo-16k"),
        ("moonshot-v1-32k", "moonshot-v1-32k"),
        ("Qwen2.5-14B-Instruct-1M", "qwen2.5-14b-instruct-1m"),
        ("glm-4-9b-chat-1m", "glm-4-9b-chat-1m"),
        ("MiniMax-M1-80k", "minimax-m1-80k"),
        ("phi-3-medium", "phi-3-medium"),
        ("gemma-3-4b-pt", "gemma-3-4b-pt"),
        ("gpt-6-turbo-batch-9", "gpt-6-turbo-batch-9"),
        ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview-05-06"),
        ("gemini-2.5-pro-preview-09-09", "gemini-2.5-pro-preview-09-09"),
        ("deepseek-r1-05-28", "deepseek-r1-0528"),
        ("deepseek-chat", "deepseek-chat"),
        ("perplexity/sonar-pro-search", "sonar-pro-search"),
        ("qwq-32b-preview", "qwq-32b-preview"),
        ("doubao-seed-1-6-250615", "doubao-seed-1.6-250615"),
        ("deepseek-v3-250324", "deepseek-v3-0324"),
        ("deepseek-v4-pro-ga-260813", "deepseek-v4-pro-0813"),
        ("deepseek-v4-flash-260101", "deepseek-v4-flash-260101"),
    ],
)
def test_what_belongs_to_the_name_stays(raw: str, family: str) -> None:
    assert identify_model(raw).canonical_model_family == family


@pytest.mark.parametrize("suffix", ["-batch", "-flex", "-priority", "-1m", "-202k", "-4bit", "-gguf", "-hf", "-nitro"])
def test_suffixes_never_merge_versions_sizes_or_tiers(suffix: str) -> None:
    names = ["gpt-5", "gpt-5.1", "gpt-5-mini", "deepseek-v4-pro", "deepseek-v4-flash", "qwen3-32b", "qwen3-235b-a22b"]
    assert [identify_model(name + suffix).canonical_model_family for name in names] == names


def test_attributes_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        identify_model("kimi-k2.6:free").attributes["price_tier"] = "paid"  # type: ignore[index]


def test_the_id_keeps_its_snapshot() -> None:
    assert canonical_model_id("us.anthropic.claude-sonnet-4-5-20250929-v1:0") == "claude-sonnet-4-5-20250929"
    assert canonical_model_id("claude-4.5-sonnet") == "claude-sonnet-4-5"
