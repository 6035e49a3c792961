"""What a completion shows beside its text: the names, ids, counts and fields of ``domain/evidence.py``.

A field counts only where it says something (not null, not zero): gateways write each other's empty fields.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from batch_import.domain.capability import Protocol, served_model
from batch_import.domain.evidence import Observation, Seen, Source
from batch_import.domain.naming import identify_model, load_catalogue
from batch_import.domain.types import Provenance

_SOURCES = {
    Protocol.CHAT: Source.CHAT,
    Protocol.RESPONSES: Source.RESPONSES,
    Protocol.MESSAGES: Source.MESSAGES,
    Protocol.GENERATE: Source.GENERATE,
}
_SMALL, _LARGE, _INCREDIBLE = range(4, 61), 200, 10_000_000  # tokens of a prompt of ten words
_WITH_BUFFER = range(2_004, 2_061)  # 9router adds 2,000 to every count of a prompt, so that clients compact in time
_OPENAI, _ANTHROPIC, _GOOGLE = "OpenAI", "Anthropic", "Google"
_CLOSED = (_OPENAI, _ANTHROPIC, _GOOGLE)  # makers whose models only they and their clouds serve
_MAKERS = {
    "gpt": _OPENAI, "chatgpt": _OPENAI, "o1": _OPENAI, "o3": _OPENAI, "o4": _OPENAI, "codex": _OPENAI,
    "claude": _ANTHROPIC, "gemini": _GOOGLE, "deepseek": "DeepSeek", "glm": "Zhipu", "kimi": "Moonshot",
    "moonshot": "Moonshot",
    "qwen": "Alibaba", "qwq": "Alibaba", "llama": "Meta", "mistral": "Mistral", "grok": "xAI", "doubao": "ByteDance",
    "minimax": "MiniMax", "ernie": "Baidu", "hunyuan": "Tencent",
}  # fmt: skip
# Their own APIs count a bare prompt bare; templates of others (Mistral, Grok, Command) begin with hundreds of tokens.
_COUNTED_BARE = (*_CLOSED, "DeepSeek", "Zhipu", "Moonshot", "Alibaba")
_ADDS_OF_ITSELF = re.compile(r"search|online|agent|web|tool|computer|-all\b|assistant|gizmo|rag")
# gpt-3.5-turbo-0125, gemini-2.5-flash-preview-05-20; but gpt-4-0125-preview is no snapshot of gpt-4
_SNAPSHOT = re.compile(r"-\d{3,}|-(?:preview|exp|latest)(?:-\d{2,})*")
_OWN_PREVIEWS = ("o1-preview",)  # sold beside the model that came of it
_DATED = re.compile(r"-\d{3,}$")
_FURTHER_VERSION = re.compile(r"-\d{1,2}(?:-|$)")
_TIERS = {"pro", "flash", "lite", "8b", "opus", "sonnet", "haiku", "fable", "mythos", "instant", "turbo", "mini",
          "nano"}  # fmt: skip
_VERSION = re.compile(r"(?<!\d)(\d{1,2})(?:[.-](\d{1,2}))?(?=o?(?:-|$))")  # gpt-4o, claude-3-5-sonnet, gemini-2.5-pro
# Models of their own; gpt-5.6-sol-pro is gpt-5.6-sol, at its price, in a mode.
_OPENAIS_PRO = re.compile(r"(?:gpt-\d(?:\.\d)?|o\d)-pro")
# Azure's model ``gpt-4`` has versions named turbo-2024-04-09, 0125-Preview, 1106-Preview and vision-preview.
_AZURES_GPT_4 = re.compile(r"gpt-4(?:-turbo(?:-preview)?|(?:-\d{4})?(?:-vision)?(?:-preview)?)")
_PICKED = re.compile(r"auto|router")  # names behind which a relay picks a model
_MOVING = re.compile(r"latest|preview|default|exp\b|^\D*$")  # names whose model the maker changes
_WITHOUT_REASONING = re.compile(
    r"(?:gpt-3\.5-.*|gpt-4(?:o|\.1|\.5)?(?:-(?:turbo|mini|nano|32k))?|chatgpt-4o|claude-3(?:-5)?-(?:opus|sonnet|haiku)|"
    r"gemini-1\.[05]-(?:pro|flash)(?:-8b)?|gemini-2\.0-flash(?:-lite)?)(?:-\d{3,}(?:-preview)?)?"
)
_OPEN_WEIGHTS = ("gpt-oss", "gpt-j", "gpt-neo", "gpt-2-")
_REASONED = (
    ("usage", "completion_tokens_details", "reasoning_tokens"),
    ("usageMetadata", "thoughtsTokenCount"),
)
_REASONING = ("reasoning_content", "reasoning", "thinking")


class _Mark(NamedTuple):
    """A field that only one kind of server writes, and the makers whose models that server does not serve."""

    server: str
    path: tuple[str, ...]  # of keys; a list stands for its first entry
    value: str  # a regular expression on the value as text
    not_of: tuple[str, ...]


_CLOUDS = (_OPENAI, _ANTHROPIC)  # Ollama's own cloud passes Gemini on
# fmt: off
_MARKS = (
    _Mark("DeepSeek", ("system_fingerprint",), r"fp_\w+_prod\w*_kvcache\w*", _CLOSED),
    _Mark("DeepSeek", ("usage", "prompt_cache_miss_tokens"), r"[1-9]\d*", _CLOSED),
    _Mark("Ollama", ("system_fingerprint",), r"fp_ollama", _CLOUDS),
    _Mark("llama.cpp", ("timings", "predicted_n"), r"[1-9]\d*", _CLOSED),
    _Mark("SGLang", ("choices", "matched_stop"), r"[1-9]\d*", _CLOSED),
    _Mark("Groq", ("x_groq", "id"), r"req_\w+", _CLOSED),
)
_IDS = (
    ("Anthropic", r"msg_(?:bdrk|vrtx)_\w+"),  # of its two clouds; msg_01… is imitated by software that converts
)
# fmt: on


def observe(body: Any, protocol: Protocol, model: str, sent: Mapping[str, Any]) -> tuple[Observation, ...]:
    """What a good completion shows. ``model`` was asked for, with ``sent`` as the request's body."""
    if not isinstance(body, dict):
        return ()
    source, of = _SOURCES[protocol], _Asked.named(model)
    seen = [*_name(body, of), *_id(body, of), *_marks(body, of), *_reasoning(body, of)]
    seen += _counted(body, of) if not sent.get("tools") else []
    seen += _responses(body, of, sent) if protocol is Protocol.RESPONSES else []
    return tuple(Observation(code, source, params) for code, params in seen)


