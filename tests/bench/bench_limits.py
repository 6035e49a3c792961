"""One worker process under Lambda's limits: 200 relays at once, each speaking HTTPS under a host name of its own.

``make bench``, or: python tests/bench/bench_limits.py --latency 3

1,024 descriptors, and 0.58 of a core, which Lambda gives to 1 GB: the process is stopped for 42 of each 100 ms, as the
kernel does it for a quota. Prints figures; asserts nothing.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.support.certificates import make_certificate
from tests.support.relay_farm import relay_farm

ROOT = Path(__file__).resolve().parents[2]
PERIOD = 0.1  # seconds


def main() -> None:
    options = _options()
    print(f"one process, {options.relays} relays at once, {options.latency:g} s an answer, four answers each")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        certificate = make_certificate(Path(folder), ["*.relays.test"])
        for secure in (True, False):
            for share in (1.0, options.share):
                _measure(options, share, certificate if secure else None)


def _measure(options: argparse.Namespace, share: float, certificate: Path | None) -> None:
    tls = ("--certificate", str(certificate)) if certificate else ()
    scheme = "https" if certificate else "http"
    with relay_farm(options.relays, "--latency", str(options.latency), *tls) as ports:
        urls = [f"{scheme}://r{number}.relays.test:{port}" for number, port in enumerate(ports)]
        met = _under_quota(share, urls, "--invocations", str(options.invocations), *tls)
    floor = 2 * options.latency
    print(f"  {scheme}, {share:g} of a core: {', '.join(f'{took:.1f}' for took in met['took'])} s by invocation "
          f"(waiting alone takes {floor:g}), {met['cpu'] / options.invocations:.2f} s of CPU each, "
          f"{met['peak']} descriptors, {met['memory']} MiB; {met['told']}")  # fmt: skip


def _under_quota(share: float, urls: list[str], *options: str) -> dict[str, Any]:
    program = [sys.executable, "-m", "tests.support.warm_process", *options]
    with subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ended = threading.Event()
        quota = threading.Thread(target=_keep_to, args=(share, process, ended))
        quota.start()
        told, _ = process.communicate("\n".join(urls))
        ended.set()
        quota.join()
    return dict(json.loads(told))


def _keep_to(share: float, process: "subprocess.Popen[str]", ended: threading.Event) -> None:
    """Let the process run for its share of each period."""
    while share < 1 and not ended.wait(PERIOD * share):
        process.send_signal(signal.SIGSTOP)
        time.sleep(PERIOD * (1 - share))
        process.send_signal(signal.SIGCONT)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--relays", type=int, default=200)
    parser.add_argument("--latency", type=float, default=3.0)
    parser.add_argument("--invocations", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.58)
    return parser.parse_args()


if __name__ == "__main__":
    main()
