"""Stage provision: look, decide, write, under the provider's lease (docs/design.md#23-provision).

The decision is stored before anything is written and never changes; a killed worker's successor carries it out.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from batch_import.consumer.next_step import NextStep
from batch_import.coordination.provider_lock import ProviderBusy, ProviderLocks, ProviderSnapshot
from batch_import.domain.account import (
    AccountSettings,
    DesiredAccount,
    ExistingAccount,
    ImportState,
    ResponsesMode,
    account_settings,
    account_state,
    accounts_of_pair,
)
from batch_import.domain.advisories import Advisory
from batch_import.domain.capability import TransportProfile, transport_profile
from batch_import.domain.channel_evolution import ChannelPatchContract, model_mapping_delta
from batch_import.domain.clock import Clock
from batch_import.domain.demands import demand_advisories, demands_named
from batch_import.domain.entities import Item, ItemProfile, NewEvent, Plan, Run
from batch_import.domain.outcomes import Code
from batch_import.domain.pricing import missing_prices
from batch_import.domain.provider import account_name, group_name
from batch_import.domain.reuse_policy import ReuseDecision, decide_reuse
from batch_import.domain.routing import NoRoute, Route, choose_route, held_by_platform
from batch_import.domain.terms import (
    ReplacedTerms,
    replaced_terms,
    terms_asked_for,
    terms_to_change,
    told_terms,
)
from batch_import.domain.types import (
    AccessMode,
    AccountResolution,
    AuthStyle,
    EventType,
    ItemStage,
    MatchedAccountState,
    Platform,
)
from batch_import.domain.undo import is_used_since, made_by, served_before
from batch_import.host.accounts import before_run, existing_account, marker, new_account
from batch_import.host.client import HostClient, Json
from batch_import.host.errors import HostError, HostRejected, HostUnavailable, HostUncertain
from batch_import.proofs.account_inventory import AccountInventory
from batch_import.proofs.completion_proof import account_of
from batch_import.proofs.probe_resources import ProbeResources
from batch_import.stages.transitions import ItemTransitions, advisory_events, warned

AT_ONCE = 16  # of an invocation's items
LONGEST_TURN = 5.0  # seconds
_NAMES_PLANNED = 20  # of those that an account would be given
_KEYS = 6  # that a new account may be asked for with
_WAITS = 4  # seconds at most for the call that has the same key
_KEY_IN_USE, _KEY_TAKEN = "IDEMPOTENCY_IN_PROGRESS", "IDEMPOTENCY_KEY_CONFLICT"
_KEY_WAITS = (_KEY_IN_USE, "IDEMPOTENCY_RETRY_BACKOFF")


class _Found(NamedTuple):
    """What a look at the host leads to. ``routed`` are the item's fields that the route settles."""

    route: Route
    routed: dict[str, Any]
    decision: ReuseDecision
    account: ExistingAccount | None
    told: tuple[Advisory, ...]

    @property
    def refusal(self) -> tuple[Code, str] | None:
        return (self.decision.refusal, "a person paused this account") if self.decision.refusal else None

    def plan(self, item: Item, run: Run) -> Plan | None:
        """``None`` for an account that is left alone."""
        if self.decision.resolution is None:
            return None
        return Plan(
            resolution=self.decision.resolution,
            matched=self.decision.matched,
            platform=self.route.platform,
            account_id=self.decision.account_id,
            group=group_name(item.provider_id, run.access_mode, self.route.platform),
            new_models=tuple(sorted(self.decision.delta.added)[:_NAMES_PLANNED]) if self.account else (),
        )

    def events(self, item: Item) -> list[NewEvent]:
        return [_decision_event(self.decision, self.route), *advisory_events(item, *self.told)]


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
        try:
            if run.dry_run:
                return self._plan(to, run, profile, snapshot)
            self._locks.demand_settled(snapshot, to.item.key_digest, _owner(to.item))
            looked = to.item.account_resolution is None
            if looked:
                refusal = self._decide(to, run, profile, snapshot)
                if refusal is not None:
                    return to.fail(*refusal)
            return self._carry_out(to, run, self._wanted(to.item, profile, run), api_key, snapshot, looked)
        except HostError as error:
            snapshot.clear()
            return to.host_failed(error) or self._fail(to, error)

    def _fail(self, to: ItemTransitions, error: HostError) -> NextStep:
        """An account that existed goes back to what it was, by stage validate when the host does not answer now; a
        half-made one waits in quarantine to be adopted.
        """
        touched, told = to.item.model_copy(update={"account_id": to.item.reused_from_account_id}), list[Advisory]()
        if touched.account_id:
            with suppress(HostError):
                told = self._give_up(touched)
        return to.fail(error.code, str(error), **warned(to.item, *told))

    # --- decide

    def _decide(
        self, to: ItemTransitions, run: Run, profile: ItemProfile, snapshot: ProviderSnapshot
    ) -> tuple[Code, str] | None:
        """Store the decision; returns the code of a refusal, and its words.

        One look serves all items of a snapshot while their keys differ: nobody else writes meanwhile.
        """
        found = self._look(to.item, run, profile, snapshot)
        if isinstance(found, NoRoute):
            return Code.PROTOCOL_NOT_USABLE_BY_HOST, found.reason
        planned, now = to.item.planned, found.plan(to.item, run)
        if planned is not None and now is not None and not planned.agrees_with(now):
            return Code.PLAN_CHANGED, f"planned: {_in_words(planned)}; now: {_in_words(now)}"
        item = to.item.model_copy(update=found.routed)
        changes = {**found.routed, **_decided(found.decision), **warned(item, *found.told)}
        if changes["reused_from_account_id"] is not None:
            changes["reused_from_provider_id"] = item.provider_id
        if found.account is not None:
            changes |= self._before(item, run, profile, found.account, found.decision)
        to.write(changes, found.events(item))
        return found.refusal

    def _plan(self, to: ItemTransitions, run: Run, profile: ItemProfile, snapshot: ProviderSnapshot) -> NextStep:
        """The decision becomes the item's plan. Nothing is written to the host, which is only looked at."""
        found = self._look(to.item, run, profile, snapshot)
        if isinstance(found, NoRoute):
            return to.fail(Code.PROTOCOL_NOT_USABLE_BY_HOST, found.reason)
        if found.refusal is not None:
            return to.fail(*found.refusal)
        plan = found.plan(to.item, run)
        item = to.item.model_copy(update=found.routed)
        changes = {**found.routed, **warned(item, *found.told), "plan": plan.model_dump() if plan else None}
        return to.move_on(ItemStage.VALIDATE, changes, found.events(item))

    def _look(self, item: Item, run: Run, profile: ItemProfile, snapshot: ProviderSnapshot) -> "_Found | NoRoute":
        held = self._accounts(item, run, snapshot)
        transport = transport_profile((profile.capability_profile or {}).get("transport_profile", {}))
        route = self._route(item, transport, held)
        if isinstance(route, NoRoute):
            return route
        routed = _routed(item, route)
        item = item.model_copy(update=routed)
        decision = decide_reuse(
            self._wanted(item, profile, run),
            held,
            reactivate=run.reactivate,
            now=self._clock.now(),
            provider_usable=self._provider_usable(item, run, held),
        )
        account = next((a for a in held if a.account_id == decision.account_id), None)
        gone = _vanished(account, profile) if account else ()
        told = [*decision.advisories, *gone, *_route_advisories(route, transport)]
        return _Found(route, routed, decision, account, tuple(told))

    def _route(self, item: Item, transport: TransportProfile, held: Sequence[ExistingAccount]) -> Route | NoRoute:
        ours = held_by_platform(held, item.provider_id, item.key_digest)
        return choose_route(transport, item.platform_wish, self._host.version_numbers(), ours)

    def _accounts(self, item: Item, run: Run, snapshot: ProviderSnapshot) -> list[ExistingAccount]:
        if snapshot.accounts is None or item.key_digest in snapshot.written:
            snapshot.accounts = self._inventory.of_provider(item.provider_id, run.started_at)
            snapshot.written.clear()
        snapshot.written.add(item.key_digest)
        return snapshot.accounts

    def _provider_usable(self, item: Item, run: Run, held: Sequence[ExistingAccount]) -> bool:
        """A provider whose group is gone or switched off is repaired, and that reads as ``replaced``."""
        ours = accounts_of_pair(held, item.provider_id, item.key_digest, item.of_platform)
        if not any(a.import_state == ImportState.PROVEN for a in ours):
            return True
        groups = (
            self._host.group_named(group_name(item.provider_id, mode, item.of_platform))
            for mode in (run.access_mode, _other(run.access_mode))
        )
        return any(g is not None and g.get("status") == "active" for g in groups)

    def _before(
        self, item: Item, run: Run, profile: ItemProfile, account: ExistingAccount, decision: ReuseDecision
    ) -> dict[str, Any]:
        """The item's fields that tell where the account had its place, and what an undo needs to know of it.

        The marker remembers the places of an account that has none now.
        """
        fields: dict[str, Any] = {"prior_groups": tuple(self._places(account)) or account.prior_groups}
        if decision.resolution not in (None, AccountResolution.CREATED):
            served = decision.resolution is AccountResolution.REUSED
            fields["before"] = self._before_run(account, self._wanted(item, profile, run), served=served)
        return fields

    def _before_run(self, account: ExistingAccount, wanted: DesiredAccount, *, served: bool) -> dict[str, Any]:
        groups = self._places(account) or [self._resources.quarantine_id(wanted.platform)]
        return before_run(account, wanted, groups, served=served)

    def _places(self, account: ExistingAccount) -> list[int]:
        """Another run may be proving the account at this moment: the isolation group is no place."""
        own = self._resources.own_group_ids(Platform(account.platform))
        return [group for group in account.group_ids if group not in own]

    def _wanted(self, item: Item, profile: ItemProfile, run: Run) -> DesiredAccount:
        return DesiredAccount(
            item.provider_id,
            item.key_digest,
            item.base_url,
            profile.model_mapping,
            item.of_platform,
            item.run_id,
            terms_asked_for(run, profile, item.of_platform, item.resolved_smoke_model, self._host.version_numbers()),
        )

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
            account_id, more = self._create(to, wanted, api_key, known, snapshot)
        else:
            account_id, more = self._reuse(to, wanted, api_key)
            before = to.item.known_before
            more += _changed(account_id, before.terms if before else {})
        if account_id is None:
            return to.fail(Code.ACCOUNT_GONE, "the account is gone from the host")
        changes = {"account_id": account_id, "channel_id": channel_id, "group_id": group_id}
        return to.move_on(ItemStage.CONFIRM, changes, [*events, *more])

    def _provider_group(
        self, item: Item, run: Run, wanted: DesiredAccount, snapshot: ProviderSnapshot
    ) -> tuple[int, int, list[NewEvent]]:
        """Ids of the provider's group and channel, which has a price for each model wanted; and what was made."""
        name = group_name(item.provider_id, run.access_mode, item.of_platform)
        events: list[NewEvent] = []
        if name not in snapshot.channels:
            likely = snapshot.accounts is None or bool(snapshot.accounts)
            snapshot.channels[name] = self._made_group(name, wanted, events, likely=likely)
        group_id, channel = snapshot.channels[name]
        prices = missing_prices(wanted.model_mapping, channel.get("model_pricing") or (), wanted.platform)
        if prices:
            pricing = [*(channel.get("model_pricing") or ()), *prices]
            channel = self._host.update_channel(channel["id"], {"model_pricing": pricing})
            snapshot.channels[name] = group_id, channel
        return group_id, int(channel["id"]), events

    def _made_group(
        self, name: str, wanted: DesiredAccount, events: list[NewEvent], *, likely: bool
    ) -> tuple[int, Json]:
        """A provider without any account will hardly have a group: it is then made before it is looked for."""
        prices = missing_prices(wanted.model_mapping, (), wanted.platform)
        description = f"{made_by(wanted.run_id)}: {wanted.base_url}"[:200]
        group, group_made = self._host.ensure_private_group(name, description, wanted.platform, likely=likely)
        if group.get("status") != "active":
            group = self._host.update_group(group, {"status": "active"})
        channel, channel_made = self._host.ensure_channel(
            name, made_by(wanted.run_id), int(group["id"]), prices, likely=not group_made
        )
        if group_made:
            events.append(_event(EventType.GROUP_CREATED, f"group {name}", group_id=group["id"]))
        if channel_made:
            events.append(_event(EventType.CHANNEL_CREATED, f"channel {name}", channel_id=channel["id"]))
        return int(group["id"]), channel

    def _half_made(self, item: Item, snapshot: ProviderSnapshot) -> int:
        """The id of the half-made account in the snapshot, or 0 for none."""
        ours = accounts_of_pair(snapshot.accounts or (), item.provider_id, item.key_digest, item.of_platform)
        return ours[0].account_id if ours else 0

    def _create(
        self, to: ItemTransitions, wanted: DesiredAccount, api_key: str, known: int | None, snapshot: ProviderSnapshot
    ) -> tuple[int | None, list[NewEvent]]:
        """Look again first: a lost answer may have left the account there, and it is adopted then. While it may still
        be made, other items leave its key alone.

        See docs/host-api.md#creation-is-not-transactional.
        """
        item, found = to.item, self._ours(wanted) if known is None else known or None
        if found is not None:
            replaced = self._adopt(to, found, wanted, api_key)
            self._locks.settle(item.provider_id, snapshot, item.key_digest)
            return found, [
                _event(EventType.ACCOUNT_CREATED, "adopted", account_id=found),
                *_changed(found, replaced),
            ]
        home = self._resources.quarantine_id(wanted.platform)
        body = new_account(wanted, item.api_root or item.base_url, api_key, _settings(item, api_key), home)
        try:
            account_id = self._post(item, wanted, body, first=known is not None)
        except (HostUncertain, HostUnavailable):
            self._locks.remember_late(item.provider_id, snapshot, item.key_digest, _owner(item))
            raise
        self._locks.settle(item.provider_id, snapshot, item.key_digest)
        return account_id, [_event(EventType.ACCOUNT_CREATED, f"account {body['name']}", account_id=account_id)]

    def _post(self, item: Item, wanted: DesiredAccount, body: Mapping[str, Any], *, first: bool) -> int:
        """The same key for every try: the host may execute a call after we stopped waiting for it. Another key only
        when this one can make no account any more.

        ``first``: nobody can have sent this before. See docs/host-api.md#idempotency-in-progress and
        docs/host-api.md#replay-after-delete.
        """
        number = waits = 1
        while number <= _KEYS and waits <= _WAITS:
            try:
                made = self._host.create_account(body, f"bi-{item.run_id}-{item.item_id}-{number}")
                row = made if first and number == 1 else self._host.account(int(made["id"]))
                if row is not None:
                    return _switched_on(row)
                number += 1  # a replay may name an account deleted since
            except HostError as error:
                if waiting := error.reason in _KEY_WAITS:
                    self._clock.sleep(1.0)
                    waits += 1
                elif error.reason != _KEY_TAKEN and not isinstance(error, HostUncertain):
                    raise
                found = self._ours(wanted)
                if found is not None:
                    return found
                if isinstance(error, HostUncertain):
                    raise
                if not waiting or _is_dead(error):
                    number += 1
        raise HostUncertain("the host did not say what became of the new account")

    def _ours(self, wanted: DesiredAccount) -> int | None:
        name = account_name(wanted.provider_id, wanted.digest, wanted.platform)
        held = map(existing_account, self._host.accounts(name))
        ours = accounts_of_pair(held, wanted.provider_id, wanted.digest, wanted.platform)
        return next((account.account_id for account in ours), None)

    def _adopt(self, to: ItemTransitions, account_id: int, wanted: DesiredAccount, api_key: str) -> ReplacedTerms:
        """Names that another run wanted stay; one that another run has proven meanwhile stays where it serves, also by
        an undo.
        """
        account = account_of(self._host, account_id)
        if account.import_state != ImportState.PROVEN:
            self._isolate_and_wake(to.item, account, wanted, api_key)
            return replaced_terms(account.terms, wanted.terms)
        self._note_that_it_serves(to, account, wanted)
        self._add_names(account, wanted)
        self._set_terms(account, wanted)
        before = to.item.known_before
        return before.terms if before else {}

    def _add_names(self, account: ExistingAccount, wanted: DesiredAccount) -> list[str]:
        delta = model_mapping_delta(account.model_mapping, wanted.model_mapping)
        if not delta.empty:
            patch = ChannelPatchContract(account.account_id, delta.applied_to(account.model_mapping))
            self._host.bulk_update(account.account_id, credentials=patch.body()["credentials"])
        return sorted(delta.added)

    def _set_terms(self, account: ExistingAccount, wanted: DesiredAccount) -> None:
        """Only what the run asks for."""
        if change := terms_to_change(account.terms, wanted.terms):
            self._host.bulk_update(account.account_id, **change)

    def _reuse(self, to: ItemTransitions, wanted: DesiredAccount, api_key: str) -> tuple[int | None, list[NewEvent]]:
        """An account that serves by now, and did not when the decision was made, is used as a reused one: also by an
        undo, which leaves it as the other run or the person has made it.

        One that served then has a provider whose group was gone or off. That group may be there again by an earlier try
        of this item: only another run that has used the account since has proven it there.
        """
        row = self._host.account(to.item.reused_from_account_id or 0)
        if row is None:
            return None, []
        account, item = existing_account(row), to.item
        if item.account_resolution is AccountResolution.REUSED:
            return self._patch(account, wanted)
        if account_state(account, self._clock.now()) is MatchedAccountState.ACTIVE and _is_back(item, account):
            self._note_that_it_serves(to, account, wanted)
            return self._patch(account, wanted)
        if served_before(item):  # at an earlier try
            to.write({"before": {**(item.before or {}), "served": False}})
        return self._wake(item, account, wanted, api_key)

    def _note_that_it_serves(self, to: ItemTransitions, account: ExistingAccount, wanted: DesiredAccount) -> None:
        """Once: a later try may find what an earlier one changed, whose answer was lost."""
        before = to.item.known_before
        if before is None or not before.served:
            to.write({"before": self._before_run(account, wanted, served=True)})

    def _patch(self, account: ExistingAccount, wanted: DesiredAccount) -> tuple[int, list[NewEvent]]:
        """Covered family under a new alias: the delta of the mapping, the terms asked for, and nothing else."""
        added = self._add_names(account, wanted)
        self._set_terms(account, wanted)
        if not added:
            return account.account_id, []
        return account.account_id, [_event(EventType.CHANNEL_PATCHED, f"{len(added)} names added", added=added[:50])]

    def _wake(
        self, item: Item, account: ExistingAccount, wanted: DesiredAccount, api_key: str
    ) -> tuple[int, list[NewEvent]]:
        """Isolated first, then woken: a bound account would serve its customers at once otherwise.

        See docs/host-api.md#waking-serves-customers.
        """
        self._isolate_and_wake(item, account, wanted, api_key)
        woken = _event(EventType.ACCOUNT_WOKEN, str(item.account_resolution), account_id=account.account_id)
        return account.account_id, [woken]

    def _isolate_and_wake(self, item: Item, account: ExistingAccount, wanted: DesiredAccount, api_key: str) -> None:
        """Marked ``unproven`` on the way: should the run be lost half-way, the next import adopts it."""
        account_id = account.account_id
        mapping = {**account.model_mapping, **wanted.model_mapping}
        extra = {**marker(wanted, ImportState.UNPROVEN), "import_prior_groups": list(item.prior_groups)}
        if item.account_resolution is AccountResolution.CREATED:
            extra["import_runs"] = [item.run_id]
        home = self._resources.quarantine_id(wanted.platform)
        self._host.bulk_update(account_id, group_ids=[home], extra=extra)
        if account.expires_at is not None:
            self._host.set_expiry(account_id, 0)
        if item.prior_groups:
            self._clock.sleep(self._resources.cooldown(wanted.platform))  # customers may meet it a moment longer
        self._host.recover_state(account_id)
        settings = _settings(item, api_key)
        credentials = {
            "base_url": item.api_root or item.base_url,
            "api_key": api_key,
            "model_mapping": mapping,
            "header_override_enabled": False,  # of another way of showing the key
            **settings.credentials,
        }
        self._host.bulk_update(
            account_id,
            status="active",
            schedulable=True,
            credentials=credentials,
            extra=dict(settings.extra),
            **terms_to_change(account.terms, wanted.terms),
        )
        self._check(account_id)

    def _check(self, account_id: int) -> None:
        """A bulk-update reports success for ids that do not exist: only a GET is proof.

        See docs/host-api.md#bulk-update-of-unknown-ids.
        """
        row = self._host.account(account_id)
        if row is None:
            raise HostRejected("the account is gone", status=404)
        _switched_on(row)


