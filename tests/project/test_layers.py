"""Layers are shipped compiled, when an interpreter of the target version is at hand, and without one all the same."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.aws import ROOT

UNCHECKED = (0b01).to_bytes(4, "little")  # PEP 552: by hash, and the hash is not compared


def build(place: Path, version: str) -> Path:
    """The core layer's folder, made for a version of Python."""
    arguments = ["build-CoreLayer", f"ARTIFACTS_DIR={place}", f"LAMBDA_PYTHON={version}"]
    environment = {"PATH": f"{place}:{Path(sys.executable).parent}:/usr/bin:/bin"}
    subprocess.run(
        ["make", "-C", "layers/core", *arguments], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    return place / "python" / "batch_import"


def test_a_layer_is_compiled_for_its_version_and_trusted_unchecked(tmp_path: Path) -> None:
    (tmp_path / "python9.9").symlink_to(sys.executable)
    package = build(tmp_path, "9.9")
    sources = {path.relative_to(package).with_suffix("") for path in package.rglob("*.py")}
    compiled = list(package.rglob("*.pyc"))
    assert {path.relative_to(package).parents[1] / path.name.split(".")[0] for path in compiled} == sources
    assert {path.read_bytes()[4:8] for path in compiled} == {UNCHECKED}


def test_without_an_interpreter_of_the_version_the_layer_holds_its_sources(tmp_path: Path) -> None:
    package = build(tmp_path, "9.9")
    assert (package / "bootstrap.py").exists()
    assert list(package.rglob("*.pyc")) == []


@pytest.mark.parametrize("layer", ["core", "dependencies"])
def test_both_layers_are_compiled_alike(layer: str) -> None:
    text = (ROOT / "layers" / layer / "Makefile").read_text("utf-8")
    assert "--invalidation-mode unchecked-hash" in text
    assert text.count("-m $(COMPILE)") == 1
