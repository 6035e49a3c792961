"""What is packed comes back as it was, and stays small and readable."""

import json

from batch_import.domain.entities import ItemProfile
from batch_import.store.packing import pack, unpack
from hypothesis import given
from hypothesis import strategies as st

OF_THE_FIRST_RELEASE = bytes.fromhex("78f969678b7a8b26a9383732402bd06b63010f62173f")


@given(st.text())
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert unpack(pack(text)) == text


def test_rows_of_the_first_release_can_be_read() -> None:
    assert json.loads(unpack(OF_THE_FIRST_RELEASE)) == [
        {"event_type": "models_discovered", "message": "20 models listed"}
    ]


def test_a_profile_of_twenty_models_costs_one_write_unit() -> None:
    """A unit is paid for each kilobyte that was begun. The row's key and the names of its attributes take some 70."""
    names = [f"vendor-{n}/Model-{n * 7919 % 1000:03d}-{n}b-instruct" for n in range(20)]
    models = [
        {
            "raw_model_id": name,
            "normalized_model_id": name.lower(),
            "canonical_model_family": name.lower().partition("/")[2],
            "supports_stream": "unknown",
            "supports_tools": "unknown",
            "supports_reasoning_fields": "unknown",
            "smoke_chat_ok": "unknown",
            "speed": None,
        }
        for name in names
    ]
    profile = ItemProfile(
        raw_models=tuple(names),
        normalized_models=tuple(name.lower() for name in names),
        canonical_model_families=tuple(name.lower().partition("/")[2] for name in names),
        model_mapping={name: name for name in names},
        capability_profile={"transport_profile": {"auth_style": "bearer"}, "model_profiles": models},
    )
    assert len(pack(profile.model_dump_json())) < 950
