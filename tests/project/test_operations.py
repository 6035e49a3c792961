"""What an operator is shown of the system in AWS exists: metrics, alarms, dashboard, saved queries, retention."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.aws.observability import Metric, handler_logger
from batch_import.bootstrap import bootstrap
from batch_import.store.dynamo import Table

from tests.conftest import Service
from tests.project.sam_template import ROOT, functions, named, of_type, resources, template
from tests.support.pump import Context, handler_of, sqs_event
from tests.support.refusals import refused

GUIDE = (ROOT / "docs" / "operations.md").read_text("utf-8")
ALARMS = of_type(resources(), "AWS::CloudWatch::Alarm")
QUERIES = of_type(resources(), "AWS::Logs::QueryDefinition")
OF_LOGS_INSIGHTS = {"@timestamp", "@message"}
OF_ERRORS = {"exception_name"}  # on lines of exceptions only
KEY = "sk-test-0000000000000001"


class Lines(logging.Handler):
    """The lines of the log as CloudWatch gets them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(handler_logger().handlers[0].formatter)
        self.found: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(json.loads(self.format(record)))


@pytest.fixture
def lines(aws: Any) -> Iterator[list[dict[str, Any]]]:
    handler = Lines()
    loggers = [logging.getLogger(name) for name in ("batch_import", "test")]
    for name in ("api", "reconcile", "dead_letter"):
        handler_of(name)
    for logger in loggers:
        logger.addHandler(handler)
    yield handler.found
    for logger in loggers:
        logger.removeHandler(handler)


def work_everything(service: Service, box: Any) -> str:
    """An import with every kind of end, retries, an outage, a message that breaks off, and a dead letter."""
    profiles = ("healthy", "dead_key", "error_200", "flaky")
    listed = [{"base_url": box.relay(name, "o"), "api_key": f"{KEY}{n}"} for n, name in enumerate(profiles)]
    run_id = service.start(listed)
    handler_of("reconcile")({}, Context())
    service.clock.shift(1)
    service.pump.run()
    waiting = service.start([{"base_url": box.relay("healthy", "w"), "api_key": f"{KEY}9"}])
    message = {
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": json.dumps({"run_id": waiting, "items": ["item_00001"]}),
        "Attributes": {"ApproximateReceiveCount": "1"},
    }
    handler_of("provision")(sqs_event([{**message, "Body": "{}"}], "import"), Context())
    handler_of("dead_letter")(sqs_event([message], "DeadLetters"), Context())
    return run_id


