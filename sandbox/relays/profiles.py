"""One class per fault profile; `Healthy` is the base, each other class says what it does differently."""

# ruff: noqa: ARG002 - overrides keep the signature of the base class

import re
from typing import Any, ClassVar

from sandbox.http import HTML, Answer
from sandbox.relays import answers
from sandbox.relays.call import Name, RelayCall
from sandbox.relays.models import EMBEDDING, models_of

_POSTS = {"/chat/completions": "chat", "/responses": "responses", "/messages": "messages"}


class Healthy:
    """Everything works: models, chat, responses, messages, streams and tools."""

    latency: ClassVar[float] = 0.0  # seconds before each answer
    thinking: ClassVar[float] = 0.0  # seconds before the first byte of a completion, besides
    root: ClassVar[str] = "/v1"  # under which path the relay answers
    suffix: ClassVar[str] = "/v1"  # how the base URL ends that an operator is given

    def __init__(self, name: Name) -> None:
        self.profile = profile_name(type(self))
        self.listed = models_of(self.profile, name.text, name.models)
        self.served = frozenset(self.listed) - {EMBEDDING}
        self.text = f"Hello from relay {self.profile}/{name.text}"

    def refuse(self, call: RelayCall) -> Answer | None:
        """What stands before every endpoint: here the check of the key."""
        return None if self.accepts(self.key_of(call)) else answers.unauthorized()

    def key_of(self, call: RelayCall) -> str:
        return call.bearer or (call.headers.get("x-api-key", "") if call.endpoint == "/messages" else "")

    def accepts(self, key: str) -> bool:
        return key.startswith("sk-") and "dead" not in key

    def models(self, call: RelayCall) -> Answer:
        rows = [{"id": model, "object": "model", "created": 1, "owned_by": self.profile} for model in self.listed]
        return answers.good({"object": "list", "data": rows})

    def told(self, call: RelayCall) -> Answer | None:
        """What other paths tell to a GET, also those outside of `root`; None where there is nothing."""
        return None

    def post(self, call: RelayCall) -> Answer | None:
        """The answer of a completion endpoint; None for every other path."""
        method = _POSTS.get(call.endpoint)
        answer: Answer | None = getattr(self, method)(call) if method else None
        return answer

    def fail(self, call: RelayCall) -> Answer | None:
        """What the name's modifier `status` puts in place of a good completion."""
        failure = call.name.status
        if failure is None:
            return None
        return answers.page(failure.status, "login") if failure.html else self.failure(call, failure.status)

    def failure(self, call: RelayCall, status: int) -> Answer:
        """A refusal of any status, in the words of the protocol."""
        return answers.messages_failure(status) if call.endpoint == "/messages" else answers.failure(status)

    def refuse_model(self, call: RelayCall) -> Answer | None:
        return None if call.model in self.served else answers.unknown_model(call.model)

    def message(self, call: RelayCall) -> tuple[dict[str, Any], str]:
        tool = call.forced_tool()
        return (answers.chat_tool(tool), "tool_calls") if tool else ({"content": self.text}, "stop")

    def chat(self, call: RelayCall) -> Answer:
        message, finish = self.message(call)
        return (answers.chat_stream if call.stream else answers.chat)(call, message, finish)

    def responses(self, call: RelayCall) -> Answer:
        tool = call.forced_tool()
        return answers.responses(call, [answers.function_output(tool) if tool else answers.text_output(self.text)])

    def messages(self, call: RelayCall) -> Answer:
        tool = call.forced_tool()
        if tool:
            return answers.messages(call, {"type": "tool_use", "id": "toolu_1", "name": tool, "input": {}}, "tool_use")
        return answers.messages(call, {"type": "text", "text": self.text})


class ChatOnly(Healthy):
    """Chat completions only; responses and messages are 404."""

    def responses(self, call: RelayCall) -> Answer:
        return answers.unknown_path(call.endpoint)

    messages = responses


class ResponsesOnly(Healthy):
    """Responses only; chat completions and messages are 404."""

    def chat(self, call: RelayCall) -> Answer:
        return answers.unknown_path(call.endpoint)

    messages = chat


class MessagesOnly(Healthy):
    """Anthropic messages only; chat completions and responses are 404."""

    def chat(self, call: RelayCall) -> Answer:
        return answers.unknown_path(call.endpoint)

    responses = chat


class XApiKeyOnly(Healthy):
    """Wants the key in `x-api-key`; a Bearer key is refused with 401."""

    def key_of(self, call: RelayCall) -> str:
        return call.headers.get("x-api-key", "")


class DeadKey(Healthy):
    """401 for every key."""

    def accepts(self, key: str) -> bool:
        return False


class Waf(Healthy):
    """A web application firewall: 403 with an HTML page for everything."""

    def refuse(self, call: RelayCall) -> Answer | None:
        return answers.page(403, "Attention Required! | Cloudflare")


