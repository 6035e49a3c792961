"""``models``: a JSON object per id, by the package's own rules."""

import json
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

NAMING = "batch_import.domain.naming"


@dataclass(frozen=True)
class Identity:
    raw_model_id: str
    normalized_model_id: str
    canonical_model_family: str
    provenance: str
    extra: str = "not shown"


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's own behaviour, whatever the rules say."""
    module = ModuleType(NAMING)
    module.identify_model = lambda raw: Identity(raw, raw.strip().lower(), "族", "rule")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, NAMING, module)


def test_one_object_per_line(invoke: Any, rules: None) -> None:
    result = invoke("models", input="\ufeffKimi 2.6\r\n\n  GPT-5 \nlast".encode())
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["raw_model_id"] for row in found] == ["Kimi 2.6", "  GPT-5 ", "last"]
    assert set(found[0]) == {"raw_model_id", "normalized_model_id", "canonical_model_family", "provenance"}
    assert found[0]["canonical_model_family"] == "族"


def test_needs_neither_address_nor_token(invoke: Any, rules: None) -> None:
    result = invoke("models", "--json", input="x\n", BATCH_IMPORT_URL=None, BATCH_IMPORT_TOKEN=None)
    assert result.exit_code == 0


def test_bad_bytes_are_told_by_line(invoke: Any, rules: None) -> None:
    result = invoke("models", input=b"ok\nno\xff\n")
    assert result.exit_code == 2
    assert "standard input, line 2: not UTF-8 (byte 3 of the line)" in result.stderr


def test_the_real_rules(invoke: Any) -> None:
    naming = pytest.importorskip(NAMING)
    if not hasattr(naming, "identify_model"):
        pytest.skip("the naming rules are not there yet")
    row = json.loads(invoke("models", input="moonshotai/Kimi-K2.6-TEE\n").stdout)
    assert row["raw_model_id"] == "moonshotai/Kimi-K2.6-TEE"
    assert row["canonical_model_family"] == "kimi-k2.6"
