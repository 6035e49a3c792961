"""What is known of relays that were proved, a short row each, and of models over all of them. Pure; imports little.

See docs/decisions/0036-compare.md.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import chain, repeat
from statistics import median
from typing import NamedTuple, TypeVar

from batch_import.domain.types import AccessStatus

T = TypeVar("T")


class Finding(NamedTuple):
    """A relay that was proved: an address with a key on a platform, which is one account of the host.

    ``seen_at``, ``run_id``, ``item_id``, ``access_status`` and ``code`` are those of the latest import that ended with
    a verdict, but for those that their own limits kept out. All else is of the latest one that proved it, at
    ``proved_at``; price, balance and expiry also of any later one. Times are milliseconds of the epoch.
    ``tested`` is the family of the one model that was asked, to which speed, answer time and evidence belong;
    ``families`` are those that the account serves. What is not known is ``None``.
    """

    relay: str
    seen_at: int
    run_id: str
    item_id: str
    access_status: str
    code: str | None
    proved_at: int
    base_url: str
    provider_id: str
    platform: str
    account_id: int | None
    multiplier: float | None
    balance: float | None
    currency: str | None
    tested: str
    first_token_ms: int | None
    tokens_per_second: float | None
    latency_ms: int | None
    identity: str | None
    passthrough: str | None
    families: list[str]
    peak_multiplier: float | None = None  # rows of before end with the families
    expires_at: str | None = None
    declared_at: int | None = None  # of balance, multipliers and expiry

    @property
    def is_active(self) -> bool:
        return self.access_status == AccessStatus.ACTIVE


class ComparedModel(NamedTuple):
    """A model over all relays that serve it; see ``contract.ModelView``."""

    model: str
    relays: int
    active_relays: int
    tested_relays: int
    best_tokens_per_second: float | None
    median_tokens_per_second: float | None
    best_first_token_ms: int | None
    median_first_token_ms: int | None
    lowest_multiplier: float | None
    seen_at: int


def models_of(findings: Iterable[Finding]) -> list[ComparedModel]:
    """All models that any of the relays serve, in no order."""
    oldest_first = sorted(findings, key=lambda finding: finding.seen_at)
    active = [finding for finding in oldest_first if finding.is_active]
    declared = [finding for finding in active if finding.multiplier is not None]
    dearest_first = sorted(declared, key=lambda finding: finding.multiplier or 0, reverse=True)
    active_relays = Counter(chain.from_iterable(one.families for one in active))
    relays = active_relays + Counter(chain.from_iterable(one.families for one in oldest_first if not one.is_active))
    seen = _last_of(oldest_first, lambda finding: finding.seen_at)
    multipliers = _last_of(dearest_first, lambda finding: finding.multiplier)
    tested: dict[str, list[Finding]] = defaultdict(list)
    for finding in active:
        tested[finding.tested].append(finding)
    return [
        ComparedModel(
            model,
            count,
            active_relays[model],
            len(tested.get(model, ())),
            *_speeds(tested.get(model, ())),
            multipliers.get(model),
            seen[model],
        )
        for model, count in relays.items()
    ]


def _last_of(findings: Iterable[Finding], value: Callable[[Finding], T]) -> dict[str, T]:
    """For each model the value of the last relay that serves it; quick, for there are hundreds of thousands."""
    return dict(chain.from_iterable(zip(one.families, repeat(value(one)), strict=False) for one in findings))


def _speeds(tested: Iterable[Finding]) -> tuple[float | None, float | None, int | None, int | None]:
    """The best and the median rate, and the best and the median time to the first token."""
    found = list(tested)
    rates = [finding.tokens_per_second for finding in found if finding.tokens_per_second is not None]
    times = [finding.first_token_ms for finding in found if finding.first_token_ms is not None]
    return (
        max(rates, default=None),
        round(median(rates), 1) if rates else None,
        min(times, default=None),
        round(median(times)) if times else None,
    )
