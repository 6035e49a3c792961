"""What can be read from an HTTP answer."""

import pytest
from batch_import.domain.answers import BEFORE_EXCHANGE, Answer, Trouble
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), (" 30 ", 30.0), ("0", 0.0), ("", None), ("-1", None), ("1.5", None), ("soon", None),
     ("Wed, 25 Nov 2026 12:00:00 GMT", None)],
)  # fmt: skip
def test_retry_after_counts_in_seconds(value: str, seconds: float | None) -> None:
    assert Answer(429, headers={"retry-after": value}).retry_after == seconds


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        ("Wed, 25 Nov 2026 12:00:40 GMT", 40.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("2027-01-01", None),
    ],
)
def test_a_date_to_retry_at_is_counted_from_the_answers_own(until: str, seconds: float | None) -> None:
    headers = {"retry-after": until, "date": "Wed, 25 Nov 2026 12:00:00 GMT"}
    assert Answer(429, headers=headers).retry_after == seconds


def test_without_a_header_nothing_is_asked_for() -> None:
    assert Answer(429).retry_after is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"error":{"message":"Invalid API key","code":"invalid_api_key"}}', "Invalid API key"),
        ('{"error":{"message":"No key","code":"invalid_api_key","type":"INVALID-API-KEY"}}', "No key invalid_api_key"),
        ('{"error":{"message":"No route","code":400}}', "No route"),
        ('{"error":{"message":"x","type":"t","code":null}}', "x t"),
        ('{"error":"plain words"}', "plain words"),
        ('{"code":"INVALID_API_KEY","message":"Invalid API key"}', "Invalid API key"),
        ('{"message":"only this"}', "only this"),
        ('{"detail":"another shape"}', ""),
        ("[1]", ""),
        ("no json", ""),
        ("", ""),
    ],
)
def test_the_errors_own_words_in_the_shapes_relays_use(text: str, message: str) -> None:
    assert Answer(400, text).error_message == message


def test_a_null_error_is_no_word() -> None:
    assert Answer(500, '{"error":null,"message":"overloaded"}').error_message == "overloaded"


@pytest.mark.parametrize(
    ("text", "content_type", "html"),
    [
        ("<html>", "application/json", True),
        ("\n <!doctype html>", "", True),
        ("{}", "text/html; charset=utf-8", False),
        ("words", "text/html; charset=utf-8", True),
        ("{}", "application/json", False),
        ("", "", False),
    ],
)
def test_a_page_is_known_by_type_or_by_its_first_sign(text: str, content_type: str, html: bool) -> None:
    assert Answer(200, text, content_type).is_html is html


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "1" * 5_000, "NaNx", "\ud800"])
def test_what_is_no_json_reads_as_none(text: str) -> None:
    assert Answer(200, text).json is None


@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    answer = Answer(200, text)
    assert isinstance(answer.error_message, str)
    assert isinstance(answer.has_error, bool)
    assert isinstance(answer.is_html, bool)


@pytest.mark.parametrize(
    ("body", "words", "status"),
    [
        (
            '{"Response":{"Error":{"Code":"AuthFailure","Message":"bad signature"},"RequestId":"x"}}',
            "bad signature",
            200,
        ),
        ('{"ResponseMetadata":{"Error":{"CodeN":1,"Code":"Overdue","Message":"unpaid"}}}', "unpaid", 200),
        ('{"status":-1,"msg":"token invalid"}', "token invalid", 200),
        ('{"ret":401,"data":[],"msg":"sign in"}', "sign in", 401),
        ('{"code":401,"msg":"未登录","data":{"list":[]}}', "未登录", 401),
        ('{"code":401,"msg":"未登录","data":{"records":null,"total":0,"page":1}}', "未登录", 401),
        ('{"errno":"7","errMsg":"no such key"}', "no such key", 200),
        ('{"isSuccess":false,"ErrorMessage":"no"}', "no", 200),
        ('{"base_resp":{"status_code":1008,"status_msg":"balance"},"choices":null}', "balance", 200),
        ('{"result":{"head":{"retCode":"E1","retMsg":"expired"}}}', "expired", 200),
        ('{"errors":[{"status":"403","detail":"no right"}]}', "no right", 403),
        ('{"data":null,"errors":["no right"]}', "no right", 200),
        ('{"code":"402"}', "code=402", 402),
        ('{"code":1,"message":"unsuccessful"}', "unsuccessful", 200),
    ],
)
def test_an_error_is_read_in_any_envelope(body: str, words: str, status: int) -> None:
    answer = Answer(200, body)
    assert words in answer.error_words
    assert answer.error_status == status


@pytest.mark.parametrize(
    "body",
    [
        '{"code":0,"msg":"x","data":[]}',
        '{"code":1,"message":"success","data":{"balance":1}}',
        '{"code":1,"message":"x","data":{"balance":0}}',
        '{"code":1,"message":"x","data":{"list":[],"name":"x"}}',
        '{"code":1,"message":"x","data":{"list":["x"],"more":[]}}',
        '{"code":0,"message":"x","data":{"list":[],"total":0}}',
        '{"code":true,"message":"ok","data":{"name":"x"}}',
        '{"code":20000,"message":"Ok","status":true,"data":{"balance":"1"}}',
        '{"ret":200,"data":{"id":1},"msg":""}',
        '{"status":1,"message":"查询成功","balance":5}',
        '{"status":1,"message":"Request successful.","balance":5}',
        '{"code":"SUCCESS","message":"操作成功","result":{"list":[]}}',
        '{"status":"completed","error":null,"incomplete_details":null,"output":[]}',
        '{"object":"list","data":[],"errors":[]}',
        '{"data":[{"id":"a","error":{"message":"x"},"status":"failed"}]}',
        '{"choices":[{"message":{"content":"x"}}],"metadata":{"code":5,"message":"x"}}',
    ],
)
def test_a_success_is_no_error(body: str) -> None:
    assert not Answer(200, body).has_error


def test_headers_stay_out_of_representations() -> None:
    assert "sk-secret" not in repr(Answer(200, headers={"x-request-id": "sk-secret"}))


def test_only_failures_before_the_exchange_open_a_circuit() -> None:
    assert {Trouble.UNREACHABLE, Trouble.TLS} == BEFORE_EXCHANGE
