"""The gateway's answers to a real completion: bodies of docs/host-api.md#middleware-errors and
docs/host-api.md#handler-errors, captured ones, and the decision.
"""

import json
from pathlib import Path

import pytest
from batch_import.domain.answers import Answer, Trouble
from batch_import.domain.demands import Demands
from batch_import.domain.gateway import Proof, completion_request, judge_completion, proof_demands
from batch_import.domain.outcomes import OUTCOMES
from batch_import.domain.retry_policy import retry_policy
from batch_import.domain.types import Platform
from hypothesis import given
from hypothesis import strategies as st

WIRE = Path(__file__).parents[2] / "contract" / "wire"


def middleware(status: int, code: str, message: str = "no") -> Answer:
    return Answer(status, json.dumps({"code": code, "message": message}), "application/json; charset=utf-8")


def handler(status: int, kind: str, message: str) -> Answer:
    body = {"error": {"type": kind, "message": message}}
    return Answer(status, json.dumps(body), "application/json; charset=utf-8")


def success(content: object) -> Answer:
    return Answer(200, json.dumps(content), "application/json")


MIDDLEWARE = {
    (401, "API_KEY_REQUIRED"): "retry gateway_refused_key",
    (401, "INVALID_API_KEY"): "retry gateway_refused_key",
    (401, "API_KEY_DISABLED"): "retry gateway_refused_key",
    (401, "USER_NOT_FOUND"): "retry gateway_refused_key",
    (401, "USER_INACTIVE"): "retry gateway_refused_key",
    (403, "ACCESS_DENIED"): "retry gateway_refused_key",
    (403, "GROUP_DELETED"): "fail group_not_usable",
    (403, "GROUP_DISABLED"): "fail group_not_usable",
    (403, "GROUP_NOT_ALLOWED"): "retry gateway_refused_key",
    (403, "SUBSCRIPTION_NOT_FOUND"): "retry gateway_refused_key",
    (403, "SUBSCRIPTION_INVALID"): "retry gateway_refused_key",
    (403, "API_KEY_EXPIRED"): "retry gateway_refused_key",
    (403, "INSUFFICIENT_BALANCE"): "retry gateway_refused_key",
    (429, "USAGE_LIMIT_EXCEEDED"): "retry rate_limited",
    (429, "API_KEY_QUOTA_EXHAUSTED"): "retry rate_limited",
    (429, "INVALID_AUTH_RATE_LIMITED"): "retry rate_limited",
    (503, "API_KEY_AUTH_OVERLOADED"): "retry gateway_upstream_failed",
    (500, "INTERNAL_ERROR"): "retry gateway_upstream_failed",
    (500, "SUBSCRIPTION_MAINTENANCE_FAILED"): "retry gateway_upstream_failed",
}
HANDLER = {
    (400, "invalid_request_error", "model is required"): "fail request_rejected",
    (400, "invalid_request_error", "model x is not supported"): "fail gateway_mis_mapped",
    (404, "model_not_found", 'Model "x" is not supported by any configured account in this group'):
        "joining gateway_mis_mapped",
    (404, "not_found_error", "The model `x` does not exist"): "joining gateway_mis_mapped",
    (503, "api_error", "Service temporarily unavailable"): "joining gateway_no_account",
    (503, "api_error", "No available accounts"): "joining gateway_no_account",
    (503, "api_error", "No available accounts: all candidates rejected by group profit control"):
        "joining gateway_no_account",
    (429, "rate_limit_error", "All available accounts are currently rate-limited. Please retry later."):
        "retry rate_limited",
    (429, "rate_limit_error", "Concurrency limit exceeded for user, please retry later"): "retry rate_limited",
    (429, "rate_limit_error", "Too many pending requests, please retry later"): "retry rate_limited",
    (429, "rate_limit_error", "Upstream rate limit exceeded, please retry later"): "retry rate_limited",
    (502, "upstream_error", "Upstream authentication failed, please contact administrator"):
        "fail gateway_upstream_auth_failed",
    (502, "upstream_error", "Upstream access forbidden, please contact administrator"):
        "retry gateway_upstream_failed parked",
    (503, "upstream_error", "Upstream service overloaded, please retry later"): "retry gateway_upstream_failed",
    (502, "upstream_error", "Upstream service temporarily unavailable"): "retry gateway_upstream_failed",
    (502, "upstream_error", "Upstream request failed"): "retry gateway_upstream_failed",
    (413, "invalid_request_error", "body too large"): "fail request_rejected",
    (422, "api_error", "the upstream's own message"): "fail request_rejected",
    (400, "invalid_request_error", "messages is not a list"): "fail request_rejected",
    (402, "billing_error", "no"): "fail payment_required",
    (404, "not_found_error", "Insufficient balance"): "fail payment_required",
    (422, "api_error", "您的余额不足，请充值后继续使用。"): "fail payment_required",
    # What passes says nothing definite, whatever its words.
    (500, "api_error", "authentication failed"): "retry gateway_upstream_failed",
    (500, "api_error", "forbidden"): "retry gateway_upstream_failed",
    (502, "upstream_error", "The model `x` does not exist"): "retry gateway_upstream_failed",
    (502, "upstream_error", "Unsupported parameter: 'max_tokens' is not supported with this model."):
        "retry gateway_upstream_failed",
}  # fmt: skip
CAPTURED = {
    "401-invalid-key": "retry gateway_refused_key",
    "403-group-not-allowed": "retry gateway_refused_key",
    "403-insufficient-balance": "retry gateway_refused_key",
    "403-subscription-not-found": "retry gateway_refused_key",
    "404-model-not-found": "joining gateway_mis_mapped",
    "upstream-m404-try1": {"179": "retry gateway_upstream_failed", "130": "joining gateway_mis_mapped"},
    "429-concurrency": "retry rate_limited",
    "429-invalid-auth": "retry rate_limited",
    "503-after-clear-error-schedulable-false": "joining gateway_no_account",
    "503-empty-group": "joining gateway_no_account",
    "503-unknown-model": "joining gateway_no_account",
    "upstream-a429-try1": "retry rate_limited",
    "upstream-a429-try2": "joining gateway_no_account",
    "upstream-a401-try1": "fail gateway_upstream_auth_failed",
    "upstream-a403-try1": "retry gateway_upstream_failed parked",
    "upstream-html403-try1": "retry gateway_upstream_failed parked",
    "upstream-a500-try1": "retry gateway_upstream_failed",
    "upstream-a500-try3": "joining gateway_no_account",
    "upstream-refused-try1": "retry gateway_upstream_failed",
    "502-refused-account-no-failover": "retry gateway_upstream_failed",
    "upstream-html200-try1": "retry invalid_answer",
    "200-alias": "proven",
    "200-after-failover-headers": "proven",
    "200-stream": "retry invalid_answer",  # never asked for: a stream's failures hide behind 200
}
FILES = sorted(path for path in WIRE.glob("1??-gateway-*.json") if path.stem != "179-gateway-models")


