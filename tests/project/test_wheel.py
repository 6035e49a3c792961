"""The command line as a wheel, installed where no checkout is."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.support.aws import ROOT

pytestmark = pytest.mark.long  # builds, and installs from the package index


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a fresh environment that holds the wheel and what it demands."""
    folder = tmp_path_factory.mktemp("wheel")
    quiet = ("--quiet", "--disable-pip-version-check")
    subprocess.run([sys.executable, "-m", "pip", "wheel", *quiet, "--no-deps", "--wheel-dir", folder, ROOT], check=True)
    [wheel] = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", *quiet, "--no-compile", wheel], check=True)
    return python.with_name("batch-import")


def run(command: Path, *arguments: str, cwd: Path, **env: str) -> Any:
    own = {"PATH": os.environ["PATH"], "NO_PROXY": "*", **env}
    return subprocess.run(
        [command, *arguments], cwd=cwd, env=own, input="kimi 2.6\n", capture_output=True, text=True, check=False
    )


@pytest.mark.timeout(600)
def test_it_runs_outside_of_the_checkout(installed: Path, tmp_path: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/api/batch-import/runs").respond_with_json({"runs": [], "next_cursor": None})
    api = {"BATCH_IMPORT_URL": httpserver.url_for("/v1"), "BATCH_IMPORT_TOKEN": "sk-test-token"}
    assert "Usage: batch-import" in run(installed, "--help", cwd=tmp_path).stdout
    assert "用法：" in run(installed, "--help", cwd=tmp_path, LANG="zh_CN.UTF-8").stdout
    listed = run(installed, "runs", "--json", cwd=tmp_path, **api)
    assert (listed.returncode, json.loads(listed.stdout)["runs"]) == (0, [])
    named = run(installed, "models", cwd=tmp_path)
    assert json.loads(named.stdout)["canonical_model_family"] == "kimi-k2.6"
