"""Following a run to its end."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from batch_import_cli import render
from batch_import_cli.app import App, emit, note
from batch_import_cli.client import Answer
from batch_import_cli.errors import ApiError, Interruption

PAGE = {"limit": "100"}
Report = Callable[[Answer], None]


def follow(app: App, run_id: str) -> bool:
    """Watch until the run has ended, show what became of each item; True when every one is active, or planned."""
    try:
        answer = _to_the_end(app, run_id)
        _show_end(app, run_id, answer)
    except KeyboardInterrupt:
        raise Interruption(f"interrupted; {_goes_on(run_id)}, stop it with: batch-import cancel {run_id}") from None
    except ApiError as error:
        raise error.hinted(_goes_on(run_id)) from None
    run = run_of(answer)
    good = _number(run, "active_items")
    if run.get("dry_run") is True and run["state"] != "cancelled":
        good = _number(run, "completed_items") - _number(run, "degraded_items") - _number(run, "broken_items")
    return good == _number(run, "total_items") > 0


def run_of(answer: Answer) -> Answer:
    run = answer.get("run")
    if not isinstance(run, dict) or not isinstance(run.get("state"), str):
        raise ApiError("the API's answer holds no run")
    return run


def rows_of(page: Answer, name: str) -> list[Answer]:
    rows = page.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError(f"the API's answer holds no list of {name}")
    return rows


def _goes_on(run_id: str) -> str:
    return f"the run itself goes on: watch it with: batch-import watch {run_id}"


def _to_the_end(app: App, run_id: str) -> Answer:
    with _reporting() as report:
        while True:
            answer = app.client.run(run_id)
            report(run_of(answer))
            if run_of(answer)["state"] != "running":
                return answer
            time.sleep(app.environment.poll_seconds)


def _show_end(app: App, run_id: str, answer: Answer) -> None:
    app.answer(answer, render.show_run)
    show_items(app, run_id, PAGE)


def show_items(app: App, run_id: str, params: dict[str, str]) -> None:
    """All pages: as they come for programs, as one table for people."""
    pages = app.client.items(run_id, params)
    if app.as_json:
        for page in pages:
            emit(page)
    else:
        render.show_items([item for page in pages for item in rows_of(page, "items")])


@contextmanager
def _reporting() -> Iterator[Report]:
    """A live bar on a terminal, otherwise a line whenever something has changed."""
    console = render.console(stderr=True)
    if not console.is_terminal:
        yield _plain_lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def report(run: Answer) -> None:
            total, done = _number(run, "total_items"), _number(run, "completed_items")
            progress.update(task, total=total, completed=done, description=_counts(run))

        yield report


def _plain_lines() -> Report:
    last = ""

    def report(run: Answer) -> None:
        nonlocal last
        line = f"{_number(run, 'completed_items')}/{_number(run, 'total_items')} done: {_counts(run)}"
        if line != last:
            note(line)
            last = line

    return report


def _counts(run: Answer) -> str:
    return ", ".join(f"{_number(run, f'{name}_items')} {name}" for name in ("active", "degraded", "broken"))


def _number(run: Answer, name: str) -> int:
    value: Any = run.get(name)
    return value if isinstance(value, int) else 0
