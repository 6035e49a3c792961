"""The HTTP contract: request and answers with exactly the names of docs/design.md#3-http-api."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from batch_import.domain.billing import BillingSource
from batch_import.domain.errors import InvalidRequest
from batch_import.domain.evidence import Agreement, Seen, Source
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
    ModelIdStyle,
    Platform,
    PlatformWish,
    Reactivate,
    Role,
    RunMode,
    RunSource,
    RunState,
)
from batch_import.domain.undo_results import UndoOutcome, UndoReason
from batch_import.domain.urls import MAX_LENGTH, canonical_base_url

MAX_ITEMS = 10_000
MAX_BODY_BYTES = 5 * 1024 * 1024
MAX_WAIT_MS = 20_000
POLL_SECONDS = 2  # after which a caller should look again at a run that goes on
MOST_ACCOUNTS, MOST_GROUPS, MOST_USERS = 1_000, 1_000, 50  # of an answer

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S"), AfterValidator(str.strip)]
ApiKey = Annotated[
    str, StringConstraints(min_length=1, max_length=512, pattern=r"^\s*[!-~]+\s*$"), AfterValidator(str.strip)
]
BaseUrl = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_LENGTH),
    Field(description="Any spelling of the relay's address", json_schema_extra={"format": "base-url"}),
]
PastedText = Annotated[
    str,
    StringConstraints(min_length=1),
    Field(description="A list in any form that people have it in", json_schema_extra={"format": "relay-list"}),
]
Flag = Annotated[  # "enum" and not "const", which a generator of clients misreads beside a boolean
    bool | Literal["unknown"],
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["unknown"]}]}),
]
LEAST_AMOUNT, MOST_AMOUNT = 0.000_001, 1_000_000
Amount = Annotated[float, Field(ge=LEAST_AMOUNT, le=MOST_AMOUNT, allow_inf_nan=False, strict=True)]
ItemId = Annotated[str, StringConstraints(pattern=r"^item_[0-9]{5}$")]
Timestamp = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class TextFormat(StrEnum):
    """How a pasted text is read; ``auto`` sees it from the text."""

    AUTO = "auto"
    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    YAML = "yaml"
    TOML = "toml"


def _refused(en: str, zh: str) -> ValueError:
    return ValueError(InvalidRequest(en, zh))


def _when(field: str, value: str, then: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"if": {"properties": {field: {"const": value}}, "required": [field]}, "then": then}


def _demands(field: str, form: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"required": [field], "properties": {field: form}}


_CONDITIONS: list[JsonValue] = [  # what _conditional_fields checks, as JSON Schema
    _when("access_mode", "subscription", _demands("subscription_users", {"minItems": 1})),
    _when("access_mode", "self_service", _demands("probe_api_key", {"type": "string"})),
    {
        "if": {"properties": {"text": {"type": "string"}}, "required": ["text"]},
        "then": {"properties": {"items": {"maxItems": 0}}},
        "else": {"required": ["items"], "properties": {"items": {"minItems": 1}, "rows": {"maxItems": 0}}},
    },
]


class _Model(BaseModel):
    """Built when it is first used: a worker that imports this module needs few of them, and starts the sooner."""

    model_config = ConfigDict(defer_build=True)


class _Request(_Model):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ItemRequest(_Request):
    """One relay of a list. ``label`` is a name for people, shown with the item.

    ``platform`` is the host's platform on which it shall be entered; the run's, when it is left out.
    """

    base_url: BaseUrl
    api_key: ApiKey = Field(repr=False)
    requested_models: list[Name] = Field(default_factory=list, max_length=50)
    platform: PlatformWish | None = None
    legacy_provider_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    label: Annotated[str, StringConstraints(max_length=100), AfterValidator(str.strip)] | None = None

    @field_validator("base_url")
    @classmethod
    def _canonical(cls, value: str) -> str:
        try:
            return canonical_base_url(value)
        except InvalidRequest as error:
            raise ValueError(error) from None


class RowDecision(_Request):
    """What a person decided about one row of a pasted text; all but ``row`` may be left out."""

    row: StrictInt = Field(ge=1)
    skip: StrictBool = False
    choice: Annotated[str, StringConstraints(max_length=40)] | None = None
    base_url: BaseUrl | None = None
    requested_models: list[Name] | None = Field(default=None, max_length=50)
    platform: PlatformWish | None = None


class ParseRequest(_Request):
    """``POST /api/batch-import/parse``: what a pasted text is read as. Nothing is stored."""

    text: PastedText = Field(repr=False)
    format: TextFormat = TextFormat.AUTO
    check_host: StrictBool = False


class CreateRunRequest(_Request):
    """``POST /api/batch-import/runs`` (docs/design.md#32-requests-and-errors).

    The list comes as ``items``, or as the pasted ``text`` with ``rows`` for what a person decided: then it is read
    again by the same parser, so that keys never travel back and forth.
    """

    model_config = ConfigDict(json_schema_extra={"allOf": _CONDITIONS})

    mode: RunMode = RunMode.PARTIAL
    access_mode: AccessMode
    subscription_users: list[Name] = Field(default_factory=list, max_length=1000)
    subscription_days: StrictInt = Field(default=30, ge=1, le=36_500)
    probe_api_key: ApiKey | None = Field(default=None, repr=False)
    confirm_timeout_ms: StrictInt = Field(default=0, ge=0, le=MAX_WAIT_MS)
    reactivate: Reactivate = Reactivate.ALWAYS
    platform: PlatformWish = PlatformWish.AUTO
    dry_run: StrictBool = False
    join_groups: list[Name] = Field(default_factory=list, max_length=20)
    max_multiplier: Amount | None = Field(default=None, description="Relays that declare a higher one are left out")
    min_balance: Amount | None = Field(
        default=None,
        description="Keys with less left in USD, as declared, are left out; no other currency is judged",
    )
    rate_from_relay: StrictBool = Field(
        default=False, description="Accounts get the relay's declared multiplier as their rate_multiplier"
    )
    priority_from_speed: StrictBool = Field(
        default=False, description="Accounts get a priority by their relay's measured speed: 30 (fastest) to 70"
    )
    host_billing_probe: StrictBool = Field(
        default=False, description="sub2api asks relays that run sub2api for their multiplier from time to time"
    )
    legacy_batch_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    label: Annotated[str, StringConstraints(max_length=200), AfterValidator(str.strip)] | None = None
    items: list[ItemRequest] = Field(default_factory=list, max_length=MAX_ITEMS)
    text: PastedText | None = Field(default=None, repr=False)
    format: TextFormat = TextFormat.AUTO
    rows: list[RowDecision] = Field(default_factory=list, max_length=MAX_ITEMS)

    @model_validator(mode="after")
    def _conditional_fields(self) -> "CreateRunRequest":
        if bool(self.items) == (self.text is not None):
            raise _refused(
                "items: give either items, 1 to 10,000 of them, or text",
                "items：请给出 1 至 10,000 个条目，或给出 text",
            )
        if self.rows and self.text is None:
            raise _refused("rows: they belong to text", "rows：只能与 text 一起使用")
        if self.access_mode is AccessMode.SUBSCRIPTION and not self.subscription_users:
            raise _refused(
                "subscription_users is required when access_mode=subscription",
                "access_mode=subscription 时须提供 subscription_users",
            )
        if self.access_mode is AccessMode.SELF_SERVICE and self.probe_api_key is None:
            raise _refused(
                "probe_api_key is required when access_mode=self_service",
                "access_mode=self_service 时须提供 probe_api_key",
            )
        return self


class RetryRequest(_Request):
    """``POST …/runs/{run_id}/retry``: which items come again; without a choice all that did not end active.

    An item must meet each choice that is given. ``codes`` are those of ``last_error_code``. ``api_keys`` are used
    instead of the keys that are held. A run of self_service gives its key again: it was erased when the run ended.
    """

    item_ids: list[ItemId] = Field(default_factory=list, max_length=MAX_ITEMS)
    codes: list[Code] = Field(default_factory=list, max_length=len(Code))
    access_status: list[AccessStatus] = Field(default_factory=list, max_length=len(AccessStatus))
    api_keys: dict[ItemId, ApiKey] = Field(default_factory=dict, max_length=MAX_ITEMS, repr=False)
    probe_api_key: ApiKey | None = Field(default=None, repr=False)

    @field_validator("api_keys", mode="wrap")
    @classmethod
    def _told_without_names(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        """The place of an error would repeat what was sent."""
        try:
            return handler(value)
        except ValidationError:
            raise ValueError("must be an object of keys by item id") from None


class ApplyRequest(_Request):
    """``POST …/runs/{run_id}/apply``. A run of self_service gives its key again: it was erased when the run ended."""

    probe_api_key: ApiKey | None = Field(default=None, repr=False)


class Badge(_Model):
    text: str
    color: Literal["blue", "green", "yellow", "red", "gray", "cyan"]


class ErrorCode(StrEnum):
    """What a program tells refusals apart by."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    TOO_MANY_REQUESTS = "too_many_requests"
    HOST_UNAVAILABLE = "host_unavailable"
    INTERNAL_ERROR = "internal_error"


class ErrorBody(_Model):
    code: ErrorCode
    message: str


class ErrorEnvelope(_Model):
    error: ErrorBody


class ParsedChoice(_Model):
    """One reading of an ambiguous row: its name for ``rows``, and the pairs that it stands for, keys masked."""

    name: str
    shown: list[str]


class HeldByHost(_Model):
    """The host's account for this very address and key."""

    account_id: int
    state: MatchedAccountState | None


class ShownRow(_Model):
    """One address and key as they were read; ``row`` and ``line`` count from 1."""

    row: int
    line: int
    status: Literal["ready", "duplicate", "incomplete", "ambiguous"]
    base_url: str
    base_url_as_written: str
    api_key_masked: str
    requested_models: list[str]
    label: str | None
    platform: Platform | None
    notes: list[str]
    of_row: int | None = None
    choices: list[ParsedChoice] = []
    host: HeldByHost | None = None


class ShownIgnored(_Model):
    """A line that no row came from. With ``of_row`` it only repeats the address of that row, and ``summary`` does not
    count it.
    """

    line: int
    text_masked: str
    of_row: int | None = None


class ParseSummary(_Model):
    ready: int
    duplicate: int
    incomplete: int
    ambiguous: int
    ignored: int


class ExpectedRequests(_Model):
    """How often the relays of the rows that are ready will be asked in all: ``usual`` where they work, at ``most`` in
    one try of each. What the host asks comes besides.
    """

    usual: int
    most: int


class ParseResult(_Model):
    """What a pasted text was read as. ``texts`` has the sentence of each note that occurs."""

    rows: list[ShownRow]
    ignored: list[ShownIgnored]
    summary: ParseSummary
    requests: ExpectedRequests
    texts: dict[str, str]


class RunCreated(_Model):
    """A run was created (docs/design.md#33-responses)."""

    run_id: str
    state: RunState
    result_page: str
    total_items: int
    active_items: int
    degraded_items: int
    broken_items: int
    warning_items: int


class RunRetried(RunCreated):
    """The new run over items of ``retry_of``; for ``left_out_items`` of those asked for no key is held any more."""

    retry_of: str
    left_out_items: int


class RunApplied(RunCreated):
    """The new run over what ``plan_of`` planned; for ``left_out_items`` of the planned no key is held any more."""

    plan_of: str
    left_out_items: int


class RunSummary(_Model):
    """One run, with its badge (docs/design.md#33-responses, docs/design.md#34-badges).

    ``source`` is what its list came from, ``created_by`` the role of its caller, ``label`` a name for people. A list
    shows the first 20 users and groups, and the counts say how many there are; the run alone has them all.
    """

    run_id: str
    state: RunState
    mode: RunMode
    access_mode: AccessMode
    platform: PlatformWish
    label: str | None
    source: RunSource
    created_by: Role
    retry_of: str | None
    subscription_users: list[str]
    subscription_user_count: int
    join_groups: list[str]
    join_group_count: int
    max_multiplier: float | None
    min_balance: float | None
    rate_from_relay: bool
    priority_from_speed: bool
    host_billing_probe: bool
    total_items: int
    completed_items: int
    active_items: int
    degraded_items: int
    broken_items: int
    warning_items: int
    started_at: Timestamp
    finished_at: Timestamp | None
    dry_run: bool
    plan_of: str | None
    undo_asked_at: Timestamp | None
    undone_at: Timestamp | None
    badges: dict[str, Badge]


class RunList(_Model):
    runs: list[RunSummary]
    next_cursor: str | None


class CauseView(_Model):
    """Why items of a run failed: how many ended by ``code``, what it means, and what to do about it."""

    code: Code
    reason: str
    to_do: str
    broken_items: int
    degraded_items: int


class RunDetail(_Model):
    """One run with its recent warnings (docs/design.md#33-responses).

    ``causes`` are why items failed, the most frequent first. ``child_runs`` are the latest 20 runs made of its items,
    by a retry or by applying its plan; the newest comes last.
    """

    run: RunSummary
    recent_warnings: list[str]
    causes: list[CauseView]
    child_runs: list[str]


class BillingView(_Model):
    """What the relay declares about the key's money; null is unknown or unlimited, never zero.

    ``balance`` can still be spent with the key; ``key_quota`` is the key's own limit and ``key_used`` what was spent of
    it, all in ``currency``. ``multiplier`` is the factor on the list price, ``peak_multiplier`` that of peak hours.
    """

    balance: float | None
    currency: str | None
    key_quota: float | None
    key_used: float | None
    expires_at: Timestamp | None
    multiplier: float | None
    peak_multiplier: float | None
    source: BillingSource


class PlanView(_Model):
    """What a dry run decided: what would become of which account, in which group of the host, with which models.

    ``account_id`` is null for an account that would be made. ``models`` are the first of ``models_total`` names that
    customers could ask for, ``new_models`` those that an account in the host would be given.
    """

    resolution: AccountResolution
    matched_account_state: MatchedAccountState | None
    platform: Platform
    account_id: int | None
    group: str
    models: list[str]
    models_total: int
    new_models: list[str]


class UndoView(_Model):
    """What an undo of the run did about the item, and why what stays stays."""

    outcome: UndoOutcome
    reason: UndoReason | None
    message: str


class SpeedView(_Model):
    """How a stream of the test model came, asked of the relay itself: the time to its first token, with what connecting
    took, and the rate from there; null for a stream that was too short or came in one piece.
    """

    first_token_ms: int
    tokens_per_second: float | None


class ObservationView(_Model):
    """One thing that was seen, and in which answer; ``text`` says it in the reader's language."""

    code: Seen
    source: Source
    text: str


class AnsweredView(_Model):
    """``inconsistent`` when one observation does not fit, ``consistent`` when some fit and all do; none is a proof."""

    value: Agreement
    observations: list[ObservationView]


class EvidenceView(_Model):
    """What the relay's answers tell: is it the model that was asked for, and is what is sent passed on untouched?

    A list shows the first three observations of each.
    """

    identity: AnsweredView
    passthrough: AnsweredView


class ItemSummary(_Model):
    """An item of a list (docs/design.md#33-responses) with badges, the failure's code and advice.

    A list shows the first 20 requested models and families, and the first ten advisories in 300 characters each; the
    ``…_count`` fields say how many there are. The detail has them all.

    ``platform`` is the host's platform of its account, once that is decided. ``latency_ms`` is what the proof took,
    through the gateway; ``served_model`` is what the relay's own answer named. ``speed`` and ``evidence`` are what its
    answers showed, null until they are known; no verdict rests on them. ``position`` counts from 1 in the list
    that was sent; ``updated_at`` is when the item's stage last changed. ``reason`` is what ``last_error_code`` means;
    ``next_attempt_at`` is when the service itself tries again.
    """

    item_id: str
    base_url: str
    provider_id: str
    api_key_fingerprint: str
    label: str | None
    requested_models: list[str]
    requested_model_count: int
    canonical_model_families: list[str]
    canonical_model_family_count: int
    resolved_smoke_model: str | None
    current_stage: ItemStage
    confirmation_status: ConfirmationStatus
    access_status: AccessStatus
    matched_account_state: MatchedAccountState | None
    account_resolution: AccountResolution | None
    provision_reused: bool
    retry_count: int
    last_retry_at: Timestamp | None
    advisory_messages: list[str]
    advisory_count: int
    last_error_stage: ItemStage | None
    last_error: str | None
    last_error_code: Code | None
    reason: str | None
    advice: str | None
    next_attempt_at: Timestamp | None
    account_id: int | None
    platform: Platform | None
    latency_ms: int | None
    served_model: str | None
    billing: BillingView | None
    speed: SpeedView | None
    evidence: EvidenceView | None
    plan: PlanView | None
    undo_result: UndoView | None
    position: int
    updated_at: Timestamp
    badges: dict[str, Badge]


class ItemList(_Model):
    """A page of a run's items. ``matching_items`` is how many meet the filters, on all pages together."""

    items: list[ItemSummary]
    next_cursor: str | None
    matching_items: int


class TransportProfileView(_Model):
    supports_openai_models: Flag
    supports_openai_chat_completions: Flag
    supports_openai_responses: Flag
    supports_anthropic_messages: Flag
    supports_gemini_generate_content: Flag = "unknown"
    auth_style: AuthStyle
    model_id_style: ModelIdStyle
    known_advisories: list[str]


class ModelProfileView(_Model):
    raw_model_id: str
    normalized_model_id: str
    canonical_model_family: str
    supports_stream: Flag
    supports_tools: Flag
    supports_reasoning_fields: Flag
    smoke_chat_ok: Flag
    speed: SpeedView | None = None


class CapabilityProfileView(_Model):
    transport_profile: TransportProfileView
    model_profiles: list[ModelProfileView]


class EventView(_Model):
    """``text`` says in the reader's language what happened; ``message`` is what the relay or host said, or a note."""

    event_id: str
    event_type: EventType
    stage: ItemStage
    attempt: int
    message: str
    text: str
    payload_json: str
    created_at: Timestamp


class PanelLinks(_Model):
    """Where the host's own panel lists accounts, groups and channels; it has no address for a single one."""

    accounts: str
    groups: str
    channels: str


class ItemDetail(ItemSummary):
    """One item, flat, with capability profile and event history (docs/design.md#33-responses).

    ``panel`` has links to the host's own lists; a search there for ``provider_id`` finds what belongs to the item.
    """

    raw_models: list[str]
    normalized_models: list[str]
    recommended_models: list[str]
    reused_from_provider_id: str | None
    reused_from_account_id: int | None
    channel_id: int | None
    group_id: int | None
    panel: PanelLinks | None
    capability_profile: CapabilityProfileView | None
    events: list[EventView]


class ModelView(_Model):
    """A model, by its family, over all relays that were proved and serve it.

    ``active_relays`` are those whose latest import ended active, and the other figures are of these. Speeds and answer
    times are of the ``tested_relays``, for which it was the test model; null where nobody knows.
    """

    model: str
    relays: int
    active_relays: int
    tested_relays: int
    best_tokens_per_second: float | None
    median_tokens_per_second: float | None
    best_first_token_ms: int | None
    median_first_token_ms: int | None
    lowest_multiplier: float | None
    last_seen_at: Timestamp


class ModelList(_Model):
    """A page of the models. ``matching_models`` is how many meet the filters, on all pages together."""

    models: list[ModelView]
    next_cursor: str | None
    matching_models: int


class ComparedRelay(_Model):
    """A relay that was proved: an address with a key on a platform, one account. Status, price and balance are of its
    latest import, speed and evidence of its latest proof.

    ``relay`` is its lasting name here, which tells nothing of it. ``base_url`` and ``provider_id`` are null without
    addresses. ``access_status``, ``last_error_code``, ``run_id`` and ``item_id`` are of the latest import that ended
    with a verdict, at ``last_seen_at``, but for imports that their own limits kept out (``too_dear``,
    ``too_little_left``); all else is of the latest one that proved it, at ``proved_at``, price, balance and expiry also
    of any later one that was told them. Multiplier and balance are as the relay declares them. ``tested`` says whether
    this model was asked: speed, answer time and evidence are known of the test model alone. Null is unknown.
    """

    relay: str
    base_url: str | None
    provider_id: str | None
    platform: Platform
    account_id: int | None
    access_status: AccessStatus
    last_error_code: Code | None
    tested: bool
    multiplier: float | None
    peak_multiplier: float | None
    balance: float | None
    currency: str | None
    expires_at: Timestamp | None
    first_token_ms: int | None
    tokens_per_second: float | None
    latency_ms: int | None
    identity: Agreement | None
    passthrough: Agreement | None
    proved_at: Timestamp
    last_seen_at: Timestamp
    run_id: str
    item_id: str
    badges: dict[str, Badge]


class ModelRelays(_Model):
    """A page of one model's relays. ``matching_relays`` is how many meet the filters, on all pages together."""

    model: str
    relays: list[ComparedRelay]
    next_cursor: str | None
    matching_relays: int


class ExportedRun(_Model):
    run_id: str
    legacy_batch_id: str | None


class ExportedItem(_Model):
    item_id: str
    provider_id: str
    account_id: int | None
    channel_id: int | None
    access_status: AccessStatus
    legacy_provider_id: str | None


class RunExport(_Model):
    """What a run left in the host, with its links to the earlier system: the operator's alone."""

    run: ExportedRun
    items: list[ExportedItem]
    next_cursor: str | None


class QuarantinedAccount(_Model):
    account_id: int
    name: str
    provider_id: str
    base_url: str
    import_state: str
    never_served: bool


class Quarantine(_Model):
    """Accounts that ended failed in quarantine, the first 1,000; a cleanup removes those that never served."""

    accounts: list[QuarantinedAccount]
    account_count: int


class KeptReason(StrEnum):
    """Why a cleanup left an account: the last three may pass, and another call finds the account again."""

    SERVED_BEFORE = "served_before"
    CHANGED_MEANWHILE = "changed_meanwhile"
    PROVIDER_BUSY = "provider_busy"
    HOST_FAILED = "host_failed"
    NOT_REACHED = "not_reached"


class KeptAccount(_Model):
    account_id: int
    reason: KeptReason


class QuarantineCleaned(_Model):
    removed: list[int]
    kept: list[KeptAccount]


class HostUser(_Model):
    user_id: int
    email: str
    username: str


class HostUsers(_Model):
    """Users of the host whose e-mail or name contains ``q``, at most 50; ``has_more`` when there are others."""

    users: list[HostUser]
    has_more: bool


class HostGroup(_Model):
    group_id: int
    name: str
    platform: str
    subscription_type: str
    is_exclusive: bool
    is_active: bool


class HostGroups(_Model):
    """Groups of the host that ``join_groups`` may name, by name, the first 1,000; ours for proofs are left out."""

    groups: list[HostGroup]
    group_count: int


class Health(_Model):
    """``GET /api/health``: what the deployment is, and whether the host is reachable."""

    status: Literal["ok", "degraded"]
    version: str
    host: dict[str, str | bool | None]
