"""Limits of time follow from one another: calls, items, invocations, leases, visibility. A slow relay fits into all."""

import pytest
from batch_import.host import proving as host_calls
from batch_import.host.transport import TIMEOUT as ADMIN_CALL
from batch_import.pipeline import confirmation, doorstep, import_stages, premises, proving, self_service, worker
from batch_import.pipeline.provider_locks import LEASE_SECONDS, PATIENCE
from batch_import.probe import relay
from batch_import.store.permits import PERMIT_SECONDS

from tests.project.sam_template import resources

SLOWEST_RELAY = 20.0  # seconds to the first byte of an answer
WORST_CASES = {
    "ProvisionFunction": import_stages.WORST_CASE,
    "ConfirmationFunction": confirmation.WORST_CASE,
    "ValidationFunction": proving.WORST_CASE,
}


def timeout_of(function: str) -> float:
    return float(resources()[function]["Properties"]["Timeout"])


@pytest.mark.parametrize("function", WORST_CASES)
def test_an_invocation_outlasts_its_items(function: str) -> None:
    assert WORST_CASES[function] + worker.END_SECONDS <= timeout_of(function)


def test_a_slow_relay_has_time_in_every_stage() -> None:
    calls = (relay.LIST_TIMEOUT, relay.COMPLETION_TIMEOUT, host_calls.TEST_TIMEOUT, host_calls.COMPLETION_TIMEOUT)
    assert min(calls) >= 1.5 * SLOWEST_RELAY
    # It lists and answers slowly, and what is left is enough to be provisioned by the same invocation.
    assert import_stages.WORST_CASE - 2 * SLOWEST_RELAY >= import_stages.PROVISION_SECONDS
    assert confirmation.WORST_CASE - ADMIN_CALL >= 1.5 * SLOWEST_RELAY
    waits = PATIENCE + 2 * proving.SLOT_PATIENCE
    assert proving.WORST_CASE - waits - ADMIN_CALL >= 1.5 * SLOWEST_RELAY


def test_what_a_worker_holds_outlasts_its_invocation() -> None:
    longest = max(timeout_of(function) for function in WORST_CASES)
    held = (LEASE_SECONDS, PERMIT_SECONDS, premises.SLOT_SECONDS, self_service.LEASE_SECONDS)
    assert min(held) >= longest + worker.LEASE_MARGIN


def test_a_killed_workers_items_are_free_within_two_minutes_and_its_message_comes_after_them() -> None:
    longest = max(timeout_of(function) for function in WORST_CASES)
    assert worker.LEASE_MARGIN < doorstep.MARGIN
    assert longest + doorstep.MARGIN <= 120


def test_what_is_asked_when_all_is_handed_on_ends_within_the_invocation() -> None:
    assert worker.AFTERWARDS_SECONDS >= relay.COMPLETION_TIMEOUT + worker.END_SECONDS
    assert timeout_of("ProvisionFunction") - worker.END_SECONDS >= worker.AFTERWARDS_SECONDS
