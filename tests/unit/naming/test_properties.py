"""Properties of every string: no exception, a fixed point, no dependence on order or history."""

import random

import pytest
from batch_import.domain.naming import (
    build_alias_table,
    canonical_model_family,
    canonical_model_id,
    identify_model,
    is_chat_model,
    list_price,
    normalize_model_id,
    price_hint,
    recommend_models,
    resolve_requested_model,
)
from batch_import.domain.naming.catalogue import load_catalogue
from batch_import.domain.naming.identity import identify_uncached
from batch_import.domain.naming.tables import COLON_TAGS, SERVING_SUFFIXES, SUFFIXES, VENDORS
from hypothesis import given
from hypothesis import strategies as st

ANYTHING = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Z", "C"]), max_size=60)
WORDS = """
    openai / anthropic. us. @cf/ databricks- coding- hf: ~ gpt kimi claude qwen deepseek mistral llama nemotron grok
    mimo glm gemini newmodel auto - _ . : @ [ ] ( ) 【 】 免费 官转 5 4.5 4-5 3 k2.6 k2p6 m25 v4 52 32b a3b 16e 235b
    671b -1 001 0 2512 0309 05-06 20250929 2024-11-20 :free :thinking -fp8 -q4_k_m -TEE -latest -fast -turbo -beta -1m
    -202k -flex -batch -high -4-bit -hf -251201 -02-15 ministral stepfun opus -ga -us -p
    -preview mini pro thinking instruct it sonnet large code super omni reasoning v1 -v1:0 -v2:0 é ß İ ǅ 🔥
"""
PIECES = st.sampled_from([*WORDS.split(), "\u3000", " "])
COMPOSED = st.lists(PIECES, min_size=1, max_size=9).map("".join)
IDS = st.one_of(ANYTHING, COMPOSED)


@given(IDS)
def test_the_family_of_a_family_is_itself(raw: str) -> None:
    family = canonical_model_family(raw)
    assert canonical_model_family(family) == family


@given(IDS)
def test_a_form_is_a_fixed_point_and_has_the_same_family(raw: str) -> None:
    form = normalize_model_id(raw)
    assert normalize_model_id(form) == form
    assert canonical_model_family(form) == canonical_model_family(raw)


@given(IDS)
def test_nothing_raises_and_everything_can_be_stored(raw: str) -> None:
    identity = identify_model(raw)
    told = (identity.normalized_model_id, identity.canonical_model_family, *identity.attributes.values())
    assert all(text.encode("utf-8") is not None for text in told)
    assert canonical_model_id(canonical_model_id(raw)) == canonical_model_id(raw)
    assert is_chat_model(raw) in {True, False, None}
    assert (list_price(raw) is None) == (price_hint(raw) is None)


@given(st.lists(IDS, max_size=8), IDS, st.randoms(use_true_random=False))
def test_order_does_not_matter(raws: list[str], requested: str, dice: random.Random) -> None:
    shuffled = dice.sample(raws, len(raws))
    table = build_alias_table(raws)
    assert build_alias_table(shuffled) == table
    assert recommend_models(requested, shuffled) == recommend_models(requested, raws)
    assert resolve_requested_model(requested, table) in {*raws, None}


@given(IDS)
def test_the_cache_changes_nothing(raw: str) -> None:
    assert identify_model(raw) == identify_uncached(raw, load_catalogue())


ABSURD = [
    *(text * 10_000 for text in ("x", "-", "[", "😀", "\ud800", "\x00", "a/", "gpt-")),
    *(text * 200 for text in ("İ", "9", "[", "(", "1-")),
    *(" " * 300 + "kimi 2.6", "openai/gpt-5-" + "ﷺ" * 20, "openai/" + "gpt-5-mini-" * 18 + "x", "gpt-5" + "." * 300),
    *(text * 50 for text in ("-1:0", "官转", "-fp8", "us.", "()", "beta-", "kimi", ":x")),
]


@pytest.mark.parametrize("raw", ABSURD, ids=range(len(ABSURD)))
def test_absurd_strings(raw: str) -> None:
    family = canonical_model_family(raw)
    assert canonical_model_family(family) == family
    assert canonical_model_family(normalize_model_id(raw)) == family


SINGLE_WORDS = sorted({*SUFFIXES, *SERVING_SUFFIXES, *COLON_TAGS, *VENDORS, "instruct", "ministral", "251201", "02-15"})


@pytest.mark.parametrize("form", ["{}", "{0}-{0}", "x:{}", "gpt-5-{}", "{}-5"])
def test_every_word_of_the_tables_in_every_place(form: str) -> None:
    for word in SINGLE_WORDS:
        family = canonical_model_family(form.format(word))
        assert canonical_model_family(family) == family


def test_every_family_of_the_catalogue_is_found_under_its_own_name() -> None:
    families = load_catalogue().families
    assert [family for family in families if canonical_model_family(family) != family] == []
