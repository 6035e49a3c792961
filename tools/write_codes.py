"""Writes docs/codes.md from the tables of the domain: ``python -m tools.write_codes``."""

import html
import sys
from collections.abc import Iterable
from pathlib import Path

from batch_import.domain.advisories import ADVISORIES
from batch_import.domain.capability import VERDICTS, Row
from batch_import.domain.demands import LESSONS
from batch_import.domain.outcomes import OUTCOMES
from batch_import.domain.refusals import SAYINGS, SIGNS
from batch_import.domain.types import EventType
from batch_import.domain.vocabulary import VOCABULARY

TARGET = Path(__file__).parents[1] / "docs" / "codes.md"


def rendered() -> str:
    outcomes = [
        (f"`{o.code}`", o.access, f"{o.zh}<br>{o.en}", f"{o.advice_zh}<br>{o.advice_en}") for o in OUTCOMES.values()
    ]
    advisories = [(f"`{code}`", f"{text.zh}<br>{text.en}") for code, text in ADVISORIES.items()]
    verdicts = [
        (_statuses(row), ", ".join(row.bodies) or "any", _kinds(row), f"`{row.verdict}`", row.verdict.flag, row.reason)
        for row in VERDICTS
    ]
    signs = [(sign.kind, _escaped(sign.words), sign.source) for sign in SIGNS]
    sayings = [(s.kind, ", ".join(s.of), ", ".join(s.says), ", ".join(s.unless)) for s in SAYINGS]
    vocabulary = [(each.meaning, _escaped(each.expression)) for each in VOCABULARY]
    lessons = [(f"`{lesson.demand}`", _escaped(lesson.words), lesson.source) for lesson in LESSONS]
    return "\n".join(
        [
            "# Codes\n\nWritten by `make docs` from the tables in `domain/`; each stands there once.\n",
            "## Outcomes\n\n`last_error_code` of an item, and what it means for `access_status`.\n",
            _table(("Code", "Access", "Text", "Advice"), outcomes),
            "\n## Advisories\n\nOf transport profiles (`known_advisories`) and items (`advisory_messages`).\n",
            _table(("Code", "Text"), advisories),
            "\n## Verdicts on an answer\n\nThe first row that holds decides. The flag is what a profile then says. An "
            "error\nunder a 200 counts with the status that it names itself. Words are the kinds of the next table.\n",
            _table(("Status", "Body", "Words", "Verdict", "Flag", "Reason"), verdicts),
            "\n## Words of refusals\n\nA refusal is of a kind when one of its sentences speaks of one thing and says "
            "another of it,\nclose together, and speaks of none of the last column.\n",
            _table(("Kind", "Speaks of", "Says", "Not with"), sayings),
            "\nThe words of each, in the languages of relays (`domain/vocabulary.py`). Codes are read as sentences.\n",
            _table(("Meaning", "Words"), vocabulary),
            "\nWords that mean a kind by themselves: regular expressions on the error's message, code, type and "
            "parameter,\nwithout regard to case.\n",
            _table(("Kind", "Words", "Source"), signs),
            "\n## What refusals teach\n\nDemands on later requests (`domain/demands.py`).\n",
            _table(("Demand", "Words", "Source"), lessons),
            "\n## Events\n\n" + ", ".join(f"`{kind}`" for kind in EventType) + "\n",
        ]
    )


def _statuses(row: Row) -> str:
    if row.trouble:
        return ", ".join(trouble.value.replace("_", " ") for trouble in row.trouble)
    numbers, parts = set(row.statuses), []
    for hundred in (200, 400, 500):
        whole = set(range(hundred, hundred + 100))
        if whole <= numbers:
            parts.append(f"{hundred // 100}xx")
            numbers -= whole
    return ", ".join([*parts, *map(str, sorted(numbers))]) or "any"


def _kinds(row: Row) -> str:
    words, without = " or ".join(row.words), " or ".join(row.without)
    return f"{words}, not {without}" if without else words


def _escaped(pattern: str) -> str:
    """An expression in a table's cell, where ``|`` and ``](`` mean something else."""
    return f"<code>{html.escape(pattern, quote=False).replace('|', '&#124;').replace('](', '&#93;(')}</code>"


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines: list[tuple[object, ...]] = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def main() -> int:
    TARGET.write_text(rendered(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
