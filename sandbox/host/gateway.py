"""The gateway: `/v1/chat/completions`, `/v1/responses` and `/v1/models` for holders of a key.

See docs/host-api.md#gateway.
"""

import uuid
from collections.abc import Mapping

from sandbox import http
from sandbox.host import convert, upstream
from sandbox.host.errors import Refusal
from sandbox.host.gate import admit, turn
from sandbox.host.models import responses_flag, uses_responses
from sandbox.host.picking import Pool, Session, unavailable
from sandbox.host.platform_gateway import Attempt
from sandbox.host.records import Trace
from sandbox.host.scheduler import SLOW
from sandbox.host.state import Host
from sandbox.host.templates import Row, default_models
from sandbox.host.verdicts import Verdict, error, of_reply, of_transport, usable
from sandbox.http import SSE, Answer, Call, Routes

ROUTES: Routes[Host] = Routes()
SWITCHES = 10  # how many other accounts are tried
MODELS_CACHE = 15.0
_UNENDED = "Upstream stream ended without a terminal response event"
JSON = "application/json"


async def serve(host: Host, call: Call) -> Answer:
    """POST /v1/chat/completions and /v1/responses."""
    key = admit(host, call)
    body = _parsed(call)
    request = call.headers.get("X-Request-ID") or str(uuid.uuid4())
    trace = Trace(host, call, key, str(body["model"]), bool(body.get("stream")), request, str(uuid.uuid4()))
    try:
        async with turn(host, host.users[key["user_id"]]):
            answer = await Request(host, trace, body).run()
    except Refusal as refusal:
        trace.failed(refusal.status, _message(refusal.body))
        answer = Answer(refusal.status, refusal.body, refusal.headers)
    answer.headers["X-Request-ID"] = trace.request_id
    if not host.old:
        answer.headers["X-Client-Request-ID"] = trace.client_id
    return answer


for _path in ("/v1/chat/completions", "/chat/completions", "/v1/responses", "/responses"):
    ROUTES.on("POST", _path)(serve)


def _parsed(call: Call) -> Row:
    kind = "invalid_request_error"
    if not call.raw:
        raise Refusal.gateway(400, "Request body is empty", kind)
    body = usable(call.raw)
    if body is None:
        raise Refusal.gateway(400, "Failed to parse request body", kind)
    if not body.get("model"):
        raise Refusal.gateway(400, "model is required", kind)
    if call.path.endswith("/chat/completions") and not isinstance(body.get("messages", []), list):
        raise Refusal.gateway(400, "Failed to parse request body", kind)
    return {"messages": [], **body}


def _message(body: Mapping[str, object] | str) -> str:
    inner = body.get("error") if isinstance(body, Mapping) else None
    return str(inner.get("message", "")) if isinstance(inner, dict) else str(body)


def platform_of(host: Host, group: int) -> str:
    """The platform whose accounts a group serves; in simple mode the key's group means nothing."""
    row = host.groups.get(group)
    return "openai" if row is None or host.options.run_mode == "simple" else str(row["platform"])


