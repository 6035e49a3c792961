"""A function imports what it needs: its start costs the more, the more it imports."""

import subprocess
import sys

import pytest

from tests.support.aws import ROOT

API = {"batch_import.domain.contract", "batch_import.http_api.use_cases"}
JUDGING = "batch_import.domain.capability"
HEAVY = {
    "pydantic",
    "requests",
    "cryptography",
    JUDGING,
    "batch_import.domain.naming",
    "batch_import.intake",
    *API,
}


def imported_by(function: str) -> set[str]:
    """Of ``HEAVY``, what an interpreter has loaded that imported a function's handler."""
    program = f"import sys, functions.{function}.app; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": ".:layers/core", "POWERTOOLS_METRICS_NAMESPACE": "x", "POWERTOOLS_SERVICE_NAME": "x"},
        capture_output=True,
        text=True,
        check=True,
    )
    return HEAVY & set(done.stdout.split())


@pytest.mark.parametrize(
    ("function", "needed"),
    [
        ("authorizer", set()),
        ("dead_letter", {"pydantic"}),
        ("reconcile", {"pydantic"}),
        ("confirmation", {"pydantic", "cryptography", JUDGING}),
        ("validation", {"pydantic", "cryptography", JUDGING}),
        ("api", {"pydantic", "cryptography", *API}),
        ("provision", HEAVY - {"batch_import.http_api.use_cases", "batch_import.intake"}),
    ],
)
def test_a_function_starts_with_what_it_needs(function: str, needed: set[str]) -> None:
    assert imported_by(function) == needed
