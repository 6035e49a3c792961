"""The sandbox's state file and its command."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import sandbox
from sandbox.testkit import Client, single

# State file and command


def test_the_state_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with sandbox.running(state=state) as box:
        client = Client(box)
        account, key = single(client, "healthy")
        token = client.login()
        client.close()
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    with sandbox.running(state=state) as box:
        client = Client(box)
        mapping = client.box.host.accounts[account]["credentials"]
        mapping["base_url"] = box.relay("healthy")
        assert client.chat(key).status_code == 200
        assert client.call("GET", "/api/v1/keys", Authorization=f"Bearer {token}").status_code == 200
        assert client.group(name="another") > 2
        assert [row["id"] for row in client.data("GET", "/accounts")["items"]] == [account]
        client.close()


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "http://evil.example.com"},
        {"Origin": "null"},
        {"Host": "evil.example.com"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_pages_of_other_origins_are_refused_on_both_ports(box: sandbox.Box, foreign: dict[str, str]) -> None:
    seed = {"email": "other@example.com", "password": "OtherPass-1", "custom_key": "sk-other-0000000000001"}
    users = len(box.host.users)
    for method, url in (
        ("POST", f"{box.host_url}/_sandbox/seed"),
        ("POST", f"{box.host_url}/v1/chat/completions"),
        ("POST", f"{box.relay('healthy')}/chat/completions"),
        ("GET", f"{box.relay('healthy')}/models"),
    ):
        assert requests.request(method, url, json=seed, headers=foreign, timeout=10).status_code == 403
    assert (len(box.host.users), box.relay_calls()) == (users, {})


def test_relays_may_have_names_of_their_own(box: sandbox.Box) -> None:
    client = Client(box)
    account, key = single(client, "healthy")
    for name, status in (("r1.relays.test", 200), ("r2.relays.test", 200), ("relays.invalid", 502)):
        box.host.accounts[account]["credentials"]["base_url"] = box.relay("healthy").replace("127.0.0.1", name)
        assert client.chat(key).status_code == status
    client.close()
    models, groups = f"{box.relay('healthy')}/models", f"{box.host_url}/api/v1/admin/groups"
    for url, host in ((models, "r1.relays.test.example.com"), (models, "norelays.test"), (groups, "r1.relays.test")):
        assert requests.get(url, headers={"Host": host}, timeout=10).status_code == 403


def test_both_names_of_loopback_reach_the_sandbox(box: sandbox.Box) -> None:
    for url in (box.host_url, box.host_url.replace("127.0.0.1", "localhost")):
        assert requests.get(f"{url}/health", timeout=10).status_code == 200
        assert requests.get(f"{url}/health", headers={"Origin": url}, timeout=10).status_code == 200


def command(*arguments: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "sandbox", *arguments]
    root = Path(sandbox.__file__).parents[1]
    return subprocess.Popen(line, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_serves_and_stops_on_sigterm(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with command("--host-port", "0", "--relay-port", "0", "--state", str(state)) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        url = ready.split()[4].rstrip(",")
        assert requests.get(f"{url}/health", timeout=10).json() == {"status": "ok"}
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
    assert json.loads(state.read_text())["version"] == "0.1.179"


def test_a_port_in_use_is_one_sentence_and_status_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with command("--host-port", str(taken.getsockname()[1]), "--relay-port", "0") as process:
            _, error = process.communicate(timeout=10)
    assert process.returncode == 2
    assert len(error.strip().splitlines()) == 1
    assert "address already in use" in error
