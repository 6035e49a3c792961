"""Stage provision: look, decide, write, under the provider's lease (docs/design.md#23-provision).

The decision is stored before anything is written and never changes; a killed worker's successor carries it out.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from batch_import.consumer.next_step import NextStep
from batch_import.coordination.provider_lock import ProviderBusy, ProviderLocks, ProviderSnapshot
from batch_import.domain.advisories import Advisory
from batch_import.domain.channel_evolution import ChannelPatchContract, model_mapping_delta
from batch_import.domain.clock import Clock
from batch_import.domain.entities import Item, ItemProfile, NewEvent, Run
from batch_import.domain.outcomes import Code
from batch_import.domain.pricing import missing_prices
from batch_import.domain.provider import account_name
from batch_import.domain.reuse_policy import (
    DesiredAccount,
    ExistingAccount,
    ImportState,
    ReuseDecision,
    accounts_of_pair,
    decide_reuse,
)
from batch_import.domain.types import AccessMode, AccountResolution, EventType, ItemStage
from batch_import.host.accounts import existing_account, marker, new_account
from batch_import.host.client import HostClient, Json
from batch_import.host.errors import HostError, HostRejected, HostUncertain
from batch_import.proofs.account_inventory import AccountInventory
from batch_import.proofs.completion_proof import account_of
from batch_import.proofs.probe_resources import ProbeResources
from batch_import.stages.transitions import ItemTransitions, advisory_events, warned

AT_ONCE = 16  # of an invocation's items
LONGEST_TURN = 5.0  # seconds


class Provisioner:
    """One per invocation: its ``inventory`` and ``locks`` are shared by the invocation's threads."""

    def __init__(
        self,
        host: HostClient,
        resources: ProbeResources,
        inventory: AccountInventory,
        locks: ProviderLocks,
        give_up: Callable[[Item], list[Advisory]],
        clock: Clock,
    ) -> None:
        self._host = host
        self._resources = resources
        self._inventory = inventory
        self._locks = locks
        self._give_up = give_up
        self._clock = clock
        self._turns = threading.Semaphore(AT_ONCE)

    def close(self) -> None:
        self._locks.close()

    def provision(self, to: ItemTransitions, run: Run, profile: ItemProfile, api_key: str) -> NextStep:
        try:
            with self._locks.hold(to.item.provider_id) as snapshot, self._turn():
                return self._under_lease(to, run, profile, api_key, snapshot)
        except ProviderBusy:
            return to.hand_back(2)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Sixteen items at once, so that the first are through and confirmed while others still wait for their turn.

        After five seconds an item goes on without one: a host that hangs must not hold up the rest.
        """
        mine = self._turns.acquire(timeout=LONGEST_TURN)
        try:
            yield
        finally:
            if mine:
                self._turns.release()

    def _under_lease(
        self, to: ItemTransitions, run: Run, profile: ItemProfile, api_key: str, snapshot: ProviderSnapshot
    ) -> NextStep:
        wanted = DesiredAccount(to.item.provider_id, to.item.key_digest, to.item.base_url, profile.model_mapping)
        try:
            looked = to.item.account_resolution is None
            if looked:
                refusal = self._decide(to, run, wanted, profile, snapshot)
                if refusal is not None:
                    return to.fail(refusal, "a person paused this account")
            return self._carry_out(to, run, wanted, api_key, snapshot, looked)
        except HostError as error:
            snapshot.clear()
            return to.host_failed(error) or self._fail(to, error)

    def _fail(self, to: ItemTransitions, error: HostError) -> NextStep:
        """An account that existed goes back to what it was; a half-made one waits in quarantine to be adopted."""
        touched = to.item.model_copy(update={"account_id": to.item.reused_from_account_id})
        told = self._give_up(touched) if to.item.reused_from_account_id else []
        return to.fail(error.code, str(error), **warned(to.item, *told))

    # --- decide

    def _decide(
        self, to: ItemTransitions, run: Run, wanted: DesiredAccount, profile: ItemProfile, snapshot: ProviderSnapshot
    ) -> Code | None:
        """Store the decision; returns the code of a refusal.

        One look serves all items of a snapshot: their keys differ, and nobody else writes meanwhile.
        """
        item, held = to.item, self._accounts(to.item, run, snapshot)
        decision = decide_reuse(
            wanted,
            held,
            reactivate=run.reactivate,
            now=self._clock.now(),
            provider_usable=self._provider_usable(item, run, held),
        )
        account = next((a for a in held if a.account_id == decision.account_id), None)
        told = [*decision.advisories, *(_vanished(account, profile) if account else ())]
        changes = {**_decided(decision), **warned(item, *told)}
        if changes["reused_from_account_id"] is not None:
            changes["reused_from_provider_id"] = item.provider_id
        if account is not None:
            changes["prior_groups"] = self._prior_groups(account)
        events = [_decision_event(decision), *advisory_events(item, *told)]
        to.write(changes, events)
        return decision.refusal

    def _accounts(self, item: Item, run: Run, snapshot: ProviderSnapshot) -> list[ExistingAccount]:
        if snapshot.accounts is None:
            snapshot.accounts = self._inventory.of_provider(item.provider_id, run.started_at)
        return snapshot.accounts

    def _provider_usable(self, item: Item, run: Run, held: Sequence[ExistingAccount]) -> bool:
        """A provider whose group is gone or switched off is repaired, and that reads as ``replaced``."""
        ours = accounts_of_pair(held, item.provider_id, item.key_digest)
        if not any(a.import_state == ImportState.PROVEN for a in ours):
            return True
        group = self._host.group_named(group_name(item.provider_id, run.access_mode))
        others = self._host.group_named(group_name(item.provider_id, _other(run.access_mode)))
        return any(g is not None and g.get("status") == "active" for g in (group, others))

    def _prior_groups(self, account: ExistingAccount) -> tuple[int, ...]:
        """Where the account had its place; in quarantine the marker remembers it."""
        home = self._resources.quarantine_id()
        groups = tuple(group for group in account.group_ids if group != home)
        return groups or account.prior_groups

    # --- carry out

    def _carry_out(
        self,
        to: ItemTransitions,
        run: Run,
        wanted: DesiredAccount,
        api_key: str,
        snapshot: ProviderSnapshot,
        looked: bool,
    ) -> NextStep:
        """``looked``: the host's accounts were read in this very try, so a new account need not be looked for again."""
        item = to.item
        group_id, channel_id, events = self._provider_group(item, run, wanted, snapshot)
        if item.account_resolution is AccountResolution.CREATED:
            known = self._half_made(item, snapshot) if looked else None
            account_id, more = self._create(item, wanted, api_key, known)
        elif item.account_resolution is AccountResolution.REUSED:
            account_id, more = self._patch(item, wanted)
        else:
            account_id, more = self._wake(item, wanted, api_key)
        if account_id is None:
            return to.fail(Code.ACCOUNT_GONE, "the account is gone from the host")
        changes = {"account_id": account_id, "channel_id": channel_id, "group_id": group_id}
        return to.move_on(ItemStage.CONFIRM, changes, [*events, *more])

    def _provider_group(
        self, item: Item, run: Run, wanted: DesiredAccount, snapshot: ProviderSnapshot
    ) -> tuple[int, int, list[NewEvent]]:
        """Ids of the provider's group and channel, which has a price for each model wanted; and what was made."""
        name = group_name(item.provider_id, run.access_mode)
        events: list[NewEvent] = []
        if name not in snapshot.channels:
            likely = snapshot.accounts is None or bool(snapshot.accounts)
            snapshot.channels[name] = self._made_group(name, item.base_url, wanted, events, likely=likely)
        group_id, channel = snapshot.channels[name]
        prices = missing_prices(wanted.model_mapping, channel.get("model_pricing") or ())
        if prices:
            pricing = [*(channel.get("model_pricing") or ()), *prices]
            channel = self._host.update_channel(channel["id"], {"model_pricing": pricing})
            snapshot.channels[name] = group_id, channel
        return group_id, int(channel["id"]), events

    def _made_group(
        self, name: str, base_url: str, wanted: DesiredAccount, events: list[NewEvent], *, likely: bool
    ) -> tuple[int, Json]:
        """A provider without any account will hardly have a group: it is then made before it is looked for."""
        prices = missing_prices(wanted.model_mapping, ())
        group, group_made = self._host.ensure_private_group(name, f"Batch Auto-Import: {base_url}"[:200], likely=likely)
        if group.get("status") != "active":
            group = self._host.update_group(group, {"status": "active"})
        channel, channel_made = self._host.ensure_channel(name, int(group["id"]), prices, likely=not group_made)
        if group_made:
            events.append(_event(EventType.GROUP_CREATED, f"group {name}", group_id=group["id"]))
        if channel_made:
            events.append(_event(EventType.CHANNEL_CREATED, f"channel {name}", channel_id=channel["id"]))
        return int(group["id"]), channel

    def _half_made(self, item: Item, snapshot: ProviderSnapshot) -> int:
        """The id of the half-made account in the snapshot, or 0 for none."""
        ours = accounts_of_pair(snapshot.accounts or (), item.provider_id, item.key_digest)
        return ours[0].account_id if ours else 0

    def _create(
        self, item: Item, wanted: DesiredAccount, api_key: str, known: int | None
    ) -> tuple[int | None, list[NewEvent]]:
        """Look again first: a lost answer may have left the account there, and it is adopted then.

        See docs/host-api.md#creation-is-not-transactional.
        """
        found = self._ours(item) if known is None else known or None
        if found is not None:
            self._adopt(item, found, wanted, api_key)
            return found, [_event(EventType.ACCOUNT_CREATED, "adopted", account_id=found)]
        body = new_account(
            item.provider_id,
            item.key_digest,
            item.api_root or item.base_url,
            api_key,
            wanted.model_mapping,
            item.responses_mode or "auto",
            self._resources.quarantine_id(),
        )
        account_id = self._post(item, body, first=known is not None)
        return account_id, [
            _event(
                EventType.ACCOUNT_CREATED,
                f"account {account_name(item.provider_id, item.key_digest)}",
                account_id=account_id,
            )
        ]

    def _post(self, item: Item, body: Mapping[str, Any], *, first: bool) -> int:
        """``first``: nobody can have sent this before. A replay may name an account deleted since.

        See docs/host-api.md#replay-after-delete.
        """
        for number in range(1, 4):
            key = f"bi-{item.run_id}-{item.item_id}-{item.attempt}-{number}"
            try:
                made = self._host.create_account(body, key)
                row = made if first and number == 1 else self._host.account(int(made["id"]))
                if row is not None:
                    return _switched_on(row)
            except HostError as error:
                found = self._ours(item) if isinstance(error, HostUncertain) or error.status == 409 else None
                if found is not None:
                    return found
                if error.status != 409:
                    raise
                self._clock.sleep(1.0)  # in progress: docs/host-api.md#idempotency-in-progress
        raise HostUncertain("the host did not say what became of the new account")

    def _ours(self, item: Item) -> int | None:
        rows = (existing_account(row) for row in self._host.accounts(account_name(item.provider_id, item.key_digest)))
        return next((a.account_id for a in rows if a.digest == item.key_digest), None)

    def _adopt(self, item: Item, account_id: int, wanted: DesiredAccount, api_key: str) -> None:
        """Names that another run wanted stay; one that another run has proven meanwhile stays where it serves."""
        account = account_of(self._host, account_id)
        if account.import_state != ImportState.PROVEN:
            self._isolate_and_wake(item, account, wanted, api_key)
            return
        self._add_names(account, wanted)

    def _add_names(self, account: ExistingAccount, wanted: DesiredAccount) -> list[str]:
        delta = model_mapping_delta(account.model_mapping, wanted.model_mapping)
        if not delta.empty:
            patch = ChannelPatchContract(account.account_id, delta.applied_to(account.model_mapping))
            self._host.bulk_update(account.account_id, credentials=patch.body()["credentials"])
        return sorted(delta.added)

    def _patch(self, item: Item, wanted: DesiredAccount) -> tuple[int | None, list[NewEvent]]:
        """Covered family under a new alias: the delta of the mapping and nothing else."""
        account = self._reused(item)
        if account is None:
            return None, []
        added = self._add_names(account, wanted)
        if not added:
            return account.account_id, []
        return account.account_id, [_event(EventType.CHANNEL_PATCHED, f"{len(added)} names added", added=added[:50])]

    def _wake(self, item: Item, wanted: DesiredAccount, api_key: str) -> tuple[int | None, list[NewEvent]]:
        """Isolated first, then woken: a bound account would serve its customers at once otherwise.

        See docs/host-api.md#waking-serves-customers.
        """
        account = self._reused(item)
        if account is None:
            return None, []
        self._isolate_and_wake(item, account, wanted, api_key)
        return account.account_id, [
            _event(EventType.ACCOUNT_WOKEN, str(item.account_resolution), account_id=account.account_id)
        ]

    def _isolate_and_wake(self, item: Item, account: ExistingAccount, wanted: DesiredAccount, api_key: str) -> None:
        """Marked ``unproven`` on the way: should the run be lost half-way, the next import adopts it."""
        account_id = account.account_id
        mapping = {**account.model_mapping, **wanted.model_mapping}
        extra = {
            **marker(item.provider_id, item.key_digest, ImportState.UNPROVEN),
            "import_prior_groups": list(item.prior_groups),
        }
        self._host.bulk_update(account_id, group_ids=[self._resources.quarantine_id()], extra=extra)
        if account.expires_at is not None:
            self._host.clear_expiry(account_id)
        if item.prior_groups:
            self._clock.sleep(self._resources.cooldown())  # an old host may ask it for its customers a moment longer
        self._host.recover_state(account_id)
        credentials = {"base_url": item.api_root or item.base_url, "api_key": api_key, "model_mapping": mapping}
        mode = {"openai_responses_mode": item.responses_mode or "auto"}
        self._host.bulk_update(account_id, status="active", schedulable=True, credentials=credentials, extra=mode)
        self._check(account_id)

    def _check(self, account_id: int) -> None:
        """A bulk-update reports success for ids that do not exist: only a GET is proof.

        See docs/host-api.md#bulk-update-of-unknown-ids.
        """
        row = self._host.account(account_id)
        if row is None:
            raise HostRejected("the account is gone", status=404)
        _switched_on(row)

    def _reused(self, item: Item) -> ExistingAccount | None:
        row = self._host.account(item.reused_from_account_id or 0)
        return existing_account(row) if row else None


