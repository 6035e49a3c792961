"""CSV with a header, or with two columns and none."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from batch_import_cli.lists.model import Entry, Parsed, Problem
from batch_import_cli.lists.pairs import bare, entry, is_address, pair_of

_DELIMITERS = ",;\t|"
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "base_url": ("base_url", "baseurl", "url", "endpoint", "api_base"),
    "api_key": ("api_key", "apikey", "key", "token"),
    "requested_models": ("requested_models", "requested_model", "models", "model"),
    "legacy_provider_id": ("legacy_provider_id",),
}
_CANONICAL = {spelling: name for name, spellings in _COLUMNS.items() for spelling in spellings}

Row = tuple[int, list[str]]


def has_header(text: str) -> bool:
    return _header_delimiter(text) is not None


def parse_csv(text: str) -> Parsed:
    delimiter = _header_delimiter(text)
    rows = _rows(text, delimiter or _sniffed(text))
    if delimiter is None:
        return Parsed(row if isinstance(row, Problem) else _headerless(row) for row in rows)
    header = next(rows)
    return Parsed([header]) if isinstance(header, Problem) else _with_header(header, rows)


def _rows(text: str, delimiter: str) -> Iterator[Row | Problem]:
    """Rows with the line where each begins; a quoted cell may run over several lines."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=delimiter != "\t"
    )
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#"):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        yield Problem(line, f"not CSV: {error}")


def _header_delimiter(text: str) -> str | None:
    """The delimiter under which the first row is a header, if there is any."""
    for delimiter in _DELIMITERS:
        first = next(_rows(text, delimiter), None)
        if isinstance(first, tuple) and "base_url" in (names := _names(first[1])) and "api_key" in names:
            return delimiter
    first_line = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    # A header that lacks one of the two is still a header: better told than taken for a relay.
    return next(
        (d for d in _DELIMITERS if {"base_url", "api_key"} & set(_names(first_line.split(d))) and d in first_line), None
    )


def _names(row: Sequence[str]) -> list[str | None]:
    return [_CANONICAL.get(re.sub(r"[ -]", "_", cell.strip(" \t\r\"'").lower())) for cell in row]


def _sniffed(text: str) -> str:
    try:
        return csv.Sniffer().sniff(text[:4096], delimiters=_DELIMITERS).delimiter
    except csv.Error:
        return ","


def _headerless(row: Row) -> Entry:
    line, cells = row
    pair = pair_of([bare(cell) for cell in cells])
    if pair is not None:
        return entry(line, *pair, key_column=1 if is_address(bare(cells[1])) else 2)
    if len(cells) != 2:
        return Problem(line, f"{len(cells)} columns; without a header there are two, base_url and api_key")
    return Problem(line, "one of the two columns must be a base URL, the other a key")


def _with_header(header: Row, rows: Iterator[Row | Problem]) -> Parsed:
    line, cells = header
    names = _names(cells)
    if (problem := _header_problem(line, names)) is not None:
        return Parsed([problem])
    # By number: what stands in an unknown header cell is not known to be harmless.
    unknown = [str(number) for number, name in enumerate(names, start=1) if name is None]
    notes = (f"CSV columns that were not used: {', '.join(unknown)}",) if unknown else ()
    return Parsed((row if isinstance(row, Problem) else _named(row, names) for row in rows), notes=notes)


def _header_problem(line: int, names: Sequence[str | None]) -> Problem | None:
    for name in _COLUMNS:
        if names.count(name) > 1:
            return Problem(line, f"the header names {name} twice")
    missing = [name for name in ("base_url", "api_key") if name not in names]
    return Problem(line, f"the header has no column {missing[0]}") if missing else None


def _named(row: Row, names: Sequence[str | None]) -> Entry:
    line, cells = row
    if any(cell.strip() for cell in cells[len(names) :]):
        return Problem(line, f"{len(cells)} columns where the header has {len(names)}", len(names) + 1)
    values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
    for name in ("base_url", "api_key"):
        if not bare(values.get(name, "")):
            return Problem(line, "is empty", name)
    return entry(line, values["base_url"], bare(values["api_key"]), "api_key", **_optional(values))


def _optional(values: Mapping[str, str]) -> dict[str, object]:
    models = [model.strip() for model in re.split(r"[;|]", values.get("requested_models", "")) if model.strip()]
    legacy = values.get("legacy_provider_id")
    return {**({"requested_models": models} if models else {}), **({"legacy_provider_id": legacy} if legacy else {})}