# Of the platforms anthropic and gemini; a value may differ by version.
CAPTURED_ELSEWHERE: dict[str, str | dict[str, str]] = {
    "anthropic-gateway-200": "proven",
    "anthropic-gateway-200-no-content": "retry gateway_empty_completion",
    "anthropic-gateway-200-stream": "retry invalid_answer",
    "anthropic-gateway-200-tool-call-bad-arguments": "proven",
    "anthropic-gateway-404-model-not-found": "joining gateway_mis_mapped",
    "anthropic-gateway-503-account-in-openai-group": "joining gateway_no_account",
    "anthropic-gateway-503-channel-priced-for-openai": "joining gateway_no_account",
    "anthropic-gateway-503-empty-group": "joining gateway_no_account",
    "anthropic-gateway-503-unknown-model": "joining gateway_no_account",
    "anthropic-gateway-bearer-scheme-ignored-401": "fail gateway_upstream_auth_failed",
    "anthropic-gateway-upstream-a401-try1": "fail gateway_upstream_auth_failed",
    "anthropic-gateway-upstream-a403-try1": "retry gateway_upstream_failed parked",
    "anthropic-gateway-upstream-a429-try1": "retry rate_limited parked",
    "anthropic-gateway-upstream-a500-try1": "retry gateway_upstream_failed",
    "anthropic-gateway-upstream-a503-try1-after-20s": "retry gateway_upstream_failed",
    "anthropic-gateway-upstream-a529-try1": "retry gateway_upstream_failed parked",
    "anthropic-gateway-upstream-compact-sse-502": "retry gateway_upstream_failed",
    "anthropic-gateway-upstream-credit400-try1": "fail payment_required",
    "anthropic-gateway-upstream-json-instead-of-sse-502": "retry gateway_upstream_failed",
    "anthropic-gateway-upstream-json-instead-of-sse-stream-200-empty": "retry invalid_answer",
    "anthropic-gateway-upstream-m404-try1": "joining gateway_mis_mapped",
    "anthropic-gateway-upstream-refused-try1": "retry gateway_upstream_failed",
    "gemini-gateway-200": "proven",
    "gemini-gateway-200-stream": "retry invalid_answer",
    "gemini-gateway-upstream-a429-after-15s": "retry rate_limited parked",
    "gemini-gateway-upstream-bad-key-400":
        {"179": "fail gateway_upstream_auth_failed", "130": "fail request_rejected"},
    "gemini-gateway-upstream-refused-leaks-url": "retry gateway_upstream_failed",
}  # fmt: skip
NATIVE = ("messages-native", "messages-upstream-a401", "gateway-responses")  # of other paths than the proof's
ELSEWHERE = sorted(
    path for path in WIRE.glob("1??-*-gateway-*.json") if path.stem[4:].startswith(("anthropic", "gemini"))
    and not path.stem.endswith(NATIVE)
)  # fmt: skip


