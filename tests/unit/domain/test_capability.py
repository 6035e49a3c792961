"""Each row of the verdict table with its reason, and flags of three values (docs/design.md#21-probe)."""

import json
from typing import Any

import pytest
from batch_import.domain.answers import Answer, Trouble
from batch_import.domain.capability import (
    VERDICTS,
    Completion,
    Protocol,
    ProtocolResult,
    Verdict,
    about_model,
    completion_in,
    deciding_row,
    has_completion,
    is_rarely_about_model,
    judge,
    model_id_style,
    served_model,
    text_in,
    weight,
)
from batch_import.domain.outcomes import OUTCOMES
from batch_import.domain.refusals import Refusal, refusals_in
from batch_import.domain.types import ModelIdStyle
from hypothesis import assume, example, given
from hypothesis import strategies as st

HTML = "<!DOCTYPE html><html><title>login</title></html>"
CHAT_OK = {"choices": [{"message": {"role": "assistant", "content": "ok"}}]}


def says(status: int, message: str = "", **more: Any) -> Answer:
    body = {"error": {"message": message, "type": "error", "code": None, **more}}
    return Answer(status, json.dumps(body, ensure_ascii=False), "application/json")


def body(status: int, content: Any) -> Answer:
    return Answer(status, json.dumps(content), "application/json")


def page(status: int) -> Answer:
    return Answer(status, HTML, "text/html; charset=utf-8")


