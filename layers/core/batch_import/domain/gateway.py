"""What the host's gateway answered to a real completion, and what follows.

See docs/design.md#25-validate, docs/host-api.md#handler-errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from batch_import.domain.account import ResponsesMode
from batch_import.domain.answers import Answer, Trouble, error_of
from batch_import.domain.capability import text_in
from batch_import.domain.demands import Demands, asked, demands_named
from batch_import.domain.outcomes import Code
from batch_import.domain.refusals import Refusal, refusals_in, refused_instead, speaks_of_key, speaks_of_money
from batch_import.domain.streams import whole_body
from batch_import.domain.types import Platform

MAX_TOKENS = 512


class Proof(StrEnum):
    PROVEN = "proven"
    JOINING = "joining"  # the scheduler may not have seen the account yet: ask again in a moment
    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class GatewayDecision:
    proof: Proof
    code: Code = Code.INTERNAL_ERROR  # of any but a proven one
    parked: bool = False  # the host took the account out of service: wake it before the next try


def completion_request(model: str, nonce: str, demands: Demands) -> tuple[str, dict[str, Any]]:
    """Path and body of the proof. Not streamed unless the relay demands it: a stream's failures hide behind status 200
    (docs/host-api.md#streams-hide-failures). A chat completion, unless the relay wants instructions.

    ``nonce`` makes the first message unlike any other: hosts stick a session, which they tell by model and first
    message, to the account that served it before, and 0.1.130 does so even after that account has left the group.
    """
    text = f"Reply with the single word: ok ({nonce})"
    if demands.instructions:
        body = {"model": model, "input": text, "max_output_tokens": MAX_TOKENS, "stream": False}
        return "/v1/responses", asked(body, demands)
    body = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": MAX_TOKENS, "stream": False}
    return "/v1/chat/completions", asked(body, demands)


def proof_demands(names: tuple[str, ...], responses_mode: str | None) -> Demands:
    """What the proof asks of the gateway.

    For a chat request on the responses path the host makes a form of its own, always streamed, without instructions.
    """
    demands = demands_named(names)
    by_chat = responses_mode != ResponsesMode.RESPONSES
    return demands if by_chat or demands.instructions else Demands()


def judge_completion(
    answer: Answer, *, streamed: bool = False, platform: Platform = Platform.OPENAI
) -> GatewayDecision:
    """By ``choices``, not by status or content type alone: a relay's 200 login page passes through as it is.

    ``streamed``: a stream was asked for. Otherwise one is no valid answer: a customer could not read it either.
    """
    if answer.trouble is not None:
        code = Code.HOST_UNAVAILABLE if answer.trouble in _NO_HOST else Code.GATEWAY_UPSTREAM_FAILED
        return GatewayDecision(Proof.RETRY, code)
    if answer.ok:
        return _judge_success(whole_body(answer) if streamed else answer.json)
    of_relay = platform is not Platform.OPENAI and answer.error.get("type") == "server_error"
    known = _OF_OTHER_PLATFORMS.get(answer.status) if of_relay else None
    return known or _judge_failure(answer.status, answer.json, answer.error_message)


_NO_MONEY = GatewayDecision(Proof.FAIL, Code.PAYMENT_REQUIRED)
_NO_HOST = (Trouble.UNREACHABLE, Trouble.TLS, Trouble.ADDRESS_REFUSED)


def _judge_success(body: Any) -> GatewayDecision:
    if error := error_of(body):
        return GatewayDecision(Proof.RETRY, Code.INVALID_ANSWER) if not speaks_of_money(str(error)) else _NO_MONEY
    if not isinstance(body, dict):
        return GatewayDecision(Proof.RETRY, Code.INVALID_ANSWER)
    if instead := refused_instead(text_in(body)):
        return _NO_MONEY if Refusal.MONEY in instead else GatewayDecision(Proof.RETRY, Code.INVALID_ANSWER)
    if any(map(_has_content, _parts(body))):
        return GatewayDecision(Proof.PROVEN)
    return GatewayDecision(Proof.RETRY, Code.GATEWAY_EMPTY_COMPLETION)


def _parts(body: Mapping[str, Any]) -> list[Any]:
    """The message of a chat completion, or the items of a response."""
    choices, output = body.get("choices"), body.get("output")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return [choices[0].get("message")]
    return output if isinstance(output, list) else []


def _has_content(message: Any) -> bool:
    if not isinstance(message, dict):
        return False
    if message.get("type") == "function_call":
        return True
    return any(message.get(field) for field in ("content", "tool_calls", "reasoning_content", "reasoning"))


# Of the platforms anthropic and gemini the relay's own status arrives, as an error of type server_error, and the host
# takes the account out of service. Refusals of our key have other types (docs/host-api.md#platform-gateway-errors).
_OF_OTHER_PLATFORMS = {
    401: GatewayDecision(Proof.FAIL, Code.GATEWAY_UPSTREAM_AUTH_FAILED),
    403: GatewayDecision(Proof.RETRY, Code.GATEWAY_UPSTREAM_FAILED, parked=True),
    429: GatewayDecision(Proof.RETRY, Code.RATE_LIMITED, parked=True),
    529: GatewayDecision(Proof.RETRY, Code.GATEWAY_UPSTREAM_FAILED, parked=True),
}


def _judge_failure(status: int, body: Any, message: str) -> GatewayDecision:
    code = str(body.get("code")) if isinstance(body, dict) else ""
    text = message.lower()
    if status == 402 or (status in (400, 404, 422) and speaks_of_money(text)):
        return _NO_MONEY
    if status in (401, 403):  # a relay's own refusals come as 502 (docs/host-api.md#handler-errors)
        group = code.startswith("GROUP_") and code != "GROUP_NOT_ALLOWED"
        return (
            GatewayDecision(Proof.FAIL, Code.GROUP_NOT_USABLE)
            if group
            else GatewayDecision(Proof.RETRY, Code.GATEWAY_REFUSED_KEY)
        )
    if status == 503 and ("no available" in text or "service temporarily unavailable" in text):
        return GatewayDecision(Proof.JOINING, Code.GATEWAY_NO_ACCOUNT)
    if status == 404:
        return GatewayDecision(Proof.JOINING, Code.GATEWAY_MIS_MAPPED)
    if status == 502 and "authentication failed" in text:
        return GatewayDecision(Proof.FAIL, Code.GATEWAY_UPSTREAM_AUTH_FAILED)
    if status == 502 and "forbidden" in text:
        return GatewayDecision(Proof.RETRY, Code.GATEWAY_UPSTREAM_FAILED, parked=True)
    if status == 429:
        return GatewayDecision(Proof.RETRY, Code.RATE_LIMITED)
    if status == 400 and speaks_of_key(text):
        return GatewayDecision(Proof.FAIL, Code.GATEWAY_UPSTREAM_AUTH_FAILED)
    if status == 400 and Refusal.PARAMETER in refusals_in(text):
        return GatewayDecision(Proof.FAIL, Code.REQUEST_REJECTED)
    if status == 400 and ("model" in text and "not" in text):
        return GatewayDecision(Proof.FAIL, Code.GATEWAY_MIS_MAPPED)
    return (
        GatewayDecision(Proof.RETRY, Code.GATEWAY_UPSTREAM_FAILED)
        if status >= 500
        else GatewayDecision(Proof.FAIL, Code.REQUEST_REJECTED)
    )
