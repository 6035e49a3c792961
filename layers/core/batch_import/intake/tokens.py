# ruff: noqa: E501  (patterns)
"""Lines as tokens: every address, key, model and name in a line, with or without a label."""

import re
from collections.abc import Iterable

from batch_import.intake import cleaning
from batch_import.intake.cleaning import Kind, kind_of
from batch_import.intake.commands import PROMPT, plain_command
from batch_import.intake.fields import (
    Field,
    Named,
    field_of,
    is_other_service,
    is_service_alone,
    platform_of,
    provider_platform,
)
from batch_import.intake.labels import is_detail, is_label_alone, labels, meaning_of, names_key
from batch_import.intake.line import Line, Token
from batch_import.intake.links import draft_of_link, is_link
from batch_import.intake.markup import without_markup
from batch_import.intake.roots import has_api_form, root_of
from batch_import.intake.texts import Note
from batch_import.intake.words import cut_key, parts_of

URL = re.compile(
    r"(?:https?://(?=[<{$])[^\s\"'`,;|]+|https?:/{1,3}(?:[^\s\"'`<>{}\[\]()|\\^,;。→—–/@]{1,300}@)?(?:\[[0-9a-f:.]+\])?[^\s\"'`<>{}\[\]()|\\^,;。→—–?]+(?:\?[^\s\"'`<>()|\\^。→]*)?"
    r"|https?://[<{\[$][^\s\"'`,;|]+|(?<!\w)(?!\w{0,20}https?:)[a-z][a-z0-9+]{1,20}(?:-[a-z]{2,12})?://[^\s\"'`<>]+)",
    re.IGNORECASE,
)
# The usual line, an address and a key, perhaps a name before and a model behind: read at once, as the long way would.
_BETWEEN = r"(?:[ \t]*[,;|][ \t]*|[ \t]+|-{4})"
_PLAIN_LINE = re.compile(
    rf"[ \t]*(?:(?P<name>(?=\d*[^\W\d])\w{{1,30}}){_BETWEEN})?(?P<address>https?://[a-z0-9.:-]{{1,100}}?(?:/[a-z0-9_-]{{1,40}}){{0,4}}/?)"
    rf"{_BETWEEN}(?P<key>sk-\w{{1,200}}(?:-\w{{1,200}}){{0,4}})(?:{_BETWEEN}(?P<model>[a-z][\w.-]{{2,40}}))?[ \t]*"
)
# A name with an address or a key, as in blocks, variables and YAML: read at once too.
_PLAIN_FIELD = re.compile(
    r"[ \t]*(?:-[ \t])?(?P<name>[^\W\d][\w.-]{0,40})[ \t]*[:=][ \t]*(?P<quote>[\"']?)"
    r"(?:(?P<address>https?://[a-z0-9.:-]{1,100}(?:/[a-z0-9_-]{1,40}){0,4}/?)|(?P<key>sk-\w{4,200}(?:-\w{1,200}){0,4}))(?P=quote)[ \t]*"
)
# A line of words and numbers holds nothing that the long way would find.
WORDS_ALONE = re.compile(r"(?:[^\W\d_]++(?![\d_])|(?<!\w)\d{1,6}+(?!\w)| {1,2}+(?! )|[,;!?()])*+")
_PLACEHOLDER_URL = re.compile(r"https?://(?=\S*[<{\[$])[^\s\"'`,;|]+", re.IGNORECASE)
_BRACKETED = re.compile(r"\[[A-Za-z_ -]{2,30}\](?:[/.:\s]|$)")  # ``https://[name].example``
_SPACED = re.compile(
    r"https?(?: ://? ?/?|:// |: //)[^\s/]{1,100}(?: ?/ ?(?=[a-z])[\w.-]{1,40}){0,6}", re.IGNORECASE
)  # as OCR reads an address
_WORD = re.compile(r"[^\s\"'`<>()\[\]{}]+|[(\[{]")
BULLET = re.compile(
    r"^[\s>]*(?:(?:-(?!-?[A-Za-z]+\s)|[*+•·└├╰┗─●○◆◇■□▪▶►✅☑✔⭐🔥👉🔹🔸📌]|\d{1,5}[.)、:](?!\d)|\(\d{1,4}\)|\[\d{1,4}\]|[①-⑳]|[a-z][.)])\s*\uFE0F?\s*)+(?=\S)"
)
_COMMENT = re.compile(r"(?:^|\s|(?<=[\"']))(?:#+(?=\s|[^\s\d])|//)(?=[^/]).*$")
_CHEAP_COMMENT = re.compile(r"[ \t\"']#|[ \t]//")  # the pattern above is slow
# A name and its value as words of a command (``defaults write app apiKey "sk-…"``, ``config set env.OPENAI_BASE_URL https://…``).
_ADJACENT_SIGN = re.compile(
    r"(?:[a-z](?:URL|Url|Key|Token|Base)|_(?:URL|KEY|TOKEN|BASE|HOST))[ \t]+[\"']?(?:https?:|sk-)"
)
_ADJACENT = re.compile(
    r"(?<![\w.-])(?:[A-Za-z][\w-]*\.)*([A-Za-z]\w*(?:[a-z](?:URL|Url|Key|Token|Base)|_(?:URL|KEY|TOKEN|BASE|HOST)))[ \t]+(?=[\"']?(?:https?:|sk-))"
)
_EMPTY_VALUE = re.compile(r"(?:[:=]\s*(?:\"\"|'')|[A-Za-z]\w*_\w+=)\s*[,;]?\s*(?:[#/].*)?$")
_NOTHING = re.compile(r"\(?(?:not[ -]set|none|unset|empty|未设置|无|空|string|str)\)?;?", re.IGNORECASE)
_OTHER_ADDRESS = re.compile(
    r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:URL|URI|ENDPOINT|HOST|ORIGIN|DOMAIN|WEBHOOK)S?"
)  # ``APP_URL``
_OTHER_CREDENTIAL = re.compile(
    r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:KEY|TOKEN|SECRET|PASSWORD|SALT)|.*(?i:(?:access|refresh|session)_?token)"
)
_PATH_NAME = re.compile(r"path$", re.IGNORECASE)
_PORT = re.compile(r"\d{2,5}")
_PATH = re.compile(r"v\d\w*(?:/[\w-]{1,40}){0,6}")
_JOINED_KEY = re.compile(r"(?:sk|cr|gsk|xai)-[\w-]{4,300}[,;][\w.-]{1,40}$")
_FLAG = re.compile(
    r"[\"']?(?:true|false|yes|no|on|off|\d{1,3}|\d{1,4} ?[A-Za-z]{1,10})[\"']?[,;]?", re.IGNORECASE
)  # ``HIDE_USER_API_KEY=1``
_IDENTITY = re.compile(
    r"(?:^|[\s_-])(?:id|sid|uuid|prefix|suffix|hash|fingerprint)$|version$", re.IGNORECASE
)  # ``request id: 1c9d…``: no key; ``apiVersion: some.host/v1``: no address
_IN_ANGLES = re.compile(r"[\s\"'`]*<([^<>]{1,60})>[\s\"'`,;]*")  # a placeholder: ``<tu-key>``
_EXPRESSION = re.compile(r"\s*[a-z]+(?:[._][a-z]+)+[\[(]")
_QUOTED_WORD = re.compile(r"\s*[\"'`]([^\"'`\s]{1,200})[\"'`]\s+[^\W\d]+(?:\s|$)")
_RELAY_NAME = re.compile(r"RELAY|PROXY|API|BASE|LLM|GPT|CLAUDE")
_CALL = re.compile(r"\s*[A-Z]\w{1,40}\(\s*")  # ``Field(default=…``
_NO_NAMES = ("default", "value", "str", "string", "String")  # between a name and its value
_TYPE = re.compile(
    r"^(?:str|string|String|Optional\[str\])(?: *\| *None)?(?:$|\W* *= *|(?=[,)]))(?:None\b)?"
)  # ``model: str = None``
_OPTION = re.compile(r"--?[A-Za-z][\w-]{0,20}")
_WORDS = re.compile(r"[A-Za-z ]+")
# A field's name and its value as two cells of a sheet, or as a log writes them (``[INFO] 接口地址 - https://…``).
_CELLS = re.compile(
    r"\s*(?:\[\w{1,8}\]\s*)?([^\t:=|\"'`]{1,30}?)(?:\t+|\s+[-|→➜⇒»]\s+|\s*\.{3,}(?:\s+|(?<=\.{6}))|\s{3,}|\|)\s*(\S(?:(?!\s[-|→➜⇒»]\s)[^\t|]){0,2100})"
)
# What stands between a key and the address behind it (``sk-…@https://…``).
_GLUED = re.compile(r"(?<=\w)[@#~&/^!+]{1,3}$")
_NEXT_IN_LIST = re.compile(r"[;,]\s*http")
# Words before an address that is no relay's: of an installer, of a page to be opened.
_ABOUT_PAGE = re.compile(
    r"^\s*(?:RUN\s|sudo\s|\$)?\s*(?:npm|pnpm|yarn|pip3?|git|wget|brew|apt|irm|iwr|curl -fsSL)\s|(?:访问|打开|前往|\bvisit|\bopen)[:\s<(*]*$",
    re.IGNORECASE,
)
_CALLED = re.compile(r"\b(?:get|post|put|delete|head|request|fetch|urlopen)\(\s*f?[\"'`]?$", re.IGNORECASE)
_CREDENTIAL = re.compile(r"authorization|bearer|-key\b|sk-", re.IGNORECASE)
# Words before the address on which a program listens.
_SERVED = re.compile(
    r"(?:(?:running|listening|serving|started|available) (?:on|at)[\w ]{0,20}|\blocal url)[:\s]*$", re.IGNORECASE
)
_BACKUP_WORD = re.compile(r"(?:备用|备份|镜像|\bbackup|\bmirror)[:\s]*$", re.IGNORECASE)
_FLAGGED = re.compile(r"(?<!\S)--([a-z][a-z-]{2,30})[ =]+(?=[^\s-])")  # ``--api-base https://…``
FENCE = re.compile(r"^\s*(?:```+|~~~+)[\w+. -]{0,30}$")
RULE = re.compile(r"^[\s|:\-=_*+~]+$")
_SHELL = re.compile(r"^\s*(?:export|set|%env)\s+(?=\"?\w+=)", re.IGNORECASE)
_PROPERTY = re.compile(r"^\s*[\w-]+(?:\.[\w-]{1,40}|\.\"[\w-]{1,40}\"){1,8}\s*[=:]")  # ``openai."backup".api-key=``
_SETX = re.compile(r"^\s*(?:setx|ENV|(?:launchctl\s+)?setenv|set\s+-\w{1,3})\s+(\w+)\s+(?!=)", re.IGNORECASE)
# A name of two words and its value, without a sign between (``Base URL https://…``).
_TWO_WORDS = re.compile(r"\b(base url|api key|model (?:name|id)) +(?=(\S{1,300}))", re.IGNORECASE)
_ANY_ADDRESS = ("url", "uri", "链接", "网址")
_LABEL_TEXT = (
    "url baseurl base_url endpoint key apikey api_key api-key token 地址 接口地址 网址 密钥 秘钥 令牌 模型 model models"
)
_LABEL_WORDS = frozenset(_LABEL_TEXT.split())
LONGEST_HEADING = 60
_SHORTEST_WORD = 4  # letters that may be a key
_WIKI_ITEM = re.compile(r"^\s*#+(?=\s*\[https?://)")  # a numbered one of MediaWiki
_REM = re.compile(r"^[ \t]*(?:@?rem[ \t]|::)[ \t]*(?=\S)", re.IGNORECASE)  # a comment of cmd
_SEMICOLON = re.compile(r"^[ \t]*;+[ \t]*(?=[^\s;])")  # a comment of INI, or a separator
_INI = re.compile(r"\s*(?:[\w.-]{1,60}\s*=|\[[\w. -]{1,60}\]\s*$)")
_IMAGE = re.compile(r"FROM[ \t]+(?!http)[^\s/]+/\S+(?:[ \t]+AS[ \t]+\S+)?[ \t]*")  # of a container
_DEFINE = re.compile(r"[ \t]*#define[ \t]+(\w+)[ \t]+(?=\S)")
_LONGEST_LINE = 200_000


