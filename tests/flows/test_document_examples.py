"""The examples of the document are real answers, of this very code.

``WRITE_EXAMPLES=1 pytest tests/flows/test_document_examples.py && make docs`` takes them anew.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import batch_import.http_api
import jsonschema
import pytest

from tests.conftest import Service
from tests.support.documents import openapi

EXAMPLES = Path(batch_import.http_api.__file__).with_name("examples.json")
RUNS, MODELS = "/api/batch-import/runs", "/api/batch-import/models"
KEY = "sk-test-0000000000000001"
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def captured(service: Service) -> dict[str, Any]:
    """Requests and answers by operation, of a run with one relay that works and one whose key is dead."""
    box = service.box
    items = [
        {"base_url": box.relay("chat_only"), "api_key": KEY},
        {"base_url": box.relay("dead_key"), "api_key": KEY, "label": "second key"},
    ]
    create = {
        "access_mode": "subscription",
        "subscription_users": ["customer@example.com"],
        "label": "Monday's list",
        "items": items,
    }
    created = service.call("POST", RUNS, create, **ENGLISH)
    service.pump.run()
    run = f"{RUNS}/{created['run_id']}"
    parse = {"text": f"{items[0]['base_url']} {KEY}\nwhat is this?"}

    def get(path: str) -> dict[str, Any]:
        return {"response": service.call("GET", path, **ENGLISH)}

    found = {
        "create_run": {"request": create, "response": created},
        "list_runs": get(RUNS),
        "get_run": get(run),
        "list_items": get(f"{run}/items"),
        "get_item": get(f"{run}/items/item_00001"),
        "export_run": get(f"{run}/export"),
        "list_models": get(MODELS),
        "compare_relays": get(f"{MODELS}/{service.call('GET', MODELS)['models'][0]['model']}"),
        "list_quarantine": get("/api/batch-import/quarantine"),
        "list_host_users": get("/api/batch-import/host/users"),
        "list_host_groups": get("/api/batch-import/host/groups"),
        "health": get("/api/health"),
        "parse_text": {
            "request": parse,
            "response": service.call("POST", "/api/batch-import/parse", parse, **ENGLISH),
        },
        "clean_quarantine": {"response": service.call("DELETE", "/api/batch-import/quarantine", **ENGLISH)},
        "retry_run": {"request": {}, "response": service.call("POST", f"{run}/retry", {}, **ENGLISH)},
    }
    retried = found["retry_run"]["response"]["run_id"]
    found["cancel_run"] = {"response": service.call("POST", f"{RUNS}/{retried}/cancel", **ENGLISH)}
    planned = service.call("POST", RUNS, {**create, "dry_run": True}, **ENGLISH)["run_id"]
    service.pump.run()
    found["apply_plan"] = {"request": {}, "response": service.call("POST", f"{RUNS}/{planned}/apply", {}, **ENGLISH)}
    service.pump.run()
    found["undo_run"] = {"response": service.call("POST", f"{run}/undo", **ENGLISH)}
    text = json.dumps(found, ensure_ascii=False, indent=1)
    return dict(json.loads(re.sub(r"127\.0\.0\.1:\d+", "relay.example.com", text)))


def shape(value: Any) -> Any:
    """Names and types; a list by its first element, and a list that may be empty by nothing."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_the_examples_have_the_names_and_types_of_real_answers(captured: dict[str, Any]) -> None:
    if os.environ.get("WRITE_EXAMPLES"):
        EXAMPLES.write_text(json.dumps(captured, ensure_ascii=False, indent=1) + "\n", "utf-8")
    committed = json.loads(EXAMPLES.read_text("utf-8"))
    assert shape(committed) == shape(captured)


def test_the_examples_hold_their_schemas_and_no_address_of_a_machine() -> None:
    text = EXAMPLES.read_text("utf-8")
    assert "127.0.0.1" not in text
    document = openapi()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    with_examples = set()
    for operation in operations:
        contents = [answer["content"] for status, answer in operation["responses"].items() if status in ("200", "202")]
        contents += [operation["requestBody"]["content"]] if "requestBody" in operation else []
        for content in contents:
            media = content["application/json"]
            if "example" in media:
                schema = {**media["schema"], "components": document["components"]}
                jsonschema.Draft202012Validator(schema).validate(media["example"])
                with_examples.add(operation["operationId"])
    assert with_examples == {operation["operationId"] for operation in operations} - {"get_document"}
