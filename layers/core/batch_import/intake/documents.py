"""JSON, JSON lines, YAML and TOML, whole or within a text."""

import json
import re
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from batch_import.intake.cleaning import plain
from batch_import.intake.limited import DEEPEST, ini_of, toml_of, yaml_of
from batch_import.intake.objects import drafts_of_object
from batch_import.intake.pairing import joined_halves
from batch_import.intake.program_texts import program_of, strings_of
from batch_import.intake.rows import Draft
from batch_import.intake.sql_texts import is_sql, tables_of
from batch_import.intake.values import CUT

_STRING = re.compile(r"\"((?:[^\"\\]|\\.){1,4096})\"|[^\s\"',;\[\]{}]{1,2048}")
_LOOSE = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*\"|(?<![:\w])//[^\n]*|^[ \t]*#[^\n]*|,(?=[ \t\r\n]{0,1000}[}\]])", re.MULTILINE
)
_YAML_SIGN = re.compile(r"^[ \t]*(?:-[ \t]+)?[\w\"'.-]{1,60}:[ \t]*(?:#.*|&\w+[ \t]*)?$", re.MULTILINE)
_YAML_LIST = re.compile(r"^[ \t]*-[ \t]+[\w\"'.-]{1,60}:[ \t]+\S", re.MULTILINE)
_TOML_SIGN = re.compile(r"^[ \t]*\[{1,2}[\w.\"'-]{1,100}\]{1,2}[ \t]*(?:#.*)?$", re.MULTILINE)
_TOML_LINE = re.compile(
    r"\s*(?:\[{1,2}[\w.\"' -]{1,100}\]{1,2}\s*(?:#.*)?|[\w.\"'-]{1,80}\s*=\s*[\"'\[{\w+-].*|[\]}\"'#].*)?"
)
_LEADING = re.compile(r"\A(?:\s*//.*\n)+")  # comments above a document
_INTRODUCTION = re.compile(r"(?:(?=.*[^\x00-\x7f])[^\"'`=(){}\n]*\n)+")  # lines of words above a program
_START = re.compile(r"^[ \t]*(?:(?P<part>\"[\w.-]{1,60}\":[ \t]*)|[\w \t]{0,60}[=:][ \t]*)?(?=[{\[])", re.MULTILINE)
_BRACKET = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"?|[{}\[\]]")
_DANGLING = re.compile(r"[\s,]*(?:\"(?:[^\"\\]|\\.)*\"\s*:\s*)?[\w.+-]*$")
_NAME_ALONE = re.compile(r"(?:(?<=\{)|,)\s*\"(?:[^\"\\]|\\.)*\"$")
_FENCE = re.compile(r"^[ \t]*```[ \t]*(?P<name>\w*)[^`\n]*\n(?P<content>(?:(?![ \t]*```).*\n)+)", re.MULTILINE)
_MOST_LEFT = 50  # strings of a program that are compared with all others
_MOST_FENCES = 200  # that are read though few of them hold anything
_MOST_SCANNED = 1_000_000  # characters, in search of the place where a document breaks off
_PAIR = {"{": "}", "[": "]"}


class Document(NamedTuple):
    """Drafts of what could be read, and the part of the text (first and last line) that is used up by it."""

    drafts: list[Draft]
    form: str
    first: int
    last: int


class Places:
    """Finds the line in which a value stands, each occurrence once, in linear time."""

    def __init__(self, text: str, first: int = 1) -> None:
        self._text, self._first = text, first
        self._places: dict[str, deque[int]] | None = None
        self._last = first

    def of(self, value: str) -> int:
        if self._places is None:
            self._places = self._all()
        found = self._places.get(value) or self._places.get(value.split()[0] if value.split() else "")
        if found:
            self._last = found.popleft() if len(found) > 1 else found[0]
        return self._last

    def _all(self) -> dict[str, deque[int]]:
        places: dict[str, deque[int]] = defaultdict(deque)
        breaks = [found.start() for found in re.finditer("\n", self._text)]
        for found in _STRING.finditer(self._text):
            value = found[1] if found[1] is not None else found[0]
            value = value.replace("\\/", "/").split("\\n")[0] if "\\" in value else value
            places[value].append(self._first + bisect_right(breaks, found.start()))
        return places


def whole_document(text: str, form: str) -> Document | None:
    """``text`` read as one document of ``form`` (``auto``: whichever fits); None if it is none with anything in it."""
    last = text.count("\n") + 1
    for name, parsed in _readings(text, form):
        drafts = sorted(drafts_of_object(parsed, lines=Places(text)), key=lambda draft: draft.line)
        unsure = form == "auto" and name == "yaml" and _may_be_lines(parsed) and not any(one.complete for one in drafts)
        drafts = joined_halves(drafts) if name == "yaml" and "\n---" in text else drafts
        is_other = not drafts and ((name == form == "json") or _is_nested(parsed))
        if (drafts and not unsure) or is_other:
            return Document(drafts, name, 1, last)
    return None