class RateLimited(Healthy):
    """The first model list and the first chat of each key are 429 with Retry-After: 1, then all is good."""

    def limited(self, call: RelayCall, what: str) -> Answer | None:
        return answers.failure(429) if call.first(what) else None

    def models(self, call: RelayCall) -> Answer:
        return self.limited(call, "models") or super().models(call)

    def chat(self, call: RelayCall) -> Answer:
        return self.limited(call, "chat") or super().chat(call)


class Flaky(Healthy):
    """The first two streamed calls of a key without a token limit (so: account tests) are 503, then all is good."""

    def failing(self, call: RelayCall) -> Answer | None:
        # Only an account test streams without a token limit; probes must not use up the failures that it shall see.
        if not call.stream or call.budget is not None or not call.first("test", times=2):
            return None
        return Answer(503, {"error": {"message": "No available accounts", "type": "api_error"}})

    def chat(self, call: RelayCall) -> Answer:
        return self.failing(call) or super().chat(call)

    def responses(self, call: RelayCall) -> Answer:
        return self.failing(call) or super().responses(call)


class Slow(Healthy):
    """Works, but takes 3 s for each answer."""

    latency = 3.0


class SlowThinker(Healthy):
    """A reasoning model: the list comes at once, the first byte of a completion after 8 s."""

    thinking = 8.0


class VerySlowThinker(Healthy):
    """The same with 20 s."""

    thinking = 20.0


class EmptyList(Healthy):
    """Lists no models, and so serves none."""

    def __init__(self, name: Name) -> None:
        super().__init__(name)
        self.listed, self.served = [], frozenset()


class LyingList(Healthy):
    """Lists models, but every completion is 404 model_not_found."""

    def __init__(self, name: Name) -> None:
        super().__init__(name)
        self.served = frozenset()


class Html200(Healthy):
    """A login page: 200 text/html everywhere."""

    def refuse(self, call: RelayCall) -> Answer | None:
        return answers.page(200, "login")


class Error200(Healthy):
    """The model list is fine; completions are 200 with an error object as body."""

    def chat(self, call: RelayCall) -> Answer:
        body = {"error": {"message": "something went wrong", "type": "server_error", "code": None}}
        return answers.events([body]) if call.stream else answers.good(body)

    responses = chat
    messages = chat


class CutStream(Healthy):
    """Whole answers are fine; streams end before their end marker."""

    def chat(self, call: RelayCall) -> Answer:
        message, finish = self.message(call)
        return answers.chat_stream(call, message, finish, cut=True) if call.stream else super().chat(call)

    def responses(self, call: RelayCall) -> Answer:
        if not call.stream:
            return super().responses(call)
        body = {"id": "resp_1", "status": "completed", "output": [answers.text_output(self.text)]}
        return answers.events(answers.response_events(body, cut=True), named=True, done=False)


class Reasoning(Healthy):
    """Thinks first: with fewer than 200 tokens the content is empty and the finish reason `length`."""

    def short(self, call: RelayCall) -> bool:
        return call.budget is not None and call.budget < 200

    def message(self, call: RelayCall) -> tuple[dict[str, Any], str]:
        thought = {"reasoning_content": "Let me think about that."}
        if self.short(call):
            return {"content": "", **thought}, "length"
        message, finish = super().message(call)
        return {**message, **thought}, finish

    def responses(self, call: RelayCall) -> Answer:
        return answers.responses(call, [], "incomplete") if self.short(call) else super().responses(call)


class DoubleV1(Healthy):
    """Answers only under /v1/v1/...; everything else is 404."""

    root = "/v1/v1"


class LateForbidden(Healthy):
    """Chat is fine, `/responses` is always 403: the host's own probe then believes in Responses."""

    def responses(self, call: RelayCall) -> Answer:
        return answers.error(403, "Your request was blocked", "permission_error")


class StreamForbidden(Healthy):
    """Whole answers are fine; the first streamed call is 503 "No available accounts", every later one 403."""

    def chat(self, call: RelayCall) -> Answer:
        if not call.stream:
            return super().chat(call)
        if call.budget is None and call.first("stream"):  # a probe with a token limit does not warm it up
            return Answer(503, {"error": {"message": "No available accounts", "type": "api_error"}})
        return answers.error(403, "Forbidden", "permission_error")


class NoList(Healthy):
    """GET models is 404, but chat works."""

    def models(self, call: RelayCall) -> Answer:
        return answers.unknown_path(call.endpoint)


class NoMoney(Healthy):
    """The model list is fine; completions are 429 with an account that is in arrears (Zhipu's code 1113)."""

    def chat(self, call: RelayCall) -> Answer:
        return Answer(429, {"error": {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}})

    responses = chat
    messages = chat


class NoMoney200(Healthy):
    """The same under 200, as some relays do."""

    def chat(self, call: RelayCall) -> Answer:
        return answers.good({"success": False, "message": "用户额度不足", "code": "insufficient_user_quota"})

    responses = chat
    messages = chat


class DeadKey200(Healthy):
    """The model list is open to everybody; completions are 200 with an error about the key."""

    def chat(self, call: RelayCall) -> Answer:
        return answers.good({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}})

    responses = chat
    messages = chat