_ASSIGNED = re.compile(r"\s*[\w.-]{1,60}\s*[=:]")
_SECTION = re.compile(r"\s*\[{1,2}([\w. -]{1,60})\]{1,2}\s*")


def is_ini(lines: Iterable[tuple[int, str]]) -> bool:
    """Whether any of ``lines`` (number, text) is a section's head or sets a value."""
    return any(_INI.match(text) is not None for _, text in lines)


class TokenReader:
    """Reads lines into tokens; a label without a value is kept for the next line."""

    def __init__(self, is_ini: bool = False) -> None:
        self._pending: tuple[Named, str] | None = None
        self._is_ini = is_ini
        self._is_of_other = False  # the section is another service's (``[webhook]``)

    def read(self, number: int, text: str) -> Line:
        if (remark := self._remark(text)) is not None:
            text = f"# {remark}"
        elif (define := _DEFINE.match(text)) is not None:
            text = f"{define[1]}={text[define.end() :]}"
        line = Line(number, text)
        if text.lstrip()[:1] == "[" and (section := _SECTION.fullmatch(text)) is not None:
            self._is_of_other = is_service_alone(section[1])
        is_other = self._is_of_other and _ASSIGNED.match(text) is not None
        if len(text) > _LONGEST_LINE or is_other or _IMAGE.fullmatch(text) is not None:
            line.words.append("")
            return line
        if "://" in text and (found := _PLAIN_LINE.fullmatch(text)) is not None and _is_plain(found):
            self._pending = None
            _take_plain(line, found)
            return line
        if (field := _PLAIN_FIELD.fullmatch(text)) is not None and _take_field(line, field):
            self._pending = None
            return line
        if self._pending is None and WORDS_ALONE.fullmatch(text) is not None and not _says_more(text):
            line.words.append(text)
            line.blank = not text.strip()
            return line
        content = without_markup(_SPACED.sub(_joined, text) if " :" in text or "/ " in text else text)
        if not content.strip() or FENCE.match(content) or (RULE.match(content) and "-" * 3 in content.replace(" ", "")):
            line.blank = not content.strip()
            return line
        self._fill(line, content)
        return line

    def _remark(self, text: str) -> str | None:
        """What a comment of cmd or INI says; a semicolon with half a pair behind it, or another one, only separates."""
        if (found := _REM.match(text)) is not None:
            return text[found.end() :]
        if (found := _SEMICOLON.match(text)) is None:
            return None
        remark = text[found.end() :]
        if ";" in remark:
            return remark if self._is_ini and _INI.match(remark) is not None else None
        return remark if self._is_ini or ("://" in remark) == cleaning.holds_key(remark) else None

    def _fill(self, line: Line, content: str) -> None:
        if (kept := _without_comment(line, content)) is None:
            return
        command = plain_command(kept)
        line.is_command = command != kept
        content = _as_assignments(_behind(BULLET, _behind(PROMPT, command)))
        named, name = self._pending or (None, "")
        self._pending = None
        at = 0
        for found in URL.finditer(content) if ":/" in content else ():
            if found.start() < at:
                continue
            named, name = self._piece(line, _GLUED.sub(" ", content[at : found.start()]), named, name)
            _add_name(line, named, name)
            if (named is None or named.field is Field.OTHER) and _BACKUP_WORD.search(content[at : found.start()][-20:]):
                named = Named(Field.ADDRESS, backup=True)
            before = content[max(0, found.start() - 60) : found.start()]
            is_where_to_get = (
                named is not None
                and named.field is Field.KEY
                and before.rstrip().endswith((":", "="))
                and re.search(r"sk-|\d", content[found.end() :]) is None
            )
            if _is_other_address(before, named, name):
                at = found.end()
                named, name = (named, name) if _NEXT_IN_LIST.match(content, at) else (None, "")
                continue
            if is_where_to_get or (named is None and _is_of_site(before)):
                named = Named(Field.SITE)
            at = _address(line, content, found, named, name)
            if not (named and named.owner and _NEXT_IN_LIST.match(content, at)):
                named, name = None, ""
        named, name = self._piece(line, content[at:], named, name)
        has_value = bool(line.tokens) or (named is not None and named.field is Field.SITE and bool(line.words))
        if named is not None and not has_value:
            is_empty = _EMPTY_VALUE.search(content) is not None
            self._pending = None if is_empty else (named, name)
            line.empty = named.owner if is_empty and named.field is Field.KEY else ""

    def _piece(self, line: Line, piece: str, named: Named | None, name: str) -> tuple[Named | None, str]:
        """Reads what stands between two addresses; returns the label that is still without a value."""
        if not piece.strip():
            return named, name
        if "---" in piece:
            piece = re.sub(r"-{3,}(?=[\w \u4e00-\u9fff]{1,30}[:=])", "    ", piece)
        line.by_comma = piece.lstrip("\"' ").startswith(",") and bool(line.tokens)
        at = 0
        for start, end, found, text in labels(piece):
            named = self._values(line, piece[at:start], named, name)
            at = end
            if named is None or found.field is not Field.OTHER or text not in _NO_NAMES:
                named, name = found, text
        rest = piece[at:]
        return (self._values(line, rest, named, name), name) if rest.strip(" \t,;|\"'`*<>()[]{}-=") else (named, name)

    def _values(self, line: Line, text: str, named: Named | None, name: str) -> Named | None:
        """Reads words under a label; returns the label again while it has no value yet."""
        stripped = text.strip(" \t,;|\"'`*<>()[]{}")
        if named is not None and _CALL.fullmatch(text) is not None:
            return named
        if named is None or named.field in (Field.OTHER, Field.ENABLED, Field.DISABLED, Field.LOGIN):
            _add_name(line, named, name)
            if named is not None and _is_other_credential(name, stripped):
                return None
            if _IDENTITY.search(name):
                text = " ".join(text.split()[1:])
            self._words(line, text, is_under_other=named is not None)
            return None
        if not stripped:
            return named
        if named.field is Field.SITE:  # "get a key: [here](address)": the words between are its text
            line.words.append(stripped)
            return named
        if named.field is Field.NAME:
            if cleaning.is_prefixed_key(stripped):  # ``渠道：sk-…``
                line.tokens.append(Token(Field.KEY, stripped, labelled=True))
            elif (platform := provider_platform(name, stripped)) is not None:
                line.tokens.append(Token(Field.PLATFORM, platform, labelled=True))
            elif "/" in stripped and kind_of(stripped) is Kind.MODEL:  # an entry of a list of models
                line.tokens.append(Token(Field.MODELS, stripped, labelled=True))
            else:
                line.tokens.append(Token(Field.NAME, stripped, labelled=True))
        elif named.field is Field.MODELS:
            self._models(line, stripped, named.owner)
        elif named.field is Field.PLATFORM:
            self._platform(line, stripped)
        elif named.field is Field.PORT:
            line.tokens.extend([Token(Field.PORT, stripped)] if _PORT.fullmatch(stripped) else [])
        elif named.field is Field.KEY:
            self._key(line, text, named)
        elif not _EXPRESSION.match(text):
            self._host(line, stripped, named, name)
        return None

    def _models(self, line: Line, text: str, owner: str) -> None:
        text = re.sub(r"\s--?[a-z].*$|^\w+\{(?=[\"'])|(?<=\])[^\[]*$", "", text)
        text = _TYPE.sub("", text)
        if (quoted := _QUOTED_WORD.match(text)) is not None or (owner and not re.search(r"[,;|]", text)):
            text = quoted[1] if quoted else text.split()[0]  # ``MODEL="glm-4.6" claude``
        words = text.split()
        if len(words) > 1 and _WORDS.fullmatch(text) and kind_of(words[0]) is not Kind.MODEL:
            return
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
        if (
            _NOTHING.fullmatch(value.strip())
            or cleaning.is_scheme_word(value)
            or _EXPRESSION.match(value)
            or _FLAG.fullmatch(value.strip())
        ):
            return
        if (inside := _IN_ANGLES.fullmatch(value)) is not None and not cleaning.is_key_like(inside[1]):
            line.tokens.append(Token(Field.KEY, f"<{inside[1]}>", True, named.owner, notes))
            return
        words = [word for word in re.split(r"[\s\"'`()\[\]]+", value.strip()) if word.strip(",;|*")]
        if not words:
            return
        is_sentence = words[0].isalpha() and (len(words) > 2 or line.has(Field.KEY) or names_key(" ".join(words[1:])))
        if is_sentence or (kind_of(words[0]) is not Kind.KEY and any(map(cleaning.is_prefixed_key, words[1:]))):
            self._words(line, text)
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
        key = cut_key(first)
        if 0 < len(key) < _SHORTEST_WORD and key.isalpha() and not cleaning.is_placeholder(key):
            line.words.append(key)
        elif key:
            line.tokens.append(Token(Field.KEY, key, True, named.owner, notes))
        else:
            self._words(line, first)
        self._words(line, " ".join(words[joined:]))

    def _host(self, line: Line, text: str, named: Named, name: str) -> None:
        """An address without a scheme behind its label."""
        word, _, rest = text.partition(" ")
        word = word.strip(",;|\"'`*")
        is_path = _PATH_NAME.search(name) is not None and _PATH.fullmatch(word) is not None
        if is_path or (len(word) > 1 and word.startswith("/") and not word.startswith("//")):
            line.tokens.append(Token(Field.PATH, f"/{word.lstrip('/')}", True))
            return
        if cleaning.is_bind_address(word) or (
            name.lower() in ("host", "hostname") and not cleaning.looks_like_host(word)
        ):
            return
        if named.field is Field.ADDRESS and (
            cleaning.looks_like_host(word)
            or re.fullmatch(r"[\w-]+:\d{2,5}(?:/\S*)?", word)
            or cleaning.is_address_placeholder(word)
        ):
            line.tokens.append(Token(Field.ADDRESS, word, True, named.owner, backup=named.backup))
            self._words(line, rest)
        else:
            self._words(line, text, is_under_address=True)

    def _words(self, line: Line, text: str, is_under_other: bool = False, is_under_address: bool = False) -> None:
        if not text.strip():
            return
        named: Named | None = None
        is_of_option = False
        for found in _WORD.finditer(text):
            if found[0].startswith("-") and _OPTION.fullmatch(found[0]):
                is_of_option = found[0].startswith("--")
                continue
            is_under_option, is_of_option = is_of_option, False
            if "." in found[0] and text[found.end() : found.end() + 1] in ("(", "["):  # a call: ``config.models.push(``
                continue
            for word in (found[0],) if found[0].isalpha() and found[0].isascii() else parts_of(found[0], line.by_comma):
                kind = kind_of(word)
                is_other = is_under_other or is_under_option
                is_id = is_other and kind is Kind.KEY and not cleaning.is_prefixed_key(word)
                if is_id or ((is_under_address or is_other) and kind is Kind.WEAK):
                    line.words.append(word)  # an id, a hash, another secret; the name of a server
                else:
                    named = self._word(line, word, named)

    def _word(self, line: Line, word: str, named: Named | None) -> Named | None:
        kind = kind_of(word)
        if kind is Kind.KEY or (
            kind is Kind.PLACEHOLDER
            and (
                (named and named.field is Field.KEY)
                or word.startswith("sk-")
                or (word.lower().startswith(("your-", "your_", "<", "$")) and line.has(Field.ADDRESS))
            )
        ):
            line.tokens.append(Token(Field.KEY, word))
        elif kind is Kind.MODEL and not word.isalpha():  # ``claude`` alone is a maker or a program
            line.tokens.append(Token(Field.MODELS, word))
        elif kind is Kind.HOST:
            line.lead = line.lead or len(line.words)
            line.hosts.append(word)
        elif word.lower() in _LABEL_WORDS and (found := field_of(word)) is not None:
            return found
        elif kind in (Kind.WEAK, Kind.TEXT) and _JOINED_KEY.match(word) is not None:
            line.tokens.append(Token(Field.KEY, word))  # the row tells that it may be several
        elif kind is Kind.WEAK and not (named and named.field is Field.ADDRESS):
            line.weak.append(word)
        else:
            line.words.append(word)
        return None