_Seen = Iterator[tuple[Seen, dict[str, str]]]


class _Asked(NamedTuple):
    name: str
    family: str  # empty when nobody knows the name
    maker: str  # empty for weights that anybody may serve
    date: str  # of the snapshot that the name tells; empty when it tells none
    effort: str  # of reasoning, likewise

    @classmethod
    def named(cls, name: str) -> "_Asked":
        identity = identify_model(name)
        family = "" if identity.provenance is Provenance.UNKNOWN else identity.canonical_model_family
        brand = family.partition("-")[0]
        maker = _MAKERS.get(brand) or _MAKERS.get(brand.rstrip("0123456789."), "")  # o3, qwen3
        date, effort = (identity.attributes.get(name, "") for name in ("snapshot_date", "effort"))
        return cls(name, family, "" if family.startswith(_OPEN_WEIGHTS) else maker, date, effort)

    @property
    def moves(self) -> bool:
        """As it is spelled, or as the catalogue has it: ``gemini-3-pro`` is ``gemini-3-pro-preview``."""
        return any(_MOVING.search(name) for name in (self.name.lower(), self.family))


def _name(body: Mapping[str, Any], asked: _Asked) -> _Seen:
    name = served_model(body)
    if name is None:
        return
    served = _Asked.named(name)
    params = {"asked": asked.name, "served": name}
    same = name.lower() == asked.name.lower() or _is_same(asked.family, served.family)
    if same and (_both_differ(asked.date, served.date) or _both_differ(asked.effort, served.effort)):
        yield Seen.RELATED_MODEL_NAMED, params
    elif same:
        yield Seen.SAME_MODEL_NAMED, {"asked": asked.name}
    elif asked.family and served.family:
        yield Seen.OTHER_MODEL_NAMED if _differ(asked, served) else Seen.RELATED_MODEL_NAMED, params


