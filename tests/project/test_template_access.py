"""Least privilege and secrets in ``template.yaml``."""

import json

from tests.project.sam_template import (
    allowed,
    as_list,
    functions,
    network_statements,
    of_type,
    resources,
    role_of,
    statements,
    statements_anywhere,
    template,
    translated,
)

# ------------------------------------------------------------------------------------------------------------ roles


def test_roles_name_their_resources() -> None:
    roles = of_type(translated(), "AWS::IAM::Role")
    assert len(roles) == 8  # one per function, and one with which the scheduler calls reconcile
    for name, role in roles.items():
        assert not role.get("ManagedPolicyArns"), name
        for statement in statements(name, translated()):
            for resource in as_list(statement["Resource"]):
                assert "*" not in json.dumps(resource), (name, statement)


def test_only_a_key_policy_names_everything() -> None:
    """AWS demands it there, where it means the key itself."""
    everywhere = {
        name
        for name, one in translated().items()
        for statement in statements_anywhere(one)
        if "*" in as_list(statement.get("Resource"))
    }
    assert everywhere == {"Key"}


def test_inside_a_vpc_a_role_may_use_network_interfaces_and_nothing_more() -> None:
    """AWS knows no resources for these actions that exist before."""
    for function in functions().values():
        for statement in network_statements(role_of(function)):
            assert all(action.startswith("ec2:") and "*" not in action for action in statement["Action"])


def test_nobody_may_scan() -> None:
    actions = {
        action
        for one in translated().values()
        for statement in statements_anywhere(one)
        for action in as_list(statement.get("Action", []))
        if action.startswith("dynamodb:")
    }
    assert actions
    assert not any("*" in action or action in ("dynamodb:Scan", "dynamodb:PartiQLSelect") for action in actions)


def test_only_validation_may_write_access_status() -> None:
    writers = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"}
    may = set()
    for name, function in functions().items():
        role = role_of(function)
        refusal = [one for one in statements(role) if one["Effect"] == "Deny"]
        if allowed(role, "Items") & writers and not refusal:
            may.add(name)
        for one in refusal:
            assert set(one["Action"]) == writers
            assert one["Resource"] == {"Fn::GetAtt": ["Items", "Arn"]}
            assert one["Condition"] == {"ForAnyValue:StringEquals": {"dynamodb:Attributes": ["access_status"]}}
    assert may == {"ValidationFunction"}


def test_nobody_may_put_whole_items() -> None:
    """A put that leaves ``access_status`` out would erase it, and the Deny would not see that."""
    putting = {
        name
        for name, function in functions().items()
        if allowed(role_of(function), "Items") & {"dynamodb:PutItem", "dynamodb:BatchWriteItem"}
    }
    assert putting == set()
    conditional = [
        (name, one["Action"], one["Condition"])
        for name, function in functions().items()
        for one in statements(role_of(function))
        if one["Effect"] == "Allow" and "Condition" in one
    ]
    assert conditional == []


def test_a_function_reads_only_the_secrets_of_its_work() -> None:
    read = {
        name: {
            resource["Fn::GetAtt"][0]
            for statement in statements(role_of(function))
            if statement["Action"] == "secretsmanager:GetSecretValue"
            for resource in as_list(statement["Resource"])
        }
        for name, function in functions().items()
    }
    host = {"HostSecret", "DeploymentSecret"}
    assert read == {
        "ApiFunction": {"HostSecret"},
        "AuthorizerFunction": {"TokensSecret"},
        "ProvisionFunction": host,
        "ConfirmationFunction": host,
        "ValidationFunction": host,
        "DeadLetterFunction": set(),
        "ReconcileFunction": host,
    }


def test_who_may_close_a_run_may_queue_what_follows() -> None:
    """See docs/decisions/0036-compare.md: the comparison is worked on by the validation function."""
    for name, function in functions().items():
        queues = {
            resource["Fn::GetAtt"][0]
            for statement in statements(role_of(function))
            if statement["Action"] == "sqs:SendMessage*"
            for resource in as_list(statement["Resource"])
        }
        may_close = "dynamodb:UpdateItem" in allowed(role_of(function), "Runs")
        assert may_close == ("ValidateQueue" in queues), name


def test_a_function_is_told_of_what_it_may_use_and_of_nothing_else() -> None:
    used = {
        "HOST_SECRET_ID": "HostSecret",
        "DEPLOYMENT_SECRET_ID": "DeploymentSecret",
        "TOKENS_SECRET_ID": "TokensSecret",
        "KMS_KEY_ID": "Key",
        "RUNS_TABLE": "Runs",
        "ITEMS_TABLE": "Items",
        "EVENTS_TABLE": "Events",
    }
    for name, function in functions().items():
        told = {used[one] for one in function["Environment"]["Variables"] if one in used}
        granted = {
            resource["Fn::GetAtt"][0]
            for statement in statements(role_of(function))
            for resource in as_list(statement["Resource"])
            if "Fn::GetAtt" in resource
        }
        assert told == granted & set(used.values()), name


# ---------------------------------------------------------------------------------------------------------- secrets


def test_no_parameter_carries_a_secret() -> None:
    for name, parameter in template()["Parameters"].items():
        words = name.lower()
        assert not any(word in words for word in ("secret", "password", "token", "apikey", "adminkey")), name
        assert "NoEcho" not in parameter, name
    assert set(template()["Parameters"]) == {
        "PythonRuntime",
        "Architecture",
        "StageName",
        "LogLevel",
        "LogRetentionDays",
        "AllowedPrivateHosts",
        "NoExtraProbes",
        "KeyRetentionHours",
        "ProviderConcurrency",
        "OriginConcurrency",
        "OriginSpacing",
        "AlarmTopicArn",
        "Alarms",
        "AccessLogs",
        "LocalEndpoint",
        "Size",
        "SubnetIds",
        "SecurityGroupIds",
    }


def test_secrets_are_born_as_placeholders() -> None:
    secrets = of_type(resources(), "AWS::SecretsManager::Secret")
    assert set(secrets) == {"HostSecret", "DeploymentSecret", "TokensSecret"}
    assert "SecretString" not in secrets["HostSecret"]
    assert "SecretString" not in secrets["DeploymentSecret"]
    assert json.loads(secrets["TokensSecret"]["SecretString"]) == {"operator": {}, "viewer": {}}


def test_the_key_rotates_and_has_a_name() -> None:
    assert resources()["Key"]["Properties"]["EnableKeyRotation"] is True
    assert of_type(resources(), "AWS::KMS::Alias")["KeyAlias"]["TargetKeyId"] == {"Ref": "Key"}
