"""Answers for people: tables and lists. Only shown, never interpreted: what a value means is the API's to say."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_import_cli.errors import printable

# Where no terminal folds lines, a row must stay one line, or `grep` and `awk` see half of it.
_UNBOUNDED = 10_000
_WIDE = 180
_STYLES = {"gray": "bright_black", **{name: name for name in ("blue", "green", "yellow", "red", "cyan")}}

ITEM_COLUMNS = {
    "item_id": "item_id",
    "base_url": "base_url",
    "provider": "provider_id",
    "model": "resolved_smoke_model",
    "platform": "platform",
    "account": "account_resolution",
    "confirmation": "confirmation_status",
    "access": "access_status",
}
RUN_COLUMNS = {
    "run_id": "run_id",
    "state": "state",
    "mode": "mode",
    "access_mode": "access_mode",
    "total": "total_items",
    "done": "completed_items",
    "active": "active_items",
    "degraded": "degraded_items",
    "broken": "broken_items",
    "warnings": "warning_items",
    "started_at": "started_at",
    "finished_at": "finished_at",
}
EVENT_COLUMNS = {
    "created_at": "created_at",
    "stage": "stage",
    "event": "event_type",
    "attempt": "attempt",
    "message": "message",
}
QUARANTINE_COLUMNS = {
    "account": "account_id",
    "name": "name",
    "provider": "provider_id",
    "base_url": "base_url",
    "state": "import_state",
    "never_served": "never_served",
}
ROW_COLUMNS = {
    "row": "row",
    "line": "line",
    "status": "status",
    "base_url": "base_url",
    "key": "api_key_masked",
    "models": "requested_models",
    "label": "label",
    "platform": "platform",
    "notes": "notes",
}
UNDO_COLUMNS = {"item_id": "item_id", "base_url": "base_url", "undo": "outcome", "remark": "message"}
KEPT_COLUMNS = {"account": "account_id", "kept because": "reason"}
_MODEL_FLAGS = ("supports_stream", "supports_tools", "supports_reasoning_fields", "smoke_chat_ok")
MODEL_COLUMNS = {"model": "raw_model_id", "family": "canonical_model_family", **{flag: flag for flag in _MODEL_FLAGS}}

Row = Mapping[str, Any]


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Left to the command line's own exit code; rich would exit with 1, which means something else here."""
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    found = _Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not found.is_terminal:
        found.width = _UNBOUNDED
    return found


def show_runs(runs: Sequence[Row]) -> None:
    _table(RUN_COLUMNS, runs)


def show_rows(rows: Sequence[Row]) -> None:
    """What a list was read as; the platform where the list names one."""
    has_platform = any(row.get("platform") for row in rows)
    _table({title: key for title, key in ROW_COLUMNS.items() if key != "platform" or has_platform}, rows)


def show_items(items: Sequence[Row]) -> None:
    """The verdicts, and why: in the last column where a row may be long, else below the table."""
    rows = [
        {**item, "access_status": _access(item), "account_resolution": _account(item), "remarks": _remarks(item)}
        for item in items
    ]
    if console().width >= _WIDE:
        _table({**ITEM_COLUMNS, "remarks": "remarks"}, rows)
        return
    _table(ITEM_COLUMNS, rows)
    for row in rows:
        if row["remarks"]:
            console().print(Text(f"{_said(row.get('item_id'))} {_said(row.get('base_url'))}: {row['remarks']}"))


def show_undone(items: Sequence[Row]) -> None:
    """What an undo did about each item."""
    results = [item.get("undo_result") for item in items]
    rows = [
        {**item, **(result if isinstance(result, dict) else {})} for item, result in zip(items, results, strict=True)
    ]
    _table(UNDO_COLUMNS, rows)


def show_run(answer: Row) -> None:
    run = answer.get("run")
    run = run if isinstance(run, dict) else {}
    _fields({name: run.get(key) for name, key in RUN_COLUMNS.items()}, run)
    for warning in _listed(answer.get("recent_warnings")):
        console().print(Text(f"warning: {_said(warning)}", "yellow"), soft_wrap=True)


def show_quarantine(accounts: Sequence[Row]) -> None:
    _table(QUARANTINE_COLUMNS, accounts)


def show_kept(accounts: Sequence[Row]) -> None:
    _table(KEPT_COLUMNS, accounts)


def show_item(item: Row) -> None:
    apart = ("capability_profile", "events", "badges", "speed", "evidence")
    _fields({name: value for name, value in item.items() if name not in apart}, item)
    _fields({**_speed(item), **_answered(item)}, {})
    profile = item.get("capability_profile")
    if isinstance(profile, dict):
        _fields(profile.get("transport_profile") or {}, {})
        _table(MODEL_COLUMNS, _rows(profile.get("model_profiles")))
    _table(EVENT_COLUMNS, _rows(item.get("events")))


def _speed(item: Row) -> Row:
    speed = item.get("speed")
    return speed if isinstance(speed, dict) else {}


def _answered(item: Row) -> Row:
    """Each question about the relay's honesty, with what its answers showed."""
    evidence = item.get("evidence")
    answers = evidence.items() if isinstance(evidence, dict) else ()
    return {question: _with_observations(answer) for question, answer in answers if isinstance(answer, dict)}


def _with_observations(answer: Row) -> str:
    seen = "; ".join(_said(one.get("text")) for one in _rows(answer.get("observations")))
    return f"{_said(answer.get('value'))}{f' ({seen})' if seen else ''}"


def show_fields(answer: Row) -> None:
    _fields(answer, {})


def _table(columns: Mapping[str, str], rows: Sequence[Row]) -> None:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for title in columns:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row, key) for key in columns.values()))
    console().print(table)


def _fields(values: Row, badges_of: Row) -> None:
    width = max(map(len, values), default=0)
    for name, value in values.items():
        line = Text(f"{name:<{width}}  ").append_text(Text(_said(value), _style(badges_of, name)))
        console().print(line, soft_wrap=True)


def _cell(row: Row, key: str) -> Text:
    return Text(_said(row.get(key)), _style(row, key))


def _style(row: Row, key: str) -> str:
    """The colour of the API's badge. The text stays the API's value, because that is what filters take."""
    badges = row.get("badges")
    badge = badges.get(key) if isinstance(badges, dict) else None
    return _STYLES.get(str(badge.get("color")), "") if isinstance(badge, dict) else ""


def _access(item: Row) -> str:
    stage = item.get("current_stage")
    return _said(item.get("access_status")) + ("" if stage in (None, "done") else f" (in {_said(stage)})")


def _account(item: Row) -> object:
    """What was decided, or what a dry run planned."""
    plan = item.get("plan")
    planned = f"plan: {_said(plan.get('resolution'))}" if isinstance(plan, dict) else None
    return item.get("account_resolution") or planned


def _remarks(item: Row) -> str:
    code, error = item.get("last_error_code"), item.get("last_error")
    said = [": ".join(_said(part) for part in (code, error) if part), *map(_said, _listed(item.get("advice")))]
    said.extend(map(_said, _listed(item.get("advisory_messages"))))
    return "; ".join(part for part in said if part)


def _listed(value: object) -> Iterable[object]:
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [value]


def _rows(value: object) -> Sequence[Row]:
    return [row for row in _listed(value) if isinstance(row, dict)]


def _said(value: object) -> str:
    """One line of any value; an absent one is a dash."""
    if value is None:
        return "-"
    if isinstance(value, list) and not any(isinstance(part, dict | list) for part in value):
        return ", ".join(map(_said, value)) or "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return printable(text.replace("\n", " ").replace("\t", " "))
