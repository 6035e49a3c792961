"""The rows of an intake: their types, and how drafts of all readers become rows."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain
from typing import Any

from batch_import.domain.types import Platform
from batch_import.intake import cleaning
from batch_import.intake.masking import cores, mask_key, masked, without
from batch_import.intake.roots import Root, has_api_form, root_of
from batch_import.intake.texts import Note

MOST_MODELS = 50
MOST_CHOICES = 10
LONGEST_LABEL = 100
LONGEST_MODEL = 200
LONGEST_EXCERPT = 160


class RowStatus(StrEnum):
    READY = "ready"
    DUPLICATE = "duplicate"
    INCOMPLETE = "incomplete"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Choice:
    """One reading of an ambiguous row: its name, the pairs that it stands for, and how they are shown."""

    name: str
    shown: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One address and key as they were read; ``line`` is the first line of the pair, both counted from 1."""

    row: int
    line: int
    status: RowStatus
    base_url: str
    base_url_as_written: str
    api_key_masked: str
    requested_models: tuple[str, ...] = ()
    label: str | None = None
    platform: Platform | None = None
    notes: tuple[Note, ...] = ()
    of_row: int | None = None
    choices: tuple[Choice, ...] = ()
    api_key: str = field(default="", repr=False)
    legacy_provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class IgnoredLine:
    """``of_row`` is the earlier row whose address stands here again, and nothing else."""

    line: int
    text_masked: str
    of_row: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    ready: int
    duplicate: int
    incomplete: int
    ambiguous: int
    ignored: int


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that was read from a text; ``format`` is the form that was found."""

    rows: tuple[ParsedRow, ...]
    ignored: tuple[IgnoredLine, ...]
    summary: Summary
    format: str


@dataclass(slots=True)
class Draft:
    """What a reader found together, still as it was written."""

    line: int
    addresses: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list, repr=False)
    models: list[str] = field(default_factory=list)
    label: str | None = None
    platform: Platform | None = None
    notes: list[Note] = field(default_factory=list)
    legacy_provider_id: str | None = None
    exact: bool = False
    site: str = ""
    unclear: bool = False
    about: str = ""  # what stands before its address or key, or owns its variables
    guessed: bool = False  # the address may be another one's, and a person says whether it is meant
    doubtful: bool = False  # the names are those of an unknown service

    @property
    def complete(self) -> bool:
        return bool(self.addresses and self.keys)


@dataclass(frozen=True, slots=True)
class _Key:
    """A key, or why there is none; ``parts`` are those of a text that may be several keys."""

    text: str
    notes: tuple[Note, ...] = ()
    parts: tuple[str, ...] = ()


def rows_of(
    drafts: Iterable[Draft], repeats: frozenset[int] = frozenset(), merges: bool = False
) -> tuple[ParsedRow, ...]:
    """Rows of all drafts, numbered from 1, repeated pairs marked.

    A pair or a key in a line of ``repeats`` is only referred to there, and no row of its own; so is a pair in the very
    line of its first one where the text merges an entry into others (``merges``, of YAML).
    """
    first: dict[tuple[str, str, str | None], int] = {}  # the same pair for another platform is an account of its own
    rows: list[dict[str, Any]] = []
    keys: set[str] = set()
    for row in chain.from_iterable(map(_expanded, drafts)):
        pair = (row["base_url"], row["api_key"], row["platform"])
        if row["status"] is RowStatus.READY and (at := first.setdefault(pair, len(rows))) < len(rows):
            original = rows[at]
            if not repeats.isdisjoint((row["line"], original["line"])) or (merges and row["line"] == original["line"]):
                models = dict.fromkeys((*original["requested_models"], *row["requested_models"]))
                original["requested_models"] = tuple(models)[:MOST_MODELS]
                continue
            row |= {"status": RowStatus.DUPLICATE, "of_row": at + 1, "notes": (*row["notes"], Note.SAME_PAIR)}
        if not row["base_url"] and row["line"] in repeats and row["api_key"] in keys:
            continue
        keys.add(row["api_key"])
        rows.append(row)
    return _without_keys([ParsedRow(number, **row) for number, row in enumerate(rows, start=1)])


def summary_of(rows: Sequence[ParsedRow], ignored: Iterable[IgnoredLine]) -> Summary:
    counted = dict.fromkeys(RowStatus, 0)
    for row in rows:
        counted[row.status] += 1
    unread = sum(one.of_row is None for one in ignored)
    return Summary(**{status.value: number for status, number in counted.items()}, ignored=unread)


_MAY_HOLD_KEY = frozenset({Note.QUERY_REMOVED, Note.CREDENTIALS_REMOVED})  # of an address


def ignored_lines(lines: Sequence[tuple[int, str]], rows: Sequence[ParsedRow]) -> tuple[IgnoredLine, ...]:
    """Lines that no row came from, as short excerpts without keys."""
    hidden = cores(_keys(rows)) if lines else frozenset()
    first = {row.base_url: row for row in reversed(rows) if row.base_url and row.api_key}

    def told(number: int, text: str) -> IgnoredLine:
        root = root_of(text) if "://" in text else Root("")
        row = None if _MAY_HOLD_KEY.intersection(root.notes) else first.get(root.base_url)
        of_row = row.row if row is not None and row.line < number else None
        return IgnoredLine(number, masked(text[:1000], hidden)[:LONGEST_EXCERPT], of_row)

    return tuple(told(number, text.strip()) for number, text in lines)


def _keys(rows: Iterable[ParsedRow]) -> Iterator[str]:
    for row in rows:
        if row.api_key:
            yield row.api_key
        for choice in row.choices:
            yield from (key for _, key in choice.pairs)


def _without_keys(rows: Sequence[ParsedRow]) -> tuple[ParsedRow, ...]:
    """The same rows; no key of any of them stands in another attribute than ``api_key``."""
    hidden = cores(key for key in _keys(rows) if len(key) >= 8)
    return tuple(_hiding(row, hidden) for row in rows)


def _hiding(row: ParsedRow, hidden: frozenset[str]) -> ParsedRow:
    label = masked(row.label, hidden) if row.label else row.label
    written = without(_KEY_IN_ADDRESS.sub("***", _masked_address(row.base_url_as_written)), hidden)
    if row.api_key and row.api_key in written and len(row.api_key) >= 8:
        written = written.replace(row.api_key, "***")
    models = tuple(model for model in row.requested_models if without(model, hidden) == model)
    legacy_id = without(row.legacy_provider_id, hidden) if row.legacy_provider_id else None
    # Of a row without a key nothing is imported: what stands in its address may be the key.
    base_url = row.base_url if row.api_key else _KEY_IN_ADDRESS.sub("***", row.base_url)
    own = (row.base_url, row.label, row.base_url_as_written, row.requested_models, row.legacy_provider_id)
    if own == (base_url, label, written, models, legacy_id):
        return row
    return replace(
        row,
        base_url=base_url,
        label=label,
        base_url_as_written=written,
        requested_models=models,
        legacy_provider_id=legacy_id,
    )


_KEY_IN_ADDRESS = re.compile(r"(?:sk-|AIza|eyJ)(?=[\w-]*\d)[\w-]{8,}")


def _masked_address(written: str) -> str:
    if "?" not in written and "@" not in written and "#" not in written:
        return written
    written = re.sub(r"(://)[^/@]{0,2048}@", r"\1***@", written, count=1)
    return re.sub(r"(?<=[?&#])([^=&#]{0,100})=[^&#]*", r"\1=***", written)


def _expanded(draft: Draft) -> Iterator[dict[str, Any]]:
    """The rows of one draft: one for each of its keys at each of its addresses."""
    if len(draft.keys) == len(draft.addresses) == 1 and cleaning.is_random_key(draft.keys[0]):
        yield _row(_Key(draft.keys[0]), draft.addresses[0], root_of(draft.addresses[0], draft.exact), _common(draft))
        return
    all_keys = [key for text in dict.fromkeys(draft.keys) for key in _keys_in(text)]
    keys = list({key.text or (key.notes, key.parts): key for key in reversed(all_keys)}.values())[::-1]
    if any(key.text for key in keys):  # a placeholder beside a key tells nothing, nor a masked one without an address
        idle = [(Note.KEY_PLACEHOLDER,), *([] if draft.addresses else [(Note.KEY_MASKED,)])]
        keys = [key for key in keys if key.notes not in idle]
    roots = _roots(draft)
    if not keys and (found := next((root.key for _, root in roots if root.key), "")):
        keys = [_Key(found, (Note.KEY_FROM_QUERY,))]
    common = _common(draft)
    if (
        keys
        and roots
        and (
            draft.guessed
            or (draft.doubtful and not _is_sure(draft))
            or (len(roots) > 1 and (len(keys) > 1 or draft.unclear))
        )
    ):
        yield from (_unclear(key, roots, common) for key in keys)
    elif not roots and draft.site and keys:
        yield from (_of_site(key, draft.site, common) for key in keys)
    else:
        yield from _each(keys, roots, common)


def _is_sure(draft: Draft) -> bool:
    """Whether a pair of an unknown service is a relay's: by its models or by the form of its key."""
    return bool(draft.models) or any(map(cleaning.is_sure_key, draft.keys))


