"""Runs, items and events as they are stored. Reading a row that breaks an enum fails loudly.

See docs/design.md#4-state.
"""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from batch_import.domain.advisories import Advisory
from batch_import.domain.billing import Billing, BillingLimits
from batch_import.domain.outcomes import Code
from batch_import.domain.types import (
    AccessMode,
    AccessStatus,
    AccountResolution,
    AuthStyle,
    ConfirmationStatus,
    EventType,
    ItemStage,
    MatchedAccountState,
    Platform,
    PlatformWish,
    Reactivate,
    RunMode,
    RunSource,
    RunState,
)


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)  # keys of the tables are no fields


class Cause(_Row):
    """How many items ended broken, and how many degraded, by one code."""

    code: Code
    broken_items: int = 0
    degraded_items: int = 0


class Counters(_Row):
    """Sums over the items that ended. ``causes`` says why some of them failed, the most frequent cause first."""

    completed_items: int = 0
    active_items: int = 0
    degraded_items: int = 0
    broken_items: int = 0
    warning_items: int = 0
    causes: tuple[Cause, ...] = ()


class Plan(_Row):
    """What a dry run decided of an item. ``account_id`` is that of the account in the host, ``None`` for a new one.

    ``new_models`` are the first names that an account in the host would be given.
    """

    resolution: AccountResolution
    matched: MatchedAccountState | None
    platform: Platform
    account_id: int | None
    group: str
    new_models: tuple[str, ...] = ()

    def agrees_with(self, other: "Plan") -> bool:
        """Whether both say what becomes of which account. A relay may list another model meanwhile."""
        same = ("resolution", "platform", "account_id", "group")
        return all(getattr(self, name) == getattr(other, name) for name in same)


class Before(_Row):
    """An account as it was when a run decided to use it. ``added`` and ``replaced`` are names of its model mapping.

    ``replaced`` has the targets that the names had. ``terms`` are the fields that the run changes: what each was, and
    what the run gives. ``used_by`` is the last run that used it. ``served``: it was in service, and only added to.
    """

    status: str
    schedulable: bool
    expires_at: int | None = None
    state: str = ""
    groups: tuple[int, ...] = ()
    prior_groups: tuple[int, ...] = ()
    added: tuple[str, ...] = ()
    replaced: dict[str, str] = Field(default_factory=dict)
    terms: dict[str, tuple[Decimal, Decimal]] = Field(default_factory=dict)
    used_by: str | None = None
    served: bool = False


_NO_PROOF = "no proof came to its end: a worker broke off, or another run was using the key"


class Run(_Row):
    """``pages`` are those of its items' index, ``index_page`` that of the runs' index which names it.

    ``totals`` are the counters at its end. ``followers`` are the runs made of its items that may not have ended, and
    ``child_runs`` are all of them, oldest first. ``keys_until`` is the time, in seconds of the epoch, at which the keys
    that it still holds are erased: a while after its end, and before that later than it can end; ``None`` when it holds
    none. ``keys_erased`` is the position up to which that has been done.
    """

    run_id: str
    state: RunState = RunState.RUNNING
    mode: RunMode
    access_mode: AccessMode
    subscription_users: tuple[str, ...] = ()
    subscription_days: int = 30
    reactivate: Reactivate = Reactivate.ALWAYS
    platform: PlatformWish = PlatformWish.AUTO
    join_groups: tuple[str, ...] = ()
    max_multiplier: Decimal | None = None
    min_balance: Decimal | None = None
    rate_from_relay: bool = False
    priority_from_speed: bool = False
    host_billing_probe: bool = False
    legacy_batch_id: str | None = None
    label: str | None = None
    source: RunSource = RunSource.ITEMS
    created_by: str = "operator"
    total_items: int
    pages: int
    list_parts: int = 0
    search_parts: int = 0
    index_page: int
    started_at: str
    finished_at: str | None = None
    totals: Counters | None = None
    keys_until: int | None = None
    keys_erased: int = 0
    strict_stopped: bool = False
    warnings: tuple[dict[str, Any], ...] = ()
    self_service: dict[str, Any] | None = None
    dry_run: bool = False
    retry_of: str | None = None
    plan_of: str | None = None
    source_items: bytes | None = None
    left_out_items: int = 0
    followers: tuple[str, ...] = ()
    followed: int = 0
    child_runs: tuple[str, ...] = ()
    undos: int = 0  # that were asked for
    undo_asked_at: str | None = None
    undone_at: str | None = None

    @property
    def writes_stopped(self) -> Code | None:
        """The code with which items not yet provisioned stop, or ``None`` while the run goes on."""
        if self.state is RunState.CANCELLED:
            return Code.CANCELLED
        return Code.STOPPED_BY_STRICT if self.strict_stopped else None

    def end_state(self, counters: Counters) -> RunState:
        """How it ends: cancelled by request, failed without an active item, else completed; a dry run never failed.

        See docs/design.md#2-pipeline.
        """
        if self.state is RunState.CANCELLED:
            return RunState.CANCELLED
        good = counters.completed_items - counters.degraded_items - counters.broken_items
        if not self.dry_run:
            good = counters.active_items
            if good == 0:
                return RunState.FAILED
        clean = good == self.total_items and not counters.warning_items and not self.warnings
        return RunState.COMPLETED if clean else RunState.COMPLETED_WITH_WARNINGS

    @property
    def billing_limits(self) -> BillingLimits:
        return BillingLimits(
            *(None if each is None else float(each) for each in (self.max_multiplier, self.min_balance))
        )

    @property
    def is_being_undone(self) -> bool:
        return self.undo_asked_at is not None and self.undone_at is None

    @property
    def given_key_is_bound(self) -> bool:
        """Whether the given ``probe_api_key`` is away from its own group, for a proof that runs or broke off."""
        return (self.self_service or {}).get("phase") == "bound"

    def given_key_not_proven(self, counters: Counters) -> str | None:
        """Why the given key has proven nothing for the run's active items; ``None`` when it has, or need not."""
        if self.access_mode is not AccessMode.SELF_SERVICE or not counters.active_items:
            return None
        return (self.self_service or {}).get("reason", _NO_PROOF) or None


