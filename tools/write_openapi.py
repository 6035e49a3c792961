"""Writes docs/openapi.yaml from the API's routes: ``python -m tools.write_openapi``."""

from pathlib import Path
from typing import Any

import yaml
from batch_import.http_api.openapi import document

from functions.api.app import app

TARGET = Path(__file__).parents[1] / "docs" / "openapi.yaml"


class _Plain(yaml.SafeDumper):
    """Without anchors: a reader of the document should find each answer where it is."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def rendered() -> str:
    return yaml.dump(document(app), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    TARGET.write_text(rendered(), "utf-8")