def _is_back(item: Item, account: ExistingAccount) -> bool:
    """Of an account that serves: whether it did not at the decision, or another run has used it since."""
    before = item.known_before
    if item.matched_account_state is not MatchedAccountState.ACTIVE:
        return True
    return before is not None and (before.served or is_used_since(before, account))


def _owner(item: Item) -> str:
    return f"{item.run_id}/{item.item_id}"


def _is_dead(error: HostError) -> bool:
    """Whether the call that holds the key has ended without a result: its lock has run out
    (docs/host-api.md#idempotency-in-progress).
    """
    return error.reason == _KEY_IN_USE and error.retry_after == 1


def _switched_on(row: Json) -> int:
    account = existing_account(row)
    if account.status != "active" or not account.schedulable:
        raise HostUncertain(f"account {account.account_id} is not switched on yet")
    return account.account_id


def _settings(item: Item, api_key: str) -> AccountSettings:
    style = item.auth_style or AuthStyle.BEARER
    return account_settings(item.of_platform, style, item.responses_mode or ResponsesMode.AUTO, api_key)


def _routed(item: Item, route: Route) -> dict[str, Any]:
    """What the route says of the item. Demands are those of an openai relay: elsewhere the host words the request."""
    return {
        "platform": route.platform,
        "auth_style": route.auth_style,
        "api_root": route.base_url if route.base_url != item.base_url else None,
        "responses_mode": route.responses_mode.value,
        "resolved_smoke_model": route.model or item.resolved_smoke_model,
        "demands": item.demands if route.platform is Platform.OPENAI else (),
    }


