"""``self_service``: what only the given ``probe_api_key`` can prove, once per run (docs/design.md#25-validate).

Its user may reach a group of this run and can pay. Where the key was bound is written down first, and it is put back.
See docs/decisions/0006-self-service.md.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
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

logger = logging.getLogger(__name__)
LEASE_SECONDS = 150.0  # outlasts any invocation
_LEASE = "given-key"  # its row is named by the key's digest
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
        """What came of it is kept with the run, which warns at its end of what was not proven.

        No item is judged by it: ``active`` was proven with the service's key.
        """
        lease = (_LEASE, key_digest(probe_api_key), f"{item.lease_owner}")
        if run.self_service is not None or not self._leases.acquire(*lease, LEASE_SECONDS):
            return
        try:
            self._prove(run, item, probe_api_key, group_id)
        except HostError as error:  # the next item tries; a key that is still bound is put back by reconcile
            told = {"run_id": run.run_id, "error": _shown(str(error), probe_api_key)}
            logger.warning("proof with the given key broke off", extra=told)
        finally:
            with suppress(Exception):  # a lease that cannot be given back expires
                self._leases.release(*lease)

    def put_back(self, run_id: str, facts: Mapping[str, Any], owner: str) -> bool:
        """Undo a proof that broke off (reconcile calls it); ``facts`` are the run's.

        ``False`` while a proof with the same key goes on. Raises ``HostError``.
        """
        lease = (_LEASE, str(facts.get("key_digest") or facts["key_id"]), owner)  # older rows have no digest
        if not self._leases.acquire(*lease, LEASE_SECONDS):
            return False
        try:
            self._end_proof_of(run_id)
        finally:
            self._leases.release(*lease)
        return True

    def _end_proof_of(self, run_id: str) -> None:
        """Under the key's lease: no worker is at the proof any more."""
        run = self._runs.get(run_id)
        if run is not None and run.given_key_is_bound:
            self._restore(run_id, run.self_service or {})

    def _restore(self, run_id: str, facts: Mapping[str, Any]) -> None:
        self._host.rebind_key(int(facts["key_id"]), int(facts["group_before"]))
        self._runs.set_self_service(run_id, {**facts, "phase": "put_back"}, "bound")

    def _prove(self, run: Run, item: Item, value: str, group_id: int) -> None:
        digest = key_digest(value)
        unfinished = self._leases.facts(_LEASE, digest).get("bound_by")
        if unfinished:  # else the group of another run's proof would be taken for the key's own
            self._end_proof_of(str(unfinished))
        key = self._host.key_of_anyone(value) if value else None
        if key is None:
            reason = "the host does not know this key" if value else "the key is no longer held"
            self._runs.set_self_service(run.run_id, {"phase": "not_bound", "reason": reason}, None)
            return
        facts = {
            "phase": "bound",
            "key_id": key["id"],
            "key_digest": digest,
            "group_before": key.get("group_id") or 0,
            "group_id": group_id,
        }
        self._leases.remember(_LEASE, digest, {"bound_by": run.run_id})
        if not self._runs.set_self_service(run.run_id, facts, None):
            return  # another item of the run proves it
        try:
            self._host.rebind_key(int(key["id"]), group_id)
            facts["reason"] = _shown(self._ask(item, value), value)
        except HostError as error:
            facts["reason"] = _shown(str(error), value)
        finally:
            self._restore(run.run_id, facts)

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


def _shown(reason: str, probe_api_key: str) -> str:
    return printable(redacted(reason, probe_api_key))[:200]
