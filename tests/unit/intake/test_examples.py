"""Every list of the examples is read as it is meant."""

import pytest
from batch_import.intake import ParsedRow, parse

from tests.unit.intake.example import Example, Right
from tests.unit.intake.examples_documents import EXAMPLES as DOCUMENTS
from tests.unit.intake.examples_drawn import EXAMPLES as DRAWN
from tests.unit.intake.examples_files import EXAMPLES as FILES
from tests.unit.intake.examples_lines import EXAMPLES as LINES
from tests.unit.intake.examples_programs import EXAMPLES as PROGRAMS
from tests.unit.intake.examples_public import EXAMPLES as PUBLIC
from tests.unit.intake.examples_sources import EXAMPLES as SOURCES
from tests.unit.intake.examples_sources_more import EXAMPLES as MORE_SOURCES

ALL = [*FILES, *LINES, *DOCUMENTS, *PUBLIC, *DRAWN, *SOURCES, *MORE_SOURCES, *PROGRAMS]


@pytest.mark.parametrize("example", ALL, ids=lambda example: example.name)
def test_list_is_read_as_it_is_meant(example: Example) -> None:
    rows = parse(example.text).rows
    assert [_shown(row, right) for row, right in zip(rows, example.rows, strict=False)] == example.rows
    assert len(rows) == len(example.rows), rows[len(example.rows) :]


def test_there_are_enough_examples() -> None:
    assert len(ALL) >= 150
    assert len({example.name for example in ALL}) == len(ALL)


def _shown(row: ParsedRow, right: Right) -> Right:
    """The row in the terms of ``right``: what that says nothing of is left out."""
    notes = tuple(note for note in right.notes if note in row.notes)
    label = row.label if right.label is not None else None
    platform = row.platform if right.platform is not None else None
    return Right(row.base_url, row.api_key, row.requested_models, label, row.status.value, notes, platform)
