"""What each relay profile of the sandbox must end as: the table of sandbox/README.md, read by the tests."""

import re
from typing import NamedTuple

from batch_import.domain.outcomes import Code, outcome

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


class PlatformRow(NamedTuple):
    """A relay, the platform asked for, and how its import ends by host version: ``confirmed``, or a code."""

    relay: str
    modifiers: dict[str, str]
    platform: str
    ends: dict[str, str]


def platform_verdicts() -> list[PlatformRow]:
    """The table of the platforms anthropic and gemini."""
    rows = re.findall(r"^\| `([\w~=]+)` \| (\w+) \| `?(\w+)`? \| `?(\w+)`? \|$", _readme(), re.MULTILINE)
    return [_platform_row(*row) for row in rows]


def all_verdicts() -> dict[str, Expected]:
    """Both tables, on the newer host; of the platforms what they end with, without advisories."""
    rows = {row.relay: _on_newer_host(row.ends["0.1.179"]) for row in platform_verdicts() if not row.modifiers}
    return {**rows, **expected_verdicts()}


def _on_newer_host(end: str) -> Expected:
    if end == "confirmed":
        return Expected("validate", None, None, "confirmed", "active")
    return Expected("probe", end, None, "failed", outcome(Code(end)).access)


def _platform_row(name: str, platform: str, newer: str, older: str) -> PlatformRow:
    relay, *modifiers = name.split("~")
    told = dict(modifier.split("=") for modifier in modifiers)
    return PlatformRow(relay, told, platform, {"0.1.179": newer, "0.1.130": older})
