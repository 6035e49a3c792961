"""Fifty kills at random moments of imports of 300 relays. ``make test-all`` only; test_embedded_stack.py has a sample.

``KILL_SEED`` repeats the moments, as far as a machine repeats anything.
"""

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kills import KINDS, Kills
from tests.support.stack import embedded_stack

RUNS, MOMENTS, RELAYS = 10, 5, 300
LONGEST_START = 5.0  # seconds, on a machine that does nothing else; tests share theirs

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.timeout(600),
    pytest.mark.long,
]


@pytest.fixture(scope="module")
def kills(pytestconfig: pytest.Config) -> Iterator[Kills]:
    seed = os.environ.get("KILL_SEED") or str(random.randrange(10**6))
    with tempfile.TemporaryDirectory(prefix="kills-") as home, embedded_stack(Path(home) / "home", iam=False) as stack:
        told = Kills(stack, random.Random(seed))
        yield told
    print(f"\nKILL_SEED={seed}: {told.moments} moments, longest start {max(told.starts):.1f} s")


@pytest.mark.parametrize("number", range(RUNS))
def test_an_import_survives_kills_at_random_moments(kills: Kills, number: int) -> None:
    kinds = [kills.chance.choice(KINDS) for _ in range(MOMENTS)]
    run_id = kills.run(f"r{number}", RELAYS, kinds, longest_wait=8)
    kills.judge(run_id, f"r{number}", RELAYS)
    assert max(kills.starts, default=0) < 4 * LONGEST_START
