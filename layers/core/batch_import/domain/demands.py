"""What a relay demands of a request's form: learnt from its refusals, used in every later request.

A demand says how to ask, and where customers will feel it an advisory says so.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from batch_import.domain.advisories import Advisory
from batch_import.domain.answers import Answer
from batch_import.domain.refusals import STREAM_WANTED

INSTRUCTIONS = "You are a helpful assistant."


@dataclass(frozen=True, slots=True)
class Demands:
    """All false: a request as everybody sends it."""

    stream: bool = False
    max_completion_tokens: bool = False
    no_limit: bool = False
    instructions: bool = False
    temperature: bool = False
    no_store: bool = False
    input_list: bool = False
    no_tools: bool = False

    def __or__(self, other: "Demands") -> "Demands":
        return Demands(**{f.name: getattr(self, f.name) or getattr(other, f.name) for f in fields(self)})

    def names(self) -> tuple[str, ...]:
        """Those that hold, as they are stored."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name))


def demands_named(names: tuple[str, ...] | list[str]) -> Demands:
    """The opposite of ``Demands.names``; a name that is not known any more is passed over."""
    known = {f.name for f in fields(Demands)}
    return Demands(**{name: True for name in names if name in known})


class Lesson(NamedTuple):
    demand: str  # a field of Demands
    words: str  # a regular expression on the refusal's words
    source: str


# fmt: off
LESSONS: tuple[Lesson, ...] = (
    Lesson("max_completion_tokens", r"max_completion_tokens", "OpenAI, reasoning models"),
    Lesson("instructions", r"instructions", "Codex"),
    Lesson("no_store", r"\bstore\b", "Codex"),
    Lesson("stream", STREAM_WANTED, "new-api, Aliyun, Codex"),
    Lesson("temperature", r"temperature.{0,60}(?:\b1\b|required|missing)|(?:required|missing"
         r"|only).{0,30}temperature", "Kimi"),
    Lesson("input_list", r"input.{0,20}(?:must be|should be|valid|expected).{0,20}(?:list|array)", "Codex"),
    Lesson("no_limit", r"max_(?:output_)?tokens|maximum.{0,30}tokens", "Codex, small models"),
    Lesson("no_tools", r"\btools?\b|tool_choice|tool choice|function call", "vLLM, Ollama"),
)
# fmt: on


def learnt(words: str, known: Demands) -> Demands:
    """``known`` with the first demand that a refusal's words teach; ``known`` itself when they teach nothing new."""
    text = words[:2_000].lower()
    for lesson in LESSONS:
        if not getattr(known, lesson.demand) and re.search(lesson.words, text):
            changes: dict[str, Any] = {lesson.demand: True}
            return replace(known, **changes)
    return known


def unsaid(answer: Answer, holds_no_completion: bool) -> Demands:
    """What may help where a refusal teaches nothing: a stream where a success holds no completion (some relays wrap or
    leave empty what is not streamed), and Codex's form where a 400 has no words.
    """
    if answer.trouble is None and holds_no_completion:
        return Demands(stream=True)
    wordless = answer.status == _BAD_REQUEST and not answer.text.strip()
    return (
        Demands(stream=True, no_limit=True, instructions=True, no_store=True, input_list=True)
        if wordless
        else Demands()
    )


_BAD_REQUEST = 400


def asked(body: Mapping[str, Any], demands: Demands) -> dict[str, Any]:
    """A request's body as the relay demands it. Works for chat completions, responses and messages."""
    out = dict(body)
    if demands.stream:
        out["stream"] = True
    for demand, change in _CHANGES:
        if getattr(demands, demand):
            change(out)
    return out


def _rename_limit(out: dict[str, Any]) -> None:
    if "max_tokens" in out:
        out["max_completion_tokens"] = out.pop("max_tokens")


def _drop_limit(out: dict[str, Any]) -> None:
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        out.pop(name, None)


def _instruct(out: dict[str, Any]) -> None:
    """In a chat request a system message."""
    if "messages" not in out:
        out["instructions"] = INSTRUCTIONS
    else:
        out["messages"] = [{"role": "system", "content": INSTRUCTIONS}, *out["messages"]]


def _list_input(out: dict[str, Any]) -> None:
    if isinstance(out.get("input"), str):
        out["input"] = [{"role": "user", "content": [{"type": "input_text", "text": out["input"]}]}]


def _drop_tools(out: dict[str, Any]) -> None:
    out.pop("tools", None)
    out.pop("tool_choice", None)


_CHANGES: tuple[tuple[str, Callable[[dict[str, Any]], None]], ...] = (
    ("max_completion_tokens", _rename_limit),
    ("no_limit", _drop_limit),
    ("instructions", _instruct),
    ("temperature", lambda out: out.update(temperature=1)),
    ("no_store", lambda out: out.update(store=False)),
    ("input_list", _list_input),
    ("no_tools", _drop_tools),
)


def demand_advisories(demands: Demands, *, by_chat: bool) -> Iterator[Advisory]:
    """What a customer will feel. On the responses path the host streams by itself, whatever the customer asks."""
    if demands.stream and by_chat:
        yield Advisory("relay_streams_only")
    if demands.max_completion_tokens and by_chat:
        yield Advisory("relay_wants_max_completion_tokens")
    if demands.instructions:
        yield Advisory("relay_wants_instructions")
    limits = (("max_tokens", demands.no_limit), ("temperature", demands.temperature), ("tools", demands.no_tools))
    refused = [name for name, held in limits if held]
    if refused:
        yield Advisory("relay_restricts_parameters", {"parameters": ", ".join(refused)})
