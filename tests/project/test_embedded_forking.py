"""Processes of functions are forked, and are to MiniStack what a started process is."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from embedded.forking import Forked, Parent, Request, forked, places_of
from embedded.forking import fork as fork_once_more

CORE = Path(__file__).resolve().parents[2] / "layers" / "core"
PLACES = f"import sys; sys.path.insert(0, {str(CORE)!r})\n"
LOOK = """
import json, os, random, sys
imported = [name for name in ("boto3", "batch_import.stages.validate") if name in sys.modules]
entities = sys.modules.get("batch_import.domain.entities")
built = entities is not None and entities.Item.__pydantic_complete__
words = sys.modules.get("batch_import.domain.refusals")
compiled = words is not None and words._compiled.cache_info().currsize == 1
seen = {"environment": dict(os.environ), "folder": os.getcwd(), "said": sys.stdin.readline(), "imported": imported,
        "nice": os.nice(0), "built": built, "compiled": compiled, "chance": random.random(), "name": __name__,
        "parent": os.getppid()}
print(json.dumps(seen), flush=True)
print("a word of error", file=sys.stderr)
sys.stdin.readline()
"""
Fork = Callable[..., Forked]


@pytest.fixture(scope="module")
def parent() -> Iterator[Parent]:
    with closing(Parent(PLACES)) as one:
        yield one


@pytest.fixture
def fork(parent: Parent, tmp_path: Path) -> Iterator[Fork]:
    made: list[Forked] = []

    def start(code: str = LOOK, **environment: str) -> Forked:
        script = tmp_path / "script.py"
        script.write_text(code, encoding="utf-8")
        made.append(fork_once_more(parent, Request(str(script), str(tmp_path), environment)))
        return made[-1]

    yield start
    for one in made:
        one.kill()
        one.wait(10)
        for file in (one.stdin, one.stdout, one.stderr):
            with suppress(OSError):  # what nobody has read
                file.close()


def look(process: Forked) -> dict[str, Any]:
    process.stdin.write("hello\n")
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


def test_it_runs_a_script_in_a_folder_with_an_environment_and_has_the_packages_imported_and_models_built(
    fork: Fork, tmp_path: Path
) -> None:
    process = fork(NAME="value")
    seen = look(process)
    assert seen["environment"] == {"NAME": "value"}
    assert seen["folder"] == str(tmp_path)
    assert (seen["name"], seen["said"]) == ("__main__", "hello\n")
    assert seen["imported"] == ["boto3", "batch_import.stages.validate"]
    assert seen["built"] is seen["compiled"] is True
    assert process.stderr.readline() == "a word of error\n"


def test_it_yields_to_the_program_that_asked_for_it(fork: Fork) -> None:
    assert look(fork())["nice"] == 19


def test_it_lives_until_its_input_ends(fork: Fork) -> None:
    process = fork()
    look(process)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)
    process.stdin.close()
    assert process.wait(10) == 0
    assert process.poll() == 0


def test_it_ends_with_its_caller_also_in_the_middle_of_its_work(fork: Fork) -> None:
    process = fork("import time; print('busy', flush=True); time.sleep(600)")
    assert process.stdout.readline() == "busy\n"
    process.stdin.close()  # as the system does for a caller that was killed
    assert process.wait(10) == 0


READ = "import sys, time; sys.stdin.readline(); print('read', flush=True); time.sleep(60)"


def test_input_that_was_read_is_not_told_as_unread(fork: Fork) -> None:
    process = fork(READ)
    process.stdin.write("hello\n")
    assert process.stdout.readline() == "read\n"
    process.kill()
    assert process.wait(10) == 0
    assert process.left_unread() is False


@pytest.mark.parametrize("text", ["short\n", "long" * 100_000 + "\n"])
def test_input_that_nobody_has_read_is_told(fork: Fork, text: str) -> None:
    process = fork("print('there', flush=True); import time; time.sleep(60)")
    assert process.stdout.readline() == "there\n"
    refused: list[OSError] = []

    def write() -> None:
        try:
            process.stdin.write(text)
        except OSError as error:
            refused.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    writer.join(0.2)  # the long text waits for a reader
    process.kill()
    writer.join(10)
    assert process.wait(10) == 0
    assert refused or process.left_unread()


@pytest.mark.parametrize("end", [Forked.terminate, Forked.kill])
def test_it_can_be_ended_from_outside(fork: Fork, end: Callable[[Forked], None]) -> None:
    process = fork()
    look(process)
    end(process)
    assert process.wait(10) == 0
    end(process)  # there is nobody any more: harmless


def test_what_it_dies_of_is_told_on_its_error_output(fork: Fork) -> None:
    process = fork("raise ValueError('no luck')")
    assert process.wait(10) == 0
    assert "no luck" in process.stderr.read()


def test_one_is_like_the_other_but_for_its_chances(fork: Fork) -> None:
    first, second = look(fork()), look(fork())
    assert first.pop("chance") != second.pop("chance")
    assert first == second


def test_a_parent_that_somebody_killed_is_followed_by_another(fork: Fork) -> None:
    killed = look(fork())["parent"]
    os.kill(killed, signal.SIGKILL)
    assert look(fork())["parent"] != killed


class LosesTheFirst(Parent):
    """Killed when it has forked, and before it could tell the number."""

    lost = 0

    def fork(self, request: Request, ends: Sequence[int]) -> int:
        pid = super().fork(request, ends)
        if not self.lost:
            self.lost = pid
            raise OSError("killed")
        return pid


def test_a_process_whose_parent_was_killed_at_forking_ends_and_another_one_is_there(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(LOOK, encoding="utf-8")
    with closing(LosesTheFirst(PLACES)) as parent:
        process = fork_once_more(parent, Request(str(script), str(tmp_path), {}))
        with process.stdin, process.stdout, process.stderr:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(parent.lost).wait(10)
            assert look(process)["said"] == "hello\n"
            process.kill()
            assert process.wait(10) == 0


def test_what_cannot_be_imported_is_told_by_the_function_not_by_the_parent(tmp_path: Path) -> None:
    (tmp_path / "batch_import").mkdir()
    (tmp_path / "batch_import" / "__init__.py").write_text("raise NameError('a mistake')", encoding="utf-8")
    script = tmp_path / "script.py"
    script.write_text("import batch_import", encoding="utf-8")
    with closing(Parent(f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n")) as parent:
        process = Forked(parent, Request(str(script), str(tmp_path), {}))
        with process.stdin, process.stdout, process.stderr:
            assert process.wait(30) == 0
            assert "a mistake" in process.stderr.read()


def test_layers_say_where_their_packages_are(tmp_path: Path) -> None:
    for number, line in enumerate(("import here\n", "import there\n")):
        notes = tmp_path / f"layer_{number}" / "python" / "lib" / "embedded" / "site-packages"
        notes.mkdir(parents=True)
        (notes / "packages.pth").write_text(line, encoding="utf-8")
    (tmp_path / "layer_2").mkdir()
    assert places_of(str(tmp_path / f"layer_{number}") for number in range(3)) == "import here\nimport there\n"


def test_layers_that_hold_their_packages_are_not_forked(tmp_path: Path) -> None:
    assert forked(Request("script.py", str(tmp_path), {}), [str(tmp_path)]) is None
    assert forked(Request("script.py", str(tmp_path), {}), []) is None
