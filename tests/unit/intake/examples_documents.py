# ruff: noqa: E501  (one list a line)
"""Tables, and the exports of the programs that people come from (shapes as their code writes them)."""

import base64
import json
from typing import Any

from tests.unit.intake.example import K2, K3, ONE, TWO, U2, Example, K, Right, U, ambiguous, incomplete

B, B2 = "https://relay.example", "https://other.example"


def _json(name: str, document: Any, rows: list[Right]) -> Example:
    return Example(name, json.dumps(document, ensure_ascii=False), rows)


_CODEX = f'model_provider = "relay"\nmodel = "gpt-5"\n\n[model_providers.relay]\nname = "relay"\nbase_url = "{U}"\nwire_api = "responses"\nrequires_openai_auth = true\n'
_CHANNEL = {
    "id": 1,
    "type": 1,
    "key": K,
    "status": 1,
    "name": "relay",
    "weight": 0,
    "created_time": 1,
    "base_url": B,
    "models": "gpt-5,gpt-5-mini",
    "group": "default",
    "priority": 0,
    "other": "",
}

EXAMPLES = [
    *(Example(f"CSV {number}: {text[:24]!r}", text, ONE) for number, text in enumerate([
        f"base_url,api_key\n{U},{K}\n", f"\ufeffbase_url,api_key\n{U},{K}\n", f"# exported\n\nbase_url,api_key\n# one\n{U},{K}\n\n",
        f"api_key;base_url\n{K};{U}\n", f"Base URL\tAPI-Key\n{U}\t{K}\n", f"url | key\n{U} | {K}\n", f'"base_url","api_key"\n"{U}","Bearer {K}"\n',
        f"name,base_url,api_key\nfast,{U},{K}\n", f"base_url,api_key,requested_models\n{U},{K},\n", f"base_url,api_key,requested_models\n{U},{K}\n",
        f"序号,站点,地址,令牌,余额\n1,主站,{U},{K},$5\n", f"渠道名称,API地址,API Key\n主站,{U},{K}\n", f"Name;Endpoint;Token\nmain;{U};{K}\n",
        f"接口地址\t秘钥\n{U}\t{K}\n", f'"{U}"\t"{K}"\n', f'#x\n"{U}", "{K}"', f"My relays\nurl,key\n{U},{K}\n", f"base_url，api_key\n{U}，{K}\n",
        f"provider,api_base,secret_key,notes\nmain,{U},{K},\"fast, cheap\"\n", f"base_url    api_key\n{U}    {K}\n",
    ])),
    Example("CSV with models", f"base_url,api_key,models\n{U},{K},gpt-5;kimi 2.6\n", [Right(models=("gpt-5", "kimi 2.6"))]),
    Example("CSV with unquoted models", f"base_url,api_key,models\n{U},{K},gpt-5,kimi-k2\n", [Right(models=("gpt-5", "kimi-k2"))]),
    Example("CSV with keys in one cell", f'base_url,api_key\n{U},"{K}\n{K2}"\n', [Right(notes=("several_keys",)), Right(U, K2)]),
    Example("CSV with a comma in a key", f'base_url,api_key\n{U},"sk-AAAA0001,beta"\n', [ambiguous(U, "sk-AAAA0001,beta")]),
    Example("CSV, empty key and address", f"base_url,api_key\n{U},\n,{K}\n{U2},{K2}", [incomplete(U, "", "no_key"), incomplete("", K, "no_address"), Right(U2, K2)]),
    Example("CSV, weak keys count", f"base_url,api_key\n{U},abc\n", [Right(U, "abc")]),
    Example("CSV, disabled", f"name,base_url,api_key,status\na,{U},{K},2\n", [Right(notes=("disabled",))]),
    Example("CSV, column disabled", f"name,base_url,api_key,disabled\na,{U},{K},true\n", [Right(notes=("disabled",))]),
    Example("CSV of sites", f"site,key\n{U},{K}\n{U2},{K2}\n", TWO),
    Example("table of sites", f"| 网站 | 密钥 |\n|---|---|\n| {U} | {K} |\n| {U2} | {K2} |\n", TWO),
    Example("CSV, a first cell of two lines", f'name,base_url,api_key\n"main\none",{U},{K}\nb,{U2},{K2}\n', [Right(label="main one"), Right(U2, K2, label="b")]),
    Example("CSV, broken quotes", f'base_url,api_key\n{U},{K}\n"{U2},{K2}\n', [Right(), incomplete(U2, "", "no_key")]),
    Example("two CSV tables", f"base_url,api_key\n{U},{K}\n\nkey,url\n{K2},{U2}\n", TWO),
    Example("Markdown table with prose", f"# Relays\n\nSome words.\n\n| 名称 | 地址 | 密钥 | 模型 |\n|:--|:-:|--:|---|\n| A | [{U}]({U}) | `{K}` | gpt-5, glm-4.6 |\n| B | {U2} | {K2} | |\n\nThe end.",
            [Right(models=("gpt-5", "glm-4.6"), label="A"), Right(U2, K2, label="B")]),
    Example("Markdown table, keys by <br>", f"| url | key |\n|---|---|\n| {U} | {K}<br>{K2} |", [Right(), Right(U, K2)]),
    Example("Markdown table without outer bars", f"url | key\n--- | ---\n{U} | {K}", ONE),
    Example("Markdown table with unknown headers", f"| 站 | 入口 | sk |\n|---|---|---|\n| A | {U} | {K} |", [Right(label="A")]),
    Example("Markdown table with headers that mean nothing", f"| foo | bar | baz |\n|---|---|---|\n| A | {U} | {K} |", [Right(label="A")]),
    Example("JSON cut off in a key", f'[{{"base_url":"{U}","api_key":"{K}"}},\n{{"base_url":"{U2}","api_key":"sk-BB', [Right(), incomplete(U2, "", "no_key", "cut_off")]),
    Example("JSON cut off in an address", f'[{{"base_url":"{U}","api_key":"{K}"}},\n{{"api_key":"{K2}","base_url":"https://oth', [Right(), incomplete("", K2, "no_address", "cut_off")]),
    Example("JSON cut off among prose", f'here:\n```json\n[{{"base_url":"{U}","api_key":"{K}"}},\n{{"base_url":"{U2}","api_key":"sk-BB\n```', [Right(), incomplete(U2, "", "no_key", "cut_off")]),
    Example("JSON cut off behind a pair", f'{{"base_url":"{U}","api_key":"{K}","models":["gpt-5","gp', [Right(models=("gpt-5",), notes=("cut_off",))]),
    Example("CSV cut off within quotes", f'url,key\n{U},{K}\n{U2},"sk-BB', [Right(), incomplete(U2, "", "no_key", "cut_off")]),
    Example("YAML cut off in a name", f"- base_url: {U}\n  api_key: {K}\n- base_url: {U2}\n  api_k", [Right(), incomplete(U2, "", "no_key")]),
    Example("YAML cut off within quotes", f'- base_url: {U}\n  api_key: {K}\n- base_url: {U2}\n  api_key: "sk-BB', [Right(), incomplete(U2, "", "no_key", "cut_off")]),
    Example("address cut off", f"{U} {K}\n{K2} https://oth", [Right(), Right("https://oth/v1", K2, notes=("unusual_address",))]),
    Example("Markdown table as a form", f"| 项目 | 值 |\n|---|---|\n| 地址 | {U} |\n| 密钥 | {K} |", ONE),
    Example("HTML table", f"<table><tr><th>url</th><th>key</th></tr><tr><td>{U}</td><td>{K}</td></tr></table>", ONE),
    Example("JSON lines with prose", f'here they are:\n{{"base_url":"{U}","api_key":"{K}"}}\n{{"base_url":"{U2}","api_key":"{K2}"}}\nthat is all', TWO),
    Example("JSON in a fence", f'```json\n{{"base_url":"{U}",\n "api_key":"{K}"}}\n```', ONE),
    Example("JSON with a closing comma", f'[{{"base_url":"{U}","api_key":"{K}",}},]', ONE),
    Example("JSON with comments", f'{{\n // mine\n "base_url":"{U}",\n "api_key":"{K}" // key\n}}', ONE),
    Example("JSON with typographic quotes", f"{{“base_url”：“{U}”，“api_key”：“{K}”}}", ONE),
    Example("JSON cut off", f'[{{"base_url":"{U}","api_key":"{K}"}},\n{{"base_url":"{U2}","api_k', [Right(), incomplete(U2, "", "no_key")]),
    Example("JSON with a repeated name", f'[{{"base_url":"{U}","api_key":"{K}","api_key":"{K2}"}}]', [Right(notes=("several_keys",)), Right(U, K2)]),
    _json("JSON request", {"mode": "strict", "items": [{"base_url": U, "api_key": K, "requested_models": ["kimi 2.6"]}]}, [Right(models=("kimi 2.6",))]),
    _json("JSON map by name", {"main": {"url": U, "key": K}, "other": {"url": U2, "key": K2}}, [Right(label="main"), Right(U2, K2, label="other")]),
    _json("JSON keys as a list", {"base_url": U, "api_keys": [K, K2]}, [Right(), Right(U, K2)]),
    _json("JSON keys as objects", {"base_url": U, "tokens": [{"name": "a", "key": K}, {"name": "b", "key": K2}]}, [Right(label="a"), Right(U, K2, label="b")]),
    _json("JSON pairs of texts", [[U, K], [U2, K2]], TWO),
    _json("JSON map of address to key", {U: K, U2: K2}, TWO),
    _json("JSON list of texts", [f"{U} {K}", f"{U2} {K2}"], TWO),
    _json("sub2api accounts", {"type": "sub2api-data", "version": 1, "exported_at": "2026-02-05T00:00:00Z", "proxies": [{"proxy_key": "p", "name": "p", "protocol": "http", "host": "10.0.0.1", "port": 8080}], "accounts": [
        {"name": "a", "platform": "anthropic", "type": "apikey", "credentials": {"api_key": K, "base_url": B, "model_mapping": {"claude-sonnet-4-5": "claude-sonnet-4-5"}}, "concurrency": 3, "priority": 50, "auto_pause_on_expired": True},
        {"name": "b", "platform": "openai", "type": "oauth", "credentials": {"access_token": "eyJhbGciOi.AAAA.BBBB", "refresh_token": "rt-0001"}, "concurrency": 3, "priority": 50}]},
        [Right(label="a", platform="anthropic"), incomplete("", "", "not_an_api_key")._replace(label="b")]),
    _json("sub2api accounts, wrapped", {"code": 0, "message": "success", "data": {"accounts": [{"name": "a", "platform": "gemini", "type": "apikey", "credentials": {"api_key": "AIzaSyA0001", "base_url": B}}]}}, [Right(key="AIzaSyA0001", platform="gemini")]),
    _json("new-api page", {"success": True, "message": "", "data": {"items": [_CHANNEL, {**_CHANNEL, "id": 2, "key": f"{K2}\n{K3}", "status": 2, "base_url": B2, "type": 14}], "page": 1, "page_size": 20, "total": 2, "type_counts": {"1": 2}}},
        [Right(models=("gpt-5", "gpt-5-mini"), label="relay"), Right(U2, K2, ("gpt-5", "gpt-5-mini"), notes=("disabled",), platform="anthropic"), Right(U2, K3, ("gpt-5", "gpt-5-mini"), notes=("disabled",))]),
    _json("new-api keys as JSON", {"data": [{**_CHANNEL, "key": json.dumps([K, K2])}]}, [Right(models=("gpt-5", "gpt-5-mini")), Right(U, K2, ("gpt-5", "gpt-5-mini"))]),
    _json("new-api official channel", [{**_CHANNEL, "base_url": ""}], [incomplete("", K, "no_address")._replace(models=("gpt-5", "gpt-5-mini"))]),
    _json("one-api list", {"success": True, "data": [_CHANNEL]}, [Right(models=("gpt-5", "gpt-5-mini"))]),
    _json("all-api-hub", {"version": "2.0", "timestamp": 1, "type": "all", "accounts": {"accounts": [{"id": "account-1", "site_name": "S", "site_url": B2, "site_type": "new-api", "account_info": {"id": 1, "access_token": "tok0001", "username": "u", "quota": 1}}]},
        "apiCredentialProfiles": {"version": 2, "profiles": [{"id": "p", "name": "P", "apiType": "openai-compatible", "baseUrl": B, "apiKey": K, "tagIds": [], "notes": "", "createdAt": 1}]}, "preferences": {"webdav": {"url": "https://dav.example/", "username": "u", "password": "p"}}},
        [incomplete(U2, "", "not_an_api_key")._replace(label="S"), Right(label="P")]),
    _json("Cherry Studio providers", [{"id": "r", "type": "anthropic", "name": "R", "apiKey": K, "apiHost": "https://relay.example/api/", "models": [{"id": "claude-sonnet-4-5", "provider": "r", "name": "Claude", "group": "c"}], "enabled": True, "isSystem": False},
        {"id": "o", "type": "openai", "name": "O", "apiKey": "", "apiHost": "https://api.o.example", "models": [], "enabled": False}],
        [Right("https://relay.example/api/v1", K, ("claude-sonnet-4-5",), "R", notes=("no_version_meant", "host_appends_version"), platform="anthropic")]),
    _json("Cherry Studio backup", {"time": 1, "version": 5, "localStorage": {"persist:cherry-studio": json.dumps({"llm": json.dumps({"providers": [{"id": "r", "name": "R", "type": "openai", "apiKey": K, "apiHost": B, "models": [], "enabled": True}]})})}}, [Right(label="R")]),
    _json("cc-switch", {"claude": {"providers": {"p1": {"id": "p1", "name": "A", "settingsConfig": {"env": {"ANTHROPIC_BASE_URL": B, "ANTHROPIC_AUTH_TOKEN": K, "ANTHROPIC_MODEL": "claude-sonnet-4-5"}}, "websiteUrl": "https://www.relay.example"}}, "current": "p1"},
        "codex": {"providers": {"p2": {"id": "p2", "name": "B", "settingsConfig": {"auth": {"OPENAI_API_KEY": K2}, "config": _CODEX}}}, "current": "p2"}},
        [Right(models=("claude-sonnet-4-5",), label="A", platform="anthropic"), Right(U, K2, ("gpt-5",))]),
    _json("Claude Code settings", {"env": {"ANTHROPIC_AUTH_TOKEN": K, "ANTHROPIC_BASE_URL": B, "API_TIMEOUT_MS": "600000"}, "permissions": {"allow": []}}, [Right(platform="anthropic")]),
    _json("claude-code-router", {"LOG": True, "Providers": [{"name": "a", "api_base_url": f"{U}/chat/completions", "api_key": K, "models": ["gpt-5", "gpt-5-mini"], "transformer": {"use": ["openrouter"]}}, {"name": "b", "api_base_url": "https://other.example/v1beta/models/", "api_key": K2, "models": ["gemini-2.5-pro"]}], "Router": {"default": "a,gpt-5"}},
        [Right(models=("gpt-5", "gpt-5-mini"), label="a"), Right("https://other.example/v1beta", K2, ("gemini-2.5-pro",), "b")]),
    _json("OpenCode", {"$schema": "https://opencode.ai/config.json", "provider": {"relay": {"npm": "@ai-sdk/openai-compatible", "name": "Relay", "options": {"baseURL": U, "apiKey": K}, "models": {"gpt-5": {"name": "GPT-5"}}}}}, [Right(models=("gpt-5",), label="Relay")]),
    _json("OpenClaw", {"models": {"providers": {"relay": {"baseUrl": U, "apiKey": K, "api": "openai-completions", "models": [{"id": "gpt-5", "name": "GPT"}]}}}}, [Right(models=("gpt-5",), label="relay")]),
    _json("Continue, JSON", {"models": [{"title": "R", "provider": "openai", "model": "gpt-5", "apiBase": U, "apiKey": K}], "tabAutocompleteModel": {"title": "T", "provider": "openai", "model": "gpt-5-mini", "apiBase": U2, "apiKey": K2}}, [Right(models=("gpt-5",), label="R"), Right(U2, K2, ("gpt-5-mini",), "T")]),
    Example("Continue, YAML", f"name: c\nversion: 1.0.0\nschema: v1\nmodels:\n  - name: R\n    provider: openai\n    model: gpt-5\n    apiBase: {U}\n    apiKey: {K}\n    roles:\n      - chat\n", [Right(models=("gpt-5",), label="R")]),
    Example("LiteLLM", f"model_list:\n  - model_name: fast\n    litellm_params:\n      model: openai/gpt-5\n      api_base: {U}\n      api_key: {K}\n  - model_name: slow\n    litellm_params:\n      model: openai/gpt-5-mini\n      api_base: {U2}\n      api_key: os.environ/OTHER_KEY\n  - model_name: direct\n    litellm_params:\n      model: gpt-4o\n      api_key: {K3}\ngeneral_settings:\n  master_key: sk-1234\n",
            [Right(models=("gpt-5",)), incomplete(U2, "", "key_from_environment")._replace(models=("gpt-5-mini",)), incomplete("", K3, "no_address")._replace(models=("gpt-4o",))]),
    Example("LiteLLM with an anchor", f"model_list:\n  - model_name: a\n    litellm_params: &one\n      model: openai/gpt-5\n      api_base: {U}\n      api_key: {K}\n  - model_name: b\n    litellm_params:\n      <<: *one\n      model: openai/gpt-5-mini\n", [Right(models=("gpt-5", "gpt-5-mini"))]),
    Example("LibreChat", f"version: 1.2.1\ncache: true\nendpoints:\n  custom:\n    - name: 'R'\n      apiKey: '{K}'\n      baseURL: '{U}'\n      models:\n        default: ['gpt-5', 'gpt-5-mini']\n        fetch: true\n      titleConvo: true\n      titleModel: 'gpt-5-mini'\n    - name: 'E'\n      apiKey: '${{OTHER_KEY}}'\n      baseURL: '{U2}'\n      models:\n        default: ['glm-4.6']\n    - name: 'P'\n      apiKey: 'user_provided'\n      baseURL: '{U2}'\n      models:\n        default: ['glm-4.6']\n",
            [Right(models=("gpt-5", "gpt-5-mini"), label="R"), incomplete(U2, "", "key_from_environment")._replace(models=("glm-4.6",)), incomplete(U2, "", "key_placeholder")._replace(models=("glm-4.6",))]),
    Example("YAML list", f"- name: a\n  base_url: {U}\n  api_key: {K}\n- name: b\n  base_url: {U2}\n  api_key: {K2}\n", [Right(label="a"), Right(U2, K2, label="b")]),
    Example("YAML map", f"relays:\n  a:\n    url: {U}\n    key: {K}\n  b:\n    url: {U2}\n    key: {K2}\n", [Right(label="a"), Right(U2, K2, label="b")]),
    Example("Codex TOML with a key", _CODEX + f'experimental_bearer_token = "{K}"\n', [Right(models=("gpt-5",), label="relay")]),
    Example("TOML list", f'[[relay]]\nurl = "{U}"\nkey = "{K}"\n[[relay]]\nurl = "{U2}"\nkey = "{K2}"\n', TWO),
    Example("Codex auth and config pasted together", f'{{"OPENAI_API_KEY": "{K}"}}\n\n{_CODEX}', [Right(models=("gpt-5",))]),
    Example("cc-switch link with config", "ccswitch://v1/import?resource=provider&app=claude&name=R&config=" + base64.urlsafe_b64encode(json.dumps({"env": {"ANTHROPIC_AUTH_TOKEN": K, "ANTHROPIC_BASE_URL": B}}).encode()).decode().rstrip("="), ONE),
    Example("INI", f"[main]\nbase_url = {U}\napi_key = {K}\n\n[other]\nbase_url = {U2}\napi_key = {K2}\n", [Right(label="main"), Right(U2, K2, label="other")]),
]  # fmt: skip
