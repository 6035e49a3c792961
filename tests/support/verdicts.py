"""What each relay profile of the sandbox must end as: the table of sandbox/README.md, read by the tests."""

import re
from typing import NamedTuple

from tests.support.aws import ROOT


class Expected(NamedTuple):
    stage: str
    code: str | None
    advisory: str | None
    confirmation_status: str
    access_status: str


def expected_verdicts() -> dict[str, Expected]:
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", _readme(), re.MULTILINE)
    return {profile: _expected(*(cell.strip() for cell in cells)) for profile, *cells in rows}


def _expected(stage: str, code: str, confirmation: str, access: str) -> Expected:
    name = code.strip("()`") or None
    is_advisory = code.startswith("(")
    return Expected(stage, None if is_advisory else name, name if is_advisory else None, confirmation, access)


def _readme() -> str:
    return (ROOT / "sandbox" / "README.md").read_text("utf-8")
