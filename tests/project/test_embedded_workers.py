"""Processes of functions: how many there are, and what becomes of the messages of one that dies."""

import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from embedded import workers

MIB = 1024**2
STARTS_THAT_FAIL = (OSError, RuntimeError)


# --- how many


@pytest.mark.parametrize(("memory", "processes"), [(0, 1), (256, 1), (512, 1), (768, 4), (1024, 7), (24_000, 246)])
def test_a_smaller_machine_has_fewer_processes_but_never_none(memory: int, processes: int) -> None:
    assert workers.processes_of_a_queue(memory * MIB) == processes


@pytest.mark.parametrize(("outer", "inner", "least"), [("max", "900", 900), ("800", "max", 800), ("800", "900", 800)])
def test_the_limit_of_a_container_or_a_unit_counts(tmp_path: Path, outer: str, inner: str, least: int) -> None:
    own, unit = tmp_path / "own", tmp_path / "groups" / "system.slice" / "stack.service"
    unit.mkdir(parents=True)
    (unit / "memory.max").write_text(f"{inner}\n", encoding="utf-8")
    (unit.parent / "memory.max").write_text(f"{outer}\n", encoding="utf-8")
    own.write_text("1:name=other:/\n0::/system.slice/stack.service\n", encoding="utf-8")
    assert workers.memory(tmp_path / "groups", own) == least


def test_without_limits_it_is_the_memory_of_the_machine(tmp_path: Path) -> None:
    assert workers.memory(tmp_path, tmp_path / "none") == psutil.virtual_memory().total


# --- with parts that stand for MiniStack's


class Parts:
    """Functions with the names and parameters of MiniStack's; ``answers`` are those of a function's processes, or what
    is raised when one cannot be started."""

    def __init__(self, *answers: dict[str, Any] | Exception, first_call: float | None = None) -> None:
        def invoke(self: Any, event: Any, request_id: str, *, trace_id: Any = None, depth: Any = None,
                   durable: Any = None, invoked_function_arn: Any = None) -> Any:  # fmt: skip
            if isinstance(answer := left.pop(0), Exception):
                raise answer
            return answer

        def run_batch(esm: Any, func_rec: Any, event: Any, batch: Any, queue_url: str, queue_name: str) -> None:
            if first_call is not None:
                batch[0]["visible_at"] = first_call
            with suppress(*STARTS_THAT_FAIL):  # MiniStack logs it
                self.module.Worker().invoke(event, "request")

        def concurrency(esm: Any, func_rec: Any, config: Any, queue: Any = None) -> int:
            return 10

        async def proxy(integration: Any, api_id: Any, stage_name: Any, stage: Any, resource: Any, request_path: Any,
                        method: Any, headers: Any, body: Any, query_params: Any, path_params: Any, *,
                        owner_account_id: Any = None, owner_region: Any = None, binary_media_types: Any = None,
                        authorizer_context: Any = None, caller_identity: Any = None) -> Any:  # fmt: skip
            return self.module._lambda_proxy_response({})

        left = list(answers)
        self.module = SimpleNamespace(
            Worker=type("Worker", (), {"invoke": invoke, "_proc": None}),
            _run_sqs_batch=run_batch,
            _sqs_esm_concurrency=concurrency,
            _gw_error=lambda response_type, message: SimpleNamespace(response_type=response_type, message=message),
            _lambda_proxy_response=lambda result: (None, "of the function"),
            _invoke_lambda_proxy_v1=proxy,
            _gateway_error_response=lambda error, request: (500, {}, b"{}"),
        )
        workers.attach(1024 * MIB, lambda _: self.module)

    def hidden_after_a_batch(self) -> float:
        """Seconds that a message stays hidden which its queue hides for eleven minutes."""
        message = {"receipt_handle": "r", "visible_at": time.time() + 660}
        self.module._run_sqs_batch({}, {}, {"Records": []}, [message], "url", "name")
        return float(message["visible_at"]) - time.time()


DIED = {"status": "error", "error": "Worker process died"}


def test_messages_of_a_process_that_died_before_its_first_call_are_back_soon() -> None:
    assert 0 < Parts(DIED).hidden_after_a_batch() < 10


def test_what_the_process_itself_has_set_stays() -> None:
    assert 90 < Parts(DIED, first_call=time.time() + 100).hidden_after_a_batch() < 110


@pytest.mark.parametrize("answer", [{"status": "ok"}, {"status": "error", "error": "an exception of the function"}])
def test_messages_of_a_process_that_lives_are_hidden_as_in_aws(answer: dict[str, Any]) -> None:
    assert Parts(answer).hidden_after_a_batch() > 600


KILLED = RuntimeError("Worker process exited immediately. stderr: ")
NO_PARENT = OSError("the process that forks has ended")


@pytest.mark.parametrize("second", [KILLED, NO_PARENT, DIED])
@pytest.mark.parametrize("first", [KILLED, NO_PARENT])
def test_messages_are_back_soon_when_no_process_could_take_them(first: Exception, second: dict[str, Any]) -> None:
    assert 0 < Parts(first, second).hidden_after_a_batch() < 10


@pytest.mark.parametrize("first", [KILLED, NO_PARENT])
def test_a_process_that_was_killed_before_it_was_ready_is_followed_by_another(first: Exception) -> None:
    worker = Parts(first, {"status": "ok"}).module.Worker()
    assert worker.invoke({}, "request") == {"status": "ok"}


def test_a_function_that_cannot_be_loaded_is_not_tried_again_at_once() -> None:
    assert Parts(RuntimeError("Worker init failed: no module"), {"status": "ok"}).hidden_after_a_batch() > 600


def test_messages_are_back_soon_when_no_function_was_asked() -> None:
    parts = Parts()
    parts.module.Worker = lambda: None  # it has no invoke
    message = {"receipt_handle": "r", "visible_at": time.time() + 660}
    with pytest.raises(AttributeError):
        parts.module._run_sqs_batch({}, {}, {"Records": []}, [message], "url", "name")
    assert float(str(message["visible_at"])) - time.time() < 10


def test_the_templates_numbers_hold_where_memory_allows_them() -> None:
    assert Parts().module._sqs_esm_concurrency({}, {}, {}, {}) == 7
