"""docs/cli.md says what ``--help`` says."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
from batch_import_cli.main import cli

DOCUMENT = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")
REFERENCE = DOCUMENT.partition("## Reference")[2]


def _section(command: str) -> str:
    found = re.search(rf"^### `batch-import {command}\b.*?(?=^### |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section for {command}"
    return found[0]


def _documented(text: str) -> set[str]:
    rows = re.findall(r"^\| (`--.*?) \|", text, re.MULTILINE)
    return {option for row in rows for option in re.findall(r"--[a-z-]+", row)}


@pytest.mark.parametrize("name", list(cli.commands))
def test_options_are_those_of_the_command(name: str) -> None:
    parameters = [parameter for parameter in cli.commands[name].params if isinstance(parameter, click.Option)]
    options = {spelling for parameter in parameters for spelling in (*parameter.opts, *parameter.secondary_opts)}
    shared = _documented(REFERENCE.partition("### ")[0])
    assert _documented(_section(name)) == options - shared
    assert shared == {"--url", "--json"}


def test_every_choice_is_named() -> None:
    for name, command in cli.commands.items():
        for parameter in command.params:
            if parameter.human_readable_name in ("code", "codes"):
                continue  # docs/codes.md has them
            for value in parameter.type.choices if isinstance(parameter.type, click.Choice) else ():
                assert f"`{value}`" in _section(name), (name, parameter.name, value)


@pytest.mark.parametrize("name", list(cli.commands))
def test_help_has_examples(invoke: Any, name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert "$ batch-import " in result.stdout or "$ eval" in result.stdout
