"""Provider ids, fingerprints and account names (docs/design.md#22-decide)."""

import re

import pytest
from batch_import.domain.provider import account_name, key_digest, normalize_provider_id, shown_fingerprint
from batch_import.domain.urls import canonical_base_url
from hypothesis import given
from hypothesis import strategies as st

KEY = "sk-test-0000000000000001"
SLUGS = {
    "https://kimi.a7m.com.cn/v1": "kimi-a7m",
    "https://api.deepseek.com/v1": "deepseek",
    "https://www.relay.example.com/v1": "relay-example",
    "https://api.ai/v1": "api-ai",
    "http://127.0.0.1:18090/healthy/a/v1": "127-0-0-1",
    "http://[::1]:8080/v1": "1",
    "https://xn--fsqu00a.xn--0zwm56d/v1": "xn-fsqu00a-xn-0zwm56d",
    "https://" + "a" * 60 + ".example/v1": "a" * 40,
    "https://_.example/v1": "example",
    "https://---.com/v1": "com",
}


@pytest.mark.parametrize(("base_url", "slug"), SLUGS.items())
def test_the_slug_can_be_read(base_url: str, slug: str) -> None:
    provider_id = normalize_provider_id(base_url)
    assert re.fullmatch(re.escape(slug) + "-[0-9a-f]{8}", provider_id)


def test_the_same_host_with_another_path_is_another_provider() -> None:
    assert normalize_provider_id("https://h.example/a/v1") != normalize_provider_id("https://h.example/b/v1")


@pytest.mark.parametrize(
    "spelling", ["kimi.a7m.com.cn", "HTTPS://KIMI.a7m.com.cn:443/v1/v1/", "kimi.a7m.com.cn/v1/models"]
)
def test_another_spelling_of_the_same_url_is_the_same_provider(spelling: str) -> None:
    assert normalize_provider_id(canonical_base_url(spelling)) == normalize_provider_id("https://kimi.a7m.com.cn/v1")


@given(st.text("abc.-xyz0123456789", min_size=1, max_size=70))
def test_a_provider_id_is_always_a_short_plain_word(host: str) -> None:
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,39})?-[0-9a-f]{8}", normalize_provider_id(f"https://{host}/v1"))


def test_a_fingerprint_shows_eight_digits_and_decides_on_all() -> None:
    digest = key_digest(KEY)
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert shown_fingerprint(digest) == f"sha256:{digest[:8]}"
    assert KEY not in digest


def test_the_account_name_carries_provider_and_fingerprint() -> None:
    assert account_name("kimi-a7m-7d7ac291", "0123456789abcdef") == "kimi-a7m-7d7ac291#0123456789ab"
    assert len(account_name("a" * 49, "0" * 64)) <= 100