def _both_differ(asked: str, served: str) -> bool:
    return bool(asked and served) and asked != served


def _is_same(asked: str, served: str) -> bool:
    """One family, or a snapshot of it that the catalogue has under a name of its own."""
    shorter, longer = sorted((asked, served), key=len)
    if longer in _OWN_PREVIEWS:
        return shorter == longer
    tail = longer.removeprefix(shorter)
    return bool(shorter) and (not tail or _SNAPSHOT.fullmatch(tail) is not None)


def _differ(asked: _Asked, served: _Asked) -> bool:
    """Whether no honest relay would name ``served``: a model of another maker, or any other of the catalogue where
    the one that was asked for is of a closed maker; never where the relay picks the model. Within one maker only the
    closed ones are strict, and not where the name that was asked for may have moved, has a word more than the one that
    came, or came as another snapshot or with its thinking on.
    """
    if not asked.maker or _PICKED.search(asked.name.lower()):
        return False
    if asked.maker != served.maker:
        return bool(served.maker) or (asked.maker in _CLOSED and load_catalogue().has(served.family))
    if _AZURES_GPT_4.fullmatch(asked.family) and _AZURES_GPT_4.fullmatch(served.family):
        return False
    plain = _DATED.sub("", served.family)
    if _has_words_more(asked.family, plain) and not _OPENAIS_PRO.fullmatch(asked.family):
        return False
    if _DATED.sub("", asked.family) == plain.removesuffix("-thinking"):
        return False
    return asked.maker in _CLOSED and not (asked.moves and _may_have_moved(asked, served))


def _may_have_moved(asked: _Asked, served: _Asked) -> bool:
    """Makers move a name to the next snapshot or version of its line and tier, to no older one. Only OpenAI has models
    without a tier.
    """
    tiers, served_tiers = (_TIERS.intersection(each.family.split("-")) for each in (asked, served))
    version, served_version = _version(asked.family), _version(served.family)
    return (
        _line(asked.family) == _line(served.family)
        and (tiers == served_tiers or (not tiers and asked.maker != _OPENAI))
        and (not served_version or served_version >= version)
    )


def _line(family: str) -> str:
    return family.partition("-")[0].rstrip("0123456789.").removeprefix("chat")


def _version(family: str) -> tuple[int, ...]:
    found = _VERSION.search(_SNAPSHOT.sub("", family))
    return (int(found[1]), int(found[2] or 0)) if found else ()


def _has_words_more(family: str, plain: str) -> bool:
    """The words of ``plain`` and others: behind them, or in between where they have no digit. A version is none:
    ``claude-opus-4-5`` is no ``claude-opus-4``.
    """
    if _FURTHER_VERSION.match(family.removeprefix(plain)):
        return False
    more = Counter(family.split("-"))
    more.subtract(plain.split("-"))
    inside = min(more.values()) >= 0 and not any(char.isdigit() for word in more.elements() for char in word)
    return family.startswith(f"{plain}-") or inside


def _id(body: Mapping[str, Any], asked: _Asked) -> _Seen:
    given = body.get("id")
    for maker, form in _IDS:
        if isinstance(given, str) and re.fullmatch(form, given):
            if asked.maker == maker:
                yield Seen.ID_OF_MAKER, {"maker": maker}
            elif asked.maker:
                yield Seen.ID_OF_OTHER_MAKER, {"asked": asked.name, "maker": maker}


