"""Runs: how far they are, and what became of them."""

from collections.abc import Iterator

from batch_import.domain.outcomes import Code
from rich.text import Text

from batch_import_cli.console import console, cut, folded, put
from batch_import_cli.tables import Listing, Row, columns, said
from batch_import_cli.times import local, span
from batch_import_cli.views.items import FAILED
from batch_import_cli.views.parts import MARGIN, badge, fields_of, joined, listed, number, rows_in, warning
from batch_import_cli.views.worth import plain
from batch_import_cli.words import _, ngettext

_OWN_LIMITS = frozenset({Code.TOO_DEAR, Code.TOO_LITTLE_LEFT})  # a retry keeps the run's options


def run_lines(run: Row, width: int) -> Iterator[Text]:
    started = local(said(run.get("started_at")), "%Y-%m-%d %H:%M")
    state = badge(run, "state", said(run.get("state")))
    yield Text.assemble(said(run.get("run_id")), MARGIN, state, MARGIN, started)
    beneath = joined(said(run.get("label")), _counts(run), _took(run), *_origin(run))
    yield Text(MARGIN + cut(beneath, width - len(MARGIN)))


def good_items(run: Row) -> int:
    """How many items ended well: active, or in a dry run planned."""
    if run.get("dry_run") is not True:
        return number(run, "active_items")
    cancelled = run.get("state") == "cancelled"
    return 0 if cancelled else number(run, "completed_items") - sum(number(run, f"{one}_items") for one in FAILED)


def _counts(run: Row) -> str:
    told = _("{n:,} of {total:,} planned") if run.get("dry_run") else _("{n:,} of {total:,} active")
    counts = [told.format(n=good_items(run), total=number(run, "total_items"))]
    counts += [f"{count:,} {_(one)}" for one in FAILED if (count := number(run, f"{one}_items"))]
    warnings = number(run, "warning_items")
    if warnings:
        counts.append(ngettext("{n:,} warning", "{n:,} warnings", warnings).format(n=warnings))
    return _(", ").join(counts)


def _took(run: Row) -> str:
    taken = span(said(run.get("started_at")), said(run.get("finished_at")))
    return _("took {time}").format(time=taken) if taken else ""


def _origin(run: Row) -> Iterator[str]:
    if run.get("dry_run"):
        yield _("dry run")
    if run.get("retry_of"):
        yield _("retry of {run}").format(run=said(run["retry_of"]))
    if run.get("plan_of"):
        yield _("planned by {run}").format(run=said(run["plan_of"]))
    if run.get("undone_at"):
        yield _("undone")


RUNS = Listing(
    "runs",
    columns(
        *("run_id", "state", "label", "mode", "access_mode", "platform", "dry_run", "retry_of", "plan_of"),
        *("total=total_items", "done=completed_items", "active=active_items", "degraded=degraded_items"),
        *("broken=broken_items", "warnings=warning_items", "started_at", "finished_at", "undone_at"),
    ),
    run_lines,
)


def show_run(answer: Row, *, stderr: bool) -> None:
    """A run with its options and warnings; on stderr where stdout is for a program that wants its items."""
    run = fields_of(answer, "run")
    users, groups = listed(run.get("subscription_users")), listed(run.get("join_groups"))
    joins = _("joins {groups}").format(groups=said(groups)) if groups else ""
    put(*run_lines(run, console(stderr=stderr).width), stderr=stderr)
    put(Text(MARGIN + joined(_(said(run.get("access_mode"))), said(users), joins)), stderr=stderr)
    width = console(stderr=stderr).width - len(MARGIN)
    put(*(Text(MARGIN + line) for line in folded(joined(*_options(run)), width)), stderr=stderr)
    put(*(Text(MARGIN + warning(text), "yellow") for text in listed(answer.get("recent_warnings"))), stderr=stderr)
    children = listed(answer.get("child_runs"))
    if children:
        put(Text(MARGIN + _("further runs of its items: {runs}").format(runs=said(children))), stderr=stderr)


def _options(run: Row) -> Iterator[str]:
    """What the run was asked for beyond access, as far as it is not the default."""
    if run.get("max_multiplier") is not None:
        yield _("highest multiplier {n}").format(n=plain(run["max_multiplier"]))
    if run.get("min_balance") is not None:
        yield _("lowest balance {n} USD").format(n=plain(run["min_balance"]))
    if run.get("rate_from_relay"):
        yield _("takes over the relay's multiplier")
    if run.get("priority_from_speed"):
        yield _("priority by speed")
    if run.get("host_billing_probe"):
        yield _("sub2api watches the multiplier")


def show_causes(answer: Row) -> None:
    """Why items of a run failed, the most frequent cause first, each with what to do."""
    causes = rows_in(answer.get("causes"))
    if not causes:
        return
    put(Text(), Text(_("What went wrong")))
    for cause in causes:
        count = number(cause, "broken_items") + number(cause, "degraded_items")
        put(Text(f"{MARGIN}{count:,} × {said(cause.get('reason'))} ({said(cause.get('code'))})"))
        to_do = folded(said(cause.get("to_do")), console().width - 2 * len(MARGIN))
        put(*(Text(2 * MARGIN + line) for line in to_do))
    codes = [said(cause.get("code")) for cause in causes]
    if not _OWN_LIMITS.issuperset(codes):
        code = codes[0] if len(codes) == 1 else "CODE"
        command = f"batch-import retry {said(fields_of(answer, 'run').get('run_id'))} --code {code}"
        put(Text(_("Retry them: {command}").format(command=command)))
