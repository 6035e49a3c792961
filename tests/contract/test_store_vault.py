"""Keys at rest: sealed with a data key per run, bound to run and place (docs/design.md#26-secrets)."""

import boto3
import pytest
from batch_import.store.vault import KeyVault
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from tests.support.aws import Aws

KEY = b"sk-test-0000000000000001"
RUN, OTHER = "run_20261125_one", "run_20261125_other"


@pytest.fixture
def vault(aws: Aws) -> KeyVault:
    return KeyVault(boto3.client("kms"), aws.environment["KMS_KEY_ID"])


def test_a_key_opens_where_it_was_sealed(vault: KeyVault) -> None:
    data_key = vault.new_data_key(RUN)
    sealed = vault.seal(RUN, data_key, "item_00001", KEY)
    assert vault.open(RUN, data_key, "item_00001", sealed) == KEY
    assert KEY not in sealed
    assert KEY not in data_key


@pytest.mark.parametrize("place", ["item_00002", "item_0000", "item_000011", "", "list#0"])
def test_it_opens_for_no_other_item(vault: KeyVault, place: str) -> None:
    data_key = vault.new_data_key(RUN)
    sealed = vault.seal(RUN, data_key, "item_00001", KEY)
    with pytest.raises(InvalidTag):
        vault.open(RUN, data_key, place, sealed)


def test_it_opens_with_no_other_runs_key(vault: KeyVault) -> None:
    sealed = vault.seal(RUN, vault.new_data_key(RUN), "item_00001", KEY)
    with pytest.raises(InvalidTag):
        vault.open(RUN, vault.new_data_key(RUN), "item_00001", sealed)


def test_a_runs_data_key_is_of_no_use_to_another_run(aws: Aws, vault: KeyVault) -> None:
    """By the encryption context: KMS itself refuses."""
    data_key = vault.new_data_key(RUN)
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        KeyVault(boto3.client("kms"), aws.environment["KMS_KEY_ID"]).open(OTHER, data_key, "item_00001", b"x" * 40)


def test_a_changed_ciphertext_does_not_open(vault: KeyVault) -> None:
    data_key = vault.new_data_key(RUN)
    sealed = bytearray(vault.seal(RUN, data_key, "item_00001", KEY))
    for position in (0, 12, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(InvalidTag):
            vault.open(RUN, data_key, "item_00001", bytes(changed))


def test_the_same_key_never_looks_the_same_twice(vault: KeyVault) -> None:
    data_key = vault.new_data_key(RUN)
    assert len({vault.seal(RUN, data_key, "item_00001", KEY) for _ in range(20)}) == 20


class CountingKms:
    def __init__(self) -> None:
        self.decrypted = 0

    def decrypt(self, **_: object) -> dict[str, bytes]:
        self.decrypted += 1
        return {"Plaintext": b"k" * 32}


def test_a_run_costs_one_call_to_kms_however_many_keys_it_has() -> None:
    kms = CountingKms()
    vault = KeyVault(kms, "key")  # type: ignore[arg-type]
    for number in range(50):
        vault.seal(RUN, b"sealed", f"item_{number:05d}", KEY)
    assert kms.decrypted == 1


@given(st.binary(max_size=600), st.text(max_size=20))
def test_any_secret_for_any_place_comes_back(secret: bytes, place: str) -> None:
    vault = KeyVault(CountingKms(), "key")  # type: ignore[arg-type]
    place = place.encode("utf-8", "replace").decode()
    assert vault.open(RUN, b"sealed", place, vault.seal(RUN, b"sealed", place, secret)) == secret
