"""Processes of functions: a dead one gets no work, what it held comes back soon, and memory limits their number."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

from embedded.forking import Forked
from embedded.ministack import LAMBDA, Load, replace

FUNCTIONS, GATEWAY = "ministack.services.lambda_svc", "ministack.services.apigateway_v1"
_NO_ANSWER, _NO_START = "Worker process died", "Worker process exited immediately"
_NOT_TAKEN = tuple(str(OSError(number, os.strerror(number))) for number in (errno.EPIPE, errno.ECONNRESET))
BACK_SECONDS = 5.0  # until messages are seen again that no process has taken, or one that died before its first call
# Measured with 300 relays at once (docs/embedded.md): the emulator and the sandbox, and one more process.
FIXED_BYTES, PROCESS_BYTES = 330 * 1024**2, 32 * 1024**2
QUEUES = 3  # whose functions work at once


def attach(available: int, load: Load = import_module) -> None:
    """Replace functions of MiniStack, for a machine with so many bytes of memory. Raises EmbeddedError."""
    unanswered: set[int] = set()
    parameters = "self event request_id trace_id depth durable invoked_function_arn"
    worker = load(LAMBDA).Worker
    replace(lambda _: worker, f"{LAMBDA}.Worker", "invoke", parameters, lambda found: _invoking(found, unanswered))
    parameters = "esm func_rec event batch queue_url queue_name"
    replace(load, FUNCTIONS, "_run_sqs_batch", parameters, lambda found: _running(found, unanswered, time.time))
    most = processes_of_a_queue(available)
    parameters = "esm func_rec config queue"
    replace(load, FUNCTIONS, "_sqs_esm_concurrency", parameters, lambda found: lambda *args: min(found(*args), most))
    _tell_failures_as_aws(load)


def processes_of_a_queue(available: int) -> int:
    """How many processes may work on the messages of one queue at once; never fewer than one."""
    return max(1, (available - FIXED_BYTES) // (PROCESS_BYTES * QUEUES))


def memory(groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int:
    """Bytes that all processes together may use: of the machine, or less in a container or a unit of systemd."""
    return min([int(psutil.virtual_memory().total), *_limits(groups, own)])


def _limits(groups: Path, own: Path) -> Iterator[int]:
    """Limits of this process's control group and of those around it; none where there are no such groups."""
    try:
        inner = own.read_text(encoding="utf-8").partition("0::/")[2].partition("\n")[0]
    except OSError:
        return
    for folder in (groups / inner, *(groups / inner).parents):
        with suppress(OSError, ValueError):  # no limit, or not a group any more
            yield int((folder / "memory.max").read_text(encoding="utf-8"))


# --- a process that has died


def _invoking(found: Callable[..., Any], unanswered: set[int]) -> Callable[..., Any]:
    """A process that dies with the event unread was dead before, or never began: another one gets the event."""

    def invoke(self: Any, event: Any, request_id: str, **more: Any) -> Any:
        process, result = self._proc, None
        try:
            result = found(self, event, request_id, **more)
        except Exception as error:
            if not _has_not_begun(error):
                unanswered.discard(id(event))
                raise
            self._proc = None
        if result is None or _is_unread(result, process):
            result = found(self, event, request_id, **more)
        if result.get("error") not in (_NO_ANSWER, *_NOT_TAKEN):
            unanswered.discard(id(event))
        return result

    return invoke


def _has_not_begun(error: Exception) -> bool:
    """Whether a new process could not be started, or was killed before it was ready."""
    return isinstance(error, OSError) or str(error).startswith(_NO_START)


def _is_unread(result: Any, process: Any) -> bool:
    """Whether a process that was there already has died without having read the event."""
    if not isinstance(process, Forked):
        return False
    error = result.get("error")
    return error in _NOT_TAKEN or (error == _NO_ANSWER and process.left_unread())


def _running(found: Callable[..., Any], unanswered: set[int], now: Callable[[], float]) -> Callable[..., Any]:
    """Show messages again soon for which no living process has set a time: else it would be the queue's time."""

    def run_sqs_batch(esm: Any, func_rec: Any, event: Any, batch: Any, queue_url: str, queue_name: str) -> None:
        hidden = [(message, message["receipt_handle"], message["visible_at"]) for message in batch]
        unanswered.add(id(event))
        try:
            found(esm, func_rec, event, batch, queue_url, queue_name)
        finally:
            if id(event) in unanswered:
                unanswered.discard(id(event))
                for message, handle, until in hidden:
                    if (message["receipt_handle"], message["visible_at"]) == (handle, until):
                        message["visible_at"] = now() + BACK_SECONDS

    return run_sqs_batch


# --- a function of the API that has failed


class _FunctionFailed(Exception):
    pass


def _tell_failures_as_aws(load: Load) -> None:
    """Answer 502 by the gateway response for failures, as AWS does, and not with the function's own error."""
    error = load(GATEWAY)._gw_error

    def reading(found: Callable[..., Any]) -> Callable[..., Any]:
        def lambda_proxy_response(result: Any) -> Any:
            response, failure = found(result)
            if failure:
                raise _FunctionFailed
            return response, None

        return lambda_proxy_response

    def invoking(found: Callable[..., Any]) -> Callable[..., Any]:
        async def invoke_lambda_proxy(*arguments: Any, **more: Any) -> Any:
            try:
                return await found(*arguments, **more)
            except _FunctionFailed:
                failed = error("DEFAULT_5XX", "Internal server error")
                failed.status = 502
                return failed

        return invoke_lambda_proxy

    def rendering(found: Callable[..., Any]) -> Callable[..., Any]:
        def gateway_error_response(error: Any, request: Any) -> Any:
            status, headers, body = found(error, request)
            return getattr(error, "status", status), headers, body

        return gateway_error_response

    replace(load, GATEWAY, "_lambda_proxy_response", "result", reading)
    parameters = (
        "integration api_id stage_name stage resource request_path method headers body query_params path_params "
        "owner_account_id owner_region binary_media_types authorizer_context caller_identity"
    )
    replace(load, GATEWAY, "_invoke_lambda_proxy_v1", parameters, invoking)
    replace(load, GATEWAY, "_gateway_error_response", "error request", rendering)
