"""The composition root: the only place that reads the environment and makes clients, lazily, once per process."""

import gc
import hashlib
import json
import os
import random
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache, partial
from typing import Any

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.config import Config

from batch_import import http
from batch_import.domain.clock import Clock
from batch_import.domain.entities import Item
from batch_import.domain.retry import retry_policy
from batch_import.domain.types import ItemStage
from batch_import.host.client import HostClient
from batch_import.host.errors import HostNotConfigured
from batch_import.host.proving import HostProver
from batch_import.host.transport import HostTransport
from batch_import.host.witness import Witness
from batch_import.pipeline.admission import HostGate, RelayLimits
from batch_import.pipeline.cleanup import Cleanup
from batch_import.pipeline.confirmation import ConfirmationWorker
from batch_import.pipeline.dead_letter import DeadLetters
from batch_import.pipeline.import_stages import ImportStages
from batch_import.pipeline.inventory import Inventory
from batch_import.pipeline.outages import Circuits, Outage
from batch_import.pipeline.placing import Placing
from batch_import.pipeline.premises import Premises
from batch_import.pipeline.probing import Prober
from batch_import.pipeline.provider_locks import ProviderLocks
from batch_import.pipeline.proving import ProvingGround
from batch_import.pipeline.provisioning import Provisioner
from batch_import.pipeline.reconcile import Reconcile
from batch_import.pipeline.retrying import Retrying
from batch_import.pipeline.self_service import SelfServiceProof
from batch_import.pipeline.service import BatchImportService
from batch_import.pipeline.steps import Steps
from batch_import.pipeline.validation import HostParts, ValidationService
from batch_import.pipeline.worker import THREADS, Handle, StageWorker
from batch_import.queue import WorkQueue
from batch_import.settings import Settings
from batch_import.store.dynamo import Table
from batch_import.store.items import ItemStore
from batch_import.store.leases import Leases
from batch_import.store.listing import Listing
from batch_import.store.permits import Permits
from batch_import.store.runs import RunStore
from batch_import.store.transactions import Transactions
from batch_import.store.vault import KeyVault

_COLLECT_AFTER = 10_000  # new objects: two hundred threads make the usual 700 within a millisecond
_SECRET_SECONDS = 60  # a changed host secret is seen after this long, without a deployment


