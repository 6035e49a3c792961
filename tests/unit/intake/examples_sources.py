# ruff: noqa: E501  (one list a line)
"""Texts as files, programs, sheets and posts hold them; the right reading was written down before the parser read them."""

from tests.unit.intake.example import K2, K3, ONE, U2, Example, K, Right, U, incomplete

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
EXAMPLES = [*FIRST]
