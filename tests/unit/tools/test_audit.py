"""``make audit`` never says that all is well of packages that it could not look up."""

import json

import pytest

from tools import audit

SOUND = {"name": "requests", "version": "2.0", "vulns": []}
WEAK = {"name": "urllib3", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "boto3", "skip_reason": "Dependency not found on PyPI and could not be audited: boto3 (1.0)"}


@pytest.mark.parametrize(
    ("dependencies", "code", "said"),
    [
        ([SOUND], 0, "1 packages looked up, 0 with known weaknesses"),
        ([SOUND, WEAK], audit.WEAK, "urllib3 1.0: PYSEC-1, repaired in 1.1"),
        ([SOUND, UNKNOWN], audit.UNKNOWN, "not looked up: boto3"),
        ([WEAK, UNKNOWN], audit.WEAK, "not looked up: boto3"),
    ],
)
def test_what_could_not_be_looked_up_is_a_failure(dependencies: list[object], code: int, said: str) -> None:
    found, lines = audit.told("pins.txt", audit.read_report(json.dumps({"dependencies": dependencies})))
    assert found == code
    assert said in "\n".join(lines)


@pytest.mark.parametrize("text", ["", "[]", "{}", "Traceback (most recent call last):"])
def test_another_answer_of_the_program_is_none(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        audit.read_report(text)


def test_the_end_of_a_run_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers = {pins: (audit.UNKNOWN if number else 0, [pins]) for number, pins in enumerate(audit.PINS)}
    monkeypatch.setattr(audit, "asked", lambda pins, _: answers[pins])
    assert audit.main("pypi") == audit.UNKNOWN
    assert "make audit SERVICE=osv" in capsys.readouterr().err
    assert audit.main("nowhere") == audit.UNKNOWN
