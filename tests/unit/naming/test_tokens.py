"""Words, versions and keys."""

import pytest
from batch_import.domain.naming.tokens import join_size, key_of, split_two_digits, tokenize


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("claude-sonnet-4-5", ("claude", "sonnet", "4.5")),
        ("claude-4.5-sonnet", ("claude", "4.5", "sonnet")),
        ("gpt-5-1", ("gpt", "5.1")),
        ("gpt-5-mini", ("gpt", "5", "mini")),
        ("gpt4o", ("gpt", "4o")),
        ("kimi-k2-6", ("kimi", "k2.6")),
        ("kimi-k2p6", ("kimi", "k2.6")),
        ("grok-4-20-reasoning", ("grok", "4.20", "reasoning")),
        ("grok-build-0-1", ("grok", "build", "0.1")),
        ("qwen3-32b", ("qwen", "3", "32b")),
        ("qwen3-5-9b", ("qwen", "3.5", "9b")),
        ("qwen35-397b", ("qwen", "35", "397b")),
        ("llama-3-70b", ("llama", "3", "70b")),
        ("mistral-large-2411", ("mistral", "large", "2411")),
        ("command-r-08-2024", ("command", "r", "08-2024")),
        ("gemini-2.5-pro-preview-05-06", ("gemini", "2.5", "pro", "preview", "05-06")),
        ("flux.1-dev", ("flux", "1", "dev")),
    ],
)
def test_words_and_versions(name: str, tokens: tuple[str, ...]) -> None:
    assert tokenize(name) == tokens


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("claude-4.5-sonnet", "claude-sonnet-4-5"),
        ("kimi-2.6", "kimi-k2.6"),
        ("deepseek-4-pro", "deepseek-v4-pro"),
        ("minimax-2.7", "minimax-m2.7"),
        ("claude-opus-4-0", "claude-opus-4"),
        ("llama-4-scout-17b-16e-instruct", "llama-4-scout-17b-instruct"),
        ("gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("nemotron-nano-3-30b", "nemotron-3-nano-30b"),
        ("mistral-small-3.2-24b-instruct-2506", "mistral-small-2506"),
    ],
)
def test_one_key_for_one_model(left: str, right: str) -> None:
    assert key_of(tokenize(left)) == key_of(tokenize(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("gpt-5", "gpt-5.1"),
        ("deepseek-r1", "deepseek-v1"),
        ("mistral-large-2411", "mistral-large-2512"),
        ("ministral-3b-2512", "ministral-8b-2512"),
        ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview-06-05"),
        ("grok-4.2", "grok-4.20"),
        ("kimi-k2", "kimi-k2-thinking"),
    ],
)
def test_different_models_have_different_keys(left: str, right: str) -> None:
    assert key_of(tokenize(left)) != key_of(tokenize(right))


@pytest.mark.parametrize(
    ("name", "proposal"),
    [("gpt-52", ("gpt", "5.2")), ("minimax-m25", ("minimax", "m2.5")), ("qwen3-32b", ("qwen", "3", "32b"))],
)
def test_two_digits_are_a_proposal(name: str, proposal: tuple[str, ...]) -> None:
    assert split_two_digits(tokenize(name)) == proposal


@pytest.mark.parametrize(
    ("name", "proposal"),
    [
        ("qwen-3-8-2-4t-a95b", ("qwen", "3.8", "2.4t", "a95b")),
        ("qwen2.5-1-5b", ("qwen", "2.5", "1.5b")),
        ("qwen3-32b", ("qwen", "3.32b")),
        ("llama-3.3-70b", ("llama", "3.3", "70b")),
    ],
)
def test_a_size_with_a_hyphen_is_a_proposal(name: str, proposal: tuple[str, ...]) -> None:
    assert join_size(tokenize(name)) == proposal
