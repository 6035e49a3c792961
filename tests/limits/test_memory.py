"""Hostile relays, all at once, leave a worker of one gigabyte room.

See docs/decisions/0022-lambda-limits.md.
"""

import pytest

from tests.limits.test_descriptors import warm_process
from tests.project.sam_template import resources
from tests.support.relay_farm import BODIES, relay_farm

REST = 100  # MiB of a worker that the process of these tests lacks: clients of AWS, stores, what items hold
LONG = [pytest.mark.long, pytest.mark.timeout(120)]


HOSTILE = [pytest.param(kind, marks=LONG) for kind in BODIES if kind != "plain"]


@pytest.mark.parametrize("kind", HOSTILE)
def test_huge_lists_of_all_relays_at_once(kind: str) -> None:
    with relay_farm(200, "--body", kind) as ports:
        met = warm_process([f"http://127.0.0.1:{port}" for port in ports])
    assert met["memory"] < 0.7 * 1024 - REST
    assert not {"unreachable", "OutOfResources"} & set(met["told"])


@pytest.mark.parametrize("kind", HOSTILE)
def test_huge_completions_of_all_relays_at_once(kind: str) -> None:
    with relay_farm(200, "--answer", kind) as ports:
        met = warm_process([f"http://127.0.0.1:{port}" for port in ports])
    assert met["memory"] < 0.7 * 1024 - REST
    assert met["told"] == {"invalid_answer": 200}


def test_workers_have_the_memory_that_this_is_about() -> None:
    for name in ("ProvisionFunction", "ConfirmationFunction", "ValidationFunction"):
        assert resources()[name]["Properties"]["MemorySize"] == 1024
