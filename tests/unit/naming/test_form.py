"""The form of an id: nothing but case, width and separators."""

import pytest
from batch_import.domain.naming import normalize_model_id


@pytest.mark.parametrize(
    ("raw", "form"),
    [
        ("Kimi-K2.6", "kimi-k2.6"),
        ("kimi 2.6", "kimi-2.6"),
        ("  kimi \t k2.6\n", "kimi-k2.6"),
        ("kimi_k2.6", "kimi-k2.6"),
        ("Kimi-K2_6", "kimi-k2.6"),
        ("ｋｉｍｉ－ｋ２．６", "kimi-k2.6"),
        ("kimi—k2.6", "kimi-k2.6"),
        ("【免费】kimi-k2.6", "[免费]kimi-k2.6"),
        ("（官转）kimi-k2.6", "(官转)kimi-k2.6"),
        ("moonshotai/Kimi-K2.6-TEE", "moonshotai/kimi-k2.6-tee"),
        ("anthropic--claude-4.5-sonnet", "anthropic-claude-4.5-sonnet"),
        ("/models/gpt-5/", "models/gpt-5"),
        ("gpt\u200b-5", "gpt-5"),
        ("gpt-5\x00", "gpt-5"),
        ("\ud800gpt", "\ufffdgpt"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_one_form(raw: str, form: str) -> None:
    assert normalize_model_id(raw) == form


def test_a_form_can_be_stored() -> None:
    normalize_model_id("a\ud800b\udfff").encode("utf-8")