# One list per row of the table, in its order: reason -> answers that this row decides.
CASES: dict[str, list[Answer]] = {
    "our own guard refused the address": [Answer(trouble=Trouble.ADDRESS_REFUSED)],
    "DNS, refused or no connection: may come back": [Answer(trouble=Trouble.UNREACHABLE)],
    "certificate or handshake: the host would fail in the same way": [Answer(trouble=Trouble.TLS)],
    "an answer that did not come or broke off proves nothing": [
        Answer(trouble=Trouble.READ_TIMEOUT),
        Answer(trouble=Trouble.CUT),
    ],
    "an endless or garbled answer is no completion": [
        Answer(trouble=Trouble.TOO_LARGE),
        Answer(trouble=Trouble.UNREADABLE),
    ],
    "the budget of requests was spent: nothing is known": [Answer(trouble=Trouble.NOT_ASKED)],
    "what the protocol promises": [
        body(200, CHAT_OK),
        body(200, {**CHAT_OK, "error": None}),
        body(200, {"choices": [{"message": {"content": "", "reasoning_content": "hm"}, "finish_reason": "length"}]}),
        Answer(200, json.dumps(CHAT_OK), "text/html"),
        Answer(200, json.dumps(CHAT_OK) + "\n\ndata: [DONE]\n", "application/json"),
        Answer(200, 'data: {"choices":[{"delta":{"content":"ok"}}]}\n\ndata: [DONE]\n\n', "text/event-stream"),
    ],
    "no such path, in the words of a gateway": [
        body(403, {"message": "Missing Authentication Token"}),
        body(404, {"fault": {"faultstring": "Unable to identify proxy for host: secure and url: /v1/models"}}),
    ],
    "something before the relay does not reach it": [
        Answer(409, "error code: 1001", "text/plain"),
        Answer(404, "The deployment could not be found on Vercel.", "text/plain"),
    ],
    "an address that is shut out for a while": [says(429, "IP blocked after repeated failures", code="ip_blocked")],
    "something before the relay, or a rule for addresses and regions": [
        Answer(403, "error code: 1010", "text/plain"),
        Answer(429, HTML, "text/html", {"x-vercel-mitigated": "challenge"}),
        says(400, "User location is not supported for the API use."),
        says(403, "您的 IP 不在令牌允许访问的列表中"),
    ],
    "a challenge page": [Answer(503, "<html><title>Just a moment...</title></html>", "text/html")],
    "a 200 page is a login or parking page, not an API": [page(200), Answer(200, "  " + HTML, "application/json")],
    "a WAF page, not the provider": [page(403), page(406), page(409)],
    "what was asked, or the answer to it, was not liked": [
        says(451, "The content you provided or machine outputted is blocked.", type="censorship_blocked"),
        says(400, "Content did not pass the moral check, please modify and try again."),
    ],
    "forbidden by a law, of a country": [page(451), body(451, {"error": {"message": "x"}}), Answer(451, "", "")],
    "a 200 that holds no completion is not a success": [
        body(200, {"choices": []}),
        body(200, {"choices": [{}]}),
        body(200, {"choices": [{"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}]}),
        body(200, []),
        Answer(200, "", ""),
        Answer(204, "", ""),
    ],
    "the relay admits certain programs only": [
        says(403, "This account only allows Codex official clients"),
        says(400, "This credential is only authorized for use with Claude Code"),
        says(403, "该分组仅限 Claude Code 客户端使用"),
    ],
    "too much for what is behind the relay": [
        says(429, "当前分组上游负载已饱和，请稍后再试", type="insufficient_quota", code="insufficient_quota"),
        says(429, "upstream load is saturated"),
    ],
    "no balance behind the relay: not this key's": [
        says(402, "Upstream provider has insufficient balance"),
        says(200, "Upstream error from Minimax: insufficient balance (1008)"),
        says(400, "渠道余额不足"),
    ],
    "refused by what is behind the relay, not by the relay": [
        says(401, "Provider returned error", metadata={"raw": "invalid x-api-key"}),
        says(403, "Upstream request failed: [server_error] Upstream response was not valid JSON"),
    ],
    "a limit of hours or days": [
        says(402, "已达到每日费用限制 ($60)", type="insufficient_quota"),
        says(402, "Usage limit reached, will reset tomorrow"),
        says(403, "Daily limit reached"),
    ],
    "no balance at the relay, in its words": [
        says(402, "Insufficient Balance"),
        says(403, "user quota is not enough", code="insufficient_user_quota"),
        says(429, "余额不足或无可用资源包,请充值。", code="1113"),
        says(429, "You exceeded your current quota", type="insufficient_quota"),
        says(401, "Insufficient balance. Manage your billing here", type="CreditsError"),
        says(401, "该令牌额度已用尽"),
        says(400, "Access denied", type="Arrearage"),
        says(200, "余额不足，请充值后再试"),
        body(200, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
    ],
    "a spent quota that no passing limit explains": [says(200, "upstream quota exhausted"), says(403, "账户额度异常")],
    "no balance at the relay": [says(402, "pay")],
    "a plan without this model": [
        says(429, "当前订阅套餐暂未开放GLM-5权限", code="1311"),
        says(429, "Your plan does not include this model"),
    ],
    "an account that is locked": [says(429, "您的账户已被锁定，请联系客服解锁", code="1112")],
    "slow down: says nothing about the key": [
        says(429, "slow down"),
        page(429),
        says(429, "model not found"),
        says(429, "You exceeded your current quota. Please retry in 20s. limit: 15 per minute"),
        says(429, "您的账户已达到速率限制，请您控制请求频率", code="1302"),
    ],
    "said to pass": [
        says(410, "The service is temporarily unavailable as part of a scheduled brownout."),
        says(400, "model x is temporarily unavailable"),
        says(403, "系统维护中"),
    ],
    "the request's form: a parameter": [
        says(400, "max_tokens is too large"),
        says(400, "Unsupported parameter: 'max_tokens' is not supported with this model."),
        says(400, "Stream must be set to true"),
        body(400, {"detail": "Instructions are required"}),
    ],
    "a parameter that is asked for before the key is looked at": [
        says(401, "Authentication Error, 'user' param not passed in", type="auth_error"),
    ],
    "the key is good, but lacks a right": [
        says(401, "You have insufficient permissions for this operation. Missing scopes: model.request."),
        says(403, "User x is not authorized to perform: bedrock:InvokeModel"),
    ],
    "the endpoint is there, this model is not": [
        says(200, "The model `x` does not exist"),
        says(200, "", code="model_not_found"),
        body(200, {"code": 404, "message": "The model `x` does not exist.", "object": "error"}),
        says(400, "Unknown model: x"),
        says(401, "unknown model"),
        says(403, "no such model for this key: model not found"),
        says(404, "The model `x` does not exist", code="model_not_found"),
        says(404, "No endpoints found for x."),
        says(422, "unknown provider for model x"),
    ],
    "a rule for addresses or regions": [
        says(403, "request from this region is not allowed"),
        says(403, "Host not in allowlist"),
    ],
    "nothing behind the relay has this model": [
        says(503, "当前分组下对于模型 x 无可用渠道"),
        says(503, "No available channel for model x under group default"),
    ],
    "the key's group is off": [
        body(403, {"code": "GROUP_DISABLED", "message": "API Key 所属分组已停用"}),
        says(403, "无权访问 vip 分组"),
    ],
    "the key was refused, in the relay's words": [
        says(401, "Invalid API key"),
        says(400, "API key not valid. Please pass a valid API key."),
        says(200, "no", code="invalid_api_key"),
        says(403, "无效的令牌"),
        body(403, {"code": 7, "message": "User is blocked: Bot abuse"}),
    ],
    "the key was refused, as an error of a gateway": [says(500, "Sign in again with Claude Code.")],
    "a limit that passes, under another status": [
        says(413, "tokens per minute (TPM): Limit 400"),
        says(200, "rate limit exceeded"),
        says(401, "usage quota has been reached"),
    ],
    "a limit of requests, as an outage": [says(503, "Rate limited by provider"), says(500, "Too many requests")],
    "the key was refused": [says(401, "no"), page(401), body(200, {"code": 401, "message": "no"})],
    "no such endpoint, in the relay's words": [
        says(404, "Not Found (/v1/responses)"),
        body(404, {"detail": "Not Found"}),
        says(400, "Invalid URL (POST /v1/responses)"),
        says(400, "unknown route"),
        body(200, {"code": 99, "message": "API method not found"}),
    ],
    "no such endpoint, as an error of a gateway": [says(500, "not implemented")],
    "another try is advised": [says(403, "please try again"), body(200, {"code": 6, "message": "retry later"})],
    "a 404 with an error that does not speak of the path": [says(404, "it is gone")],
    "no such endpoint": [page(404), Answer(404, "nope"), says(405), says(501)],
    "refused for this key, model or protocol: not an absence": [says(403, "Not for you"), says(403)],
    "passing failure of the relay": [
        *(says(status, "later") for status in (500, 502, 503, 504, 520, 529, 408, 425)),
        page(502),
        page(503),
        says(503, "The model is overloaded, try again later"),
    ],
    "a page where people log in, not another address of the API": [Answer(302, "", headers={"location": "/login"})],
    "the API is at another address": [Answer(301, "", headers={"location": "https://h/v1"}), Answer(302, "", "")],
    "an error under a 200 that says no more": [
        says(200, "something went wrong"),
        body(200, {"message": "nothing to see"}),
        Answer(200, "not json", "text/plain"),
    ],
    "our request was not accepted: proves neither presence nor absence": [
        says(409),
        says(422, "bad field"),
        Answer(304, "", ""),
        Answer(0, ""),
    ],
}
DECIDED = [(reason, answer) for reason, answers in CASES.items() for answer in answers]


def test_every_row_of_the_table_has_its_cases_here_in_its_order() -> None:
    assert [row.reason for row in VERDICTS] == list(CASES)


@pytest.mark.parametrize(("reason", "answer"), DECIDED, ids=[f"{r}-{a.status or a.trouble}" for r, a in DECIDED])
def test_the_first_row_that_holds_decides(reason: str, answer: Answer) -> None:
    decided = deciding_row(answer, Protocol.CHAT)
    assert decided.reason == reason
    assert judge(answer, Protocol.CHAT) is decided.verdict


@pytest.mark.parametrize("verdict", Verdict)
def test_only_success_is_true_and_only_an_absence_is_false(verdict: Verdict) -> None:
    expected: object = "unknown"
    if verdict is Verdict.OK:
        expected = True
    elif verdict in (Verdict.ABSENT, Verdict.NOT_AN_API):
        expected = False
    assert verdict.flag is expected or verdict.flag == expected


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("status", [401, 402, 403, 408, 425, 429, 500, 502, 503, 504, 520, 529])
@example(text="METHOdNOtALLOWED")
@given(text=st.text(max_size=30))
def test_neither_a_transient_nor_a_refused_key_ever_becomes_false(protocol: Protocol, status: int, text: str) -> None:
    assume({Refusal.ROUTE, Refusal.UNROUTED}.isdisjoint(refusals_in(text)))  # a gateway says by words what is absent
    for answer in (says(status, text), Answer(status, text), page(status)):
        assert judge(answer, protocol).flag == "unknown"


@pytest.mark.parametrize("trouble", Trouble)
def test_trouble_on_the_way_never_becomes_false(trouble: Trouble) -> None:
    assert judge(Answer(trouble=trouble), Protocol.RESPONSES).flag == "unknown"


def test_every_verdict_that_can_end_an_item_is_a_documented_outcome() -> None:
    assert {v.value for v in Verdict} - set(OUTCOMES) == {"ok", "endpoint_absent"}


@pytest.mark.parametrize(
    ("protocol", "content", "held"),
    [
        (Protocol.CHAT, CHAT_OK, True),
        (Protocol.CHAT, {"choices": [None]}, False),
        (Protocol.CHAT, {"choices": "x"}, False),
        (Protocol.CHAT, {**CHAT_OK, "error": {"message": "no"}}, False),
        (Protocol.CHAT, None, False),
        (Protocol.CHAT, {"choices": [{"message": {"content": None, "refusal": None}, "finish_reason": "stop"}]}, False),
        (Protocol.CHAT, {"choices": []}, False),
        (Protocol.CHAT, {"choices": [{"delta": {"content": "ok"}}]}, False),
        (Protocol.CHAT, {"choices": [{"message": None, "finish_reason": "stop"}]}, False),
        (
            Protocol.CHAT,
            {"choices": [{"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}]},
            False,
        ),
        (Protocol.CHAT, {"choices": [{"message": {"content": ""}, "finish_reason": "length"}]}, True),
        (Protocol.GENERATE, {"candidates": [{"content": {"parts": [{"text": "ok"}]}}]}, True),
        (Protocol.GENERATE, {"candidates": [{"finishReason": "SAFETY"}]}, False),
        (Protocol.GENERATE, CHAT_OK, False),
        (Protocol.CHAT, {"choices": [{"message": {"tool_calls": [{}]}, "finish_reason": "stop"}]}, True),
        (Protocol.RESPONSES, {"output": [], "status": "completed"}, True),
        (Protocol.RESPONSES, {"output": [], "status": "incomplete"}, True),
        (Protocol.RESPONSES, {"output": [], "status": "failed"}, False),
        (Protocol.RESPONSES, CHAT_OK, False),
        (Protocol.MESSAGES, {"type": "message", "content": [{"type": "text", "text": "ok"}]}, True),
        (Protocol.MESSAGES, {"content": [{"type": "text", "text": "ok"}]}, True),
        (Protocol.MESSAGES, {"type": "error", "content": []}, False),
        (Protocol.MESSAGES, CHAT_OK, False),
    ],
)
def test_what_a_success_must_hold_depends_on_the_protocol(protocol: Protocol, content: Any, held: bool) -> None:
    assert has_completion(content, protocol) is held


@pytest.mark.parametrize(
    ("models", "style"),
    [
        ([], ModelIdStyle.UNKNOWN),
        (["kimi-k2.6", "gpt-5"], ModelIdStyle.CANONICAL),
        (["moonshotai/Kimi-K2", "openai/gpt-5"], ModelIdStyle.VENDOR_PREFIXED),
        (["moonshotai/Kimi-K2", "gpt-5"], ModelIdStyle.MIXED),
    ],
)
def test_the_style_of_model_ids(models: list[str], style: ModelIdStyle) -> None:
    assert model_id_style(models) is style


@given(st.integers(0, 999), st.text(max_size=50), st.sampled_from(["", "text/html", "application/json"]))
def test_any_answer_has_a_verdict(status: int, text: str, content_type: str) -> None:
    for protocol in Protocol:
        assert judge(Answer(status, text, content_type), protocol) in Verdict


@pytest.mark.parametrize(
    ("status", "message", "verdict"),
    [
        (403, "Your account has been suspended due to a violation of our usage policies", Verdict.AUTH_FAILED),
        (403, "Content policy: only Claude Code clients are allowed", Verdict.CLIENT),
        (400, "The content policy does not cover this: model gpt-4o not found", Verdict.MODEL_NOT_SERVED),
        (400, "content filter: rate limit exceeded", Verdict.RATE_LIMITED),
        (400, "Flagged by content moderation. Insufficient balance to continue", Verdict.PAYMENT),
        (429, "Your account has been suspended due to too many requests", Verdict.RATE_LIMITED),
        (429, "Account temporarily disabled", Verdict.RATE_LIMITED),
        (429, "Account disabled", Verdict.AUTH_FAILED),
        (429, "Rate limit reached: your plan does not include more than 3 requests per minute", Verdict.RATE_LIMITED),
        (403, "Too many requests: model gpt-4o is not available", Verdict.RATE_LIMITED),
        (404, "Rate limit exceeded", Verdict.RATE_LIMITED),
        (420, "Rate limit exceeded", Verdict.RATE_LIMITED),
        (429, "You have exceeded your quota for model gpt-4o: model not found", Verdict.RATE_LIMITED),
        (406, "You have exceeded your quota", Verdict.PAYMENT),
        (409, "You have exceeded your quota", Verdict.PAYMENT),
        (422, "You have exceeded your quota", Verdict.PAYMENT),
        (401, "Missing required parameter: api_key", Verdict.AUTH_FAILED),
        (401, "Unsupported parameter: model gpt-4o not found", Verdict.MODEL_NOT_SERVED),
        (500, "Invalid API key", Verdict.AUTH_FAILED),
        (500, "Invalid API key for model gpt-4o: model is not available", Verdict.MODEL_NOT_SERVED),
        (500, "Upstream error: invalid API key", Verdict.UNAVAILABLE),
    ],
)
def test_of_several_words_the_one_that_says_most_decides(status: int, message: str, verdict: Verdict) -> None:
    assert judge(says(status, message), Protocol.CHAT, "gpt-4o") is verdict


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (400, Verdict.REJECTED),
        (401, Verdict.AUTH_FAILED),
        (404, Verdict.ABSENT),
        (405, Verdict.ABSENT),
        (422, Verdict.REJECTED),
        (429, Verdict.RATE_LIMITED),
        (500, Verdict.UNAVAILABLE),
        (503, Verdict.UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("words", ["insufficient balance", "invalid API key", "model not found", "rate limit exceeded",
                                   "account disabled", "only Claude Code clients are allowed", "invalid parameter",
                                   "upstream error", "content policy", "you have exceeded your quota",
                                   "the service is temporarily unavailable"])  # fmt: skip
def test_the_words_of_a_page_do_not_count(words: str, status: int, verdict: Verdict) -> None:
    """It is a site's, which may tell of errors: its documentation, say."""
    told = Answer(status, f"<html><body><h1>Help</h1><p>{words}</p></body></html>", "text/html")
    assert judge(told, Protocol.CHAT, "gpt-4o") is verdict


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_says_that_the_api_is_elsewhere(status: int) -> None:
    assert judge(Answer(status, ""), Protocol.CHAT) is Verdict.REDIRECTED


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        ("/login?next=%2Fv1%2Fmodels", Verdict.NOT_AN_API),
        ("https://relay.invalid/users/sign_in", Verdict.NOT_AN_API),
        ("https://team.cloudflareaccess.com/cdn-cgi/access/login/relay.invalid", Verdict.NOT_AN_API),
        ("https://sso.invalid/realms/x/protocol/openid-connect/auth", Verdict.NOT_AN_API),
        ("https://blogin.invalid/v1/models", Verdict.REDIRECTED),
        ("/v1/logins", Verdict.REDIRECTED),
    ],
)
def test_a_redirect_to_a_login_says_that_this_is_no_api(target: str, verdict: Verdict) -> None:
    assert judge(Answer(302, "", headers={"location": target}), Protocol.CHAT) is verdict


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"choices": [{"message": {"content": "ok"}}]}, "ok"),
        (
            {"choices": [{"message": {"content": [{"type": "text", "text": "o"}, {"type": "text", "text": "k"}]}}]},
            "o k",
        ),
        ({"choices": [{"message": {"content": None, "reasoning": "hm"}}]}, ""),
        ({"choices": [None]}, ""),
        ({"output": [{"type": "reasoning"}, {"content": [{"type": "output_text", "text": "ok"}]}]}, "ok"),
        ({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "ok"}]}, "ok"),
        ({"candidates": [{"content": {"parts": [{"text": "ok"}]}}]}, "ok"),
        *(({name: none}, "") for name in ("choices", "candidates") for none in ([], {}, {"0": "ok"}, "ok", None)),
        ({"content": [7, None, "ok"]}, "ok"),
        ({"content": ["ok"] * 30}, " ".join(["ok"] * 20)),
        ({"content": [[[[[["too deep"]]]]]]}, ""),
        ({}, ""),
    ],
)
def test_the_words_of_a_completion_are_read_in_each_protocol(content: dict[str, Any], text: str) -> None:
    assert text_in(content) == text


@pytest.mark.parametrize(
    ("content", "model"),
    [
        ({"model": "gpt-4o"}, "gpt-4o"),
        ({"modelVersion": "gemini-2.5-pro"}, "gemini-2.5-pro"),
        ({"model": " gpt-4o "}, "gpt-4o"),
        *(({"model": none}, None) for none in (None, "", " ", 7, "a\x00b", "x" * 201)),
        ({"model": "x" * 200}, "x" * 200),
    ],
)
def test_the_model_of_an_answer_is_read_where_it_could_be_a_name(content: dict[str, Any], model: str | None) -> None:
    assert served_model(content) == model


REASONED = {"completion_tokens_details": {"reasoning_tokens": 9}}


@pytest.mark.parametrize(
    ("protocol", "content", "expected"),
    [
        (Protocol.CHAT, {**CHAT_OK, "model": "m"}, Completion("m", False, False, False)),
        (Protocol.CHAT, {"choices": [{"message": {"tool_calls": [{}]}}]}, Completion(None, True, False, False)),
        *((Protocol.CHAT, {"choices": [{"message": {name: "hm"}}]}, Completion(None, False, True, False))
          for name in ("reasoning_content", "reasoning", "thinking")),
        (Protocol.CHAT, {"choices": [{"message": "ok"}], "usage": "none"}, Completion(None, False, False, False)),
        (Protocol.CHAT, {**CHAT_OK, "usage": REASONED}, Completion(None, False, False, True)),
        (Protocol.CHAT, {**CHAT_OK, "usage": {"completion_tokens_details": {"reasoning_tokens": 0}}},
         Completion(None, False, False, False)),
        (Protocol.CHAT, {**CHAT_OK, "usage": {"completion_tokens_details": {"reasoning_tokens": "9"}}},
         Completion(None, False, False, False)),
        (Protocol.RESPONSES, {"output": ["x", {"type": "function_call"}]}, Completion(None, True, False, False)),
        (Protocol.RESPONSES, {"output": [{"type": "message"}]}, Completion(None, False, False, False)),
        (Protocol.MESSAGES, {"content": []}, Completion(None, False, False, False)),
    ],
)  # fmt: skip
def test_what_a_completion_shows(protocol: Protocol, content: dict[str, Any], expected: Completion) -> None:
    assert completion_in(content, protocol) == expected


def result(answer: Answer, model: str = "gpt-4o") -> ProtocolResult:
    return ProtocolResult(Protocol.CHAT, judge(answer, Protocol.CHAT, model), answer)


@pytest.mark.parametrize(
    ("answer", "about", "rarely"),
    [
        (says(404, "The model gpt-4o does not exist"), True, False),
        (says(403, "not for you"), True, False),
        (says(400, "what?"), True, False),
        (body(200, {"hello": "world"}), True, False),
        (says(403, "only Claude Code clients are allowed"), True, False),
        (says(503, "busy"), True, False),
        (says(402, "no balance"), True, True),
        (says(402, "no balance for gpt-4o"), True, False),
        (says(429, "slow down"), True, True),
        (says(429, "slow down: this model is busy"), True, False),
        (says(429, "该模型请求过多"), True, False),
        (says(429, "Upstream error: too many requests"), True, False),
        (says(401, "Invalid API key"), False, True),
        (Answer(401, "no"), True, True),
        (says(500, "Invalid URL (POST /v1/chat/completions)"), True, False),
        (Answer(404, "Not Found"), False, False),
        (page(200), False, False),
        (Answer(302, ""), False, False),
        (Answer(trouble=Trouble.READ_TIMEOUT), False, False),
        (Answer(trouble=Trouble.UNREACHABLE), False, False),
        (Answer(trouble=Trouble.NOT_ASKED), False, False),
    ],
)
def test_which_refusals_make_another_model_worth_a_request(answer: Answer, about: bool, rarely: bool) -> None:
    assert (about_model(result(answer)), is_rarely_about_model(result(answer), "GPT-4o")) == (about, rarely)


def test_what_says_most_about_the_relay_weighs_most() -> None:
    heaviest_first = sorted(Verdict, key=weight)
    assert heaviest_first[:3] == [Verdict.OK, Verdict.PAYMENT, Verdict.AUTH_FAILED]
    assert weight(Verdict.RATE_LIMITED) < weight(Verdict.UNAVAILABLE) < weight(Verdict.MODEL_NOT_SERVED)
    assert weight(Verdict.MODEL_NOT_SERVED) < weight(Verdict.INVALID) < weight(Verdict.ABSENT)