class Wiring:
    """Every part by name; each is made when it is first asked for."""

    def __init__(self, settings: Settings, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self.settings = settings
        self.clock = clock

    # --- AWS

    @cached_property
    def _config(self) -> Config:
        return Config(
            max_pool_connections=THREADS + 28,
            parameter_validation=False,
            user_agent=http.USER_AGENT,  # botocore's own is put together anew for each call
            retries={"mode": "standard", "max_attempts": 5},
        )

    def _client(self, name: str) -> Any:
        return boto3.client(name, config=self._config)  # type: ignore[call-overload]

    @cached_property
    def _dynamodb(self) -> Any:
        # DynamoDB's own schedule: ten tries, from 50 ms on. The standard mode has one budget for all retries of a
        # client, which a failed condition never refills: asking for a lease that is taken would use it up. A call that
        # hangs is asked again soon, for all that is written waits for it.
        config = self._config.merge(Config(retries={"mode": "legacy"}, connect_timeout=5, read_timeout=15))
        return boto3.client("dynamodb", config=config)

    @cached_property
    def _sqs(self) -> Any:
        return self._client("sqs")

    @cached_property
    def _secrets(self) -> SecretsProvider:
        return SecretsProvider(boto3_client=self._client("secretsmanager"))

    def secret(self, secret_id: str) -> Mapping[str, Any]:
        """A secret's JSON object; ``{"value": text}`` for a secret that is none."""
        text = str(self._secrets.get(secret_id, max_age=_SECRET_SECONDS) or "")
        try:
            value = json.loads(text)
        except ValueError:
            return {"value": text}
        return value if isinstance(value, dict) else {"value": text}

    def token_hashes(self) -> Mapping[str, Any]:
        """SHA-256 hex digests of the bearer tokens, by role."""
        return self.secret(self.settings.tokens_secret_id)

    # --- stores and queues

    @cached_property
    def _transactions(self) -> Transactions:
        return Transactions(self._dynamodb)

    def _table(self, name: str) -> Table:
        return Table(self._dynamodb, name, self._transactions)

    @cached_property
    def runs_table(self) -> Table:
        return self._table(self.settings.runs_table)

    @cached_property
    def items_table(self) -> Table:
        return self._table(self.settings.items_table)

    @cached_property
    def runs(self) -> RunStore:
        return RunStore(self.runs_table, self.clock)

    @cached_property
    def items(self) -> ItemStore:
        events = self._table(self.settings.events_table)
        return ItemStore(self.items_table, events, self.runs_table, self.clock)

    @cached_property
    def listing(self) -> Listing:
        return Listing(self.runs_table, self.items_table, self.runs, self.items)

    @cached_property
    def vault(self) -> KeyVault:
        return KeyVault(self._client("kms"), self.settings.kms_key_id)

    @cached_property
    def queues(self) -> dict[ItemStage, WorkQueue]:
        importing = WorkQueue(self._sqs, self.settings.import_queue_url)
        return {
            ItemStage.PROBE: importing,
            ItemStage.PROVISION: importing,
            ItemStage.CONFIRM: WorkQueue(self._sqs, self.settings.confirm_queue_url),
            ItemStage.VALIDATE: WorkQueue(self._sqs, self.settings.validate_queue_url),
        }

    # --- the outside

    @cached_property
    def exchange(self) -> Any:
        session = http.guarded_session(self.settings.allowed_hosts, pool=THREADS * 3)
        return partial(http.exchange, partial(http.send, session))

    @cached_property
    def circuits(self) -> Circuits:
        connect = partial(http.connection_trouble, allowed=self.settings.allowed_hosts)
        return Circuits(Leases(self.runs_table, self.clock), self.clock, connect)

    @property
    def host(self) -> "HostSide":
        """The host as the secret names it now."""
        secret = self.secret(self.settings.host_secret_id)
        base_url, admin_key = secret.get("base_url"), secret.get("admin_key")
        if not base_url or not admin_key:
            raise HostNotConfigured("the host secret needs base_url and admin_key")
        return self._host_side(str(base_url), str(admin_key), tuple(secret.get("probe_keys") or ()))

    @lru_cache(maxsize=2)  # noqa: B019 - a Wiring lives as long as its process
    def _host_side(self, base_url: str, admin_key: str, probe_keys: tuple[str, ...]) -> "HostSide":
        scope = hashlib.sha256(base_url.strip().rstrip("/").encode()).hexdigest()[:8]
        leases = Leases(self.runs_table, self.clock, scope)
        outage = Outage(leases, self.clock, "host", retry_policy("host_outage"))
        transport = HostTransport(base_url, admin_key, outage, connections=THREADS + 28)
        return HostSide(self, transport, leases, outage, probe_keys)

    # --- use cases

    @cached_property
    def steps(self) -> Steps:
        def open_key(item: Item) -> str | None:
            run = self.runs.get(item.run_id)
            return self.service.open_key(run, item.item_id) if run else None

        return Steps(self.items, self.clock, random.random, open_key)

    @cached_property
    def service(self) -> BatchImportService:
        return BatchImportService(
            self.runs,
            self.items,
            self.vault,
            self.queues[ItemStage.PROBE],
            self.clock,
            lambda: secrets.token_hex(5),
            timedelta(hours=self.settings.key_retention_hours),
        )

    @cached_property
    def retrying(self) -> Retrying:
        return Retrying(self.runs, self.items, self.listing, self.service)

    def import_stages(self, owner: str) -> ImportStages:
        """Per invocation: ``owner`` holds its provider leases."""

        def provisioner() -> Provisioner:
            host = self.host
            locks = ProviderLocks(host.leases, owner)
            return Provisioner(self.steps, host.client, host.premises, host.inventory, locks, host.placing.give_up)

        prober = Prober(self.steps, self.exchange, self.circuits)
        limits = RelayLimits(
            self._permits("provider", self.settings.provider_concurrency),
            self._permits("origin", self.settings.origin_concurrency),
        )
        return ImportStages(self.runs, self.steps, self.service, prober, provisioner, self.gate, limits)

    def _permits(self, kind: str, limit: int) -> Permits | None:
        return Permits(self.runs_table, self.clock, kind, limit) if limit else None

    @cached_property
    def gate(self) -> HostGate:
        return HostGate(lambda: self.host.outage)

    def confirmation(self) -> ConfirmationWorker:
        def host_parts() -> tuple[HostProver, Placing]:
            host = self.host
            return host.prover, host.placing

        return ConfirmationWorker(self.steps, host_parts)

    def validation(self, owner: str) -> ValidationService:
        """Per invocation: ``owner`` holds its keys, lanes and provider leases until ``close``."""

        def host_parts() -> HostParts:
            host = self.host
            locks = ProviderLocks(host.leases, owner)
            ground = ProvingGround(host.client, host.prover, host.witness, host.premises, locks, owner)
            return HostParts(host.client, host.premises, ground, host.placing, host.self_service, locks)

        send_on = self.queues[ItemStage.VALIDATE].send_items
        return ValidationService(self.steps, self.runs, host_parts, self.service.open_probe_key, send_on)

    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self.items, self.queues[ItemStage.VALIDATE])

    def reconcile(self) -> Reconcile:
        return Reconcile(self.runs, self.items, self.queues, self.clock, self._put_back_key, self._clear_lanes)

    def _put_back_key(self, run_id: str, facts: Mapping[str, Any]) -> None:
        self.host.self_service.put_back(run_id, facts)

    def _clear_lanes(self) -> int:
        return self.host.premises.clear_abandoned_lanes(f"reconcile-{secrets.token_hex(8)}")

    def cleanup(self) -> Cleanup:
        """Per request: it holds provider leases as an owner of its own, and waits for none longer than a second."""
        host = self.host
        return Cleanup(host.client, ProviderLocks(host.leases, f"cleanup-{secrets.token_hex(8)}", patience=1.0))

    def stage_worker(self, *stages: ItemStage, handle: Handle, worst_case: float, **hooks: Any) -> StageWorker:
        """A worker for one stage, or for two that follow one another in one queue."""
        pair = (stages[0], stages[-1])
        return StageWorker(self.items, self.queues, self.clock, pair, handle, worst_case, **hooks)


class HostSide:
    """What talks to one host, shared by all threads of the process."""

    def __init__(
        self, wiring: Wiring, transport: HostTransport, leases: Leases, outage: Outage, probe_keys: tuple[str, ...]
    ) -> None:
        self.outage = outage
        self._wiring = wiring
        self._probe_keys = probe_keys
        self.leases = leases
        self.client = HostClient(transport)
        self.prover = HostProver(transport)
        self.inventory = Inventory(self.client)
        self.witness = Witness(self.client)

    @cached_property
    def premises(self) -> Premises:
        secret = str(self._wiring.secret(self._wiring.settings.deployment_secret_id).get("value") or "")
        if not secret:
            raise HostNotConfigured("the deployment secret is empty")
        return Premises(self.client, self.leases, secret.encode(), self._probe_keys)

    @cached_property
    def placing(self) -> Placing:
        return Placing(self.client, self.premises)

    @cached_property
    def self_service(self) -> SelfServiceProof:
        return SelfServiceProof(self.client, self.prover, self._wiring.runs, self.leases)


@lru_cache(maxsize=1)
def wiring() -> Wiring:
    """This process's parts."""
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    return Wiring(Settings.from_environment(os.environ))
