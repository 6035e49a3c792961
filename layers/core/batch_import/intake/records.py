"""Lines of text, whose tokens are put together to drafts.

Labelled blocks, addresses with keys below, separators of every kind, variables, commands, links.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import eq

from batch_import.intake.cleaning import is_api_path, is_prefixed_key
from batch_import.intake.commands import joined_lines
from batch_import.intake.fields import Field, Named, field_of, is_unknown_maker, platform_of
from batch_import.intake.labels import is_detail
from batch_import.intake.line import Line, Token
from batch_import.intake.pairing import are_rivals, joined_halves, paired
from batch_import.intake.roots import root_of, with_path, with_port
from batch_import.intake.rows import Draft
from batch_import.intake.settling import heading_of, settle
from batch_import.intake.texts import Note
from batch_import.intake.tokens import FENCE, TokenReader, is_ini

_LONGEST_NAME = 300  # characters before a key
_LONGEST_TYPED = 2_000  # characters of a line that a person wrote, and broke a key in
_OF_VALUE = re.compile(r"url|key|token|base|endpoint|model|地址|密钥|令牌|模型", re.IGNORECASE)  # no heading
_SHARED = re.compile(
    r"共用|共享|通用|同一|都用|都是这个|\b(?:shared|same) (?:api )?(?:key|token)|\bfor (?:all|both)\b", re.IGNORECASE
)
_MORE = re.compile(
    r"备|另|又|还有|新|换|第[二三四五]|\b(?:new|rotated|second|another|backup|spare|alternative|or|and|also|plus|extra)\b",
    re.IGNORECASE,
)
_UNSET = re.compile(r"(?:\bunset\s+|\bRemove-Item\s+Env:)([\w ]{1,300})")
_OFFICIAL = re.compile(r"官方|官key|\bofficial\b", re.IGNORECASE)
_ABOUT_MODELS = re.compile(
    r"模型\s*(?:用|选|填|是|为|有)|(?:モデル|모델)\s*[はが은는]|\b(?:model(?:s|le|li)?|modelos?|модел[ьи])\s+(?:is|are|es|son|ist|sind|est|sono|é|—|-)(?=\s)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Found:
    drafts: list[Draft]
    ignored: list[tuple[int, str]]


def read_lines(lines: Sequence[tuple[int, str]], invisible: frozenset[int] = frozenset()) -> Found:
    """Drafts of all lines (number, text without invisible characters), and the lines that none came from."""
    reader = TokenReader(any(text.lstrip()[:1] == ";" for _, text in lines) and is_ini(lines))
    read = [reader.read(number, text) for number, text in joined_lines(lines)]
    for line in read:
        line.invisible = line.number in invisible
    if (last := next((line for line in reversed(read) if not line.blank), None)) is not None:
        _mark_cut(last)
    return Records().of(read)


def _mark_cut(last: Line) -> None:
    """Takes a value back that begins with a quotation mark and has none behind it where the text ends."""
    if not last.tokens or last.text.count('"') % 2 == 0:
        return
    token = last.tokens[-1]
    if token.value and last.text.endswith(f'"{token.value}'):
        token.value, token.notes = "", (*token.notes, Note.CUT_OFF)


class Records:
    """Puts tokens of lines together to drafts."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.ignored: list[tuple[int, str]] = []
        self.current: Draft | None = None
        self.key_first = False
        self.keys_lead = False  # the key of the last pair stood above its address
        self.is_entry = False  # the current draft is one line with address and key
        self.is_shared = False  # the current key is for every address below it
        self.heading: tuple[int, str, str] | None = None
        self.variables: dict[str, Draft] = {}
        self.consecutive = 0
        self.last_key, self.last_text = 0, ""  # its line
        self.labelled_address = 0  # the line of the last one: another one indented below it is one more
        self.is_split = False  # keys wait for addresses of their names
        self.name_of: dict[str, str] = {}  # a key's own
        self.begin = 0  # the first line of the paragraph
        self.labelled_models: list[tuple[Draft, str]] = []
        self.models_of: list[tuple[int, Token]] = []  # models of variables (``OPENAI_MODEL``)
        self.filled: dict[tuple[str, Field], int] = {}  # the line that filled an owner's field

    def of(self, lines: Sequence[Line]) -> Found:
        _drop_lone_owners(lines)
        paragraph: list[Line] = []
        for line in lines:
            if line.blank:
                self._paragraph(paragraph)
                paragraph = []
            else:
                paragraph.append(line)
        self._paragraph(paragraph)
        self._end(lines)
        return Found(self.drafts, self.ignored)

    def _paragraph(self, lines: Sequence[Line]) -> None:
        if not lines:
            return
        self.begin = lines[0].number
        for line in lines:
            if not line.is_pair:
                settle(line)
        order = [token.field for line in lines for token in line.tokens if token.field in (Field.ADDRESS, Field.KEY)]
        backup = next((token.backup for line in lines for token in line.tokens if token.field is Field.ADDRESS), False)
        if order.count(Field.ADDRESS) > 1 and Field.KEY not in order:
            self._split_keys()
        waiting = self.current is not None and not self.current.addresses and Field.KEY not in order
        if Field.ADDRESS in order and not waiting and not (backup and Field.KEY not in order):
            self._close()
        for line in lines:
            self._line(line)

    def _split_keys(self) -> None:
        """Makes an entry of each key that waits for an address, because several follow: their names may say which."""
        if (current := self.current) is None or current.addresses or len(current.keys) < 2:
            return
        first, *others = current.keys
        self.drafts.extend(Draft(current.line, keys=[key], label=self.name_of.get(key)) for key in others)
        current.keys, current.label = [first], self.name_of.get(first)
        self.is_split = True
        self._close()

    def _line(self, line: Line) -> None:
        if line.is_pair:
            self._pair(line)
            return
        if "unset" in line.text or "Env:" in line.text:
            self._forget(line.text)
        if line.link is not None:
            self._close()
            self.drafts.append(line.link)
        if not line.tokens:
            self._no_tokens(line)
            return
        fields = {token.field for token in line.tokens}
        if line.is_command and {Field.SITE, Field.KEY} <= fields:  # its key is not the one of the relay above
            self._close()
        if {Field.ADDRESS, Field.KEY} <= fields and not any(
            token.owner for token in line.tokens if token.field is not Field.MODELS
        ):
            self._whole_line(line)
            return
        by_form = fields <= {Field.MODELS, Field.PLATFORM} and not any(token.labelled for token in line.tokens)
        above = self._heading_above(line)
        if by_form and ((line.words and not _ABOUT_MODELS.search(line.text)) or (above and is_detail(above))):
            self._no_tokens(line)
            return
        owner = next((token.owner for token in line.tokens if token.owner and token.field is not Field.MODELS), "")
        for token in line.tokens:
            self._token(line, token if token.owner or token.field is not Field.MODELS else replace(token, owner=owner))
        self._label(line)

    def _pair(self, line: Line) -> None:
        """What ``_whole_line`` does, at once, for the usual line."""
        label = line.words[0] if line.words else self._heading_text()
        values = [token.value for token in line.tokens]
        notes = [Note.INVISIBLE_REMOVED] * line.invisible
        self._close()
        self.current = Draft(line.number, values[:1], values[1:2], values[2:], label, notes=notes)
        self.drafts.append(self.current)
        self.is_entry, self.last_key, self.last_text = True, line.number, line.text

    def _whole_line(self, line: Line) -> None:
        """A line that holds addresses and keys stands for itself."""
        self._close()
        tokens = _without_trailing_address(line.tokens)
        for token in tokens:
            self._token(line, token)
        self.is_entry = True
        if self.current and len(tokens) < len(line.tokens):
            self.current.notes.append(Note.ADDRESS_SET_ASIDE)
        if self.current and len(self.current.addresses) > 1:
            kinds = [token.field for token in tokens if token.field in (Field.ADDRESS, Field.KEY)]
            self.current.unclear = len(self.current.keys) > 1 and any(map(eq, kinds, kinds[1:]))
        self._label(line)

    def _token(self, line: Line, token: Token) -> None:
        if token.owner and token.field in (Field.ADDRESS, Field.KEY):
            self._variable(line, token)
        elif token.owner and token.field is Field.MODELS:
            is_here = line.number in (self.filled.get((token.owner, one)) for one in (Field.ADDRESS, Field.KEY))
            if is_here:  # ``…_URL=… …_TOKEN=… claude --model opus``
                self.variables[token.owner].models.append(token.value)
            else:
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
        is_more = token.field is Field.KEY and self._began_with_address(token.owner)
        if draft is None or (taken and not is_more and self.filled.get((token.owner, token.field)) != line.number):
            doubtful = is_unknown_maker(token.owner)
            draft = self.variables[token.owner] = Draft(line.number, about=token.owner, doubtful=doubtful)
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

    def _forget(self, text: str) -> None:
        """Ends the pairs whose address a command unsets: a key behind it belongs to no relay above."""
        unset = _UNSET.search(text)
        for name in unset[1].split() if unset else ():
            if (named := field_of(name)) is not None and named.field is Field.ADDRESS:
                self.variables.pop(named.owner, None)

    def _began_with_address(self, owner: str) -> bool:
        """Whether an owner's address stands above its keys: another key is one more for it."""
        address = self.filled.get((owner, Field.ADDRESS))
        return address is not None and address <= self.filled.get((owner, Field.KEY), 0)

    def _address(self, line: Line, token: Token) -> None:
        current = self.current
        is_below = self.labelled_address == line.number - 1 and line.text[:4].isspace()
        self.labelled_address = line.number if token.labelled and not line.text[:1].isspace() else 0
        last = current.addresses[-1] if current is not None and current.addresses else ""
        is_bare = current is not None and not current.keys
        is_another = token.backup and last and (is_bare or (token.labelled and last != token.value))
        if current is not None and (self.is_shared or is_below or is_another):
            current.addresses.append(token.value)
        elif current is not None and current.keys and not last:
            self.key_first = self.keys_lead = True
            current.guessed = self._is_of_rival(line, token, current)
            current.addresses.append(token.value)
            self._noted(line, token, current)
        elif current is not None and last and is_bare and self._follows(line, current):
            current.addresses.append(token.value)
            current.unclear = True
            self.consecutive += 1
            self._noted(line, token, current)
        else:
            self._first_address(line, token)

    def _follows(self, line: Line, current: Draft) -> bool:
        """Whether an address follows that of ``current`` without a key between them."""
        return current.line == line.number or (self.consecutive > 0 and not self.is_split)

    def _first_address(self, line: Line, token: Token) -> None:
        current = self.current
        is_empty = current is not None and not current.addresses and not current.keys
        draft = current if current is not None and is_empty else self._open(line)
        draft.line = line.number
        draft.addresses.append(token.value)
        draft.about = draft.about or self._name(line, token)
        self.key_first = False
        self.consecutive = 1
        self._noted(line, token, draft)

    def _key(self, line: Line, token: Token) -> None:
        current = self.current
        self.consecutive = 0
        is_bare = current is not None and current.addresses and not current.keys and current.line < self.begin
        if (
            current is None
            or (self.key_first and current.complete)
            or (self.keys_lead and is_bare)
            or self._is_next_entry(line, token)
        ):
            current = self._open(line)
            self.is_shared = _SHARED.search(line.text) is not None
        elif self._is_apart(line, token, current) or (current.addresses and self._is_of_rival(line, token, current)):
            above = current
            current = self._open(line) if current.keys else current
            current.addresses = above.addresses
            current.guessed = True
        elif current.keys and self._is_under_new_heading():
            above = current
            current = self._open(line)
            current.addresses.extend(above.addresses)
            current.site = above.site
            current.notes.extend([Note.ADDRESS_FROM_ABOVE] if above.addresses else [])
        elif current.addresses and self.heading is not None and not current.keys and current.label is None:
            current.label = self._heading_text()
        if self._is_rest_of_key(line, token.value) and not token.labelled:
            current.keys[-1] += f"\n{token.value}"
        else:
            if not (current.addresses or current.keys):
                current.about = current.about or self._name(line, token)
            self.name_of[token.value] = " ".join(self._names(line, token)).removesuffix("的")
            current.keys.append(token.value)
        self.last_key, self.last_text = line.number, line.text
        current.unclear = current.unclear and not _SHARED.search(line.text)
        self._noted(line, token, current)

    def _is_next_entry(self, line: Line, token: Token) -> bool:
        """Whether a key below a line that holds address and key has a name of its own: its address is missing."""
        names = self._names(line, token) if self.is_entry else []
        self.is_entry = self.is_entry and not any(map(_MORE.search, names))
        return bool(names) and self.is_entry

    def _is_apart(self, line: Line, token: Token, current: Draft) -> bool:
        """Whether a key below a pair has another's name: in a list with a paragraph of its own, or the vendor's."""
        names = self._names(line, token) if current.complete else []
        is_listed = self.last_key < self.begin and len(self.drafts) > 1 and self.drafts[-2].complete
        return bool(names) and (is_listed or any(map(_OFFICIAL.search, names)))

    def _is_of_rival(self, line: Line, token: Token, current: Draft) -> bool:
        """Whether a line names another relay or vendor than that of the current address or key did."""
        is_apart = bool(current.about) and line.number not in (current.line, self.last_key)
        return is_apart and are_rivals(current.about, self._name(line, token))

    def _name(self, line: Line, token: Token) -> str:
        """What stands before an address or key, or the heading directly above it."""
        before = line.text.partition(token.value or " ")[0][-_LONGEST_NAME:].strip(" -*>|")
        named = field_of(before) if before else Named(Field.OTHER)
        return before if named is None or named.owner else self._heading_above(line)

    def _heading_above(self, line: Line) -> str:
        return self.heading[1] if self.heading is not None and self.heading[0] == line.number - 1 else ""

    def _names(self, line: Line, token: Token) -> list[str]:
        """The words of a line before its first key."""
        if not token.value or self.last_key == line.number:
            return []
        before = line.text.partition(token.value)[0][-_LONGEST_NAME:]
        return [word for word in line.words[:_LONGEST_NAME] if word in before and not word.isdigit()]

    def _is_rest_of_key(self, line: Line, word: str) -> bool:
        """Whether ``word`` may be the rest of the key before it, a blank or a line's end between: a person says so."""
        begun, _, above = (self.current.keys[-1] if self.current and self.current.keys else "").rpartition("\n")
        if self.last_key not in (line.number, line.number - 1) or len(line.text) > _LONGEST_TYPED:
            return False
        if is_prefixed_key(word) or not is_prefixed_key((begun or above).partition("\n")[0]):
            return False
        if self.last_key == line.number:
            return f"{above} {word}" in " ".join(line.text.split())
        return self.last_text.rstrip().endswith(above) and line.text.strip(" \t>") == word

    def _is_under_new_heading(self) -> bool:
        return self.heading is not None and self.heading[0] > self.last_key and not is_detail(self.heading[1])

    def _noted(self, line: Line, token: Token, draft: Draft) -> None:
        draft.notes.extend(token.notes)
        if line.invisible:
            draft.notes.append(Note.INVISIBLE_REMOVED)

    def _detail(self, line: Line, token: Token) -> None:
        current = self.current
        if token.field in (Field.PATH, Field.PORT):
            complete = with_path if token.field is Field.PATH else with_port
            if current is not None and current.addresses:
                current.addresses[-1] = complete(current.addresses[-1], token.value)
            return
        if token.field is Field.NAME:
            if current is None or current.complete or current.label:
                current = self._open(line)
            current.label = current.about = token.value
            return
        if token.field is Field.SITE:
            if current is None or (current.keys and current.line < self.begin):
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
            if token.labelled:
                self.labelled_models.append((current, token.value))
        elif token.field is Field.PLATFORM:
            current.platform = platform_of(token.value)

    def _no_tokens(self, line: Line) -> None:
        heading = line.heading or heading_of(line)
        if heading and (line.heading or field_of(heading) is None or not _OF_VALUE.search(heading)):
            self.heading = (line.number, heading, line.text)
            if self.current is not None and self.current.complete and self.key_first:
                self._close()
            return
        if line.text.strip() and line.link is None and not FENCE.match(line.text):
            self.ignored.append((line.number, line.text))

    def _label(self, line: Line) -> None:
        """Words beside an address or key become its label."""
        current = self.current
        if current is None or (current.label and not (line.lead and current.label == self._heading_text())):
            return
        beside = line.words[: line.lead] or line.words or [line.comment]
        words = _as_written([word for word in beside if word.strip(" -=:|&")], line.text).removesuffix("的")
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
        self.key_first = self.is_entry = self.is_shared = False
        self.consecutive = 0

    def _models_of_variables(self) -> None:
        """Gives models of variables to the pair whose name begins the same, else to the only pair, else to the last."""
        if len(self.variables) == 1:
            [only] = self.variables.values()
            only.models.extend(model for draft, model in self.labelled_models if not (draft.addresses or draft.keys))
        lines = sorted((draft.line, at) for at, draft in enumerate(self.drafts))
        for number, token in self.models_of:
            if (draft := self._owner_of(token) or self._above(number, lines)) is not None:
                draft.models.append(token.value)

    def _owner_of(self, token: Token) -> Draft | None:
        """The pair of variables whose name begins as that of ``token`` or goes on from it, or the only pair."""
        for end in range(len(token.owner), 0, -1):
            if (draft := self.variables.get(token.owner[:end])) is not None:
                return draft
        longer = [
            draft for owner, draft in self.variables.items() if owner.startswith(token.owner)
        ]  # ``A_MODEL_API_KEY``
        return (
            next(iter(self.variables.values())) if len(self.variables) == 1 else longer[0] if len(longer) == 1 else None
        )

    def _above(self, number: int, lines: Sequence[tuple[int, int]]) -> Draft | None:
        """Where there are no variables: the draft above line ``number``, or the first one."""
        if self.variables or not lines:
            return None
        return self.drafts[lines[max(bisect_right(lines, (number, len(lines))) - 1, 0)][1]]

    def _end(self, lines: Sequence[Line]) -> None:
        self._models_of_variables()
        self.drafts = joined_halves(self.drafts)
        kept = []
        is_left = any(draft.addresses and not draft.keys for draft in self.drafts)
        sites = _sites(self.drafts) if is_left else set()
        roots = {
            root_of(one).base_url for draft in self.drafts if is_left and draft.complete for one in draft.addresses
        }
        entries = {line.number for line in lines if _is_entry(line)} if roots else set()
        for draft in self.drafts:
            if not draft.keys and len(draft.addresses) > 1:
                draft.addresses = [one for one in draft.addresses if _site_of(one) not in sites] or draft.addresses
            if (
                not draft.keys
                and draft.addresses
                and all(
                    _is_page_of(one, sites)
                    or (bool(roots) and draft.line not in entries and not is_api_path(one))
                    or (root_of(one).base_url in roots and draft.line not in entries)
                    for one in draft.addresses
                )
            ):
                self.ignored.append((draft.line, " ".join(draft.addresses)))
            elif draft.addresses or draft.keys:
                kept.append(draft)
            elif draft.site:
                self.ignored.append((draft.line, draft.site))
        self.drafts = [part for draft in kept for one in paired(draft) for part in self._by_name(one)]
        self.ignored.sort()

    def _by_name(self, draft: Draft) -> list[Draft]:
        """One draft a key, where each of several has a name of its own; that is its label."""
        names = {key: name for key in draft.keys if (name := self.name_of.get(key))}
        if len(names) < 2 or len(set(names.values())) != len(draft.keys) or len(draft.addresses) != 1:
            return [draft]
        notes = [*draft.notes, Note.SEVERAL_KEYS]
        return [replace(draft, keys=[key], label=name, notes=notes) for key, name in names.items()]