def _switched_on(row: Json) -> int:
    account = existing_account(row)
    if account.status != "active" or not account.schedulable:
        raise HostUncertain(f"account {account.account_id} is not switched on yet")
    return account.account_id


def group_name(provider_id: str, mode: AccessMode) -> str:
    """A provider's group is (provider, access mode): once opened its type never changes.

    See docs/design.md#23-provision.
    """
    return f"{provider_id}-{'sub' if mode is AccessMode.SUBSCRIPTION else 'self'}"


def _other(mode: AccessMode) -> AccessMode:
    return AccessMode.SELF_SERVICE if mode is AccessMode.SUBSCRIPTION else AccessMode.SUBSCRIPTION


def _decided(decision: ReuseDecision) -> dict[str, Any]:
    reused = decision.resolution not in (None, AccountResolution.CREATED)
    return {
        "matched_account_state": decision.matched,
        "account_resolution": decision.resolution,
        "provision_reused": decision.provision_reused,
        "reused_from_account_id": decision.account_id if reused else None,
    }


def _vanished(account: ExistingAccount, profile: ItemProfile) -> list[Advisory]:
    """Names that the account serves and the relay lists no more: reported, never removed on one reading."""
    gone = sorted(set(account.model_mapping.values()) - set(profile.raw_models))
    return [Advisory("models_vanished", {"models": ", ".join(gone[:20])})] if gone else []


def _decision_event(decision: ReuseDecision) -> NewEvent:
    word = decision.resolution or decision.refusal
    return _event(
        EventType.REUSE_DECIDED,
        f"decided: {word}",
        matched=decision.matched,
        resolution=decision.resolution,
        **decision.evidence,
    )


def _event(kind: EventType, message: str, **payload: Any) -> NewEvent:
    return NewEvent(event_type=kind, message=message, payload=payload)
