"""Stages probe and provision as one piece of work on a leased item (docs/design.md#2-pipeline)."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace

from batch_import.consumer.admission import HostGate, RelayLimits
from batch_import.consumer.next_step import DeferredProbe, NextStep
from batch_import.consumer.stage_worker import THREADS, Admitted, SecondsLeft, Stage, demand_time
from batch_import.coordination.provider_lock import PATIENCE
from batch_import.domain.entities import Item, ItemProfile, Run
from batch_import.domain.outcomes import Code
from batch_import.domain.types import ItemStage
from batch_import.host.errors import HostError
from batch_import.host.transport import TIMEOUT
from batch_import.net.deadline import deadline, seconds_left
from batch_import.probe.relay import COMPLETION_TIMEOUT, LIST_TIMEOUT
from batch_import.runs.create import BatchImportService
from batch_import.stages.probe import Probed, Prober
from batch_import.stages.provision import LONGEST_TURN, Provisioner
from batch_import.stages.transitions import ItemTransitions, TransitionWriter
from batch_import.store.items import ItemStore
from batch_import.store.runs import RunStore

logger = logging.getLogger(__name__)

PROBE_SECONDS = LIST_TIMEOUT + COMPLETION_TIMEOUT  # a list and a completion that take their whole time-outs
# A lease, a turn, and two calls that the host is slow to answer.
PROVISION_SECONDS = PATIENCE + LONGEST_TURN + 2 * TIMEOUT
WORST_CASE = PROBE_SECONDS + 2 * TIMEOUT  # with less time left, another invocation provisions the item


class ImportStage(Stage):
    """One per invocation. ``make_provisioner`` is called when the host is needed; it may raise a ``HostError``."""

    lease_stages = (ItemStage.PROBE, ItemStage.PROVISION)
    worst_case = WORST_CASE

    def __init__(
        self,
        runs: RunStore,
        items: ItemStore,
        transitions: TransitionWriter,
        service: BatchImportService,
        prober: Prober,
        make_provisioner: Callable[[], Provisioner],
        gate: HostGate,
        limits: RelayLimits,
        undo: Callable[[str, SecondsLeft], None],
        close_connections: Callable[[], None] = lambda: None,
    ) -> None:
        self._runs = runs
        self._items = items
        self._transitions = transitions
        self._service = service
        self._prober = prober
        self._make_provisioner = make_provisioner
        self._gate = gate
        self._limits = limits
        self._undo = undo
        self._close_connections = close_connections
        self._provisioner: Provisioner | None = None
        self._keys: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give permits and provider leases back. Close connections to relays, which a warm process would keep."""
        self._close_connections()
        self._limits.close()
        if self._provisioner is not None:
            self._provisioner.close()

    def expand(self, run_id: str, may_go_on: Callable[[], bool]) -> bool:
        run = self._runs.get(run_id)
        return True if run is None else self._service.expand(run, may_go_on)

    def undo(self, run_id: str, seconds_left: SecondsLeft) -> None:
        self._undo(run_id, seconds_left)

    def admit(self, items: Sequence[Item]) -> Admitted:
        """Returns the admitted items, and the delay for each other one."""
        at_the_host, waits = self._gate.admit(items)
        admitted, more = self._limits.admit(at_the_host)
        return admitted, {**waits, **more}

    def prepare(self, leased: list[Item], lost: Sequence[Item]) -> list[Item]:
        """Read the keys of the leased items, all of one run, together."""
        self._limits.give_back(lost)
        if leased:
            run_id = leased[0].run_id
            found = self._service.open_keys(run_id, [item.item_id for item in leased])
            self._keys.update({(run_id, item_id): api_key for item_id, api_key in found.items()})
        return leased

    def run_deferred(self, probes: Sequence[DeferredProbe], seconds: float) -> None:
        with deadline(seconds), ThreadPoolExecutor(min(THREADS, len(probes))) as pool:
            asked = [pool.submit(copy_context().run, probe) for probe in probes]
        for one in asked:
            if (error := one.exception()) is not None:
                logger.warning("deferred probe failed", exc_info=error)
        self._items.add_to_profiles([one.result() for one in asked if one.exception() is None])

    def handle(self, item: Item) -> NextStep:
        try:
            return self._handle(item)
        finally:
            self._limits.give_back([item])

    def _handle(self, item: Item) -> NextStep:
        run = self._runs.recent(item.run_id)
        demand_time(self.worst_case)
        if run is None:
            return NextStep(ItemStage.DONE)
        api_key = self._keys.pop((item.run_id, item.item_id), None)
        to = self._transitions.begin(item, api_key)
        if run.writes_stopped is not None:
            return to.fail(run.writes_stopped, "")
        if api_key is None:
            return to.fail(Code.KEY_ERASED, "the key is no longer held")
        if item.current_stage is not ItemStage.PROBE:
            return self._provision(to, run, self._items.profile(item), api_key)
        probed = self._prober.probe(to, api_key, run)
        self._limits.give_back([item])  # the relay is not asked any more
        if isinstance(probed, NextStep):
            return probed
        return replace(self._after_probe(to, probed, api_key), deferred=probed.deferred)

    def _after_probe(self, to: ItemTransitions, probed: Probed, api_key: str) -> NextStep:
        """The run may have been cancelled while its relay was slow to answer."""
        run = self._runs.recent(to.item.run_id)
        if run is None:
            return NextStep(ItemStage.DONE)
        if run.writes_stopped is not None:
            return to.fail(run.writes_stopped, "")
        delay = self._gate.look().wait  # probing did not need the host
        if delay > 0 or seconds_left() < PROVISION_SECONDS:
            return to.hand_back(delay)  # another invocation provisions the item
        return self._provision(to, run, probed.profile, api_key)

    def _provision(self, to: ItemTransitions, run: Run, profile: ItemProfile, api_key: str) -> NextStep:
        try:
            provisioner = self._made_provisioner()
        except HostError as error:
            return to.host_failed(error) or to.fail(error.code, str(error))
        return provisioner.provision(to, run, profile, api_key)

    def _made_provisioner(self) -> Provisioner:
        with self._lock:
            if self._provisioner is None:
                self._provisioner = self._make_provisioner()
            return self._provisioner
