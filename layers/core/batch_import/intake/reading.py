# ruff: noqa: E501  (tables of words and patterns)
"""From a text to an intake: which reader reads which lines."""

from collections.abc import Sequence
from dataclasses import replace

from batch_import.intake.cleaning import (
    INVISIBLE,
    decoded,
    holds_key,
    is_prefixed_key,
    may_be_key,
    plain,
    visible,
    with_line_feeds,
)
from batch_import.intake.documents import (
    Document,
    embedded_documents,
    fenced_documents,
    program_document,
    texts_within,
    toml_among,
    whole_document,
)
from batch_import.intake.pairing import at_one_address, joined_halves
from batch_import.intake.records import read_lines
from batch_import.intake.references import resolved
from batch_import.intake.roots import has_api_form, root_of
from batch_import.intake.rows import Draft, Intake, ignored_lines, rows_of, summary_of
from batch_import.intake.sql_texts import without_expanded_rows
from batch_import.intake.tables import drafts_of_table, rows_of_html, split_tables, upright

FORMATS = ("auto", "text", "csv", "json", "yaml", "toml")
Lines = list[tuple[int, str]]
_Read = tuple[Sequence[Draft], Lines, str]  # what was read, lines that are ignored, the form
MOST_LINES = 200_000  # what stands behind them is one line, which is ignored


def parse(text: str, format: str = "auto") -> Intake:
    """Everything that ``text`` says of relays, in its order.

    ``format`` forces one of ``FORMATS``; what that form cannot be read as is ignored. Never raises for any text; a format
    that does not exist is a ``ValueError``.
    """
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}")
    text, referring = resolved(without_expanded_rows(decoded(text)))
    drafts, ignored, form = _read(text, format)
    rows = rows_of(_worth_telling(drafts), referring, "<<:" in text)
    told = ignored_lines([(number, line) for number, line in ignored if line.strip()], rows)
    return Intake(rows, told, summary_of(rows, told), form)


def _read(text: str, form: str) -> _Read:
    clean = visible(text)
    document = whole_document(clean, form) if form not in ("text", "csv") else None
    if document is not None and document.drafts:
        return document.drafts, _switched_off(clean) if document.form == "ini" else [], document.form
    if form == "auto" and (texts := texts_within(clean)):
        read = [(line, _read(with_line_feeds(inner), form)) for line, inner in texts]
        drafts = [replace(draft, line=line) for line, (found, _, _) in read for draft in found]
        if drafts:
            return drafts, [], "json"
    if form in ("json", "yaml", "toml"):
        return [], _numbered(clean), form
    found, ignored, name = _lines(text, clean, form)
    if document is not None:  # of another program: what its lines seem to say are sure keys only
        found = [draft for draft in found if draft.keys and all(map(is_prefixed_key, draft.keys))]
    return found, ignored, name


def _switched_off(text: str) -> Lines:
    """The comments of an INI file that hold a key."""
    return [(number, line) for number, line in _numbered(text) if line.lstrip()[:1] in ("#", ";") and holds_key(line)]


