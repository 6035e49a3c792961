"""What answers tell about a relay's honesty: two questions with three answers each, and what each answer rests on.

Nothing here proves anything: a relay that imitates a maker well is ``consistent``, and what has another honest
explanation is told, but counts as unknown. Nothing here is a verdict, either: an import goes on whatever was seen.
See docs/decisions/0034-evidence.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from batch_import.domain.advisories import Text


class Question(StrEnum):
    """Is it the model that was asked for, and is what is sent passed on untouched?"""

    IDENTITY = "identity"
    PASSTHROUGH = "passthrough"


class Agreement(StrEnum):
    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """The answer in which something was seen."""

    CHAT = "chat_completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    GENERATE = "generate_content"
    STREAM = "stream"
    TOOL_CALL = "tool_call"


class Seen(StrEnum):
    """What may be seen; ``OBSERVATIONS`` says what it means."""

    SAME_MODEL_NAMED = "same_model_named"
    RELATED_MODEL_NAMED = "related_model_named"
    OTHER_MODEL_NAMED = "other_model_named"
    ID_OF_MAKER = "id_of_maker"
    ID_OF_OTHER_MAKER = "id_of_other_maker"
    FORM_OF_OTHER_SERVER = "form_of_other_server"
    REASONING_NOT_EXPECTED = "reasoning_not_expected"
    PROMPT_COUNTED_SMALL = "prompt_counted_small"
    PROMPT_COUNTED_LARGE = "prompt_counted_large"
    INSTRUCTIONS_ADDED = "instructions_added"
    RESPONSES_FROM_CHAT = "responses_from_chat"
    RESPONSES_CONVERTED = "responses_converted"
    TOOL_ARGUMENTS_KEPT = "tool_arguments_kept"
    TOOL_ARGUMENTS_CHANGED = "tool_arguments_changed"
    STOP_KEPT = "stop_kept"
    STOP_NOT_KEPT = "stop_not_kept"


FROM_ANSWERS = ("served", "came")


@dataclass(frozen=True, slots=True)
class Observation:
    """``params`` fill the text: numbers, names of this code, the model that was asked for; ``FROM_ANSWERS`` are the
    relay's own words, to be redacted before they are stored.
    """

    code: Seen
    source: Source
    params: Mapping[str, str] = field(default_factory=dict)


class Meaning(NamedTuple):
    question: Question
    agreement: Agreement  # unknown: it is told, and counts for nothing
    text: Text


_IS, _PASSED = Question.IDENTITY, Question.PASSTHROUGH
_YES, _NO, _OPEN = Agreement.CONSISTENT, Agreement.INCONSISTENT, Agreement.UNKNOWN

# fmt: off
OBSERVATIONS: dict[Seen, Meaning] = {
    Seen.SAME_MODEL_NAMED: Meaning(_IS, _YES, Text(
        "回答中的模型名与请求的 {asked} 一致", "The answer names the model that was asked for, {asked}")),
    Seen.RELATED_MODEL_NAMED: Meaning(_IS, _OPEN, Text(
        "请求 {asked}，回答中的模型名是 {served}；可能是同一模型的别名",
        "{asked} was asked for, the answer names {served}, which may be another name of it")),
    Seen.OTHER_MODEL_NAMED: Meaning(_IS, _NO, Text(
        "请求 {asked}，回答中的模型名是 {served}", "{asked} was asked for, the answer names {served}")),
    Seen.ID_OF_MAKER: Meaning(_IS, _YES, Text(
        "回答的 id 具有 {maker} 的形式", "The answer's id has the form of {maker}'s ids")),
    Seen.ID_OF_OTHER_MAKER: Meaning(_IS, _NO, Text(
        "请求 {asked}，回答的 id 却具有 {maker} 的形式",
        "{asked} was asked for, the answer's id has the form of {maker}'s ids")),
    Seen.FORM_OF_OTHER_SERVER: Meaning(_IS, _NO, Text(
        "回答含有 {server} 才会写的 {field}，而 {server} 不提供 {asked}",
        "The answer has {field}, which {server} writes, and {server} does not serve {asked}")),
    Seen.REASONING_NOT_EXPECTED: Meaning(_IS, _NO, Text(
        "回答含有推理内容，而 {asked} 没有推理能力", "The answer has reasoning, and {asked} is a model without it")),
    Seen.PROMPT_COUNTED_SMALL: Meaning(_PASSED, _YES, Text(
        "一句短提示被计为 {tokens} 个 token", "A short sentence was counted as {tokens} tokens")),
    Seen.PROMPT_COUNTED_LARGE: Meaning(_PASSED, _NO, Text(
        "一句短提示被计为 {tokens} 个 token：前面加入了其他文字（Claude Code 与 Codex 的账号要求如此），或计数方式不同",
        "A short sentence was counted as {tokens} tokens: text is added on the way, as accounts of Claude Code and "
        "Codex demand it, or it is counted otherwise")),
    Seen.INSTRUCTIONS_ADDED: Meaning(_PASSED, _NO, Text(
        "回答重复了 {characters} 个字符的 instructions，而请求中没有；Codex 的账号要求自己的 instructions",
        "The answer repeats instructions of {characters} characters, and none were sent; accounts of Codex demand "
        "their own")),
    Seen.RESPONSES_FROM_CHAT: Meaning(_PASSED, _NO, Text(
        "/v1/responses 的回答具有 chat completions 的形式（{field}），而 {asked} 的厂商原生提供 responses",
        "The answer of /v1/responses has {field} of chat completions, although the maker of {asked} offers responses")),
    Seen.RESPONSES_CONVERTED: Meaning(_PASSED, _OPEN, Text(
        "/v1/responses 的回答由 chat completions 转换而来（{field}）",
        "The answer of /v1/responses was made from chat completions: it has their {field}")),
    Seen.TOOL_ARGUMENTS_KEPT: Meaning(_PASSED, _YES, Text(
        "工具参数原样返回", "A tool call brought its argument as it was asked for")),
    Seen.TOOL_ARGUMENTS_CHANGED: Meaning(_PASSED, _NO, Text(
        "要求工具参数指向 {asked}，两次返回的地址都指向 {came}",
        "A tool call was asked to name an address at {asked}, and twice named one at {came}")),
    Seen.STOP_KEPT: Meaning(_PASSED, _YES, Text("stop 生效", "A stop sequence ended the answer")),
    Seen.STOP_NOT_KEPT: Meaning(_PASSED, _OPEN, Text(
        "stop 未生效；协议转换的软件常会丢弃它",
        "A stop sequence did not end the answer; software that converts protocols often drops it")),
}
# fmt: on

Evidence = dict[str, dict[str, Any]]  # as it is stored: by question, ``value`` and ``observations``


def evidence(observations: Iterable[Observation], *, more_is_asked: bool = False) -> Evidence:
    """Both questions with all that was seen, each thing once for an answer.

    One thing that does not fit makes the answer ``inconsistent``; ``consistent`` needs one that fits, and none that
    does not; otherwise nothing is known. While ``more_is_asked``, which bears on what is passed on, that is not yet
    ``consistent``.
    """
    each = {(it.code, it.source): it for it in observations}.values()
    found = {question.value: _answered(question, each) for question in Question}
    passed = found[_PASSED.value]
    if more_is_asked and passed["value"] == _YES.value:
        passed["value"] = _OPEN.value
    return found


def _answered(question: Question, observations: Iterable[Observation]) -> dict[str, Any]:
    mine = [it for it in observations if OBSERVATIONS[it.code].question is question]
    said = {OBSERVATIONS[it.code].agreement for it in mine}
    value = next((each for each in (_NO, _YES) if each in said), _OPEN)
    told = [{"code": it.code.value, "source": it.source.value, "params": dict(it.params)} for it in mine]
    return {"value": value.value, "observations": told}


def text_of_observation(code: Seen, params: Mapping[str, str], language: str) -> str:
    """What was seen, in ``zh`` or ``en``."""
    return str(getattr(OBSERVATIONS[code].text, language)).format_map(params)
