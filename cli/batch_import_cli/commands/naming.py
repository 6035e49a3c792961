"""``batch-import models``: the naming rules on their own, without the API."""

import codecs
import sys
from collections.abc import Iterable, Iterator

import click

from batch_import_cli.app import emit
from batch_import_cli.errors import InputError
from batch_import_cli.examples import examples
from batch_import_cli.words import _

_FIELDS = ("raw_model_id", "normalized_model_id", "canonical_model_family", "provenance")


@click.command("models", epilog=examples("models < ids.txt > families.jsonl"))
@click.option("--json", "as_json", is_flag=True, help="Accepted for symmetry: the output is JSON in any case.")
def models_command(as_json: bool) -> None:
    """Name the models whose ids stand on standard input, one per line.

    Prints a JSON object per line. Its keys are raw_model_id,
    normalized_model_id, canonical_model_family and provenance (how the family
    was found).
    """
    # Late, so that no other command loads the tables of the naming rules.
    from batch_import.domain.naming import identify_model

    for raw in _ids(sys.stdin.buffer):
        identity = identify_model(raw)
        emit({name: getattr(identity, name) for name in _FIELDS})


def _ids(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        try:
            text = line.removeprefix(codecs.BOM_UTF8 if number == 1 else b"").decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            told = _("standard input, line {line}: not UTF-8 (byte {byte} of the line)")
            raise InputError(told.format(line=number, byte=error.start + 1)) from None
        if text.strip():
            yield text
