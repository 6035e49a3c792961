"""What a relay writes through the host's gateway is bounded, as what it answers itself."""

import json

from batch_import.domain.answers import Trouble
from batch_import.host.checks import MAX_ANSWER, HostChecks
from batch_import.host.transport import HostTransport

from tests.unit.probe.servers import fixed, serving


def test_a_completion_that_is_too_long_is_not_held() -> None:
    answers = {}
    for size in (1_000, MAX_ANSWER):
        message = {"role": "assistant", "content": "x" * size}
        body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
        with serving(fixed("200 OK", body, "Content-Type: application/json")) as served:
            checks = HostChecks(HostTransport(served.url, "admin-key"))
            answers[size] = checks.complete("sk-test-0000000000000001", "gpt-4o", "request-1")
    assert answers[1_000].ok
    assert answers[MAX_ANSWER].trouble is Trouble.TOO_LARGE
