"""Rights of the template's roles, and the calls that their functions make: none is missing, and none is unused."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.bootstrap import bootstrap
from batch_import.consumer.progress import Progress
from batch_import.domain.types import ItemStage
from batch_import.store.runs import RunStore
from botocore.client import BaseClient

from tests.conftest import CUSTOMER_KEY, Service
from tests.project.sam_template import as_list, functions, role_of, statements
from tests.support.moto_shortcuts import queue_in_moto
from tests.support.pump import Context, handler_of, sqs_event

Rights = set[tuple[str, str]]
_OF_PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
_LAMBDAS = "WorkItsQueue"  # the statement that Lambda uses, to read the queue for the function


def handlers() -> dict[str, str]:
    """The handlers' modules by the names of their functions in the template."""
    return {name: one["CodeUri"].strip("/").rpartition("/")[2] for name, one in functions().items()}


def granted(function: str) -> Rights:
    return {
        (action, _resource(resource))
        for statement in statements(role_of(functions()[function]))
        if statement["Effect"] == "Allow" and statement.get("Sid") != _LAMBDAS
        for action in as_list(statement["Action"])
        if not action.startswith("logs:")
        for resource in as_list(statement["Resource"])
    }


def _resource(value: dict[str, Any]) -> str:
    if "Fn::Sub" in value:
        return re.sub(r"\$\{(\w+)\.Arn\}", r"\1", value["Fn::Sub"])
    return str(value["Fn::GetAtt"][0])


