# ruff: noqa: E501  (one list a line)
"""Texts as files, programs, sheets and posts hold them; the right reading was written down before the parser read them."""

from tests.unit.intake.example import K2, K3, ONE, TWO, U2, Example, K, Right, U, incomplete

FIRST = [
    Example("profiles of Claude Code in YAML", """settings:
  alias: cc

base:
  permissions:
    allow:
      - "Bash(npm run *)"

configs:
  # first
  glm:
    model: glm-4.6
    env:
      ANTHROPIC_BASE_URL: https://relay.example
      ANTHROPIC_AUTH_TOKEN: sk-AAAA0001

  local:
    model: llama3.1
    env:
      ANTHROPIC_BASE_URL: http://localhost:11434/v1
      ANTHROPIC_AUTH_TOKEN: ollama
""", [Right(models=("glm-4.6",), platform="anthropic"), Right("http://localhost:11434/v1", "ollama", ("llama3.1",), platform="anthropic")]),
    Example("settings in a drawn box", """┌────────────────────────────────────────┐
│  写入 ~/.claude/settings.json          │
└────────────────┬───────────────────────┘
                 ▼
┌─ ~/.claude/settings.json ──────────────┐
│                                        │
│  ANTHROPIC_BASE_URL: https://relay.example  │
│  ANTHROPIC_AUTH_TOKEN: sk-AAAA0001     │
│                                        │
└──┬──────────────────────┬──────────────┘
""", [Right(platform="anthropic")]),
    Example("Python: two dictionaries, one of speech", """import asyncio

LLM_CONFIG = {
    "api_key": "sk-AAAA0001",
    "base_url": "https://relay.example/v1",
    "model": "deepseek-v4-flash",
}
TTS_CONFIG = {
    "api_key": "a0cee1c3-0000-4919-9e71-701191700839",
    "resource_id": "seed-tts-2.0",
    "voice_type": "zh_female_vv_uranus_bigtts",
    "sample_rate": 24000,
    "speed_ratio": 1.0,
}
""", [Right(models=("deepseek-v4-flash",)), incomplete("", "a0cee1c3-0000-4919-9e71-701191700839", "no_address")]),
    Example("Spring: application.properties", """spring.application.name=demo
server.port=8080
spring.ai.openai.base-url=https://relay.example
spring.ai.openai.api-key=sk-AAAA0001
spring.ai.openai.chat.options.model=gpt-5
logging.level.root=INFO
""", [Right(models=("gpt-5",))]),
    Example("TypeScript: typed map of providers", """interface LLMConfig {
  apiKey: string;
  modelName: string;
  baseUrl?: string;
}

const defaultLLMConfig: {
  moonshot: LLMConfig;
  openai: LLMConfig;
  [key: string]: LLMConfig;
} = {
  // first
  moonshot: {
    apiKey: 'sk-AAAA0001',
    modelName: 'moonshot-v1-8k',
    baseUrl: 'https://relay.example/v1',
  },

  // second
  openai: {
    apiKey: 'sk-BBBB0002',
    modelName: 'gpt-4-turbo-preview',
    baseUrl: 'https://other.example/v1',
  },
}
""", [Right(models=("moonshot-v1-8k",)), Right(U2, K2, ("gpt-4-turbo-preview",))]),
    Example("Java: two builders", """ChatLanguageModel fast = OpenAiChatModel.builder()
        .baseUrl("https://relay.example/v1")
        .apiKey("sk-AAAA0001")
        .modelName("gpt-5-mini")
        .timeout(Duration.ofSeconds(60))
        .build();

ChatLanguageModel strong = OpenAiChatModel.builder()
        .baseUrl("https://other.example/v1")
        .apiKey("sk-BBBB0002")
        .modelName("gpt-5")
        .build();
""", [Right(models=("gpt-5-mini",)), Right(U2, K2, ("gpt-5",))]),
    Example("Go: key as the first argument", """config := openai.DefaultConfig("sk-AAAA0001")
config.BaseURL = "https://relay.example/v1"
client := openai.NewClientWithConfig(config)

resp, err := client.CreateChatCompletion(
	context.Background(),
	openai.ChatCompletionRequest{
		Model: "gpt-5",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Hello!"}},
	},
)
""", [Right(models=("gpt-5",))]),
    Example("Node: client and call", """import OpenAI from 'openai';

const openai = new OpenAI({ apiKey: 'sk-AAAA0001', baseURL: 'https://relay.example/v1', dangerouslyAllowBrowser: true });

const completion = await openai.chat.completions.create({
  model: 'gpt-5',
  messages: [
    { role: 'system', content: 'You are a helpful assistant.' },
    { role: 'user', content: 'see https://docs.other.example/a' },
  ],
});
console.log(completion.choices[0].message.content);
""", [Right(models=("gpt-5",))]),
    Example("forum: main and backup address, one key", """【公益】gpt-5 免费用

主站：https://relay.example
备用：https://other.example
key：sk-AAAA0001

每天 100 次，别滥用
""", [Right(), Right(U2, K)]),
    Example("pm2 with a model: ecosystem.config.js", """module.exports = {
  apps: [{
    name: 'bot',
    script: './dist/index.js',
    instances: 1,
    env: {
      NODE_ENV: 'production',
      PORT: 3000,
      OPENAI_API_KEY: 'sk-AAAA0001',
      OPENAI_BASE_URL: 'https://relay.example/v1',
      OPENAI_MODEL: 'gpt-5',
    },
  }],
};
""", [Right(models=("gpt-5",))]),
    Example("nix: home-manager", """programs.opencode = {
  enable = true;
  settings = {
    provider.relay = {
      npm = "@ai-sdk/openai-compatible";
      options = {
        baseURL = "https://relay.example/v1";
        apiKey = "sk-AAAA0001";
      };
      models = { "gpt-5" = { name = "GPT 5"; }; };
    };
  };
};
""", [Right(models=("gpt-5",))]),
    Example("Emacs: gptel-make-openai", """(setq gptel-model 'gpt-5
      gptel-backend
      (gptel-make-openai "Relay"
        :host "relay.example"
        :endpoint "/v1/chat/completions"
        :stream t
        :key "sk-AAAA0001"
        :models '(gpt-5 glm-4.6)))
""", [Right(models=("gpt-5", "glm-4.6"))]),
    Example("avante.nvim: key by the name of a variable", """opts = {
  provider = "relay",
  providers = {
    relay = {
      __inherited_from = "openai",
      endpoint = "https://relay.example/v1",
      api_key_name = "RELAY_API_KEY",
      model = "gpt-5",
    },
  },
}
""", [incomplete(U, "")._replace(models=("gpt-5",))]),
    Example("HTTPie with a model", """http POST https://relay.example/v1/chat/completions Authorization:"Bearer sk-AAAA0001" model=gpt-5 messages:='[{"role":"user","content":"hi"}]'
""", [Right(models=("gpt-5",))]),
    Example("REST client: .http file", """@baseUrl = https://relay.example/v1
@apiKey = sk-AAAA0001

### list models
GET {{baseUrl}}/models
Authorization: Bearer {{apiKey}}

### chat
POST {{baseUrl}}/chat/completions
Authorization: Bearer {{apiKey}}
Content-Type: application/json

{
  "model": "gpt-5",
  "messages": [{"role": "user", "content": "hi"}]
}
""", [Right(models=("gpt-5",))]),
    Example("Python: requests", """import requests, json

url = "https://relay.example/v1/chat/completions"
payload = json.dumps({
    "model": "gpt-5",
    "messages": [{"role": "user", "content": "hello"}],
})
headers = {
    'Accept': 'application/json',
    'Authorization': 'Bearer sk-AAAA0001',
    'User-Agent': 'Apifox/1.0.0 (https://apifox.com)',
    'Content-Type': 'application/json'
}
response = requests.request("POST", url, headers=headers, data=payload)
print(response.text)
""", [Right(models=("gpt-5",))]),
    Example("sheet: balances, dates, one row without a key", """序号	站点	接口地址	API Key	余额	到期时间	状态
1	甲站	https://relay.example	sk-AAAA0001	12.50	2026-12-31	正常
2	乙站	https://other.example		0	2026-01-01	待补
3	丙站	https://third.example/v1	sk-CCCC0003	3	-	正常
""", [Right(label="甲站"), incomplete(U2, "")._replace(label="乙站"), Right("https://third.example/v1", K3, label="丙站")]),
    Example("systemd unit", """[Unit]
Description=bot
After=network.target

[Service]
Environment="OPENAI_BASE_URL=https://relay.example/v1"
Environment="OPENAI_API_KEY=sk-AAAA0001" "OPENAI_MODEL=gpt-5"
ExecStart=/usr/bin/node /opt/bot/index.js
Restart=always
""", [Right(models=("gpt-5",))]),
    Example("Dockerfile with a continued line", """FROM node:20-alpine
WORKDIR /app
ENV OPENAI_BASE_URL=https://relay.example/v1 \\
    OPENAI_API_KEY=sk-AAAA0001
EXPOSE 3000
CMD ["node", "index.js"]
""", ONE),
    Example("fish: set -gx", """set -gx ANTHROPIC_BASE_URL https://relay.example
set -gx ANTHROPIC_AUTH_TOKEN sk-AAAA0001
set -gx ANTHROPIC_MODEL claude-sonnet-4-5
""", [Right(models=("claude-sonnet-4-5",), platform="anthropic")]),
    Example("JetBrains: component in XML", """<application>
  <component name="AiSettings">
    <option name="baseUrl" value="https://relay.example/v1" />
    <option name="apiKey" value="sk-AAAA0001" />
    <option name="model" value="gpt-5" />
    <option name="maxTokens" value="4096" />
  </component>
</application>
""", [Right(models=("gpt-5",))]),
    Example("ini: a section each", """; relays
[main]
url=https://relay.example/v1
key=sk-AAAA0001
model=gpt-5

[second]
url=https://other.example/v1
key=sk-BBBB0002
""", [Right(models=("gpt-5",), label="main"), Right(U2, K2, label="second")]),
    Example("Python: values behind os.getenv", """import os

API_KEY = os.getenv("OPENAI_API_KEY", "sk-AAAA0001")
BASE_URL = os.getenv("OPENAI_BASE_URL", "https://relay.example/v1")
MODEL = os.environ.get("OPENAI_MODEL", "gpt-5")
TIMEOUT = int(os.getenv("TIMEOUT", "60"))
""", [Right(models=("gpt-5",))]),
    Example("JavaScript: values behind ||", """const config = {
  apiKey: process.env.OPENAI_API_KEY || 'sk-AAAA0001',
  baseURL: process.env.OPENAI_BASE_URL || 'https://relay.example/v1',
  model: process.env.OPENAI_MODEL ?? 'gpt-5',
};
""", [Right(models=("gpt-5",))]),
    Example("QQ group: numbers of members", """小王(12345678) 20:15:33
来个能用的
小李<xl@mail.example> 20:16:01
https://relay.example
sk-AAAA0001
小王(12345678) 20:17:40
谢谢大佬！
""", ONE),
]  # fmt: skip
SECOND = [
    Example("issue: error, then the pair with blank lines", """{"code":-14,"msg":"剩余积分不足","sn":"0849bcbf7f2b088d48a928509377a179"}

xiangsx · comment · 2024-09-22
work now, retry

chelaxian · comment · 2024-10-31
Api Base URL: https://relay.example

Api Key: sk-AAAA0001

Model: gpt-4-all
""", [Right(models=("gpt-4-all",))]),
    Example("link of a web client: address and key in the query", """<https://some.github.io/chatgpt-api-web/?key=sk-AAAA0001&api=https%3A%2F%2Frelay.example%2Fv1%2Fchat%2Fcompletions&mode=fetch>

URL 参数中提供了一个免费的 API key 和中转服务，不可用 stream 模式。
""", ONE),
    Example("aider: headings of hashes and xxx", """Here's the config file I'm using:

```
## Use claude-3-5-sonnet-20241022 model for the main chat
sonnet: true

########################
# API Keys and settings:

## Specify the OpenAI API key
openai-api-key: xxx

## Specify the api base url (this URL is a fake one)
openai-api-base: https://relay.example
```

And this is the error I'm getting:

```
litellm.AuthenticationError: AnthropicException - b'{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}'
```
""", [incomplete(U, "")]),
    Example("Codex: files with Windows paths", """C:\\Users\\me\\.codex\\config.toml

model_provider = "relay"
model = "gpt-5"
model_reasoning_effort = "high"

[model_providers.relay]
name = "relay"
base_url = "https://relay.example/v1"
wire_api = "responses"
requires_openai_auth = true

C:\\Users\\me\\.codex\\auth.json

{
  "OPENAI_API_KEY": "sk-AAAA0001"
}
""", [Right(models=("gpt-5",))]),
    Example("setx with a placeholder, and what the program says", """setx ANTHROPIC_AUTH_TOKEN ARK_API_KEY
setx ANTHROPIC_BASE_URL https://relay.example/api/coding
setx ANTHROPIC_MODEL ark-code-latest

启动后，在 Settings 面板里看到的是：

Anthropic base URL: https://other.example/api/anthropic
Model: glm-4.6
""", [incomplete("https://relay.example/api/coding/v1", "")._replace(models=("ark-code-latest",)), incomplete("https://other.example/api/anthropic/v1", "")._replace(models=("glm-4.6",))]),
    Example("LiteLLM: references and a master key", """```yml
model_list:
  - model_name: gpt-5
    litellm_params:
      model: openai/gpt-5
      api_base: https://relay.example/v1
      api_key: sk-AAAA0001
  - model_name: mistral-small
    litellm_params:
      model: mistral/mistral-small
      api_base: https://other.example/v1
      api_key: "os.environ/MISTRAL_API_KEY"
general_settings:
  master_key: sk-1234
```
""", [Right(models=("gpt-5",)), incomplete(U2, "", "key_from_environment")._replace(models=("mistral/mistral-small",))]),
    Example("variable, then a command with the address", "OPENAI_API_KEY=sk-AAAA0001 npx weiclaw https://relay.example/v1\n", ONE),
    Example("exports: an empty one and one that refers to another", """export OPENROUTER_API_KEY=sk-or-v1-0001aaaabbbb
export ANTHROPIC_BASE_URL="https://relay.example/api"
export ANTHROPIC_AUTH_TOKEN="$OPENROUTER_API_KEY"
export ANTHROPIC_API_KEY=""   # must be explicitly empty, not unset
""", [Right("https://relay.example/api/v1", "sk-or-v1-0001aaaabbbb", platform="anthropic")]),
    Example("compose: Lobe with a database", """services:
  lobe:
    image: lobehub/lobe-chat-database
    ports:
      - '3210:3210'
    environment:
      - 'APP_URL=http://localhost:3210'
      - 'KEY_VAULTS_SECRET=Kix2wcUONd4CX51E/ZPAd36BqM4wzJgKjPtz2sGztqQ='
      - 'NEXT_AUTH_SECRET=NX2kaPE923dt6BL2U8e9oSre5RfoT7hg'
      - 'DATABASE_URL=postgresql://postgres:pw@postgresql:5432/lobe'
      - 'S3_ENDPOINT=http://localhost:9000'
      - 'OPENAI_PROXY_URL=https://relay.example/v1'
      - 'OPENAI_API_KEY=sk-AAAA0001'
      - 'OPENAI_MODEL_LIST=-all,+gpt-5,+claude-sonnet-4-5'
    restart: always
""", [Right(models=("gpt-5", "claude-sonnet-4-5"))]),
    Example("n8n: exported credentials", """[
  {
    "createdAt": "2026-01-01T00:00:00.000Z",
    "id": "AbCd1234",
    "name": "Relay account",
    "data": {
      "apiKey": "sk-AAAA0001",
      "url": "https://relay.example/v1",
      "header": false
    },
    "type": "openAiApi",
    "isManaged": false
  }
]
""", [Right(label="Relay account")]),
    Example("Zed: a compatible provider without a key", """{
  "language_models": {
    "openai_compatible": {
      "Relay": {
        "api_url": "https://relay.example/v1",
        "available_models": [
          { "name": "gpt-5", "display_name": "GPT 5", "max_tokens": 128000 }
        ]
      }
    }
  },
  "agent": { "default_model": { "provider": "Relay", "model": "gpt-5" } }
}
""", [incomplete(U, "", "no_key")._replace(models=("gpt-5",))]),
    Example("Continue: config.yaml with roles", """name: My Config
version: 0.0.1
schema: v1
models:
  - name: GPT-5
    provider: openai
    model: gpt-5
    apiBase: https://relay.example/v1
    apiKey: sk-AAAA0001
    roles:
      - chat
      - edit
  - name: Embeddings
    provider: openai
    model: text-embedding-3-small
    apiBase: https://relay.example/v1
    apiKey: sk-AAAA0001
    roles:
      - embed
context:
  - provider: code
  - provider: docs
""", [Right(models=("gpt-5",), label="GPT-5"), Right(models=("text-embedding-3-small",), status="duplicate")]),
    Example("claude-code-router with comments and commas", """{
  // my providers
  "LOG": true,
  "APIKEY": "",
  "Providers": [
    {
      "name": "relay",
      "api_base_url": "https://relay.example/v1/chat/completions",
      "api_key": "sk-AAAA0001",
      "models": ["gpt-5", "glm-4.6"],
      "transformer": { "use": [["maxtoken", { "max_token": 16384 }]] },
    },
    {
      "name": "other",
      "api_base_url": "https://other.example/v1/chat/completions",
      "api_key": "$OTHER_KEY",
      "models": ["kimi-k2"],
    },
  ],
  "Router": { "default": "relay,gpt-5", "background": "other,kimi-k2" },
}
""", [Right(models=("gpt-5", "glm-4.6"), label="relay"), incomplete(U2, "", "key_from_environment")._replace(models=("kimi-k2",), label="other")]),
    Example("page of channels copied: no keys", """ID	名称	分组	类型	状态	响应时间	余额	优先级	操作
3	甲	default	OpenAI	已启用	1.2 秒	$ 12.5	0	测试 更新余额 禁用 编辑
2	乙	vip	Anthropic Claude	已禁用	未测试	$ 0	0	测试 更新余额 启用 编辑
""", []),
    Example("docker run over lines", """docker run -d -p 3000:3000 \\
   -e OPENAI_API_KEY=sk-AAAA0001 \\
   -e CODE=页面访问密码 \\
   -e BASE_URL=https://relay.example \\
   yidadaa/chatgpt-next-web
""", ONE),
    Example("Kubernetes: deployment with values", """apiVersion: apps/v1
kind: Deployment
metadata:
  name: bot
spec:
  template:
    spec:
      containers:
        - name: bot
          image: registry.other.example/bot:1.2.3
          env:
            - name: OPENAI_BASE_URL
              value: https://relay.example/v1
            - name: OPENAI_API_KEY
              value: sk-AAAA0001
            - name: DB_PASSWORD
              valueFrom:
                secretKeyRef:
                  name: db
                  key: password
""", ONE),
    Example("Ansible: key from the vault", """- hosts: all
  vars:
    openai_base_url: "https://relay.example/v1"
    openai_api_key: "{{ vault_openai_key }}"
  tasks:
    - name: restart
      service: name=bot state=restarted
""", [incomplete(U, "", "key_from_environment")]),
    Example("mail of an order as a table", """Order #20260105-0001
Product	Quantity	API Key	Endpoint	Valid until
GPT credits $10	1	sk-AAAA0001	https://relay.example/v1	2026-06-30

Thanks for your order! Questions? Contact support@relay.example
""", ONE),
    Example("Discord: times and remarks", """bob — Today at 8:15 PM
base is https://relay.example/v1
[8:16 PM]
key sk-AAAA0001 (expires friday)
alice — Today at 8:20 PM
ty! works with claude-sonnet-4-5 too
""", ONE),
    Example("sheet: address and key in one cell", """序号	渠道信息
1	https://relay.example|sk-AAAA0001
2	https://other.example|sk-BBBB0002
""", TWO),
    Example("forum: a key for each group", """站点：https://relay.example

claude 分组
sk-AAAA0001
codex 分组：
sk-BBBB0002
gemini分组
sk-CCCC0003

额度都不多，轻点薅
""", [Right(), Right(U, K2), Right(U, K3)]),
    Example("the same settings for three shells", """# macOS / Linux
export ANTHROPIC_BASE_URL="https://relay.example"
export ANTHROPIC_AUTH_TOKEN="sk-AAAA0001"

# CMD
set ANTHROPIC_BASE_URL=https://relay.example
set ANTHROPIC_AUTH_TOKEN=sk-AAAA0001

# PowerShell
$env:ANTHROPIC_BASE_URL="https://relay.example"
$env:ANTHROPIC_AUTH_TOKEN="sk-AAAA0001"
""", [Right(platform="anthropic"), Right(platform="anthropic", status="duplicate"), Right(platform="anthropic", status="duplicate")]),
    Example("Bruno: .bru file", """meta {
  name: chat
  type: http
  seq: 1
}

post {
  url: https://relay.example/v1/chat/completions
  body: json
  auth: bearer
}

auth:bearer {
  token: sk-AAAA0001
}

body:json {
  {
    "model": "gpt-5",
    "messages": [{"role": "user", "content": "hi"}]
  }
}
""", [Right(models=("gpt-5",))]),
    Example("http-client.env.json", """{
  "dev": { "host": "https://relay.example/v1", "token": "sk-AAAA0001" },
  "prod": { "host": "https://other.example/v1", "token": "sk-BBBB0002" }
}
""", [Right(label="dev"), Right(U2, K2, label="prod")]),
    Example("Kotlin: client with a host", """val openAI = OpenAI(
    OpenAIConfig(
        token = "sk-AAAA0001",
        host = OpenAIHost(baseUrl = "https://relay.example/v1/"),
        timeout = Timeout(socket = 60.seconds),
    )
)
val model = ModelId("gpt-5")
""", [Right(models=("gpt-5",))]),
]  # fmt: skip
THIRD = [
    Example("Open WebUI: notes with compose and a remark", """## 6. Frontend A — Open WebUI (browser chat, zero laptop install)

```yaml
# docker-compose snippet
services:
  open-webui:
    image: ghcr.io/open-webui/open-webui:main
    ports: ["3000:8080"]
    environment:
      - OPENAI_API_BASE_URL=https://relay.example/v1   # point at LiteLLM
      - OPENAI_API_KEY=sk-AAAA0001
      - DEFAULT_USER_ROLE=pending     # new signups need admin approval
      - ENABLE_SIGNUP=false
    volumes: ["open-webui:/app/backend/data"]
```
Harden per the dossier: `pending` default role, signups off.
""", ONE),
    Example("docker run with a local key, in PowerShell", """```cmd
# Pull the latest Open WebUI image
docker pull ghcr.io/open-webui/open-webui:main
```

**Windows PowerShell:**
```powershell
docker run -d `
  --name open-webui `
  -p 3000:8080 `
  -e OPENAI_API_BASE_URL=http://host.docker.internal:51211/v1 `
  -e OPENAI_API_KEY=foundry-local-key `
  -v open-webui-data:/app/backend/data `
  ghcr.io/open-webui/open-webui:main
```
""", [Right("http://host.docker.internal:51211/v1", "foundry-local-key")]),
    Example("batch file that writes a file", """@echo off
    (
        echo # OpenWebUI Docker Configuration
        echo OPENAI_API_BASE_URL=https://relay.example/v1
        echo OPENAI_API_KEY=sk-AAAA0001
        echo ENABLE_OPENAI_API=true
        echo WEBUI_SECRET_KEY=change-me-in-production
    ) > "%CONFIG_DIR%\\docker.env"
""", ONE),
    Example("uni-api-like YAML: no scheme, port", """providers:
  thinker:
    endpoint: 10.1.2.3:8000
    api_key: sk-AAAA0001
    model: qwen3-32b
  quick:
    endpoint: https://other.example/v1/
    api_key: sk-BBBB0002
""", [Right("https://10.1.2.3:8000/v1", K, ("qwen3-32b",), "thinker"), Right(U2, K2, label="quick")]),
    Example("OpenClaw: models.providers", """{
  "agents": { "defaults": { "model": { "primary": "relay/gpt-5" } } },
  "models": {
    "mode": "merge",
    "providers": {
      "relay": {
        "baseUrl": "https://relay.example/v1",
        "apiKey": "sk-AAAA0001",
        "api": "openai-completions",
        "models": [{ "id": "gpt-5", "name": "GPT 5", "input": ["text", "image"], "contextWindow": 128000 }]
      },
      "other": {
        "baseUrl": "https://other.example",
        "apiKey": "sk-BBBB0002",
        "api": "anthropic-messages",
        "models": [{ "id": "claude-sonnet-4-5", "name": "Claude" }]
      }
    }
  },
  "gateway": { "port": 18789, "auth": { "mode": "token", "token": "3c1f0000aaaa1111bbbb2222cccc3333" } }
}
""", [Right(models=("gpt-5",), label="relay"), Right(U2, K2, ("claude-sonnet-4-5",), "other", platform="anthropic"), incomplete("", "3c1f0000aaaa1111bbbb2222cccc3333")]),
    Example("OpenCode: key in a file", """{
  "$schema": "https://opencode.ai/config.json",
  "model": "oci/gpt-oss-120b",
  "provider": {
    "oci": {
      "name": "Oracle",
      "npm": "@ai-sdk/openai-compatible",
      "options": {
        "baseURL": "https://relay.example/v1",
        "apiKey": "{file:~/.config/opencode/oci-api-key}"
      },
      "models": { "openai.gpt-oss-120b": { "name": "OCI GPT-OSS 120B" } }
    }
  }
}
""", [incomplete(U, "")._replace(models=("openai.gpt-oss-120b",), label="Oracle")]),
    Example("upstreams by id in JSON with comments", """{
  "port": 9191,
  "upstreams": [
    {
      "id": "main", // default
      "name": "Relay",
      "baseUrl": "https://relay.example",
      "apiKey": "sk-AAAA0001"
    },
    {
      "id": "second",
      "name": "Other",
      "baseUrl": "https://other.example",
      "apiKey": "sk-BBBB0002"
    }
  ],
  "rules": [{ "id": "image-rule", "condition": "has_image", "upstreamId": "main", "model": "claude-opus-4-6", "priority": 1 }]
}
""", [Right(models=("claude-opus-4-6",), label="Relay"), Right(U2, K2, label="Other")]),
    Example("startup log: settings shown", """==================================================
Starting Chat Agent - Gradio UI
Port: 8080
==================================================
✓ DEEPSEEK_API_KEY: sk-AAAA0001
✓ DEEPSEEK_API_BASE: https://relay.example/v1
Importing Gradio app module...
Running on local URL:  http://127.0.0.1:8080
""", ONE),
    Example("appsettings.json with a deployment", """{
  "Logging": { "LogLevel": { "Default": "Information" } },
  "AllowedHosts": "*",
  "OpenAI": {
    "Endpoint": "https://relay.example/v1",
    "ApiKey": "sk-AAAA0001",
    "DeploymentName": "gpt-5"
  },
  "ConnectionStrings": { "Default": "Host=localhost;Port=5432;Username=app;Password=pw" }
}
""", ONE),
    Example("Gemini CLI: address and key of a gateway", """- name: gemini-cli
  model_name: gemini-2.5-pro
  env:
    GEMINI_API_KEY: sk-AAAA0001
    GOOGLE_GEMINI_BASE_URL: https://relay.example
- name: codex
  model_name: gpt-5
  env:
    OPENAI_API_KEY: sk-BBBB0002
    OPENAI_BASE_URL: https://other.example/v1
""", [Right(models=("gemini-2.5-pro",), label="gemini-cli", platform="gemini"), Right(U2, K2, ("gpt-5",), "codex")]),
    Example("WeChat group: address in words, key on its own", """老板 14:02
地址就是 relay.example 后面加 /v1
老板 14:02
sk-AAAA0001
""", ONE),
    Example("shop: card with hyphens", """订单号：20260105123456789
商品名称：GPT中转API 50刀额度
卡密信息：
https://relay.example----sk-AAAA0001----50刀
https://relay.example----sk-BBBB0002----50刀

使用教程：https://docs.relay.example/guide
""", [Right(), Right(U, K2)]),
    Example("Telegram bot: emoji labels", """🌐 Base URL: https://relay.example/v1
🔑 API Key: sk-AAAA0001
🤖 Models: gpt-5 / claude-sonnet-4-5
⏳ Expires: 2026-12-31
💰 Balance: $5.00
""", [Right(models=("gpt-5", "claude-sonnet-4-5"))]),
    Example("table of a web page: key below its name", """名称
状态
密钥
分组
操作
default
已启用
sk-AAAA0001
default
复制 禁用 删除

API 地址：https://relay.example
""", ONE),
    Example("Markdown: list of relays with nested bullets", """- **Relay**
  - base: `https://relay.example/v1`
  - key: `sk-AAAA0001`
  - models: `gpt-5`, `glm-4.6`
- **Other**
  - base: `https://other.example/v1`
  - key: `sk-BBBB0002`
""", [Right(models=("gpt-5", "glm-4.6"), label="Relay"), Right(U2, K2, label="Other")]),
    Example("Vim script and shell: g: variables", """let g:ai_base_url = 'https://relay.example/v1'
let g:ai_api_key = 'sk-AAAA0001'
let g:ai_model = 'gpt-5'
" let g:ai_proxy = 'http://127.0.0.1:7890'
""", [Right(models=("gpt-5",))]),
    Example("R: Sys.setenv", """Sys.setenv(OPENAI_API_KEY = "sk-AAAA0001",
           OPENAI_BASE_URL = "https://relay.example/v1")
library(ellmer)
chat <- chat_openai(model = "gpt-5")
""", [Right(models=("gpt-5",))]),
    Example("Dart", """final client = OpenAIClient(
  apiKey: 'sk-AAAA0001',
  baseUrl: 'https://relay.example/v1',
  headers: {'HTTP-Referer': 'https://app.other.example'},
);
""", ONE),
    Example("C#: options and credential", """var client = new OpenAIClient(
    new ApiKeyCredential("sk-AAAA0001"),
    new OpenAIClientOptions { Endpoint = new Uri("https://relay.example/v1") });
ChatClient chat = client.GetChatClient("gpt-5");
""", [Right(models=("gpt-5",))]),
    Example("Python: httpx with a base", """client = httpx.Client(
    base_url="https://relay.example/v1",
    headers={"Authorization": f"Bearer sk-AAAA0001"},
    proxies="http://127.0.0.1:7890",
)
""", ONE),
    Example("PHP: cURL", """<?php
$ch = curl_init();
curl_setopt($ch, CURLOPT_URL, 'https://relay.example/v1/chat/completions');
curl_setopt($ch, CURLOPT_HTTPHEADER, [
    'Content-Type: application/json',
    'Authorization: Bearer sk-AAAA0001',
]);
curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode(['model' => 'gpt-5', 'messages' => []]));
""", [Right(models=("gpt-5",))]),
    Example("JavaScript: fetch with a template", """const BASE = 'https://relay.example/v1';
const KEY = 'sk-AAAA0001';

async function ask(q) {
  const r = await fetch(`${BASE}/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ model: 'gpt-5', messages: [{ role: 'user', content: q }] }),
  });
  return (await r.json()).choices[0].message.content;
}
""", [Right(models=("gpt-5",))]),
    Example("Traditional Chinese mail with a table", """您好，以下為您的 API 存取資訊：

項目	內容
API 網址	https://relay.example/v1
API 金鑰	sk-AAAA0001
模型	gpt-5

如有問題請聯絡 support@relay.example
""", [Right(models=("gpt-5",))]),
    Example("prose in English: key first, period behind", """You can use the key sk-AAAA0001 with https://relay.example/v1. It supports gpt-5 and claude-sonnet-4-5.
""", [Right(models=("gpt-5", "claude-sonnet-4-5"))]),
    Example("TOML of a bot with other services", """[bot]
token = "123456789:AAAAbbbbCCCCdddd0000"
admin = [1, 2]

[ai]
base_url = "https://relay.example/v1"
api_key = "sk-AAAA0001"
model = "gpt-5"

[database]
url = "postgres://bot:pw@localhost/bot"
""", [incomplete("", "123456789:AAAAbbbbCCCCdddd0000"), Right(models=("gpt-5",))]),
]  # fmt: skip
EXAMPLES = [*FIRST, *SECOND, *THIRD]
