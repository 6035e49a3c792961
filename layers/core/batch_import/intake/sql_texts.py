"""The rows of a database dump: inserted (SQLite, MySQL) or copied (PostgreSQL)."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

_NAME = r"[\"`\[]?(?:\w+[\"`\]]?\.[\"`\[]?)?(?P<table>\w+)[\"`\]]?"
_INSERT = re.compile(
    rf"\bINSERT\s+(?:OR\s+\w+\s+)?INTO\s+{_NAME}\s*(?:\((?P<columns>[^()]*)\))?\s*VALUES\s*", re.IGNORECASE
)
_UPDATE = re.compile(rf"\bUPDATE\s+{_NAME}\s+SET\s+", re.IGNORECASE)
_SET = re.compile(r"[\"`\[]?(\w+)[\"`\]]?\s*=\s*('(?:[^'\\]|\\.|'')*+'|[^\s,;']+)\s*(,?)\s*")
_CREATE = re.compile(
    rf"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s*\((?P<columns>(?:[^()]|\([^()]*\)){{1,10000}})\)",
    re.IGNORECASE,
)
_COPY = re.compile(
    rf"^COPY\s+{_NAME}\s*\((?P<columns>[^()]*)\)\s+FROM\s+stdin;\n(?P<lines>(?:(?!\\\.).*\n?)*)", re.MULTILINE
)
_CONSTRAINT = re.compile(r"(?:PRIMARY|FOREIGN|UNIQUE|KEY|INDEX|CONSTRAINT|CHECK|FULLTEXT)\b")
_TOKEN = {
    True: re.compile(r"'((?:[^'\\]|\\.|'')*+)(?:'|\Z)|([^\s,()';]+)|[(),;]", re.DOTALL),
    False: re.compile(r"'((?:[^']|'')*+)(?:'|\Z)|([^\s,()';]+)|[(),;]"),
}
_ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}


_RECORD = re.compile(r"^-\[ RECORD \d+ \][-+]*$", re.MULTILINE)


def without_expanded_rows(text: str) -> str:
    """``text`` with the expanded rows of psql (``base_url | https://…``) as labelled lines."""
    if "-[ RECORD " not in text:
        return text
    return re.sub(r"^(\w+) *\|[ \t]?", r"\1: ", _RECORD.sub("", text), flags=re.MULTILINE)


def is_sql(text: str) -> bool:
    is_inserted = ("INTO" in text or "into" in text) and _INSERT.search(text) is not None
    return is_inserted or ("COPY " in text and _COPY.search(text) is not None)


def tables_of(text: str) -> dict[str, list[dict[str, str]]]:
    """The inserted rows by table; column names come from the statement or from the table's definition."""
    columns = {found["table"]: _defined(found["columns"]) for found in _CREATE.finditer(text)}
    tables: dict[str, list[dict[str, str]]] = defaultdict(list)
    for found in _INSERT.finditer(text):
        names = _names(found["columns"] or "") or columns.get(found["table"], [])
        tables[found["table"]].extend(_rows(text, found.end(), names, "`" in found[0]))
    for found in _UPDATE.finditer(text):
        tables[found["table"]].append(dict(_assignments(text, found.end())))
    for found in _COPY.finditer(text):
        names = _names(found["columns"])
        cells = (line.replace("\\N", "").replace("\\n", "\n").split("\t") for line in found["lines"].splitlines())
        tables[found["table"]].extend(dict(zip(names, row, strict=False)) for row in cells)
    return dict(tables)


def _assignments(text: str, at: int) -> Iterator[tuple[str, str]]:
    """The names and values behind ``SET``."""
    while (found := _SET.match(text, at)) is not None:
        yield found[1], found[2].strip("'").replace("''", "'")
        at = found.end() if found[3] else len(text)


def _names(columns: str) -> list[str]:
    return [name for part in columns.split(",") if (name := part.strip(' \r\n\t"`[]'))]


def _defined(columns: str) -> list[str]:
    parts = re.sub(r"\([^()]*\)", "", columns).split(",")
    return [part.split()[0].strip('"`[]') for part in parts if part.strip() and not _CONSTRAINT.match(part.strip())]


def _rows(text: str, at: int, names: Sequence[str], escapes: bool) -> Iterator[dict[str, str]]:
    """Rows up to the statement's end; ``escapes`` is for MySQL, which writes ``\\'`` for a quotation mark."""
    row: list[str] | None = None
    for token in _TOKEN[escapes].finditer(text, at):
        sign = token[0]
        if sign == "(" and row is None:
            row = []
        elif sign == ")" and row is not None:
            yield dict(zip(names, row, strict=False)) if len(row) == len(names) else {}
            row = None
        elif sign == ";" or (row is None and sign != ",") or sign.upper() == "INSERT":
            return
        elif row is not None and sign not in "(),":
            row.append(_value(token, escapes))


def _value(token: re.Match[str], escapes: bool) -> str:
    if token[1] is None:
        return "" if token[0].upper() == "NULL" else token[0]
    return _ESCAPED.sub(_unescaped, token[1]) if escapes else token[1].replace("''", "'")


def _unescaped(found: re.Match[str]) -> str:
    return _CONTROL.get(found[1], found[1]) if found[1] else "'"