def _says_more(words: str) -> bool:
    return is_label_alone(words) or cleaning.is_key_of_letters(words.strip())


def _add_name(line: Line, named: Named | None, name: str) -> None:
    """Adds an unknown label, which may be the name of a relay, or its key."""
    if named is not None and named.field is Field.OTHER and 0 < len(name) <= 30 and not is_detail(name):
        (line.weak if cleaning.is_key_of_letters(name) else line.words).append(name)


def _joined(found: re.Match[str]) -> str:
    return re.sub(r"\s", "", found[0])


def _is_plain(found: re.Match[str]) -> bool:
    name, model = found["name"], found["model"]
    return (
        kind_of(found["key"]) is Kind.KEY
        and (name is None or (kind_of(name) in (Kind.TEXT, Kind.WEAK) and field_of(name) is None))
        and (model is None or kind_of(model) is Kind.MODEL)
    )


def _take_plain(line: Line, found: re.Match[str]) -> None:
    page = root_of(found["address"], False).page
    line.is_pair = not page
    line.tokens = [Token(Field.SITE if page else Field.ADDRESS, found["address"]), Token(Field.KEY, found["key"])]
    if found["model"]:
        line.tokens.append(Token(Field.MODELS, found["model"]))
    if found["name"]:
        line.words, line.lead = [found["name"]], 1


