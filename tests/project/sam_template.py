"""``template.yaml`` for the tests of its house style: as written, and as SAM translates it."""

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from tests.support.documents import ROOT, YamlLoader


class _Loader(YamlLoader):
    """YAML with CloudFormation's short functions."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".")
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


@cache
def template() -> dict[str, Any]:
    written: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader=_Loader)
    return written


def resources() -> dict[str, Any]:
    return template()["Resources"]


@cache
def translated() -> dict[str, Any]:
    """What SAM makes of it: every role, mapping and permission that AWS gets to see."""
    from samtranslator.translator.transform import transform  # half a second that few tests need

    class NoManagedPolicies:
        def load(self) -> dict[str, str]:
            return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        packed = copy.deepcopy(template())
        for resource in packed["Resources"].values():
            for name in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
                resource["Properties"][name] = "s3://bucket/key"
        return transform(packed, {}, NoManagedPolicies())["Resources"]


def of_type(among: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {name: one.get("Properties", {}) for name, one in among.items() if one["Type"] == kind}


def functions() -> dict[str, Any]:
    return of_type(resources(), "AWS::Serverless::Function")


def sources() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, function in functions().items():
        for event in function.get("Events", {}).values():
            if event["Type"] == "SQS":
                yield name, event["Properties"]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(role: str, among: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """As they are when every condition of the template is off, as by default."""
    return [
        statement
        for policy in (among or resources())[role]["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if "Fn::If" not in statement
    ]


def network_statements(role: str) -> list[dict[str, Any]]:
    """What a role may do more when the functions are inside a VPC."""
    return [
        statement["Fn::If"][1]
        for policy in resources()[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Fn::If", [""])[0] == "InVpc"
    ]


def role_of(function: Mapping[str, Any]) -> str:
    return function["Role"]["Fn::GetAtt"][0]


def allowed(role: str, table: str) -> set[str]:
    """DynamoDB actions that a role may do on the rows of a table, whatever their attributes."""
    return {
        action
        for statement in statements(role)
        if statement["Effect"] == "Allow" and "Condition" not in statement
        if {"Fn::GetAtt": [table, "Arn"]} in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }


def named(value: dict[str, Any]) -> str:
    """The resource of a !Ref or a !GetAtt."""
    return value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]


def statements_anywhere(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield from (one for one in as_list(value.get("Statement", [])) if isinstance(one, dict))
        for one in value.values():
            yield from statements_anywhere(one)
    elif isinstance(value, list):
        for one in value:
            yield from statements_anywhere(one)
