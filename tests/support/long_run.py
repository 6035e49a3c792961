"""A run of any length for the page, answered in the API's place in the form of its own answers."""

import json
from typing import Any

from tests.browser.gateway import Answer, Request
from tests.support.aws import ROOT

RUN_ID = "run_long"


class LongRun:
    """Healthy items, and each tenth refused for its key; pages and filters of code, access and ``q`` as the API has."""

    def __init__(self, total: int) -> None:
        examples = json.loads((ROOT / "layers/core/batch_import/http_api/examples.json").read_text("utf-8"))
        listed = examples["list_items"]["response"]["items"]
        healthy = next(item for item in listed if item["access_status"] == "active")
        broken = next(item for item in listed if item["access_status"] == "broken")
        self._items = [
            {
                **(healthy if n % 10 else broken),
                "item_id": f"item_{n:05}",
                "base_url": f"https://relay-{n:05}.example.com/v1",
            }
            for n in range(1, total + 1)
        ]
        failed = total // 10
        counts = {
            "total_items": total,
            "completed_items": total,
            "active_items": total - failed,
            "broken_items": failed,
        }
        detail = examples["get_run"]["response"]
        cause = {
            "code": broken["last_error_code"],
            "reason": broken["reason"],
            "to_do": "Check that the key is complete.",
        }
        self._detail = {
            **detail,
            "run": {**detail["run"], **counts, "run_id": RUN_ID, "degraded_items": 0},
            "causes": [{**cause, "broken_items": failed, "degraded_items": 0}],
            "child_runs": [],
        }

    def answer(self, request: Request) -> Answer | None:
        if not request.path.startswith("/api/"):
            return None
        if request.path.endswith(f"/runs/{RUN_ID}"):
            body = self._detail
        elif request.path.endswith(f"/runs/{RUN_ID}/items"):
            body = self._page(request.query)
        else:
            body = {}
        return 200, {"Content-Type": "application/json"}, json.dumps(body)

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        found = [
            item
            for item in self._items
            if query.get("q", "").lower() in item["base_url"]
            and query.get("access_status") in (None, item["access_status"])
            and query.get("code") in (None, item["last_error_code"])
        ]
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        after = str(start + limit) if start + limit < len(found) else None
        return {"items": found[start : start + limit], "next_cursor": after, "matching_items": len(found)}