def _take_field(line: Line, found: re.Match[str]) -> bool:
    """Takes the address or key, if its name says that it is one."""
    name, address, key = found["name"], found["address"], found["key"]
    if (named := meaning_of(name)) is None:
        return False
    if named.field is Field.ADDRESS and address:
        _take_address(line, address, named, False, name.lower() in _ANY_ADDRESS)
    elif named.field is Field.KEY and key and kind_of(key) is Kind.KEY:
        line.tokens.append(Token(Field.KEY, key, True, named.owner))
    else:
        return False
    return True


def _as_assignments(content: str) -> str:
    """``content`` with the ways in which shells and languages set a value written as ``name=value``."""
    if content.lstrip().startswith("|") and (row := _variable_of_row(content)):
        return row
    cells = _CELLS.fullmatch(content)
    if cells is not None and field_of(cells[1]) is not None and cells[2].lower() not in ("value", "值"):
        return f"{cells[1]}: {cells[2]}"
    content = _TWO_WORDS.sub(lambda found: f"{found[1]}: " if _is_value(found[2]) else found[0], content)
    if "$env:" in content.lower():
        content = re.sub(r"\$env:", " ", content, flags=re.IGNORECASE)
    if _ADJACENT_SIGN.search(content) is not None:
        content = _ADJACENT.sub(r"\1=", content)
    if '."' in content:
        content = _PROPERTY.sub(lambda found: found[0].replace('"', ""), content)
    if "--" in content:
        content = _FLAGGED.sub(_as_label, content)
    content = _behind(_SHELL, content)
    setx = _SETX.match(content)
    return content if setx is None else f"{setx[1]}={content[setx.end() :]}"


