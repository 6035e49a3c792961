"""Keeping one machine: the unit of systemd, logs of a bounded size, and what ``make status`` tells."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from embedded import keeping, logs, service
from embedded.errors import EmbeddedError
from embedded.settings import Settings

KEY = "admin-test-0001"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    environment = {"EMBEDDED_HOME": str(tmp_path / "home"), "HOST_URL": "https://host.example", "HOST_ADMIN_KEY": KEY}
    return Settings(tmp_path, {**environment, "AWS_PROFILE": "mine", "OTHER": "x"})


def test_the_unit_names_the_checkout_and_its_variables_are_the_owners_alone(settings: Settings, tmp_path: Path) -> None:
    unit = service.write(settings, tmp_path / "units")
    text = unit.read_text(encoding="utf-8")
    assert f"ExecStart={tmp_path}/.venv/bin/python -m embedded serve" in text
    assert KEY not in text
    variables = settings.home / "service.env"
    assert variables.stat().st_mode & 0o777 == 0o600
    lines = variables.read_text(encoding="utf-8").splitlines()
    assert f'HOST_ADMIN_KEY="{KEY}"' in lines
    assert not any(line.startswith(("AWS_", "OTHER")) for line in lines)
    for word in ("Restart=on-failure", "KillMode=mixed", "TimeoutStopSec=90", "[Install]"):
        assert word in text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_unit(settings: Settings, tmp_path: Path) -> None:
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.symlink_to("/bin/true")
    unit = service.write(settings, tmp_path / "units")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "batch-import.service" not in done.stderr, done.stderr


@pytest.mark.parametrize("value", ['a"b', "a\nb", "a\\b"])
def test_a_value_that_systemd_could_not_read_is_refused(tmp_path: Path, value: str) -> None:
    settings = Settings(tmp_path, {"EMBEDDED_HOME": str(tmp_path / "home"), "HOST_URL": value})
    with pytest.raises(EmbeddedError, match="HOST_URL"):
        service.write(settings, tmp_path / "units")


def test_a_folder_that_systemd_could_not_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="without spaces"):
        service.write(Settings(tmp_path / "my folder", {"EMBEDDED_HOME": str(tmp_path / "home")}), tmp_path / "units")


def test_a_start_puts_the_log_before_aside_and_three_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    for number in range(6):
        logs.begin(log)
        log.write_text(str(number), encoding="utf-8")
    found = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert found == {"a.log": "5", "a.log.1": "4", "a.log.2": "3", "a.log.3": "2"}


def test_a_log_that_grows_too_long_goes_on_at_its_start(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab") as writing:
        writing.write(b"x" * 100)
        writing.flush()
        logs.shorten(tmp_path, most=99)
        writing.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "a.log.1").read_bytes() == b"x" * 100
    logs.shorten(tmp_path, most=99)
    assert log.read_bytes() == b"after"


def test_status_of_a_stack_that_is_down(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert keeping.status(settings) == 1
    told = dict(
        line.split(maxsplit=1) for line in capsys.readouterr().out.replace("last backup", "backup").splitlines()
    )
    assert (told["state"], told["size"], told["backup"]) == ("down", "nothing stored", "never: make backup")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 min"), (3599, "59 min"), (3660, "1 h 1 min"), (90_000, "1 d 1 h")]
)
def test_durations_are_told_shortly(seconds: int, text: str) -> None:
    assert keeping._duration(seconds) == text


def test_restore_needs_a_file(settings: Settings) -> None:
    with pytest.raises(EmbeddedError, match="FILE="):
        keeping.restore(settings)


@pytest.mark.parametrize(
    ("secrets", "said", "shown"),
    [("", "key_erased", "without secrets"), ("1", "runs go on where they were", "with its secrets")],
)
def test_restore_and_status_say_what_came_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], secrets: str, said: str, shown: str
) -> None:
    file, home = tmp_path / "b.tar.gz", tmp_path / "home"
    settings = Settings(tmp_path, {"EMBEDDED_HOME": str(home), "FILE": str(file), "SECRETS": secrets})
    (home / "state").mkdir(parents=True)
    (home / "state" / "control.json").write_text("{}", encoding="utf-8")
    settings.env_file.write_text("", encoding="utf-8")
    before = os.umask(0o022)
    try:
        keeping.backup(settings)
        keeping.restore(settings)
    finally:
        os.umask(before)
    notes = [home / name for name in ("last-backup.json", "restored.json")]
    assert [note.stat().st_mode & 0o777 for note in notes] == [0o600, 0o600]
    assert said in capsys.readouterr().out
    keeping.status(settings)
    assert shown in capsys.readouterr().out
