"""The use cases of the API, each bound to the language of its caller."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from batch_import import __version__
from batch_import.domain import contract as api
from batch_import.domain.clock import Clock
from batch_import.domain.entities import Run
from batch_import.domain.errors import HostUnreachable, NotFound
from batch_import.domain.export import exported
from batch_import.domain.projection import EVENTS_SHOWN, ResultProjection
from batch_import.domain.types import ItemOrder, RunState
from batch_import.host.client import HostClient
from batch_import.host.errors import HostError
from batch_import.http_api.pasted import HostAccounts, with_items
from batch_import.intake import parse, shown
from batch_import.net.deadline import deadline
from batch_import.runs.apply import PlanApplication
from batch_import.runs.create import BatchImportService
from batch_import.runs.quarantine_cleanup import QuarantineCleanup
from batch_import.runs.retry import RunRetry
from batch_import.runs.undo import UndoRequests
from batch_import.store.items import ItemStore
from batch_import.store.listing import Listing
from batch_import.store.runs import RunStore

_POLL_SECONDS = 0.25
_HEALTH_SECONDS = 5.0


class ApiUseCases:
    """``cleanup`` and ``host`` are asked for when they are needed; they may raise a ``HostError``."""

    def __init__(
        self,
        runs: RunStore,
        items: ItemStore,
        listing: Listing,
        service: BatchImportService,
        run_retry: RunRetry,
        application: PlanApplication,
        undos: UndoRequests,
        cleanup: Callable[[], QuarantineCleanup],
        host: Callable[[], HostClient],
        show: ResultProjection,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._items = items
        self._listing = listing
        self._service = service
        self._run_retry = run_retry
        self._application = application
        self._undos = undos
        self._cleanup = cleanup
        self._host = host
        self._show = show
        self._clock = clock

    def create(self, request: api.CreateRunRequest, idempotency_key: str | None) -> api.RunCreated:
        """Waits up to ``confirm_timeout_ms`` for the items to end; the counters are those of that moment."""
        run = self._service.start_run(with_items(request), idempotency_key)
        run = self._wait(run, request.confirm_timeout_ms / 1000)
        return self._show.created(run, self._runs.counters(run))

    def parse(self, request: api.ParseRequest) -> api.ParseResult:
        """What a pasted text is read as. Nothing is stored; with ``check_host`` the host's accounts are listed once."""
        intake = parse(request.text, request.format)
        if not request.check_host:
            return shown(intake, self._show.language)
        with _needing_the_host():
            held = HostAccounts(self._host().accounts(), self._clock.now())
        return shown(intake, self._show.language, held.look_up)

    def runs(self, filters: Mapping[str, Any], limit: int, cursor: str | None) -> api.RunList:
        found, next_cursor = self._listing.runs(filters, limit, cursor)
        counters = self._runs.counters_of(found)
        return api.RunList(runs=[self._show.run(run, counters[run.run_id]) for run in found], next_cursor=next_cursor)

    def run(self, run_id: str) -> api.RunDetail:
        run = self._run(run_id)
        return self._show.run_detail(run, self._runs.counters(run))

    def items(
        self, run_id: str, filters: Mapping[str, Any], order: ItemOrder, limit: int, cursor: str | None
    ) -> api.ItemList:
        found, next_cursor = self._listing.items(self._run(run_id), filters, limit, cursor, order)
        profiles = self._items.profiles(found)
        return api.ItemList(
            items=[self._show.item(item, profiles[item.item_id]) for item in found], next_cursor=next_cursor
        )

    def item(self, run_id: str, item_id: str) -> api.ItemDetail:
        item = self._items.get(run_id, item_id)
        if item is None:
            raise NotFound("this run has no such item")
        return self._show.item_detail(item, self._items.profile(item), self._items.events(item, EVENTS_SHOWN))

    def cancel(self, run_id: str) -> api.RunSummary:
        run = self._service.cancel(run_id)
        return self._show.run(run, self._runs.counters(run))

    def retry(self, run_id: str, request: api.RetryRequest, idempotency_key: str | None) -> api.RunRetried:
        run = self._run_retry.retry(self._run(run_id), request, idempotency_key)
        return self._show.retried(run, self._runs.counters(run))

    def apply(self, run_id: str, request: api.ApplyRequest, idempotency_key: str | None) -> api.RunApplied:
        run = self._application.apply(self._run(run_id), request, idempotency_key)
        return self._show.applied(run, self._runs.counters(run))

    def undo(self, run_id: str, idempotency_key: str | None) -> api.RunSummary:
        run = self._undos.ask(self._run(run_id).run_id, idempotency_key)
        return self._show.run(run, self._runs.counters(run))

    def export(self, run_id: str, limit: int, cursor: str | None) -> api.RunExport:
        run = self._run(run_id)
        found, next_cursor = self._listing.items(run, {}, limit, cursor)
        return exported(run, found, next_cursor)

    def quarantine(self) -> api.Quarantine:
        with _needing_the_host():
            found = self._cleanup().failed_accounts()
        return api.Quarantine(
            accounts=[
                api.QuarantinedAccount(
                    account_id=one.account.account_id,
                    name=one.account.name,
                    provider_id=one.account.provider_id,
                    base_url=one.account.base_url,
                    import_state=one.account.import_state,
                    never_served=one.never_served,
                )
                for one in found
            ]
        )

    def clean_quarantine(self) -> api.QuarantineCleaned:
        with _needing_the_host():
            cleaned = self._cleanup().remove()
        kept = [api.KeptAccount(account_id=account_id, reason=reason) for account_id, reason in cleaned.kept.items()]
        return api.QuarantineCleaned(removed=cleaned.removed, kept=kept)

    def health(self) -> api.Health:
        host: dict[str, str | bool | None] = {"reachable": False, "version": None, "error": None}
        try:
            with deadline(_HEALTH_SECONDS):
                host |= {"version": self._host().version(), "reachable": True}
        except HostError as error:
            host |= {"error": str(error)}
        return api.Health(status="ok" if host["reachable"] else "degraded", version=__version__, host=host)

    def _run(self, run_id: str) -> Run:
        run = self._runs.get(run_id) if run_id.startswith("run_") else None
        if run is None:
            raise NotFound("there is no such run")
        return run

    def _wait(self, run: Run, seconds: float) -> Run:
        until = self._clock.monotonic() + seconds
        while run.state is RunState.RUNNING and self._clock.monotonic() < until:
            self._clock.sleep(_POLL_SECONDS)
            run = self._runs.get(run.run_id) or run
        return run


@contextmanager
def _needing_the_host() -> Iterator[None]:
    try:
        yield
    except HostError as error:
        raise HostUnreachable(str(error)) from None