def _route_advisories(route: Route, transport: TransportProfile) -> Iterator[Advisory]:
    """What customers lose on the platform that was chosen, and what the host shows of the key."""
    if route.platform is Platform.OPENAI:
        yield from _openai_advisories(transport)
    converted = {Platform.ANTHROPIC: "messages", Platform.GEMINI: "generateContent"}.get(route.platform)
    if converted:
        yield Advisory("converted_by_host", {"protocol": converted})
    if route.auth_style is AuthStyle.API_KEY:
        yield Advisory("key_readable_in_host")


def _openai_advisories(transport: TransportProfile) -> Iterator[Advisory]:
    if "responses_unsupported_but_chat_ok" in transport.known_advisories:
        yield Advisory("responses_unsupported_but_chat_ok")
    by_chat = transport.supports_openai_chat_completions is True
    yield from demand_advisories(demands_named(transport.demands), by_chat=by_chat)


def _in_words(plan: Plan) -> str:
    return f"{plan.resolution} account {plan.account_id or 'to be made'} of platform {plan.platform}"


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


def _decision_event(decision: ReuseDecision, route: Route) -> NewEvent:
    word = decision.resolution or decision.refusal
    return _event(
        EventType.REUSE_DECIDED,
        f"decided: {word}",
        matched=decision.matched,
        resolution=decision.resolution,
        platform=route.platform,
        because=route.reason,
        **decision.evidence,
    )


def _changed(account_id: int | None, replaced: ReplacedTerms) -> list[NewEvent]:
    """Of an account that is reused, by what was decided: a second try, which finds the terms set, tells it as well."""
    told = {"account_id": account_id, "terms": told_terms(replaced)}
    return [_event(EventType.ACCOUNT_CHANGED, f"set: {', '.join(replaced)}", **told)] if replaced else []


def _event(kind: EventType, message: str, **payload: Any) -> NewEvent:
    return NewEvent(event_type=kind, message=message, payload=payload)