def _behind(start: re.Pattern[str], text: str) -> str:
    """``text`` without what ``start`` finds at its beginning (``sub`` would look for it everywhere)."""
    found = start.match(text)
    return text if found is None else text[found.end() :]


def _variable_of_row(content: str) -> str:
    """A row of a table that begins with a variable's name (``| LLM_MODEL | explanation | gpt-5 |``), with its value."""
    name, *cells = (cell.strip(" `*") for cell in content.strip(" |").split("|"))
    values = filter(_is_value, cells)
    return f"{name}: {next(values, '')}" if len(cells) > 1 and field_of(name) is not None else ""


def _is_value(word: str) -> bool:
    return cleaning.has_scheme(word) or kind_of(word) in (Kind.KEY, Kind.MODEL)


def _as_label(found: re.Match[str]) -> str:
    named = field_of(found[1])
    return f" {found[1]}: " if named and named.field in (Field.ADDRESS, Field.KEY, Field.MODELS) else found[0]


def _without_comment(line: Line, content: str) -> str | None:
    """The content without a comment at its end; None for a line that is a heading or commented out altogether."""
    if "#" not in content and "//" not in content:
        return content
    content = _WIKI_ITEM.sub(" ", content)
    commented = re.match(r"\s*(#{1,6}|//+)\s*(.*)$", content)
    if commented is not None:
        return _heading(line, *commented.groups())
    found = _COMMENT.search(content) if _CHEAP_COMMENT.search(content) else None
    if found is None:
        return content
    line.comment = found[0].strip(" #/")
    return content[: found.start()]


