"""Pasted text: one pair per line, in whatever way people write pairs down."""

import io
import re
from collections.abc import Iterator

from batch_import_cli.lists.model import Entry, Parsed, Problem
from batch_import_cli.lists.pairs import bare, entry, is_address, pair_of

_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)、])\s+")
_COMMENT = re.compile(r"(?:^|\s)(?:#|//).*$")
_LABEL = re.compile(
    r"""(?:^|(?<=[\s,;|{，；、｜])|(?<=----))["']?
    (?:base[ _-]?url|api[ _-]?base|url|endpoint|api[ _-]?key|key|token|authorization
      |(?:接口)?地址|网址|密钥|秘钥|令牌)["']?\s*[=:：]\s*""",
    re.IGNORECASE | re.VERBOSE,
)
# In the order of how surely each one separates: a key may hold a comma, hardly a tab; blanks come last.
_SEPARATORS = [
    re.compile(pattern)
    for pattern in (
        r"\t+",
        r"\s*-{4,}\s*",
        r"\s+(?:-+|=*>|-+>|–|—|→)\s+",
        r"\s*[|｜]+\s*",
        r"\s*[;；]\s*",
        r"\s*[,，、]\s*",
        r"\s+",
    )
]
_ANY_SEPARATOR = re.compile(r"[\s|｜;；,，、]+|-{4,}")


def parse_text(text: str) -> Parsed:
    lines = enumerate(io.StringIO(text, newline=None), start=1)
    return Parsed(_entry(number, line) for number, line in lines if _COMMENT.sub("", line).strip())


def _entry(number: int, line: str) -> Entry:
    content = _BULLET.sub("", _COMMENT.sub("", line))
    content = bare(_LABEL.sub(" ", content).strip(" \t\r\n{},"))
    # A key may hold what separates elsewhere ("12|abc"): half of it must not be taken for a part of the address,
    # which is shown to everybody. An address that holds a separator is believed only when nothing else fits.
    pairs = sorted(_pairs(content), key=lambda pair: _ANY_SEPARATOR.search(pair[0]) is not None)
    if pairs:
        return entry(number, *pairs[0], key_column=line.find(pairs[0][1]) + 1)
    return _problem(number, line, content)


def _pairs(content: str) -> Iterator[tuple[str, str]]:
    for separator in _SEPARATORS:
        values = [value for part in separator.split(content) if (value := bare(part))]
        if (pair := pair_of(values)) is not None:
            yield pair


def _problem(number: int, line: str, content: str) -> Problem:
    values = [value for part in _ANY_SEPARATOR.split(content) if (value := bare(part))]
    addresses = [value for value in values if is_address(value)]
    last = line.rfind(values[-1]) + 1 if values else 1
    if len(addresses) > 1:
        return Problem(number, "more than one base URL: one pair per line", line.rfind(addresses[-1]) + 1)
    if not addresses:
        return Problem(number, "no base URL (write it with https:// or http://)", len(line) - len(line.lstrip()) + 1)
    if len(values) == 1:
        return Problem(number, "no key beside the base URL", len(line.rstrip()) + 1)
    return Problem(number, f"{len(values)} values where one base URL and one key are expected", last)
