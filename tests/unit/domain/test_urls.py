"""Every spelling of a base URL means one canonical form (docs/host-api.md#joining-addresses)."""

from urllib.parse import urlsplit

import pytest
from batch_import.domain.errors import InvalidRequest
from batch_import.domain.urls import (
    MAX_LENGTH,
    canonical_base_url,
    host_can_join,
    model_list_roots,
    origin_of,
    shown_base_url,
)
from hypothesis import example, given
from hypothesis import strategies as st

SPELLINGS = {
    "https://relay.example.com/v1": [
        "https://relay.example.com",
        "https://relay.example.com/",
        "https://relay.example.com/v1",
        "https://relay.example.com/v1/",
        "https://relay.example.com//v1//",
        "https://relay.example.com/v1/v1",
        "https://relay.example.com/v1/v1/v1/",
        "https://relay.example.com/V1",
        "https://relay.example.com/V1/v1",
        "HTTPS://Relay.Example.COM/v1",
        "https://relay.example.com:443/v1",
        "https://relay.example.com./v1",
        "https://relay.example.com:/v1",
        "  https://relay.example.com/v1\n",
        "relay.example.com",
        "relay.example.com/v1",
        "https://relay.example.com/v1?key=1",
        "https://relay.example.com/v1#top",
        "https://relay.example.com/v1/chat/completions",
        "https://relay.example.com/v1/chat/completions/",
        "https://relay.example.com/chat/completions",
        "https://relay.example.com/v1/completions",
        "https://relay.example.com/v1/chat",
        "https://relay.example.com/v1/responses",
        "https://relay.example.com/v1/messages",
        "https://relay.example.com/v1/models",
        "https://relay.example.com/v1/embeddings",
        "https://relay.example.com/v1/images/generations",
        "https://relay.example.com/V1/Chat/Completions",
        "https://relay.example.com/v1/v1/chat/completions",
    ],
    "http://relay.example.com/v1": ["http://relay.example.com", "http://relay.example.com:80/v1/"],
    "https://relay.example.com:8443/v1": ["relay.example.com:8443", "https://relay.example.com:8443/v1/models"],
    "http://relay.example.com:443/v1": ["http://relay.example.com:443"],
    "https://relay.example.com/api/v1": ["https://relay.example.com/api", "https://relay.example.com/api/v1/models"],
    "https://relay.example.com/Team/v1": ["https://relay.example.com/Team/", "https://relay.example.com/Team/V1"],
    "https://relay.example.com/api/paas/v4": [
        "https://relay.example.com/api/paas/v4",
        "https://relay.example.com/api/paas/v4/chat/completions",
    ],
    "https://relay.example.com/v1beta": [
        "https://relay.example.com/v1beta/",
        "https://relay.example.com/v1beta/models",
    ],
    "https://relay.example.com/v1beta/openai": [
        "https://relay.example.com/v1beta/openai/",
        "https://relay.example.com/v1beta/openai/chat/completions",
    ],
    "https://relay.example.com/v1/openai": ["https://relay.example.com/v1/openai"],
    "https://relay.example.com/compatible-mode/v1": ["https://relay.example.com/compatible-mode/v1/"],
    "https://relay.example.com/api/v3": ["https://relay.example.com/api/v3/chat/completions"],
    "https://relay.example.com/v2ray/api/v1": ["https://relay.example.com/v2ray/api"],
    "https://xn--mnchen-3ya.example/v1": ["https://münchen.example", "https://MÜNCHEN.example/v1"],
    "https://xn--fsqu00a.xn--0zwm56d/v1": ["https://例子.测试/v1", "https://例子。测试"],
    "https://xn--zca.example/v1": ["https://ß.example"],
    "http://[::1]:8080/v1": ["http://[::1]:8080", "http://[::1]:8080/v1/"],
    "http://127.0.0.1:18090/healthy/a~latency=3/v1": ["http://127.0.0.1:18090/healthy/a~latency=3/v1"],
}
REFUSED = {
    "": "1 to 2048",
    "   ": "1 to 2048",
    "https://h/" + "a" * MAX_LENGTH: "1 to 2048",
    "https://relay example.com": "spaces",
    "https://relay.example.com/a\tb": "spaces",
    "https://relay.example.com\\@evil.example": "backslashes",
    "https://relay.example.com/\x00": "control characters",
    "https:///v1": "no host name",
    "//relay.example.com/v1": "no host name",
    "ftp://relay.example.com": "http:// or https://",
    "file:///etc/passwd": "http:// or https://",
    "javascript:alert(1)": "not a valid URL",
    "https://relay.example.com:99999": "not a valid URL",
    "https://relay.example.com:port": "not a valid URL",
    "https://[::1": "not a valid URL",
    "https://user:pass-word@relay.example.com": "credentials",
    "https://sk-secret@relay.example.com": "credentials",
    "https://@relay.example.com": "credentials",
    "https://relay<script>.example.com": "invalid host name",
    "https://relay%2fexample.com": "invalid host name",
    "https://relay%40example.com": "invalid host name",
    "https://\ud800.example.com": "invalid host name",
}
PAIRS = [(given_, canonical) for canonical, spellings in SPELLINGS.items() for given_ in spellings]
WORDS = """
    https:// http:// HTTPS:// // / : @ . .. ? # ; = & % %25 %2F %3A [ ] ::1 v1 V1 v1beta v4 /v1 /v1/v1 /chat/completions
    chat completions models messages responses relay example com www 例子 测试 ß é １ 。 443 80 8080 99999 - xn--
"""
PIECES = st.sampled_from([*WORDS.split(), "\ud800", "\x00", " ", "\\", "a" * 64])
URLS = st.one_of(
    st.text(max_size=40),
    st.lists(PIECES, max_size=10).map("".join),
    st.lists(PIECES, max_size=8).map(lambda parts: "https://relay.example.com/" + "".join(parts)),
)


