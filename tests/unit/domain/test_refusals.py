"""What refusals speak of, by the words of relays, gateways and providers in several languages."""

import json
from typing import Any

import pytest
from batch_import.domain.answers import Answer
from batch_import.domain.capability import Protocol, judge
from batch_import.domain.refusals import Refusal, refusals, refused_instead, speaks_of_key, speaks_of_money
from hypothesis import given
from hypothesis import strategies as st

from tests.relay_cases import HERE

SAMPLES = [json.loads(line) for line in (HERE / "refusals.jsonl").read_text("utf-8").splitlines()]


def answer(status: int, body: object, headers: dict[str, str]) -> Answer:
    if not isinstance(body, str):
        return Answer(status, json.dumps(body, ensure_ascii=False), "application/json", headers)
    return Answer(status, body, "text/html" if body.startswith("<") else "text/plain", headers)


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{at}-{s['source']}" for at, s in enumerate(SAMPLES)])
def test_a_known_refusal_is_judged_by_what_it_says(sample: dict[str, Any]) -> None:
    told = answer(sample["status"], sample["body"], sample.get("headers", {}))
    protocol = Protocol(sample.get("protocol", Protocol.CHAT))
    assert judge(told, protocol, sample.get("model", "")) == sample["verdict"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("model_not_found", Refusal.MODEL),
        ("ModelNotFound", Refusal.MODEL),
        ("Das Modell ist nicht verfügbar", Refusal.MODEL),
        ("invalid_api_key", Refusal.KEY),
        ("您的key无效", Refusal.KEY),
        ("Guthaben aufgebraucht", Refusal.MONEY),
        ("本周额度已用尽", Refusal.WINDOW),
        ("Region not allowed", Refusal.PLACE),
        ("Only Claude Code requests are accepted", Refusal.CLIENT),
        ("all upstreams failed", Refusal.UPSTREAM),
    ],
)
def test_codes_and_sentences_are_read_alike(words: str, kind: Refusal) -> None:
    assert kind in refusals(words)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Refusal.WALL, "Attention Required! | Cloudflare"),
        (Refusal.WALL, "<script src='/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1'>"),
        (Refusal.WALL, '{"type": "cloudflare_error", "error_code": 1010, "error_name": "browser_signature_banned"}'),
        (Refusal.WALL, "Vercel Security Checkpoint"),
        (Refusal.WALL, "Sucuri WebSite Firewall - Access Denied"),
        (Refusal.WALL, "Request unsuccessful. Incapsula incident ID: 1-2"),
        (Refusal.WALL, "Reference&#32;&#35;18.2a https://errors.edgesuite.net/18.2a"),
        (Refusal.WALL, "The request is blocked. x-azure-ref: 0"),
        (Refusal.WALL, "已被防火墙拦截"),
        (Refusal.WALL, "Bot detected: unusual activity coming from your network"),
        (Refusal.CLIENT, "unauthorized_client_error: invalid Claude Code request"),
        (Refusal.CLIENT, "客户端版本过低"),
        (Refusal.CLIENT, "official client only"),
        (Refusal.MONEY, "billing_hard_limit_reached"),
        (Refusal.MONEY, "subscription_expired"),
        (Refusal.MONEY, "账单逾期未付费"),
        (Refusal.UPSTREAM, "socket hang up"),
        (Refusal.UPSTREAM, "503, message='Service Unavailable', url='https://relay.invalid/v1'"),
        (Refusal.UPSTREAM, "Refreshing the access token failed"),
        (Refusal.WINDOW, "当前不在服务时间"),
        (Refusal.WINDOW, "已达到 5 小时的使用上限。您的限额将在 2025-12-30 17:51:52 重置。"),
        (Refusal.WINDOW, "已达到用量上限，将在明天凌晨3点13分（北京时间）恢复"),
        (Refusal.WINDOW, "当前分组本时段不可调用，可调用时段为：09:00~18:00"),
        (Refusal.TEMPORARY, "Function id '0a1b': DEGRADED function cannot be invoked"),
        (Refusal.TEMPORARY, "loading"),
        (Refusal.LIMIT, "服务器繁忙"),
        (Refusal.LIMIT, "请求过多，已被限流"),
        (Refusal.PARAMETER, "Store must be set to false. Input must be a list"),
        (Refusal.PARAMETER, "非流式请求不支持"),
        (Refusal.PARAMETER, "This model only supports single tool-calls at once!"),
        (Refusal.PARAMETER, "messages.7.content.0.text: Field required"),
        (Refusal.PARAMETER, "Invalid schema for function 'ping': null is not of type array"),
        (Refusal.PARAMETER, "Parameter routing_config is required when model is acme/auto"),
        (Refusal.CONTENT, "data_inspection_failed"),
        (Refusal.CONTENT, "内容审核未通过"),
        (Refusal.PERMISSION, "请先绑定手机账号"),
        (Refusal.MODEL_AWAY, "模型加载失败"),
        (Refusal.KEY, "鉴权失败"),
        (Refusal.ROUTE, "Unsupported endpoint"),
    ],
)
def test_words_of_the_trade_are_known(kind: Refusal, words: str) -> None:
    assert kind in refusals(words)


