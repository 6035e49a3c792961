"""Anthropic accounts: the call of a relay's `/v1/messages`, and the reading of its stream.

See docs/host-api.md#base-url-per-platform, docs/host-api.md#platform-streams.
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from sandbox.host import upstream
from sandbox.host.convert import chat_messages
from sandbox.host.gathered import Gathered, ToolCall
from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.http import json_object

VERSION = "2023-06-01"
SCHEME = "authorization_bearer"
LEAST, USUAL = 128, 8192  # tokens: any smaller limit is raised, an omitted one set
_PASSED = ("User-Agent", "Accept", "anthropic-beta", "anthropic-version")
_FINISH = {"max_tokens": "length", "tool_use": "tool_calls"}


def request(host: Host, account: Row, body: Row, client: Mapping[str, str]) -> upstream.Request:
    """A call of the relay with some of the client's headers.

    BadUrl without a base URL, where the host would ask the vendor.
    """
    passed = {name: client[name] for name in _PASSED if client.get(name)}
    headers = {"anthropic-version": VERSION, "Content-Type": "application/json", **passed}
    headers = upstream.overridden(host, account, headers | key_header(host, account))
    return upstream.Request(f"{upstream.base_of(account)}/v1/messages?beta=true", headers, body)


def key_header(host: Host, account: Row) -> dict[str, str]:
    """The key as `x-api-key`, or as Bearer where the account says so: from 0.1.143, with exactly this word."""
    key = str(account["credentials"].get("api_key", "")).strip()
    scheme = str((account.get("extra") or {}).get("anthropic_apikey_auth_scheme", "")).strip()
    bearer = host.options.since(143) and account["platform"] == "anthropic" and scheme == SCHEME
    return {"Authorization": f"Bearer {key}"} if bearer else {"x-api-key": key}


def of_chat(body: Row, model: str) -> Row:
    """A chat (or Responses) request as one of messages, always streamed; `stop`, `n` and `response_format` are lost."""
    said = chat_messages(body)
    limit = max(
        LEAST, body.get("max_completion_tokens") or body.get("max_tokens") or body.get("max_output_tokens") or USUAL
    )
    out: Row = {"model": model, "max_tokens": limit, "stream": True}
    out["messages"] = [{"role": m["role"], "content": m.get("content")} for m in said if m["role"] != "system"]
    system = [str(m.get("content")) for m in said if m["role"] == "system"]
    out |= {"system": "\n\n".join(system)} if system else {}
    out |= {name: body[name] for name in ("temperature", "top_p") if name in body}
    if body.get("tools"):
        out["tools"] = [_tool(tool.get("function") or tool) for tool in body["tools"]]
    out |= {"tool_choice": _choice(body["tool_choice"])} if body.get("tool_choice") else {}
    if body.get("reasoning_effort") == "high":
        out |= {"thinking": {"type": "enabled", "budget_tokens": 10240}, "output_config": {"effort": "high"}}
    return out


def _tool(function: Row) -> Row:
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return {"name": function.get("name"), "description": function.get("description", ""), "input_schema": schema}


def _choice(choice: Any) -> Row:
    if isinstance(choice, dict):
        return {"type": "tool", "name": (choice.get("function") or choice).get("name")}
    return {"type": {"required": "any"}.get(choice, choice)}


def events(stream: bytes, *, compact: bool) -> list[Row]:
    """The events of a stream: an `event:` line directly followed by its `data:` line; all else is passed over.

    compact: whether both may lack the blank after the colon (from 0.1.163).
    """
    lines = stream.decode(errors="replace").splitlines()
    pairs = ((_value(one, "event:", compact), _value(two, "data:", compact)) for one, two in pairwise(lines))
    found = (json_object(data) for event, data in pairs if event is not None and data is not None)
    return [event for event in found if event]


def _value(line: str, name: str, compact: bool) -> str | None:
    prefix = name if compact else name + " "
    return line.removeprefix(prefix).strip() if line.startswith(prefix) else None


def gathered(stream: bytes, *, compact: bool) -> Gathered | None:
    """The answer in a stream; None when no message has begun."""
    found: Gathered | None = None
    for event in events(stream, compact=compact):
        if event.get("type") == "error":
            break
        if event.get("type") == "message_start":
            found = Gathered(str(event["message"].get("id")))
        elif found is not None:
            _take(found, event)
    return found


def _take(found: Gathered, event: Row) -> None:
    match event.get("type"):
        case "content_block_start" if event["content_block"].get("type") == "tool_use":
            block = event["content_block"]
            start = json.dumps(block["input"]) if "input" in block else ""
            found.calls.append(ToolCall(block.get("id", ""), block.get("name", ""), start))
        case "content_block_delta":
            _add(found, event["delta"])
        case "message_delta":
            reason = event["delta"].get("stop_reason")
            found.finish = _FINISH.get(reason, "stop")


def _add(found: Gathered, delta: Row) -> None:
    match delta.get("type"):
        case "text_delta" if delta["text"]:
            found.texts.append(delta["text"])
        case "thinking_delta":
            found.thoughts.append(delta["thinking"])
        case "input_json_delta" if found.calls:
            found.calls[-1].pieces += delta["partial_json"]
