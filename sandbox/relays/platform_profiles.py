"""Profiles of relays that speak Anthropic's messages or Gemini's own protocol, or want their key elsewhere."""

# ruff: noqa: ARG002 - overrides keep the signature of the base class

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from sandbox.http import Answer
from sandbox.relays import answers, gemini_answers
from sandbox.relays.call import Name, RelayCall
from sandbox.relays.models import CLAUDE, GEMINI, first_of
from sandbox.relays.profiles import ChatOnly, Healthy, MessagesOnly, profile_name

BEARER = "authorization"


def shown_keys(call: RelayCall, headers: Iterable[str]) -> list[str]:
    """The keys that stand in these headers."""
    return [call.bearer if name == BEARER else call.headers.get(name, "") for name in headers]


class Messages(MessagesOnly):
    """Anthropic messages only, key in `x-api-key` or as Bearer, also for the list; every other path is 404."""

    wants: ClassVar[tuple[str, ...]] = ("x-api-key", BEARER)  # the headers in which the key is looked for

    def __init__(self, name: Name) -> None:
        super().__init__(name)
        self.listed = first_of(CLAUDE, name.models)
        self.served = frozenset(self.listed)

    def refuse(self, call: RelayCall) -> Answer | None:
        if call.endpoint not in ("/messages", "/models"):
            return answers.unknown_path(call.endpoint)
        return None if any(map(self.accepts, shown_keys(call, self.wants))) else answers.messages_failure(401)

    def refuse_model(self, call: RelayCall) -> Answer | None:
        return None if call.model in self.served else answers.messages_failure(404, f"model: {call.model} not found")


class MessagesXApiKey(Messages):
    """Messages; the key in `x-api-key` only."""

    wants = ("x-api-key",)


class MessagesBearer(Messages):
    """Messages; the key as Bearer only."""

    wants = (BEARER,)


class MessagesApiKeyHeader(Messages):
    """Messages; the key in the header `api-key` only."""

    wants = ("api-key",)


class MessagesCompact(Messages):
    """Messages whose stream has no blank after `event:` and `data:`."""

    def messages(self, call: RelayCall) -> Answer:
        answer = super().messages(call)
        if isinstance(answer.body, str):
            answer.body = answer.body.replace("event: ", "event:").replace("\ndata: ", "\ndata:")
        return answer


class MessagesDataOnly(Messages):
    """Messages whose stream has `data:` lines without `event:` lines."""

    def messages(self, call: RelayCall) -> Answer:
        answer = super().messages(call)
        if isinstance(answer.body, str):
            answer.body = re.sub(r"^event: .*\n", "", answer.body, flags=re.MULTILINE)
        return answer


class MessagesNoStream(Messages):
    """Messages that are never streamed: JSON, whatever was asked for."""

    def messages(self, call: RelayCall) -> Answer:
        call.body["stream"] = False
        return super().messages(call)


class MessagesNoText(Messages):
    """Messages that end without any text."""

    def messages(self, call: RelayCall) -> Answer:
        return answers.messages(call, {"type": "text", "text": ""})


class MessagesErrorEvent(Messages):
    """Messages whose stream is one error event under 200; a whole answer is fine."""

    def messages(self, call: RelayCall) -> Answer:
        if not call.stream:
            return super().messages(call)
        error = {"type": "overloaded_error", "message": "Overloaded"}
        return answers.events([{"type": "error", "error": error}], named=True, done=False)


class MessagesClaudeCode(Messages):
    """Messages for Claude Code clients only, by their User-Agent; others are 403."""

    def messages(self, call: RelayCall) -> Answer:
        if not call.headers.get("User-Agent", "").startswith("claude-cli"):
            return answers.messages_failure(403, "This API key may only be used with Claude Code")
        return super().messages(call)


class MessagesNoMoney(Messages):
    """Messages are 400 with Anthropic's sentence about the credit balance."""

    def messages(self, call: RelayCall) -> Answer:
        text = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade."
        return answers.messages_failure(400, text)


class MessagesNoList(Messages):
    """The model list is 404; messages work."""

    def models(self, call: RelayCall) -> Answer:
        return answers.messages_failure(404)


