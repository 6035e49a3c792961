"""The folder of an embedded stack: nobody's but its owner's, and nobody else's folder."""

import os
from pathlib import Path

import pytest

from embedded.emulator import Emulator
from embedded.errors import EmbeddedError
from embedded.home import close, prepare, private_umask
from embedded.settings import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, {"EMBEDDED_HOME": str(tmp_path / "a" / "home")})


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_a_new_folder_is_its_owners_alone_and_has_keys(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    before = os.umask(0)
    try:
        prepare(settings)
    finally:
        assert os.umask(before) == 0  # the umask of this process is as it was
    assert (mode(settings.home), mode(settings.env_file)) == (0o700, 0o600)
    assert len(settings.credentials[ACCESS_KEY_ID]) == 20
    assert len(settings.credentials[SECRET_ACCESS_KEY]) == 40
    assert capsys.readouterr().out == ""


def test_keys_are_made_once_for_each_stack(settings: Settings, tmp_path: Path) -> None:
    prepare(settings)
    first = settings.credentials
    prepare(settings)
    assert settings.credentials == first
    another = Settings(tmp_path, {"EMBEDDED_HOME": str(tmp_path / "b")})
    prepare(another)
    assert not set(another.credentials.values()) & set(first.values())


def test_keys_are_added_to_the_file_of_an_earlier_version(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    settings.env_file.write_text("export BATCH_IMPORT_TOKEN='operator-example'\n", encoding="utf-8")
    prepare(settings)
    assert settings.saved() == {"BATCH_IMPORT_TOKEN": "operator-example", **settings.credentials}
    assert len(settings.credentials) == 2


def test_what_others_could_read_is_closed_and_told(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    state = settings.home / "state"
    state.mkdir(parents=True, mode=0o755)
    settings.home.chmod(0o755)
    for name, open_mode in (("kms.json", 0o644), ("tool", 0o755), ("private", 0o600)):
        (state / name).write_text("x", encoding="utf-8")
        (state / name).chmod(open_mode)
    outside = settings.home.parent / "outside"
    outside.write_text("x", encoding="utf-8")
    outside.chmod(0o644)
    (settings.home / "link").symlink_to(outside)
    prepare(settings)
    assert [mode(state / name) for name in ("kms.json", "tool", "private")] == [0o600, 0o700, 0o600]
    assert (mode(settings.home), mode(state), mode(outside)) == (0o700, 0o700, 0o644)
    assert "could read 4 files and folders" in capsys.readouterr().out


def test_one_is_told_in_the_singular(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.home.mkdir(parents=True, mode=0o755)
    settings.home.chmod(0o755)
    prepare(settings)
    assert "could read 1 file or folder of" in capsys.readouterr().out


def test_nobody_could_read_a_file_in_a_closed_folder(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(settings)
    note = settings.home / "last-backup.json"
    note.write_text("{}", encoding="utf-8")
    note.chmod(0o644)
    prepare(settings)
    assert mode(note) == 0o600
    assert capsys.readouterr().out == ""


def test_a_folder_with_other_files_is_refused_untouched(settings: Settings) -> None:
    settings.home.mkdir(parents=True, mode=0o755)
    (settings.home / "thesis.tex").write_text("x", encoding="utf-8")
    with pytest.raises(EmbeddedError, match="EMBEDDED_HOME must name an empty folder"):
        prepare(settings)
    assert mode(settings.home) == 0o755


@pytest.mark.skipif(os.geteuid() == 0, reason="root may change everybody's files")
def test_a_folder_of_another_user_is_told() -> None:
    with pytest.raises(EmbeddedError, match="belongs to another user"):
        close(Path("/usr/share"))


def test_what_is_made_under_the_umask_is_private(tmp_path: Path) -> None:
    with private_umask():
        (tmp_path / "file").write_text("x", encoding="utf-8")
    assert mode(tmp_path / "file") == 0o600


def test_a_stack_without_keys_is_told_to_be_started_again(settings: Settings) -> None:
    with pytest.raises(EmbeddedError, match="make down, then make up"):
        Emulator(settings).client("lambda")