def told(answer: Answer, platform: Platform = Platform.OPENAI) -> str:
    decision = judge_completion(answer, platform=platform)
    code = "" if decision.proof is Proof.PROVEN else decision.code
    return " ".join(filter(None, (decision.proof, code, "parked" if decision.parked else "")))


@pytest.mark.parametrize(("case", "expected"), MIDDLEWARE.items())
def test_refusals_of_the_middleware(case: tuple[int, str], expected: str) -> None:
    assert told(middleware(*case)) == expected


@pytest.mark.parametrize(("case", "expected"), HANDLER.items())
def test_errors_of_the_handler(case: tuple[int, str, str], expected: str) -> None:
    assert told(handler(*case)) == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_captured_answers_of_real_hosts_are_understood(path: Path) -> None:
    captured = json.loads(path.read_text())["response"]
    text = captured["body"] if isinstance(captured["body"], str) else json.dumps(captured["body"])
    version, name = path.stem.split("-gateway-")
    expected = CAPTURED[name]
    expected = expected[version] if isinstance(expected, dict) else expected
    assert told(Answer(captured["status"], text, captured["headers"].get("content-type", ""))) == expected


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: path.stem)
def test_captured_answers_of_other_platforms_are_understood(path: Path) -> None:
    captured = json.loads(path.read_text())["response"]
    text = captured["body"] if isinstance(captured["body"], str) else json.dumps(captured["body"])
    version, name = path.stem[:3], path.stem[4:]
    expected = CAPTURED_ELSEWHERE[name]
    expected = expected[version] if isinstance(expected, dict) else expected
    answer = Answer(captured["status"], text, captured["headers"].get("content-type", ""))
    assert told(answer, Platform(name.split("-")[0])) == expected


def test_a_server_error_of_platform_openai_is_no_relays_status() -> None:
    refused = handler(401, "server_error", "no")
    assert told(refused, Platform.OPENAI) == "retry gateway_refused_key"
    assert told(refused, Platform.GEMINI) == "fail gateway_upstream_auth_failed"


def test_a_body_is_read_as_json_whatever_its_type_says() -> None:
    """0.1.130 labels a good answer of platform anthropic as a stream."""
    text = json.dumps({"choices": [{"message": {"content": "ok"}}]})
    assert told(Answer(200, text, "text/event-stream"), Platform.ANTHROPIC) == "proven"


@pytest.mark.parametrize("case", MIDDLEWARE)
@pytest.mark.parametrize("platform", [Platform.ANTHROPIC, Platform.GEMINI])
def test_refusals_of_the_middleware_are_the_same_on_every_platform(case: tuple[int, str], platform: Platform) -> None:
    assert told(middleware(*case), platform) == MIDDLEWARE[case]


@pytest.mark.parametrize("platform", Platform)
@pytest.mark.parametrize(
    "answer",
    [
        Answer(
            403,
            '{"type":"error","error":{"type":"permission_error","message":"API Key is not assigned to any group"}}',
            "application/json",
        ),
        handler(403, "billing_error", "Insufficient account balance"),
        handler(401, "authentication_error", "no"),
    ],
)
def test_a_refusal_of_our_own_key_says_nothing_about_the_relay(answer: Answer, platform: Platform) -> None:
    assert told(answer, platform) == "retry gateway_refused_key"


@pytest.mark.parametrize(
    "message",
    [
        {"content": "ok"},
        {"content": None, "tool_calls": [{"id": "call_1"}]},
        {"content": "", "reasoning_content": "hm"},
        {"content": "", "reasoning": "hm"},
    ],
)
def test_a_completion_with_something_in_it_is_proof(message: dict[str, object]) -> None:
    assert told(success({"choices": [{"message": message}]})) == "proven"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (success({"choices": []}), "retry gateway_empty_completion"),
        (success({"choices": [{"message": {"content": ""}}]}), "retry gateway_empty_completion"),
        (success({"choices": [None]}), "retry gateway_empty_completion"),
        (success({"choices": [{"delta": {"content": "x"}}]}), "retry gateway_empty_completion"),
        (success({"choices": "x"}), "retry gateway_empty_completion"),
        (success({}), "retry gateway_empty_completion"),
        (success([]), "retry invalid_answer"),
        (success({"error": {"message": "Insufficient balance"}}), "fail payment_required"),
        (success([{"error": {"message": "Insufficient balance"}}]), "fail payment_required"),
        (success({"error": {"message": "no"}, "choices": [{"message": {"content": "ok"}}]}), "retry invalid_answer"),
        (Answer(200, "<html>login</html>", "text/html"), "retry invalid_answer"),
        (Answer(200, "<html>login</html>", "application/json"), "retry invalid_answer"),
        (Answer(200, "", ""), "retry invalid_answer"),
    ],
)
def test_a_200_is_not_enough(answer: Answer, expected: str) -> None:
    assert told(answer) == expected


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Trouble.UNREACHABLE, "host_unavailable"),
        (Trouble.TLS, "host_unavailable"),
        (Trouble.ADDRESS_REFUSED, "host_unavailable"),
        (Trouble.READ_TIMEOUT, "gateway_upstream_failed"),
        (Trouble.CUT, "gateway_upstream_failed"),
        (Trouble.TOO_LARGE, "gateway_upstream_failed"),
    ],
)
def test_trouble_on_the_way_is_tried_again(trouble: Trouble, code: str) -> None:
    assert told(Answer(trouble=trouble)) == f"retry {code}"


