"""Lists whose right reading was written down before the parser read them, a round a file.

A file has one list after the other: ``#### name``, its text, and a line a right row, ``>>>> status base_url key``, with
``models=a,b``, ``label=…``, ``platform=…`` and ``notes=disabled`` (or ``notes=``: not so) where they matter; ``-`` is
nothing, ``*`` is anything. A name that begins with ``?`` is that of a list which is not read right yet.
"""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
from batch_import.intake import Note, ParsedRow, parse

ROUNDS = sorted((Path(__file__).parent / "rounds").glob("*.txt"))


class Given(NamedTuple):
    name: str
    text: str
    rows: list[list[str]]


def _lists(path: Path) -> list[Given]:
    blocks = re.split(r"^#### ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [_given(f"{path.stem}: {block}") for block in blocks]


def _given(block: str) -> Given:
    name, *lines = block.rstrip("\n").split("\n")
    rows = [shlex.split(line[5:]) for line in lines if line.startswith(">>>> ") and line != ">>>> nothing"]
    return Given(name, "\n".join(line for line in lines if not line.startswith(">>>> ")) + "\n", rows)


LISTS = [given for path in ROUNDS for given in _lists(path)]


PARAMS = [
    pytest.param(given, id=given.name, marks=[pytest.mark.xfail] if ": ? " in given.name else []) for given in LISTS
]


@pytest.mark.parametrize("given", PARAMS)
def test_list_of_a_round_is_read_as_it_is_meant(given: Given) -> None:
    rows = parse(given.text).rows
    assert parse(given.text.replace("\n", "\r\n")).rows == rows
    assert [_shown(row, right) for row, right in zip(rows, given.rows, strict=False)] == given.rows
    assert len(rows) == len(given.rows), rows[len(given.rows) :]


def _shown(row: ParsedRow, right: list[str]) -> list[str]:
    """The row as the line ``right`` writes it, with the fields that this has."""
    fields = dict(field.split("=", 1) for field in right[3:])
    values = {
        "label": row.label,
        "platform": row.platform,
        "models": ",".join(row.requested_models),
        "notes": "disabled" * (Note.DISABLED in row.notes),
    }
    shown = [row.status.value, row.base_url or "-", row.api_key or "-"]
    shown = [wanted if wanted == "*" else own for wanted, own in zip(right, shown, strict=False)]
    names = fields if "models" in fields or not row.requested_models else {**fields, "models": ""}
    return [*shown, *(f"{name}={fields[name] if fields.get(name) == '*' else values[name]}" for name in names)]


@pytest.mark.parametrize("between", [":", "#", "@", "$", "【密钥】", ""])
def test_no_address_shows_a_key_that_is_glued_to_it(between: str) -> None:
    rows = parse(f"https://relay.example/v1{between}sk-test-gl0001aaaabbbb\n").rows
    assert [(row.base_url, row.api_key) for row in rows] == [("https://relay.example/v1", "sk-test-gl0001aaaabbbb")]
    assert "sk-test" not in rows[0].base_url_as_written
