"""When to try again (docs/design.md#24-confirm)."""

import math

import pytest
from batch_import import bootstrap
from batch_import.domain.outcomes import OUTCOMES
from batch_import.domain.retry_policy import _LONGEST, _POLICIES, RetryPolicy, retry_policy
from hypothesis import given
from hypothesis import strategies as st

POLICIES = st.sampled_from(list(_POLICIES.values()))
UNIT = st.floats(0, 1)


@pytest.mark.parametrize(
    ("attempt", "jitter", "delay"),
    [(1, 0.0, 1.0), (1, 1.0, 2.0), (2, 1.0, 4.0), (3, 1.0, 8.0), (4, 1.0, 10.0), (5, 0.5, 7.5), (6, 1.0, None)],
)
def test_waits_double_up_to_the_cap_and_end(attempt: int, jitter: float, delay: float | None) -> None:
    assert RetryPolicy(attempts=6, base=2, cap=10).delay(attempt, None, lambda: jitter) == delay


@pytest.mark.parametrize("code", _POLICIES)
def test_every_policy_belongs_to_a_documented_failure(code: str) -> None:
    assert code in {*OUTCOMES, "forbidden_in_host_test", "host_outage", "host_not_configured"}


@pytest.mark.parametrize("code", ["auth_failed", "not_an_api", "paused_by_operator", "host_rejected", "no such code"])
def test_what_is_not_in_the_table_is_never_tried_again(code: str) -> None:
    assert retry_policy(code).delay(1, None, lambda: 1.0) is None


@pytest.mark.parametrize("code", [code for code, row in OUTCOMES.items() if not row.transient])
def test_definitive_failures_are_not_retried_save_for_the_mapping_that_may_settle(code: str) -> None:
    assert (retry_policy(code).attempts > 1) is (code == "gateway_mis_mapped")


def test_tries_after_two_502s_wait_longer_than_the_hosts_own_block() -> None:
    assert retry_policy("gateway_upstream_failed").delay(1, None, lambda: 0.0) > 10.2


def test_a_new_key_of_the_host_is_seen_before_the_tries_are_spent() -> None:
    policy = retry_policy("host_refuses_credentials")
    waits = [policy.delay(attempt, None, lambda: 0.0) or 0.0 for attempt in range(1, policy.attempts)]
    assert sum(waits) >= 60 + bootstrap._SECRET_SECONDS  # it is put within a minute


@given(POLICIES, st.integers(1, 12), UNIT)
def test_delays_are_positive_and_bounded(policy: RetryPolicy, attempt: int, jitter: float) -> None:
    delay = policy.delay(attempt, None, lambda: jitter)
    assert (delay is None) is (attempt >= policy.attempts)
    if delay is not None:
        assert policy.base / 2 <= delay <= max(policy.cap, policy.floor)


@given(POLICIES, UNIT, st.one_of(st.floats(0, 1e9), st.just(math.inf)))
def test_retry_after_is_honoured_up_to_an_hour(policy: RetryPolicy, jitter: float, retry_after: float) -> None:
    delay = policy.delay(1, retry_after, lambda: jitter)
    assert delay is not None
    assert min(retry_after, _LONGEST) <= delay <= max(_LONGEST, policy.cap, policy.floor)


@given(POLICIES, st.integers(1, 12), st.floats(0, 1e9))
def test_a_spent_policy_gives_up_whatever_is_asked_for(policy: RetryPolicy, more: int, retry_after: float) -> None:
    assert policy.delay(policy.attempts + more - 1, retry_after, lambda: 1.0) is None