@given(st.integers(100, 599), st.text(max_size=40), st.booleans())
def test_every_answer_leads_to_a_documented_code(status: int, text: str, envelope: bool) -> None:
    answer = handler(status, "api_error", text) if envelope else Answer(status, text)
    decision = judge_completion(answer)
    if decision.proof is Proof.PROVEN:
        return
    assert decision.code in OUTCOMES
    if decision.proof is Proof.RETRY:
        assert retry_policy(decision.code).attempts > 1


def test_the_request_is_a_whole_answer_with_room_for_thinking() -> None:
    path, request = completion_request("kimi-k2.6", "run_1-item_00001-1", Demands())
    assert path == "/v1/chat/completions"
    assert "run_1-item_00001-1" in request["messages"][0]["content"]
    assert (request["model"], request["stream"], request["messages"][0]["role"]) == ("kimi-k2.6", False, "user")
    assert request["max_tokens"] >= 200


def test_a_refused_parameter_is_no_wrong_mapping() -> None:
    text = "Unsupported parameter: 'max_tokens' is not supported with this model."
    decision = judge_completion(Answer(400, json.dumps({"error": {"message": text}}), "application/json"))
    assert (decision.proof, decision.code) == (Proof.FAIL, "request_rejected")


def test_no_money_behind_the_gateway_is_told_and_not_tried_again() -> None:
    decision = judge_completion(Answer(400, json.dumps({"error": {"message": "Insufficient balance"}})))
    assert (decision.proof, decision.code) == (Proof.FAIL, "payment_required")


def test_a_stream_proves_only_where_it_was_asked_for() -> None:
    answer = Answer(200, 'data: {"choices":[{"delta":{"content":"ok"}}]}\n\ndata: [DONE]\n\n', "text/event-stream")
    assert judge_completion(answer, streamed=True).proof is Proof.PROVEN
    assert judge_completion(answer).code == "invalid_answer"
    empty = Answer(200, 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n', "text/event-stream")
    assert judge_completion(empty, streamed=True).code == "gateway_empty_completion"


def test_the_proof_asks_as_the_relay_demands() -> None:
    assert proof_demands(("stream", "max_completion_tokens"), "force_chat_completions").stream
    assert proof_demands(("stream",), "force_responses") == Demands()
    path, body = completion_request("m", "n", proof_demands(("stream", "instructions"), "force_responses"))
    assert (path, body["stream"], bool(body["instructions"])) == ("/v1/responses", True, True)
    assert (body["model"], "(n)" in body["input"]) == ("m", True)
    whole_path, whole_body = completion_request("m", "n", proof_demands(("instructions",), "force_responses"))
    assert (whole_path, whole_body["stream"]) == ("/v1/responses", False)
    assert whole_body["max_output_tokens"] >= 200
    whole = {"output": [{"type": "message", "content": [{"type": "output_text", "text": "ok"}]}]}
    assert judge_completion(Answer(200, json.dumps(whole))).proof is Proof.PROVEN
    assert told(success({"output": [{"type": "function_call", "name": "ping"}]})) == "proven"
    assert judge_completion(Answer(200, '{"output": []}')).code == "gateway_empty_completion"


@pytest.mark.parametrize(
    ("words", "decision"),
    [
        ("ok", "proven"),
        ("The credit balance of your question is ok.", "proven"),
        ("Hello! How can I help you today?", "proven"),
        ("Sure, I will say it later.", "proven"),
        ("您的余额不足，请充值后继续使用。", "fail payment_required"),
        ("[Error]: Concurrency limit exceeded for account, please retry later", "retry invalid_answer"),
    ],
)
def test_a_refusal_in_the_place_of_an_answer_proves_nothing(words: str, decision: str) -> None:
    assert told(success({"choices": [{"message": {"content": words}}]})) == decision
    output = [{"type": "message", "content": [{"type": "output_text", "text": words}]}]
    assert told(success({"output": output})) == decision