def metrics_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{") and '"_aws"' in line]


def test_a_run_emits_what_widgets_show_and_lines_have_the_fields_of_the_queries(
    service: Service, box: Any, lines: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    run_id = work_everything(service, box)
    written = metrics_of(capsys.readouterr().out)

    emitted = {metric["Name"] for one in written for metric in one["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    shown = {name for name, space in _widget_metrics() if space == "BatchImport"}
    rare = {Metric.HOST_OUTAGE, Metric.OWN_FAULTS}  # tests of their own, below
    assert shown == set(Metric)
    assert emitted == set(Metric) - rare
    for one in written:
        assert one["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["stack", "stage"]]
        values = [value for name, value in one.items() if name in set(Metric)]
        assert all(number > 0 for value in values for number in (value if isinstance(value, list) else [value]))

    fields = {name for line in lines for name in line} | OF_LOGS_INSIGHTS | OF_ERRORS
    for name, query in QUERIES.items():
        assert fields_of(query["QueryString"]) <= fields, name
    assert {line["message"] for line in lines} >= set(re.findall(r'message = "(\w+)"', str(QUERIES)))

    steps = [line for line in lines if line["message"] == "step" and line["run_id"] == run_id]
    assert {step["item_id"] for step in steps} == {f"item_{n:05d}" for n in range(1, 5)}
    for step in steps:
        assert {"run_id", "item_id", "stage", "next_stage", "seconds"} <= set(step)
    ended = {step["item_id"]: step for step in steps if step["next_stage"] == "done"}
    assert {item: (step["access_status"], step.get("code")) for item, step in ended.items()} == {
        "item_00001": ("active", None),
        "item_00002": ("broken", "auth_failed"),
        "item_00003": ("degraded", "invalid_answer"),
        "item_00004": ("active", None),
    }
    assert KEY not in json.dumps(lines) + json.dumps(written)


def test_an_outage_of_the_host_is_a_metric_of_each_minute(
    service: Service, box: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    service.aws.put_host("http://127.0.0.1:9", box.admin_key)
    bootstrap.cache_clear()  # it keeps a secret for half a minute
    service.start([{"base_url": box.relay("healthy"), "api_key": KEY}])
    service.pump.deliver()
    service.pump.deliver()
    capsys.readouterr()
    handler_of("reconcile")({}, Context())
    [first] = metrics_of(capsys.readouterr().out)
    assert first[Metric.HOST_OUTAGE] == [1.0]
    service.clock.shift(timedelta(minutes=10))
    handler_of("reconcile")({}, Context())
    assert not any(Metric.HOST_OUTAGE in one for one in metrics_of(capsys.readouterr().out))


def test_at_most_ten_metrics() -> None:
    assert len(Metric) <= 10


def fields_of(query: str) -> set[str]:
    """Fields that a query reads: names that are neither words of the language nor made by the query itself."""
    text = re.sub(r'"[^"]*"|/[^/]*/', "", query)
    made = set(re.findall(r"\bas (\w+)", text))
    functions_ = (
        "count count_distinct avg max pct latest ispresent filter stats sort display limit by as and or in like"
    )
    words = set(re.findall(r"@?[a-z][a-z_]*", text))
    return words - made - set(functions_.split()) - {"desc", "asc", "p"}


def _dashboard() -> dict[str, Any]:
    [board] = of_type(resources(), "AWS::CloudWatch::Dashboard").values()
    return json.loads(board["DashboardBody"]["Fn::Sub"])


def _widget_metrics() -> Iterator[tuple[str, str]]:
    for widget in _dashboard()["widgets"]:
        for space, name, *_ in widget["properties"]["metrics"]:
            yield name, space


def test_the_dashboard_answers_the_four_questions_and_names_resources_of_the_template() -> None:
    titles = " ".join(widget["properties"]["title"] for widget in _dashboard()["widgets"])
    for question in ("Are imports healthy?", "Is the host?", "Where is it slow?", "What does it cost?"):
        assert question in titles
    known = {*resources(), *template()["Parameters"], "AWS::StackName", "AWS::Region"}
    assert {name.split(".")[0] for name in re.findall(r"\$\{([\w:.]+)}", json.dumps(_dashboard()))} <= known


def test_ten_questions_have_a_saved_query_of_this_log() -> None:
    assert len(QUERIES) == 10
    for query in QUERIES.values():
        assert query["LogGroupNames"] == [{"Ref": "Logs"}]


def _watched(metric: str) -> set[str]:
    """The resources that alarms on a metric watch."""
    return {named(one["Dimensions"][0]["Value"]) for one in ALARMS.values() if one["MetricName"] == metric}


def test_every_function_queue_and_table_has_its_alarms() -> None:
    for metric in ("Errors", "Throttles"):
        assert _watched(metric) == set(functions()), metric
    assert _watched("ApproximateAgeOfOldestMessage") == set(of_type(resources(), "AWS::SQS::Queue"))
    for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
        assert _watched(metric) == set(of_type(resources(), "AWS::DynamoDB::Table")), metric
    looping = {name for name, one in functions().items() if one.get("RecursiveLoop") == "Allow"}
    assert _watched("RecursiveInvocationsDropped") == looping
    assert _watched("Invocations") == {"ReconcileFunction"}


def test_alarms_on_our_own_metrics_name_metrics_that_are_emitted() -> None:
    own = {one["MetricName"]: one for one in ALARMS.values() if one["Namespace"] == "BatchImport"}
    assert set(own) == {"MessagesFailed", "ItemsDeadLettered", "OwnFaults", "HostOutage"} <= set(Metric)
    for one in own.values():
        assert [dimension["Name"] for dimension in one["Dimensions"]] == ["stack", "stage"]
    outage = own["HostOutage"]
    assert outage["Period"] * outage["EvaluationPeriods"] == 15 * 60


def test_a_missing_reconcile_is_an_alarm_and_other_silence_is_none() -> None:
    silent = {name for name, one in ALARMS.items() if one["TreatMissingData"] == "breaching"}
    assert silent == {"ReconcileMissingAlarm"}


def test_every_alarm_has_its_entry_in_the_runbook_and_every_entry_its_alarm() -> None:
    """An entry may be for all alarms of one ending: ``…ErrorsAlarm``."""
    entries = re.findall(r"^### ((?:`[^`]+`(?:, )?)+)$", GUIDE, re.MULTILINE)
    names = [name for entry in entries for name in re.findall(r"`([^`]+)`", entry) if name.endswith("Alarm")]
    matching = {name: [alarm for alarm in ALARMS if re.fullmatch(name.replace("…", r"\w+"), alarm)] for name in names}
    assert all(matching.values()), matching
    assert {alarm for alarms in matching.values() for alarm in alarms} == set(ALARMS)


def test_every_entry_says_what_it_means_what_to_look_at_what_to_do_and_how_it_is_tried() -> None:
    for entry in re.split(r"^### ", GUIDE.split("## Alarms")[1].split("\n## ")[0], flags=re.MULTILINE)[1:]:
        for part in ("**Means**", "**Look**", "**Do**", "**Try**"):
            assert part in entry, entry.splitlines()[0]


@pytest.mark.parametrize(("relays", "rings"), [(1, False), (10, True)])
def test_the_drill_of_failed_messages_needs_ten_relays(
    service: Service,
    box: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    relays: int,
    rings: bool,
) -> None:
    service.start([{"base_url": box.relay("healthy", f"o{n}"), "api_key": f"{KEY}{n}"} for n in range(relays)])
    monkeypatch.setattr(Table, "update", Mock(side_effect=refused("AccessDeniedException")))
    capsys.readouterr()
    for _ in range(60):
        service.pump.deliver("provision")
        service.clock.shift(1)
    written = metrics_of(capsys.readouterr().out)
    failed = sum(sum(one.get(Metric.MESSAGES_FAILED, ())) for one in written)
    assert (failed > ALARMS["MessagesFailedAlarm"]["Threshold"]) is rings


@pytest.mark.parametrize("name", ["api", "provision", "confirmation", "validation", "dead_letter", "reconcile"])
def test_the_drill_of_errors_makes_a_function_fail(aws: Any, name: str) -> None:
    with pytest.raises((TypeError, AttributeError)):
        handler_of(name)([], Context())  # type: ignore[arg-type]


def test_logs_end_and_secrets_and_state_are_encrypted() -> None:
    for name, group in of_type(resources(), "AWS::Logs::LogGroup").items():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name
    assert all(one["SSESpecification"]["SSEEnabled"] for one in of_type(resources(), "AWS::DynamoDB::Table").values())
    assert all(one["SqsManagedSseEnabled"] for one in of_type(resources(), "AWS::SQS::Queue").values())


def test_what_the_embedded_stack_cannot_make_is_made_in_aws_only() -> None:
    conditions = template()["Conditions"]
    assert conditions["InAws"] == {"Fn::Equals": [{"Ref": "LocalEndpoint"}, ""]}
    for name, one in resources().items():
        if one["Type"] in ("AWS::Logs::QueryDefinition", "AWS::CloudWatch::Dashboard"):
            assert one["Condition"] == "InAws", name
        if one["Type"] == "AWS::CloudWatch::Alarm":
            assert one["Condition"] in ("NotifyAlarms", "NotifyAllAlarms"), name


def test_the_main_alarms_leave_out_what_another_alarm_shows_and_stay_within_the_free_ones_and_eight() -> None:
    """A failing request is a 5xx; a throttled worker makes messages wait; a throttled table is an own fault; a dead
    letter that is not recorded grows old.
    """
    found = {name: one for name, one in resources().items() if one["Type"] == "AWS::CloudWatch::Alarm"}
    main = {name for name, one in found.items() if one["Condition"] == "NotifyAlarms"}
    assert {re.sub(r".*(Errors|Throttles)Alarm", r"\1", name) for name in found.keys() - main} == {
        "Errors",
        "Throttles",
    }
    assert {"ServerErrorsAlarm", "OwnFaultsAlarm", "ImportAgeAlarm", "DeadLettersAgeAlarm"} <= main
    assert len(main) == 18
