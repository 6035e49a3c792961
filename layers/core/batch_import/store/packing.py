"""JSON as it stands in rows of profiles and events: compressed, so that most of them cost one write unit.

DynamoDB charges a write by the kilobyte. ``packing.txt`` is a profile and a history of events, the dictionary of what
these texts have in common: a profile of twenty models takes half as much with it, and events a tenth.
"""

import zlib
from importlib.resources import files

# Rows can be read with this very text only: another one needs another name, and this one stays for the rows there are.
_COMMON = files("batch_import.store").joinpath("packing.txt").read_bytes()


def pack(text: str) -> bytes:
    compressor = zlib.compressobj(9, zdict=_COMMON)
    return compressor.compress(text.encode()) + compressor.flush()


def unpack(packed: bytes) -> str:
    """Raises ``zlib.error`` for what ``pack`` has not made."""
    decompressor = zlib.decompressobj(zdict=_COMMON)
    return (decompressor.decompress(packed) + decompressor.flush()).decode()
