"""What a completion shows: what counts, what has another honest explanation, and what hostile answers cannot do."""

from typing import Any

import pytest
from batch_import.domain.answer_signs import observe, prompt_tokens
from batch_import.domain.capability import Protocol
from batch_import.domain.evidence import Seen, text_of_observation
from hypothesis import given
from hypothesis import strategies as st


def chat(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": "ok"}}], **fields}


def seen(body: Any, model: str, protocol: Protocol = Protocol.CHAT, **sent: Any) -> set[Seen]:
    found = observe(body, protocol, model, sent)
    assert all(text_of_observation(it.code, it.params, language) for it in found for language in ("zh", "en"))
    return {it.code for it in found}


NAMES = [
    # asked, named, what it says
    ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", Seen.SAME_MODEL_NAMED),
    ("gpt-3.5-turbo", "gpt-3.5-turbo-0125", Seen.SAME_MODEL_NAMED),
    ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", Seen.SAME_MODEL_NAMED),
    ("claude-opus-4-6", "us.anthropic.claude-opus-4-6-v1:0", Seen.SAME_MODEL_NAMED),
    ("moonshotai/Kimi-K2.6", "kimi-k2.6", Seen.SAME_MODEL_NAMED),
    ("gemini-1.5-flash", "gemini-1.5-flash-002", Seen.SAME_MODEL_NAMED),
    ("gemini-2.5-flash", "gemini-2.5-flash-preview-05-20", Seen.SAME_MODEL_NAMED),
    ("gemini-2.5-pro", "models/gemini-2.5-pro-exp-03-25", Seen.SAME_MODEL_NAMED),
    ("gpt-4-turbo", "gpt-4-turbo-2024-04-09", Seen.SAME_MODEL_NAMED),
    ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5", Seen.SAME_MODEL_NAMED),
    ("anthropic/claude-3.5-sonnet", "claude-3-5-sonnet-20241022", Seen.SAME_MODEL_NAMED),
    ("openai/gpt-4o:free", "gpt-4o-2024-11-20", Seen.SAME_MODEL_NAMED),
    ("gpt-35-turbo", "gpt-3.5-turbo-16k", Seen.OTHER_MODEL_NAMED),
    ("gpt-5-high", "gpt-5", Seen.SAME_MODEL_NAMED),
    ("in-house", "in-house", Seen.SAME_MODEL_NAMED),
    ("in-house", "In-House", Seen.SAME_MODEL_NAMED),
    ("in-house", "pool-b", None),
    ("deepseek-chat", "deepseek-v4-flash", Seen.RELATED_MODEL_NAMED),  # the maker's own pointer
    ("gpt-4-turbo-preview", "gpt-4-0125-preview", Seen.RELATED_MODEL_NAMED),
    ("gemini-3-pro-preview", "gemini-3.1-pro-preview", Seen.RELATED_MODEL_NAMED),
    ("gpt-5-mini", "gpt-5", Seen.RELATED_MODEL_NAMED),  # more than was asked for
    ("gemini-flash-latest", "gemini-2.5-flash", Seen.RELATED_MODEL_NAMED),
    ("claude-sonnet-4-5-thinking", "claude-sonnet-4-5-20250929", Seen.RELATED_MODEL_NAMED),
    ("qwen-plus", "qwen3-32b", Seen.RELATED_MODEL_NAMED),
    ("claude-opus-4-6", "claude-opus-4-6-thinking", Seen.RELATED_MODEL_NAMED),  # so Antigravity's proxies name it
    ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5-thinking", Seen.RELATED_MODEL_NAMED),
    ("gemini-2.5-flash", "gemini-2.5-flash-thinking", Seen.RELATED_MODEL_NAMED),
    ("gpt-4o-2024-05-13", "gpt-4o-2024-11-20", Seen.RELATED_MODEL_NAMED),  # another snapshot, at another price
    ("claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022", Seen.RELATED_MODEL_NAMED),
    ("gpt-4o-2024-11-20", "gpt-4o-2024-11-20", Seen.SAME_MODEL_NAMED),
    ("gpt-3.5-turbo-16k", "gpt-3.5-turbo-0125", Seen.RELATED_MODEL_NAMED),
    ("gpt-4", "gpt-4-0613", Seen.SAME_MODEL_NAMED),
    ("gpt-4", "gpt-4-1106-preview", Seen.RELATED_MODEL_NAMED),  # these are versions of Azure's model gpt-4
    ("gpt-4", "gpt-4-0125-Preview", Seen.RELATED_MODEL_NAMED),
    ("gpt-4", "gpt-4-turbo-2024-04-09", Seen.RELATED_MODEL_NAMED),
    ("gpt-4", "gpt-4-vision-preview", Seen.RELATED_MODEL_NAMED),
    ("gpt-4-turbo", "gpt-4-1106-preview", Seen.RELATED_MODEL_NAMED),
    ("gpt-4", "gpt-4o", Seen.OTHER_MODEL_NAMED),
    ("gpt-4-32k", "gpt-4-turbo", Seen.OTHER_MODEL_NAMED),
    # A name that its maker moves comes to another snapshot or version of its tier, ...
    ("gemini-2.5-pro-preview-06-05", "gemini-2.5-pro", Seen.SAME_MODEL_NAMED),
    ("gpt-5-chat-latest", "gpt-5-chat", Seen.SAME_MODEL_NAMED),
    ("chatgpt-4o-latest", "gpt-4o", Seen.RELATED_MODEL_NAMED),
    ("chatgpt-4o-latest", "gpt-4o-2024-11-20", Seen.RELATED_MODEL_NAMED),
    ("claude-sonnet-4-latest", "claude-sonnet-4-5", Seen.RELATED_MODEL_NAMED),
    ("claude-3-5-sonnet-latest", "claude-sonnet-4-20250514", Seen.RELATED_MODEL_NAMED),
    ("Claude-Sonnet-4-Latest", "claude-sonnet-4-5", Seen.RELATED_MODEL_NAMED),
    ("gemini-3-flash-preview", "gemini-flash-latest", Seen.RELATED_MODEL_NAMED),
    ("gemini-flash", "gemini-2.5-flash", Seen.RELATED_MODEL_NAMED),
    ("o1-preview", "o3", Seen.RELATED_MODEL_NAMED),
    ("claude-mythos-preview", "claude-mythos-5", Seen.RELATED_MODEL_NAMED),
    ("gpt-5-chat-latest", "gpt-5.1-chat", Seen.RELATED_MODEL_NAMED),
    ("gpt-5-chat-latest", "gpt-5-2025-08-07", Seen.RELATED_MODEL_NAMED),
    ("gpt-4o-search-preview", "gpt-4o", Seen.RELATED_MODEL_NAMED),
    ("o1-preview", "o1-2024-12-17", Seen.RELATED_MODEL_NAMED),
    ("o1-preview", "o1-preview-2024-09-12", Seen.SAME_MODEL_NAMED),
    ("o1", "o1-preview", Seen.OTHER_MODEL_NAMED),
    ("gemini-flash-lite-latest", "gemini-2.5-flash-lite-preview-09-2025", Seen.RELATED_MODEL_NAMED),
    ("gemini-2.5-flash-preview-04-17", "gemini-2.5-flash-preview-05-20", Seen.RELATED_MODEL_NAMED),
    ("gemini-2.0-flash-exp", "gemini-2.5-flash", Seen.RELATED_MODEL_NAMED),
    ("gemini-2.0-flash-thinking-exp", "gemini-2.5-flash-preview-05-20", Seen.RELATED_MODEL_NAMED),
    ("gemini-exp-1206", "gemini-2.5-pro-preview-05-06", Seen.RELATED_MODEL_NAMED),
    ("gemini-3-flash-preview", "gemini-3.5-flash", Seen.RELATED_MODEL_NAMED),
    ("gemini-3.1-pro-preview-customtools", "gemini-3.1-pro-preview", Seen.RELATED_MODEL_NAMED),
    ("gemini-2.5-flash-lite-preview-06-17", "gemini-2.5-flash", Seen.RELATED_MODEL_NAMED),  # more than was asked for
    # ... to no other tier, no older version and no other line.
    ("gemini-3-pro-preview", "gemini-2.0-flash-lite", Seen.OTHER_MODEL_NAMED),
    ("gemini-3-pro-preview", "gemini-2.5-pro", Seen.OTHER_MODEL_NAMED),
    ("gemini-3-pro-preview", "gemini-3.5-flash", Seen.OTHER_MODEL_NAMED),
    ("gemini-3.1-pro-preview", "gemini-2.5-flash", Seen.OTHER_MODEL_NAMED),
    ("gemini-flash-latest", "gemini-2.5-flash-lite", Seen.OTHER_MODEL_NAMED),
    ("gemini-1.5-flash-latest", "gemini-1.5-flash-8b", Seen.OTHER_MODEL_NAMED),
    ("gpt-5-chat-latest", "gpt-3.5-turbo-0125", Seen.OTHER_MODEL_NAMED),
    ("gpt-5-chat-latest", "gpt-5-mini", Seen.OTHER_MODEL_NAMED),
    ("gpt-5-chat-latest", "gpt-4o", Seen.OTHER_MODEL_NAMED),
    ("o1-preview", "gpt-4o", Seen.OTHER_MODEL_NAMED),
    ("claude-3-7-sonnet-latest", "claude-3-haiku", Seen.OTHER_MODEL_NAMED),
    ("claude-3-opus-latest", "claude-sonnet-5", Seen.OTHER_MODEL_NAMED),
    ("claude-3-5-sonnet-latest", "claude-haiku-4-5", Seen.OTHER_MODEL_NAMED),
    ("claude-3-5-haiku-latest", "claude-sonnet-4-5", Seen.OTHER_MODEL_NAMED),
    ("claude-mythos-preview", "claude-sonnet-5", Seen.OTHER_MODEL_NAMED),
    ("gpt-4-turbo-preview", "gpt-4.1", Seen.OTHER_MODEL_NAMED),
    ("gpt-5-chat-latest", "gpt-5-nano", Seen.OTHER_MODEL_NAMED),
    ("gpt-5-chat-latest", "gpt-5.3-instant", Seen.OTHER_MODEL_NAMED),
    ("gpt-5.1-chat-latest", "gpt-5-chat", Seen.OTHER_MODEL_NAMED),
    # OpenAI's -pro models cost ten times as much as those without the word; with another name it is a mode.
    ("gpt-5-pro", "gpt-5-pro-2025-10-06", Seen.SAME_MODEL_NAMED),
    ("gpt-5-pro", "gpt-5", Seen.OTHER_MODEL_NAMED),
    ("gpt-5.2-pro", "gpt-5.2-2025-12-11", Seen.OTHER_MODEL_NAMED),
    ("o3-pro", "o3", Seen.OTHER_MODEL_NAMED),
    ("o1-pro", "o1", Seen.OTHER_MODEL_NAMED),
    ("gpt-5.6-sol-pro", "gpt-5.6-sol", Seen.RELATED_MODEL_NAMED),
    ("claude-3.7-sonnet-thought", "claude-3.7-sonnet", Seen.RELATED_MODEL_NAMED),
    # A version behind the name is no word more.
    ("claude-sonnet-4-5", "claude-sonnet-4", Seen.OTHER_MODEL_NAMED),
    ("claude-sonnet-4-5", "claude-sonnet-4-20250514", Seen.OTHER_MODEL_NAMED),
    ("claude-opus-4-6", "claude-opus-4-20250514", Seen.OTHER_MODEL_NAMED),
    ("claude-opus-4-1", "claude-opus-4", Seen.OTHER_MODEL_NAMED),
    ("claude-3.7-sonnet-thought", "claude-3-sonnet-20240229", Seen.OTHER_MODEL_NAMED),
    # Another date is another snapshot only of the same model.
    ("claude-sonnet-4-5-20250929", "claude-sonnet-4-20250514", Seen.OTHER_MODEL_NAMED),
    ("gpt-4o-2024-11-20", "gpt-4o-mini-2024-07-18", Seen.OTHER_MODEL_NAMED),
    ("gpt-4-32k", "gpt-4", Seen.RELATED_MODEL_NAMED),
    # The catalogue has the name that moves: Google routes calls of 3 to 3.1.
    ("gemini-3-pro", "gemini-3.1-pro-preview", Seen.RELATED_MODEL_NAMED),
    ("gemini-3-pro-high", "gemini-3.1-pro-high", Seen.RELATED_MODEL_NAMED),
    ("gemini-3-flash", "gemini-3.5-flash", Seen.RELATED_MODEL_NAMED),
    ("gemini-3-pro", "gemini-3-flash", Seen.OTHER_MODEL_NAMED),
    ("gemini-3-pro-high", "gemini-3-pro-low", Seen.RELATED_MODEL_NAMED),
    ("gpt-5-high", "gpt-5-minimal", Seen.RELATED_MODEL_NAMED),
    ("claude-sonnet-4-5", "claude-sonnet-5", Seen.OTHER_MODEL_NAMED),
    ("claude-opus-4-6", "claude-sonnet-4-5-thinking", Seen.OTHER_MODEL_NAMED),
    ("gpt-5", "gpt-5-mini", Seen.OTHER_MODEL_NAMED),
    ("claude-opus-4-6", "claude-sonnet-4-5", Seen.OTHER_MODEL_NAMED),
    ("claude-opus-4-6", "glm-5.2", Seen.OTHER_MODEL_NAMED),
    ("gpt-4o", "qwen3-32b", Seen.OTHER_MODEL_NAMED),
    *(
        (asked, other, Seen.OTHER_MODEL_NAMED)
        for asked in ("gpt-4o", "claude-opus-4-6", "gemini-2.5-pro")
        for other in (
            "openai/gpt-oss-120b",
            "gemma-3-27b-it",
            "phi-4",
            "us.amazon.nova-pro-v1:0",
            "step-3.5-flash",
            "mimo-v2.5",
            "nvidia/nemotron-3-nano-30b-a3b",
            "codestral-2508",
            "command-r-plus-08-2024",
            "hermes-4-70b",
        )
    ),
    # A model of another maker is another one, whatever was asked for; within a maker of open weights it may be a name.
    *(
        (asked, other, Seen.OTHER_MODEL_NAMED)
        for asked, other in (
            ("deepseek-v3.2", "qwen3-32b"),
            ("qwen3-32b", "deepseek-v4-flash"),
            ("qwq-32b", "glm-5.2"),
            ("glm-5.2", "qwen3-32b"),
            ("kimi-k2.6", "glm-5.2"),
            ("moonshot-v1-8k", "qwen3-32b"),
            ("llama-3.3-70b-instruct", "qwen3-32b"),
            ("mistral-large-2411", "llama-3.3-70b-instruct"),
            ("grok-4", "gpt-4o"),
            ("doubao-seed-1.6", "deepseek-v3.2"),
            ("minimax-m2", "glm-5.2"),
            ("ernie-4.5-300b-a47b", "qwen3-32b"),
            ("hunyuan-a13b", "qwen3-32b"),
            ("o4-mini", "qwen3-32b"),
            ("chatgpt-4o-latest", "qwen3-32b"),
        )
    ),
    ("qwen3-235b-a22b", "qwen3-32b", Seen.RELATED_MODEL_NAMED),
    ("grok-4", "grok-3", Seen.RELATED_MODEL_NAMED),
    ("gpt-4o", "gemma-9-27b", Seen.RELATED_MODEL_NAMED),  # a name that the catalogue does not have
    ("gpt-oss-120b", "openai/gpt-oss-120b", Seen.SAME_MODEL_NAMED),
    ("gpt-oss-120b", "gpt-oss-20b", Seen.RELATED_MODEL_NAMED),
    ("gemma-3-27b-it", "phi-4", Seen.RELATED_MODEL_NAMED),  # open weights get any name
    ("gemma-3-27b-it", "gpt-4o", Seen.RELATED_MODEL_NAMED),
    ("gpt-5-auto", "gpt-oss-120b", Seen.RELATED_MODEL_NAMED),
    ("GPT-5-Auto", "gpt-oss-120b", Seen.RELATED_MODEL_NAMED),
    ("gpt-5-router", "gpt-5-nano", Seen.RELATED_MODEL_NAMED),
    ("gpt-4o", "pool-a", None),
    ("my-deployment", "gpt-4o", None),  # a name of the operator's own, as at Azure
    ("gpt-4o", "model-a", None),
    ("gpt-4o", "", None),
    ("gpt-4o", None, None),
]


@pytest.mark.parametrize(("asked", "named", "expected"), NAMES)
def test_what_the_name_in_an_answer_says(asked: str, named: str | None, expected: Seen | None) -> None:
    assert seen(chat(model=named), asked) == ({expected} if expected else set())


@pytest.mark.parametrize(
    ("model", "fields", "expected"),
    [
        ("gpt-4o", {"system_fingerprint": "fp_eaab8d114b_prod0820_fp8_kvcache"}, Seen.FORM_OF_OTHER_SERVER),
        ("claude-opus-4-6", {"usage": {"prompt_cache_miss_tokens": 12}}, Seen.FORM_OF_OTHER_SERVER),
        ("gpt-4o", {"system_fingerprint": "fp_ollama"}, Seen.FORM_OF_OTHER_SERVER),
        ("claude-opus-4-6", {"timings": {"predicted_n": 4}}, Seen.FORM_OF_OTHER_SERVER),
        ("gpt-5", {"x_groq": {"id": "req_01jx"}}, Seen.FORM_OF_OTHER_SERVER),
        ("claude-opus-4-6", {"system_fingerprint": "fp_ollama"}, Seen.FORM_OF_OTHER_SERVER),
        ("gpt-4o", {"choices": [{"message": {"content": "ok"}, "matched_stop": 151_645}]}, Seen.FORM_OF_OTHER_SERVER),
        ("qwen3-32b", {"choices": [{"message": {"content": "ok"}, "matched_stop": 151_645}]}, None),
        ("gpt-oss-120b", {"x_groq": {"id": "req_01jx"}}, None),  # open weights: anybody serves them
        ("gpt-oss-20b", {"system_fingerprint": "fp_ollama"}, None),
        ("gpt-j-6b", {"timings": {"predicted_n": 4}}, None),
        ("gpt-neox-20b", {"timings": {"predicted_n": 4}}, None),
        ("gpt2-xl", {"timings": {"predicted_n": 4}}, None),
        ("gemini-3-flash", {"system_fingerprint": "fp_ollama"}, None),  # Ollama's cloud passes Gemini on
        ("deepseek-v4-pro", {"usage": {"prompt_cache_miss_tokens": 12}}, None),
        ("gpt-4o", {"usage": {"prompt_cache_miss_tokens": 0, "prompt_cache_hit_tokens": 0}}, None),  # New API's fields
        ("gpt-4o", {"system_fingerprint": "fp_34a54ae93c"}, None),
        ("gpt-4o", {"id": "msg_bdrk_01Apm"}, Seen.ID_OF_OTHER_MAKER),
        ("claude-opus-4-6", {"id": "msg_bdrk_01Apm"}, Seen.ID_OF_MAKER),
        ("gpt-4o", {"id": "msg_01XFDUDYJgAACzvnptvVoYEL"}, None),  # software that converts writes such ids
        ("in-house", {"id": "msg_bdrk_01Apm"}, None),
        ("gpt-4o", {"usage": {"completion_tokens_details": {"reasoning_tokens": 90}}}, Seen.REASONING_NOT_EXPECTED),
        ("o4-mini", {"usage": {"completion_tokens_details": {"reasoning_tokens": 90}}}, None),
        *(
            ("gpt-4o", {"usage": {"completion_tokens_details": {"reasoning_tokens": count}}}, None)
            for count in (0, -1, True, "9")
        ),
        ("gpt-4o", {"usage": {"completion_tokens_details": {"reasoning_tokens": 1}}}, Seen.REASONING_NOT_EXPECTED),
    ],
)
def test_what_fields_and_ids_say(model: str, fields: dict[str, Any], expected: Seen | None) -> None:
    assert seen(chat(**fields), model) == ({expected} if expected else set())


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize(
    "model",
    ["gpt-4o", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-3.5-turbo-0125", "chatgpt-4o-latest", "claude-3-5-haiku-20241022",
     "claude-3-5-sonnet-20241022"],
)  # fmt: skip
def test_reasoning_of_a_model_without_it(model: str, field: str) -> None:
    body = {"choices": [{"message": {"content": "ok", field: "We are asked"}}]}
    assert seen(body, model) == {Seen.REASONING_NOT_EXPECTED}


@pytest.mark.parametrize(
    ("model", "protocol", "body"),
    [
        ("claude-3-5-haiku-20241022", Protocol.MESSAGES,
         {"content": [{"type": "thinking", "thinking": "We are asked"}, {"type": "text", "text": "ok"}]}),
        ("gpt-4o", Protocol.RESPONSES,
         {"output": [{"type": "reasoning"}], "usage": {"output_tokens_details": {"reasoning_tokens": 90}}}),
        ("gemini-2.0-flash", Protocol.GENERATE, {"usageMetadata": {"thoughtsTokenCount": 90}}),
    ],
)  # fmt: skip
def test_reasoning_of_a_model_without_it_in_other_protocols(
    model: str, protocol: Protocol, body: dict[str, Any]
) -> None:
    assert Seen.REASONING_NOT_EXPECTED in seen(body, model, protocol)


@pytest.mark.parametrize("reasoning", ["", "\n", None, {}])
def test_empty_reasoning_is_none(reasoning: Any) -> None:
    assert not seen({"choices": [{"message": {"content": "ok", "reasoning_content": reasoning}}]}, "gpt-4o")


def test_a_count_of_reasoning_alone_may_be_a_converters() -> None:
    body = {"output": [{"type": "message"}], "usage": {"output_tokens_details": {"reasoning_tokens": 9}}}
    assert Seen.REASONING_NOT_EXPECTED not in seen(body, "gpt-4o", Protocol.RESPONSES)


@pytest.mark.parametrize("model", ["gpt-5", "claude-3-7-sonnet", "glm-5.2", "qwen3-32b", "claude-3-5-sonnet-thinking"])
def test_reasoning_of_a_model_that_may_have_it(model: str) -> None:
    assert not seen({"choices": [{"message": {"content": "ok", "reasoning": "We are asked"}}]}, model)


@pytest.mark.parametrize(
    ("model", "usage", "expected"),
    [
        ("claude-opus-5", {"prompt_tokens": 509}, Seen.PROMPT_COUNTED_LARGE),
        ("claude-opus-5", {"prompt_tokens": 2_014}, None),  # 9router adds 2,000 to each count
        ("claude-opus-5", {"prompt_tokens": 2_200}, Seen.PROMPT_COUNTED_LARGE),
        ("claude-opus-5", {"input_tokens": 12, "cache_read_input_tokens": 4_000}, Seen.PROMPT_COUNTED_LARGE),
        # Claude's cached prompt counted beside the rest, as one-hub and CLIProxyAPI do; OpenAI's is within.
        ("claude-opus-5", {"prompt_tokens": 12, "prompt_tokens_details": {"cached_tokens": 3_180}},
         Seen.PROMPT_COUNTED_LARGE),
        ("claude-opus-5", {"prompt_tokens": 12, "cache_read_input_tokens": 3_180}, Seen.PROMPT_COUNTED_LARGE),
        ("gpt-5", {"prompt_tokens": 2_010, "prompt_tokens_details": {"cached_tokens": 1_920}}, None),  # 9router
        ("gpt-5", {"prompt_tokens": 150, "prompt_tokens_details": {"cached_tokens": 150}}, None),
        ("gpt-5", {"prompt_tokens": 14}, Seen.PROMPT_COUNTED_SMALL),
        ("claude-opus-5", {"input_tokens": 12}, Seen.PROMPT_COUNTED_SMALL),
        *(("gpt-5", {"prompt_tokens": count}, None) for count in (3, 61, 199, 2_004, 2_060, 10_000_000)),
        *(("gpt-5", {"prompt_tokens": count}, Seen.PROMPT_COUNTED_SMALL) for count in (4, 60)),
        *(("gpt-5", {"prompt_tokens": count}, Seen.PROMPT_COUNTED_LARGE) for count in (200, 2_003, 2_061, 9_999_999)),
        *((model, {"prompt_tokens": 509}, Seen.PROMPT_COUNTED_LARGE)
          for model in ("gemini-2.5-pro", "deepseek-v4-pro", "glm-5.2", "kimi-k2.6", "moonshot-v1-8k", "qwen3-32b")),
        ("gpt-5", {"prompt_tokens": 120}, None),  # neither bare nor clearly more
        ("gpt-5", {"prompt_tokens": 0}, None),
        ("gpt-5", {"prompt_tokens": -5}, None),
        ("gpt-5", {"prompt_tokens": True}, None),
        ("gpt-5", {"prompt_tokens": 10**30}, None),
        ("grok-4", {"prompt_tokens": 690}, None),  # the maker itself begins with a text
        ("mistral-small-3.2", {"prompt_tokens": 480}, None),
        ("gpt-oss-120b", {"prompt_tokens": 210}, None),
        # Models that look things up or come with tools, by the maker or as ChatGPT's website has them.
        *((model, {"prompt_tokens": 900}, None)
          for model in ("gpt-4o-search-preview", "o3-deep-research", "gpt-4o-online", "chatgpt-agent", "gpt-4-web",
                        "glm-4-alltools", "gemini-2.5-computer-use-preview-10-2025", "gpt-4o-all", "glm-4-assistant",
                        "gpt-4-gizmo-g-abc", "gpt-4o-rag")),
        ("in-house", {"prompt_tokens": 900}, None),
    ],
)  # fmt: skip
def test_what_the_count_of_a_short_prompt_says(model: str, usage: dict[str, Any], expected: Seen | None) -> None:
    assert seen(chat(usage=usage), model) == ({expected} if expected else set())


def test_a_request_with_tools_is_not_counted() -> None:
    """Makers put the tools into a text of hundreds of tokens."""
    assert not seen(chat(usage={"prompt_tokens": 500}), "gpt-5", tools=[{}])


@pytest.mark.parametrize(
    ("model", "fields", "sent", "expected"),
    [
        ("gpt-5", {"id": "resp_1"}, {}, set()),
        ("gpt-5", {"instructions": None}, {}, set()),
        ("gpt-5", {"instructions": " \n"}, {}, set()),
        ("gpt-5", {"usage": {"total_tokens": 61}}, {}, set()),
        ("gpt-5", {"instructions": "You are Codex"}, {}, {Seen.INSTRUCTIONS_ADDED}),
        ("gpt-5", {"instructions": "You are a helpful assistant."}, {"instructions": "You are"}, set()),
        ("gpt-5", {"id": "chatcmpl-1"}, {}, {Seen.RESPONSES_FROM_CHAT}),
        ("gpt-5", {"usage": {"prompt_tokens": 61}}, {}, {Seen.RESPONSES_FROM_CHAT}),
        ("gpt-5", {"usage": {"prompt_tokens": 61, "input_tokens": 61}}, {}, set()),  # New API writes both
        ("claude-opus-5", {"id": "chatcmpl-1"}, {}, {Seen.RESPONSES_CONVERTED}),
        ("gpt-oss-20b", {"id": "chatcmpl-1"}, {}, {Seen.RESPONSES_CONVERTED}),
    ],
)
def test_what_responses_say(model: str, fields: dict[str, Any], sent: dict[str, Any], expected: set[Seen]) -> None:
    found = seen({"output": [], **fields}, model, Protocol.RESPONSES, tools=[{}], **sent)
    assert found == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
FIELDS = ("id", "model", "modelVersion", "usage", "usageMetadata", "choices", "instructions", "system_fingerprint",
          "timings", "x_groq")  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from(list(Protocol)))
def test_no_answer_breaks_it(body: dict[str, Any], protocol: Protocol) -> None:
    for one in observe(body, protocol, "gpt-4o", {}):
        assert all(isinstance(text, str) and len(text) <= 300 for text in one.params.values())
    assert 0 <= prompt_tokens(body) < 10_000_000


@pytest.mark.parametrize("body", [None, [], "text", 7])
def test_what_is_no_object_shows_nothing(body: Any) -> None:
    assert observe(body, Protocol.CHAT, "gpt-4o", {}) == ()