def _is_entry(line: Line) -> bool:
    """Whether the line begins with an address and says more of it: it lists a relay, also one that stands elsewhere."""
    first, text = (line.tokens[0] if line.tokens else None), line.text.strip()
    return first is not None and first.field is Field.ADDRESS and text.startswith(first.value) and text != first.value


def _as_written(words: Sequence[str], text: str) -> str:
    """Words with a blank between them where ``text`` has one (``A站``)."""
    written = ""
    for word in words[:50]:
        last = written.rpartition(" ")[2]
        written += word if not written or f"{last}{word}" in text else f" {word}"
    return written


def _drop_lone_owners(lines: Sequence[Line]) -> None:
    """Takes owners away from keys whose owner has no address where addresses have none, and the other way round.

    So ``OPENAI_API_KEY: …`` below ``地址：…`` belongs to it, and ``OPENAI_API_KEY_2`` to ``OPENAI_BASE_URL``.
    """
    tokens = [token for line in lines for token in line.tokens if token.labelled]
    empty = {line.empty for line in lines if line.empty}
    for field, other in ((Field.ADDRESS, Field.KEY), (Field.KEY, Field.ADDRESS)):
        owners = {token.owner for token in tokens if token.field is other} | empty
        for token in tokens:
            if token.field is field and token.owner not in owners:
                shorter = (token.owner.rstrip("0123456789"), "")
                token.owner = next((owner for owner in shorter if owner in owners), token.owner)


