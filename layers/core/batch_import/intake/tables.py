"""Tables with a header: CSV, TSV and Markdown."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from batch_import.intake import cleaning
from batch_import.intake.fields import Field, Named, field_of, is_off, platform_of, provider_platform
from batch_import.intake.markup import without_markup
from batch_import.intake.roots import with_port
from batch_import.intake.rows import Draft
from batch_import.intake.texts import Note

_DELIMITERS = ("\t", ",", "|", ";", "  ")  # two blanks stand for any number of them
_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$|^\s*:?-{3,}:?\s*\|[\s|:\-]*$|^[-= ]{3,}$")
_PASSWORDS = ("password", "loginpassword", "login_password", "login password", "登录密码", "密码")
_LONGEST_ROW = 200  # lines
_LONGEST_HEADER = 2_000
_MOST_FIELDS = 40  # of a table with a relay in each column
_NOTHING = ("<null>", "null", "(null)", "\\n", "n/a", "nan")  # an empty cell as databases and sheets write it
_BLANKS = re.compile(r" {2,}")
_MARKS = re.compile(r"\]\(|<|\x1f")
_CELL = " \t\r\n\"'`"
csv.field_size_limit(10_000_000)


@dataclass(frozen=True, slots=True)
class Header:
    """Which column means what; ``delimiter`` separates the cells below it as well."""

    delimiter: str
    columns: tuple[Named | None, ...]
    names: tuple[str, ...]

    @property
    def is_of_logins(self) -> bool:
        """Whether the table is an export of a password manager, no list of relays."""
        return bool(self.count(Field.LOGIN)) and not self.count(Field.KEY)

    def count(self, kind: Field) -> int:
        return sum(column is not None and column.field is kind for column in self.columns)


@dataclass(slots=True)
class Region:
    """A header and the numbered lines below it."""

    header: Header
    lines: list[tuple[int, str]] = field(default_factory=list)
    cut: bool = False  # the text ends within a quoted cell


def split_tables(lines: Sequence[tuple[int, str]]) -> tuple[list[Region], list[tuple[int, str]]]:
    """The tables among ``lines``, and the lines that belong to none."""
    regions: list[Region] = []
    rest: list[tuple[int, str]] = []
    current: Region | None = None
    quoted = False
    for number, text in lines:
        header = None if quoted or "://" in text or "=" in text else header_of(text)
        if header is not None:
            current = Region(header)
            regions.append(current)
        elif current is not None and (quoted or _belongs(text, current.header)):
            current.lines.append((number, text))
            quoted = quoted != (text.count('"') % 2 == 1 and current.header.delimiter != "|")
        else:
            rest.append((number, text))
    if regions and quoted:
        regions[-1].cut = True
    return regions, rest


def rows_of_html(lines: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """``lines`` with each row of an HTML table as one line with tabs, if one of these is a header."""
    rows: list[tuple[int, str]] = []
    held: list[str] = []
    for number, text in lines:
        begins = bool(held) or "<tr" in text
        held += [text] if begins else []
        if not begins:
            rows.append((number, text))
        elif "</tr>" in text or len(held) > _LONGEST_ROW:
            cells = (cell.split("</t")[0] for cell in re.split(r"<t[hd](?=[\s>])[^<>]{0,300}>", " ".join(held))[1:])
            rows.append((number, "\t".join(" ".join(without_markup(cell).split()) for cell in cells)))
            held = []
    return rows if any(header_of(text) for _, text in rows) else list(lines)


def upright(lines: Sequence[tuple[int, str]]) -> Sequence[tuple[int, str]]:
    """``lines`` with a small table that has its fields one below the other, a relay in each column, turned."""
    for delimiter in ("\t", "|"):
        rows = [
            (line, _split(line[1], delimiter)) for line in lines if delimiter in line[1] and not _RULE.match(line[1])
        ]
        if not 2 <= len(rows) <= _MOST_FIELDS or len({len(cells) for _, cells in rows}) != 1 or len(rows[0][1]) < 3:
            continue
        named = [(field_of(cells[0].strip(_CELL + "*")), cells[1:]) for _, cells in rows]
        addresses = [cell for name, cells in named if name and name.field is Field.ADDRESS for cell in cells]
        if addresses and all("://" in one for one in addresses) and any(n and n.field is Field.KEY for n, _ in named):
            rows[0][1][0] = rows[0][1][0] if named[0][0] else Field.NAME
            first = rows[0][0][0]
            turned = [(first, delimiter.join(column)) for column in zip(*(cells for _, cells in rows), strict=True)]
            used = {line for line, _ in rows}
            return [*(line for line in lines if line not in used and line[0] < first), *turned,
                    *(line for line in lines if line not in used and line[0] > first)]  # fmt: skip
    return lines


def header_of(text: str) -> Header | None:
    """The header that a line is, if its cells name both an address and a key."""
    if len(text) > _LONGEST_HEADER:
        return None
    text = text.strip().lstrip("#").strip() if text.startswith("#") else text
    for delimiter in _DELIMITERS:
        if delimiter in text:
            cells = [cell.strip(_CELL + "*") for cell in _split(text, delimiter)]
            columns = tuple(Named(Field.LOGIN) if cell.lower() in _PASSWORDS else field_of(cell) for cell in cells)
            if sum(column is not None for column in columns) > 1 and _is_header(
                header := Header(delimiter, columns, tuple(cells))
            ):
                return header
    return None


def _is_header(header: Header) -> bool:
    """Whether cells, two of them known, name an address and a key, or one of both and what else is known of it."""
    has_address = bool(header.count(Field.ADDRESS) or header.count(Field.SITE))
    if header.count(Field.KEY) and not has_address:
        return header.count(Field.KEY) == 1 and len(header.columns) > 2
    if header.count(Field.KEY) or header.is_of_logins:
        return has_address
    return header.delimiter == "|" and header.count(Field.ADDRESS) == 1


def _split(text: str, delimiter: str) -> list[str]:
    if delimiter == "  ":
        return _BLANKS.split(text.strip())
    return text.strip().strip("|").split("|") if delimiter == "|" else text.split(delimiter)


def _belongs(text: str, header: Header) -> bool:
    if not text.strip() or _RULE.match(text):
        return True
    if header.delimiter == "  " and len(_split(text, "  ")) != len(header.columns):  # an empty cell cannot be seen
        return False
    opens_cell = header.delimiter not in ("|", "  ") and text.startswith('"') and text.count('"') == 1
    return opens_cell or (header.delimiter in text and not text.lstrip().startswith(("#", "//")))


def drafts_of_table(region: Region) -> Iterator[Draft]:
    rows = list(_rows(region))
    above = Draft(0)
    for at, (line, cells) in enumerate(rows, start=1):
        draft = _draft(line, cells, region.header)
        if draft.keys and not draft.addresses and not draft.label and above.complete:
            _take_merged(draft, above)
        above = draft
        if at == len(rows) and region.cut:
            draft.keys, draft.notes = [], [*draft.notes, Note.CUT_OFF]
        yield draft


def _take_merged(draft: Draft, above: Draft) -> None:
    """Fills the cells that a sheet has merged with those above: copied, they are empty in all rows but the first."""
    draft.addresses = above.addresses
    draft.label = draft.label or above.label
    draft.notes.append(Note.ADDRESS_FROM_ABOVE)


def _rows(region: Region) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line where each begins; a quoted cell may run over several lines."""
    lines = [(number, text) for number, text in region.lines if text.strip() and not _RULE.match(text)]
    if region.header.delimiter == "|":
        for number, text in lines:
            yield (
                number,
                [
                    cell.strip()
                    for cell in text.strip().removeprefix("|").removesuffix("|").replace("\\|", "\x1f").split("|")
                ],
            )
        return
    if region.header.delimiter == "  ":
        yield from ((number, _split(text, "  ")) for number, text in lines)
        return
    reader = csv.reader(
        (text + "\n" for _, text in lines),
        delimiter=region.header.delimiter,
        skipinitialspace=region.header.delimiter != "\t",
    )
    at = 0
    for row in reader:
        if any(cell.strip() for cell in row):
            yield lines[at][0], row
        at = reader.line_num