class Request:
    """One admitted request on its way through the accounts of its group."""

    def __init__(self, host: Host, trace: Trace, body: Row) -> None:
        self.host, self.trace, self.body = host, trace, body
        self.group = int(trace.key["group_id"] or 0)
        self.platform = platform_of(host, self.group)
        self.wants_chat = trace.call.path.endswith("/chat/completions")

    async def run(self) -> Answer:
        """Tries accounts until one answers; when none is left, returns the last failure."""
        session = Session(self.host, self.group, self.body, self.platform)
        pool = Pool(self.host, self.group, self.trace.model, session.account(), self.platform)
        verdict, attempts = None, []
        for _ in range(SWITCHES + 1):
            account = pool.take()
            if account is None:
                break
            session.stick(account)
            verdict = await self.attempt(account, pool.upstream_model(account))
            attempts.append((account, verdict, pool.upstream_model(account)))
            if verdict.status == 200 or not verdict.again:
                break
        if verdict is None:
            raise unavailable(self.platform)
        self.note(attempts)
        return verdict.answer

    def note(self, attempts: list[tuple[Row, Verdict, str]]) -> None:
        """Writes ops rows: the last failure as the caller sees it, or the failures before another account answered."""
        account, last, model = attempts[-1]
        if last.status != 200:
            detail = last.answer.body["error"] if isinstance(last.answer.body, dict) else {}
            row = self.trace.failed(last.status or last.answer.status, detail["message"], account=account, model=model)
            row["type"] = detail["type"]
            return
        for account, verdict, model in attempts[:-1]:
            text = f"Recovered upstream error {verdict.status}: {verdict.message}"
            self.trace.failed(verdict.status, text, account=account, model=model)["_recovered"] = True

    async def attempt(self, account: Row, model: str) -> Verdict:
        """Asks one account: chat as it is, or converted to Responses and back; unknown support falls back to chat.

        See docs/host-api.md#responses-fall-back.
        """
        if self.platform in SLOW:
            return await Attempt(self.host, self.trace, self.body, account, model).run()
        try:
            if not uses_responses(account):
                return await self.by_chat(account, model)
            reply = await self.ask(account, model)
            if reply.status in (404, 405) and responses_flag(account) is None:
                return await self.by_chat(account, model)
        except upstream.BadUrl as problem:
            return Verdict(error(502, "Upstream request failed", "upstream_error"), False, str(problem))
        except upstream.Unreachable as problem:
            return of_transport(self.host, account, str(problem))
        return self.by_responses(account, model, reply)

    async def ask(self, account: Row, model: str) -> upstream.Reply:
        body = convert.to_responses(self.body, model) if self.wants_chat else {**self._plain(), "model": model}
        return await upstream.call(self.host, account, upstream.RESPONSES, body)

    def _plain(self) -> Row:
        return {name: value for name, value in self.body.items() if name != "messages"}

    async def by_chat(self, account: Row, model: str) -> Verdict:
        """Sends the body with the account's model name; returns the relay's answer unchanged, even HTML.

        See docs/host-api.md#html-passes-through.
        """
        body = {**self.body, "model": model} if self.wants_chat else convert.to_chat(self.body, model)
        if body.get("stream"):
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        reply = await upstream.call(self.host, account, upstream.CHAT, body)
        if not 200 <= reply.status < 300:
            return of_reply(self.host, account, model, reply)
        self.good(account, model, upstream.CHAT, reply)
        chat = None if self.wants_chat else usable(reply.body)
        if chat and chat.get("choices"):
            return Verdict(Answer(200, convert.response_answer(chat, self.trace.model), content_type=JSON), status=200)
        return Verdict(Answer(reply.status, reply.body, content_type=reply.content_type), status=200)

    def by_responses(self, account: Row, model: str, reply: upstream.Reply) -> Verdict:
        if not 200 <= reply.status < 300:
            return of_reply(self.host, account, model, reply)
        response = convert.completed(reply.body)
        if response is None:
            return Verdict(error(502, _UNENDED, "api_error"), False, _UNENDED, 502)
        self.good(account, model, upstream.RESPONSES, reply)
        if not self.wants_chat:
            return Verdict(Answer(200, reply.body, content_type=reply.content_type), status=200)
        chat = convert.chat_answer(response, self.trace.model)
        if self.trace.stream:
            return Verdict(Answer(200, convert.chat_stream(chat), content_type=SSE), status=200)
        # An older host passes on the content type of the stream that it has read.
        kind = reply.content_type if self.host.old else http.JSON
        return Verdict(Answer(200, chat, content_type=kind), status=200)

    def good(self, account: Row, model: str, path: str, reply: upstream.Reply) -> None:
        self.host.health.served(account, model)
        self.trace.served(account, model, "/v1" + path, reply.headers.get("X-Request-Id"))


@ROUTES.on("GET", "/v1/models")
def models(host: Host, call: Call) -> Answer:
    """GET /v1/models: the mapping keys of the serving accounts, or the built-in list; kept for 15 s.

    See docs/host-api.md#gateway-model-list.
    """
    key = admit(host, call)
    group = int(key["group_id"] or 0)
    names, until = host.model_lists.get(group, ([], 0.0))
    if until <= host.now():
        names = _names(host, group)
        host.model_lists[group] = (names, host.now() + MODELS_CACHE)
    rows = [{"id": name, "type": "model", "display_name": name, "created_at": "2024-01-01T00:00:00Z"} for name in names]
    return Answer(200, {"data": rows, "object": "list"})


def _names(host: Host, group: int) -> list[str]:
    platform = platform_of(host, group)
    awake = [row for row in host.scheduler.visible(group) if row["platform"] == platform]
    serving = [row for row in awake if host.health.schedulable(row)]
    mappings = [row["credentials"].get("model_mapping") or {} for row in serving]
    return sorted(set().union(*mappings)) if mappings and any(mappings) else list(default_models(platform))


@ROUTES.on("POST", "/v1/messages")
async def messages(host: Host, call: Call) -> Answer:
    """POST /v1/messages: served in an anthropic group; all others refuse, as groups without dispatch do."""
    key = admit(host, call)
    if platform_of(host, int(key["group_id"] or 0)) == "anthropic":
        answer = await serve(host, call)
        if answer.status >= 400 and isinstance(answer.body, dict):
            answer.body = {"type": "error", **answer.body}
        return answer
    text = "This group does not allow /v1/messages dispatch"
    return Answer(403, {"type": "error", "error": {"type": "permission_error", "message": text}})
