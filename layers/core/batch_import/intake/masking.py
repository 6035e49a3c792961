"""Excerpts without keys."""

import re
from collections.abc import Iterable

from batch_import.intake.cleaning import is_key_of_letters

_PREFIXED = re.compile(
    r"(?:(?<![A-Za-z0-9])(?:sk|pk|rk|ak|cr|ck|fk|gsk|xai|pplx|nvapi|hf|sess|admin|key|tp|csk|tvly|ghp|r8)[-_]|AIza|eyJ)"
    r"[^\s\"'`<>,;|()\[\]{}]*",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(\bBearer\s+)\S+", re.IGNORECASE)
_AFTER_LABEL = re.compile(
    r"((?:key|token|secret|password|authorization|密钥|秘钥|密匙|令牌|密码)[\"'`*]*\s*[:=：]\s*)\S+", re.IGNORECASE
)
_CREDENTIALS = re.compile(r"(://)[^\s/@]{1,300}@")
_PATH_WORDS = (
    "v[0-9]{1,2}(?:beta)?|api|ai|openai|anthropic|claude|codex|gemini|llm|proxy|relay|gateway|paas|coding|compatible-mode"
    "|chat|completions|responses|messages|models"
)
# The whole of an address in which no part can be one of a key.
_API_ADDRESS = (
    r"://(?:[a-z.-]{1,100}|(?:[0-9]{1,3}\.){3}[0-9]{1,3})(?::[0-9]{1,5})?"
    rf"(?:/(?:{_PATH_WORDS})){{0,8}}/?(?![^\s\"'`<>,;|()\[\]{{}}])"
)
_RUN = re.compile(rf"(?P<address>{_API_ADDRESS})|[A-Za-z0-9+/_=\-~]{{12,}}")
_LETTERS = re.compile(r"[A-Za-z]{16,}")
_CORE = re.compile(r"[A-Za-z0-9]{4,}")
_HIDDEN = "***"


def mask_key(key: str) -> str:
    """At most a third of ``key``, from both ends (``sk-a…9f3``); only ``…`` for one of less than twelve characters."""
    shown = min(len(key) // 3, 7)
    if len(key) < 12:
        return "…"
    tail = min(3, shown // 2)
    return f"{key[: shown - tail]}…{key[-tail:]}"


def cores(keys: Iterable[str]) -> frozenset[str]:
    """The longest alphanumeric run of each key: hiding these runs hides the keys, in linear time."""
    return frozenset(max(runs, key=len) for key in keys if (runs := _CORE.findall(key)))


def masked(text: str, hidden: frozenset[str] = frozenset()) -> str:
    """``text`` without anything that looks like a key, nor any run of ``hidden`` (from ``cores``)."""
    if "@" in text:
        text = _CREDENTIALS.sub(r"\1***@", text)
    if "earer" in text or "EARER" in text:
        text = _BEARER.sub(r"\1***", text)
    if ":" in text or "=" in text or "：" in text:
        text = _AFTER_LABEL.sub(r"\1***", text)
    if "-" in text or "_" in text or "AIza" in text or "eyJ" in text:
        text = _PREFIXED.sub(_HIDDEN, text)
    text = _RUN.sub(_opaque, text)
    return without(text, hidden)


def without(text: str, hidden: frozenset[str]) -> str:
    """``text`` with the runs of ``hidden`` replaced, and nothing else."""
    if not hidden or hidden.isdisjoint(_CORE.findall(text)):
        return text
    return _CORE.sub(lambda found: _HIDDEN if found[0] in hidden else found[0], text)


def _opaque(found: re.Match[str]) -> str:
    run = found[0]
    if found["address"]:
        return run
    if any(map(is_key_of_letters, _LETTERS.findall(run))):
        return _HIDDEN
    digits = sum(char.isdigit() for char in run)
    return _HIDDEN if digits and (digits >= 4 or len(run) >= 24) and digits < len(run) else run
