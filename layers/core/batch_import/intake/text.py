# ruff: noqa: E501  (tables of words and patterns)
"""Lines of text: labelled blocks, addresses with keys below, separators of every kind, variables, commands, links."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from batch_import.intake import cleaning
from batch_import.intake.cleaning import Kind, kind_of
from batch_import.intake.fields import Field, Named, field_of, platform_of
from batch_import.intake.links import draft_of_link, is_link
from batch_import.intake.roots import root_of
from batch_import.intake.rows import Draft
from batch_import.intake.texts import Note

_URL = re.compile(
    r"(?:https?://(?=[<{$])[^\s\"'`,;|]+|https?:/{1,3}(?:[^\s\"'`<>{}\[\]()|\\^,;。→—–/@]{1,300}@)?(?:\[[0-9a-f:.]+\])?[^\s\"'`<>{}\[\]()|\\^,;。→—–?]+(?:\?[^\s\"'`<>()|\\^。→]*)?"
    r"|https?://[<{\[$][^\s\"'`,;|]+|(?<!\w)[a-z][a-z0-9+]{2,20}(?:-[a-z]{2,12})?://[^\s\"'`<>]+)",
    re.IGNORECASE,
)
# The usual line, an address and a key: read at once, as the long way would.
_PAIR = re.compile(
    r"[ \t]*(?P<address>https?://[a-z0-9.:-]{1,100}(?:/[a-z0-9_-]{1,40}){0,4}/?)(?:[ \t]*[,;|][ \t]*|[ \t]+|-{4})(?P<key>sk-\w{1,200}(?:-\w{1,200}){0,4})[ \t]*"
)
_PLACEHOLDER_URL = re.compile(r"https?://(?=\S*[<{\[$])[^\s\"'`,;|]+", re.IGNORECASE)
_LABEL = re.compile(
    r"(?<![\w.\-/$])(?:\*\*|__|[\"'`\[(<])?((?:[^\W\d][\w.\-/]{0,40}[ \t]{1,3}){0,2}[^\W\d_][\w.\-/]{0,48}(?:\([^()\s]{1,20}\))?)"
    r"[\"'`*\])>_]*[ \t]*(?:(?::=|=>|[:=])(?!//)(?!=)|(?<=[\])])[ \t]*(?=\S))[ \t]*",
)
_GLUED = re.compile(
    r"((?:api|API|Api|备用|接口|中转|请求|站点|服务)?\s?(?:地址|网址|密钥|秘钥|密匙|令牌|接口|域名))[\d]?\s*(?:是|为|->|→|-)?\s*(?=https?:|sk-|\"|`|$)"
)
_WORD = re.compile(r"[^\s\"'`<>()\[\]{}]+|[(\[{]")
_BULLET = re.compile(
    r"^[\s>]*(?:(?:-(?!-?[A-Za-z]+\s)|[*+•·●○◆◇■□▪▶►✅☑✔⭐🔥👉🔹🔸📌]|\d{1,5}[.)、:](?!\d)|\(\d{1,4}\)|\[\d{1,4}\]|[①-⑳]|[a-z][.)])\s*\uFE0F?\s*)+(?=\S)"
)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff]+")
_SEPARATOR = re.compile(r"[|,;\t]|-{3,}|→|—+|–|=>|->|\\n")
_COMMENT = re.compile(r"(?:^|\s|(?<=[\"']))(?:#+(?=\s|[^\s\d])|//)(?=[^/]).*$")
_TAG = re.compile(
    r"</?(?:a|b|i|u|p|br|hr|code|pre|span|div|li|ul|ol|td|th|tr|table|thead|tbody|strong|em|font|html|body|blockquote|h[1-6]|kbd|img"
    r"|input|small|mark|label|section|button|center|details|summary|tt)(?=[\s/>])[^<>]{0,2000}>",
    re.IGNORECASE,
)
_HREF = re.compile(r"href=[\"']?(https?://[^\s\"'>]+)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|ensp|emsp|#\d{2,4}|#x[0-9a-f]{2,4});", re.IGNORECASE)
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\(\s*<?([^\s()<>]{1,2100})>?(?:\s+\"[^\"()]{0,100}\")?\s*\)")
_REDIRECTED = re.compile(r"[\"']https?://[^\s\"']{1,500}[\"']\s*:\s*[\"'](https?://[^\s\"']{1,500})[\"']")
_EMPTY_VALUE = re.compile(r"(?:[:=]\s*(?:\"\"|'')|[A-Za-z]\w*_\w+=)\s*[,;]?\s*(?:[#/].*)?$")
_SECRET = re.compile(r"\$\{\{\s*([\w.]+)\s*\}\}")
_NOTHING = re.compile(r"\(?(?:not[ -]set|none|unset|empty|未设置|无|空|string|str)\)?;?", re.IGNORECASE)
_EXPRESSION = re.compile(r"\s*[a-z]+(?:[._][a-z]+)+[\[(]")
_OPTION = re.compile(r"--?[A-Za-z][\w-]{0,20}")
_DOTNET = re.compile(r"\[Environment\]::SetEnvironmentVariable\(\"(\w+)\",\s*\"([^\"]*)\"[^)]*\)", re.IGNORECASE)
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_RULE = re.compile(r"^[\s|:\-=_*+~]+$")
_HEADING = re.compile(
    r"^\s*#{1,6}\s*(.+?)\s*#*$|^\s*\*\*([^*]+)\*\*\s*$|^\s*\[([^\[\]]+)\]\s*$|^\s*[=\-—*~]{2,}\s*(.+?)\s*[=\-—*~]{2,}\s*$"
)
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)+")
_SHELL = re.compile(r"^\s*(?:export|set)\s+(?=\"?\w+=)", re.IGNORECASE)
_SETX = re.compile(r"^\s*(?:setx|ENV|set\s+-\w{1,3})\s+(\w+)\s+(?!=)", re.IGNORECASE)
_LABEL_WORDS = frozenset(
    [
        "url",
        "baseurl",
        "base_url",
        "endpoint",
        "key",
        "apikey",
        "api_key",
        "api-key",
        "token",
        "地址",
        "接口地址",
        "网址",
        "密钥",
        "秘钥",
        "令牌",
        "模型",
        "model",
        "models",
    ]
)
_LABEL_START = re.compile(
    r"(?:open)?ai?_?|(?:api|base|auth|secret)(?:[-_]?[a-z]{1,3}|[-_])?|key?|tok(?:en?)?|mod(?:els?)?", re.IGNORECASE
)
_LONGEST_HEADING = 60
_LONGEST_LINE = 200_000


@dataclass
class Token:
    """A piece of a line with its meaning; ``owner`` groups variables (``openai`` of ``OPENAI_API_KEY``)."""

    field: Field
    value: str
    labelled: bool = False
    owner: str = ""
    notes: tuple[Note, ...] = ()
    backup: bool = False


@dataclass
class Line:
    number: int
    text: str
    tokens: list[Token] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # left over
    weak: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    heading: str = ""
    comment: str = ""
    blank: bool = False
    link: Draft | None = None
    by_comma: bool = False  # what follows the address is separated by a comma
    invisible: bool = False

    def has(self, *fields: Field) -> bool:
        return any(token.field in fields for token in self.tokens)


@dataclass
class Found:
    drafts: list[Draft]
    ignored: list[tuple[int, str]]


def read_lines(lines: Sequence[tuple[int, str]], invisible: frozenset[int] = frozenset()) -> Found:
    """Drafts of all lines (number, text without invisible characters), and the lines that none came from."""
    reader = _Tokens()
    read = [reader.read(number, text) for number, text in _joined(lines)]
    for line in read:
        line.invisible = line.number in invisible
    if read:
        _mark_cut(read[-1])
    return _Records().of(read)


def _mark_cut(last: Line) -> None:
    """Takes a value back that begins with a quotation mark and has none behind it where the text ends."""
    if not last.tokens or last.text.count('"') % 2 == 0:
        return
    token = last.tokens[-1]
    if token.value and last.text.endswith(f'"{token.value}'):
        token.value, token.notes = "", (*token.notes, Note.CUT_OFF)


def _joined(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines with those that end in a continuation (``\\`` of a shell, ``^`` of cmd) put together when a command begins there."""
    held: list[str] = []
    start = 0
    for number, text in lines:
        stripped = text.rstrip()
        if held or ("curl" in text and re.search(r"(?:^|[\s$>`])curl(?:\.exe)?\s", text)):
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