class OneModelRefused(Healthy):
    """Lists models, but the first that a key asks for is 403 for it."""

    def refuse_model(self, call: RelayCall) -> Answer | None:
        if self.is_first_asked(call):
            return answers.error(403, f"该令牌无权访问模型 {call.model}", "new_api_error")
        return super().refuse_model(call)

    def is_first_asked(self, call: RelayCall) -> bool:
        if not any(name.startswith("first:") for name in call.counts):
            call.counts[f"first:{call.model}"] = 1
        return f"first:{call.model}" in call.counts


class OneModelLimited(OneModelRefused):
    """The first model that a key asks for is 429, and named."""

    def refuse_model(self, call: RelayCall) -> Answer | None:
        if self.is_first_asked(call):
            return answers.error(429, f"{call.model} is temporarily rate-limited upstream", "rate_limit_error")
        return super().refuse_model(call)


class StreamOnly(Healthy):
    """Chat completions must be streamed."""

    def chat(self, call: RelayCall) -> Answer:
        return super().chat(call) if call.stream else answers.error(400, "Stream must be set to true")


class AlwaysStreams(Healthy):
    """Chat completions come as a stream, whatever was asked for."""

    def chat(self, call: RelayCall) -> Answer:
        return answers.chat_stream(call, *self.message(call))


class NewLimitName(Healthy):
    """Chat refuses `max_tokens` and wants `max_completion_tokens`."""

    def chat(self, call: RelayCall) -> Answer:
        if "max_tokens" in call.body:
            text = "Unsupported parameter: 'max_tokens' is not supported with this model."
            return answers.error(400, f"{text} Use 'max_completion_tokens' instead.", code="unsupported_parameter")
        return super().chat(call)


class WantsInstructions(ResponsesOnly):
    """Responses only; each request must carry instructions."""

    def responses(self, call: RelayCall) -> Answer:
        if not call.body.get("instructions"):
            return Answer(400, {"detail": "Instructions are required"})
        return super().responses(call)


class CodexOnly(Healthy):
    """Admits one client program only, by its User-Agent."""

    def refuse(self, call: RelayCall) -> Answer | None:
        if call.method == "POST" and not call.headers.get("User-Agent", "").startswith("codex"):
            return answers.error(403, "This account only allows Codex official clients", "forbidden_error")
        return super().refuse(call)


class WallText(Healthy):
    """A wall that refuses in plain text, for everything."""

    def refuse(self, call: RelayCall) -> Answer | None:
        return Answer(403, "error code: 1010", content_type="text/plain; charset=UTF-8")


class HtmlLabel(Healthy):
    """Good JSON that is labelled `text/html`."""

    def chat(self, call: RelayCall) -> Answer:
        answer = super().chat(call)
        return answer if call.stream else Answer(200, answer.body, content_type=HTML)


class Slugs(Healthy):
    """The list is under `models`, with the ids in `slug`."""

    def models(self, call: RelayCall) -> Answer:
        return answers.good({"models": [{"slug": model, "display_name": model} for model in self.listed]})


class OnlyWildcard(Healthy):
    """The list has one entry, `*`."""

    def models(self, call: RelayCall) -> Answer:
        return answers.good({"object": "list", "data": [{"id": "*", "object": "model"}]})


class Redirects(Healthy):
    """Everything is at another address."""

    def refuse(self, call: RelayCall) -> Answer | None:
        return Answer(301, "", {"Location": f"https://relay.invalid/v1{call.endpoint}"}, content_type=HTML)


class BareRoot(Healthy):
    """Answers without a version in the path, as `/models` and `/chat/completions`."""

    root = ""


class AnotherModel(Healthy):
    """Answers as another model than the one that was asked for."""

    def chat(self, call: RelayCall) -> Answer:
        call.body["model"] = "gpt-3.5-turbo" if call.model != "gpt-3.5-turbo" else "gpt-4o"
        return super().chat(call)

    def refuse_model(self, call: RelayCall) -> Answer | None:
        return None


def profile_name(relay: type[Healthy]) -> str:
    """`XApiKeyOnly` -> `x_api_key_only`, `Html200` -> `html_200`."""
    return re.sub(r"(?<!^)(?=[A-Z])|(?<=[a-z])(?=\d)", "_", relay.__name__).lower()


_CLASSES = (
    Healthy, ChatOnly, ResponsesOnly, MessagesOnly, XApiKeyOnly, DeadKey, Waf, RateLimited, Flaky, Slow, SlowThinker,
    VerySlowThinker, EmptyList, LyingList, Html200, Error200, CutStream, Reasoning, DoubleV1, LateForbidden,
    StreamForbidden, NoList, NoMoney, NoMoney200, DeadKey200, OneModelRefused, OneModelLimited, StreamOnly,
    AlwaysStreams, NewLimitName, WantsInstructions, CodexOnly, WallText, HtmlLabel, Slugs, OnlyWildcard, Redirects,
    BareRoot, AnotherModel,
)  # fmt: skip
PROFILES: dict[str, type[Healthy]] = {profile_name(relay): relay for relay in _CLASSES}
DOWN = "down"  # no class: nobody listens there
