# ruff: noqa: E501  (patterns)
"""Where labels stand in a piece of a line, and what they mean."""

import re
from collections.abc import Iterator

from batch_import.intake.cleaning import Kind, is_likely_host, is_prefixed_key, kind_of, looks_like_host
from batch_import.intake.fields import Field, Named, field_of

_LABEL = re.compile(
    r"(?<![\w.\-/$])(?:\*\*|__|[\"'`\[(<])?((?:[^\W\d][\w.\-/]{0,40}+[ \t]{1,3}){0,2}[^\W\d_][\w.\-/]{0,48}+(?:[ \t]\d{1,2}(?=[:=]))?(?:\([^()\s]{1,20}\))?)"
    r"[\"'`*\])>_]*[ \t]*(?:(?::=|=>|::?|=)(?!//)(?!=)|(?<=[\])])[ \t]*(?=\S))[ \t]*",
)
_GLUED = re.compile(
    r"((?:api|API|Api|备用|接口|中转|请求|站点|服务)?\s?(?:地址|网址|密钥|秘钥|密匙|令牌|接口|域名))[\d]?\s*(?:是|为|->|→|-)?\s*(?=https?:|sk-|\"|`|$)"
)
_GLUED_SIGN = re.compile("[址钥匙牌口名]")  # the pattern above is slow
_DETAIL = re.compile(
    r"额度|余额|倍率|价格|时间|日期|分组|并发|限|费|quota|balance|price|date|rpm|tpm|content|accept|version|export|http",
    re.IGNORECASE,
)
_NAMES_KEY = re.compile(r"key|token|secret|bearer|密钥|秘钥|令牌|卡密", re.IGNORECASE)
_TAGGED = re.compile(r"[\w./-]{2,60}:\w[\w.-]{0,40}")  # ``qwen3:8b``
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+|(?<=[a-z])[A-Z][A-Za-z0-9]+)+")


_BRACKETED = (Field.ADDRESS, Field.KEY, Field.MODELS)  # labels that need no sign behind brackets
# Words before a label that make it one of another thing (``max tokens``, ``license key``).
_OF_OTHER = re.compile(
    r"(?:^|\s)(?:max|min|total|used|csrf|xsrf|bot|webhook|client|licen[cs]e|product|ssh|gpg|public|private|encryption|signing"
    r"|session|refresh|device|push|database|db|smtp|github|npm)$",
    re.IGNORECASE,
)


def labels(piece: str) -> Iterator[tuple[int, int, Named, str]]:
    """Where labels begin and end in ``piece``, with their meaning; unknown ones are told too."""
    has_mark = ":" in piece or "=" in piece or "]" in piece or ")" in piece
    if has_mark:
        end = 0
        for found in _LABEL.finditer(piece):
            yield from _label(found, end)
            end = found.end()
        return
    if _GLUED_SIGN.search(piece) is not None:
        for found in _GLUED.finditer(piece):
            if (named := field_of(found[1])) is not None:
                yield found.start(), found.end(), named, found[1]


def is_label_alone(text: str) -> bool:
    """Whether a line of words holds a label without a sign (``密钥``)."""
    return _GLUED_SIGN.search(text) is not None and _GLUED.search(text) is not None


def meaning_of(name: str) -> Named | None:
    """What a label of one word stands for; only the name of a variable has an owner."""
    named = field_of(name)
    return named and _with_owner_of_variable(name, named)


def _with_owner_of_variable(name: str, named: Named) -> Named:
    return named if not named.owner or _VARIABLE.fullmatch(name) else named._replace(owner="")


def _label(found: re.Match[str], end: int) -> Iterator[tuple[int, int, Named, str]]:
    words = found[1].replace("的", "的 ").split()  # ``千问的API Key:``
    sign = found[0].rstrip()[-1:]
    for count in range(len(words)):
        name = " ".join(words[count:])
        if (
            (named := field_of(name)) is not None
            and (count == len(words) - 1 or not named.owner or named.owner.isdigit())
            and (sign in ":=>" or named.field in _BRACKETED or (sign == "]" and found.start() == 0))
        ):
            if _OF_OTHER.search(" ".join(words[:count])):
                yield found.start(), found.end(), Named(Field.OTHER), found[1]
                return
            start = found.start(1) + found[1].rfind(words[count]) if count else found.start()
            yield start, found.end(), _with_owner_of_variable(name, named), name
            return
    model = _TAGGED.match(found.string, found.start(1))
    if model is not None and kind_of(model[0]) is Kind.MODEL:
        return
    is_host = found[0][-1].isspace() and looks_like_host(found[1]) and is_likely_host(found[1])
    if is_host or is_prefixed_key(found[1]):
        return
    is_port = re.match(r"\d{2,5}(?:\D|$)", found.string[found.end() : found.end() + 6])
    if sign in ":=" and len(found[1]) <= 30 and not (is_port and found[0].endswith(f"{found[1]}:")):
        is_last = 0 < end == found.start() and len(words) > 1  # the words before are the value of the label above
        start, name = (found.start(1) + found[1].rfind(words[-1]), words[-1]) if is_last else (found.start(), found[1])
        yield start, found.end(), Named(Field.OTHER), name


def names_key(text: str) -> bool:
    return _NAMES_KEY.search(text) is not None


def is_detail(name: str) -> bool:
    return _DETAIL.search(name) is not None
