"""Following a run to its end."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from batch_import_cli.app import App, note
from batch_import_cli.client import Answer, run_of
from batch_import_cli.console import console, put
from batch_import_cli.errors import ApiError, Interruption, TimeIsOver
from batch_import_cli.views.items import ITEMS
from batch_import_cli.views.parts import number
from batch_import_cli.views.runs import good_items, show_causes, show_run
from batch_import_cli.words import _

Report = Callable[[Answer], None]
_MOST_ON_A_TERMINAL = 50


def follow(app: App, run_id: str, seconds: float = math.inf) -> bool:
    """Watch until the run has ended, show what became of each item; True when every one is active, or planned.

    Raises ``TimeIsOver`` when that takes longer than ``seconds``.
    """
    goes_on = _("the run itself goes on; watch it with: batch-import watch {run}").format(run=run_id)
    try:
        answer = _to_the_end(app, run_id, seconds)
        if answer is None:
            told = _("the run has not ended after {n} s").format(n=f"{seconds:g}")
            raise TimeIsOver(told, f"batch-import show {run_id}", [goes_on])
        show_run_and_items(app, answer, {}, first_items(app))
    except KeyboardInterrupt:
        raise Interruption(_("interrupted"), f"batch-import cancel {run_id}", [goes_on]) from None
    except ApiError as error:
        raise error.detailed(goes_on) from None
    run = run_of(answer)
    return good_items(run) == number(run, "total_items") > 0


def _to_the_end(app: App, run_id: str, seconds: float) -> Answer | None:
    """The ended run, or ``None`` when it has not ended in time. It is looked at once in any case."""
    end = time.monotonic() + seconds
    with _reporting() as report:
        while True:
            answer = app.client.run(run_id)
            run = run_of(answer)
            report(run)
            if run["state"] != "running":
                return answer
            left = end - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(left, app.environment.poll_seconds))


def show_run_and_items(app: App, answer: Answer, params: Mapping[str, str], most: int | None) -> None:
    """A run, the first ``most`` of its items, or all, that ``params`` choose, and for people why items failed."""
    run_id = str(run_of(answer).get("run_id"))
    app.answer(answer, lambda answer: show_run(answer, stderr=not app.for_people))
    if app.for_people:
        put(Text())
    app.show_list(ITEMS, app.client.items(run_id, params, most), _("no item found"))
    if app.for_people:
        show_causes(answer)


def first_items(app: App, limit: int | None = None, every: bool = False) -> int | None:
    """How many items are shown: as many as are wanted, else all, on a terminal the first ones."""
    return limit if limit or every or not app.for_people else _MOST_ON_A_TERMINAL


@contextmanager
def _reporting() -> Iterator[Report]:
    """A live bar on a terminal, otherwise a line whenever something has changed."""
    errors = console(stderr=True)
    if not errors.is_terminal:
        yield _plain_lines()
        return
    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, console=errors, transient=True) as progress:
        task = progress.add_task(_("starting"), total=None)

        def report(run: Answer) -> None:
            total, done = number(run, "total_items"), number(run, "completed_items")
            progress.update(task, total=total, completed=done, description=_counts(run))

        yield report


def _plain_lines() -> Report:
    last = ""

    def report(run: Answer) -> None:
        nonlocal last
        done = _("{done} of {total} done").format(done=run.get("completed_items"), total=run.get("total_items"))
        line = f"{done}: {_counts(run)}"
        if line != last:
            note(line)
            last = line

    return report


def _counts(run: Answer) -> str:
    return ", ".join(f"{number(run, f'{name}_items')} {_(name)}" for name in ("active", "degraded", "broken"))
