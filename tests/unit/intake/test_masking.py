"""Excerpts show no key, and addresses that surely hold none whole."""

import pytest
from batch_import.intake import masked


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
