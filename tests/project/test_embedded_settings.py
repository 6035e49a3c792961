"""What the environment may choose for the embedded stack, and how a wrong choice is told."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import access, commands, home
from embedded.deployment import Deployment
from embedded.emulator import Emulator
from embedded.errors import EmbeddedError
from embedded.settings import LONGEST_SPACING, Settings
from tests.project.sam_template import template
from tests.support.stack import free_ports
from tests.unit.cli.fake_api import FakeApi, running_api

ROOT = Path(__file__).resolve().parents[2]


def settings(root: Path = ROOT, **environment: str) -> Settings:
    return Settings(root, environment)


# ------------------------------------------------------------------------------------------------------- environment


def test_ports_have_defaults_and_names() -> None:
    plain = settings()
    assert (plain.stack_port, plain.host_port, plain.relay_port) == (4566, 18080, 18090)
    chosen = settings(EMBEDDED_PORT="5001", SANDBOX_HOST_PORT="5002", SANDBOX_RELAY_PORT="5003")
    assert (chosen.stack_port, chosen.host_port, chosen.relay_port) == (5001, 5002, 5003)


@pytest.mark.parametrize("text", ["many", "0", "65536", "-1", "80.5"])
def test_a_port_that_is_none_is_named(text: str) -> None:
    with pytest.raises(EmbeddedError, match=f"EMBEDDED_PORT is not a port number: {text}"):
        _ = settings(EMBEDDED_PORT=text).stack_port


def test_a_start_sets_each_parameter_whatever_the_environment() -> None:
    """SAM keeps the value of an earlier deployment for a parameter that is left out, and takes none that is empty."""
    chosen = settings(NO_EXTRA_PROBES="*", ALLOWED_PRIVATE_HOSTS="relay.internal", ORIGIN_SPACING="500").parameters
    plain = settings().parameters
    assert plain.keys() == chosen.keys()
    assert all(plain.values())


def test_without_a_host_the_sandbox_is_used() -> None:
    assert settings().real_host is None


def test_a_real_host_is_an_address_and_a_key() -> None:
    real = settings(HOST_URL="https://host.example.com/", HOST_ADMIN_KEY="admin-example")
    assert real.real_host == ("https://host.example.com", "admin-example")


@pytest.mark.parametrize("half", [{"HOST_URL": "https://host.example.com"}, {"HOST_ADMIN_KEY": "admin-example"}])
def test_half_a_real_host_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(EmbeddedError, match="belong together"):
        _ = settings(**half).real_host


def test_a_sourced_env_file_of_the_sandbox_is_no_real_host() -> None:
    assert settings(HOST_URL="http://127.0.0.1:18080").real_host is None


def test_functions_run_on_this_machine_by_this_python() -> None:
    parameters = settings().parameters
    assert parameters["PythonRuntime"] == f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert parameters["Architecture"] in ("arm64", "x86_64")
    assert parameters["AllowedPrivateHosts"] == "127.0.0.1,localhost"
    assert parameters["NoExtraProbes"] == '""'  # so that a start without it takes back what an earlier one set
    assert settings(NO_EXTRA_PROBES="*.example.com").parameters["NoExtraProbes"] == "*.example.com"
    assert (parameters["OriginSpacing"], settings(ORIGIN_SPACING="500").parameters["OriginSpacing"]) == ("0", "500")


@pytest.mark.parametrize("text", ["2001", "-1", "0.5", "soon"])
def test_a_spacing_beyond_the_templates_bounds_is_refused(text: str) -> None:
    with pytest.raises(EmbeddedError, match="ORIGIN_SPACING is no number of milliseconds up to 2000"):
        settings(ORIGIN_SPACING=text).parameters  # noqa: B018


def test_the_spacing_has_the_templates_bounds() -> None:
    spacing = template()["Parameters"]["OriginSpacing"]
    assert (spacing["MinValue"], spacing["MaxValue"]) == (0, LONGEST_SPACING)


def test_programs_see_neither_an_account_nor_keys_nor_proxies(tmp_path: Path) -> None:
    secret = {
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_ENDPOINT_URL": "https://elsewhere.example.com",
        "HOST_ADMIN_KEY": "admin-example",
        "PROBE_API_KEY": "sk-example",
        "HTTPS_PROXY": "http://proxy.example.com",
        "PYTHONPATH": "/somewhere",
    }
    one = settings(PATH="/bin", EMBEDDED_HOME=str(tmp_path), **secret)
    home.prepare(one)
    seen = one.child_environment
    assert seen["PATH"] == "/bin"
    assert [seen["AWS_ACCESS_KEY_ID"], seen["AWS_SECRET_ACCESS_KEY"]] == list(one.credentials.values())
    assert not {name for name, value in secret.items() if seen.get(name) == value}


def test_an_own_list_of_addresses_without_proxy_is_kept() -> None:
    assert settings(NO_PROXY="index.example.com").aws_environment["NO_PROXY"] == "index.example.com,127.0.0.1,localhost"


# ---------------------------------------------------------------------------------------------------------- env file


def test_the_env_file_is_its_owners_and_a_shell_reads_it(tmp_path: Path) -> None:
    one = settings(EMBEDDED_HOME=str(tmp_path))
    values = {"PLAIN": "sk-example", "ODD": 'it\'s $HOME "and" `more`', "EMPTY": ""}
    home.write_env_file(one, {"OLD": "1"})
    home.write_env_file(one, values)
    assert one.env_file.stat().st_mode & 0o777 == 0o600
    assert one.saved() == values
    script = f'. {shlex.quote(str(one.env_file))}; printf %s "$ODD"'
    assert subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True).stdout == values["ODD"]
    assert one.env_file.read_text(encoding="utf-8").splitlines()[0] == "export PLAIN='sk-example'"


def test_tokens_are_made_once(tmp_path: Path) -> None:
    one = settings(EMBEDDED_HOME=str(tmp_path))
    token = access.kept_or_new(one, access.OPERATOR, "operator-")
    assert len(token) > 40
    home.write_env_file(one, {access.OPERATOR: token})
    assert access.kept_or_new(one, access.OPERATOR, "operator-") == token
    assert access.kept_or_new(one, access.VIEWER, "viewer-") != token


class StackThatIsUp:
    url = "http://127.0.0.1:4566/v1"

    def __init__(self, _settings: Settings) -> None:
        pass

    def up(self) -> "StackThatIsUp":
        return self

    def down(self) -> bool:
        return True


def test_a_start_names_the_env_file_of_its_own_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "Embedded", StackThatIsUp)
    commands.up(settings())
    first = capsys.readouterr().out
    commands.up(settings(EMBEDDED_HOME=str(tmp_path)))
    second = capsys.readouterr().out
    assert "are in .embedded/env;" in first
    assert "EMBEDDED_HOME" not in first
    assert f"are in {tmp_path}/env;" in second
    assert f"For make down and batch-import set EMBEDDED_HOME={tmp_path}, too." in second


# --------------------------------------------------------------------------------------------------------------- list


def test_on_another_port_the_sandboxs_list_is_moved_there(tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_bytes(b"http://127.0.0.1:18090/healthy/v1,sk-\xff\nhttps://relay.example.com,sk-example\n")
    given = {"LIST": str(listed), "EMBEDDED_HOME": str(tmp_path)}
    assert commands._list_for_this_port(settings(**given)) == listed
    moved = commands._list_for_this_port(settings(**given, SANDBOX_RELAY_PORT="5003"))
    assert moved.read_bytes() == listed.read_bytes().replace(b":18090", b":5003")
    real = {"HOST_URL": "https://host.example.com", "HOST_ADMIN_KEY": "admin-example", "SANDBOX_RELAY_PORT": "5003"}
    assert commands._list_for_this_port(settings(**given, **real)) == listed


# --------------------------------------------------------------------------------------------------------- real host


def program(file: Path, script: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with running_api() as fake:
        yield fake


@pytest.fixture
def with_host(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A stack with a real host that is up; an import leaves the file ``imported``."""
    monkeypatch.setattr(commands, "Embedded", StackThatIsUp)
    monkeypatch.setattr(StackThatIsUp, "url", api.url)
    program(tmp_path / ".venv" / "bin" / "batch-import", "touch imported")
    (tmp_path / "list.csv").touch()
    (tmp_path / ".embedded").mkdir()
    host = {"HOST_URL": "https://host.example.com", "HOST_ADMIN_KEY": "admin-example"}
    one = settings(tmp_path, LIST="list.csv", PATH=os.environ["PATH"], **host)
    home.write_env_file(one, {"BATCH_IMPORT_URL": api.url, access.OPERATOR: "operator-example"})
    return one


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("host_refuses_credentials", r"the host refuses the admin key \(it says no\): set HOST_ADMIN_KEY .*, then"),
        ("host_unavailable", r"the host is not reachable \(it says no\): .*set HOST_URL and HOST_ADMIN_KEY, then"),
        ("host_needs_acknowledgement", "accept its compliance statement"),
        ("host_rejected", "the host cannot be used .*: check HOST_URL and HOST_ADMIN_KEY"),
    ],
)
def test_a_host_that_cannot_be_used_is_told_before_an_import(
    api: FakeApi, with_host: Settings, code: str, sentence: str
) -> None:
    api.on("GET /api/health", {"host": {"reachable": False, "version": None, "error": "it says no", "code": code}})
    with pytest.raises(EmbeddedError, match=sentence):
        commands.run(with_host, stay=False)
    assert not (with_host.root / "imported").exists()