def _draft(line: int, cells: Sequence[str], header: Header) -> Draft:
    draft = Draft(line)
    columns = list(header.columns)
    if len(cells) > len(columns):
        cells = _refitted(cells, columns, header.delimiter)
    for name, column, cell in zip(header.names, columns, cells, strict=False):
        value = without_markup(cell).replace("\x1f", "|").strip(_CELL) if _MARKS.search(cell) else cell.strip(_CELL)
        if (platform := provider_platform(name, value)) is not None:
            draft.platform = draft.platform or platform
        elif value and value.lower() not in _NOTHING:
            _take(draft, column, value)
    if not draft.addresses and draft.site and not header.count(Field.ADDRESS):
        draft.addresses.append(draft.site)  # ``site,key``: the only address that there is
    draft.site = ""
    return draft


def _refitted(cells: Sequence[str], columns: list[Named | None], delimiter: str) -> list[str]:
    """More cells than columns: the surplus belongs to the cell that was not quoted though it holds the delimiter.

    That is the models' column if there is one, otherwise the last one.
    """
    surplus = len(cells) - len(columns)
    models = next((at for at, column in enumerate(columns) if column and column.field is Field.MODELS), None)
    at = len(columns) - 1 if models is None else models
    if not any(cell and cell.isascii() for cell in cells[len(columns) :]):  # empty, or a remark
        return list(cells[: len(columns)])
    joined = delimiter.join(cells[at : at + surplus + 1])
    return [*cells[:at], joined, *cells[at + surplus + 1 :]]


def _take(draft: Draft, column: Named | None, value: str) -> None:
    if column is None or column.field in (Field.LOGIN, Field.OTHER):
        draft.site = draft.site or (value if column is None and value.startswith("http") else "")
        draft.notes.extend([Note.FIELD_IGNORED] if Note.FIELD_IGNORED not in draft.notes else [])
        return
    match column.field:
        case Field.ADDRESS:
            draft.addresses.extend(_addresses(value))
        case Field.SITE:
            draft.site = draft.site or (value if value.startswith("http") else "")
        case Field.KEY:
            draft.keys.append(value)
        case Field.MODELS:
            draft.models.append(value)
        case Field.PORT:
            draft.addresses = [with_port(address, value) for address in draft.addresses]
        case Field.LEGACY_ID:
            draft.legacy_provider_id = value
        case Field.NAME:
            draft.label = draft.label or value
        case Field.PLATFORM:
            draft.platform = draft.platform or platform_of(value)
        case Field.ENABLED | Field.DISABLED:
            draft.notes.extend([Note.DISABLED] if is_off(column.field, value) else [])


def _addresses(cell: str) -> list[str]:
    """The addresses of one cell: several only where each of them has a scheme."""
    parts = [part for raw in re.split(r"[\s,;|]+", cell) if (part := raw.strip("<>()[]*\"'`"))]
    if len(parts) > 1 and all(cleaning.has_scheme(part) for part in parts):
        return [_cut(part) for part in parts]
    first = next((part for part in parts if cleaning.has_scheme(part)), None)
    if first is not None and len(parts) > 1:
        return [_cut(first)]
    return [_cut(cell.strip("<>()[]*"))]


def _cut(address: str) -> str:
    return cleaning.cut_address(address) if address[:4].lower() == "http" else address.rstrip(".,;:")