def _sites(drafts: Sequence[Draft]) -> set[str]:
    """The domains of complete pairs: a bare address of one of them without a key is the relay's home page."""
    hosts = {
        address.split("/")[2] for draft in drafts if draft.complete for address in draft.addresses if "://" in address
    }
    return {host.split(".", at)[-1] for host in hosts for at in range(host.count("."))}


def _site_of(address: str) -> str:
    """The domain of an address without a path, ``www.`` left out; empty for any other address."""
    found = re.fullmatch(r"(?:https?://)?(?:www\.)?([^/]+)/?", address)
    return found[1] if found else ""


def _is_page_of(address: str, sites: set[str]) -> bool:
    """Whether an address without a key is the page of a relay in ``sites``, or of a person (``www.``) beside them."""
    return _site_of(address) in sites or (bool(sites) and re.fullmatch(r"https?://www\.[^/]+/?", address) is not None)


def _without_trailing_address(tokens: list[Token]) -> list[Token]:
    """The tokens without an address behind the keys, where one stands before them as well (``url key homepage``)."""
    order = [token.field for token in tokens if token.field in (Field.ADDRESS, Field.KEY)]
    if order[0] is Field.KEY or order[-1] is Field.KEY:
        return tokens
    last = max(at for at, token in enumerate(tokens) if token.field is Field.ADDRESS)
    return tokens[:last] + tokens[last + 1 :]