def _heading(line: Line, sign: str, text: str) -> str | None:
    """Keeps a heading for what follows; returns the text of one that is itself an address."""
    if not sign.startswith("#"):
        return None
    found = URL.search(text)
    if found is None:
        if not ("sk-" in text or cleaning.holds_key(text) or re.match(r"\w+\s*=", text)):
            line.heading = text[:LONGEST_HEADING]
        return None
    is_address = found.start() < 5 or len(sign) > 1
    return text if is_address and not re.search(r"\w\s*=|key|sk-", text, re.IGNORECASE) else None


def _address(line: Line, content: str, found: re.Match[str], named: Named | None, name: str) -> int:
    """Takes the address or link that begins at ``found``; returns where it ends."""
    word = found[0]
    line.lead = line.lead or len(line.words)
    if is_link(word):
        whole = content[found.start() :].split(maxsplit=1)[0] if word[:4].lower() == "http" else word
        line.link = draft_of_link(line.number, whole)
        return found.start() + len(whole)
    if word[:4].lower() != "http":
        line.words.append(word)
        return found.end()
    address = cleaning.cut_address(word)
    if not address or (len(address) < 9 and "://" in address[-4:]):
        return found.end()
    if content[found.end() : found.end() + 1] in ("{", "<") or _BRACKETED.match(content, found.end()):
        template = _PLACEHOLDER_URL.match(content, found.start())
        address = template[0] if template else address
    before = content[max(0, found.start() - 60) : found.start()]
    is_called = _CALLED.search(before) is not None or (line.is_command and not _CREDENTIAL.search(content))
    is_other_call = is_called and not has_api_form(address)
    about = is_other_call or _ABOUT_PAGE.search(before) is not None
    _take_address(line, address, named, about, name.lower() in _ANY_ADDRESS)
    return found.start() + max(len(address), 1)


