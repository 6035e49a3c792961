"""Stage provision: look, decide, write, under the provider's lease (docs/design.md#23-provision).

The decision is stored before anything is written and never changes; a killed worker's successor carries it out.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from batch_import.domain.advisories import Advisory
from batch_import.domain.channel_evolution import ChannelPatchContract, model_mapping_delta
from batch_import.domain.entities import Item, ItemProfile, NewEvent, Run
from batch_import.domain.pricing import missing_prices
from batch_import.domain.provider import account_name
from batch_import.domain.reuse_policy import (
    HeldAccount,
    ImportState,
    ReuseDecision,
    WantedAccount,
    accounts_of_pair,
    decide_reuse,
)
from batch_import.domain.types import AccessMode, AccountResolution, EventType, ItemStage
from batch_import.host.accounts import held_account, marker, new_account
from batch_import.host.client import HostClient, Json
from batch_import.host.errors import HostError, HostRejected, HostUncertain
from batch_import.pipeline.inventory import Inventory
from batch_import.pipeline.premises import Premises
from batch_import.pipeline.provider_locks import ProviderBusy, ProviderLocks, Tenure
from batch_import.pipeline.proving import account_of
from batch_import.pipeline.steps import HandOn, Steps, advisory_events, warned

_AT_ONCE = 16  # of an invocation's items
LONGEST_TURN = 5.0  # seconds


class Provisioner:
    """One per invocation: its ``inventory`` and ``locks`` are shared by the invocation's threads."""

    def __init__(
        self,
        steps: Steps,
        host: HostClient,
        premises: Premises,
        inventory: Inventory,
        locks: ProviderLocks,
        give_up: Callable[[Item], list[Advisory]],
    ) -> None:
        self._steps = steps
        self._host = host
        self._premises = premises
        self._inventory = inventory
        self._locks = locks
        self._give_up = give_up
        self._turns = threading.Semaphore(_AT_ONCE)

    def close(self) -> None:
        self._locks.close()

    def provision(self, item: Item, run: Run, profile: ItemProfile, api_key: str) -> HandOn:
        try:
            with self._locks.hold(item.provider_id) as tenure, self._turn():
                return self._under_lease(item, run, profile, api_key, tenure)
        except ProviderBusy:
            return self._steps.hand_back(item, 2)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """A few at once, so that the first are through, and confirmed, while others still wait for their turn.

        All at once, all of them would be through at the end. A host that hangs must not keep anybody waiting for long.
        """
        mine = self._turns.acquire(timeout=LONGEST_TURN)
        try:
            yield
        finally:
            if mine:
                self._turns.release()

    def _under_lease(self, item: Item, run: Run, profile: ItemProfile, api_key: str, tenure: Tenure) -> HandOn:
        wanted = WantedAccount(item.provider_id, item.key_digest, item.base_url, profile.model_mapping)
        try:
            looked = item.account_resolution is None
            if looked:
                item, refusal = self._decide(item, run, wanted, profile, tenure)
                if refusal is not None:
                    return self._steps.fail(item, refusal, "a person paused this account")
            return self._carry_out(item, run, wanted, api_key, tenure, looked)
        except HostError as error:
            tenure.clear()
            again = self._steps.host_failed(item, error)
            return again or self._fail(item, error)

    def _fail(self, item: Item, error: HostError) -> HandOn:
        """An account that existed goes back to what it was; a half-made one waits in quarantine to be adopted."""
        touched = item.model_copy(update={"account_id": item.reused_from_account_id})
        told = self._give_up(touched) if item.reused_from_account_id else []
        return self._steps.fail(item, error.code, str(error), **warned(item, *told))

    # --- decide

    def _decide(
        self, item: Item, run: Run, wanted: WantedAccount, profile: ItemProfile, tenure: Tenure
    ) -> tuple[Item, str | None]:
        """One look serves all items of a tenure: their keys differ, and nobody else writes meanwhile."""
        if "held" not in tenure:
            tenure["held"] = self._inventory.of_provider(item.provider_id)
        held: list[HeldAccount] = tenure["held"]
        decision = decide_reuse(
            wanted,
            held,
            reactivate=run.reactivate,
            now=self._steps.clock(),
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
        return self._steps.items.transition(item, changes, events), decision.refusal

    def _provider_usable(self, item: Item, run: Run, held: Sequence[HeldAccount]) -> bool:
        """A provider whose group is gone or switched off is repaired, and that reads as ``replaced``."""
        ours = accounts_of_pair(held, item.provider_id, item.key_digest)
        if not any(a.import_state == ImportState.PROVEN for a in ours):
            return True
        group = self._host.group_named(group_name(item.provider_id, run.access_mode))
        others = self._host.group_named(group_name(item.provider_id, _other(run.access_mode)))
        return any(g is not None and g.get("status") == "active" for g in (group, others))

    def _prior_groups(self, account: HeldAccount) -> tuple[int, ...]:
        """Where the account had its place; in quarantine the marker remembers it."""
        home = self._premises.quarantine_id()
        groups = tuple(group for group in account.group_ids if group != home)
        return groups or account.prior_groups

    # --- carry out

    def _carry_out(
        self, item: Item, run: Run, wanted: WantedAccount, api_key: str, tenure: Tenure, looked: bool
    ) -> HandOn:
        """``looked``: what the host holds was seen in this very try, so that a new account need not be looked for."""
        group_id, channel_id, events = self._provider_rooms(item, run, wanted, tenure)
        if item.account_resolution is AccountResolution.CREATED:
            account_id, more = self._create(item, wanted, api_key, known=self._known(item, tenure) if looked else None)
        elif item.account_resolution is AccountResolution.REUSED:
            account_id, more = self._patch(item, wanted)
        else:
            account_id, more = self._wake(item, wanted, api_key)
        if account_id is None:
            return self._steps.fail(item, "account_gone", "the account is gone from the host")
        changes = {"account_id": account_id, "channel_id": channel_id, "group_id": group_id}
        return self._steps.move_on(item, ItemStage.CONFIRM, changes, [*events, *more])

    def _provider_rooms(
        self, item: Item, run: Run, wanted: WantedAccount, tenure: Tenure
    ) -> tuple[int, int, list[NewEvent]]:
        name = group_name(item.provider_id, run.access_mode)
        events: list[NewEvent] = []
        if name not in tenure:
            likely = bool(tenure.get("held", True))
            tenure[name] = self._made_rooms(name, item.base_url, wanted, events, likely=likely)
        group_id, channel = tenure[name]
        prices = missing_prices(wanted.model_mapping, channel.get("model_pricing") or ())
        if prices:
            pricing = [*(channel.get("model_pricing") or ()), *prices]
            tenure[name] = group_id, self._host.update_channel(channel["id"], {"model_pricing": pricing})
        return group_id, int(channel["id"]), events

    def _made_rooms(
        self, name: str, base_url: str, wanted: WantedAccount, events: list[NewEvent], *, likely: bool
    ) -> tuple[int, Json]:
        """A provider without any account will hardly have rooms: these are then made before they are looked for."""
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

    def _known(self, item: Item, tenure: Tenure) -> int:
        """The half-made account that the look found, or 0 for none."""
        ours = accounts_of_pair(tenure["held"], item.provider_id, item.key_digest)
        return ours[0].account_id if ours else 0

    def _create(
        self, item: Item, wanted: WantedAccount, api_key: str, known: int | None
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
            self._premises.quarantine_id(),
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
                time.sleep(1.0)  # in progress: docs/host-api.md#idempotency-in-progress
        raise HostUncertain("the host did not say what became of the new account")

    def _ours(self, item: Item) -> int | None:
        rows = (held_account(row) for row in self._host.accounts(account_name(item.provider_id, item.key_digest)))
        return next((a.account_id for a in rows if a.digest == item.key_digest), None)

    def _adopt(self, item: Item, account_id: int, wanted: WantedAccount, api_key: str) -> None:
        """Names that another run wanted stay; one that another run has proven meanwhile stays where it serves."""
        account = account_of(self._host, account_id)
        if account.import_state != ImportState.PROVEN:
            self._isolate_and_wake(item, account, wanted, api_key)
            return
        self._add_names(account, wanted)

    def _add_names(self, account: HeldAccount, wanted: WantedAccount) -> list[str]:
        delta = model_mapping_delta(account.model_mapping, wanted.model_mapping)
        if not delta.empty:
            patch = ChannelPatchContract(account.account_id, delta.applied_to(account.model_mapping))
            self._host.bulk_update(account.account_id, credentials=patch.body()["credentials"])
        return sorted(delta.added)

    def _patch(self, item: Item, wanted: WantedAccount) -> tuple[int | None, list[NewEvent]]:
        """Covered family under a new alias: the delta of the mapping and nothing else."""
        account = self._reused(item)
        if account is None:
            return None, []
        added = self._add_names(account, wanted)
        if not added:
            return account.account_id, []
        return account.account_id, [_event(EventType.CHANNEL_PATCHED, f"{len(added)} names added", added=added[:50])]

    def _wake(self, item: Item, wanted: WantedAccount, api_key: str) -> tuple[int | None, list[NewEvent]]:
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

    def _isolate_and_wake(self, item: Item, account: HeldAccount, wanted: WantedAccount, api_key: str) -> None:
        """Marked ``unproven`` on the way: should the run be lost half-way, the next import adopts it."""
        account_id = account.account_id
        mapping = {**account.model_mapping, **wanted.model_mapping}
        extra = {
            **marker(item.provider_id, item.key_digest, ImportState.UNPROVEN),
            "import_prior_groups": list(item.prior_groups),
        }
        self._host.bulk_update(account_id, group_ids=[self._premises.quarantine_id()], extra=extra)
        if account.expires_at is not None:
            self._host.clear_expiry(account_id)
        if item.prior_groups:
            time.sleep(self._premises.rest())  # an old host may ask it for its customers a moment longer
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

    def _reused(self, item: Item) -> HeldAccount | None:
        row = self._host.account(item.reused_from_account_id or 0)
        return held_account(row) if row else None


def _switched_on(row: Json) -> int:
    account = held_account(row)
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


def _vanished(account: HeldAccount, profile: ItemProfile) -> list[Advisory]:
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
