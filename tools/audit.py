"""``make audit``: known weaknesses of the pinned packages. A package that nobody could be asked about is a failure."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
PINS = ("layers/dependencies/requirements.txt", "requirements-dev.txt", "requirements-sam.txt")
SERVICES = ("pypi", "osv")
WEAK, UNKNOWN = 1, 2
ADVICE = (
    "Nothing is known about these packages. Repeat it where https://pypi.org answers: an index that only mirrors"
    " packages does not tell. Or ask another list of weaknesses: make audit SERVICE=osv"
)


class Report(NamedTuple):
    """Of one file of pins. ``weak`` are packages with their weaknesses, ``unknown`` those that were not looked up."""

    audited: int
    weak: dict[str, list[str]]
    unknown: list[str]


def read_report(text: str) -> Report:
    """The JSON that pip-audit writes. Raises ``ValueError`` for anything else."""
    found: list[dict[str, Any]] = json.loads(text)["dependencies"]
    weak = {
        f"{one['name']} {one['version']}": [
            f"{known['id']}, repaired in {', '.join(known['fix_versions']) or 'no version yet'}"
            for known in one["vulns"]
        ]
        for one in found
        if one.get("vulns")
    }
    unknown = [one["name"] for one in found if "skip_reason" in one]
    return Report(len(found) - len(unknown), weak, unknown)


def told(pins: str, report: Report) -> tuple[int, list[str]]:
    """Exit code and lines: a weakness comes before a package that could not be looked up."""
    lines = [f"{pins}: {report.audited} packages looked up, {len(report.weak)} with known weaknesses"]
    lines += [f"  {package}: {'; '.join(known)}" for package, known in report.weak.items()]
    if report.unknown:
        lines.append(f"  not looked up: {', '.join(report.unknown)}")
    return (WEAK if report.weak else UNKNOWN if report.unknown else 0), lines


def asked(pins: str, service: str) -> tuple[int, list[str]]:
    """As ``told``, by pip-audit. A service that cannot be reached is a sentence, not a stack trace."""
    program = ROOT / ".venv-sam" / "bin" / "python"
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    command = [str(program), "-m", "pip_audit", *options, "--vulnerability-service", service, "--requirement", pins]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        return told(pins, read_report(done.stdout))
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        return UNKNOWN, [f"{pins}: not looked up: {last}"]


def main(service: str) -> int:
    if service not in SERVICES:
        print(f"SERVICE is one of {', '.join(SERVICES)}", file=sys.stderr)
        return UNKNOWN
    codes = []
    for pins in PINS:
        code, lines = asked(pins, service)
        codes.append(code)
        print("\n".join(lines), flush=True)
    if UNKNOWN in codes:
        print(ADVICE, file=sys.stderr)
    return WEAK if WEAK in codes else max(codes)


if __name__ == "__main__":
    raise SystemExit(main(os.environ.get("SERVICE") or SERVICES[0]))
