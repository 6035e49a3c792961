"""Stages probe and provision as one piece of work on a leased item."""

import threading
from collections.abc import Callable
from dataclasses import replace

from batch_import.domain.entities import Item, Run
from batch_import.domain.types import ItemStage
from batch_import.host.errors import HostError
from batch_import.pipeline.probing import Prober
from batch_import.pipeline.provisioning import Provisioner
from batch_import.pipeline.service import BatchImportService
from batch_import.pipeline.steps import HandOn, Steps
from batch_import.store.runs import RunStore

WORST_CASE = 100.0  # a list and completions that take their whole time-outs, and the provider's lease


class ImportStages:
    """``make_provisioner`` is called when the host is first needed; it may raise a ``HostError``."""

    def __init__(
        self,
        runs: RunStore,
        steps: Steps,
        service: BatchImportService,
        prober: Prober,
        make_provisioner: Callable[[], Provisioner],
    ) -> None:
        self._runs = runs
        self._steps = steps
        self._service = service
        self._prober = prober
        self._make_provisioner = make_provisioner
        self._provisioner: Provisioner | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the provider leases back, at the end of the invocation."""
        if self._provisioner is not None:
            self._provisioner.close()

    def expand(self, run_id: str, may_go_on: Callable[[], bool]) -> bool:
        """Expand a stored list; False when it has to be taken up again by a later delivery."""
        run = self._runs.get(run_id)
        return True if run is None else self._service.expand(run, may_go_on)

    def work(self, item: Item) -> HandOn:
        run = self._runs.get(item.run_id)
        if run is None:
            return HandOn(ItemStage.DONE)
        if run.writes_stopped is not None:
            return self._steps.fail(item, run.writes_stopped, "")
        api_key = self._service.open_key(run, item.item_id)
        if api_key is None:
            return self._steps.fail(item, "key_erased", "the key is no longer held")
        if item.current_stage is not ItemStage.PROBE:
            return self._provision(item, run, api_key)
        probed = self._prober.probe(item, api_key)
        if isinstance(probed, HandOn):
            return probed
        return replace(self._after_probe(probed.item, api_key), afterwards=probed.afterwards)

    def _after_probe(self, item: Item, api_key: str) -> HandOn:
        """A run may have been cancelled while its relay was slow to answer."""
        run = self._runs.get(item.run_id)
        if run is None:
            return HandOn(ItemStage.DONE)
        if run.writes_stopped is not None:
            return self._steps.fail(item, run.writes_stopped, "")
        return self._provision(item, run, api_key)

    def _provision(self, item: Item, run: Run, api_key: str) -> HandOn:
        try:
            provisioner = self._made()
        except HostError as error:
            return self._steps.retry_or_fail(item, error.code, str(error))
        return provisioner.provision(item, run, self._steps.items.profile(item.run_id, item.item_id), api_key)

    def _made(self) -> Provisioner:
        with self._lock:
            if self._provisioner is None:
                self._provisioner = self._make_provisioner()
            return self._provisioner
