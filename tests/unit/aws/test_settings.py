"""The environment of a function: texts become values, and a value that cannot be stops the start."""

import pytest
from batch_import.aws.settings import Settings


def test_texts_become_values_and_empty_ones_their_defaults() -> None:
    environment = {"RUNS_TABLE": "runs", "ORIGIN_CONCURRENCY": "200", "KEY_RETENTION_HOURS": "1.5", "OTHER": "x"}
    settings = Settings.from_environment({**environment, "PROVIDER_CONCURRENCY": ""})
    assert settings == Settings(runs_table="runs", origin_concurrency=200, key_retention_hours=1.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORIGIN_CONCURRENCY", "-1"),
        ("ORIGIN_SPACING", "-1"),
        ("ORIGIN_CONCURRENCY", "many"),
        ("KEY_RETENTION_HOURS", "0"),
    ],
)
def test_a_value_that_cannot_be_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Settings.from_environment({name: value})


def test_private_hosts_are_names_in_lower_case() -> None:
    assert Settings(allowed_private_hosts=" A.example, b.example,").allowed_hosts == {"a.example", "b.example"}
