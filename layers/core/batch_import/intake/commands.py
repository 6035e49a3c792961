# ruff: noqa: E501  (patterns)
"""Commands of a shell: lines that belong together, and a request's address, key and model."""

import re
from collections.abc import Iterator, Sequence

_BODY = re.compile(r"(?:\s|^)(?:-d|--data(?:-raw|-binary)?|--json)\s+.*$")
_OPTIONS = re.compile(
    r"\s-(?:H|X|s|S|L|N|k|i|v|XPOST|XGET)\b|\s--(?:header|request|location|silent|url|compressed|no-buffer)\b"
    r"|\bcurl(?:\.exe)?\s|\bPOST\b|\bGET\b|(?i:content-type|accept|anthropic-version|user-agent)\s*:\s*[^\"']*"
)
# Of a shell: ``me@laptop:~/bot$``, ``PS C:\\>``, ``C:\\>``, ``$``.
PROMPT = re.compile(
    r"^\s*(?:(?:PS )?[A-Z]:\\[^>]{0,200}>|[\w.-]{1,40}@[\w.-]{1,60}[: ][^$#\s]{0,200}[$#]|\$)\s+(?=\S)|^: \d{9,12}:\d{1,6};"
)
_SED = re.compile(
    r"\bsed\s+(?:-\S{1,20}\s+){0,4}[\"']?s([#|,@!])[^#|,@!]{1,200}\1([^#|,@!]{1,600})\1[gI]*"
)  # what it writes
_CURL = re.compile(r"(?:^|[\s$>`])curl(?:\.exe)?\s")


def joined_lines(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines with those that end in a continuation (``\\`` of a shell, ``^`` of cmd) put together when a command begins there."""
    held: list[str] = []
    start = 0
    for number, text in lines:
        stripped = text.rstrip()
        if held or ("curl" in text and _CURL.search(text)):
            start = start if held else number
            held.append(re.sub(r"[\\^`]$", "", stripped))
            if stripped.endswith(("\\", "^", "`")) or _is_open(held):
                continue
            yield start, " ".join(held)
            held = []
            continue
        yield number, text
    if held:
        yield start, " ".join(held)


def _is_open(held: list[str]) -> bool:
    """Whether the body of a command, in single quotes, goes on in the next line."""
    return len(held) < 200 and sum(part.count("'") for part in held) % 2 == 1


def _model_of_body(found: re.Match[str]) -> str:
    """Of a request's body only the model counts: other addresses and words in it are no part of the list."""
    body = found[0]
    model = re.search(r"[\"']model[\"'\\]*\s*:\s*[\\\"']+([^\"'\\]{1,200})", body)
    header = "".join(re.findall(r"-H\s+[\"'][^\"']{1,600}[\"']", body))
    url = re.search(r"[\"']\s+(?:--url\s+)?[\"']?(https?://[^\s\"']+)[\"']?\s*$", body)
    return f" {header} {url[1] if url else ''}" + (f" model: {model[1]}" if model else "")


def plain_command(content: str) -> str:
    """``content`` with only the address, the key and the model of a curl command; any other text as it is."""
    if "sed " in content:
        content = _SED.sub(r" \2 ", content)
    if "curl" not in content or _CURL.search(content) is None:
        return content
    content = _BODY.sub(_model_of_body, content, count=1)
    return _OPTIONS.sub(" ", content)