def texts_within(text: str) -> list[tuple[int, str]]:
    """The texts of several lines in the strings of a JSON document, with the line of each.

    For JSON that holds no relay in its own fields: a message of a chat, a page, a cell of a notebook.
    """
    if text.lstrip()[:1] not in ("{", "["):
        return []
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return []
    places = Places(text)
    found = [one for one in _texts(document, 0) if "\n" in one.strip()]
    return [(places.of(json.dumps(one, ensure_ascii=False)[1:-1]), one) for one in found]


def _texts(node: Any, depth: int) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list) and len(node) > 1 and all(isinstance(one, str) for one in node):
        lines = all(one.endswith("\n") for one in node[:-1])  # of a notebook
        yield from ["".join(node)] if lines else node
    elif isinstance(node, dict | list) and depth < DEEPEST:
        for one in node.values() if isinstance(node, dict) else node:
            yield from _texts(one, depth + 1)


def _may_be_lines(parsed: Any) -> bool:
    """Whether YAML may be a list of labelled lines: then the reader of lines knows better what belongs together."""
    if isinstance(parsed, dict):
        return not any(isinstance(value, dict) for value in parsed.values())
    return any(isinstance(one, dict) and len(one) < 2 for one in parsed)


def _is_nested(parsed: Any) -> bool:
    """Whether a document has lists of entries with several names each: no list of lines looks so."""
    lists = (value for value in (parsed.values() if isinstance(parsed, dict) else [parsed]) if isinstance(value, list))
    return any(all(isinstance(one, dict) and len(one) > 1 for one in found) for found in lists if found)


def embedded_documents(text: str, used: Collection[int]) -> list[Document]:
    """JSON objects and lists among other lines, one a line or one after the other, outside the lines ``used``."""
    found: list[Document] = []
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    at = 0
    line, counted = 1, 0
    failures = 0
    while failures < 50 and (start := _START.search(text, at)) is not None:
        begin = start.end()
        line, counted = line + text.count("\n", counted, begin), begin
        if line in used or (failures and start["part"]):  # a part of what cannot be read is not told apart
            at = _next_line(text, begin)
            continue
        try:
            parsed, end = decoder.raw_decode(text, begin)
        except (ValueError, RecursionError):
            is_cheap = failures * (len(text) - begin) < _MOST_SCANNED
            parsed, end = _broken_off(decoder, text, begin) if is_cheap else None, len(text)
        if parsed is None:
            failures += text[begin : begin + 1] == "{"
            at = _next_line(text, begin)
            continue
        last = line + text.count("\n", begin, end)
        drafts = drafts_of_object(parsed, line, lines=Places(text[begin:end], line) if last > line else None)
        if drafts:
            found.append(Document(drafts, "jsonl", line, last))
            at = end
        else:
            at = _next_line(text, begin)
    return found


def fenced_documents(text: str) -> list[Document]:
    """Documents in the fences of a Markdown text."""
    found: list[Document] = []
    for tried, fence in enumerate(_FENCE.finditer(text)):
        if tried > _MOST_FENCES and len(found) < tried // 10:
            break
        content = fence["content"]
        first = text.count("\n", 0, fence.start("content")) + 1
        sure = fence["name"].lower() in ("yaml", "yml", "toml") or content.lstrip()[:1] == "{"
        if (document := _document(content, first, sure)) is not None:
            found.append(document)
    return found


def _document(content: str, first: int, sure: bool) -> Document | None:
    for name, parsed in _readings(content, "auto"):
        drafts = drafts_of_object(parsed, lines=Places(content, first))
        if drafts and (sure or any(draft.complete for draft in drafts)):
            return Document(drafts, name, first, first + content.count("\n"))
    return program_document(content, first)


def program_document(text: str, first: int = 1) -> Document | None:
    """``text`` read as a program, if that uses all of its keys, and all addresses or at least a pair of them."""
    introduction = _INTRODUCTION.match(text)
    if introduction is not None:
        text, first = text[introduction.end() :], first + introduction[0].count("\n")
    if (parsed := program_of(text)) is None:
        return None
    set_aside: set[str] = set()
    drafts = drafts_of_object(parsed, lines=Places(text, first), is_program=True, set_aside=set_aside)
    used = {value for draft in drafts for value in (*draft.addresses, *draft.keys)}
    left = [value for value in strings_of(text) if value not in used and value not in set_aside]
    if not used or len(left) > _MOST_LEFT:
        return None
    if any(len(draft.addresses) > 1 for draft in drafts) and any(not draft.addresses for draft in drafts):
        return None  # an address too many here, none there: the parts were not told apart
    left = [value for value in left if not any(value in one for one in used)]
    if any(value[:4] != "http" for value in left) or (left and not any(draft.complete for draft in drafts)):
        return None
    return Document(drafts, "text", first, first + text.count("\n"))


