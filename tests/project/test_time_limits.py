"""Limits of time follow from one another: calls, items, invocations, leases, visibility. A slow relay fits into all."""

import pytest
from batch_import.aws import retries
from batch_import.consumer import sqs_batch, stage_worker
from batch_import.coordination.provider_lock import LEASE_SECONDS, PATIENCE
from batch_import.coordination.semaphore import PERMIT_SECONDS
from batch_import.host import checks
from batch_import.host.transport import TIMEOUT as ADMIN_CALL
from batch_import.probe import relay
from batch_import.proofs import completion_proof, probe_resources, self_service
from batch_import.stages import confirm, import_stage

from tests.project.sam_template import resources

SLOWEST_RELAY = 20.0  # seconds to the first byte of an answer
SLOWEST_FAILURE = (
    66.0  # seconds until the host tells of a gemini account's failure (docs/host-api.md#platform-gateway-errors)
)
WORST_CASES = {
    "ProvisionFunction": import_stage.WORST_CASE,
    "ConfirmationFunction": confirm.WORST_CASE,
    "ValidationFunction": completion_proof.WORST_CASE,
}


def timeout_of(function: str) -> float:
    return float(resources()[function]["Properties"]["Timeout"])


@pytest.mark.parametrize("function", WORST_CASES)
def test_an_invocation_outlasts_its_items(function: str) -> None:
    assert WORST_CASES[function] + stage_worker.END_SECONDS <= timeout_of(function)


def test_a_slow_relay_has_time_in_every_stage() -> None:
    calls = (relay.LIST_TIMEOUT, relay.COMPLETION_TIMEOUT, checks.TEST_TIMEOUT, checks.COMPLETION_TIMEOUT)
    assert min(calls) >= 1.5 * SLOWEST_RELAY
    # It lists and answers slowly, and what is left is enough to be provisioned by the same invocation.
    assert import_stage.WORST_CASE - 2 * SLOWEST_RELAY >= import_stage.PROVISION_SECONDS
    assert confirm.WORST_CASE - PATIENCE - ADMIN_CALL >= 1.5 * SLOWEST_RELAY
    waits = PATIENCE + 2 * completion_proof.RESOURCE_PATIENCE
    assert completion_proof.WORST_CASE - waits - ADMIN_CALL >= SLOWEST_FAILURE
    assert min(checks.TEST_TIMEOUT, checks.COMPLETION_TIMEOUT) > SLOWEST_FAILURE


def test_what_a_worker_holds_outlasts_its_invocation() -> None:
    longest = max(timeout_of(function) for function in WORST_CASES)
    held = (LEASE_SECONDS, PERMIT_SECONDS, probe_resources.RESOURCE_SECONDS, self_service.LEASE_SECONDS)
    assert min(held) >= longest + stage_worker.LEASE_MARGIN


def test_a_killed_workers_items_are_free_within_two_and_a_half_minutes_and_its_message_comes_after_them() -> None:
    longest = max(timeout_of(function) for function in WORST_CASES)
    assert stage_worker.LEASE_MARGIN < sqs_batch.MARGIN
    assert timeout_of("ProvisionFunction") + sqs_batch.MARGIN <= 120
    assert longest + sqs_batch.MARGIN <= 150


def test_what_is_asked_when_all_is_handed_on_ends_within_the_invocation() -> None:
    assert stage_worker.DEFERRED_SECONDS >= relay.COMPLETION_TIMEOUT + stage_worker.END_SECONDS
    assert timeout_of("ProvisionFunction") - stage_worker.END_SECONDS >= stage_worker.DEFERRED_SECONDS


def test_a_write_that_begins_when_an_items_time_is_over_ends_before_the_invocation_does() -> None:
    """And what it could not do is still queued."""
    last = retries.TRY_SECONDS + retries.RESERVE_SECONDS + stage_worker.LAST_SECONDS
    assert last <= stage_worker.END_SECONDS
    assert retries.TIMEOUTS.connect_timeout + retries.TIMEOUTS.read_timeout == retries.TRY_SECONDS
