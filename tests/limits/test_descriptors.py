"""A warm process stays within the descriptors that Lambda allows: 1,024.

See docs/decisions/0022-lambda-limits.md.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws import ROOT
from tests.support.certificates import make_certificate
from tests.support.relay_farm import relay_farm


def warm_process(urls: list[str], *options: str) -> dict[str, Any]:
    """What a process of its own met that probed all ``urls`` in each of its invocations."""
    program = [sys.executable, "-m", "tests.support.warm_process", *options]
    done = subprocess.run(program, cwd=ROOT, input="\n".join(urls), capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("relays", "invocations", "descriptors"),
    [(40, 3, 200), pytest.param(200, 10, 1024, marks=[pytest.mark.long, pytest.mark.timeout(300)])],
)
def test_warm_invocations_judge_every_relay_rightly(
    relays: int, invocations: int, descriptors: int, scheme: str, tmp_path: Path
) -> None:
    """Each relay may hold four connections while it is probed; three when its item goes on to tables and host, which
    take their own; and none when its invocation is over.
    """
    tls = ("--certificate", str(make_certificate(tmp_path, ["localhost"]))) if scheme == "https" else ()
    with relay_farm(relays, "--latency", "0.3", *tls) as ports:
        urls = [f"{scheme}://localhost:{port}" for port in ports]
        options = ("--invocations", str(invocations), "--descriptors", str(descriptors))
        met = warm_process(urls, *options, *tls)
    assert met["told"] == {"ok": relays * invocations}
    assert met["peak"] < 0.9 * descriptors
    assert met["kept"] < 3 * relays + 20
    assert max(met["idle"]) < 20