@pytest.mark.parametrize(("spelling", "canonical"), PAIRS)
def test_every_spelling_has_one_canonical_form(spelling: str, canonical: str) -> None:
    assert canonical_base_url(spelling) == canonical


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_what_is_no_base_url_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason) as refusal:
        canonical_base_url(text)
    assert "pass-word" not in str(refusal.value)
    assert "sk-secret" not in str(refusal.value)


@given(URLS.filter(lambda text: "%" not in text))
def test_nothing_but_an_invalid_request_is_ever_raised(text: str) -> None:
    try:
        canonical = canonical_base_url(text)
    except InvalidRequest:
        return
    assert canonical.startswith(("http://", "https://"))
    assert urlsplit(canonical).hostname


@example("0。")  # another full stop becomes a dot at the end
@given(URLS.filter(lambda text: "%" not in text))
def test_canonical_is_a_fixed_point(text: str) -> None:
    try:
        canonical = canonical_base_url(text)
    except InvalidRequest:
        return
    assert canonical_base_url(canonical) == canonical


@pytest.mark.parametrize("text", ["https://a%2541b.example", "https://relay%3A8080", "%3A"])
def test_a_percent_in_a_host_name_is_refused_or_settles_at_once(text: str) -> None:
    try:
        canonical = canonical_base_url(text)
    except InvalidRequest:
        return
    assert canonical_base_url(canonical) == canonical
    assert urlsplit(canonical).hostname


@given(st.text(max_size=20))
@example("\ud800")
def test_a_host_name_is_always_ascii(name: str) -> None:
    try:
        canonical = canonical_base_url(f"https://{name}.example/v1")
    except InvalidRequest:
        return
    assert (urlsplit(canonical).hostname or "").isascii()


@pytest.mark.parametrize(
    ("base_url", "roots"),
    [
        (
            "https://h.example/v1",
            ("https://h.example/v1", "https://h.example/v1/v1", "https://h.example"),
        ),
        (
            "https://h.example/api/v4",
            (
                "https://h.example/api/v4",
                "https://h.example/api/v4/v4",
                "https://h.example/api",
                "https://h.example/v1",
            ),
        ),
        ("https://h.example", ("https://h.example",)),
    ],
)
def test_the_model_list_is_looked_for_at_the_likely_places_in_order(base_url: str, roots: tuple[str, ...]) -> None:
    assert model_list_roots(base_url) == roots


@pytest.mark.parametrize(
    ("api_root", "joins"),
    [
        ("https://h.example/v1", True),
        ("https://h.example/api/paas/v4", True),
        ("https://h.example/v1beta", True),
        ("https://h.example/v1/v1", True),
        ("https://h.example", False),
        ("https://h.example/api", False),
        ("https://h.example/v1beta/openai", False),
        ("https://v1.h.example", False),
    ],
)
def test_host_joins_roots_that_end_in_a_version_only(api_root: str, joins: bool) -> None:
    assert host_can_join(api_root) is joins


def test_a_circuit_is_kept_per_scheme_host_and_port() -> None:
    one, other = canonical_base_url("https://h.example/a"), canonical_base_url("https://h.example:443/b")
    assert origin_of(one) == origin_of(other) == "https://h.example"
    assert origin_of(canonical_base_url("https://h.example:8443")) != origin_of(one)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://relay.example/v1", "https://relay.example/v1"),
        ("https://relay.example/openai/v1", "https://relay.example/openai/v1"),
        ("https://relay.example/sk-test-0000000001/v1", "https://relay.example/***/v1"),
        ("https://relay.example/k/abcd1234efgh5678ijkl90/v1", "https://relay.example/k/***/v1"),
        ("https://relay.example/6f1ed002ab5595859014ebf0951522d9", "https://relay.example/***"),
        ("https://relay.example/compatible-mode/v1", "https://relay.example/compatible-mode/v1"),
        (
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
        ("https://a1b2c3d4e5f6a7b8c9d0e1f2.example:8443/v1", "https://a1b2c3d4e5f6a7b8c9d0e1f2.example:8443/v1"),
    ],
)
def test_a_key_in_a_path_is_not_shown(address: str, shown: str) -> None:
    assert shown_base_url(address) == shown
