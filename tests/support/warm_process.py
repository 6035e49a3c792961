"""A worker process that is invoked again and again under limits of Lambda; prints what it met as one line of JSON.

Each invocation probes all relays at once, as the import stage does: a connection, the list, then three protocols and
what the relay declares of the key's money.
"""

import argparse
import gc
import json
import resource
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from batch_import.domain.capability import Protocol
from batch_import.net.deadline import deadline
from batch_import.net.http import exchange
from batch_import.net.relays import RelayConnections, connection_trouble
from batch_import.net.resolver import Resolver
from batch_import.probe.billing import read_billing
from batch_import.probe.capability import probe_capabilities
from batch_import.probe.discovery import provider_models
from batch_import.probe.relay import Relay, together

from tests.support.certificates import trusting
from tests.support.names import sitecustomize  # noqa: F401 - names below relays.test are this machine


def main() -> None:
    options = _options()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (options.descriptors, hard))
    urls, resolver = sys.stdin.read().split(), Resolver()
    allowed = {"127.0.0.1", "localhost", *(urlsplit(url).hostname or "" for url in urls)}  # as in development
    tls = trusting(options.certificate) if options.certificate else None
    told: Counter[str] = Counter()
    peak, kept, idle, took, before = 0, list[int](), [], [], time.process_time()
    for _ in range(options.invocations):
        relays = RelayConnections(allowed, len(urls), resolver, tls)
        stop = threading.Event()
        with ThreadPoolExecutor(options.threads) as pool, ThreadPoolExecutor(1) as watcher:
            most = watcher.submit(_most_open, stop)
            started = time.monotonic()
            told.update(pool.map(partial(_probe, partial(exchange, relays.send), resolver, allowed), urls))
            took.append(round(time.monotonic() - started, 2))
            kept.append(_open())
            stop.set()
            peak = max(peak, most.result())
        relays.close()
        gc.collect()
        idle.append(_open())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu = round(time.process_time() - before, 2)
    print(
        json.dumps(
            {
                "told": told,
                "peak": peak,
                "kept": max(kept),
                "idle": idle,
                "took": took,
                "memory": round(memory),
                "cpu": cpu,
            }
        )
    )


def _probe(exchange: Any, resolver: Resolver, allowed: set[str], url: str) -> str:
    """What one relay came to: its models and chat were found, or why not."""
    with deadline(60):
        try:
            trouble = connection_trouble(resolver, allowed, url)
            if trouble is not None:
                return trouble.value
            relay = Relay(exchange, "sk-warm-0001")
            found = provider_models(relay, f"{url}/v1")
            if found.code is not None:
                return found.code.value
            billing = partial(read_billing, Relay(exchange, "sk-warm-0001"), found)
            questions: list[Any] = [partial(probe_capabilities, relay, found, found.raw_models[:1]), billing]
            return str(together(*questions)[0].results[Protocol.CHAT].verdict.value)
        except Exception as error:
            return type(error).__name__


def _most_open(stop: threading.Event) -> int:
    most = 0
    while not stop.wait(0.02):
        most = max(most, _open())
    return most


def _open() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invocations", type=int, default=1)
    parser.add_argument("--descriptors", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=200)
    parser.add_argument("--certificate", type=Path, help="the only one that relays may show")
    return parser.parse_args()


if __name__ == "__main__":
    main()
