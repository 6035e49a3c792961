"""Excerpts show no key, and addresses that surely hold none whole."""

import pytest
from batch_import.intake import masked, parse

from tests.unit.intake.example import K, U


@pytest.mark.parametrize(
    "address",
    [
        "https://relay.example.com:8443/compatible-mode/v1",
        "http://10.0.0.1:30001/proxy/openai/v1",
        "https://relay.example.com/api/paas/openai/v4/chat/completions",
        "https://relay.example.com:65535/v1beta/",
    ],
)
@pytest.mark.parametrize("around", ["{}", "see {} or", "地址: {}", '"{}",'])
def test_an_address_of_an_api_is_shown_whole(address: str, around: str) -> None:
    assert masked(around.format(address)) == around.format(address)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://relay.example.com:8443/v1/AbCd1234/EfGh5678", "https://relay.example.com:***"),
        ("https://relay.example.com:8443/proxy/abcd1234efgh", "https://relay.example.com:***"),
        ("https://relay.example.com:8443/v1/abcdefghijklmnopqrst", "https://relay.example.com:***"),
        ("https://relay.example.com:8443/v1+abcdefghijklmnopqrst", "https://relay.example.com:***"),
        ("https://relay.example.com:8443/v1.abcd1234efgh5678", "https://relay.example.com:8443/v1.***"),
        ("https://relay.example.com:8443/v1?abcd1234efgh5678", "https://relay.example.com:8443/v1?***"),
        ("https://abcd1234efgh.example.com:8443/v1", "https:***.example.com:8443/v1"),
        ("https://relay.example.com:8443/v1/sk-abcd", "https://relay.example.com:8443/v1/***"),
        ("https://user:abcd1234@relay.example.com:8443/v1", "https://***@relay.example.com:8443/v1"),
        ("key=https://relay.example.com:8443/proxy/openai/v1", "key=***"),
    ],
)
def test_what_may_be_a_key_in_an_address_is_hidden_with_what_stands_around_it(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "form",
    [
        "{key} {url}",
        "{key},{url}",
        "{key}|{url}|gpt-4o",
        "{key}: {url}",
        "{key}={url}",
        "{key}\t{url}",
        "{key}----{url}",
        "my relay {key} {url}",
        "{key}\n{url}",
        "{url}\n{key}",
        "{key}:\n{url}",
    ],
)
@pytest.mark.parametrize("key", ["wEKcRqLpZtYbNmXsQvHdKLmN", "QwErTyUiOpAsDfGh"])
def test_a_key_of_letters_alone_asks_and_is_not_shown(form: str, key: str) -> None:
    read = parse(form.format(key=key, url=U))
    assert [(row.status, row.base_url, row.api_key) for row in read.rows] == [("ambiguous", U, key)]
    assert key not in repr(read)


@pytest.mark.parametrize(
    "form",
    ["name: {key}\nurl: {url}", "[{key}]\n{url}", "see {key}\n{url}", "{key} {url} {other}", "# {key}\n{url} {other}"],
)
def test_no_label_shows_what_may_be_a_key_of_letters_alone(form: str) -> None:
    key = "wEKcRqLpZtYbNmXsQvHdKLmN"
    assert key not in repr(parse(form.format(key=key, url=U, other=K)))


@pytest.mark.parametrize(
    "name", ["SiliconFlowChina", "OpenAICompatibleProvider", "ourRelayWithTokyo", "AbCdEfGhIjKlMn"]
)
@pytest.mark.parametrize("form", ["{name} {url}\n{key}", "{name}: {url}\nkey: {key}", "{name}\n{url}\n{key}"])
def test_a_name_of_words_written_together_stays_a_label(form: str, name: str) -> None:
    [row] = parse(form.format(name=name, url=U, key=K)).rows
    assert (row.status, row.label) == ("ready", name)
