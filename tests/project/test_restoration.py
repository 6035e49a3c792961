"""docs/restoration.md has a row for every rule of the two original documents, and what its rows name exists."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from batch_import.domain.entities import Event, Item, Run

from tests.support.documents import ROOT, openapi

PAGE = ROOT / "docs" / "restoration.md"
TEXT = PAGE.read_text("utf-8")
LINK = re.compile(r"\[`([^`]+)`\]\[([^\]]+)\]")
DEFINITION = re.compile(r"^\[([^\]]+)\]: (\S+)$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
DIFFERS = " *(differs)*"
UNTESTED = {"P0.3", "P0.4"}  # how to work: no test can show it

# What the two documents demand, by their own numbers: the documents themselves are not in this repository.
ENDINGS = {
    "S2": "", "S3.": "1 2 3 4 5", "S4.1 ": "state access_mode q paging warning",
    "S4.2 ": "current_stage confirmation_status access_status has_warning provider_id matched_account_state"
             " account_resolution q paging",
    "S5 ": "form codes", "S6.1 ": "answer created running", "S6.": "2 3 4 5", "S7.": "1 2 3 4 5 6", "S8.": "1 2",
    "S9.": "1 2 3 4 5 6", "S10": "", "S11 ": "enums warning old·words", "S11.": "1 2 3 4",
    "O": "1 2 3 4 5 6 7 8", "P0.": "1 2 3 4 5",
    "P2.1.": "1 2 3 4 5 6 7 8 9 10 11 12", "P2.2.": "1 2 3 4 5 6 7 8 9",
    "P3.1.": "1 2", "P3.2.": "1 2 3 4 5", "P3.3.": "1 2 3 4", "P3.4.": "1 2 3 4 5 6", "P3.5.": "1 2 3 4",
    "P3.6.": "1 2 3 4 5 6", "P3.7.": "1 2 3 4 5", "P3.8.": "1 2 3 4", "P3.9.": "1 2 3 4 5",
    "P3.10.": "1 2 3 4 5 6 7", "P3.11.": "1 2 3 4 5", "P3.12.": "1 2 3 4 5 6",
    "P3.13 ": "objectives contract result·API migration worker reuse",
    "P4 ": "commands", "P4.": "1 2 3 4", "P5.": "1 2 3 4",
}  # fmt: skip
RULES = [f"{start}{end}".replace("·", " ") for start, ends in ENDINGS.items() for end in ends.split() or [""]]
NAMES = """RunState ItemStage ConfirmationStatus AccessStatus MatchedAccountState AccountResolution ProviderModels
    NormalizeModelID CanonicalModelID CanonicalModelFamily BuildAliasTable ResolveRequestedModel RecommendModels
    TransportProfile ModelCapabilityProfile CapabilityProfile ProbeCapabilities CompletionResult ResolveSmokeModel
    SmokeCompletion NormalizeProviderID ReuseDecision DecideReuse BatchImportService.StartRun ImportRoutingStrategy
    BuildImportRoutingStrategy ChannelPatchContract ModelMappingDelta ConfirmationWorker.Tick
    ConfirmationWorker.ConfirmItem ValidationService.ValidateItem RunStateStore ResultProjection"""


class Row(NamedTuple):
    rule: str
    demand: str
    code: str
    tests: str
    routes: str
    fields: str


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def tables(columns: int, text: str = TEXT) -> list[list[str]]:
    """Rows of all tables with so many columns, without their heads."""
    lines = [cells(line) for line in text.splitlines() if line.startswith("| ")]
    return [row for row in lines if len(row) == columns and row[0] not in ("Rule", "Name in the plan")]


ROWS = [Row(*row) for row in tables(6)]
FILES = {name: (PAGE.parent / path).resolve() for name, path in DEFINITION.findall(TEXT)}


@cache
def symbols(file: Path) -> frozenset[str]:
    """What a file defines: of Python functions, classes, their members and constants; of others every word."""
    if file.suffix != ".py":
        return frozenset(re.findall(r"[\w-]+(?=:)", file.read_text("utf-8")))
    return frozenset(_defined(ast.parse(file.read_text("utf-8")).body, ""))


def _defined(body: list[ast.stmt], within: str) -> set[str]:
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {within + name.id for name in targets if isinstance(name, ast.Name)}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(within + node.name)
            if isinstance(node, ast.ClassDef):
                found |= _defined(node.body, f"{within}{node.name}.")
    return found


def dead(cell: str) -> list[str]:
    """Links of a cell that name no file, or nothing that the file defines. A file itself is named by its own name."""
    return [f"{name} in {file}" for name, file in LINK.findall(cell) if not _is_there(name, file)]


def _is_there(name: str, file: str) -> bool:
    path = FILES.get(file)
    return path is not None and path.is_file() and (name == file or name in symbols(path))


@cache
def operation(route: str) -> dict[str, Any] | None:
    method, _, path = route.partition(" ")
    found: dict[str, Any] = openapi()["paths"].get(f"/api/batch-import{path}", {})
    return found.get(method.lower())


@cache
def shown(route: str) -> frozenset[str]:
    """Parameters, and names of all properties, of a route's request and answers."""
    found: set[str] = set()
    _gather(operation(route), found, set())
    return frozenset(found)


