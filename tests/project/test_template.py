"""The house style of ``template.yaml``, made executable: functions, queues, tables (alarms: test_operations.py)."""

import json
from pathlib import Path

from tests.project.sam_template import (
    ROOT,
    functions,
    network_statements,
    of_type,
    resources,
    role_of,
    sources,
    template,
    translated,
)

PLACES = {"layers/core", "layers/dependencies"}
WORKERS = {"ProvisionFunction", "ConfirmationFunction", "ValidationFunction", "DeadLetterFunction"}


# ------------------------------------------------------------------------------------------------------- functions


def test_every_function_is_one_door_with_a_role_and_an_example_event() -> None:
    folders = {name: Path(one["CodeUri"]).name for name, one in functions().items()}
    assert set(folders.values()) == {
        "api",
        "authorizer",
        "provision",
        "confirmation",
        "validation",
        "dead_letter",
        "reconcile",
    }
    for folder in folders.values():
        assert json.loads((ROOT / "events" / f"{folder}.json").read_text(encoding="utf-8"))
    assert len({role_of(one) for one in functions().values()}) == len(folders)


def test_functions_are_not_built_and_keep_their_logs_for_a_stated_time() -> None:
    assert all(
        one["Metadata"] == {"SkipBuild": True}
        for one in template()["Resources"].values()
        if one["Type"] == "AWS::Serverless::Function"
    )
    group = template()["Globals"]["Function"]["LoggingConfig"]["LogGroup"]["Ref"]
    assert template()["Resources"][group]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_a_silent_name_server_holds_no_thread_for_long() -> None:
    """glibc's resolver knows nothing of an item's deadline; by default it asks twice for five seconds."""
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["RES_OPTIONS"] == "timeout:2 attempts:2"
    assert not any("RES_OPTIONS" in one.get("Environment", {}).get("Variables", {}) for one in functions().values())


def test_layers_are_built_by_makefiles_and_leave_no_old_versions() -> None:
    layers = of_type(resources(), "AWS::Serverless::LayerVersion")
    assert {one["ContentUri"] for one in layers.values()} == PLACES
    for name, layer in layers.items():
        assert layer["RetentionPolicy"] == "Delete"
        assert resources()[name]["Metadata"] == {"BuildMethod": "makefile"}
        assert f"build-{name}:" in (ROOT / layer["ContentUri"] / "Makefile").read_text(encoding="utf-8")


def test_dependencies_are_pinned_and_agree_with_the_development_environment() -> None:
    def pins(path: str) -> set[str]:
        """Each with all its hashes."""
        text = (ROOT / path).read_text(encoding="utf-8").replace("\\\n", "")
        found = [line.split(" --hash=sha256:") for line in text.splitlines() if line.strip() and line[0] != "#"]
        assert all(len(hashes) >= 1 and "==" in pin for pin, *hashes in found), path
        return {pin.strip() for pin, *_ in found}

    shipped = pins("layers/dependencies/requirements.txt")
    assert "aws-sam-cli==1.170.0" in pins("requirements-sam.txt")
    assert shipped <= pins("requirements-dev.txt")
    assert not any(pin.startswith(("boto3=", "botocore=")) for pin in shipped)


def test_runtime_and_processor_are_parameters_for_everything() -> None:
    assert template()["Parameters"]["PythonRuntime"]["Default"] == "python3.13"
    assert template()["Parameters"]["Architecture"]["Default"] == "arm64"
    common = template()["Globals"]["Function"]
    assert common["Runtime"] == {"Ref": "PythonRuntime"}
    assert common["Architectures"] == [{"Ref": "Architecture"}]


# ---------------------------------------------------------------------------------------------------------- queues


