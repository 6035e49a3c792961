"""References to names that the text itself defines (``{{baseUrl}}``, ``$KEY``), replaced by what they stand for."""

import re
from collections import defaultdict
from itertools import chain

from batch_import.intake.cleaning import has_scheme, is_key_like

_DEFINED = re.compile(
    r"^[ \t]*(?:@|(?:export|set|local|const|let|var)[ \t]+|\$(?:env:)?)?\"?([A-Za-z_]\w{1,60})"
    r"[ \t]*=[ \t]*[\"']?([^\s\"'$]{4,2048})[\"']?;?[ \t]*$",
    re.MULTILINE,
)
_VARIABLE = re.compile(  # of Postman
    r"\"key\"\s*:\s*\"([A-Za-z]\w{1,60})\"\s*,\s*\"value\"\s*:\s*\"([^\s\"{}]{4,2048})\""
)
_REFERENCE = re.compile(
    r"\$\{(?:env:)?(\w+)(?::?-([^{}\n]*))?\}|\{\{\s*(\w+)\s*\}\}|\$(?:env:)?(\w+)|%(\w+)%|\{env:(\w+)\}|os\.environ/(\w+)"
)


def resolved(text: str) -> tuple[str, frozenset[int]]:
    """``text`` with every reference replaced that has one meaning, and the numbers of the lines where one stood."""
    if not any(sign in text for sign in ("$", "{{", "%", "{env:", "os.environ/")):
        return text, frozenset()
    values: dict[str, set[str]] = defaultdict(set)
    for found in chain(_DEFINED.finditer(text), _VARIABLE.finditer(text)):
        if has_scheme(found[2]) or is_key_like(found[2]):
            values[found[1]].add(found[2])
    names = {name: next(iter(found)) for name, found in values.items() if len(found) == 1}
    lines: set[int] = set()
    pieces: list[str] = []
    at, line = 0, 1
    for found in _REFERENCE.finditer(text):
        name = next(name for name in found.group(1, 3, 4, 5, 6, 7) if name)
        default = found[2] if found[2] and (has_scheme(found[2]) or is_key_like(found[2])) else None
        if (value := names.get(name, default)) is None or text[found.end() : found.end() + 2].lstrip(" ")[:1] == "=":
            continue
        pieces += [text[at : found.start()], value]
        line += text.count("\n", at, found.start())
        at = found.end()
        lines.add(line)
    return "".join([*pieces, text[at:]]), frozenset(lines)
