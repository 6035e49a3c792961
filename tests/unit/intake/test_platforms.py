"""A platform that the list names stands in ``platform``; an address alone names none."""

import json

import pytest
from batch_import.intake import choose, parse

from tests.unit.intake.example import K2, U2, K, U

CHANNEL = {"id": 1, "key": K, "name": "a", "base_url": U, "models": "gpt-5", "group": "default"}
ACCOUNT = {"name": "a", "type": "apikey", "credentials": {"api_key": K, "base_url": U}}
CLAUDE = {"ANTHROPIC_BASE_URL": U, "ANTHROPIC_AUTH_TOKEN": K}
GEMINI = {"GOOGLE_GEMINI_BASE_URL": U, "GEMINI_API_KEY": K}


def _switch(app: str, env: dict[str, str]) -> dict[str, object]:
    return {app: {"providers": {"p": {"id": "p", "name": "A", "settingsConfig": {"env": env}}}, "current": "p"}}


@pytest.mark.parametrize(
    ("document", "platform"),
    [
        ({"accounts": [{**ACCOUNT, "platform": "anthropic"}]}, "anthropic"),
        ({"accounts": [{**ACCOUNT, "platform": "gemini"}]}, "gemini"),
        ({"accounts": [{**ACCOUNT, "platform": "openai"}]}, "openai"),
        ({"accounts": [{**ACCOUNT, "platform": "antigravity"}]}, None),
        ({"data": {"items": [{**CHANNEL, "type": 1}]}}, "openai"),
        ({"data": [{**CHANNEL, "type": 14}]}, "anthropic"),
        ({"data": [{**CHANNEL, "type": 24}]}, "gemini"),
        ({"data": [{**CHANNEL, "type": 17}]}, None),
        ([{"type": "anthropic", "apiKey": K, "apiHost": U}], "anthropic"),
        ([{"type": "gemini", "apiKey": K, "apiHost": U}], "gemini"),
        ([{"type": "azure-openai", "apiKey": K, "apiHost": U}], None),
        (_switch("claude", CLAUDE), "anthropic"),
        (_switch("gemini", GEMINI), "gemini"),
        (_switch("codex", {"OPENAI_API_KEY": K, "OPENAI_BASE_URL": U}), None),
        ({"env": CLAUDE}, "anthropic"),
        ({"provider": {"r": {"npm": "@ai-sdk/anthropic", "options": {"baseURL": U, "apiKey": K}}}}, "anthropic"),
        ({"provider": {"r": {"npm": "@ai-sdk/google", "options": {"baseURL": U, "apiKey": K}}}}, "gemini"),
        ({"models": {"providers": {"r": {"baseUrl": U, "apiKey": K, "api": "anthropic-messages"}}}}, "anthropic"),
        ({"models": [{"title": "R", "provider": "anthropic", "apiBase": U, "apiKey": K}]}, "anthropic"),
        ({"base_url": U, "api_key": K}, None),
        ({"name": "claude", "base_url": U, "api_key": K}, None),
    ],
)
def test_export_names_the_platform(document: object, platform: str | None) -> None:
    text = json.dumps(document)
    assert [(row.base_url, row.api_key, row.platform) for row in parse(text).rows] == [(U, K, platform)]


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        (f"ANTHROPIC_BASE_URL={U}\nANTHROPIC_AUTH_TOKEN={K}", "anthropic"),
        (f"export ANTHROPIC_BASE_URL={U}\nexport ANTHROPIC_API_KEY={K}", "anthropic"),
        (f'$env:ANTHROPIC_BASE_URL="{U}"\n$env:ANTHROPIC_AUTH_TOKEN="{K}"', "anthropic"),
        (f"set -x ANTHROPIC_BASE_URL {U}\nset -x ANTHROPIC_AUTH_TOKEN {K}", "anthropic"),
        (
            f"services:\n  a:\n    environment:\n      - ANTHROPIC_BASE_URL={U}\n      - ANTHROPIC_AUTH_TOKEN={K}\n",
            "anthropic",
        ),
        (f"GOOGLE_GEMINI_BASE_URL={U}\nGEMINI_API_KEY={K}", "gemini"),
        (f"OPENAI_BASE_URL={U}\nOPENAI_API_KEY={K}", None),
        (f"ccswitch://v1/import?resource=provider&app=gemini&name=R&endpoint={U}&apiKey={K}", "gemini"),
        (f"类型：anthropic\n地址：{U}\n密钥：{K}", "anthropic"),
        (f"name,platform,base_url,api_key\na,anthropic,{U},{K}", "anthropic"),
        (f"name,type,base_url,key\na,24,{U},{K}", "gemini"),
        (f"{U} {K}", None),
        (f"{U} {K} claude-sonnet-4-5", None),
        (f"claude\n{U}\n{K}", None),
    ],
)
def test_text_names_the_platform(text: str, platform: str | None) -> None:
    assert [(row.base_url, row.api_key, row.platform) for row in parse(text).rows] == [(U, K, platform)]


def test_address_with_the_name_of_a_platform_names_none() -> None:
    rows = parse(f"https://relay.example/anthropic {K}\nhttps://gemini.example {K}").rows
    assert [row.platform for row in rows] == [None, None]


def test_each_row_has_its_own_platform_and_hands_it_on() -> None:
    text = f"ANTHROPIC_BASE_URL={U}\nANTHROPIC_AUTH_TOKEN={K}\nOPENAI_BASE_URL={U2}\nOPENAI_API_KEY={K2}"
    assert [item.platform for item in choose(parse(text))] == ["anthropic", None]
