"""How a covered account may change: a delta of the mapping, nothing else (docs/design.md#22-decide)."""

from batch_import.domain.channel_evolution import (
    NOTHING_ADDED,
    ChannelPatchContract,
    ModelMappingDelta,
    model_mapping_delta,
)
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from(["kimi-k2.6", "moonshotai/Kimi-K2.6", "gpt-5", "gpt-5.1", "*", ""])
MAPPINGS = st.dictionaries(NAMES, NAMES)


def test_only_what_is_missing_is_added() -> None:
    delta = model_mapping_delta({"a": "a"}, {"a": "other", "b": "b"})
    assert delta.added == {"b": "b"}
    assert delta.applied_to({"a": "a"}) == {"a": "a", "b": "b"}


def test_an_account_that_accepts_every_model_is_not_narrowed() -> None:
    assert model_mapping_delta({}, {"a": "a"}).empty


def test_nothing_added_is_empty() -> None:
    assert NOTHING_ADDED.empty
    assert not ModelMappingDelta({"a": "a"}).empty


@given(MAPPINGS, MAPPINGS)
def test_a_delta_never_removes_or_changes_a_name(current: dict[str, str], wanted: dict[str, str]) -> None:
    after = model_mapping_delta(current, wanted).applied_to(current)
    assert current.items() <= after.items()
    assert after.keys() <= current.keys() | wanted.keys()


@given(MAPPINGS, MAPPINGS)
def test_applying_it_twice_is_applying_it_once(current: dict[str, str], wanted: dict[str, str]) -> None:
    after = model_mapping_delta(current, wanted).applied_to(current)
    assert model_mapping_delta(after, wanted).empty


@given(st.integers(1), MAPPINGS)
def test_the_patch_holds_one_account_and_its_mapping_and_nothing_else(account_id: int, mapping: dict[str, str]) -> None:
    assert ChannelPatchContract(account_id, mapping).body() == {
        "account_ids": [account_id],
        "credentials": {"model_mapping": mapping},
    }
