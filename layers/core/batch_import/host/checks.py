"""The two calls that show whether an account works: the host's own test, and a completion through its gateway."""

from collections.abc import Mapping

from batch_import.domain.account_check import CheckReport, read_report
from batch_import.domain.answers import BEFORE_EXCHANGE, Answer, Trouble
from batch_import.domain.demands import Demands
from batch_import.domain.gateway import completion_request
from batch_import.host.errors import HostUnavailable, NoTimeLeft
from batch_import.host.transport import TIMEOUT, HostTransport, unwrap
from batch_import.net.deadline import seconds_left
from batch_import.net.http import exchange

TEST_TIMEOUT = 75.0  # a gemini account's failure shows after 66 s (docs/host-api.md#platform-gateway-errors)
COMPLETION_TIMEOUT = 75.0
MAX_ANSWER = 256 * 1024  # bytes; 200 of them at once are held by a worker, and a relay writes what is in them
NOTHING_SPECIAL = Demands()


class HostChecks:
    def __init__(self, transport: HostTransport) -> None:
        self._transport = transport

    def test_account(self, account_id: int, model: str) -> CheckReport:
        """``POST /admin/accounts/:id/test``: SSE over 200 even on failure; the model must be named.

        See docs/host-api.md#test-stream.
        """
        path = f"/api/v1/admin/accounts/{account_id}/test"
        answer = self._post(path, self._transport.admin_headers(), {"model_id": model, "prompt": "hi"}, TEST_TIMEOUT)
        if answer.trouble is not None:
            error = HostUnavailable(f"no answer from the host's account test ({answer.trouble.value})")
            raise self._transport.silent(error) if answer.trouble in BEFORE_EXCHANGE else error
        if answer.status != 200:
            unwrap(answer.status, answer.json, answer.text, safe=True)
        return read_report(answer.text)

    def complete(self, gateway_key: str, model: str, request_id: str, demands: Demands = NOTHING_SPECIAL) -> Answer:
        """A real completion as a customer makes it, in the form that the relay demands.

        ``request_id`` comes back in the host's error log.
        """
        headers = {"Authorization": f"Bearer {gateway_key}", "X-Request-ID": request_id}
        path, body = completion_request(model, request_id, demands)
        return self._post(path, headers, body, COMPLETION_TIMEOUT)

    def _post(self, path: str, headers: Mapping[str, str], body: object, timeout: float) -> Answer:
        """Ends one admin call before the deadline: what follows from the answer is written to the host. An answer that
        does not come in less than the whole ``timeout`` raises ``NoTimeLeft``: nobody knows whether it is slow.
        """
        given = min(timeout, seconds_left() - TIMEOUT)
        send = self._transport.send
        answer = exchange(send, "POST", path, headers=headers, body=body, timeout=given, max_body=MAX_ANSWER)
        if answer.trouble is Trouble.READ_TIMEOUT and given < timeout:
            raise NoTimeLeft(f"no answer in the {max(0, round(given))} s that were left for POST {path}")
        return answer
