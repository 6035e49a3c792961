"""Canonical types and enums (docs/design.md#2-pipeline).

A string outside an enum raises ``ValueError`` when it is parsed, at the HTTP boundary and when a stored row is read:
there is no silent default and no second vocabulary.
"""

from enum import StrEnum


class RunState(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_WARNINGS = "completed_with_warnings"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ItemStage(StrEnum):
    PROBE = "probe"
    PROVISION = "provision"
    CONFIRM = "confirm"
    VALIDATE = "validate"
    DONE = "done"


class ConfirmationStatus(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    ADVISORY = "advisory"
    FAILED = "failed"


class AccessStatus(StrEnum):
    UNKNOWN = "unknown"
    ACTIVE = "active"
    DEGRADED = "degraded"
    BROKEN = "broken"


class MatchedAccountState(StrEnum):
    """What the host held before any write; ``None`` means no match."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DEPRECATED = "deprecated"
    BROKEN = "broken"


class AccountResolution(StrEnum):
    """What was decided; ``None`` means not decided yet."""

    CREATED = "created"
    REUSED = "reused"
    REACTIVATED = "reactivated"
    REPLACED = "replaced"


class AccessMode(StrEnum):
    SUBSCRIPTION = "subscription"
    SELF_SERVICE = "self_service"


class RunMode(StrEnum):
    PARTIAL = "partial"
    STRICT = "strict"


class Role(StrEnum):
    """Who calls the API; a viewer only reads."""

    OPERATOR = "operator"
    VIEWER = "viewer"


class RunSource(StrEnum):
    """What a run's list came from."""

    ITEMS = "items"
    TEXT = "text"
    RETRY = "retry"
    PLAN = "plan"


class Platform(StrEnum):
    """Which of the host's platforms an account, its group and its prices belong to (docs/platforms.md)."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"


class ItemOrder(StrEnum):
    """How the items of a run are listed: by status and time of the last change, or as they stand in its list."""

    STATUS = "status"
    POSITION = "position"


class ModelOrder(StrEnum):
    """How models are listed: most active relays first, the quickest of the tested relays first, or by name."""

    RELAYS = "relays"
    TOKENS_PER_SECOND = "tokens_per_second"
    FIRST_TOKEN = "first_token"  # noqa: S105
    NAME = "name"


class RelayOrder(StrEnum):
    """How the relays of a model are listed: most tokens a second first, shortest time, lowest multiplier (that of peak
    hours where it is higher), highest balance by currency with USD first, latest import first. What is not known
    comes last.
    """

    TOKENS_PER_SECOND = "tokens_per_second"
    FIRST_TOKEN = "first_token"  # noqa: S105
    LATENCY = "latency"
    MULTIPLIER = "multiplier"
    BALANCE = "balance"
    SEEN = "seen"


class PlatformWish(StrEnum):
    """The platform that was asked for; ``auto`` lets what the relay speaks decide."""

    AUTO = "auto"
    OPENAI = Platform.OPENAI
    ANTHROPIC = Platform.ANTHROPIC
    GEMINI = Platform.GEMINI

    def allows(self, platform: Platform) -> bool:
        return self in (PlatformWish.AUTO, platform)


class Reactivate(StrEnum):
    """May an account that a person paused be switched on again (docs/design.md#22-decide)?"""

    ALWAYS = "always"
    OURS = "ours"


class EventType(StrEnum):
    """The closed list of what an item's trail can tell (docs/design.md#4-state)."""

    LEASE_ACQUIRED = "lease_acquired"
    MODELS_DISCOVERED = "models_discovered"
    CAPABILITY_PROBED = "capability_probed"
    REUSE_DECIDED = "reuse_decided"
    GROUP_CREATED = "group_created"
    CHANNEL_CREATED = "channel_created"
    CHANNEL_PATCHED = "channel_patched"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_WOKEN = "account_woken"
    ACCOUNT_CHANGED = "account_changed"
    RETRY_SCHEDULED = "retry_scheduled"
    ADVISORY_RECORDED = "advisory_recorded"
    CONFIRMATION_DECIDED = "confirmation_decided"
    COMPLETION_PROVEN = "completion_proven"
    ACCOUNT_PLACED = "account_placed"
    ACCESS_GIVEN = "access_given"
    STAGE_FAILED = "stage_failed"
    DEAD_LETTERED = "dead_lettered"
    REQUEUED = "requeued"
    ACCESS_TAKEN = "access_taken"
    ACCOUNT_REMOVED = "account_removed"
    ACCOUNT_RESTORED = "account_restored"
    CHANNEL_REMOVED = "channel_removed"
    GROUP_REMOVED = "group_removed"
    UNDO_DECIDED = "undo_decided"
    ACCESS_DECIDED = "access_decided"


class AuthStyle(StrEnum):
    BEARER = "bearer"
    X_API_KEY = "x_api_key"
    API_KEY = "api_key"
    X_GOOG_API_KEY = "x_goog_api_key"
    UNKNOWN = "unknown"


class ModelIdStyle(StrEnum):
    CANONICAL = "canonical"
    VENDOR_PREFIXED = "vendor_prefixed"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Provenance(StrEnum):
    """How a family was found (docs/design.md#21-probe)."""

    EXACT = "exact"
    ALIAS = "alias"
    RULE = "rule"
    UNKNOWN = "unknown"