def _roots(draft: Draft) -> list[tuple[str, Root]]:
    """The draft's addresses with their roots, each root once; without those that mean none beside one that does."""
    found: dict[str, tuple[str, Root]] = {}
    for written in dict.fromkeys(draft.addresses):
        root = root_of(written, draft.exact)
        found.setdefault(root.base_url or written, (written, root))
    return [pair for pair in found.values() if pair[1].base_url] or list(found.values())


def _each(keys: Sequence[_Key], roots: Sequence[tuple[str, Root]], common: dict[str, Any]) -> Iterator[dict[str, Any]]:
    several = [
        note for note, is_so in ((Note.SEVERAL_KEYS, len(keys) > 1), (Note.SEVERAL_ADDRESSES, len(roots) > 1)) if is_so
    ]
    for written, root in roots or [("", Root("", (Note.NO_ADDRESS,)))]:
        for key in keys or [_Key("", (Note.NO_KEY,))]:
            yield _row(key, written, root, common, several)


def _row(
    key: _Key,
    written: str,
    root: Root,
    common: dict[str, Any],
    more: Sequence[Note] = (),
    choices: tuple[Choice, ...] = (),
) -> dict[str, Any]:
    notes = [*root.notes, *key.notes, *more, *common["notes"]]
    if not choices and (not root.base_url or not (key.text or key.parts)):
        status = RowStatus.INCOMPLETE
    else:
        if not choices and key.parts:
            choices = _key_choices(key, root.base_url)
        elif not choices and (Note.KEY_UNCLEAR in common["notes"] or cleaning.is_odd_key(key.text)):
            notes.append(Note.KEY_UNCLEAR)
            choices = (_choice("one_key", [(root.base_url, key.text)]),)
        elif not choices and root.page:
            notes.append(Note.NOT_A_RELAY)
            choices = (_choice("use_address", [(root.base_url, key.text)]),)
        status = RowStatus.AMBIGUOUS if choices else RowStatus.READY
    return {
        **common,
        "status": status,
        "requested_models": common["requested_models"] or ((root.model,) if root.model else ()),
        "base_url": root.base_url,
        "base_url_as_written": written[:300],
        "api_key_masked": mask_key(key.text) if key.text else "",
        "notes": tuple(dict.fromkeys(notes)) if notes else (),
        "choices": choices,
        "api_key": key.text,
    }