class Calls:
    """Records what each function asks of AWS, one process for each invocation.

    The answer to each write of an item is lost once, so that the client repeats the call.
    """

    def __init__(self, environment: dict[str, str], patch: pytest.MonkeyPatch) -> None:
        self.used: dict[str, Rights] = defaultdict(set)
        self.function = ""
        variables = [(name, value) for one in functions().values() for name, value in _variables(one)]
        self._names = {environment[name]: value["Ref"] for name, value in variables if name in environment}
        call = BaseClient._make_api_call

        def recorded(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
            if self.function:
                self.used[self.function] |= self._rights(client.meta.service_model.service_name, operation, arguments)
                if "#last_write" in arguments.get("ExpressionAttributeNames", {}):
                    call(client, operation, arguments)
            return call(client, operation, arguments)

        patch.setattr(BaseClient, "_make_api_call", recorded)
        for function, module in handlers().items():
            patch.setattr(f"functions.{module}.app.handler", self._process(function, handler_of(module)))

    def _process(self, function: str, handler: Any) -> Any:
        def invoked(event: Any, context: Any) -> Any:
            outer, self.function = self.function, function
            bootstrap.cache_clear()
            try:
                return handler(event, context)
            finally:
                self.function = outer
                bootstrap.cache_clear()

        return invoked

    def _rights(self, service: str, operation: str, arguments: dict[str, Any]) -> Rights:
        if operation == "TransactWriteItems":
            parts = [next(iter(part.items())) for part in arguments["TransactItems"]]
            return {(f"dynamodb:{_OF_PARTS[kind]}", self._names[part["TableName"]]) for kind, part in parts}
        if "RequestItems" in arguments:
            return {(f"dynamodb:{operation}", self._names[table]) for table in arguments["RequestItems"]}
        if service == "sqs":
            sends = operation.startswith("SendMessage")
            return {("sqs:SendMessage*", self._names[arguments["QueueUrl"]])} if sends else set()
        named = (arguments[one] for one in ("TableName", "SecretId", "KeyId") if one in arguments)
        index = f"/index/{arguments['IndexName']}" if "IndexName" in arguments else ""
        return {(f"{service}:{operation}", f"{self._names[next(named)]}{index}")}


def _variables(function: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for name, value in function["Environment"]["Variables"].items():
        if isinstance(value, dict) and "Ref" in value:
            yield name, value


@pytest.fixture
def calls(service: Service, monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(service.aws.environment, monkeypatch)


def relays(box: Any, *profiles: str) -> list[dict[str, Any]]:
    return [{"base_url": box.relay(one, f"r{n}"), "api_key": f"sk-test-{n}"} for n, one in enumerate(profiles)]


def message(run_id: str) -> dict[str, Any]:
    body = json.dumps({"run_id": run_id, "items": ["item_00001"]})
    return sqs_event([{"MessageId": "m", "ReceiptHandle": "r", "Body": body, "Attributes": {}}], "stack-DeadLetters-1")


def has_ended(service: Service, run_id: str) -> bool:
    return service.run(run_id)["run"]["finished_at"] is not None


@contextmanager
def nobody_closes_runs() -> Iterator[None]:
    """As after a crash between the last item's end and that of its run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunStore, "page_done", lambda *_: False)
        yield


def lose_messages(service: Service) -> None:
    for queue in ("IMPORT", "CONFIRM", "VALIDATE"):
        queue_in_moto(service.aws.environment[f"{queue}_QUEUE_URL"])._messages.clear()


def import_everything(service: Service, box: Any) -> None:
    """Verdicts of all kinds, retries in all stages, a given key, duplicates, a long list, an undo."""
    pairs = relays(box, "healthy", "dead_key")
    box.host.fail_next("POST", r"/api/v1/admin/accounts$", 503)
    run_id, _ = service.import_([*pairs, *pairs])
    service.item(run_id)
    service.import_(relays(box, "healthy"), access_mode="self_service", probe_api_key=CUSTOMER_KEY)
    box.host.fail_next("POST", r"/accounts/\d+/test$", 503, times=2)
    service.import_(relays(box, "healthy", "cut_stream"))
    service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    service.pump.run()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("batch_import.runs.create.EXPAND_AT_ONCE", 0)
        service.import_(relays(box, "healthy"))


def close_runs_late(service: Service, box: Any) -> None:
    """Whoever meets the items of a run that was left open closes it, also the API when a request is repeated."""
    for stage in ("confirmation", "provision"):
        with nobody_closes_runs():
            run_id, _ = service.import_(relays(box, "healthy"))
        handler_of(stage)(message(run_id), Context())
        assert has_ended(service, run_id), stage

    wanted = {"access_mode": "subscription", "subscription_users": ["customer@example.com"]}
    request = "POST", "/api/batch-import/runs", {**wanted, "items": relays(box, "healthy")}
    with nobody_closes_runs(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunStore, "move_pointer", Mock(side_effect=RuntimeError("killed")))
        assert service.call(*request, **{"Idempotency-Key": "the-same"})[0] == 500
        service.pump.run()
    assert has_ended(service, service.call(*request, **{"Idempotency-Key": "the-same"})["run_id"])
    service.pump.run()


def record_a_dead_letter_late(service: Service, box: Any) -> None:
    """The verdict comes before the function has published what it has recorded."""
    run_id, publish = service.start(relays(box, "healthy")), Progress.publish
    lose_messages(service)

    def published_late(progress: Progress) -> int:
        with pytest.MonkeyPatch.context() as inner, nobody_closes_runs():
            inner.setattr(Progress, "publish", publish)
            service.pump.run()
        return publish(progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Progress, "publish", published_late)
        handler_of("dead_letter")(message(run_id), Context())
    assert has_ended(service, run_id)


def reconcile_what_was_lost(service: Service, box: Any) -> None:
    """A run that was left open, and a lost message of each stage."""
    with nobody_closes_runs():
        service.import_(relays(box, "dead_key"))
    stages = {ItemStage.PROBE: (), ItemStage.CONFIRM: ("provision",), ItemStage.VALIDATE: ("provision", "confirmation")}
    for stage, before in stages.items():
        run_id = service.start(relays(box, "healthy"))
        for name in before:
            service.pump.deliver(name)
        assert service.item(run_id)["current_stage"] == stage
        lose_messages(service)
    for _ in range(3):
        service.clock.shift(16 * 60)
        handler_of("reconcile")({}, Context())
    service.pump.run()


def refuse_a_token() -> None:
    token = {"type": "TOKEN", "authorizationToken": "Bearer unknown", "methodArn": "arn:aws:execute-api:::a/v1/GET/x"}
    with pytest.raises(Exception, match="Unauthorized"):
        handler_of("authorizer")(token, Context())


def test_each_role_has_the_rights_that_its_function_uses_and_no_other(service: Service, box: Any, calls: Calls) -> None:
    import_everything(service, box)
    close_runs_late(service, box)
    record_a_dead_letter_late(service, box)
    reconcile_what_was_lost(service, box)
    refuse_a_token()
    refused = {(function, *right) for function in functions() for right in calls.used[function] - granted(function)}
    unused = {(function, *right) for function in functions() for right in granted(function) - calls.used[function]}
    assert (refused, unused) == (set(), set())
