"""The composition root: the only place that reads the environment and makes clients, lazily, once per process.

Parts are imported where they are made: a function starts with what it needs (docs/decisions/0022-lambda-limits.md).
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import random
import secrets
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cached_property, lru_cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config

from batch_import.aws.observability import Measures, Metric, published
from batch_import.aws.queue import Work, WorkQueue
from batch_import.aws.retries import TIMEOUTS, TRY_SECONDS, Patience, with_patience
from batch_import.aws.settings import Settings
from batch_import.domain.clock import SYSTEM_CLOCK, Clock
from batch_import.domain.retry_policy import retry_policy
from batch_import.domain.types import ItemStage
from batch_import.host.errors import HostNotConfigured
from batch_import.net.user_agent import USER_AGENT

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from ssl import SSLContext

    from batch_import.consumer.admission import HostGate
    from batch_import.consumer.progress import Progress
    from batch_import.consumer.sqs_batch import Context, Failures
    from batch_import.consumer.stage_worker import SecondsLeft, Stage
    from batch_import.coordination.circuit_breaker import OriginBreakers
    from batch_import.coordination.provider_lock import ProviderLocks
    from batch_import.coordination.semaphore import DistributedSemaphore
    from batch_import.domain.entities import Run
    from batch_import.host.checks import HostChecks
    from batch_import.host.client import HostClient
    from batch_import.host.served_by import ServedByLookup
    from batch_import.http_api.use_cases import ApiUseCases
    from batch_import.net.resolver import Resolver
    from batch_import.proofs.account_inventory import AccountInventory
    from batch_import.proofs.probe_resources import ProbeResources
    from batch_import.proofs.publication import Publication
    from batch_import.proofs.self_service import SelfServiceProof
    from batch_import.proofs.withdrawal import Withdrawal
    from batch_import.runs.create import BatchImportService
    from batch_import.runs.quarantine_cleanup import QuarantineCleanup
    from batch_import.runs.reconcile import Reconcile
    from batch_import.stages.confirm import ConfirmationWorker
    from batch_import.stages.dead_letter import DeadLetterRecorder
    from batch_import.stages.import_stage import ImportStage
    from batch_import.stages.transitions import TransitionWriter
    from batch_import.stages.validate import ValidationService
    from batch_import.store.comparing import Comparing
    from batch_import.store.dynamo import Table
    from batch_import.store.item_index import ItemIndex
    from batch_import.store.items import ItemStore
    from batch_import.store.listing import Listing
    from batch_import.store.relay_index import RelayIndex
    from batch_import.store.run_index import RunIndex
    from batch_import.store.runs import RunStore
    from batch_import.store.secrets import SecretStore
    from batch_import.store.vault import KeyVault

_COLLECT_AFTER = 10_000  # new objects: two hundred threads make the usual 700 within a millisecond
_SWITCH_SECONDS = 0.1  # after which a thread wakes that waits for the lock of the interpreter: hundreds do
_SECRET_SECONDS = 30  # a changed secret is seen after this long, without a deployment
_KEPT_CONNECTIONS = 32  # of each client of AWS, and twice as many to the host; more are opened, and closed after use
_CLEANUP_PATIENCE = 1.0  # seconds: a caller waits for the answer


T = TypeVar("T")
_MAKING = threading.RLock()


class _Once(cached_property[T]):
    """A property that is made once for all threads: since Python 3.12 ``cached_property`` has no lock."""

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        with _MAKING:
            return super().__get__(instance, owner)


once = cached_property if TYPE_CHECKING else _Once


class CompositionRoot:
    """Every part by name; each is made when it is first asked for."""

    def __init__(self, settings: Settings, clock: Clock = SYSTEM_CLOCK) -> None:
        self.settings = settings
        self.clock = clock
        self._reading_secrets = threading.Lock()
        self._kept_secrets: dict[str, tuple[float, Mapping[str, Any]]] = {}

    # --- AWS

    def _client(self, name: str, needed: float = TRY_SECONDS) -> Any:
        config = Config(
            max_pool_connections=_KEPT_CONNECTIONS,
            parameter_validation=False,
            user_agent=USER_AGENT,  # botocore's own is put together anew for each call
            retries={"mode": "legacy"},  # its handler is replaced; the standard mode would count in a budget as well
        )
        client = boto3.client(name, config=config.merge(TIMEOUTS))  # type: ignore[call-overload]
        return with_patience(client, Patience(self.clock), needed)

    @once
    def _dynamodb(self) -> Any:
        return self._client("dynamodb")

    @once
    def _sqs(self) -> Any:
        return self._client("sqs", needed=0.0)  # what could not be done is queued in the last seconds

    @once
    def _secrets(self) -> Any:
        return self._client("secretsmanager")

    def secret(self, secret_id: str) -> Mapping[str, Any]:
        """A secret's JSON object; ``{"value": text}`` for a secret that holds any other text."""
        client = self._secrets
        with self._reading_secrets:  # threads that ask meanwhile use what the first one reads
            until, value = self._kept_secrets.get(secret_id, (0.0, {}))
            if until <= self.clock.monotonic():
                value = _object(str(client.get_secret_value(SecretId=secret_id).get("SecretString") or ""))
                self._kept_secrets[secret_id] = self.clock.monotonic() + _SECRET_SECONDS, value
        return value

    def tokens(self) -> Mapping[str, Any]:
        """Names and digests of the bearer tokens, by role (domain/tokens.py)."""
        return self.secret(self.settings.tokens_secret_id)

    # --- stores and queues

    def _table(self, name: str) -> Table:
        from batch_import.store.dynamo import Table

        return Table(self._dynamodb, name, self.clock)

    @once
    def runs_table(self) -> Table:
        return self._table(self.settings.runs_table)

    @once
    def items_table(self) -> Table:
        return self._table(self.settings.items_table)

    @once
    def runs(self) -> RunStore:
        from batch_import.store.runs import RunStore

        return RunStore(self.runs_table, self.run_index, self.item_index, self.clock, self._key_retention)

    @property
    def _key_retention(self) -> timedelta:
        return timedelta(hours=self.settings.key_retention_hours)

    @once
    def run_index(self) -> RunIndex:
        from batch_import.store.run_index import RunIndex

        return RunIndex(self.runs_table)

    @once
    def item_index(self) -> ItemIndex:
        from batch_import.store.item_index import ItemIndex

        return ItemIndex(self.runs_table, self.clock)

    @once
    def items(self) -> ItemStore:
        from batch_import.store.items import ItemStore

        events = self._table(self.settings.events_table)
        return ItemStore(self.items_table, events, self.item_index, self.clock)

    @once
    def listing(self) -> Listing:
        from batch_import.store.listing import Listing

        return Listing(self.run_index, self.item_index, self.runs, self.items)

    @once
    def secret_store(self) -> SecretStore:
        from batch_import.store.secrets import SecretStore

        return SecretStore(self._table(self.settings.secrets_table), lambda: self.vault, self.clock)

    @once
    def vault(self) -> KeyVault:
        from batch_import.store.vault import KeyVault

        return KeyVault(self._client("kms"), self.settings.kms_key_id)

    @once
    def progress(self) -> Progress:
        from batch_import.consumer.progress import Progress

        return Progress(self.item_index, self.runs, self.secret_store, self._ask_to_compare)

    def _ask_to_compare(self, run_id: str) -> None:
        self.queues[ItemStage.VALIDATE].send([Work(run_id, compare_from=0)])

    @once
    def relay_index(self) -> RelayIndex:
        from batch_import.store.relay_index import RelayIndex

        return RelayIndex(self.runs_table)

    @once
    def queues(self) -> dict[ItemStage, WorkQueue]:
        settings = self.settings
        urls = (settings.import_queue_url, settings.confirm_queue_url, settings.validate_queue_url)
        importing, confirm, validate = (WorkQueue(self._sqs, url, Patience(self.clock)) for url in urls)
        return {
            ItemStage.PROBE: importing,
            ItemStage.PROVISION: importing,
            ItemStage.CONFIRM: confirm,
            ItemStage.VALIDATE: validate,
        }

    # --- relays and host

    def _tls(self) -> SSLContext | None:
        """``None`` for the usual authorities, which are read when they are first needed."""
        from batch_import.net.tls import tls_context

        return tls_context(self.settings.ssl_cert_file) if self.settings.ssl_cert_file else None

    @once
    def _resolver(self) -> Resolver:
        from batch_import.net.resolver import Resolver

        return Resolver(self.clock.monotonic)

    @once
    def origin_breakers(self) -> OriginBreakers:
        from batch_import.coordination.circuit_breaker import OriginBreakers
        from batch_import.net.relays import connection_trouble
        from batch_import.store.leases import Leases

        connect = partial(connection_trouble, self._resolver, self.settings.allowed_hosts)
        return OriginBreakers(Leases(self.runs_table, self.clock), self.clock, connect)

    @property
    def host(self) -> HostServices:
        """The host as the secret names it now; raises ``HostNotConfigured``."""
        secret = self.secret(self.settings.host_secret_id)
        base_url, admin_key = secret.get("base_url"), secret.get("admin_key")
        if not base_url or not admin_key:
            raise HostNotConfigured("the host secret needs base_url and admin_key")
        with _MAKING:
            return self._host_services(str(base_url), str(admin_key), tuple(secret.get("probe_keys") or ()))

    @lru_cache(maxsize=2)  # noqa: B019 - a CompositionRoot lives as long as its process
    def _host_services(self, base_url: str, admin_key: str, probe_keys: tuple[str, ...]) -> HostServices:
        return HostServices(self, base_url, admin_key, probe_keys)

    # --- use cases

    @once
    def service(self) -> BatchImportService:
        from batch_import.runs.create import BatchImportService

        return BatchImportService(
            self.runs,
            self.items,
            self.secret_store,
            self.progress,
            self.queues[ItemStage.PROBE],
            self.clock,
            lambda: secrets.token_hex(5),
            self._key_retention,
        )

    def api(self, language: str) -> ApiUseCases:
        from batch_import.domain.projection import ResultProjection
        from batch_import.http_api.use_cases import ApiUseCases  # the workers' functions start without it
        from batch_import.runs.apply import PlanApplication
        from batch_import.runs.follow_up import FollowUp
        from batch_import.runs.retry import RunRetry
        from batch_import.runs.undo import UndoRequests

        follow_up = FollowUp(self.runs, self.items, self.service)

        return ApiUseCases(
            self.runs,
            self.items,
            self.listing,
            self._comparing,
            self.service,
            RunRetry(follow_up, self.service),
            PlanApplication(follow_up, self.service),
            UndoRequests(self.runs, follow_up, self.service, self.queues[ItemStage.PROBE]),
            self._cleanup,
            lambda: self.host.client,
            self._panel_address,
            ResultProjection(language),
            self.settings.spared_relays,
            self.clock,
        )

    def _comparing(self) -> Comparing:
        from batch_import.store.comparing import Comparing

        return Comparing(self.relay_index)

    def _panel_address(self) -> str:
        """Where people reach the host: its secret names it when that is not the address that the service uses."""
        secret: Mapping[str, Any] = {}
        with suppress(Exception):  # an item is shown without links, too
            secret = self.secret(self.settings.host_secret_id)
        return str(secret.get("panel_url") or secret.get("base_url") or "")

    def _cleanup(self) -> QuarantineCleanup:
        """One per request: it holds provider leases under a name of its own."""
        from batch_import.runs.quarantine_cleanup import QuarantineCleanup

        host = self.host
        locks = host.locks(f"cleanup-{secrets.token_hex(8)}", _CLEANUP_PATIENCE)
        return QuarantineCleanup(host.client, locks, self.clock)

    def dead_letters(self) -> DeadLetterRecorder:
        from batch_import.stages.dead_letter import DeadLetterRecorder

        return DeadLetterRecorder(self.items, self.progress, self.queues[ItemStage.VALIDATE], self.clock)

    def reconcile(self) -> Reconcile:
        from batch_import.runs.reconcile import Reconcile

        give_up = self.dead_letters().give_up
        return Reconcile(
            self.runs,
            self.items,
            self.listing,
            self.progress,
            self.secret_store,
            self.queues,
            self.clock,
            self._put_back_key,
            self._clear_groups,
            give_up,
        )

    def _put_back_key(self, run_id: str, facts: Mapping[str, Any]) -> bool:
        return self.host.self_service.put_back(run_id, facts, f"reconcile-{secrets.token_hex(8)}")

    def _clear_groups(self) -> int:
        host, owner = self.host, f"reconcile-{secrets.token_hex(8)}"
        return host.resources.clear_abandoned_groups(owner, host.locks(owner, _CLEANUP_PATIENCE).hold)

    # --- stages, each made for one invocation; ``owner`` holds what the invocation leases

    def measured(self) -> AbstractContextManager[Measures]:
        """Measures that are published as metrics of this deployment at the end of the block."""
        return published({"stack": self.settings.stack_name, "stage": self.settings.stage_name})

    def watch(self, measures: Measures) -> None:
        """What is true of the whole deployment at this minute: items that wait, and whether the host is down."""
        measures.count(Metric.ITEMS_WAITING, self.runs.items_waiting())
        with suppress(HostNotConfigured):
            measures.count(Metric.HOST_OUTAGE, int(self.host.breaker.is_open()))

    def work(self, stage: Stage, event: dict[str, Any], context: Context) -> Failures:
        """Work on an SQS event's messages; the batch response for Lambda."""
        from batch_import.consumer.sqs_batch import work_messages
        from batch_import.consumer.stage_worker import StageWorker

        memory = self.settings.aws_lambda_function_memory_size
        worker = StageWorker(self.items, self.progress, self.queues, self.clock, stage, memory)
        with self.measured() as measures:
            return work_messages(event, context, worker, measures, self.clock)

    @once
    def _transitions(self) -> TransitionWriter:
        from batch_import.domain.entities import Item
        from batch_import.stages.transitions import TransitionWriter

        def open_key(item: Item) -> str | None:
            return self.service.open_keys(item.run_id, [item.item_id]).get(item.item_id)

        return TransitionWriter(self.items, self.clock, random.random, open_key)

    @once
    def gate(self) -> HostGate:
        from batch_import.consumer.admission import HostGate

        return HostGate(lambda: self.host.breaker)

    def import_stage(self, owner: str) -> ImportStage:
        from batch_import.consumer.admission import RelayLimits
        from batch_import.consumer.stage_worker import THREADS
        from batch_import.net.http import exchange
        from batch_import.net.relays import RelayConnections
        from batch_import.stages.import_stage import ImportStage
        from batch_import.stages.probe import Prober
        from batch_import.stages.provision import Provisioner

        def provisioner() -> Provisioner:
            host, locks = self.host, self.host.locks(owner)
            return Provisioner(host.client, host.resources, host.inventory, locks, host.publication.give_up, self.clock)

        limits = RelayLimits(
            self._semaphore("provider", self.settings.provider_concurrency),
            self._semaphore("origin", self.settings.items_at_an_origin),
            self.clock,
        )
        relays = RelayConnections(self.settings.allowed_hosts, THREADS, self._resolver, self._tls())
        spacing = self.settings.origin_spacing / 1000
        prober = Prober(
            partial(exchange, relays.send), self.origin_breakers, self.settings.spared_relays, self.clock, spacing
        )
        return ImportStage(
            self.runs,
            self.items,
            self._transitions,
            self.service,
            prober,
            provisioner,
            self.gate,
            limits,
            partial(self._undo, owner),
            relays.close,
        )

    def _undo(self, owner: str, run_id: str, seconds_left: SecondsLeft) -> None:
        from batch_import.runs.follow_up import FollowUp
        from batch_import.runs.undo import UndoWorker

        def locks() -> ProviderLocks:
            return self.host.locks(f"undo-{owner}")

        follow_up = FollowUp(self.runs, self.items, self.service)
        queue = self.queues[ItemStage.PROBE]
        worker = UndoWorker(
            self.runs, self.items, follow_up, locks, self._withdrawal, queue, self._ask_to_compare, self.clock
        )
        worker.work(run_id, seconds_left)

    def _withdrawal(self, run: Run) -> Withdrawal:
        from batch_import.domain.clock import parse
        from batch_import.proofs.usage import GivenKey, UsageRecords
        from batch_import.proofs.withdrawal import Withdrawal

        host, given, key_id = self.host, None, (run.self_service or {}).get("key_id")
        if key_id is not None and run.finished_at is not None:
            given = GivenKey(int(key_id), parse(run.finished_at))
        records = UsageRecords(host.resources.own_key_ids(), given)
        return Withdrawal(host.client, host.resources, records, run, self.runs.get_many)

    def _semaphore(self, kind: str, limit: int) -> DistributedSemaphore | None:
        from batch_import.coordination.semaphore import DistributedSemaphore

        return DistributedSemaphore(self.runs_table, self.clock, kind, limit) if limit else None

    def confirm_stage(self, owner: str) -> ConfirmationWorker:
        from batch_import.stages.confirm import ConfirmationWorker

        return ConfirmationWorker(
            self._transitions,
            self.gate,
            lambda: self.host.checks,
            lambda: self.host.publication,
            lambda: self.host.locks(owner),
        )

    def validate_stage(self, owner: str) -> ValidationService:
        from batch_import.proofs.completion_proof import CompletionProof
        from batch_import.stages.validate import ProofServices, ValidationService

        def services() -> ProofServices:
            host, locks = self.host, self.host.locks(owner)
            proof = CompletionProof(host.client, host.checks, host.served_by, host.resources, locks, owner, self.clock)
            return ProofServices(host.client, host.resources, proof, host.publication, host.self_service, locks)

        return ValidationService(
            self.items,
            self._transitions,
            self.runs,
            self.gate,
            services,
            self.service.open_probe_key,
            lambda item: self.secret_store.erase(item.run_id, [item.item_id]),
            self.queues[ItemStage.VALIDATE].send_items,
            self._compare,
        )

    def _compare(self, run_id: str, start: int, seconds_left: SecondsLeft) -> None:
        from batch_import.runs.comparison import RunComparison

        comparison = RunComparison(self.runs, self.items, self.relay_index, self.queues[ItemStage.VALIDATE])
        comparison.work(run_id, start, seconds_left)