class _Tokens:
    """Reads lines into tokens; a label without a value is kept for the next line."""

    def __init__(self) -> None:
        self._pending: tuple[Named, str] | None = None

    def read(self, number: int, text: str) -> Line:
        line = Line(number, text)
        if len(text) > _LONGEST_LINE:
            line.words.append("")
            return line
        if (pair := _PAIR.fullmatch(text)) is not None and kind_of(pair["key"]) is Kind.KEY:
            self._pending = None
            page = root_of(pair["address"], False).page
            line.tokens = [
                Token(Field.SITE if page else Field.ADDRESS, pair["address"]),
                Token(Field.KEY, pair["key"]),
            ]
            return line
        content = _without_markup(text)
        if (
            not content.strip()
            or _FENCE.match(content)
            or (_RULE.match(content) and "-" * 3 in content.replace(" ", ""))
        ):
            line.blank = not content.strip()
            return line
        self._fill(line, content)
        return line

    def _fill(self, line: Line, content: str) -> None:
        if (comment := self._comment(line, content)) is None:
            return
        content = comment
        if "curl" in content and re.search(r"(?:^|[\s$>`])curl(?:\.exe)?\s", content):
            content = re.sub(r"(?:\s|^)(?:-d|--data(?:-raw|-binary)?|--json)\s+.*$", _model_of_body, content, count=1)
            content = re.sub(
                r"\s-(?:H|X|s|S|L|N|k|i|v|XPOST|XGET)\b|\s--(?:header|request|location|silent|url|compressed|no-buffer)\b|\bcurl(?:\.exe)?\s|\bPOST\b|\bGET\b|(?i:content-type|accept|anthropic-version|user-agent)\s*:\s*[^\"']*",
                " ",
                content,
            )
        content = _BULLET.sub("", content)
        content = _REDIRECTED.sub(r'"\1"', content)
        if "$env:" in content.lower():
            content = re.sub(r"\$env:", " ", content, flags=re.IGNORECASE)
        if "]::" in content:
            content = _DOTNET.sub(r"\1=\2", content)
        content = _SHELL.sub("", content)
        content = _SETX.sub(r"\1=", content)
        pending, self._pending = self._pending, None
        current: Named | None = pending[0] if pending else None
        name = pending[1] if pending else ""
        at = 0
        for found in _URL.finditer(content):
            if found.start() < at:
                continue
            current, name = self._piece(line, content[at : found.start()], current, name)
            if current is not None and current.field is Field.OTHER and _is_name(name) and not _is_detail(name):
                line.words.append(name)
            at = self._address(line, content, found, current)
            if not (current and current.owner and re.match(r"[;,]\s*http", content[at : at + 8])):
                current, name = None, ""
        current, name = self._piece(line, content[at:], current, name)
        if current is not None and not line.tokens and not _EMPTY_VALUE.search(content):
            self._pending = (current, name)

    def _comment(self, line: Line, content: str) -> str | None:
        """The content without a comment at its end; None for a line that is a heading or commented out altogether."""
        if "#" not in content and "//" not in content:
            return content
        heading = re.match(r"\s*(#{1,6}|//+)\s*(.*)$", content)
        if heading is None:
            found = _COMMENT.search(content) if _cheap_comment(content) else None
            if found is None:
                return content
            line.comment = found[0].strip(" #/")
            return content[: found.start()]
        if (
            (found := _URL.search(heading[2]))
            and (found.start() < 5 or len(heading[1]) > 1)
            and not re.search(r"\w\s*=|key|sk-", heading[2], re.IGNORECASE)
            and heading[1].startswith("#")
        ):
            return heading[2]
        if (
            heading[1].startswith("#")
            and not _URL.search(heading[2])
            and "sk-" not in heading[2]
            and not re.match(r"\w+\s*=", heading[2])
        ):
            line.heading = heading[2][:_LONGEST_HEADING]
        return None

    def _address(self, line: Line, content: str, found: re.Match[str], named: Named | None) -> int:
        word = found[0]
        if not word.lower().startswith("http"):
            if is_link(word):
                line.link = draft_of_link(line.number, word)
            else:
                line.words.append(word)
            return found.end()
        if is_link(word):
            whole = content[found.start() :].split(maxsplit=1)[0]
            line.link = draft_of_link(line.number, whole)
            return found.start() + len(whole)
        address = cleaning.cut_address(word)
        if not address or (len(address) < 9 and "://" in address[-4:]):
            return found.end()
        if content[found.end() : found.end() + 1] in ("{", "<", "["):
            template = _PLACEHOLDER_URL.match(content, found.start())
            address = template[0] if template else address
        kind = Field.ADDRESS if named is None or named.field is not Field.SITE else Field.SITE
        labelled = named is not None and named.field is Field.ADDRESS
        root = root_of(address, False) if kind is Field.ADDRESS and not labelled else None
        if root is not None and root.page:
            kind = Field.SITE
        token = Token(kind, address, labelled, named.owner if named else "", backup=bool(named and named.backup))
        if all((other.field, other.value.rstrip("/")) != (kind, address.rstrip("/")) for other in line.tokens):
            line.tokens.append(token)
        return found.start() + max(len(address), 1)

    def _piece(self, line: Line, piece: str, named: Named | None, name: str) -> tuple[Named | None, str]:
        """Reads what stands between two addresses; returns the label that is still without a value."""
        if not piece.strip():
            return named, name
        if "---" in piece:
            piece = re.sub(r"-{3,}(?=[\w \u4e00-\u9fff]{1,30}[:=])", "    ", piece)
        line.by_comma = piece.lstrip("\"' ").startswith(",") and bool(line.tokens)
        at = 0
        for start, end, found, text in _labels(piece):
            named = self._values(line, piece[at:start], named, name)
            named, name, at = found, text, end
        rest = piece[at:]
        return (self._values(line, rest, named, name), name) if rest.strip(" \t,;|\"'`*<>()[]{}-=") else (named, name)

    def _values(self, line: Line, text: str, named: Named | None, name: str) -> Named | None:
        """Reads words under a label; returns the label again while it has no value yet."""
        stripped = text.strip(" \t,;|\"'`*<>()[]{}")
        if named is None or named.field in (Field.OTHER, Field.ENABLED, Field.LOGIN):
            if named is not None and named.field is Field.OTHER and _is_name(name) and not _is_detail(name):
                line.words.append(name)
            self._words(line, text)
            return None
        if not stripped:
            return named
        if named.field is Field.SITE:  # "get a key: [here](address)": the words between are its text
            line.words.append(stripped)
            return named
        if named.field is Field.NAME:
            line.tokens.append(Token(Field.NAME, stripped, labelled=True))
        elif named.field is Field.MODELS:
            self._models(line, stripped, named.owner)
        elif named.field is Field.PLATFORM:
            self._platform(line, stripped)
        elif named.field is Field.KEY:
            self._key(line, text, named)
        else:
            self._host(line, stripped, named, name)
        return None

    def _models(self, line: Line, text: str, owner: str) -> None:
        words = text.split()
        if len(words) > 1 and not re.search(r"[,;|]", text) and all(kind_of(word) is Kind.MODEL for word in words):
            text = ",".join(words)
        line.tokens.append(Token(Field.MODELS, re.sub(r"(?<=\S)\s*\([^()]*\)?|[\"'\[\]()]", "", text), True, owner))

    def _platform(self, line: Line, text: str) -> None:
        if (platform := platform_of(text)) is not None:
            line.tokens.append(Token(Field.PLATFORM, platform, labelled=True))
        else:
            self._words(line, text)

    def _key(self, line: Line, text: str, named: Named) -> None:
        """The value of a key's label: one word, or several where each looks like a key."""
        value = re.sub(r"^[\s\"'`*]*(?:Bearer|Basic)\s+", "", text, flags=re.IGNORECASE)
        notes = (Note.BEARER_REMOVED,) if value != text else ()
        if _NOTHING.fullmatch(value.strip()) or _EXPRESSION.match(value):
            return
        words = [word for word in re.split(r"[\s\"'`()\[\]]+", value.strip()) if word.strip(",;|*")]
        if not words:
            return
        first = words[0]
        joined = 1
        while (
            joined < len(words)
            and re.search(r"[,;|]$", words[joined - 1])
            and kind_of(words[joined].strip(",;|")) is Kind.KEY
        ):
            first += words[joined]
            joined += 1
        key = _cut_key(first)
        if key:
            line.tokens.append(Token(Field.KEY, key, True, named.owner, notes))
        elif re.search(r"<[^<>]+>|\{[^{}]*\}", value):
            line.tokens.append(Token(Field.KEY, value.strip(), True, named.owner))
        else:
            self._words(line, first)
        self._words(line, " ".join(words[joined:]))

    def _host(self, line: Line, text: str, named: Named, name: str) -> None:
        """An address without a scheme behind its label."""
        word, _, rest = text.partition(" ")
        word = word.strip(",;|\"'`*")
        if cleaning.is_bind_address(word) or (name.lower() in ("host", "hostname") and "." not in word):
            return
        if named.field is Field.ADDRESS and (
            cleaning.looks_like_host(word)
            or re.fullmatch(r"[\w-]+:\d{2,5}(?:/\S*)?", word)
            or cleaning.is_address_placeholder(word)
        ):
            line.tokens.append(Token(Field.ADDRESS, word, True, named.owner, backup=named.backup))
            self._words(line, rest)
        else:
            self._words(line, text)

    def _words(self, line: Line, text: str) -> None:
        if not text.strip():
            return
        named: Named | None = None
        for found in _WORD.finditer(text):
            if found[0].startswith("-") and _OPTION.fullmatch(found[0]):
                continue
            for word in _parts(found[0], line.by_comma):
                named = self._word(line, word, named)

    def _word(self, line: Line, word: str, named: Named | None) -> Named | None:
        kind = kind_of(word)
        if kind is Kind.KEY or (
            kind is Kind.PLACEHOLDER
            and ((named and named.field is Field.KEY) or word.lower().startswith(("sk-", "your", "<", "$")))
        ):
            line.tokens.append(Token(Field.KEY, word))
        elif kind is Kind.MODEL:
            line.tokens.append(Token(Field.MODELS, word))
        elif kind is Kind.HOST:
            line.hosts.append(word)
        elif word.lower() in ("bearer", "authorization"):
            return named
        elif word.lower() in _LABEL_WORDS and (found := field_of(word)) is not None:
            return found
        elif kind is Kind.WEAK and not (named and named.field is Field.ADDRESS):
            line.weak.append(word)
        else:
            line.words.append(word)
        return None


