"""Which relays are asked no more than an import needs."""

import pytest
from batch_import.domain.politeness import NoExtraProbes


@pytest.mark.parametrize(
    ("listed", "base_url", "expected"),
    [
        ("", "https://a.example/v1", False),
        ("a.example", "https://a.example/v1", True),
        ("A.Example ", "https://a.example:8443/v1", True),
        ("a.example:8443", "https://a.example:8443/v1", True),
        ("a.example:8443", "https://a.example/v1", False),
        ("https://a.example", "https://a.example/v1", True),
        ("https://a.example/v1", "https://a.example/other", True),
        ("https://a.example", "http://a.example/v1", False),
        ("*.example", "https://a.b.example/v1", True),
        ("*.example", "https://example/v1", False),
        ("example", "https://a.example/v1", False),
        ("*", "https://anything.example/v1", True),
        ("b.example,*.c.example", "https://x.c.example/v1", True),
        ("a.example:443", "https://a.example/v1", True),
        ("https://a.example:443/", "https://a.example/v1", True),
        ("a.example:80", "http://a.example/v1", True),
        ("http://a.example:443", "http://a.example:443/v1", True),
        (" HTTPS://A.Example/V1", "https://a.example/v1", True),
        ("b.example, *.C.Example", "https://x.c.example/v1", True),
        ("a.example.", "https://a.example/v1", True),
        ("bücher.example", "https://xn--bcher-kva.example/v1", True),
        ("*.bücher.example", "https://api.xn--bcher-kva.example/v1", True),
        ("[::1]", "http://[::1]/v1", True),
        ("what is this", "https://a.example/v1", False),
    ],
)
def test_a_relay_is_listed_by_host_origin_or_domain(listed: str, base_url: str, expected: bool) -> None:
    assert (base_url in NoExtraProbes(listed.split(","))) is expected
