"""The host's background probe of Responses support (docs/host-api.md#probe-race)."""

import json

from sandbox.host import upstream
from sandbox.host.state import Host
from sandbox.host.templates import Row

TEST_MODEL = "gpt-5.4"


def start(host: Host, account: Row) -> None:
    """Starts the probe after a creation or a PUT of credentials, whose answer does not wait for it (the probe race)."""
    has_key = account["credentials"].get("api_key") and account["credentials"].get("base_url")
    if account["platform"] == "openai" and account["type"] == "apikey" and has_key:
        host.spawn(_ask(host, account))


async def _ask(host: Host, account: Row) -> None:
    try:
        reply = await upstream.call(host, account, upstream.RESPONSES, question(host, account), 8 if host.old else 15)
    except (upstream.Unreachable, upstream.BadUrl):
        return
    verdict = judge(reply, old=host.old)
    current = host.accounts.get(account["id"])
    if verdict is not None and current is not None:
        current["extra"] = {**current["extra"], "openai_responses_supported": verdict}
        host.touch(current)


def question(host: Host, account: Row) -> Row:
    """The probe's request: older hosts ask their default model, newer ones the mapping's first, with a forced tool."""
    ask: Row = {"model": TEST_MODEL, "input": [{"role": "user", "content": "hi"}], "stream": False}
    if host.old:
        return ask
    values = sorted((account["credentials"].get("model_mapping") or {}).values())
    named = [value for value in values if "*" not in value]
    tool = {"type": "function", "name": "probe_ping", "parameters": {"type": "object", "properties": {}}}
    more = {"tools": [tool], "tool_choice": "required", "max_output_tokens": 512}
    return {**ask, **more, "model": named[0] if named else TEST_MODEL}


def judge(reply: upstream.Reply, *, old: bool) -> bool | None:
    """False for 404, 405, and on newer hosts a 200 without a function call; None (undecided) for an unfinished one."""
    if reply.status in (404, 405):
        return False
    if old or not 200 <= reply.status < 300:
        return True
    try:
        body = json.loads(reply.body)
    except ValueError:
        return False
    if body.get("status") in ("failed", "incomplete"):
        return None
    return any(item.get("type") == "function_call" for item in body.get("output") or ())