def _without_markup(text: str) -> str:
    if "${{" in text:
        text = _SECRET.sub(r"${\1}", text)
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    if "<" in text:
        text = _TAG.sub(_tag, text)
    if "](" in text:
        text = _MARKDOWN_LINK.sub(r"\1 \2 ", text)
    if not text.isascii():
        text = _EMOJI.sub(" ", text)
    if "\\" in text:
        text = text.rstrip().removesuffix(" \\").replace("\\_", "_").replace("\\-", "-")
    return text


def _tag(found: re.Match[str]) -> str:
    href = _HREF.search(found[0])
    name = found[0].lower()
    return f" {href[1]} " if href else ("\t" if name.startswith(("</td", "</th")) else " ")


def _entity(found: re.Match[str]) -> str:
    named = {"nbsp": " ", "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "ensp": " ", "emsp": " "}
    body = found[0][1:-1].lower()
    if body in named:
        return named[body]
    number = int(body[2:], 16) if body.startswith("#x") else int(body[1:])
    return chr(number) if 32 <= number < 127 else " "


def _cheap_comment(content: str) -> bool:
    return (
        " #" in content
        or '"#' in content
        or "'#" in content
        or "\t#" in content
        or " //" in content
        or "\t//" in content
    )


def _model_of_body(found: re.Match[str]) -> str:
    """Of a request's body only the model counts: other addresses and words in it are no part of the list."""
    body = found[0]
    model = re.search(r"[\"']model[\"'\\]*\s*:\s*[\\\"']+([^\"'\\]{1,200})", body)
    header = "".join(re.findall(r"-H\s+[\"'][^\"']{1,600}[\"']", body))
    url = re.search(r"[\"']\s+(?:--url\s+)?[\"']?(https?://[^\s\"']+)[\"']?\s*$", body)
    return f" {header} {url[1] if url else ''}" + (f" model: {model[1]}" if model else "")


def _labels(piece: str) -> Iterator[tuple[int, int, Named, str]]:
    """Where labels begin and end in ``piece``, with their meaning; unknown ones are told too."""
    has_mark = ":" in piece or "=" in piece or "]" in piece or ")" in piece
    if has_mark:
        for found in _LABEL.finditer(piece):
            yield from _label(found)
        return
    if not piece.isascii():
        for found in _GLUED.finditer(piece):
            if (named := field_of(found[1])) is not None:
                yield found.start(), found.end(), named, found[1]


def _label(found: re.Match[str]) -> Iterator[tuple[int, int, Named, str]]:
    words = found[1].split()
    sign = found[0].rstrip()[-1:]
    for count in range(len(words)):
        name = " ".join(words[count:])
        if (
            (named := field_of(name)) is not None
            and (count == len(words) - 1 or not named.owner or named.owner.isdigit())
            and (sign in ":=>" or named.field in (Field.ADDRESS, Field.KEY, Field.MODELS))
        ):
            start = found.start(1) + found[1].rfind(words[count]) if count else found.start()
            yield start, found.end(), named if _VARIABLE.fullmatch(name) else replace_owner(named), name
            return
    is_port = re.match(r"\d{2,5}(?:\D|$)", found.string[found.end() : found.end() + 6])
    if sign in ":=" and len(found[1]) <= 30 and not (is_port and found[0].endswith(":")):
        yield found.start(), found.end(), Named(Field.OTHER), found[1]


def replace_owner(named: Named) -> Named:
    return named._replace(owner="")


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 30


def _is_detail(name: str) -> bool:
    return (
        re.search(
            r"额度|余额|倍率|价格|时间|日期|分组|并发|限|费|quota|balance|price|date|rpm|tpm|content|accept|version|export|http",
            name,
            re.IGNORECASE,
        )
        is not None
    )


def _parts(word: str, by_comma: bool = False) -> Iterator[str]:
    """A word, or its parts where it is several things joined by separators (``name----key``, ``key|gpt-5``)."""
    word = word.strip(",;|*→—–")
    if not word or word in "([{":
        return
    if len(word) > cleaning.LONGEST_WORD:
        yield "…"
        return
    if not word.isascii():
        yield from _foreign(word)
        return
    if _SEPARATOR.search(word) is None:
        yield _stripped(word)
        return
    parts = [part for raw in _SEPARATOR.split(word) if (part := raw.strip("*"))]
    kinds = [kind_of(part) for part in parts]
    if by_comma and all(
        part.isalpha() for part, kind in zip(parts, kinds, strict=True) if kind in (Kind.TEXT, Kind.WEAK)
    ):
        yield from map(_stripped, parts)
    elif _is_joined_key(word, kinds):
        yield word.strip("-=>")
    else:
        yield from map(_stripped, parts)


def _is_joined_key(word: str, kinds: Sequence[Kind]) -> bool:
    """Whether a separator may belong to a key: then the word stays whole, and the row says that it is unclear."""
    if Kind.KEY not in kinds:
        return Kind.MODEL not in kinds and Kind.HOST not in kinds and kinds.count(Kind.TEXT) < len(kinds)
    unknown = any(kind in (Kind.WEAK, Kind.TEXT) for kind in kinds)
    return unknown and ("," in word or ";" in word) and "|" not in word and "--" not in word


def _stripped(word: str) -> str:
    word = word.strip("*_=>|") if not word.endswith("=") else word.lstrip("*_=>|")
    return word.lstrip("-").rstrip(".:!?,;") if not cleaning.is_masked(word) else word


def _foreign(word: str) -> Iterator[str]:
    """Parts of a word that is not ASCII: foreign text and ASCII words apart."""
    if cleaning.is_masked(word) and word.startswith("sk-"):
        yield word
        return
    for part in re.split(r"([^\x00-\x7f]+)", word):
        if part and not part.isascii():
            yield part
        elif part.strip(",;|*-:"):
            yield from _parts(part)


def _cut_key(word: str) -> str:
    """A key without foreign text behind it and without closing punctuation; empty if there is none."""
    if not word.isascii() and not cleaning.is_masked(word):
        found = re.match(r"[\x21-\x7e]+", word)
        word = found[0] if found else ("" if not cleaning.is_placeholder(word) else word)
    if cleaning.is_masked(word):
        return word.strip("\"'`,;|")
    return word.strip("*\"'`,;|<>").rstrip(".:")


class _Records:
    """Puts tokens of lines together to drafts."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.ignored: list[tuple[int, str]] = []
        self.current: Draft | None = None
        self.key_first = False
        self.heading: tuple[int, str, str] | None = None
        self.variables: dict[str, Draft] = {}
        self.consecutive = 0
        self.models_of: list[tuple[int, Token]] = []  # models of variables (``OPENAI_MODEL``)
        self.filled: dict[tuple[str, Field], int] = {}  # the line that filled an owner's field

    def of(self, lines: Sequence[Line]) -> Found:
        paragraph: list[Line] = []
        for line in lines:
            if line.blank:
                self._paragraph(paragraph)
                paragraph = []
            else:
                paragraph.append(line)
        self._paragraph(paragraph)
        self._end()
        return Found(self.drafts, self.ignored)

    def _paragraph(self, lines: Sequence[Line]) -> None:
        if not lines:
            return
        for line in lines:
            _settle(line, self.current)
        order = [token.field for line in lines for token in line.tokens if token.field in (Field.ADDRESS, Field.KEY)]
        backup = next((token.backup for line in lines for token in line.tokens if token.field is Field.ADDRESS), False)
        waiting = self.current is not None and not self.current.addresses and Field.KEY not in order
        if Field.ADDRESS in order and not waiting and not (backup and Field.KEY not in order):
            self._close()
        for line in lines:
            self._line(line)

    def _line(self, line: Line) -> None:
        if line.link is not None:
            self._close()
            self.drafts.append(line.link)
        if not line.tokens:
            self._no_tokens(line)
            return
        fields = {token.field for token in line.tokens}
        if {Field.ADDRESS, Field.KEY} <= fields and not any(
            token.owner for token in line.tokens if token.field is not Field.MODELS
        ):
            self._whole_line(line)
            return
        if fields <= {Field.MODELS, Field.PLATFORM} and not any(token.labelled for token in line.tokens) and line.words:
            self._no_tokens(line)
            return
        for token in line.tokens:
            self._token(line, token)
        self._label(line)

    def _whole_line(self, line: Line) -> None:
        """A line that holds addresses and keys stands for itself."""
        self._close()
        order = [token.field for token in line.tokens if token.field in (Field.ADDRESS, Field.KEY)]
        count = order.count(Field.ADDRESS)
        trailing = (
            count > 1
            and order.index(Field.KEY) < len(order) - 1
            and order[0] is Field.ADDRESS
            and order[-1] is Field.ADDRESS
        )
        tokens = line.tokens
        if trailing:
            last = max(at for at, token in enumerate(tokens) if token.field is Field.ADDRESS)
            tokens = tokens[:last] + tokens[last + 1 :]
        for token in tokens:
            self._token(line, token)
        if trailing and self.current:
            self.current.notes.append(Note.ADDRESS_SET_ASIDE)
        if count > 1 and self.current and len(self.current.addresses) > 1:
            self.current.unclear = False
        self._label(line)

    def _token(self, line: Line, token: Token) -> None:
        if token.owner and token.field in (Field.ADDRESS, Field.KEY):
            self._variable(line, token)
        elif token.owner and token.field is Field.MODELS:
            self.models_of.append((line.number, token))
        elif token.field is Field.ADDRESS:
            self._address(line, token)
        elif token.field is Field.KEY:
            self._key(line, token)
        else:
            self._detail(line, token)

    def _variable(self, line: Line, token: Token) -> None:
        """Variables of one owner belong together, wherever they stand (``OPENAI_BASE_URL``, ``OPENAI_API_KEY``)."""
        draft = self.variables.get(token.owner)
        taken = draft is not None and (draft.addresses if token.field is Field.ADDRESS else draft.keys)
        if draft is None or (taken and self.filled.get((token.owner, token.field)) != line.number):
            draft = self.variables[token.owner] = Draft(line.number)
            platform = platform_of(token.owner)
            draft.platform = platform if platform != "openai" else None
            draft.label = self._heading_text()
            self.drafts.append(draft)
        self.filled[token.owner, token.field] = line.number
        values = [value for value in re.split(r"[;,]", token.value) if value.strip()]
        (draft.addresses if token.field is Field.ADDRESS else draft.keys).extend(
            values if len(values) > 1 else [token.value]
        )
        draft.notes.extend([*token.notes, *([Note.INVISIBLE_REMOVED] if line.invisible else [])])

    def _address(self, line: Line, token: Token) -> None:
        current = self.current
        if current is not None and current.addresses and not current.keys and token.backup:
            current.addresses.append(token.value)
            return
        if current is not None and current.keys and not current.addresses:
            self.key_first = True
            current.addresses.append(token.value)
            self._noted(line, token, current)
            return
        if (
            current is not None
            and current.complete
            and token.backup
            and current.addresses[-1] != token.value
            and token.labelled
        ):
            current.addresses.append(token.value)
            return
        same_line = current is not None and current.line == line.number
        if current is not None and current.addresses and not current.keys and (same_line or self.consecutive):
            current.addresses.append(token.value)
            current.unclear = True
            self.consecutive += 1
            self._noted(line, token, current)
            return
        kept = current if current is not None and not current.addresses and not current.keys else None
        draft = kept or self._open(line)
        draft.line = line.number
        draft.addresses.append(token.value)
        self.key_first = False
        self.consecutive = 1
        self._noted(line, token, draft)

    def _key(self, line: Line, token: Token) -> None:
        current = self.current
        self.consecutive = 0
        if current is None or (self.key_first and current.complete):
            current = self._open(line)
        elif (
            current.addresses and current.keys and (current.label != self._heading_text() and self.heading is not None)
        ):
            above = current
            current = self._open(line)
            current.addresses.extend(above.addresses)
            current.notes.append(Note.ADDRESS_FROM_ABOVE)
        elif current.addresses and self.heading is not None and not current.keys and current.label is None:
            current.label = self._heading_text()
        current.keys.append(token.value)
        self._noted(line, token, current)

    def _noted(self, line: Line, token: Token, draft: Draft) -> None:
        draft.notes.extend(token.notes)
        if line.invisible:
            draft.notes.append(Note.INVISIBLE_REMOVED)

    def _detail(self, line: Line, token: Token) -> None:
        current = self.current
        if token.field is Field.NAME:
            if current is None or current.complete or current.label:
                current = self._open(line)
            current.label = token.value
            return
        if token.field is Field.SITE:
            if current is None:
                current = self._open(line)
            if not current.site:
                current.site = token.value
            if current.addresses:
                current.notes.append(Note.ADDRESS_SET_ASIDE)
            return
        if current is None:
            current = self._open(line)
        if token.field is Field.MODELS:
            current.models.append(token.value)
        elif token.field is Field.PLATFORM:
            current.platform = token.value

    def _no_tokens(self, line: Line) -> None:
        heading = line.heading or _heading_of(line)
        if heading:
            self.heading = (line.number, heading, line.text)
            if self.current is not None and self.current.complete and self.key_first:
                self._close()
            return
        if line.text.strip() and line.link is None and not _FENCE.match(line.text):
            self.ignored.append((line.number, line.text))

    def _label(self, line: Line) -> None:
        """Words beside an address or key become its label."""
        current = self.current
        if current is None or current.label:
            return
        words = " ".join(word for word in line.words or [line.comment] if word.strip(" -=:|"))
        if 0 < len(words) <= 100:
            current.label = words

    def _heading_text(self) -> str | None:
        return self.heading[1] if self.heading else None

    def _open(self, line: Line) -> Draft:
        self._close()
        self.current = Draft(line.number, label=self._heading_text())
        self.drafts.append(self.current)
        return self.current

    def _close(self) -> None:
        self.current = None
        self.key_first = False
        self.consecutive = 0

    def _models_of_variables(self) -> None:
        """Gives models of variables to the variables whose name begins the same, or to the only ones, or to the entry above."""
        for number, token in self.models_of:
            owned = [draft for owner, draft in self.variables.items() if owner and token.owner.startswith(owner)]
            several = list(self.variables.values())
            above = [draft for draft in self.drafts if draft.line <= number]
            if chosen := owned or (several if len(several) == 1 else []) or above[-1:] or self.drafts[:1]:
                chosen[-1].models.append(token.value)

    def _end(self) -> None:
        self._models_of_variables()
        self.drafts = joined_halves(self.drafts)
        kept = []
        for draft in self.drafts:
            if draft.addresses or draft.keys:
                kept.append(draft)
            elif draft.site:
                self.ignored.append((draft.line, draft.site))
        self.drafts = [part for draft in kept for part in _paired(draft)]
        self.ignored.sort()


def _settle(line: Line, current: Draft | None) -> None:
    """Decides about the words of a line that may be a key or a host, now that the whole line is known."""
    has_key = line.has(Field.KEY)
    has_address = line.has(Field.ADDRESS, Field.SITE)
    if line.hosts and not has_address:
        for host in line.hosts:
            alone = not line.words and not line.weak
            if (
                has_key
                or line.weak
                or cleaning.is_telling_host(host)
                or (alone and len(line.hosts) == 1 and not line.tokens)
            ):
                line.tokens.insert(0, Token(Field.ADDRESS, host, notes=()))
                has_address = True
        line.hosts = []
    elif line.hosts and has_address and not has_key and not line.weak and len(line.hosts) == 1:
        line.weak = line.hosts
    line.weak = [word for word in line.weak if not _LABEL_START.fullmatch(word)]
    if has_key or not line.weak:
        return
    if (has_address and line.has(Field.ADDRESS) and len(line.weak) == 1) or (
        not line.tokens
        and not line.words
        and len(line.weak) == 1
        and re.search(r"\d", line.weak[0])
        and len(line.weak[0]) >= 8
    ):
        line.tokens.append(Token(Field.KEY, line.weak[0], notes=(Note.UNUSUAL_KEY,)))


def _heading_of(line: Line) -> str:
    """A short line of words alone: the name of what follows."""
    if _RULE.match(line.text):
        return ""
    found = _HEADING.match(line.text)
    text = next((group for group in found.groups() if group), "") if found else line.text
    text = _BULLET.sub("", _EMOJI.sub("", text)).strip(" :*#`\"'-=")
    if (
        not text
        or len(text) > (_LONGEST_HEADING if found else 30)
        or re.search(r"[。!?;]|\w, ", text)
        or line.hosts
        or line.weak
    ):
        return "" if not found or len(text) > _LONGEST_HEADING else text
    return text if found or not line.text.rstrip().endswith((",", "{", "}", "]", "(")) else ""


def joined_halves(drafts: list[Draft]) -> list[Draft]:
    """Variables of different owners belong together when there is only one address and otherwise only keys."""
    halves = [draft for draft in drafts if bool(draft.addresses) != bool(draft.keys)]
    with_address = [draft for draft in halves if draft.addresses]
    with_key = [draft for draft in halves if draft.keys]
    if len(with_address) != 1 or len(with_key) != 1 or with_address[0].site or with_key[0].site:
        return drafts
    address, key = with_address[0], with_key[0]
    first, second = (address, key) if address.line <= key.line else (key, address)
    merged = replace(
        first,
        addresses=address.addresses,
        keys=key.keys,
        models=[*first.models, *second.models],
        label=first.label or second.label,
        platform=first.platform or second.platform,
        notes=[*first.notes, *second.notes],
    )
    return [merged if draft is first else draft for draft in drafts if draft is not second]


def _paired(draft: Draft) -> list[Draft]:
    """One draft a pair where a list of addresses meets a list of as many keys in variables."""
    count = len(draft.addresses)
    if draft.unclear or count < 2 or len(draft.keys) != count:
        return [draft]
    notes = [*draft.notes, Note.PAIRED_BY_POSITION]
    pairs = zip(draft.addresses, draft.keys, strict=True)
    return [replace(draft, addresses=[address], keys=[key], notes=notes) for address, key in pairs]
