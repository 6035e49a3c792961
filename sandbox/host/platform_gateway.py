"""One attempt of the gateway with an anthropic or gemini account: chat, responses, and native messages.

See docs/host-api.md#platforms.
"""

from sandbox import http
from sandbox.host import anthropic, gathered, gemini, platform_verdicts, upstream, verdicts
from sandbox.host.gathered import Gathered
from sandbox.host.platform_verdicts import UNENDED
from sandbox.host.records import Trace
from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.host.verdicts import Verdict, error
from sandbox.http import SSE, Answer

MESSAGES, GEMINI = "/v1/messages", "/v1beta/models"
JSON = "application/json"


class Attempt:
    """A request of one client at one account."""

    def __init__(self, host: Host, trace: Trace, body: Row, account: Row, model: str) -> None:
        self.host, self.trace, self.body, self.account, self.model = host, trace, body, account, model
        self.kind = trace.call.path.rpartition("/")[2]  # completions, responses, messages

    async def run(self) -> Verdict:
        platform = self.account["platform"]
        try:
            if self.kind == "messages":
                return await self.native()
            if platform == "gemini" and self.kind == "completions":
                return await self.by_gemini()
            return await self.by_messages()
        except upstream.BadUrl as problem:
            return Verdict(error(502, "Upstream request failed", "server_error"), False, str(problem))
        except upstream.Unreachable as problem:
            return platform_verdicts.of_transport(platform, str(problem))

    async def by_messages(self) -> Verdict:
        """Converts to messages, always streamed; a stream without a message is an error only when asked for whole."""
        body = anthropic.of_chat(self.body, self.model)
        asked = anthropic.request(self.host, self.account, body, self.trace.call.headers)
        reply = await platform_verdicts.fetch(self.host, "anthropic", asked)
        if not 200 <= reply.status < 300:
            return platform_verdicts.of_reply(self.host, self.account, reply)
        found = anthropic.gathered(reply.body, compact=self.host.options.since(163))
        # An older host passes on the content type of the stream that it has read.
        return self.told(found, reply, MESSAGES, reply.content_type if self.host.old else http.JSON)

    async def by_gemini(self) -> Verdict:
        """Converts to Gemini; that an answer without candidates is told like an unended stream is assumed."""
        if "/" in self.model and not self.host.old:
            return Verdict(error(502, "invalid gemini model for upstream url path", "upstream_error"), status=502)
        asked = gemini.request(self.account, self.model, gemini.of_chat(self.body), stream=self.trace.stream)
        reply = await platform_verdicts.fetch(self.host, "gemini", asked)
        if not 200 <= reply.status < 300:
            return platform_verdicts.of_reply(self.host, self.account, reply)
        return self.told(gemini.gathered(reply.body), reply, GEMINI, JSON)

    def told(self, found: Gathered | None, reply: upstream.Reply, path: str, kind: str) -> Verdict:
        """The answer for the caller, in the protocol and the way that they asked for."""
        model, responses = self.trace.model, self.kind == "responses"
        if found is None and (responses or not self.trace.stream):
            return Verdict(error(502, UNENDED, "server_error"), False, UNENDED, 502)
        if found is not None:
            self.good(path, reply)
        if found is None or (self.trace.stream and not responses):
            usage = bool((self.body.get("stream_options") or {}).get("include_usage"))
            return _fine(gathered.chat_stream(found, model, usage=usage), SSE)
        if self.trace.stream:
            return _fine(gathered.response_stream(found, model), SSE)
        return _fine((gathered.response_answer if responses else gathered.chat_answer)(found, model), kind)

    async def native(self) -> Verdict:
        """`/v1/messages` as it is, streamed or not; errors are told as those of openai accounts."""
        body = {**self.body, "model": self.model}
        asked = anthropic.request(self.host, self.account, body, self.trace.call.headers)
        reply = await platform_verdicts.fetch(self.host, "anthropic", asked)
        if 200 <= reply.status < 300 and not reply.html:
            self.good(MESSAGES, reply)
            return _fine(reply.body, reply.content_type)
        return self.native_failure(reply)

    def native_failure(self, reply: upstream.Reply) -> Verdict:
        """As for openai, but every 404 and an empty balance (402, or in words) are 502, and HTML under 200 too."""
        message = reply.message()
        unpaid = reply.status == 402 or "credit balance" in message
        if verdicts.lacks_model(reply) and not self.host.old:
            self.host.health.no_model(self.account, self.model)
        platform_verdicts.hurt(self.host, self.account, reply, message)
        if unpaid:
            self.host.health.unpaid(self.account, message)
        again = reply.status in verdicts.FAILOVER or reply.status >= 500
        masked = again or unpaid or reply.status in (200, 404)
        answer = verdicts.told(reply) if masked else verdicts.passed_on(reply, message)
        return Verdict(answer, again, message, answer.status)

    def good(self, path: str, reply: upstream.Reply) -> None:
        self.host.health.served(self.account, self.model)
        self.trace.served(self.account, self.model, path, reply.headers.get("X-Request-Id"))


def _fine(body: http.Body, kind: str) -> Verdict:
    return Verdict(Answer(200, body, content_type=kind), status=200)
