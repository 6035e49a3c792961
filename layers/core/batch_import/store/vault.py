"""Keys at rest: one KMS data key per run, AES-256-GCM bound to run and item, by `cryptography`.

See docs/design.md#26-secrets.
"""

import os
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from mypy_boto3_kms.client import KMSClient

_NONCE = 12


class KeyVault:
    """Seals and opens secrets of a run. Data keys are kept in memory only, for the runs this process works on."""

    def __init__(self, kms: "KMSClient", key_id: str, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._kms = kms
        self._key_id = key_id
        self._random = random_bytes
        self._decrypting = threading.Lock()
        self._kept_data_key = lru_cache(maxsize=64)(self._decrypt)

    def new_data_key(self, run_id: str) -> bytes:
        """The run's data key in sealed form, to be stored on the run's row."""
        answer = self._kms.generate_data_key(KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=_context(run_id))
        return answer["CiphertextBlob"]

    def seal(self, run_id: str, sealed_data_key: bytes, place: str, secret: bytes) -> bytes:
        """``place`` (an item id, a list part) is bound to the ciphertext: it opens nowhere else."""
        nonce = self._random(_NONCE)
        cipher = AESGCM(self._data_key(run_id, sealed_data_key))
        return nonce + cipher.encrypt(nonce, secret, f"{run_id}/{place}".encode())

    def open(self, run_id: str, sealed_data_key: bytes, place: str, sealed: bytes) -> bytes:
        cipher = AESGCM(self._data_key(run_id, sealed_data_key))
        return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], f"{run_id}/{place}".encode())

    def _data_key(self, run_id: str, sealed_data_key: bytes) -> bytes:
        """Threads that ask meanwhile use what the first one decrypts."""
        with self._decrypting:
            return self._kept_data_key(run_id, sealed_data_key)

    def _decrypt(self, run_id: str, sealed_data_key: bytes) -> bytes:
        answer = self._kms.decrypt(
            CiphertextBlob=sealed_data_key, KeyId=self._key_id, EncryptionContext=_context(run_id)
        )
        return answer["Plaintext"]


def _context(run_id: str) -> dict[str, str]:
    return {"run_id": run_id}
