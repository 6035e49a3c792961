"""The repository's YAML, read once for all tests, by libyaml where it is installed."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
YamlLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def openapi() -> dict[str, Any]:
    """docs/openapi.yaml; do not change it, all tests share it."""
    return yaml.load((ROOT / "docs" / "openapi.yaml").read_text("utf-8"), YamlLoader)  # type: ignore[no-any-return]
