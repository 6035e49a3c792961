"""Program text read as nested values: the literals, calls and assignments of any language with brackets and strings.

JavaScript, Python, Go, Java, C#, Swift, Rust, Ruby, PHP, Lua, Nix, HCL and Lisp write a name, a sign and a string;
what else stands there is passed over.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from batch_import.intake import cleaning
from batch_import.intake.fields import Field, field_of, is_service_alone
from batch_import.intake.limited import DEEPEST
from batch_import.intake.roots import has_api_form

_QUOTED = re.compile(r"[\"'](?:Bearer )?(?:https?://|sk-)", re.IGNORECASE)
_TOKEN = re.compile(
    r"""(?P<bare>[`:]?(?:https?://|sk-[\w-]{6})|(?:(?<=\n)|\A)[ \t]*[-*•>][ \t]+(?=\S))
    |(?P<comment>//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|(?:(?<=\s)|\A|(?<=\n))\#[^\n]*|(?<![^\s])(?:--\s|;;)[^\n]*)
    |\"\"\"(?P<long>(?:[^"]|"(?!""))*+)\"\"\"
    |[$@]?"(?P<double>(?:[^"\\\n]|\\.)*+)"|'(?P<single>(?:[^'\\\n]|\\.)*+)'|`(?P<back>[^`]*+)`
    |(?P<name>(?:(?<![\w\"']):|(?<!\S)--?(?=[A-Za-z])|[@$]|(?<!\w)[bgsw]:(?=\w+[ ]?=))?[^\W\d][\w-]*
        (?:(?:\?\.|\.|->|::)[^\W\d][\w-]*|\.\d[\w-]*)*[?!]?)
    |(?P<number>\d[\w.]*)
    |(?P<open>[({\[])|(?P<close>[)}\]])
    |(?P<sign>=>|:=|(?<![=!<>])=(?![=~])|:)
    |(?P<plus>\+|\.\.)
    |(?P<end>[,;])|(?P<line>\n)""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r"}
_HEADER = re.compile(r"([A-Za-z-]{3,30})\s*:\s+(\S.{0,600})")
_REFERENCE = re.compile(r"\$?\{(\w+)\}|\$(\w+)")
_VERB = re.compile(r"^(?:with|set|use|add)_?(?=[A-Za-z])", re.IGNORECASE)
_USED = (Field.ADDRESS, Field.KEY, Field.MODELS)
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


class _Name(str):
    """A word that is no string: a reference or a keyword."""


class _Frame:
    """What stands between two brackets: values with and without names."""

    def __init__(self, sign: str = "", name: str = "", callee: str = "") -> None:
        self.sign, self.name, self.callee = sign, name, callee
        self.members: list[tuple[str, Any]] = []
        self.constants: set[str] = set()  # members that are names, not strings
        self.pending = ""
        self.sign_before = ""  # the sign between the pending name and its value
        self.before = ""  # the word before the last one (``Model ID:``)
        self.last: Any = None
        self.glued = False  # the next value belongs to the last one (``"Bearer " + key``)

    def add(self, name: str, value: Any) -> None:
        self.members.append((name, value))


def program_of(text: str) -> Any:
    """The values of a program text as nested objects; None for a text with an address or key outside of strings."""
    if _QUOTED.search(text) is None:
        return None
    return _Reader(text).read()


def strings_of(text: str) -> Iterator[str]:
    """The strings of a program text that are addresses or keys for certain."""
    for found in _TOKEN.finditer(text):
        value = _string(found)
        if value is not None and (value[:4] == "http" or cleaning.is_prefixed_key(value)):
            yield value


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._frames = [_Frame()]
        self._defined: dict[str, tuple[_Frame, int]] = {}

    def read(self) -> Any:
        for found in _TOKEN.finditer(self._text):
            kind = found.lastgroup
            if kind == "bare":
                return None
            frame = self._frames[-1]
            if kind == "open":
                if len(self._frames) > DEEPEST:
                    return None
                self._open(frame, found)
            elif kind == "close":
                self._close()
            elif kind == "sign":
                if isinstance(frame.last, _Name) and not frame.last.isascii():  # a label
                    return None
                if isinstance(frame.last, dict | list):
                    self._flush(frame)
                _name_pending(frame, found[0])
            elif kind == "plus":
                frame.glued = frame.last is not None
            elif kind == "end" or (kind == "line" and frame.last is not None and not frame.glued):
                self._flush(frame)
            elif kind == "line":
                frame.sign_before = ""  # a type stands in the line of its name
            elif kind in ("name", "number"):
                self._value(frame, _Name(found[0]))
            elif (value := _string(found)) is not None:
                is_option = frame.sign == "[" and value.startswith("--")  # of a command as a list
                self._value(frame, _Name(value) if is_option else self._filled(value))
        while len(self._frames) > 1:
            self._close()
        self._flush(self._frames[0])
        return _built(self._frames[0], root=True)

    def _value(self, frame: _Frame, value: Any) -> None:
        last = frame.last
        if frame.glued:
            frame.glued = False
            left, right = self._resolved(last), self._resolved(value)
            frame.last = left + right if _is_text(left) and _is_text(right) else left if _is_text(left) else right
            return
        if isinstance(last, _Name) and last[:1] in (":", "-"):  # a keyword of Lisp, an option of a command
            frame.pending = last.lstrip(":-")
        elif last is not None and (not isinstance(last, _Name) or _is_model(last)):
            self._flush(frame)
        elif last is not None:
            frame.before = last
        frame.last = value

    def _open(self, frame: _Frame, found: re.Match[str]) -> None:
        name, callee = frame.pending, ""
        if isinstance(frame.last, _Name):
            is_call = found.start() and not self._text[found.start() - 1].isspace()
            callee = _bare(frame.last) if is_call else ""
            name = name or ("" if callee else _bare(frame.last))
        elif isinstance(frame.last, str) and found[0] == "{":  # ``provider "relay" {``
            name = name or frame.last
        elif frame.last is not None:
            self._flush(frame)
        frame.last, frame.glued = None, False
        self._frames.append(_Frame(found[0], name, callee))

    def _close(self) -> None:
        """Ends a frame: its value stands under the name before it, under what is called, or for itself."""
        if len(self._frames) == 1:
            return
        frame = self._frames.pop()
        self._flush(frame)
        above = self._frames[-1]
        value = _built(frame)
        above.pending = frame.name
        if frame.sign == "[" and frame.callee and _is_text(value):  # ``environ["NAME"]``
            above.last = _Name(value)
        elif frame.sign == "(" and not frame.name and (pair := _setter(frame)) is not None:
            above.add(*pair)
        elif value == [] and frame.sign != "[":  # ``builder()``; ``[]string{…}`` of Go keeps its name
            above.pending = ""
        elif value != []:
            if frame.callee and isinstance(value, str) and field_of(frame.name) is None and frame.name != "api":
                above.pending = frame.callee if _is_field(frame.callee) else _name_by_value(value)
            elif frame.callee and (not frame.name or is_service_alone(frame.callee)) and not isinstance(value, str):
                above.pending = frame.callee
            above.last = value

    def _flush(self, frame: _Frame) -> None:
        name, value = frame.pending, frame.last
        frame.pending, frame.before, frame.last, frame.glued = "", "", None, False
        if value is None:
            return
        if isinstance(value, _Name) and frame.sign == "[" and value.startswith("--"):
            frame.pending = value.lstrip("-")  # the next string is its value
            return
        if isinstance(value, _Name):
            resolved = self._resolved(value, take=_is_field(name)) if name else value
            if isinstance(resolved, _Name) and not (
                _is_environment(resolved) or _is_model(resolved) or _is_switch(name, resolved)
            ):
                return
            value = str(resolved)
            frame.constants.add(value)
        if isinstance(value, str) and (header := _HEADER.fullmatch(value)) and _is_field(header[1]):
            name, value = header.groups()
        frame.add(name, value)
        if name and isinstance(value, str) and len(self._frames) == 1:
            self._defined[name] = frame, len(frame.members) - 1

    def _resolved(self, value: Any, take: bool = True) -> Any:
        """The string that a name stands for, taken from where it was defined."""
        if not isinstance(value, _Name) or (place := self._defined.get(_bare(value))) is None:
            return value
        frame, at = place
        _, text = frame.members[at]
        if take:
            frame.members[at] = ("", text)
        return text

    def _filled(self, text: str) -> str:
        """A string with the names in it (``${BASE_URL}/models``) replaced by what they stand for."""
        if "{" not in text and "$" not in text:
            return text
        return _REFERENCE.sub(lambda found: str(self._text_of(found)), text)

    def _text_of(self, found: re.Match[str]) -> str:
        name = _Name(found[1] or found[2])
        value = self._resolved(name)
        return found[0] if value is name else value


def _string(found: re.Match[str]) -> str | None:
    if found.lastgroup not in ("long", "double", "single", "back"):
        return None
    text = found[found.lastgroup]
    return _ESCAPE.sub(lambda sign: _CONTROL.get(sign[1], sign[1]), text) if "\\" in text else text


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, _Name)


def _bare(name: str) -> str:
    """The last part of ``config.models.base_url``, without the verb of a setter."""
    return _VERB.sub("", re.split(r"\?\.|\.|->|::", name)[-1].rpartition(":")[2].strip("@$?!-"))


def _name_pending(frame: _Frame, sign: str) -> None:
    """Makes the value before a sign the name of what follows; a type between name and value is passed over."""
    is_type = sign == "=" and frame.sign_before == ":" and frame.pending and not _is_text(frame.last)
    if isinstance(frame.last, str) and not is_type:
        name = _bare(frame.last) if isinstance(frame.last, _Name) else frame.last
        both = f"{frame.before} {name}"
        named = field_of(both) if frame.before else None
        frame.pending = both if named is not None and named.field in _USED and not named.owner else name
    frame.last, frame.before, frame.sign_before = None, "", sign


def _built(frame: _Frame, root: bool = False) -> Any:
    """The object or list that a frame is; a string for a call with a single one."""
    named = [(name, value) for name, value in frame.members if name]
    others = [value for name, value in frame.members if not name]
    if not root and not named:
        if frame.sign == "(" and len(others) == 1:
            return others[0]
        if frame.sign == "(" and (pair := _setter(frame)) is not None:
            return pair[1]
        if frame.sign != "(" or not any(
            _name_by_value(value) in ("base_url", "url", "key") for value in others if isinstance(value, str)
        ):
            return others
    if frame.sign == "(" and (pair := _default(named, others)) is not None:
        return {pair[0]: pair[1]}
    if not root:
        named = [*_named_by_value(others), *named]
    groups = _groups(named)
    if nested := [value for value in others if isinstance(value, dict | list)]:
        groups[-1]["args"] = nested
    return groups[0] if len(groups) == 1 else groups


def _default(named: list[tuple[str, Any]], others: list[Any]) -> tuple[str, Any] | None:
    """``add_argument("--api-key", default="sk-…")``: the name and the value."""
    values = [value for name, value in named if name in ("default", "value") and isinstance(value, str)]
    is_one = len(values) == 1 and bool(others) and _is_text(others[0]) and _is_field(others[0].lstrip("-"))
    return (others[0].lstrip("-"), values[0]) if is_one else None


def _setter(frame: _Frame) -> tuple[str, Any] | None:
    """``setenv("NAME", "value")``, ``field("String", "NAME", "value")``: the name and the value."""
    values = [value for _, value in frame.members]
    if any(name for name, _ in frame.members) or not all(map(_is_text, values[:2])):
        return None
    if len(values) == 2 and _CONSTANT.fullmatch(values[0]) is not None and values[0] not in frame.constants:
        return values[0], values[1]  # ``define("JWT_SECRET", "value")``
    for at, text in enumerate(values[:2] if len(values) > 2 else values[:1]):
        name = text.rpartition(".")[2]
        if _is_field(name) and at + 1 < len(values):
            value = values[at + 1]
            return name, value.strip("\"'") if _is_text(value) else value
    return None


def _named_by_value(values: list[Any]) -> Iterator[tuple[str, Any]]:
    """Arguments without a name that tell by themselves what they are; the first other one is a name."""
    texts = [value for value in values if isinstance(value, str)]
    for value in texts:
        if name := _name_by_value(value):
            yield name, value
    if texts and not _name_by_value(texts[0]) and len(texts[0]) < 40:
        yield "name", texts[0]


def _name_by_value(value: str) -> str:
    if cleaning.has_scheme(value):
        return "base_url" if has_api_form(value) else "url"
    if cleaning.is_key_like(value.removeprefix("Bearer ")):
        return "key"
    return "model" if _is_model(value) else ""


def _is_model(word: str) -> bool:
    is_plain = _is_text(word) or re.search(r"\d", word) is not None
    return is_plain and cleaning.kind_of(word) is cleaning.Kind.MODEL


def _is_environment(name: str) -> bool:
    """Whether a word is a variable of the environment; ``$key`` of PHP is none."""
    return re.search(r"[A-Z]{3}|env", name) is not None and cleaning.is_environment(name)


def _is_switch(name: str, value: str) -> bool:
    """Whether ``value`` says that an entry is on or off (``enabled = false``)."""
    named = field_of(name)
    return named is not None and named.field in (Field.ENABLED, Field.DISABLED) and value.lower() in ("true", "false")


def _is_field(name: str) -> bool:
    return name == "api" or ((named := field_of(name)) is not None and named.field in _USED)


def _groups(members: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """The members as objects: where address and key come again and again, each pair is one."""
    counted = Counter(name for name, value in members if isinstance(value, str) and _is_field(name))
    as_often = Counter(counted.values())
    groups: list[dict[str, Any]] = [{}]
    said: set[Field] = set()  # of the objects in the last group
    for name, value in members:
        group = groups[-1]
        if isinstance(value, dict | list):
            found = _fields_in(value)
            if name in group and found & said:
                groups.append({name: value})
                said = set()
            else:
                group[name if name not in group else f"{name} {len(group)}"] = value
            said |= found
        elif name not in group:
            group[name] = value
        elif as_often[counted[name]] > 1:
            groups.append({name: value})
            said = set()
    return groups


def _fields_in(value: Any) -> set[Field]:
    """Whether there is an address or a key in an object or list."""
    if isinstance(value, list):
        return set().union(*map(_fields_in, value))
    if not isinstance(value, dict):
        return set()
    own = {named.field for name, one in value.items() if isinstance(one, str) and (named := field_of(name))}
    return own.intersection(_USED[:2]).union(*map(_fields_in, value.values()))