class HostServices:
    """What talks to one host, shared by all threads of the process."""

    def __init__(self, root: CompositionRoot, base_url: str, admin_key: str, probe_keys: tuple[str, ...]) -> None:
        from batch_import.coordination.circuit_breaker import CircuitBreaker
        from batch_import.host.transport import HostTransport, canonical_address
        from batch_import.store.leases import Leases

        self._root = root
        self._probe_keys = probe_keys
        scope = hashlib.sha256(canonical_address(base_url).encode()).hexdigest()[:8]
        self.leases = Leases(root.runs_table, root.clock, scope)
        self.breaker = CircuitBreaker(self.leases, root.clock, "host", retry_policy("host_outage"))
        connections = 2 * _KEPT_CONNECTIONS
        self._transport = HostTransport(base_url, admin_key, self.breaker, connections, root.clock, root._tls())

    @once
    def client(self) -> HostClient:
        from batch_import.host.client import HostClient

        return HostClient(self._transport)

    @once
    def checks(self) -> HostChecks:
        from batch_import.host.checks import HostChecks

        return HostChecks(self._transport)

    @once
    def inventory(self) -> AccountInventory:
        from batch_import.proofs.account_inventory import AccountInventory

        return AccountInventory(self.client, self._root.clock)

    @once
    def served_by(self) -> ServedByLookup:
        from batch_import.host.served_by import ServedByLookup

        return ServedByLookup(self.client, self._root.clock)

    @property
    def resources(self) -> ProbeResources:
        """Those of the deployment's secret as it is now: one that leaked is replaced while workers are warm."""
        secret = str(self._root.secret(self._root.settings.deployment_secret_id).get("value") or "")
        if not secret:
            raise HostNotConfigured("the deployment secret is empty")
        with _MAKING:
            return self._resources_of(secret)

    @lru_cache(maxsize=1)  # noqa: B019 - lives as long as the process
    def _resources_of(self, secret: str) -> ProbeResources:
        from batch_import.proofs.probe_resources import ProbeResources

        return ProbeResources(self.client, self.leases, secret.encode(), self._root.clock, self._probe_keys)

    def locks(self, owner: str, patience: float | None = None) -> ProviderLocks:
        """Of one invocation or request. ``patience`` in seconds; the usual one without it."""
        from batch_import.coordination.provider_lock import ProviderLocks

        return ProviderLocks(self.leases, owner, self._root.clock, patience)

    @once
    def publication(self) -> Publication:
        from batch_import.proofs.publication import Publication

        return Publication(self.client, self.resources, self._root.clock)

    @once
    def self_service(self) -> SelfServiceProof:
        from batch_import.proofs.self_service import SelfServiceProof

        return SelfServiceProof(self.client, self.checks, self._root.runs, self.leases, self._root.clock)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {"value": text}
    return value if isinstance(value, dict) else {"value": text}


def load(*modules: str) -> None:
    """Import what a function will need, by names below the package: Lambda gives the start of a function more CPU than
    its calls.
    """
    for module in modules:
        import_module(f"batch_import.{module}")


@lru_cache(maxsize=1)
def bootstrap() -> CompositionRoot:
    """This process's composition root."""
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    sys.setswitchinterval(_SWITCH_SECONDS)
    return CompositionRoot(Settings.from_environment(os.environ))