def _marks(body: Mapping[str, Any], asked: _Asked) -> _Seen:
    for mark in _MARKS:
        if asked.maker in mark.not_of and re.fullmatch(mark.value, _text_at(body, mark.path)):
            params = {"asked": asked.name, "server": mark.server, "field": mark.path[-1]}
            yield Seen.FORM_OF_OTHER_SERVER, params
            return


def _text_at(value: Any, path: tuple[str, ...]) -> str:
    """The number or text at ``path``, else an empty string."""
    for key in path:
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(key) if isinstance(value, Mapping) else None
    kind = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value)[:200] if kind else ""


def _reasoning(body: Mapping[str, Any], asked: _Asked) -> _Seen:
    if not _WITHOUT_REASONING.fullmatch(asked.family) or re.search("think|reason", asked.name.lower()):
        return
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, Mapping) else None
    told = isinstance(message, Mapping) and any(
        isinstance(message.get(f), str) and message[f].strip() for f in _REASONING
    )
    if told or any(_number(_at(body, *path)) for path in _REASONED) or _has_reasoned(body):
        yield Seen.REASONING_NOT_EXPECTED, {"asked": asked.name}


def _has_reasoned(body: Mapping[str, Any]) -> bool:
    """A block of messages that holds what the model thought, or one of responses that also counts it: a converter may
    count wrongly.
    """
    counted = _number(_at(body, "usage", "output_tokens_details", "reasoning_tokens"))
    thought = any(block.get("type") == "thinking" and block.get("thinking") for block in _blocks(body, "content"))
    return thought or bool(counted and any(block.get("type") == "reasoning" for block in _blocks(body, "output")))


def _blocks(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    given = body.get(name)
    return [block for block in given if isinstance(block, Mapping)] if isinstance(given, list) else []


def _counted(body: Mapping[str, Any], asked: _Asked) -> _Seen:
    tokens = prompt_tokens(body)
    if tokens in _SMALL:
        yield Seen.PROMPT_COUNTED_SMALL, {"tokens": str(tokens)}
    elif (
        tokens >= _LARGE
        and tokens not in _WITH_BUFFER
        and asked.maker in _COUNTED_BARE
        and not _ADDS_OF_ITSELF.search(asked.name.lower())
    ):
        yield Seen.PROMPT_COUNTED_LARGE, {"tokens": str(tokens)}


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """What the answer says that the prompt had, cached ones included; 0 when it does not say it, or absurdly.

    OpenAI counts what was cached within ``prompt_tokens``; one-hub and CLIProxyAPI count Claude's beside it.
    """
    usage = body.get("usage")
    if isinstance(usage, Mapping):
        caches = (usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens"))
        cached = max(sum(map(_number, caches)), _number(_at(usage, "prompt_tokens_details", "cached_tokens")))
        asked = _number(usage.get("prompt_tokens"))
        beside = not asked or cached > asked
        read = (asked or _number(usage.get("input_tokens"))) + (cached if beside else 0)
    else:
        read = _number(_at(body, "usageMetadata", "promptTokenCount"))
    return read if read < _INCREDIBLE else 0


def _responses(body: Mapping[str, Any], asked: _Asked, sent: Mapping[str, Any]) -> _Seen:
    told = body.get("instructions")
    if isinstance(told, str) and told.strip() and not sent.get("instructions"):
        yield Seen.INSTRUCTIONS_ADDED, {"characters": str(len(told))}
    usage = body.get("usage")
    of_chat = isinstance(usage, Mapping) and "input_tokens" not in usage and _number(usage.get("prompt_tokens"))
    field = "id" if str(body.get("id")).startswith("chatcmpl-") else "usage" if of_chat else None
    if field is not None:
        code = Seen.RESPONSES_FROM_CHAT if asked.maker == _OPENAI else Seen.RESPONSES_CONVERTED
        yield code, {"field": field, **({"asked": asked.name} if code is Seen.RESPONSES_FROM_CHAT else {})}


def _at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
