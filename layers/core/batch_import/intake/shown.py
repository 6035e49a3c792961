"""An intake as API and command line show it: no key, one sentence for each note, within the size of an answer."""

from collections.abc import Callable, Iterable
from dataclasses import asdict

from batch_import.domain import contract as api
from batch_import.domain.errors import TooLarge
from batch_import.domain.politeness import (
    MOST_REQUESTS,
    PROBE_REQUESTS,
    SPARED_REQUESTS,
    USUAL_REQUESTS,
    NoExtraProbes,
)
from batch_import.domain.shortening import bytes_in_answer
from batch_import.intake.rows import Intake, ParsedRow, RowStatus
from batch_import.intake.texts import Note, texts_of

MOST_BYTES = 5_000_000  # an answer of a Lambda function may have six million
_MODELS_SHOWN = (50, 10, 3, 0)  # of a row; fewer when the answer would grow too large

HostFinding = tuple[api.HeldByHost | None, Note | None]
LookUp = Callable[[ParsedRow], HostFinding]
_NONE_SPARED = NoExtraProbes()


def shown(
    intake: Intake,
    language: str,
    look_up: LookUp = lambda _: (None, None),
    spared: NoExtraProbes = _NONE_SPARED,
) -> api.ParseResult:
    """The answer of ``POST /api/batch-import/parse``; ``language`` is ``zh`` or ``en``.

    ``look_up`` says what the host holds of a row; ``spared`` relays are asked less. Raises ``TooLarge`` for a text
    whose rows no answer can hold.
    """
    findings = {row.row: look_up(row) for row in intake.rows if row.api_key and row.base_url}
    for most in _MODELS_SHOWN:
        rows = [_row(row, most, findings.get(row.row, (None, None))) for row in intake.rows]
        result = _result(intake, rows, language, spared)
        if bytes_in_answer(result.model_dump_json()) <= MOST_BYTES:
            return result
    raise TooLarge("the rows of this text are too many for one answer: split it", "文本的行数过多，请拆分后再试")


def _result(intake: Intake, rows: list[api.ShownRow], language: str, spared: NoExtraProbes) -> api.ParseResult:
    return api.ParseResult(
        rows=rows,
        ignored=[api.ShownIgnored(**asdict(one)) for one in intake.ignored],
        summary=api.ParseSummary(**asdict(intake.summary)),
        requests=_expected(intake, spared),
        texts=texts_of(_notes(rows), language),
    )


def _expected(intake: Intake, spared: NoExtraProbes) -> api.ExpectedRequests:
    ready = [row.base_url or "" for row in intake.rows if row.status is RowStatus.READY]
    less = sum(base_url in spared for base_url in ready)
    more = len(ready) - less
    return api.ExpectedRequests(
        usual=more * USUAL_REQUESTS + less * SPARED_REQUESTS, most=more * MOST_REQUESTS + less * PROBE_REQUESTS
    )


def _row(row: ParsedRow, most_models: int, finding: HostFinding) -> api.ShownRow:
    host, note = finding
    return api.ShownRow(
        row=row.row,
        line=row.line,
        status=row.status.value,
        base_url=row.base_url,
        base_url_as_written=row.base_url_as_written,
        api_key_masked=row.api_key_masked,
        requested_models=list(row.requested_models[:most_models]),
        label=row.label,
        platform=row.platform,
        notes=[*row.notes, *([note] if note else [])],
        of_row=row.of_row,
        choices=[api.ParsedChoice(name=one.name, shown=list(one.shown)) for one in row.choices],
        host=host,
    )


def _notes(rows: Iterable[api.ShownRow]) -> set[Note]:
    return {Note(note) for row in rows for note in row.notes}
