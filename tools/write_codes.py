"""Writes docs/codes.md from the tables of the domain: ``python -m tools.write_codes``."""

import sys
from collections.abc import Iterable
from pathlib import Path

from batch_import.domain.advisories import ADVISORIES
from batch_import.domain.capability import VERDICTS
from batch_import.domain.outcomes import OUTCOMES
from batch_import.domain.types import EventType

TARGET = Path(__file__).parents[1] / "docs" / "codes.md"


def rendered() -> str:
    outcomes = [
        (f"`{o.code}`", o.access, f"{o.zh}<br>{o.en}", f"{o.advice_zh}<br>{o.advice_en}") for o in OUTCOMES.values()
    ]
    advisories = [(f"`{code}`", f"{text.zh}<br>{text.en}") for code, text in ADVISORIES.items()]
    verdicts = [(f"`{row.verdict}`", row.verdict.flag, row.reason) for row in VERDICTS]
    return "\n".join(
        [
            "# Codes\n\nWritten by `make docs` from the tables in `domain/`; each stands there once.\n",
            "## Outcomes\n\n`last_error_code` of an item, and what it means for `access_status`.\n",
            _table(("Code", "Access", "Text", "Advice"), outcomes),
            "\n## Advisories\n\nOf transport profiles (`known_advisories`) and items (`advisory_messages`).\n",
            _table(("Code", "Text"), advisories),
            "\n## Verdicts on an answer\n\nThe first row that holds decides. The flag is what a profile then says.\n",
            _table(("Verdict", "Flag", "Reason"), verdicts),
            "\n## Events\n\n" + ", ".join(f"`{kind}`" for kind in EventType) + "\n",
        ]
    )


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