def toml_among(lines: Sequence[tuple[int, str]]) -> list[Document]:
    """The TOML documents among ``lines`` (number, text): lines that look so, with a table among them."""
    found: list[Document] = []
    run: list[tuple[int, str]] = []
    for number, line in (*lines, (0, "end of the lines")):
        if _TOML_LINE.fullmatch(line):
            run.append((number, line))
            continue
        text = "".join(line + "\n" * (after - at) for (at, line), (after, _) in pairwise([*run, (0, "")]))
        if _TOML_SIGN.search(text) is not None and (parsed := toml_of(text)) is not None:
            drafts = drafts_of_object(parsed, lines=Places(text, run[0][0]))
            found += [Document(drafts, "toml", run[0][0], run[-1][0])] if drafts else []
        run = []
    return found


def _broken_off(decoder: json.JSONDecoder, text: str, begin: int) -> Any:
    """The document that begins at ``begin`` and breaks off at the end of ``text``; None if there is none."""
    completed = _completed(text[begin:].rstrip("`~ \n"))
    try:
        return decoder.decode(completed) if completed is not None else None
    except (ValueError, RecursionError):
        return None


def _completed(text: str) -> str | None:
    """A JSON text that breaks off, without its last, broken value and with every bracket closed; None for another text.

    Each object that was open gets the name ``CUT``, so that its entry says that it is incomplete.
    """
    if (found := _open_brackets(text)) is None:
        return None
    open_brackets, end = found
    kept = _DANGLING.sub("", text[:end])
    if open_brackets[-1] == "{":
        kept = _NAME_ALONE.sub("", kept)
    closing: list[str] = []
    for bracket in reversed(open_brackets):
        comma = "" if kept[-1:] in "{[" and not closing else ","
        closing.append(f'{comma}"{CUT}": true}}' if bracket == "{" else "]")
    return kept + "".join(closing)


def _open_brackets(text: str) -> tuple[list[str], int] | None:
    """The brackets that are open at the end of ``text``, and where its unclosed string begins; None if none is open."""
    stack: list[str] = []
    end = len(text)
    for found in _BRACKET.finditer(text):
        sign = found[0]
        if sign[0] == '"':
            if len(sign) == 1 or not sign.endswith('"'):
                end = found.start()
                break
        elif sign in "{[":
            stack.append(sign)
        elif not stack or _PAIR[stack.pop()] != sign or not stack:
            return None
    return (stack, end) if 0 < len(stack) <= DEEPEST else None


def _next_line(text: str, at: int) -> int:
    following = text.find("\n", at)
    return len(text) if following < 0 else following + 1


def _readings(text: str, form: str) -> Iterator[tuple[str, Any]]:
    stripped = _LEADING.sub("", text).strip()
    if form in ("auto", "json") and stripped[:1] in ("{", "["):
        for spelling in _spellings(stripped):
            try:
                yield "json", json.loads(spelling, object_pairs_hook=_object)
                break
            except json.JSONDecodeError as error:
                if spelling[error.pos : error.pos + 1] in ("{", "["):  # JSON lines
                    break
            except (ValueError, RecursionError):
                continue
    if form in ("auto", "toml") and _TOML_SIGN.search(text) and "=" in text:
        for name, parsed in (("toml", toml_of(text)), ("ini", ini_of(text))):
            if parsed is not None:
                yield name, parsed
                break
    if form == "auto" and is_sql(text):
        yield "sql", tables_of(text)
    if form == "yaml" or (form == "auto" and stripped[:1] not in ("{", "[") and _is_yaml(text)):
        documents = list(yaml_of(text))
        yield from [("yaml", documents if len(documents) > 1 else documents[0])] if documents else []


def _spellings(text: str) -> Iterable[str]:
    """The text itself, then with comments and closing commas left out, then with typographic quotes straightened."""
    yield text
    if text[-1:] in ("}", "]", ",", ";"):
        yield _LOOSE.sub(_loosened, text.rstrip(",; \n"))
        if not text.isascii():
            yield _LOOSE.sub(_loosened, plain(text).rstrip(",; \n"))
    if (completed := _completed(_LOOSE.sub(_loosened, text))) is not None:
        yield completed


def _loosened(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith('"') else ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets the last of two equal names win in silence; of two keys for one relay that would lose one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same name twice")
    return found


def _is_yaml(text: str) -> bool:
    return _YAML_SIGN.search(text) is not None or _YAML_LIST.search(text) is not None