def test_every_queue_has_dead_letters_that_are_kept_longer_watched_and_worked() -> None:
    queues = of_type(resources(), "AWS::SQS::Queue")
    work = {name: one for name, one in queues.items() if "RedrivePolicy" in one}
    dead = {name: one["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for name, one in work.items()}
    assert len(work) == 3
    assert set(dead.values()) == set(queues) - set(work) == {"DeadLetters"}
    worked = {one["Queue"]["Fn::GetAtt"][0] for _, one in sources()}
    assert worked == set(queues)
    for name, queue in work.items():
        assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
        assert queue["MessageRetentionPeriod"] < queues[dead[name]]["MessageRetentionPeriod"] == 14 * 86400


def test_every_queue_is_encrypted() -> None:
    assert all(one["SqsManagedSseEnabled"] for one in of_type(resources(), "AWS::SQS::Queue").values())


def test_a_message_stays_hidden_for_six_times_its_functions_timeout() -> None:
    for name, source in sources():
        queue = resources()[source["Queue"]["Fn::GetAtt"][0]]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * resources()[name]["Properties"]["Timeout"], name


def test_batches_fail_by_message() -> None:
    assert {name for name, _ in sources()} == WORKERS
    for name, source in sources():
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name
        assert source["BatchSize"] == 10, name


def test_the_small_size_leaves_a_new_account_room_for_reconcile_and_one_request() -> None:
    """A new account runs ten functions at once, and a mapping takes two at least. A request is the authorizer, then the
    API.
    """
    at_once = {}
    for _, source in sources():
        mapping, size, queue = source["ScalingConfig"]["MaximumConcurrency"]["Fn::FindInMap"]
        assert (mapping, size) == ("Workers", {"Ref": "Size"})
        at_once[queue] = {name: workers[queue] for name, workers in template()["Mappings"]["Workers"].items()}
    assert {queue: sizes["standard"] for queue, sizes in at_once.items()} == {
        "Import": 10,
        "Confirm": 6,
        "Validate": 8,
        "DeadLetters": 2,
    }
    # An int: as text, as a parameter has it, it lets no mapping of the embedded stack poll any more.
    assert all(isinstance(number, int) and number >= 2 for sizes in at_once.values() for number in sizes.values())
    workers = sum(sizes["small"] for sizes in at_once.values())
    reconcile = request = 1
    assert workers + reconcile + request == 10
    assert f"Ten are the {workers} workers of `small`" in (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    assert set(template()["Parameters"]["Size"]["AllowedValues"]) == set(template()["Mappings"]["Workers"])


def test_workers_may_send_items_back_to_their_own_queues() -> None:
    """Lambda would take that for a loop and dead-letter the message after some sixteen times."""
    assert {name for name, one in functions().items() if one.get("RecursiveLoop") == "Allow"} == WORKERS
    assert {
        name for name, one in of_type(translated(), "AWS::Lambda::Function").items() if "RecursiveLoop" in one
    } == WORKERS


def test_reconcile_is_not_retried_by_lambda_since_the_next_minute_is_the_retry() -> None:
    once = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    assert functions()["ReconcileFunction"]["EventInvokeConfig"] == once
    (made,) = of_type(translated(), "AWS::Lambda::EventInvokeConfig").values()
    assert {name: made[name] for name in once} == once


def test_a_first_deployment_that_fails_leaves_nothing_behind_that_blocks_the_next() -> None:
    kept = {name: one["DeletionPolicy"] for name, one in resources().items() if "DeletionPolicy" in one}
    assert kept == dict.fromkeys(("Runs", "Items", "Events", "Key", "DeploymentSecret", "Logs"), "RetainExceptOnCreate")
    assert {resources()[name]["UpdateReplacePolicy"] for name in kept} == {"Retain"}


def test_functions_that_call_the_host_may_be_put_into_its_vpc() -> None:
    parts = {"SubnetIds": {"Ref": "SubnetIds"}, "SecurityGroupIds": {"Ref": "SecurityGroupIds"}}
    network = {"Fn::If": ["InVpc", parts, {"Ref": "AWS::NoValue"}]}
    inside = {name for name, one in functions().items() if "VpcConfig" in one}
    assert inside == {name for name, one in functions().items() if "HOST_SECRET_ID" in one["Environment"]["Variables"]}
    for name in inside:
        assert functions()[name]["VpcConfig"] == network
        (statement,) = network_statements(role_of(functions()[name]))
        assert "ec2:CreateNetworkInterface" in statement["Action"]
    assert (
        template()["Parameters"]["SubnetIds"]["Default"]
        == template()["Parameters"]["SecurityGroupIds"]["Default"]
        == ""
    )


def test_workers_have_a_gigabyte() -> None:
    """By the measurements in docs/performance.md."""
    assert {functions()[name]["MemorySize"] for name in WORKERS - {"DeadLetterFunction"}} == {1024}


# ---------------------------------------------------------------------------------------------------------- tables


def test_tables_end_in_the_names_of_the_seeds_and_are_guarded() -> None:
    tables = of_type(resources(), "AWS::DynamoDB::Table")
    assert [one["TableName"]["Fn::Sub"].rpartition("}_")[2] for one in tables.values()] == [
        "import_runs",
        "import_run_items",
        "import_run_item_events",
        "import_secrets",
    ]
    for name, table in tables.items():
        is_truth = name != "Secrets"
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": is_truth}
        assert table["SSESpecification"] == {"SSEEnabled": True}
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert resources()[name].get("DeletionPolicy") == ("RetainExceptOnCreate" if is_truth else None)


def test_the_only_index_is_that_of_runs_which_somebody_has_to_look_after() -> None:
    """An index costs a write for each change: lists read index pages instead (docs/decisions/0023-tables.md)."""
    tables = of_type(resources(), "AWS::DynamoDB::Table")
    [(name, [index])] = [
        (name, table["GlobalSecondaryIndexes"]) for name, table in tables.items() if "GlobalSecondaryIndexes" in table
    ]
    assert (name, index["IndexName"]) == ("Runs", "by_watch")
    assert [one["AttributeName"] for one in index["KeySchema"]] == ["watch_pk", "watch_at"]
    assert index["Projection"]["ProjectionType"] == "KEYS_ONLY"
