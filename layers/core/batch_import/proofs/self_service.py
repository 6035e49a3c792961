"""``self_service``: what only the given ``probe_api_key`` can prove, once per run (docs/design.md#25-validate).

Its user may reach a group of this run and can pay. Where the key was bound is written down first, and it is put back.
"""

from collections.abc import Mapping
from typing import Any

from batch_import.domain.answers import error_text
from batch_import.domain.clock import Clock
from batch_import.domain.entities import Item, Run
from batch_import.domain.gateway import Proof, judge_completion, proof_demands
from batch_import.domain.provider import key_digest
from batch_import.domain.redaction import redacted
from batch_import.domain.texts import printable
from batch_import.host.checks import HostChecks
from batch_import.host.client import HostClient
from batch_import.host.errors import HostError
from batch_import.store.leases import Leases
from batch_import.store.runs import RunStore

LEASE_SECONDS = 150.0  # outlasts any invocation
_TRIES = 12
_POLL = 0.25


class SelfServiceProof:
    def __init__(
        self,
        host: HostClient,
        checks: HostChecks,
        runs: RunStore,
        leases: Leases,
        clock: Clock,
    ) -> None:
        self._host = host
        self._checks = checks
        self._runs = runs
        self._leases = leases
        self._clock = clock

    def prove_once(self, run: Run, item: Item, probe_api_key: str, group_id: int) -> None:
        """A failure is a warning of the run, never of the item: ``active`` was proven with the service's key."""
        lease = ("given-key", key_digest(probe_api_key), f"{item.lease_owner}")
        if run.self_service is not None or not self._leases.acquire(*lease, LEASE_SECONDS):
            return
        try:
            reason = self._prove(run, item, probe_api_key, group_id)
        except HostError as error:
            reason = str(error)
        finally:
            self._leases.release(*lease)
        if reason:
            self._runs.warn(
                run.run_id, "self_service_not_proven", {"reason": printable(redacted(reason, probe_api_key))[:200]}
            )

    def put_back(self, run_id: str, facts: Mapping[str, Any]) -> None:
        """Undo a proof that broke off (reconcile calls it)."""
        self._host.rebind_key(int(facts["key_id"]), int(facts["group_before"]))
        self._runs.set_self_service(run_id, {**facts, "phase": "put_back"}, "bound")

    def _prove(self, run: Run, item: Item, value: str, group_id: int) -> str:
        key = self._host.key_of_anyone(value)
        if key is None:
            return "the host does not know this key"
        facts = {"phase": "bound", "key_id": key["id"], "group_before": key.get("group_id") or 0, "group_id": group_id}
        if not self._runs.set_self_service(run.run_id, facts, None):
            return ""  # another item of the run proves it
        try:
            self._host.rebind_key(int(key["id"]), group_id)
            return self._ask(item, value)
        finally:
            self.put_back(run.run_id, facts)

    def _ask(self, item: Item, value: str) -> str:
        """The account has just joined its group, which takes the scheduler up to a second.

        See docs/host-api.md#write-to-effect.
        """
        for attempt in range(_TRIES):
            request_id = f"{item.run_id}-self-{attempt:02d}"
            demands = proof_demands(item.demands, item.responses_mode)
            answer = self._checks.complete(value, item.resolved_smoke_model or "", request_id, demands)
            proof = judge_completion(answer, streamed=demands.stream, platform=item.of_platform).proof
            if proof is Proof.PROVEN:
                return ""
            if proof is not Proof.JOINING:
                break
            self._clock.sleep(_POLL)
        return error_text(answer)
