"""``completion``: a script for each shell, which asks this program."""

from typing import Any

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_the_program(invoke: Any, shell: str) -> None:
    result = invoke("completion", shell)
    assert result.exit_code == 0
    assert "_BATCH_IMPORT_COMPLETE" in result.stdout