def _gather(node: Any, found: set[str], seen: set[str]) -> None:
    if isinstance(node, list):
        for one in node:
            _gather(one, found, seen)
    if not isinstance(node, dict):
        return
    if "in" in node and "name" in node:
        found.add(node["name"])
    if isinstance(node.get("properties"), dict):
        found |= set(node["properties"])
    target = node.get("$ref")
    if isinstance(target, str) and target not in seen:
        seen.add(target)
        kind, name = target.split("/")[-2:]
        _gather(openapi()["components"][kind][name], found, seen)
    for name, one in node.items():
        if name not in ("example", "examples"):
            _gather(one, found, seen)


STORED = frozenset().union(*(row.model_fields for row in (Run, Item, Event)))


def test_every_rule_has_its_row() -> None:
    assert [row.rule for row in ROWS] == RULES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_no_link_is_dead(row: Row) -> None:
    assert dead(row.code) + dead(row.tests) == []
    assert all(name.startswith("test_") for name, _ in LINK.findall(row.tests))
    for route in CODE.findall(row.routes):
        assert operation(route) is not None, route
    known = frozenset().union(*map(shown, CODE.findall(row.routes))) or STORED
    assert set(CODE.findall(row.fields)) <= known


def test_every_row_names_code_and_tests() -> None:
    assert [row.rule for row in ROWS if not LINK.findall(row.code)] == []
    assert {row.rule for row in ROWS if not LINK.findall(row.tests)} == UNTESTED


def test_every_objective_is_seen_by_a_route_and_a_field() -> None:
    assert all(CODE.findall(row.routes) and CODE.findall(row.fields) for row in ROWS if row.rule.startswith("O"))


def test_what_differs_is_explained_and_nothing_else() -> None:
    explained = [rule for row in tables(3) for rule in row[0].split(", ")]
    assert sorted(set(explained)) == sorted(row.rule for row in ROWS if row.demand.endswith(DIFFERS))


def test_every_name_of_the_plan_has_its_counterpart() -> None:
    rows = tables(2)
    assert [name for row in rows for name in re.split(r", ", row[0].strip("`"))] == NAMES.split()
    assert [link for row in rows for link in dead(row[1])] == []
    assert all(LINK.findall(row[1]) for row in rows)


def test_links_that_lead_nowhere_are_seen() -> None:
    """The checks themselves: a file that is not defined, a symbol that is not there, and one that is."""
    page = "domain/types.py"
    assert dead(f"[`RunState`][{page}]") == dead(f"[`{page}`][{page}]") == []
    assert dead(f"[`Nothing`][{page}], [`RunState`][domain/nowhere.py]") == [
        f"Nothing in {page}",
        "RunState in domain/nowhere.py",
    ]
    assert operation("GET /runs/nowhere") is None
    assert "lease_owner" not in shown("GET /runs/{run_id}/items/{item_id}")


def test_every_definition_of_a_link_is_used() -> None:
    assert {file for _, file in LINK.findall(TEXT)} == set(FILES)
