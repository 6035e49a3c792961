"""What several observations make of each question, and the sentences for them."""

import string

import pytest
from batch_import.domain.evidence import (
    OBSERVATIONS,
    Agreement,
    Observation,
    Question,
    Seen,
    Source,
    evidence,
    text_of_observation,
)

PARAMS = {
    "asked": "gpt-5", "served": "glm-5.2", "maker": "Anthropic", "server": "Ollama", "field": "id", "tokens": "912",
    "characters": "80", "came": "mirror.example.net",
}  # fmt: skip


def of(agreement: Agreement) -> Observation:
    """Something seen about the model's identity that says this."""
    code = next(c for c, m in OBSERVATIONS.items() if m.question is Question.IDENTITY and m.agreement is agreement)
    return Observation(code, Source.CHAT, PARAMS)


YES, NO, OPEN = of(Agreement.CONSISTENT), of(Agreement.INCONSISTENT), of(Agreement.UNKNOWN)


@pytest.mark.parametrize(
    ("seen", "value"),
    [
        ((), "unknown"),
        ((OPEN,), "unknown"),
        ((YES,), "consistent"),
        ((OPEN, YES), "consistent"),
        ((YES, NO, OPEN), "inconsistent"),
    ],
)
def test_one_thing_that_does_not_fit_decides(seen: tuple[Observation, ...], value: str) -> None:
    found = evidence(seen)
    assert found["identity"]["value"] == value
    assert len(found["identity"]["observations"]) == len(seen)
    assert found["passthrough"] == {"value": "unknown", "observations": []}


def test_what_is_passed_on_is_not_consistent_while_more_is_asked_about_it() -> None:
    small = Observation(Seen.PROMPT_COUNTED_SMALL, Source.CHAT, PARAMS)
    large = Observation(Seen.PROMPT_COUNTED_LARGE, Source.CHAT, PARAMS)
    asked, all_asked = evidence((small, YES), more_is_asked=True), evidence((small, YES))
    assert (asked["passthrough"]["value"], all_asked["passthrough"]["value"]) == ("unknown", "consistent")
    assert asked["passthrough"]["observations"] == all_asked["passthrough"]["observations"]
    assert asked["identity"]["value"] == "consistent"
    assert evidence((large,), more_is_asked=True)["passthrough"]["value"] == "inconsistent"


def test_a_thing_is_told_once_for_each_answer() -> None:
    again = Observation(YES.code, Source.STREAM, PARAMS)
    assert evidence((YES, YES, again))["identity"]["observations"] == [
        {"code": YES.code.value, "source": "chat_completions", "params": PARAMS},
        {"code": YES.code.value, "source": "stream", "params": PARAMS},
    ]


def test_only_these_count_against_a_relay() -> None:
    """All else has another honest explanation, or speaks for it."""
    assert {code for code, meaning in OBSERVATIONS.items() if meaning.agreement is Agreement.INCONSISTENT} == {
        Seen.OTHER_MODEL_NAMED,
        Seen.ID_OF_OTHER_MAKER,
        Seen.FORM_OF_OTHER_SERVER,
        Seen.REASONING_NOT_EXPECTED,
        Seen.PROMPT_COUNTED_LARGE,
        Seen.INSTRUCTIONS_ADDED,
        Seen.RESPONSES_FROM_CHAT,
        Seen.TOOL_ARGUMENTS_CHANGED,
    }


@pytest.mark.parametrize("code", list(Seen))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_observation_has_a_sentence_in_both_languages(code: Seen, language: str) -> None:
    template = getattr(OBSERVATIONS[code].text, language)
    names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    assert names <= PARAMS.keys()
    assert text_of_observation(code, PARAMS, language).strip()


def test_sentences_say_what_was_seen_and_blame_nobody() -> None:
    words = ("fake", "fraud", "cheat", "lie", "dishonest", "guilty", "假", "骗", "欺", "作弊", "掺水")
    texts = [text for meaning in OBSERVATIONS.values() for text in meaning.text]
    assert not [text for text in texts if any(word in text.lower().split() or word in text for word in words)]


def test_braces_of_a_relay_in_a_name_stay_text() -> None:
    assert "{asked}" in text_of_observation(Seen.OTHER_MODEL_NAMED, {**PARAMS, "served": "{asked}"}, "en")
