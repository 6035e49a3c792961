"""Brings the indexes up to date with what was written, and ends runs whose last item has ended."""

from collections.abc import Callable

from batch_import.domain.entities import Run
from batch_import.store.item_index import DonePage, ItemIndex
from batch_import.store.runs import RunStore
from batch_import.store.secrets import PROBE_KEY, SecretStore, list_part


class Progress:
    """Whoever writes items publishes afterwards: while it goes on, and before it says that its work is done.

    A crash in between is made good: the message comes again, and its items are noted as they are found.
    """

    def __init__(self, index: ItemIndex, runs: RunStore, secrets: SecretStore, compare: Callable[[str], None]) -> None:
        """``compare`` queues that what a run has found out is entered into the index of relays."""
        self._compare = compare
        self._index = index
        self._runs = runs
        self._secrets = secrets

    def publish(self) -> int:
        """Write the index entries of all items that were noted; returns how many runs that closed."""
        closed = 0

        def end_page(page: DonePage) -> None:
            nonlocal closed
            run = self._runs.recent(page.run_id)
            if run is not None and page.is_complete(run) and self._runs.page_done(run, page.page):
                closed += self.close(run)

        self._index.flush(end_page)
        return closed

    def close(self, run: Run) -> bool:
        """Close the run if all its items have ended; what it needs no more is erased. Harmless when repeated."""
        closed = self._runs.close(run)
        ended = self._runs.get(run.run_id) if closed else None
        if ended is not None:
            self.erase_secrets(ended)
            self._compare(run.run_id)
        return closed

    def erase_secrets(self, run: Run) -> None:
        """Of a run that has ended: the given key, and parts of the list that a killed worker left expanded; with
        ``keys_until`` gone, the data key as well.
        """
        waiting = self._runs.expanded(run)
        places = [PROBE_KEY, *(list_part(n) for n in range(run.list_parts) if n not in waiting)]
        if run.keys_until is None:
            self._secrets.erase_run(run.run_id, places)
        else:
            self._secrets.erase(run.run_id, places)