def test_a_host_that_answers_is_imported_into(api: FakeApi, with_host: Settings) -> None:
    api.on("GET /api/health", {"host": {"reachable": True, "version": "0.1.179", "error": None, "code": None}})
    assert commands.run(with_host, stay=False) == 0
    assert (with_host.root / "imported").exists()
    assert api.seen[0].headers["Authorization"] == "Bearer operator-example"


# -------------------------------------------------------------------------------------------------------- fingerprint


def fingerprint(root: Path, **environment: str) -> str:
    one = settings(root, **environment)
    return Deployment(one, Emulator(one)).fingerprint()


def test_whatever_is_deployed_counts_and_nothing_else(tmp_path: Path) -> None:
    function = tmp_path / "functions" / "api"
    function.mkdir(parents=True)
    (tmp_path / "layers").mkdir()
    for name in ("template.yaml", "samconfig.toml", "functions/api/app.py"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    first = fingerprint(tmp_path)

    (function / "__pycache__").mkdir()
    (function / "__pycache__" / "app.pyc").write_text("x", encoding="utf-8")
    (tmp_path / "README.md").write_text("x", encoding="utf-8")
    assert fingerprint(tmp_path) == first

    (function / "app.py").write_text("changed", encoding="utf-8")
    second = fingerprint(tmp_path)
    (function / "app.py").rename(function / "other.py")
    third = fingerprint(tmp_path)
    fourth = fingerprint(tmp_path, ALLOWED_PRIVATE_HOSTS="relay.internal")
    assert len({first, second, third, fourth}) == 4


# ------------------------------------------------------------------------------------------------------ command line


def embedded(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "embedded", command],
        cwd=ROOT,
        env={**os.environ, **free_ports(), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"EMBEDDED_PORT": "many"}, "EMBEDDED_PORT is not a port number"),
        ({"HOST_URL": "https://host.example.com", "HOST_ADMIN_KEY": ""}, "belong together"),
        ({"ORIGIN_SPACING": "soon"}, "ORIGIN_SPACING is no number of milliseconds"),
        ({"LIST": "no-such-list.csv"}, "there is no list no-such-list.csv"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_code_2(tmp_path: Path, environment: dict[str, str], sentence: str) -> None:
    (tmp_path / "list.csv").write_text("https://relay.example.com,sk-example\n", encoding="utf-8")
    given = {"LIST": str(tmp_path / "list.csv"), "EMBEDDED_HOME": str(tmp_path / "home"), **environment}
    ended = embedded("run", **given)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_nothing_is_up_and_that_is_no_mistake(tmp_path: Path) -> None:
    assert embedded("status", EMBEDDED_HOME=str(tmp_path)).stdout.startswith("state        down\n")
    ended = embedded("down", EMBEDDED_HOME=str(tmp_path))
    assert (ended.returncode, ended.stdout) == (0, "Nothing was up.\n")


@pytest.mark.parametrize("python", ["/bin/false", "/nonexistent/python3"])
def test_an_old_python_is_told_before_anything_is_installed(python: str) -> None:
    ended = subprocess.run(["make", "python", f"PYTHON={python}"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 2
    assert f"PYTHON={python} is older than 3.11" in ended.stderr


def test_without_a_fitting_python_it_is_told_what_to_install() -> None:
    ended = subprocess.run(["make", "python", "PYTHON="], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "Python 3.11 or newer with venv is needed (Debian, Ubuntu: apt install python3-venv)" in ended.stderr


def test_the_systems_python_comes_before_that_of_a_version_manager(tmp_path: Path) -> None:
    shim = tmp_path / "python3"
    shim.write_text("#!/bin/sh\n", encoding="utf-8")
    shim.chmod(0o755)
    fits = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
    system = Path("/usr/bin/python3")
    has_one = system.exists() and subprocess.run([system, "-c", fits], capture_output=True).returncode == 0
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "MAKEFLAGS": ""}
    environment.pop("PYTHON", None)
    shown = "shown:\n\t@echo $(PYTHON)"
    command = ["make", "--no-print-directory", f"--eval={shown}", "shown"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == str(system if has_one else shim)


# ------------------------------------------------------------------------------------------------- install and clean


def make_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "Makefile", folder)
    environment = {**os.environ, "MAKEFLAGS": ""}
    return subprocess.run(["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", [".venv", ".venv-sam"])
@pytest.mark.parametrize(("pip", "begun"), [("exit 1", ["-m", "venv", "--clear"]), ("exit 0", None)])
def test_an_environment_without_pip_is_made_anew(tmp_path: Path, name: str, pip: str, begun: list[str] | None) -> None:
    """A break-off leaves the interpreter, but no pip; another start keeps what is installed."""
    needed = ("requirements-dev.txt", "requirements-sam.txt", "layers/dependencies/requirements.txt", "pyproject.toml")
    for file in needed:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    own = program(tmp_path / name / "bin" / "python", pip)
    python = program(tmp_path / "python", f'echo "$@" > made; printf "#!/bin/sh\\n" > {own}')
    ended = make_in(tmp_path, f"{name}/.installed", f"PYTHON={python}")
    assert ended.returncode == 0, ended.stderr
    made = tmp_path / "made"
    assert (made.read_text(encoding="utf-8").split() if made.exists() else None) == (begun and [*begun, name])
    assert (tmp_path / name / ".installed").exists()


def test_clean_removes_an_installation_that_was_not_finished(tmp_path: Path) -> None:
    program(tmp_path / ".venv" / "bin" / "python", "exit 1")
    (tmp_path / ".venv-sam").mkdir()
    assert make_in(tmp_path, "clean").returncode == 0
    assert not {".venv", ".venv-sam"} & {path.name for path in tmp_path.iterdir()}


def test_clean_removes_nothing_when_the_stack_cannot_be_stopped(tmp_path: Path) -> None:
    program(tmp_path / ".venv" / "bin" / "python", "exit 1")
    (tmp_path / ".venv" / ".installed").touch()
    (tmp_path / ".embedded").mkdir()
    assert make_in(tmp_path, "clean").returncode == 2
    assert (tmp_path / ".embedded").exists()


def test_clean_stops_the_stack_whose_state_it_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDED_HOME", "/a/second/stack")
    program(tmp_path / ".venv" / "bin" / "python", f'echo "$EMBEDDED_HOME $*" > {tmp_path / "stopped"}')
    (tmp_path / ".venv" / ".installed").touch()
    assert make_in(tmp_path, "clean").returncode == 0
    assert (tmp_path / "stopped").read_text(encoding="utf-8") == " -m embedded down\n"
