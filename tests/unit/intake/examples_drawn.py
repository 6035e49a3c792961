# ruff: noqa: E501  (one list a line)
"""Lists of public exporters and posts whose right reading was written down before the parser read them."""

import base64
import json
from typing import Any

from tests.unit.intake.example import K2, K3, ONE, U2, Example, K, Right, U

B, B2 = "https://relay.example", "https://other.example"


def _json(name: str, document: Any, rows: list[Right]) -> Example:
    return Example(name, json.dumps(document, ensure_ascii=False), rows)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_BOTH = ("gpt-5", "claude-sonnet-4-5")
_CLAUDE = json.dumps({"env": {"ANTHROPIC_AUTH_TOKEN": K, "ANTHROPIC_BASE_URL": B}})
_CODEX = json.dumps(
    {
        "auth": {"OPENAI_API_KEY": K2},
        "config": f'model_provider = "custom"\nmodel = "gpt-5"\n\n[model_providers.custom]\nname = "custom"\nbase_url = "{U2}"\nwire_api = "responses"\n',
    }
)

FIRST = [
    _json("gpt-load: exported group", {"group": {"id": 1, "name": "g1", "upstreams": [{"url": B, "weight": 1}], "channel_type": "anthropic", "test_model": "claude-sonnet-4-5", "validation_endpoint": "", "proxy_keys": "sk-proxy0001", "config": {"request_timeout": 600}}, "keys": [{"key_value": K, "status": "active"}, {"key_value": K2, "status": "invalid"}]},
        [Right(models=("claude-sonnet-4-5",), platform="anthropic"), Right(U, K2, ("claude-sonnet-4-5",), platform="anthropic")]),
    _json("octopus: dump with channels and keys apart", {"version": 1, "exported_at": "2026-04-21T17:45:36Z", "include_logs": False, "channels": [{"id": 1, "name": "first", "type": "openai/chat_completions", "enabled": True, "base_urls": [{"url": U, "delay": 1}], "keys": None, "model": "gpt-5", "custom_model": ""}, {"id": 2, "name": "second", "type": "anthropic/messages", "enabled": True, "base_urls": [{"url": U2, "delay": 1}], "keys": None, "model": "claude-sonnet-4-5", "custom_model": ""}], "channel_keys": [{"id": 2, "channel_id": 1, "enabled": True, "channel_key": K}, {"id": 3, "channel_id": 2, "enabled": True, "channel_key": K2}], "groups": [{"id": 3, "name": "all", "mode": 1}], "llm_infos": [{"name": "gpt-5", "input": 1, "output": 2}], "api_keys": [], "settings": []},
        [Right(models=("gpt-5",), label="first"), Right(U2, K2, ("claude-sonnet-4-5",), "second", platform="anthropic")]),
    Example("cc-switch: SQL export", f"-- CC Switch SQLite 导出\n-- 生成时间: 2026-01-05 10:00:00\n-- user_version: 5\nPRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE providers (\n    id TEXT NOT NULL,\n    app_type TEXT NOT NULL,\n    name TEXT NOT NULL,\n    settings_config TEXT NOT NULL,\n    website_url TEXT\n);\nINSERT INTO \"providers\" (\"id\",\"app_type\",\"name\",\"settings_config\",\"website_url\") VALUES ('6a1b','claude','Relay','{_CLAUDE}','https://www.relay.example');\nINSERT INTO \"providers\" (\"id\",\"app_type\",\"name\",\"settings_config\",\"website_url\") VALUES ('7c2d','codex','Other','{_CODEX}',NULL);\nCOMMIT;\n",
            [Right(platform="anthropic"), Right(U2, K2, ("gpt-5",))]),
    Example("AxonHub: channel", f'name: "main"\ntype: "anthropic"\nbase_url: "{B}"\ncredentials:\n  api_keys:\n    - "{K}"\n    - "{K2}"\nsupported_models: ["claude-sonnet-4-5", "claude-opus-4-5"]\n',
            [Right(models=("claude-sonnet-4-5", "claude-opus-4-5"), label="main", platform="anthropic"), Right(U, K2, ("claude-sonnet-4-5", "claude-opus-4-5"), "main", platform="anthropic")]),
    Example("aider report: host without a dot", f"### Issue\n\n```yml\nopenai-api-base: https://localapi\nopenai-api-key: {K}\nmodel: openai/gpt-5\n```\nRunning Aider gives the following error with the above config, but curl works.\n", [Right("https://localapi/v1", K, ("gpt-5",))]),
    Example("claurst request: models with [1m]", 'I could not make some kind of Claude-code config like \n\n{\n  "env": {\n    "ANTHROPIC_BASE_URL": "https://relay.example/anthropic",\n    "ANTHROPIC_AUTH_TOKEN": "abcdefg123456",\n    "ANTHROPIC_MODEL": "deepseek-v4-pro[1m]",\n    "ANTHROPIC_DEFAULT_OPUS_MODEL": "deepseek-v4-pro[1m]",\n    "ANTHROPIC_DEFAULT_HAIKU_MODEL": "deepseek-v4-flash[1m]",\n    "CLAUDE_CODE_EFFORT_LEVEL": "max"\n  },\n  "theme": "dark"\n}\n\nI spent almost an hour and didnt set Flash and Pro correctly', [Right("https://relay.example/anthropic/v1", "abcdefg123456", ("deepseek-v4-pro", "deepseek-v4-flash"), platform="anthropic")]),
    Example("AiNiee: log of a test", f"[INFO] 正在进行接口测试 ...\n[INFO] 接口名称 - 本地小模型\n[INFO] 接口地址 - http://localhost:11434/v1/chat/completions\n[INFO] 接口密钥 - {K}\n[INFO] 模型名称 - deepseek-r1:8b\n[INFO] 测试指令 -\n[ERROR] 接口测试失败 ... 404 page not found\n", [Right("http://localhost:11434/v1", K, ("deepseek-r1:8b",))]),
    Example("Vietnamese guide for Chatbox", f"**Hướng dẫn Setup API Key cho Chatbox**\n\n1. Truy cập mục **Settings** trong ứng dụng.\n2. Nhập **API Key** và **Endpoint** theo hướng dẫn.\n\n    <aside>\n    💡\n    \n    API host:  `{U}`\n    \n    API Path:  `/chat/completions`\n    \n    Khóa API: `{K}`\n    \n    Model: `gpt-5`\n    </aside>\n", [Right(models=("gpt-5",))]),
    _json("Chatbox: exported settings", {"settings": {"theme": 1, "language": "zh-Hans", "providers": {"openai": {"apiKey": K, "apiHost": B, "models": [{"modelId": "gpt-5", "type": "chat"}]}, "custom-provider-1": {"apiKey": K2, "apiHost": B2, "apiPath": "/chat/completions", "models": [{"modelId": "glm-4.6"}]}}, "customProviders": [{"id": "custom-provider-1", "name": "Other", "type": "openai", "isCustom": True}]}},
        [Right(models=("gpt-5",)), Right(U2, K2, ("glm-4.6",))]),
    _json("Postman collection with bearer auth", {"info": {"name": "Relay", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}, "item": [{"name": "chat", "request": {"method": "POST", "auth": {"type": "bearer", "bearer": [{"key": "token", "value": K, "type": "string"}]}, "header": [{"key": "Content-Type", "value": "application/json"}], "body": {"mode": "raw", "raw": '{"model": "gpt-5", "messages": []}'}, "url": {"raw": f"{U}/chat/completions", "protocol": "https", "host": ["relay", "example"], "path": ["v1", "chat", "completions"]}}, "response": []}]}, [Right(models=("gpt-5",))]),
    _json("HAR of a browser", {"log": {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "entries": [{"startedDateTime": "2026-01-01T00:00:00Z", "request": {"method": "POST", "url": f"{U}/chat/completions", "httpVersion": "http/2.0", "headers": [{"name": "authorization", "value": f"Bearer {K}"}, {"name": "content-type", "value": "application/json"}], "postData": {"mimeType": "application/json", "text": '{"model":"gpt-5","stream":true}'}}, "response": {"status": 200, "headers": [{"name": "server", "value": "cloudflare"}]}}]}}, [Right(models=("gpt-5",))]),
    _json("Postman environment", {"id": "3f2b", "name": "relay", "values": [{"key": "base_url", "value": U, "type": "default", "enabled": True}, {"key": "api_key", "value": K, "type": "secret", "enabled": True}], "_postman_variable_scope": "environment"}, ONE),
    Example("Kubernetes: secret in base64", f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: llm\ntype: Opaque\ndata:\n  OPENAI_API_KEY: {_base64(K)}\n  OPENAI_BASE_URL: {_base64(U)}\n", ONE),
    Example(".netrc", f"machine relay.example\n  login token\n  password {K}\n", ONE),
    Example("Russian channel", f"🔥 Бесплатный доступ к GPT-5\n\nАдрес: {U}\nКлюч: {K}\nМодели: gpt-5, claude-sonnet-4-5\n\nЛимит 100 запросов в день", [Right(models=_BOTH)]),
    Example("Japanese note", f"【エンドポイント】{U}\n【APIキー】{K}\n【モデル】gpt-5", [Right(models=("gpt-5",))]),
    Example("forum: keys in a fence, models as bullets", f"# 【公益】小站分享\n\n佬友们好，搭了个站，注册送 $10\n\n站点：{B}\n注册链接：{B}/register?aff=AbCd\n\n测试 key（先到先得）：\n```\n{K}\n{K2}\n```\n支持模型：\n- gpt-5\n- claude-sonnet-4-5\n\n有问题 PM 我", [Right(models=_BOTH), Right(U, K2, _BOTH)]),
    Example("sheet with merged cells", f"站点\t地址\t密钥\t模型\n甲\t{B}\t{K}\tgpt-5\n\t\t{K2}\tglm-4.6\n乙\t{B2}\t{K3}\t\n", [Right(models=("gpt-5",), label="甲"), Right(U, K2, ("glm-4.6",)), Right(U2, K3, label="乙")]),
    Example("sheet on its side", f"名称\t主站\n接口地址\t{B}\n密钥\t{K}\n模型\tgpt-5\n", [Right(models=("gpt-5",), label="主站")]),
    Example("e-mail of a shop", f"From: Support <support@relay.example>\nTo: me@mail.example\nSubject: Your API access\nDate: Mon, 1 Dec 2025 10:00:00 +0800\n\nDear customer,\n\nThank you for your purchase. Your access details:\n\n  API endpoint: {U}\n  API key:      {K}\n\nDocumentation: https://docs.relay.example\nDashboard: {B}/dashboard\n\nBest regards,\nThe Relay Team\n", ONE),
    _json("LobeChat: exported settings", {"exportType": "settings", "state": {"settings": {"general": {"fontSize": 14}, "keyVaults": {"openai": {"apiKey": K, "baseURL": U}, "anthropic": {"apiKey": K2, "baseURL": B2}}}}, "version": 7}, [Right(), Right(U2, K2, platform="anthropic")]),
    Example("AnythingLLM: .env", f"LLM_PROVIDER='generic-openai'\nGENERIC_OPEN_AI_BASE_PATH='{U}'\nGENERIC_OPEN_AI_MODEL_PREF='gpt-5'\nGENERIC_OPEN_AI_MODEL_TOKEN_LIMIT=4096\nGENERIC_OPEN_AI_API_KEY={K}\n", [Right(models=("gpt-5",))]),
    Example("LibreChat: .env with reverse proxies", f"OPENAI_API_KEY={K}\nOPENAI_REVERSE_PROXY={U}/chat/completions\nANTHROPIC_API_KEY={K2}\nANTHROPIC_REVERSE_PROXY={B2}\n# GOOGLE_KEY=user_provided\n", [Right(), Right(U2, K2, platform="anthropic")]),
    Example("Gemini CLI: .env", f"GOOGLE_GEMINI_BASE_URL={B}\nGEMINI_API_KEY={K}\nGEMINI_MODEL=gemini-2.5-pro\n", [Right(models=("gemini-2.5-pro",), platform="gemini")]),
    Example("Raycast: providers.yaml", f'providers:\n  - id: relay\n    name: Relay\n    base_url: {U}\n    api_keys:\n      openai: {K}\n    models:\n      - id: gpt-5\n        name: "GPT 5"\n        context: 200000\n', [Right(models=("gpt-5",), label="Relay")]),
]  # fmt: skip
EXAMPLES = FIRST