def _is_other_address(before: str, named: Named | None, name: str) -> bool:
    """Whether an address is that of another service (``APP_URL=``), or one on which a program listens."""
    is_unknown = named is not None and named.field is Field.OTHER
    is_variable = before.rstrip("\"' ").endswith("=") and name.isupper() and _RELAY_NAME.search(name) is None
    return (
        is_unknown and (is_variable or _OTHER_ADDRESS.fullmatch(name) is not None or is_other_service(name))
    ) or _SERVED.search(before) is not None


def _is_other_credential(name: str, value: str) -> bool:
    """Whether a value is that of another service, or of a program's own (``SECRET_KEY=``, ``ANON_KEY=eyJ…``)."""
    is_own = name == "SECRET_KEY" or (_OTHER_CREDENTIAL.fullmatch(name) is not None and not value.startswith("sk-"))
    return is_own or is_other_service(name)


def _is_of_site(before: str) -> bool:
    """Whether the word directly before an address says that it is a page (``查询额度 https://…``)."""
    word = before.split()[-1].strip(",;.:-") if before[-1:].isspace() and before.strip() else ""
    if word.isascii():
        return is_service_alone(word)
    return word[-1] != "了" and (named := field_of(word)) is not None and named.field is Field.SITE


def _take_address(line: Line, address: str, named: Named | None, about: bool, is_any: bool) -> None:
    """Adds an address, or a site if its label, its path or the words before it (``about``) say so; one only once a line.

    Its label may be one for addresses of ``any`` kind (``url``).
    """
    labelled = named is not None and named.field is Field.ADDRESS
    is_site = named is not None and named.field is Field.SITE
    is_page = (is_any or not labelled) and (
        about or address.startswith("http://0.0.0.0") or root_of(address, False).page
    )
    kind = Field.SITE if is_site or is_page else Field.ADDRESS
    if (kind, address.rstrip("/")) in line.taken:
        return
    line.taken.add((kind, address.rstrip("/")))
    line.tokens.append(
        Token(kind, address, labelled, named.owner if named else "", backup=bool(named and named.backup))
    )
