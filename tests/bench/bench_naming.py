"""Measure naming: microseconds of CPU per id with and without the cache (best of ROUNDS), and loading the catalogue.

PYTHONPATH=layers/core python tests/bench/bench_naming.py
"""

import json
import time
from pathlib import Path

from batch_import.domain.naming.catalogue import load_catalogue
from batch_import.domain.naming.identity import identify_model, identify_uncached

SAMPLE = Path(__file__).parent.parent / "unit" / "naming" / "model_families_sample.jsonl"
ROUNDS = 20


def main() -> None:
    raws = [json.loads(line)["raw_id"] for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    started = time.perf_counter()
    catalogue = load_catalogue()
    loaded = time.perf_counter()
    identify_uncached("warm-up-1", catalogue)
    indexed = time.perf_counter()
    print(f"catalogue: load {1e3 * (loaded - started):.1f} ms, first use {1e3 * (indexed - loaded):.1f} ms")
    print(f"uncached: {_microseconds(raws, lambda raw: identify_uncached(raw, catalogue)):.1f} µs per id")
    print(f"cached:   {_microseconds(raws, identify_model):.2f} µs per id")


def _microseconds(raws: list[str], identify) -> float:  # type: ignore[no-untyped-def]
    for raw in raws:
        identify(raw)
    return min(_seconds(raws, identify) for _ in range(ROUNDS)) * 1e6 / len(raws)


def _seconds(raws: list[str], identify) -> float:  # type: ignore[no-untyped-def]
    started = time.process_time()
    for raw in raws:
        identify(raw)
    return time.process_time() - started


if __name__ == "__main__":
    main()