def _lines(text: str, clean: str, form: str) -> _Read:
    documents = fenced_documents(clean) if form == "auto" and "```" in clean else []
    if form == "auto" and "{" in clean:
        documents += embedded_documents(clean, _used(documents))
        if documents and not _have_pair(documents) and (program := program_document(clean)) and _have_pair([program]):
            documents = [program]
    used = _used(documents)
    plain_lines = _plain_lines(text)
    plain_lines = rows_of_html(plain_lines) if "</tr>" in clean else plain_lines
    lines = _without_blanks([(number, line) for number, line in plain_lines if number not in used])
    if form == "auto" and (toml := toml_among(lines) if "[" in clean else []):
        documents += toml
        used = _used(toml)
        lines = [(number, line) for number, line in lines if number not in used]
    if form == "auto" and (
        program := program_document("\n".join(line for _, line in lines), lines[0][0] if lines else 1)
    ):
        documents.append(program)
        lines = []
    regions, rest = split_tables(upright(lines)) if form != "text" else ([], lines)
    logins = [line for region in regions if region.header.is_of_logins for line in region.lines]
    regions = [region for region in regions if not region.header.is_of_logins]
    found = read_lines(rest, _invisible(text))
    drafts = [
        *(draft for document in documents for draft in document.drafts),
        *at_one_address([draft for region in regions for draft in drafts_of_table(region)], found.drafts),
    ]
    drafts, told = _without_repeats(drafts, found.drafts)
    halves = [one for draft in drafts if not draft.keys for one in draft.addresses]
    if documents and (len(documents) > 1 or regions or found.drafts or all(map(has_api_form, halves))):
        drafts = joined_halves(drafts)
    kept = sorted((draft for draft in drafts if draft.addresses or draft.keys), key=lambda draft: draft.line)
    return kept, sorted([*logins, *found.ignored, *told]), _form(documents, len(regions), found.drafts)


def _without_repeats(drafts: list[Draft], of_lines: Sequence[Draft]) -> tuple[list[Draft], Lines]:
    """``drafts`` without addresses alone of lines that documents or tables have in a pair, and these lines."""
    if not of_lines or len(of_lines) == len(drafts):
        return drafts, []
    complete = [draft for draft in drafts if any(map(may_be_key, draft.keys))]
    pairs = {root_of(one).base_url for draft in complete for one in draft.addresses}
    halves = [draft for draft in of_lines if draft.addresses and not draft.keys]
    repeats = [draft for draft in halves if pairs.issuperset(root_of(one).base_url for one in draft.addresses)]
    kept = [draft for draft in drafts if not any(draft is one for one in repeats)]
    return kept, [(draft.line, " ".join(draft.addresses)) for draft in repeats]


def _worth_telling(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """``drafts`` without keys alone that stand in a pair as well, or that are placeholders beside anything better."""
    if not any(draft.addresses or any(map(may_be_key, draft.keys)) for draft in drafts):
        return drafts
    used = {key for draft in drafts if draft.complete for key in draft.keys}
    return [
        draft
        for draft in drafts
        if draft.addresses or not draft.keys or (not used.issuperset(draft.keys) and any(map(may_be_key, draft.keys)))
    ]


def _numbered(text: str) -> Lines:
    return list(enumerate(text.split("\n", MOST_LINES), start=1))


def _have_pair(documents: Sequence[Document]) -> bool:
    return any(draft.complete for document in documents for draft in document.drafts)


def _used(documents: Sequence[Document]) -> set[int]:
    return {number for document in documents for number in range(document.first, document.last + 1)}


def _plain_lines(text: str) -> Lines:
    """The lines of ``plain(text)`` with the numbers of those of ``text``: U+2028 separates lines, but counts as none."""
    lines = _numbered(text)
    flat = _numbered(plain(text))
    if len(flat) == len(lines):
        return flat
    return [(number, part) for number, line in lines for part in plain(line).split("\n")]


def _without_blanks(lines: Lines) -> Lines:
    """``lines`` with one blank line for several: a text of nothing else would take long."""
    blank = [not line or line.isspace() for _, line in lines]
    return [line for at, line in enumerate(lines) if not (blank[at] and at and blank[at - 1])]


def _invisible(text: str) -> frozenset[int]:
    """The numbers of lines that hold invisible characters."""
    if INVISIBLE.search(text) is None:
        return frozenset()
    return frozenset(number for number, line in _numbered(text) if INVISIBLE.search(line))


def _form(documents: Sequence[Document], tables: int, drafts: Sequence[Draft]) -> str:
    found = [*(["jsonl"] if documents else []), *(["csv"] if tables else []), *(["text"] if drafts else [])]
    return found[0] if len(found) == 1 else "mixed" if found else "text"
