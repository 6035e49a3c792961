"""The use cases of the API, each bound to the language of its caller."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from batch_import import __version__
from batch_import.aws.retries import TRY_SECONDS, seconds_to_end
from batch_import.domain import contract as api
from batch_import.domain.clock import Clock
from batch_import.domain.entities import Run
from batch_import.domain.errors import HostUnreachable, NotFound
from batch_import.domain.export import exported
from batch_import.domain.politeness import NoExtraProbes
from batch_import.domain.projection import EVENTS_SHOWN, ResultProjection
from batch_import.domain.types import AccessMode, ItemOrder, ModelOrder, RelayOrder, RunSource, RunState
from batch_import.domain.urls import shown_base_url
from batch_import.host.client import HostClient
from batch_import.host.errors import HostError
from batch_import.http_api.panel import panel_links
from batch_import.net.deadline import deadline
from batch_import.proofs.probe_resources import is_for_proofs
from batch_import.runs.apply import PlanApplication
from batch_import.runs.create import BatchImportService
from batch_import.runs.customers import demand_known_customers
from batch_import.runs.quarantine_cleanup import QuarantineCleanup
from batch_import.runs.retry import RunRetry
from batch_import.runs.undo import UndoRequests
from batch_import.store.items import ItemStore
from batch_import.store.listing import Listing
from batch_import.store.runs import RunStore

if TYPE_CHECKING:
    from batch_import.store.comparing import Comparing

_RUN_ID, _ITEM_ID = re.compile("run_[A-Za-z0-9_]{1,60}"), re.compile("item_[0-9]{1,10}")
_POLL_SECONDS = 0.25
_HEALTH_SECONDS = 5.0
_ANSWER_SECONDS = 2 * TRY_SECONDS  # for the last look at a run, and for its counters


class ApiUseCases:
    """``comparing``, ``cleanup`` and ``host`` are asked for when needed; the last two may raise a ``HostError``.

    What reads pasted texts is imported then, too: most calls do without, and it is a fifth of a start's work.

    ``panel`` gives the address of the host's panel, or an empty text.
    """

    def __init__(
        self,
        runs: RunStore,
        items: ItemStore,
        listing: Listing,
        comparing: "Callable[[], Comparing]",
        service: BatchImportService,
        run_retry: RunRetry,
        application: PlanApplication,
        undos: UndoRequests,
        cleanup: Callable[[], QuarantineCleanup],
        host: Callable[[], HostClient],
        panel: Callable[[], str],
        show: ResultProjection,
        spared: NoExtraProbes,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._items = items
        self._listing = listing
        self._comparing = comparing
        self._service = service
        self._run_retry = run_retry
        self._application = application
        self._undos = undos
        self._cleanup = cleanup
        self._host = host
        self._panel = panel
        self._show = show
        self._spared = spared
        self._clock = clock

    def create(self, request: api.CreateRunRequest, idempotency_key: str | None) -> tuple[api.RunCreated, bool]:
        """The run, and whether an earlier call with this key made it.

        Waits up to ``confirm_timeout_ms`` for the items to end; the counters are those of that moment.
        """
        source = RunSource.ITEMS
        if request.text is not None:
            from batch_import.http_api.pasted import with_items

            request, source = with_items(request), RunSource.TEXT
        run, replayed = self._service.start_run(request, idempotency_key, self._check_customers, source)
        run = self._wait(run, request.confirm_timeout_ms / 1000)
        return self._show.created(run, self._runs.counters(run)), replayed

    def _check_customers(self, request: api.CreateRunRequest) -> None:
        if request.access_mode is AccessMode.SUBSCRIPTION:
            demand_known_customers(self._host, request.subscription_users)

    def parse(self, request: api.ParseRequest) -> api.ParseResult:
        """What a pasted text is read as. Nothing is stored; with ``check_host`` the host's accounts are listed once."""
        from batch_import.http_api.pasted import HostAccounts
        from batch_import.intake import parse, shown

        intake = parse(request.text, request.format)
        if not request.check_host:
            return shown(intake, self._show.language, spared=self._spared)
        with _needing_the_host():
            held = HostAccounts(self._host().accounts(), self._clock.now())
        return shown(intake, self._show.language, held.look_up, self._spared)

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
        page = self._listing.items(self._run(run_id), filters, limit, cursor, order)
        profiles = self._items.profiles(page.items)
        return api.ItemList(
            items=[self._show.item(item, profiles[item.item_id]) for item in page.items],
            next_cursor=page.next_cursor,
            matching_items=page.matching,
        )

    def item(self, run_id: str, item_id: str) -> api.ItemDetail:
        known = _ITEM_ID.fullmatch(item_id) is not None
        item = self._items.get(self._run(run_id).run_id, item_id) if known else None
        if item is None:
            raise NotFound("this run has no such item", "该批次没有该条目")
        events = self._items.events(item, EVENTS_SHOWN)
        return self._show.item_detail(item, self._items.profile(item), events, panel_links(self._panel()))

    def cancel(self, run_id: str) -> api.RunSummary:
        run = self._service.cancel(self._run(run_id).run_id)
        return self._show.run(run, self._runs.counters(run))

    def retry(self, run_id: str, request: api.RetryRequest, idempotency_key: str | None) -> tuple[api.RunRetried, bool]:
        """The new run, and whether an earlier call with this key made it."""
        run, replayed = self._run_retry.retry(self._run(run_id), request, idempotency_key)
        return self._show.retried(run, self._runs.counters(run)), replayed

    def apply(self, run_id: str, request: api.ApplyRequest, idempotency_key: str | None) -> tuple[api.RunApplied, bool]:
        """As ``retry``."""
        run, replayed = self._application.apply(self._run(run_id), request, idempotency_key)
        return self._show.applied(run, self._runs.counters(run)), replayed

    def undo(self, run_id: str, idempotency_key: str | None) -> tuple[api.RunSummary, bool]:
        """The run, and whether an earlier call with this key began the undo."""
        run, replayed = self._undos.ask(self._run(run_id).run_id, idempotency_key)
        return self._show.run(run, self._runs.counters(run)), replayed

    def export(self, run_id: str, limit: int, cursor: str | None) -> api.RunExport:
        run = self._run(run_id)
        page = self._listing.items(run, {}, limit, cursor, name="export")
        return exported(run, page.items, page.next_cursor)

    def models(self, filters: Mapping[str, Any], order: ModelOrder, limit: int, cursor: str | None) -> api.ModelList:
        page = self._comparing().models(filters, order, limit, cursor)
        return api.ModelList(
            models=[self._show.model(one) for one in page.rows],
            next_cursor=page.next_cursor,
            matching_models=page.matching,
        )

    def model_relays(
        self,
        model: str,
        filters: Mapping[str, Any],
        order: RelayOrder,
        limit: int,
        cursor: str | None,
        *,
        with_addresses: bool,
    ) -> api.ModelRelays:
        found = self._comparing().relays(model, filters, order, limit, cursor)
        if found is None:
            raise NotFound("no relay that was proved serves this model", "没有已验证的上游提供该模型")
        family, page = found
        return api.ModelRelays(
            model=family,
            relays=[self._show.relay(one, family, with_address=with_addresses) for one in page.rows],
            next_cursor=page.next_cursor,
            matching_relays=page.matching,
        )

    def quarantine(self) -> api.Quarantine:
        with _needing_the_host():
            found = self._cleanup().failed_accounts()
        return api.Quarantine(
            accounts=[
                api.QuarantinedAccount(
                    account_id=one.account.account_id,
                    name=one.account.name,
                    provider_id=one.account.provider_id,
                    base_url=shown_base_url(one.account.base_url),
                    import_state=one.account.import_state,
                    never_served=one.never_served,
                )
                for one in found[: api.MOST_ACCOUNTS]
            ],
            account_count=len(found),
        )

    def clean_quarantine(self) -> api.QuarantineCleaned:
        with _needing_the_host():
            cleaned = self._cleanup().remove()
        kept = [api.KeptAccount(account_id=account_id, reason=reason) for account_id, reason in cleaned.kept.items()]
        return api.QuarantineCleaned(removed=cleaned.removed, kept=kept)

    def host_users(self, text: str) -> api.HostUsers:
        with _needing_the_host():
            found = self._host().users_matching(text, api.MOST_USERS + 1)
        shown = [api.HostUser(user_id=u["id"], email=u["email"], username=u.get("username") or "") for u in found]
        return api.HostUsers(users=shown[: api.MOST_USERS], has_more=len(shown) > api.MOST_USERS)

    def host_groups(self) -> api.HostGroups:
        with _needing_the_host():
            found = [group for group in self._host().groups() if not is_for_proofs(group["name"])]
        shown = [
            api.HostGroup(
                group_id=group["id"],
                name=group["name"],
                platform=group["platform"],
                subscription_type=group.get("subscription_type") or "standard",
                is_exclusive=bool(group.get("is_exclusive")),
                is_active=group.get("status", "active") == "active",
            )
            for group in sorted(found, key=lambda group: str(group["name"]))
        ]
        return api.HostGroups(groups=shown[: api.MOST_GROUPS], group_count=len(shown))

    def health(self) -> api.Health:
        host: dict[str, str | bool | None] = {"reachable": False, "version": None, "error": None, "code": None}
        try:
            with deadline(_HEALTH_SECONDS):
                host |= {"version": self._host().version(), "reachable": True}
        except HostError as error:
            host |= {"error": str(error), "code": error.code.value}
        return api.Health(status="ok" if host["reachable"] else "degraded", version=__version__, host=host)

    def _run(self, run_id: str) -> Run:
        run = self._runs.get(run_id) if _RUN_ID.fullmatch(run_id) else None
        if run is None:
            raise NotFound("there is no such run", "没有该批次")
        return run

    def _wait(self, run: Run, seconds: float) -> Run:
        """Shorter where slow tables would leave no time for the answer: the run is accepted."""
        until = self._clock.monotonic() + min(seconds, seconds_to_end() - _ANSWER_SECONDS)
        while run.state is RunState.RUNNING and self._clock.monotonic() < until:
            self._clock.sleep(_POLL_SECONDS)
            run = self._runs.get(run.run_id) or run
        return run


@contextmanager
def _needing_the_host() -> Iterator[None]:
    try:
        yield
    except HostError as error:
        raise HostUnreachable(str(error), f"sub2api 不可用：{error}") from None
