"""No pair of another service, no placeholder and no address of another thing becomes a row that is ready."""

import json

import pytest
from batch_import.intake import RowStatus, parse

KEY, TOKEN, OTHER = "sk-test-os0001aaaabbbb", "0123456789abcdef0123456789abcdef", "https://svc.example"
PAIRS = """
    JIRA_BASE_URL/JIRA_API_TOKEN CONFLUENCE_URL/CONFLUENCE_TOKEN GRAFANA_URL/GRAFANA_API_KEY N8N_API_URL/N8N_API_KEY
    STRAPI_URL/STRAPI_TOKEN SHOPIFY_API_BASE/SHOPIFY_API_KEY DEEPL_API_URL/DEEPL_API_KEY SONARR_URL/SONARR_API_KEY
    TWILIO_BASE_URL/TWILIO_AUTH_TOKEN HASS_BASE_URL/HASS_TOKEN SMS_API_URL/SMS_API_KEY CRM_BASE_URL/CRM_API_KEY
    INTERNAL_API_URL/INTERNAL_API_KEY QDRANT_URL/QDRANT_API_KEY WEBHOOK_URL/WEBHOOK_TOKEN PAY_URL/PAY_KEY
"""
PLACEHOLDERS = """
    sk- sk-ant- sk-... sk-**** sk-替换 sk-填写你的key sk-<key> sk-[REDACTED] YOUR_API_KEY sk-xxx sk-xxxxxxxx <key>
    ${KEY} {{api_key}} your-api-key-here none test true null EMPTY REPLACE_ME changeme dummy-key fake-key
    no_key_required not-needed my-key hidden /run/secrets/key file:///run/secrets/key op://x/y/z
    $(cat_key) env.KEY OPENAI_API_BASE
    ghp_0123456789abcdefABCDEF0123456789abcd 123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr
"""
FORMS = {
    "variables": "OPENAI_API_KEY={key}\n{url}={other}\n{name}={token}\n",
    "JSON": '{{"OPENAI_API_KEY": "{key}", "{url}": "{other}", "{name}": "{token}"}}',
    "YAML": "openai:\n  api_key: {key}\n{section}:\n  base_url: {other}\n  api_key: {token}\n",
    "Python": 'OPENAI_API_KEY = "{key}"\n{url} = "{other}"\n{name} = "{token}"\n',
    "INI": "[openai]\napi_key = {key}\n[{section}]\nbase_url = {other}\napi_key = {token}\n",
}


def _ready(text: str) -> list[tuple[str, str]]:
    return [(row.base_url, row.api_key) for row in parse(text).rows if row.status is RowStatus.READY]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pair", PAIRS.split())
def test_address_of_another_service_is_no_relay(pair: str, form: str) -> None:
    url, name = pair.split("/")
    section = url.partition("_")[0].lower()
    text = FORMS[form].format(key=KEY, token=TOKEN, other=OTHER, url=url, name=name, section=section)
    assert _ready(text) == []


@pytest.mark.parametrize(
    "rest",
    [
        {"telemetry": {"endpoint": OTHER}},
        {"updates": {"baseUrl": OTHER}},
        {"webhooks": [{"url": OTHER}]},
        {"feeds": [{"url": OTHER}]},
        {"mcpServers": {"docs": {"url": OTHER, "headers": {"Authorization": f"Bearer {TOKEN}"}}}},
        {"vector_store": {"url": OTHER, "api_key": TOKEN}},
        {"proxy": {"url": OTHER, "username": "me", "password": TOKEN}},
        {"proxies": [{"type": "ss", "server": "hk.example", "port": 443, "password": TOKEN}]},
        {"claudeApiKey": "", "claudeBaseUrl": OTHER},
        {"integration": {"url": OTHER, "token": TOKEN}},
        {"device": {"host": "192.168.1.30", "api_key": TOKEN}},
    ],
    ids=json.dumps,
)
def test_key_gets_no_address_of_another_part(rest: dict[str, object]) -> None:
    assert _ready(json.dumps({"apiKey": KEY, **rest})) == []


@pytest.mark.parametrize(
    "text",
    [
        f"OPENAI_API_KEY={KEY}\nCDN=https://cdn.example\nLOGO=https://cdn.example/logo.png\n",
        f"OPENAI_API_KEY={KEY}\nDATABASE_URL=https://db.example:8000\nSERVER_URL=https://me.example\n",
        f"FROM node:20\nENV OPENAI_API_KEY={KEY}\nENV PUBLIC_URL=https://me.example\nRUN curl -fsSL https://x.example/a\n",
        f'client = OpenAI(api_key="{KEY}")\nr = requests.get("https://api.example/repos")\n',
        f'const c = new OpenAI({{ apiKey: "{KEY}" }});\nfetch("https://api.example/v1/now", {{ headers: {{}} }});\n',
        f"[llm]\napi_key = {KEY}\n[site]\nbase_url = https://me.example\n",
        f"a:\n  environment:\n    OPENAI_API_KEY: {KEY}\nb:\n  environment:\n    BASE_URL: https://b.example\n",
        f"curl https://relay.example/api/user/self -H 'Authorization: Bearer {TOKEN}'\n",
        "Host relay\n  HostName relay.example\n  User me\n",
    ],
)
def test_text_without_a_pair_has_none(text: str) -> None:
    assert _ready(text) == []


@pytest.mark.parametrize("key", PLACEHOLDERS.split())
def test_placeholder_is_no_key(key: str) -> None:
    assert _ready(json.dumps({"base_url": "https://relay.example/v1", "api_key": key})) == []
    assert _ready(f"BASE_URL=https://relay.example/v1\nAPI_KEY={key}\n") == []
