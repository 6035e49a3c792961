"""docs/architecture.md, docs/glossary.md and docs/naming.md name files, packages and functions that exist."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.aws import ROOT
from tests.unit.test_architecture import FLOORS, PACKAGE, parts_imported

ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")
GLOSSARY = (ROOT / "docs/glossary.md").read_text("utf-8")
NAMING = (ROOT / "docs/naming.md").read_text("utf-8")
PICTURE = re.search(r"^```\n(.*?)^```", ARCHITECTURE, re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+/?|[\w-]+/|[\w-]+\.(?:py|md|yaml)")
IN_PICTURE = re.compile(r"(?<![\w/.])[a-z_]+/[a-z_]+")
ANSWERED = (  # what a reader looks for first
    "a verdict decided",
    "an account created",
    "a retry scheduled",
    "a key erased",
    "the run closed",
)


def section(heading: str) -> str:
    return ARCHITECTURE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def rows(text: str) -> Iterator[list[str]]:
    """Cells of the tables of ``text``, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if not line.startswith("|---") and not following.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def exists(path: str) -> bool:
    """Whether a path, or a module without its suffix, is in the repository, below the package or among the namers."""
    tops = (ROOT, PACKAGE, PACKAGE / "domain" / "naming")
    return any((top / path).exists() or (top / f"{path}.py").is_file() for top in tops)


def paths(text: str) -> list[str]:
    return [code for code in CODE.findall(text) if PATH.fullmatch(code)]


def packages() -> set[str]:
    """Every package below the core's, and its modules at the top, as architecture.md writes them."""
    folders = {f"{path.parent.relative_to(PACKAGE)}/" for path in PACKAGE.rglob("__init__.py")} - {"./"}
    return folders | {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}


@cache
def functions(path: Path) -> frozenset[str]:
    """Functions, classes and methods of a module: ``f``, ``C``, ``C.m``."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
            found |= {f"{node.name}.{inner.name}" for inner in ast.walk(node) if isinstance(inner, ast.FunctionDef)}
    return frozenset(found)


def everywhere() -> frozenset[str]:
    return frozenset().union(*(functions(path) for path in PACKAGE.rglob("*.py")))


@pytest.mark.parametrize("page", [ARCHITECTURE, GLOSSARY], ids=["architecture", "glossary"])
def test_every_file_and_folder_named_exists(page: str) -> None:
    assert [path for path in paths(page) if not exists(path)] == []


def test_every_module_named_by_the_page_on_naming_exists() -> None:
    named = [path for path in paths(NAMING) if path.endswith(".py")]  # its other slashes stand in ids of models
    assert len(named) > 5
    assert [path for path in named if not exists(path)] == []


def test_every_module_of_the_picture_exists() -> None:
    assert PICTURE is not None
    named = IN_PICTURE.findall(PICTURE[1])
    assert len(named) > 10
    assert [path for path in named if not exists(path)] == []


def test_every_package_of_the_code_is_named_on_its_floor() -> None:
    named = [(int(floor), package.strip("`")) for floor, package, _ in rows(section("Packages").split("Outside")[0])]
    assert sorted(package for _, package in named) == sorted(packages())
    for floor, package in named:
        assert re.split(r"[/.]", package)[0] in FLOORS[floor], package


@pytest.mark.parametrize("folder", ["functions", "cli", "embedded", "sandbox", "tools"])
def test_folders_outside_of_the_package_import_what_is_said(folder: str) -> None:
    allowed = {row[0].strip("`/"): row[2] for row in rows(section("Packages").split("Outside")[1])}[folder]
    for path in (ROOT / folder).rglob("*.py"):
        assert parts_imported(path) <= set(CODE.findall(allowed)), path


def test_every_function_is_in_the_picture() -> None:
    assert PICTURE is not None
    working = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")} - {"authorizer"}
    assert set(re.findall(r"functions/([a-z_]+)", PICTURE[1])) == working


def test_every_function_of_where_do_i_find_is_in_its_file() -> None:
    for what, file, function in rows(section("Where do I find…")):
        first, *others = CODE.findall(function)
        assert first in functions(PACKAGE / file.strip("`")), what
        assert set(others) <= everywhere(), what


@pytest.mark.parametrize("what", ANSWERED)
def test_a_reader_finds_where_it_happens(what: str) -> None:
    assert any(row[0].startswith(what) for row in rows(section("Where do I find…")))


def test_every_term_of_the_glossary_has_one_line_and_an_owner() -> None:
    terms = list(rows(GLOSSARY))
    assert all(len(row) == 3 and paths(row[2]) for row in terms)
    names = [row[0] for row in terms]
    assert names == sorted(names, key=str.lower)
    assert len(set(names)) == len(names)
