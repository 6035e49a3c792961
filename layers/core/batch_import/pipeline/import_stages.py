"""Stages probe and provision as one piece of work on a leased item."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from batch_import.deadline import seconds_left
from batch_import.domain.entities import Item, ItemProfile, Run
from batch_import.domain.types import ItemStage
from batch_import.host.errors import HostError
from batch_import.host.transport import TIMEOUT
from batch_import.pipeline.admission import Admitted, HostGate, RelayLimits
from batch_import.pipeline.probing import Probed, Prober
from batch_import.pipeline.provider_locks import PATIENCE
from batch_import.pipeline.provisioning import LONGEST_TURN, Provisioner
from batch_import.pipeline.service import BatchImportService
from batch_import.pipeline.steps import Afterwards, HandOn, Steps
from batch_import.pipeline.worker import THREADS
from batch_import.probe.relay import COMPLETION_TIMEOUT, LIST_TIMEOUT
from batch_import.store.runs import RunStore

logger = logging.getLogger(__name__)

PROBE_SECONDS = LIST_TIMEOUT + COMPLETION_TIMEOUT  # a list and a completion that take their whole time-outs
PROVISION_SECONDS = (
    PATIENCE + LONGEST_TURN + 2 * TIMEOUT
)  # a lease, a turn, and two calls that the host is slow to answer
WORST_CASE = PROBE_SECONDS + 2 * TIMEOUT  # what is provisioned by another invocation when less than that is left


class ImportStages:
    """``make_provisioner`` is called when the host is first needed; it may raise a ``HostError``."""

    def __init__(
        self,
        runs: RunStore,
        steps: Steps,
        service: BatchImportService,
        prober: Prober,
        make_provisioner: Callable[[], Provisioner],
        gate: HostGate,
        limits: RelayLimits,
    ) -> None:
        self._gate = gate
        self._limits = limits
        self._runs = runs
        self._steps = steps
        self._service = service
        self._prober = prober
        self._make_provisioner = make_provisioner
        self._provisioner: Provisioner | None = None
        self._sealed: dict[tuple[str, str], bytes] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the provider leases back, at the end of the invocation."""
        if self._provisioner is not None:
            self._provisioner.close()

    def expand(self, run_id: str, may_go_on: Callable[[], bool]) -> bool:
        """Expand a stored list; False when it has to be taken up again by a later delivery."""
        run = self._runs.get(run_id)
        return True if run is None else self._service.expand(run, may_go_on)

    def admit(self, items: Sequence[Item]) -> Admitted:
        """Those that a limit or an outage keeps away wait."""
        at_the_host, waits = self._gate.admit(items)
        admitted, more = self._limits.admit(at_the_host)
        return admitted, {**waits, **more}

    def prepare(self, items: Sequence[Item], lost: Sequence[Item]) -> list[Item]:
        """The keys of items that were leased together, read together. A permit goes back with an item's next write."""
        self._limits.give_back(lost)
        self._read_keys(items)
        return [self._steps.items.draft(item, {}, also=self._limits.returning(item)) for item in items]

    def _read_keys(self, items: Sequence[Item]) -> None:
        for run_id in {item.run_id for item in items}:
            wanted = [item.item_id for item in items if item.run_id == run_id]
            found = self._steps.items.sealed_keys(run_id, wanted)
            self._sealed.update({(run_id, item_id): sealed for item_id, sealed in found.items()})

    def conclude(self, later: Sequence[Afterwards]) -> None:
        """Ask what may be asked once everything has been handed on; what fails is left undone."""
        with ThreadPoolExecutor(min(THREADS, len(later))) as pool:
            asked = [pool.submit(task) for task in later]
        for one in asked:
            if (error := one.exception()) is not None:
                logger.warning("left undone", exc_info=error)
        self._steps.items.add_to_profiles([one.result() for one in asked if one.exception() is None])

    def work(self, item: Item) -> HandOn:
        run = self._runs.recent(item.run_id)
        if run is None:
            return HandOn(ItemStage.DONE)
        if run.writes_stopped is not None:
            return self._steps.fail(item, run.writes_stopped, "")
        sealed = self._sealed.pop((item.run_id, item.item_id), None)
        if sealed is None:
            return self._steps.fail(item, "key_erased", "the key is no longer held")
        api_key = self._service.unseal(run, item.item_id, sealed)
        if item.current_stage is not ItemStage.PROBE:
            return self._provision(item, run, self._steps.items.profile(item.run_id, item.item_id), api_key)
        probed = self._prober.probe(item, api_key)
        if isinstance(probed, HandOn):
            return probed
        return replace(self._after_probe(probed, api_key), afterwards=probed.afterwards)

    def _after_probe(self, probed: Probed, api_key: str) -> HandOn:
        """A run may have been cancelled while its relay was slow to answer."""
        run = self._runs.recent(probed.item.run_id)
        if run is None:
            return HandOn(ItemStage.DONE)
        if run.writes_stopped is not None:
            return self._steps.fail(probed.item, run.writes_stopped, "")
        down = self._gate.look()  # probing had no need of the host
        if down.wait > 0 or seconds_left() < PROVISION_SECONDS:
            return self._steps.hand_back(probed.item, down.wait)  # another invocation provisions it
        return self._provision(probed.item, run, probed.profile, api_key)

    def _provision(self, item: Item, run: Run, profile: ItemProfile, api_key: str) -> HandOn:
        try:
            provisioner = self._made()
        except HostError as error:
            return self._steps.host_failed(item, error) or self._steps.fail(item, error.code, str(error))
        return provisioner.provision(item, run, profile, api_key)

    def _made(self) -> Provisioner:
        with self._lock:
            if self._provisioner is None:
                self._provisioner = self._make_provisioner()
            return self._provisioner
