"""When to try again, per failure class, in one table (docs/design.md#24-confirm). Randomness is a parameter."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``attempts`` counts tries in all; waits are seconds. ``floor`` spaces tries that would block themselves."""

    attempts: int
    base: float
    cap: float
    floor: float = 0.0

    def delay(self, attempt: int, retry_after: float | None, jitter: Callable[[], float]) -> float | None:
        """Seconds before try ``attempt + 1``, or ``None`` when the tries are spent. ``jitter`` gives 0..1."""
        if attempt >= self.attempts:
            return None
        backoff = min(self.cap, self.base * 2.0 ** (attempt - 1))
        spread = backoff * (0.5 + 0.5 * jitter())
        return max(spread, self.floor, min(retry_after or 0.0, _LONGEST))


_LONGEST = 3600.0

_POLICIES: dict[str, RetryPolicy] = {
    "rate_limited": RetryPolicy(4, 2, 60),
    "upstream_unavailable": RetryPolicy(4, 2, 30),
    "upstream_timeout": RetryPolicy(3, 2, 30),
    "unreachable": RetryPolicy(4, 2, 10),  # of the origin: all its items together
    "invalid_answer": RetryPolicy(3, 1, 10),
    "host_unavailable": RetryPolicy(6, 2, 60),
    "host_outage": RetryPolicy(20, 5, 60),  # of the host, for all items together; then each pays by itself
    "host_refuses_credentials": RetryPolicy(6, 10, 60),  # until a key that is put within a minute is seen
    "host_not_configured": RetryPolicy(3, 5, 60),
    "host_needs_acknowledgement": RetryPolicy(3, 5, 60),
    "forbidden_in_host_test": RetryPolicy(3, 1, 10),
    "host_test_failed": RetryPolicy(4, 1, 30),
    "stream_cut": RetryPolicy(3, 1, 10),
    "gateway_no_account": RetryPolicy(5, 1, 15),
    "gateway_mis_mapped": RetryPolicy(3, 1, 5),
    "gateway_upstream_failed": RetryPolicy(3, 5, 60, floor=11),  # docs/host-api.md#transient-block
    "gateway_empty_completion": RetryPolicy(3, 1, 10),
    "gateway_refused_key": RetryPolicy(3, 2, 10),
}


def retry_policy(code: str) -> RetryPolicy:
    """The policy of a failure class; one that is not in the table is never tried again."""
    return _POLICIES.get(code, RetryPolicy(1, 0, 0))
