"""Writes docs/openapi.yaml from the API's routes: ``python -m tools.write_openapi``."""

import json
from pathlib import Path
from typing import Any

import yaml

from functions.api.app import app

TARGET = Path(__file__).parents[1] / "docs" / "openapi.yaml"
DESCRIPTION = """\
Imports lists of AI relays into a sub2api host: found out, entered once, confirmed, and proven.

Every call needs `Authorization: Bearer <token>`; tokens have the role `operator` or `viewer` (who may only read).
Errors are `{"error": {"code", "message"}}`. Texts follow `Accept-Language` (`zh`, the default, or `en`).
"""
_UNUSED = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


_SERVER_ERROR = {
    "description": "Internal Server Error",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}},
}


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document as plain data."""
    text = app.get_openapi_json_schema(title="Batch Auto-Import", version="0.1.0", description=DESCRIPTION)
    schema: dict[str, Any] = json.loads(text)
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)  # invalid input is 400, in the envelope
            operation["responses"]["500"] = _SERVER_ERROR
            operation["operationId"] = operation["operationId"].split("_api_")[0]
    for name in _UNUSED:
        schema["components"]["schemas"].pop(name, None)
    schema["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"bearer": []}]
    schema["servers"] = [{"url": "/"}]
    return schema


class _Plain(yaml.SafeDumper):
    """Without anchors: a reader of the document should find each answer where it is."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def rendered() -> str:
    return yaml.dump(document(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    TARGET.write_text(rendered(), "utf-8")
