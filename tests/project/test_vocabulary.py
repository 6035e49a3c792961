"""No second vocabulary exists (docs/design.md#2-pipeline): in code, the API's document and the page."""

import re
from pathlib import Path

import pytest
from batch_import.domain.types import (
    AccessStatus,
    AccountResolution,
    ConfirmationStatus,
    ItemStage,
    MatchedAccountState,
    RunState,
)

from tests.support.documents import ROOT, openapi

PLACES = ("layers/core/batch_import", "functions", "cli", "docs/openapi.yaml")
SUFFIXES = {".py", ".js", ".html", ".css", ".yaml"}
RETIRED = ("confirmed_active", "confirmed_inactive", "active_confirmed", "patch_only_status")


def sources() -> list[Path]:
    found = []
    for place in PLACES:
        path = ROOT / place
        assert path.exists(), place
        found += [path] if path.is_file() else [p for p in path.rglob("*") if p.suffix in SUFFIXES]
    return found


@pytest.mark.parametrize("word", RETIRED)
def test_retired_words_are_nowhere(word: str) -> None:
    assert [str(path) for path in sources() if word in path.read_text("utf-8")] == []


def test_warning_is_never_a_state_of_a_run() -> None:
    as_state = re.compile(r"""(state|status)["']?\s*(:|=|==|===)\s*["']warning["']""", re.IGNORECASE)
    assert [str(path) for path in sources() if as_state.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "enum", [RunState, ItemStage, ConfirmationStatus, AccessStatus, MatchedAccountState, AccountResolution]
)
def test_the_document_has_the_enums_to_the_letter(enum: type[RunState]) -> None:
    schemas = openapi()["components"]["schemas"]
    assert schemas[enum.__name__]["enum"] == [member.value for member in enum]


def test_only_the_validation_service_writes_access_status() -> None:
    writers = re.compile(r"""["']access_status["']\s*:|access_status\s*=[^=]""")
    package = ROOT / "layers/core/batch_import"
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if writers.search(path.read_text("utf-8")) and "domain" not in path.parts
    }
    assert found == {"stages/validate.py"}
