"""A real HTTP server's script, and answers in the API's shapes."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

STAGE = "/_aws/execute-api/abc/v1"
TOKEN = "operator-token-that-nobody-sees"


@dataclass
class Seen:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Reply:
    body: Any
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None
    drop: bool = False


@dataclass
class FakeApi:
    url: str
    script: dict[str, list[Reply]] = field(default_factory=lambda: defaultdict(list))
    seen: list[Seen] = field(default_factory=list)

    def on(self, call: str, *replies: Any) -> None:
        """Answers for e.g. ``GET /api/health``, one after another; the last one stays."""
        self.script[call] += [reply if isinstance(reply, Reply) else Reply(reply) for reply in replies]

    def reply_to(self, call: str) -> Reply:
        replies = self.script.get(call) or [Reply({"error": {"code": "not_found", "message": f"no {call}"}}, 404)]
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def calls(self) -> list[str]:
        return [f"{seen.method} {seen.path}" for seen in self.seen]


class Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was interrupted does not take its answer any more."""


def handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = (
                parts.path.removeprefix(STAGE) if parts.path.startswith(STAGE) else f"outside the stage: {parts.path}"
            )
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw else None
            api.seen.append(Seen(self.command, path, dict(parse_qsl(parts.query)), dict(self.headers), body))
            self.play(api.reply_to(f"{self.command} {path}"))

        def do_POST(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def play(self, reply: Reply) -> None:
            reply.before()
            if reply.drop:
                self.close_connection = True
                return
            data = (
                reply.body.encode()
                if isinstance(reply.body, str)
                else json.dumps(reply.body, ensure_ascii=False).encode()
            )
            (self.send_response_only if "Date" in reply.headers else self.send_response)(reply.status)
            for name, value in {
                "Content-Type": reply.content_type,
                "Content-Length": str(len(data)),
                **reply.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def running_api() -> Iterator[FakeApi]:
    """A scripted API that answers at its ``url`` until the block ends."""
    fake = FakeApi("")
    with Server(("127.0.0.1", 0), handler(fake)) as server:
        fake.url = f"http://127.0.0.1:{server.server_address[1]}{STAGE}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()


class Answers:
    RUN = "run_20260522_0001"

    @staticmethod
    def created(total: int = 2) -> dict[str, Any]:
        counters = dict.fromkeys(("active_items", "degraded_items", "broken_items", "warning_items"), 0)
        page = "/batch-import/runs/run_20260522_0001"
        return {"run_id": Answers.RUN, "state": "running", "result_page": page, "total_items": total, **counters}

    @staticmethod
    def run(state: str = "completed", *, total: int = 2, active: int = 2, **more: Any) -> dict[str, Any]:
        summary = {
            "run_id": Answers.RUN,
            "state": state,
            "mode": "partial",
            "access_mode": "subscription",
            "total_items": total,
            "completed_items": total if state != "running" else active,
            "active_items": active,
            "degraded_items": 0,
            "broken_items": 0 if state == "running" else total - active,
            "warning_items": 0,
            "started_at": "2026-05-22T12:20:00+08:00",
            "finished_at": None,
            "badges": {"state": {"text": "warning", "color": "yellow"}},
        }
        return {"run": {**summary, **more}, "recent_warnings": ["该批次包含 1 条 advisory item"], "causes": []}

    @staticmethod
    def item(number: int = 1, **more: Any) -> dict[str, Any]:
        item = {
            "item_id": f"item_{number:02}",
            "base_url": f"https://relay-{number}.example/v1",
            "provider_id": f"relay-{number}-7d7ac291",
            "requested_models": ["kimi-k2.6"],
            "resolved_smoke_model": "kimi-k2.6",
            "platform": "openai",
            "current_stage": "done",
            "confirmation_status": "confirmed",
            "access_status": "active",
            "matched_account_state": None,
            "account_resolution": "created",
            "advisory_messages": [],
            "last_error_code": None,
            "last_error": None,
            "reason": None,
            "advice": None,
            "badges": {"access_status": {"text": "active", "color": "green"}},
        }
        return {**item, **more}