class MessagesAnthropicList(Messages):
    """The list of 25 models in Anthropic's form, 20 to a page, further ones by `after_id`."""

    def __init__(self, name: Name) -> None:
        super().__init__(name)
        self.listed = first_of(CLAUDE, name.models or 25)
        self.served = frozenset(self.listed)

    def models(self, call: RelayCall) -> Answer:
        after, size = call.query.get("after_id", ""), int(call.query.get("limit", "20"))
        start = self.listed.index(after) + 1 if after in self.listed else 0
        return answers.good(self.page(self.listed[start : start + size], more=start + size < len(self.listed)))

    def page(self, names: list[str], *, more: bool) -> dict[str, Any]:
        rows = [{"type": "model", "id": n, "display_name": n, "created_at": "2025-09-29T00:00:00Z"} for n in names]
        ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
        return {"data": rows, "has_more": more, **ends}


class ChatApiKeyHeader(ChatOnly):
    """Chat completions only; the key in the header `api-key` only."""

    def key_of(self, call: RelayCall) -> str:
        return call.headers.get("api-key", "")


class GeminiNative(Healthy):
    """Gemini's own protocol below `/v1beta`; the key in `x-goog-api-key` only."""

    root = "/v1beta"
    suffix = ""
    _ACTION = re.compile(r"/models/(.+):(generateContent|streamGenerateContent)")

    def __init__(self, name: Name) -> None:
        super().__init__(name)
        self.listed = first_of(GEMINI, name.models)
        self.served = frozenset(self.listed)

    def refuse(self, call: RelayCall) -> Answer | None:
        if call.endpoint != "/models" and not self._ACTION.fullmatch(call.endpoint):
            return gemini_answers.failure(404)
        return None if self.accepts(self.key_of(call)) else gemini_answers.bad_key()

    def key_of(self, call: RelayCall) -> str:
        return call.headers.get("x-goog-api-key", "")

    def models(self, call: RelayCall) -> Answer:
        return gemini_answers.models(self.listed)

    def post(self, call: RelayCall) -> Answer | None:
        found = self._ACTION.fullmatch(call.endpoint)
        if found is None:
            return None
        call.body["model"], action = found.groups()
        return self.generate(call, streamed=action == "streamGenerateContent")

    def generate(self, call: RelayCall, *, streamed: bool) -> Answer:
        if not streamed:
            return gemini_answers.content(self.parts(call, [self.text])[0], call.model)
        return gemini_answers.stream(self.parts(call, answers.split(self.text)), call.model)

    def parts(self, call: RelayCall, texts: list[str]) -> list[dict[str, Any]]:
        """The pieces of an answer: texts, or the call of a tool when the caller insists on one."""
        mode = call.body.get("toolConfig", {}).get("functionCallingConfig", {}).get("mode")
        if mode != "ANY":
            return [{"text": text} for text in texts]
        name = call.body["tools"][0]["functionDeclarations"][0]["name"]
        return [{"functionCall": {"name": name, "args": {}}}]

    def failure(self, call: RelayCall, status: int) -> Answer:
        return gemini_answers.failure(status)

    def refuse_model(self, call: RelayCall) -> Answer | None:
        if call.model in self.served:
            return None
        return gemini_answers.failure(404, f"models/{call.model} is not found for API version v1beta")


class GeminiQueryKey(GeminiNative):
    """Gemini's own protocol; the key as `?key=` only."""

    def key_of(self, call: RelayCall) -> str:
        return call.query.get("key", "")


class GeminiBearer(GeminiNative):
    """Gemini's own protocol; the key as Bearer only."""

    def key_of(self, call: RelayCall) -> str:
        return call.bearer


_CLASSES = (
    MessagesXApiKey, MessagesBearer, MessagesApiKeyHeader, MessagesCompact, MessagesDataOnly, MessagesNoStream,
    MessagesNoText, MessagesErrorEvent, MessagesClaudeCode, MessagesNoMoney, MessagesNoList, MessagesAnthropicList,
    ChatApiKeyHeader, GeminiNative, GeminiQueryKey, GeminiBearer,
)  # fmt: skip
PLATFORM_PROFILES: dict[str, type[Healthy]] = {profile_name(relay): relay for relay in _CLASSES}
