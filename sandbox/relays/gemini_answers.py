"""The bodies of good answers and of errors in Gemini's own protocol."""

import json
from typing import Any

from sandbox.http import SSE, Answer
from sandbox.relays import answers

USAGE = {"promptTokenCount": 11, "candidatesTokenCount": 5, "totalTokenCount": 16}
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}


def failure(status: int, text: str = "") -> Answer:
    """An error as Google words it."""
    error = {"code": status, "message": text or f"relay failure {status}", "status": _STATUSES.get(status, "INTERNAL")}
    return Answer(status, {"error": error}, content_type="application/json")


def bad_key() -> Answer:
    """400, not 401: so it is at Google."""
    return failure(400, "API key not valid. Please pass a valid API key.")


def models(names: list[str]) -> Answer:
    """GET /v1beta/models."""
    actions = ["generateContent", "countTokens"]
    rows = [{"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": actions} for name in names]
    return answers.good({"models": rows})


def content(part: dict[str, Any], model: str) -> Answer:
    """POST /v1beta/models/{model}:generateContent."""
    return answers.good(_piece(part, model, "STOP"))


def stream(parts: list[dict[str, Any]], model: str) -> Answer:
    """POST /v1beta/models/{model}:streamGenerateContent?alt=sse: one event for each part, the last with the reason."""
    last = len(parts) - 1
    pieces = [_piece(part, model, "STOP" if number == last else None) for number, part in enumerate(parts)]
    return Answer(200, "".join(f"data: {json.dumps(piece)}\r\n\r\n" for piece in pieces), content_type=SSE)


def _piece(part: dict[str, Any], model: str, reason: str | None) -> dict[str, Any]:
    finish = {"finishReason": reason} if reason else {}
    candidate = {"content": {"parts": [part], "role": "model"}, **finish, "index": 0}
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": model}
