"""What refusals teach about the form of requests, and what follows for later ones."""

import pytest
from batch_import.domain.demands import Demands, asked, demand_advisories, demands_named, learnt

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 512, "stream": False}
RESPONSES = {"model": "m", "input": "hi", "tools": [{}], "tool_choice": "required", "max_output_tokens": 512}


@pytest.mark.parametrize(
    ("words", "demand"),
    [
        ("Stream must be set to true", "stream"),
        ("This model only support stream mode, please enable the stream parameter", "stream"),
        ("parameter.enable_thinking must be set to false for non-streaming calls", "stream"),
        ("该模型仅支持流式调用", "stream"),
        (
            "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "max_completion_tokens",
        ),
        ("Instructions are required", "instructions"),
        ("Store must be set to false", "no_store"),
        ("Input must be a list", "input_list"),
        ("Unsupported parameter: max_output_tokens", "no_limit"),
        ("invalid temperature: only 1 is allowed for this model", "temperature"),
        ("tool_choice is not supported", "no_tools"),
    ],
)
def test_a_refusal_teaches_one_demand(words: str, demand: str) -> None:
    assert learnt(words, Demands()).names() == (demand,)


@pytest.mark.parametrize(
    "words", ["", "Invalid API key", "The model `x` does not exist", "upstream must be configured"]
)
def test_other_refusals_teach_nothing(words: str) -> None:
    assert learnt(words, Demands()) == Demands()


def test_what_is_known_is_not_learnt_again() -> None:
    known = Demands(stream=True)
    assert learnt("Stream must be set to true", known) is known


def test_requests_are_asked_as_demanded() -> None:
    demands = Demands(stream=True, max_completion_tokens=True)
    assert asked(CHAT, demands) == {
        "model": "m", "messages": CHAT["messages"], "max_completion_tokens": 512, "stream": True,
    }  # fmt: skip
    codex = Demands(instructions=True, no_store=True, input_list=True, no_limit=True, no_tools=True)
    body = asked(RESPONSES, codex)
    assert set(body) == {"model", "input", "instructions", "store"}
    assert body["input"][0]["role"] == "user"
    assert asked(CHAT, Demands(instructions=True))["messages"][0]["role"] == "system"
    assert asked(CHAT, Demands()) == CHAT


def test_demands_survive_being_stored() -> None:
    demands = Demands(stream=True, instructions=True)
    assert demands_named(demands.names()) == demands
    assert demands_named(("stream", "long_forgotten")) == Demands(stream=True)


def test_a_customer_is_told_of_what_will_be_felt() -> None:
    demands = Demands(stream=True, max_completion_tokens=True, no_store=True, no_limit=True)
    assert [told.code for told in demand_advisories(demands, by_chat=True)] == [
        "relay_streams_only", "relay_wants_max_completion_tokens", "relay_restricts_parameters",
    ]  # fmt: skip
    assert [told.code for told in demand_advisories(Demands(stream=True), by_chat=False)] == []
