"""References to names that the text itself defines (``{{baseUrl}}``, ``$KEY``), replaced by what they stand for."""

import re
from collections import defaultdict

from batch_import.intake.cleaning import has_scheme, is_key_like

_DEFINED = re.compile(
    r"^[ \t]*(?:@|(?:export|set|local|const|let|var)[ \t]+|\$(?:env:)?)?\"?([A-Za-z_]\w{1,60})"
    r"[ \t]*=[ \t]*[\"']?([^\s\"'$]{4,2048})[\"']?;?[ \t]*$",
    re.MULTILINE,
)
_REFERENCE = re.compile(r"\$\{(?:env:)?(\w+)(?::?-([^{}\n]*))?\}|\{\{\s*(\w+)\s*\}\}|\$(?:env:)?(\w+)|%(\w+)%")


def resolved(text: str) -> tuple[str, frozenset[int]]:
    """``text`` with every reference replaced that has one meaning, and the numbers of the lines where one stood."""
    if "$" not in text and "{{" not in text and "%" not in text:
        return text, frozenset()
    values: dict[str, set[str]] = defaultdict(set)
    for found in _DEFINED.finditer(text):
        if has_scheme(found[2]) or is_key_like(found[2]):
            values[found[1]].add(found[2])
    names = {name: next(iter(found)) for name, found in values.items() if len(found) == 1}
    lines: set[int] = set()
    pieces: list[str] = []
    at, line = 0, 1
    for found in _REFERENCE.finditer(text):
        name = found[1] or found[3] or found[4] or found[5]
        default = found[2] if found[2] and (has_scheme(found[2]) or is_key_like(found[2])) else None
        if (value := names.get(name, default)) is None or text[found.end() : found.end() + 2].lstrip(" ")[:1] == "=":
            continue
        pieces += [text[at : found.start()], value]
        line += text.count("\n", at, found.start())
        at = found.end()
        lines.add(line)
    return "".join([*pieces, text[at:]]), frozenset(lines)
