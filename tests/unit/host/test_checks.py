"""What a relay writes through the host's gateway is bounded, as what it answers itself."""

import json
import socket

import pytest
from batch_import.domain.answers import Trouble
from batch_import.host.checks import COMPLETION_TIMEOUT, MAX_ANSWER, TEST_TIMEOUT, HostChecks
from batch_import.host.errors import NoTimeLeft
from batch_import.host.transport import TIMEOUT, HostTransport
from batch_import.net.deadline import deadline

from tests.unit.probe.servers import Served, fixed, serving


def test_a_completion_that_is_too_long_is_not_held() -> None:
    answers = {}
    for size in (1_000, MAX_ANSWER):
        message = {"role": "assistant", "content": "x" * size}
        body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
        with serving(fixed("200 OK", body, "Content-Type: application/json"), end=b"}") as served:
            checks = HostChecks(HostTransport(served.url, "admin-key"))
            answers[size] = checks.complete("sk-test-0000000000000001", "gpt-4o", "request-1")
    assert answers[1_000].ok
    assert answers[MAX_ANSWER].trouble is Trouble.TOO_LARGE


@pytest.mark.parametrize("left", [TIMEOUT - 1, TIMEOUT + 0.2])
def test_a_relay_that_had_less_than_its_time_is_not_called_slow(left: float) -> None:
    """What is left of an item's time may be little: nobody knows how long the relay would have taken."""
    assert left < min(TEST_TIMEOUT, COMPLETION_TIMEOUT)

    def silent(_: socket.socket, __: str, served: Served) -> None:
        served.stopped.wait(5)

    with serving(silent) as served:
        checks = HostChecks(HostTransport(served.url, "admin-key"))
        with deadline(left):
            with pytest.raises(NoTimeLeft):
                checks.complete("sk-test-0000000000000001", "gpt-4o", "request-1")
            with pytest.raises(NoTimeLeft):
                checks.test_account(7, "gpt-4o")
