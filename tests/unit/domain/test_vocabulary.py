"""Sentences of refusals, and the words in them."""

import re

import pytest
from batch_import.domain.refusals import SAYINGS
from batch_import.domain.vocabulary import VOCABULARY, Meanings, sentences


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("AccessDenied.Unpurchased", ["access denied unpurchased"]),
        ("One. Two! 三。四", ["one", "two", "三", "四"]),
        ("See https://relay.invalid/api-keys now", ["see   now"]),
        ("No key. Please check your plan.", ["no key"]),
        ("Please check your plan.", ["please check your plan"]),
        ("x-1 is gone", ["model  is gone"]),
        ("model `x-1` is gone", ["model `` is gone"]),
        ("", []),
    ],
)
def test_sentences(text: str, said: list[str]) -> None:
    assert [line.strip() for line in sentences(text, "x-1")] == said


def test_every_expression_compiles_and_every_meaning_is_used() -> None:
    for each in VOCABULARY:
        assert re.compile(each.expression)
    named = {name for saying in SAYINGS for name in (*saying.of, *saying.says, *saying.unless)}
    assert {each.meaning for each in VOCABULARY} == named


def test_meanings_tell_where_the_words_stand() -> None:
    found = Meanings("the key is invalid")
    assert found["key"] == [(4, 7)]
    assert found["bad"] == [(11, 18)]