def test_the_model_asked_for_is_a_model() -> None:
    assert Refusal.MODEL in refusals("No endpoints for acme/x-1 found, acme/x-1 does not exist", "acme/x-1")
    assert Refusal.MODEL not in refusals("acme/x-1 does not exist")


@pytest.mark.parametrize(
    "words",
    [
        "502: Bad Gateway. The deployment is being served elsewhere.",
        "bad gateway model",
        "No fallback model group found for original model_group=acme/x-1. Fallbacks=[]",
    ],
)
def test_what_gateways_add_says_nothing_of_the_model(words: str) -> None:
    assert Refusal.MODEL not in refusals(words)


def test_names_and_wishes_are_no_refusal() -> None:
    assert Refusal.CLIENT not in refusals("Permission denied on resource project gen-lang-client-0012")
    assert Refusal.WINDOW not in refusals("额度已用尽，请联系管理员恢复")
    assert Refusal.WINDOW not in refusals("余额不足，充值后将自动恢复")
    assert Refusal.TEMPORARY not in refusals("error while loading the key")


@pytest.mark.parametrize(
    "when",
    [
        *("18:00", "3 小时后", "2026-11-30 08:00 自动", "5h 32m 后自动", "次日零点", "下周一", "明早 8 点"),
        *("两小时内", "约 30 分钟后", "今晚北京时间 20 点整", "下一个计费周期", "本周期结束后"),
    ],
)
def test_what_comes_back_at_a_time_is_a_limit(when: str) -> None:
    for until in ("将在", "会于", "將於"):
        assert Refusal.WINDOW in refusals(f"余额不足，服务{until}{when}恢复")


@pytest.mark.parametrize(
    "when",
    [
        *("充值后", "购买套餐后", "账户余额补足后", "收到款项后", "收到款项后 1 小时内", "购买 1 个月套餐后"),
        *("补足 50 元后", "次日补足余额后", "下月扣款成功后"),
    ],
)
def test_what_comes_back_by_a_payment_is_no_limit(when: str) -> None:
    for until in ("将在", "会于", "將於"):
        assert Refusal.WINDOW not in refusals(f"余额不足，服务{until}{when}恢复")


def test_advice_is_no_refusal() -> None:
    assert Refusal.WINDOW not in refusals("Tokens exceeded. To increase, visit the site and set a higher monthly limit")
    assert not speaks_of_key("The model is overloaded. Please check that your API key is not disabled.")
    assert not speaks_of_money("The model does not exist. See https://relay.invalid/no-balance for your credits.")


@pytest.mark.parametrize(
    ("reply", "refused"),
    [
        ("Your quota is used up, please top up.", True),
        ("ok. Your quota is used up, please top up.", False),
        ("Hello from relay rate_limited/alpha", False),
        ("As an AI model I have no API key.", False),
        ("本站已搬家，新地址 https://relay.invalid 欢迎使用", True),
        ("欢迎使用本站，加QQ群 123456 领取福利。" * 20, True),
        ("ok, see https://relay.invalid", False),
    ],
)
def test_a_reply_that_refuses_is_no_answer(reply: str, refused: bool) -> None:
    assert bool(refused_instead(reply)) is refused


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_words_can_be_read(words: str, model: str) -> None:
    assert set(refusals(words, model)) <= set(Refusal)