def _unclear(key: _Key, roots: Sequence[tuple[str, Root]], common: dict[str, Any]) -> dict[str, Any]:
    """A key below several addresses: a person says which one it belongs to."""
    known = [(written, root) for written, root in roots[-MOST_CHOICES:] if root.base_url]
    if not key.text or not known:
        return _row(key, *roots[0], common)
    choices = tuple(_choice(f"address_{n}", [(root.base_url, key.text)]) for n, (_, root) in enumerate(known, start=1))
    return _row(key, "", Root(""), common, (Note.ADDRESS_UNCLEAR,), choices)


def _of_site(key: _Key, site: str, common: dict[str, Any]) -> dict[str, Any]:
    """A key beside nothing but a web page of the relay: its address may be that page's, and is if it ends as a root."""
    root = root_of(site)
    if not root.base_url or not key.text:
        return _row(key, "", Root("", (Note.NO_ADDRESS,)), common)
    is_root = has_api_form(site) and site.rstrip("/").count("/") > 2
    return _row(key, site, root if is_root else root._replace(page=True), common)


def _key_choices(key: _Key, base_url: str) -> tuple[Choice, ...]:
    whole = _choice("one_key", [(base_url, key.text)])
    split = [(base_url, part) for part in key.parts if cleaning.may_travel(part)]
    return (*((whole,) if key.text else ()), _choice("split", split))


def _choice(name: str, pairs: Sequence[tuple[str, str]]) -> Choice:
    shown = tuple(f"{base_url} {mask_key(key)}" for base_url, key in pairs)
    return Choice(name, shown, tuple(pairs))


def _common(draft: Draft) -> dict[str, Any]:
    models = _models(draft.models)
    notes = [*draft.notes, *([Note.MODELS_CUT] if len(models) > MOST_MODELS else [])]
    label = re.sub(r"\s+", " ", draft.label).strip(" :|-,;#*[]\"'`>")[:LONGEST_LABEL] if draft.label else None
    return {
        "line": draft.line,
        "requested_models": tuple(models[:MOST_MODELS]),
        "label": label or None,
        "platform": draft.platform,
        "legacy_provider_id": draft.legacy_provider_id,
        "notes": tuple(notes),
    }