class NewEvent(BaseModel):
    """An event to be written with a change; id, time and order come from the write itself."""

    model_config = ConfigDict(frozen=True)

    event_type: EventType
    message: str
    payload: dict[str, Any] = Field(default_factory=dict)
    stage: ItemStage | None = None
    attempt: int | None = None
    at: str | None = None  # when it was not the moment of the write


class Item(_Row):
    run_id: str
    item_id: str
    position: int
    base_url: str
    provider_id: str
    key_digest: str = Field(repr=False)
    requested_models: tuple[str, ...] = ()
    platform_wish: PlatformWish = PlatformWish.AUTO
    legacy_provider_id: str | None = None
    label: str | None = None
    duplicate_of: str | None = None
    duplicates: tuple[str, ...] = ()
    plan: dict[str, Any] | None = None

    current_stage: ItemStage = ItemStage.PROBE
    confirmation_status: ConfirmationStatus = ConfirmationStatus.PENDING
    access_status: AccessStatus | None = None
    matched_account_state: MatchedAccountState | None = None
    account_resolution: AccountResolution | None = None
    provision_reused: bool = False
    reused_from_provider_id: str | None = None
    reused_from_account_id: int | None = None

    platform: Platform | None = None
    auth_style: AuthStyle | None = None
    api_root: str | None = None
    resolved_smoke_model: str | None = None
    responses_mode: str | None = None
    demands: tuple[str, ...] = ()
    served_model: str | None = None
    latency_ms: int | None = None
    account_id: int | None = None
    channel_id: int | None = None
    group_id: int | None = None
    prior_groups: tuple[int, ...] = ()
    before: dict[str, Any] | None = None
    placed_groups: tuple[int, ...] = ()
    undo_result: dict[str, Any] | None = None

    attempt: int = 1
    due_at: str | None = None
    retry_count: int = 0
    last_retry_at: str | None = None
    advisories: tuple[dict[str, Any], ...] = ()
    has_warning: bool = False
    last_error_stage: ItemStage | None = None
    last_error: str | None = None
    last_error_code: Code | None = None
    failure_code: Code | None = None

    lease_owner: str | None = None
    lease_expires_at: str | None = None
    leased_at: str | None = None
    version: int = 0
    last_write: str | None = None
    last_event: str | None = None
    profile: str | None = None
    created_at: str
    updated_at: str

    @property
    def advisory_list(self) -> list[Advisory]:
        return [Advisory(entry["code"], entry.get("params", {})) for entry in self.advisories]

    @property
    def known_before(self) -> Before | None:
        return None if self.before is None else Before.model_validate(self.before)

    @property
    def planned(self) -> Plan | None:
        return None if self.plan is None else Plan.model_validate(self.plan)

    @property
    def of_platform(self) -> Platform:
        """Rows without a platform are of platform openai."""
        return self.platform or Platform.OPENAI

    @property
    def wakes_account(self) -> bool:
        """Whether the decision was to switch on or repair an account that existed."""
        return self.account_resolution in (AccountResolution.REACTIVATED, AccountResolution.REPLACED)

    @property
    def needs_key(self) -> bool:
        """Whether its key may still be asked for, by a worker or by a retry."""
        return self.access_status is not AccessStatus.ACTIVE

    @property
    def shown_access(self) -> AccessStatus:
        """Absence reads as ``unknown`` (docs/design.md#2-pipeline)."""
        return self.access_status or AccessStatus.UNKNOWN


class ItemProfile(_Row):
    """What probing found: a row of its own, since it may be large (docs/design.md#4-state)."""

    raw_models: tuple[str, ...] = ()
    normalized_models: tuple[str, ...] = ()
    canonical_model_families: tuple[str, ...] = ()
    recommended_models: tuple[str, ...] = ()
    model_mapping: dict[str, str] = Field(default_factory=dict)
    capability_profile: dict[str, Any] | None = None
    billing: Billing | None = None
    evidence: dict[str, Any] | None = None  # domain/evidence.py

    def speed_of(self, model: str | None) -> dict[str, Any] | None:
        """``first_token_ms`` and ``tokens_per_second`` of a model by its raw name; one model is asked for a stream.

        That is the test model, unless provisioning chose another one afterwards.
        """
        models = (self.capability_profile or {}).get("model_profiles", [])
        return next((each["speed"] for each in models if each["raw_model_id"] == model and each.get("speed")), None)


class Event(_Row):
    event_id: str
    event_type: EventType
    stage: ItemStage
    attempt: int
    message: str
    payload_json: str = "{}"
    created_at: str


def advisory_entries(item: Item, *new: Advisory) -> tuple[dict[str, Any], ...]:
    """The item's advisories with ``new`` added, each once."""
    entries = list(item.advisories)
    for advisory in new:
        entry = {"code": advisory.code, "params": dict(advisory.params)}
        if entry not in entries:
            entries.append(entry)
    return tuple(entries)
