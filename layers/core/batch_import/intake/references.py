"""References to names that the text itself defines (``{{baseUrl}}``, ``$KEY``), replaced by what they stand for."""

import re
from collections import defaultdict
from itertools import chain

from batch_import.intake.cleaning import has_scheme, is_key_like

_DEFINED = re.compile(
    r"^[ \t]*(?:@|(?:export|set|local|const|let|var|ARG|ENV)[ \t]+|\$(?:env:)?)?\"?([A-Za-z_]\w{1,60})"
    r"[ \t]*=[ \t]*[\"']?([^\s\"'$]{4,2048})[\"']?;?[ \t]*$",
    re.MULTILINE,
)
_SET = re.compile(  # of other shells
    r"^[ \t]*(?:setx|set[ \t]+-\w{1,3}|(?:launchctl[ \t]+)?setenv)[ \t]+([A-Za-z_]\w{1,60})"
    r"[ \t]+[\"']?([^\s\"'$]{4,2048})[\"']?[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_VARIABLE = re.compile(  # of Postman
    r"\"key\"\s*:\s*\"([A-Za-z]\w{1,60})\"\s*,\s*\"value\"\s*:\s*\"([^\s\"{}]{4,2048})\""
)
_IN_JSON = re.compile(r"\"([A-Za-z_]\w{1,60})\"\s*:\s*\"([^\s\"$]{4,2048})\"")
# The name of the variable that holds a key, in place of the key (``env_key = "RELAY_KEY"``).
_BY_NAME = re.compile(
    r"([\"']?)(?<!\w)(?i:env_?key|(?:(?:api_?)?key|(?:auth_?|bearer_?)?token)_?(?:env(?:_?(?:var|name|key))?|location))\1"
    r"(\s*[:=]\s*[\"']?)(?:env::?)?([A-Z][A-Z0-9_]{1,60})\b"
)
_REFERENCE = re.compile(
    r"\$\{(?:env:)?(\w+)(?::?-([^{}\n]*))?\}|\{\{\s*(?:_\.)?(\w+)\s*\}\}|\$(?:env:)?(\w+)|%(\w+)%|\{env:(\w+)\}|os\.environ/(\w+)"
)


def resolved(text: str) -> tuple[str, frozenset[int]]:
    """``text`` with every reference replaced that has one meaning, and the numbers of the lines where one stood."""
    if not any(sign in text for sign in ("$", "{{", "%", "env", "Env", "ENV")):
        return text, frozenset()
    values: dict[str, set[str]] = defaultdict(set)
    for found in chain.from_iterable(form.finditer(text) for form in (_DEFINED, _SET, _VARIABLE, _IN_JSON)):
        if has_scheme(found[2]) or is_key_like(found[2]):
            values[found[1]].add(found[2])
    names = {name: next(iter(found)) for name, found in values.items() if len(found) == 1}
    text = _BY_NAME.sub(
        lambda found: f"{found[1]}api_key{found[1]}{found[2]}${{{found[3]}}}" if found[3] in names else found[0], text
    )
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