def _models(texts: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for text in texts:
        parts = re.split(r"[,;|\n\t•·]+|\s/\s", text[:20_000])
        for part in _by_slash(parts):
            name = _AROUND_MODEL.sub("", part.strip(" \"'`(){}*"))
            name = name.lstrip("+").partition("=")[0]  # NextChat: ``-all,+gpt-5=five``
            is_none = name.startswith(("http:", "https:", "-")) or name.lower() in ("true", "false", "none", "null")
            if 0 < len(name) <= LONGEST_MODEL and not is_none:
                found[name] = None
    sure = [name for name in found if cleaning.kind_of(name) is cleaning.Kind.MODEL]
    return [name for name in found if not sure or cleaning.CJK.search(name) is None] if len(found) > 1 else list(found)


def _by_slash(parts: Iterable[str]) -> Iterator[str]:
    """The parts, those of two models with a slash between apart (``gpt-5/o3``; ``z-ai/glm-4.6`` is one)."""
    for part in parts:
        names = part.split("/") if "/" in part else [part]
        is_several = all(re.search(r"\d", name) and cleaning.kind_of(name) is cleaning.Kind.MODEL for name in names)
        yield from names if is_several else [part]


# LiteLLM's ``openai/`` and Claude Code's ``[1m]`` are no part of a model's name.
_AROUND_MODEL = re.compile(r"^[\s\[]*(?:openai/)?|\[\d+m\]$|[\s\]]+$")


def _keys_in(text: str) -> list[_Key]:
    """The keys of one cell: one, or several where every part looks like one."""
    if cleaning.is_random_key(text):
        return [_Key(text)]
    if cleaning.is_environment(text.strip()):
        return [_Key("", (Note.KEY_FROM_ENVIRONMENT,))]
    if (inside := re.fullmatch(r"\W*<([^<>]{1,200})>\W*", text)) and not cleaning.is_key_like(inside[1]):
        return [_Key("", (Note.KEY_PLACEHOLDER,))]
    key, had_bearer = cleaning.bare_key(text)
    notes = (Note.BEARER_REMOVED,) if had_bearer else ()
    if not key:
        return [_Key("", (Note.KEY_MASKED,))] if cleaning.is_masked(text) else []
    if (reason := _no_key(key)) is not None:
        return [_Key("", (reason,))]
    parts = [bare for part in re.split(r"[\s,;|]+|\\n", key) if (bare := cleaning.bare_key(part)[0])]
    if len(parts) < 2:
        return [_Key(key, notes) if cleaning.may_travel(key) else _Key("", (Note.BAD_KEY,))]
    if "\n" in key and cleaning.is_prefixed_key(parts[0]) and not all(map(cleaning.is_prefixed_key, parts)):
        return [_unclear_key("".join(parts), parts, notes)]
    if len(parts) == 2 and key.count("|") == 1 and not re.search(r"[\s,;]", key) and parts[0].isdigit():
        return [_Key(key, notes)]
    if all(map(_is_part, parts)):
        return [_one_of_several(part, notes) for part in dict.fromkeys(parts)]
    return [_unclear_key(key, parts, notes)]


def _is_part(part: str) -> bool:
    return cleaning.kind_of(part) in (cleaning.Kind.KEY, cleaning.Kind.PLACEHOLDER)


def _one_of_several(part: str, notes: tuple[Note, ...]) -> _Key:
    reason = _no_key(part)
    return _Key(part, notes) if reason is None else _Key("", (reason,))


def _unclear_key(key: str, parts: Sequence[str], notes: tuple[Note, ...]) -> _Key:
    whole = key if cleaning.may_travel(key) else ""
    usable = tuple(part for part in parts if cleaning.may_travel(part) and _no_key(part) is None)
    if not whole and not any(map(cleaning.is_key_like, usable)):
        return _Key("", (Note.BAD_KEY,))
    return _Key(whole, (*notes, Note.KEY_MAY_BE_SEVERAL), usable)


_PATH = re.compile(r"@?(?:~|\.{1,2})?(?:/[\w.-]{1,100}){2,20}")  # of a file with the key


def _no_key(key: str) -> Note | None:
    if cleaning.is_environment(key) or _PATH.fullmatch(key) is not None:
        return Note.KEY_FROM_ENVIRONMENT
    if cleaning.is_placeholder(key) or not any(map(str.isalnum, key)):
        return Note.KEY_PLACEHOLDER
    if cleaning.is_masked(key):
        return Note.KEY_MASKED
    if cleaning.is_of_another_service(key):
        return Note.NOT_AN_API_KEY
    return Note.NOT_A_RELAY if cleaning.has_scheme(key) else None
