# ruff: noqa: E501  (one list a line)
"""Settings of widespread programs; the right reading was written down before the parser read them."""

import json

from tests.unit.intake.example import K2, K3, ONE, TWO, U2, Example, K, Right, U, ambiguous, incomplete

_CHERRY = {"llm": json.dumps({"providers": [{"id": "relay", "name": "Relay", "type": "openai", "apiKey": K, "apiHost": "https://relay.example", "models": [{"id": "gpt-5", "name": "gpt-5", "group": "gpt"}], "enabled": True}, {"id": "openai", "name": "OpenAI", "type": "openai", "apiKey": "", "apiHost": "https://api.openai.example", "models": [], "enabled": False}]})}  # fmt: skip

SIXTH = [
    Example("Cherry Studio: backup with nested texts", json.dumps({"time": 1, "version": 5, "localStorage": {"persist:cherry-studio": json.dumps(_CHERRY)}, "indexedDB": {"files": []}}), [Right(models=("gpt-5",), label="Relay", platform="openai")]),
    Example("Roo Code: exported profiles", """{
  "providerProfiles": {
    "currentApiConfigName": "default",
    "apiConfigs": {
      "default": {
        "apiProvider": "openai",
        "openAiBaseUrl": "https://relay.example/v1",
        "openAiApiKey": "sk-AAAA0001",
        "openAiModelId": "gpt-5",
        "openAiCustomModelInfo": { "maxTokens": -1, "contextWindow": 128000, "inputPrice": 0 },
        "id": "ab12cd34ef"
      },
      "claude": {
        "apiProvider": "anthropic",
        "anthropicBaseUrl": "https://other.example",
        "apiKey": "sk-BBBB0002",
        "apiModelId": "claude-sonnet-4-5",
        "id": "gh56ij78kl"
      }
    }
  },
  "globalSettings": { "language": "zh-CN", "autoApprovalEnabled": true }
}
""", [Right(models=("gpt-5",)), Right(U2, K2, ("claude-sonnet-4-5",), platform="anthropic")]),
    Example("chatgpt-on-wechat: config.json", """{
  "channel_type": "wx",
  "model": "gpt-5",
  "open_ai_api_key": "sk-AAAA0001",
  "open_ai_api_base": "https://relay.example/v1",
  "claude_api_key": "",
  "linkai_api_key": "",
  "proxy": "",
  "single_chat_prefix": ["bot", "@bot"],
  "group_name_white_list": ["群1"],
  "temperature": 0.7
}
""", [Right(models=("gpt-5",))]),
    Example("AstrBot: cmd_config.json", """{
  "provider": [
    {
      "id": "relay",
      "type": "openai_chat_completion",
      "provider_type": "chat_completion",
      "enable": true,
      "key": ["sk-AAAA0001"],
      "api_base": "https://relay.example/v1",
      "timeout": 120,
      "model_config": { "model": "gpt-5", "temperature": 0.4 }
    }
  ],
  "dashboard": { "enable": true, "username": "astrbot", "password": "77b90590a8945a7d36c963981a307dc9", "host": "0.0.0.0", "port": 6185 }
}
""", [Right(models=("gpt-5",), platform="openai")]),
    Example("MaiBot: model_config.toml", """[inner]
version = "1.7.4"

[[api_providers]]
name = "Relay"
base_url = "https://relay.example/v1"
api_key = "sk-AAAA0001"
client_type = "openai"
max_retry = 2

[[api_providers]]
name = "Other"
base_url = "https://other.example/v1"
api_key = "sk-BBBB0002"
client_type = "openai"

[[models]]
model_identifier = "gpt-5"
name = "gpt-5"
api_provider = "Relay"
price_in = 2.0
""", [Right(label="Relay"), Right(U2, K2, label="Other")]),
    Example("koishi: lists of key, address and switch", """plugins:
  group:chat:
    chatluna-openai-adapter:abc123:
      apiKeys:
        - - sk-AAAA0001
          - https://relay.example/v1
          - true
      additionalModels: []
      temperature: 1
""", ONE),
    Example("RAGFlow: service_conf.yaml", """ragflow:
  host: 0.0.0.0
  http_port: 9380
mysql:
  name: 'rag_flow'
  user: 'root'
  password: 'infini_rag_flow'
  host: 'localhost'
  port: 5455
minio:
  user: 'rag_flow'
  password: 'infini_rag_flow'
  host: 'localhost:9000'
user_default_llm:
  factory: 'OpenAI-API-Compatible'
  api_key: 'sk-AAAA0001'
  base_url: 'https://relay.example/v1'
""", ONE),
    Example("pdf2zh: config.json", """{
    "USE_MODELSCOPE": "0",
    "PDF2ZH_LANG_TO": "Simplified Chinese",
    "translators": [
        {
            "name": "openai",
            "envs": {
                "OPENAI_BASE_URL": "https://relay.example/v1",
                "OPENAI_API_KEY": "sk-AAAA0001",
                "OPENAI_MODEL": "gpt-5"
            }
        },
        {
            "name": "deepl",
            "envs": { "DEEPL_AUTH_KEY": "" }
        }
    ]
}
""", [Right(models=("gpt-5",))]),
    Example("VideoLingo: config.yaml", """# * Settings marked with * are advanced settings
version: "3.0.0"
display_language: "zh-CN"

# API settings
api:
  key: 'sk-AAAA0001'
  base_url: 'https://relay.example'
  model: 'gpt-5'
  llm_support_json: false

whisper:
  model: 'large-v3'
  language: 'en'
  runtime: 'local'
  whisperX_302_api_key: 'your_302_api_key'

sf_fish_tts:
  api_key: 'YOUR_API_KEY'
  voice: 'anna'
""", [Right(models=("gpt-5",))]),
    Example("MoneyPrinterTurbo: config.toml of many", """[app]
video_source = "pexels"
pexels_api_keys = []
llm_provider = "openai"

openai_api_key = "sk-AAAA0001"
openai_base_url = "https://relay.example/v1"
openai_model_name = "gpt-5"

moonshot_api_key = ""
moonshot_base_url = "https://moonshot.example/v1"
moonshot_model_name = "moonshot-v1-8k"

deepseek_api_key = "sk-BBBB0002"
deepseek_base_url = "https://other.example"
deepseek_model_name = "deepseek-chat"

redis_host = "localhost"
redis_port = 6379

[whisper]
model_size = "large-v3"
""", [Right(models=("gpt-5",)), incomplete("https://moonshot.example/v1", "", "no_key")._replace(models=("moonshot-v1-8k",)), Right(U2, K2, ("deepseek-chat",))]),
    Example("VS Code: custom models of Copilot", """{
  "editor.fontSize": 14,
  "github.copilot.chat.customOAIModels": {
    "gpt-5": {
      "name": "GPT-5 relay",
      "url": "https://relay.example/v1",
      "toolCalling": true,
      "vision": false,
      "maxInputTokens": 128000,
      "requiresAPIKey": true
    }
  }
}
""", [incomplete(U, "", "no_key")._replace(label="GPT-5 relay")]),
    Example("ccm: keys of makers alone", """# CCM 配置文件
DEEPSEEK_API_KEY=sk-AAAA0001
KIMI_API_KEY=sk-BBBB0002
GLM_API_KEY=your-glm-api-key
# DEEPSEEK_MODEL=deepseek-chat
""", [incomplete("", K), incomplete("", K2)]),
    Example("curl of Windows with carets", """curl https://relay.example/v1/chat/completions ^
  -H "Content-Type: application/json" ^
  -H "Authorization: Bearer sk-AAAA0001" ^
  -d "{\\"model\\":\\"gpt-5\\",\\"messages\\":[{\\"role\\":\\"user\\",\\"content\\":\\"hi\\"}]}"
""", [Right(models=("gpt-5",))]),
    Example("LangChain: environ and client", """import os
from langchain_openai import ChatOpenAI

os.environ["OPENAI_API_KEY"] = "sk-AAAA0001"
os.environ["OPENAI_API_BASE"] = "https://relay.example/v1"
os.environ["LANGCHAIN_API_KEY"] = "lsv2_pt_0000"

llm = ChatOpenAI(model_name="gpt-5", temperature=0)
""", [Right(models=("gpt-5",))]),
    Example("Elixir: config.exs", """import Config

config :openai,
  api_key: "sk-AAAA0001",
  api_url: "https://relay.example/v1",
  http_options: [recv_timeout: 30_000]
""", ONE),
    Example("HOCON: application.conf", """llm {
  openai {
    base-url = "https://relay.example/v1"
    api-key = "sk-AAAA0001"
    model = "gpt-5"
  }
  timeout = 30s
}
""", [Right(models=("gpt-5",))]),
    Example("SillyTavern: secrets.json", """{
    "api_key_openai": "sk-AAAA0001",
    "api_key_claude": "sk-BBBB0002",
    "api_key_horde": "0000000000",
    "vapid": "x"
}
""", [incomplete("", K), incomplete("", K2)]),
    Example("OpenHands: config.toml", """[core]
workspace_base = "./workspace"

[llm]
model = "openai/gpt-5"
base_url = "https://relay.example/v1"
api_key = "sk-AAAA0001"
temperature = 0.0

[llm.cheap]
model = "openai/gpt-5-mini"
base_url = "https://other.example/v1"
api_key = "sk-BBBB0002"
""", [Right(models=("gpt-5",)), Right(U2, K2, ("gpt-5-mini",))]),
    Example("opencode.json and the variable that it names", """// opencode.json
{
  "provider": {
    "relay": {
      "npm": "@ai-sdk/openai-compatible",
      "options": { "baseURL": "https://relay.example/v1", "apiKey": "{env:RELAY_KEY}" },
      "models": { "gpt-5": {} }
    }
  }
}

# .env
RELAY_KEY=sk-AAAA0001
""", [Right(models=("gpt-5",))]),
    Example("Flowise: chatflow node", """{
  "nodes": [
    {
      "id": "chatOpenAICustom_0",
      "data": {
        "label": "ChatOpenAI Custom",
        "name": "chatOpenAICustom",
        "inputs": { "modelName": "gpt-5", "temperature": 0.9, "basepath": "https://relay.example/v1", "baseOptions": "" },
        "credential": "8f7e6d5c-0000-4b3a-9281-706f5e4d3c2b"
      }
    }
  ],
  "edges": []
}
""", [incomplete(U, "")._replace(models=("gpt-5",))]),
    Example("Bash: associative arrays", """declare -A RELAY=(
  [url]="https://relay.example/v1"
  [key]="sk-AAAA0001"
)
declare -A OTHER=(
  [url]="https://other.example/v1"
  [key]="sk-BBBB0002"
)
""", TWO),
    Example("Groovy and Gradle: properties", """openaiBaseUrl=https://relay.example/v1
openaiApiKey=sk-AAAA0001
org.gradle.jvmargs=-Xmx2048m
""", ONE),
    Example("Streamlit: secrets.toml", """OPENAI_API_KEY = "sk-AAAA0001"
OPENAI_BASE_URL = "https://relay.example/v1"

[connections.db]
url = "postgresql://u:p@localhost/db"
""", ONE),
    Example("Home page of a relay copied", """首页 控制台 模型价格 文档 关于
Relay API
更好的价格，更好的稳定性，只需要将模型基址替换为：
https://relay.example
/v1/chat/completions
获取密钥
文档

我的令牌：sk-AAAA0001
""", ONE),
    Example("forum: pair hidden in base64 with a hint", """base64 解码一下
aHR0cHM6Ly9yZWxheS5leGFtcGxlL3Yx
c2stQUFBQTAwMDE=
""", ONE),
]  # fmt: skip
SEVENTH = [
    Example("sub2api: page of a key", """名称
my-key
API 密钥
sk-AAAA0001
分组
claude-max
用量
今日: $0.12
状态
活跃
端点：https://relay.example
""", ONE),
    Example("Notion table pasted", """Provider	Base URL	API Key	Status	Last check
Relay	https://relay.example/v1	sk-AAAA0001	✅ OK	2026-01-05
Other	https://other.example/v1	sk-BBBB0002	❌ 401	2026-01-04
""", [Right(label="Relay"), Right(U2, K2, label="Other")]),
    Example("Slack: code and mention", """<@U012AB3CD> here you go:
```base_url = https://relay.example/v1
api_key = sk-AAAA0001```
:thumbsup: 2
""", ONE),
    Example("Portuguese mail", """Olá,

Segue o acesso:
Endereço: https://relay.example/v1
Chave: sk-AAAA0001
Modelo: gpt-5

Abraços
""", [Right(models=("gpt-5",))]),
    Example("key before and after by lines with dashes", """1) https://relay.example/v1 -- sk-AAAA0001
2) https://other.example/v1 -- sk-BBBB0002
""", TWO),
    Example("Go: configuration with viper defaults", """viper.SetDefault("llm.base_url", "https://relay.example/v1")
viper.SetDefault("llm.api_key", "sk-AAAA0001")
viper.SetDefault("llm.model", "gpt-5")
viper.SetDefault("server.port", 8080)
""", [Right(models=("gpt-5",))]),
    Example("Rust: struct and default", """impl Default for Config {
    fn default() -> Self {
        Self {
            base_url: "https://relay.example/v1".to_string(),
            api_key: String::from("sk-AAAA0001"),
            model: "gpt-5".into(),
            timeout: Duration::from_secs(30),
        }
    }
}
""", [Right(models=("gpt-5",))]),
    Example("Vue: form with defaults", """<script setup lang="ts">
const form = reactive({
  baseUrl: 'https://relay.example/v1',
  apiKey: 'sk-AAAA0001',
  model: 'gpt-5',
  stream: true,
})
</script>

<template>
  <el-input v-model="form.baseUrl" placeholder="https://api.openai.com" />
</template>
""", [Right(models=("gpt-5",))]),
    Example("Python: dataclass and argparse", """parser = argparse.ArgumentParser()
parser.add_argument("--base-url", default="https://relay.example/v1")
parser.add_argument("--api-key", default="sk-AAAA0001")
parser.add_argument("--model", default="gpt-5")
args = parser.parse_args()
""", [Right(models=("gpt-5",))]),
    Example("Makefile with exports", """export OPENAI_BASE_URL := https://relay.example/v1
export OPENAI_API_KEY := sk-AAAA0001

run:
	python main.py
""", ONE),
    Example("tmux and ssh: env in a command", """ssh root@10.0.0.9 'OPENAI_BASE_URL=https://relay.example/v1 OPENAI_API_KEY=sk-AAAA0001 nohup python bot.py &'
""", ONE),
    Example("Jupyter: getpass and client", """import os
os.environ['OPENAI_API_KEY'] = 'sk-AAAA0001'
client = OpenAI(base_url='https://relay.example/v1')
""", ONE),
    Example("release note with addresses of mirrors", """公告：主域名 https://relay.example 被墙，请改用以下线路
线路1：https://a.relay.example
线路2：https://b.relay.example
旧 key 继续可用
""", [incomplete("https://relay.example/v1", ""), incomplete("https://a.relay.example/v1", ""), incomplete("https://b.relay.example/v1", "")]),
    Example("one key each for two of three relays", """A站 https://relay.example sk-AAAA0001
B站 https://other.example 待补充
C站 https://third.example sk-CCCC0003
""", [Right(label="A站"), incomplete(U2, ""), Right("https://third.example/v1", K3, label="C站")]),
    Example("JSON: accounts with cookies and keys", """[{"site_name":"甲","site_url":"https://relay.example","account_info":{"username":"u1","access_token":"0123456789abcdef0123456789abcdef"},"tokens":[{"name":"default","key":"sk-AAAA0001","group":"default"}]}]""", [Right(label="甲")]),
    Example("CSV with quotes and a comment column", '''"名称","接口地址","密钥","备注"
"甲","https://relay.example/v1","sk-AAAA0001","便宜, 稳定"
"乙","https://other.example/v1","sk-BBBB0002","only ""claude"""
''', [Right(label="甲"), Right(U2, K2, label="乙")]),
    Example("semicolon sheet of Excel", """name;url;key;models
A;https://relay.example/v1;sk-AAAA0001;gpt-5,glm-4.6
B;https://other.example/v1;sk-BBBB0002;
""", [Right(models=("gpt-5", "glm-4.6"), label="A"), Right(U2, K2, label="B")]),
    Example("text of a QR code", """{"t":"openai","u":"https://relay.example/v1","k":"sk-AAAA0001"}""", ONE),
    Example("address with a user's path and a remark glued", """https://relay.example/v1（国内直连）
sk-AAAA0001【限 gpt-5】
""", [Right(models=("gpt-5",))]),
    Example("short host, key after a slash", """relay.example / sk-AAAA0001
other.example / sk-BBBB0002
""", TWO),
    Example("Anthropic settings in YAML and an unrelated one", """claude:
  base_url: https://relay.example
  auth_token: sk-AAAA0001
telegram:
  bot_token: "123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
  api_url: https://tg.other.example
""", [Right(platform="anthropic")]),
    Example("status page: urls without keys, then one pair", """https://relay.example 200 OK 120ms
https://other.example 502 Bad Gateway
可用的：https://relay.example sk-AAAA0001
""", [incomplete(U2, ""), Right()]),
    Example("Thai and emoji", """🔗 ลิงก์: https://relay.example/v1
🔑 คีย์: sk-AAAA0001
""", ONE),
    Example("old and new key of one relay", """https://relay.example/v1
旧：sk-AAAA0001（已用完）
新：sk-BBBB0002
""", [Right(), Right(U, K2)]),
    Example("list of keys in Python and one address", """BASE = "https://relay.example/v1"
KEYS = [
    "sk-AAAA0001",
    "sk-BBBB0002",
    "sk-CCCC0003",
]
""", [Right(), Right(U, K2), Right(U, K3)]),
]  # fmt: skip
EIGHTH = [
    Example("deployment notes: ports, passwords and the pair", """服务器 10.0.0.9 root/Passw0rd!
docker 端口 3000 -> 3000
数据库 mysql root / 123456
new-api 后台 https://relay.example/console
接口 https://relay.example/v1
key sk-AAAA0001
""", ONE),
    Example("two relays in a sentence each", """主力用 https://relay.example/v1，key 是 sk-AAAA0001；备用 https://other.example/v1，key 是 sk-BBBB0002。
""", TWO),
    Example("JSON5: unquoted names, single quotes", """{
  providers: [
    { name: 'Relay', baseURL: 'https://relay.example/v1', apiKey: 'sk-AAAA0001', models: ['gpt-5'] },
    { name: 'Other', baseURL: 'https://other.example/v1', apiKey: 'sk-BBBB0002' }, // second
  ],
}
""", [Right(models=("gpt-5",), label="Relay"), Right(U2, K2, label="Other")]),
    Example("YAML with tabs and a dangling quote", """providers:
\t- name: Relay
\t  base_url: https://relay.example/v1
\t  api_key: "sk-AAAA0001
""", [incomplete(U, "")]),
    Example("log lines of JSON", """{"level":"info","time":"2026-01-05T10:20:33Z","msg":"using provider","base_url":"https://relay.example/v1","api_key":"sk-AAAA0001"}
{"level":"info","time":"2026-01-05T10:20:34Z","msg":"started","port":8080}
""", ONE),
    Example("diff of settings", """--- a/.env
+++ b/.env
@@ -1,2 +1,2 @@
-OPENAI_BASE_URL=https://old.other.example/v1
-OPENAI_API_KEY=sk-DDDD0004
+OPENAI_BASE_URL=https://relay.example/v1
+OPENAI_API_KEY=sk-AAAA0001
""", [Right("https://old.other.example/v1", "sk-DDDD0004"), Right()]),
    Example("PowerShell profile function", """function cc {
    $env:ANTHROPIC_BASE_URL = 'https://relay.example'
    $env:ANTHROPIC_AUTH_TOKEN = 'sk-AAAA0001'
    claude @args
}
""", [Right(platform="anthropic")]),
    Example("curl of a balance and of models", """curl https://relay.example/v1/dashboard/billing/subscription -H "Authorization: Bearer sk-AAAA0001"
curl https://relay.example/v1/models -H "Authorization: Bearer sk-AAAA0001"
""", ONE),
    Example("Swift and plist", """<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0">
<dict>
	<key>OPENAI_BASE_URL</key>
	<string>https://relay.example/v1</string>
	<key>OPENAI_API_KEY</key>
	<string>sk-AAAA0001</string>
	<key>CFBundleIdentifier</key>
	<string>com.some.app</string>
</dict>
</plist>
""", ONE),
    Example("issue form filled in", """### Version
v1.2.3

### Base URL
https://relay.example/v1

### API Key
sk-AAAA0001

### Model
gpt-5

### What happened?
It returns 404.
""", [Right(models=("gpt-5",))]),
    Example("HTTP request as text", """POST /v1/chat/completions HTTP/1.1
Host: relay.example
Authorization: Bearer sk-AAAA0001
Content-Type: application/json

{"model":"gpt-5","messages":[]}
""", [Right(models=("gpt-5",))]),
    Example("wget and PowerShell Invoke-RestMethod", """$headers = @{ "Authorization" = "Bearer sk-AAAA0001"; "Content-Type" = "application/json" }
Invoke-RestMethod -Uri "https://relay.example/v1/models" -Headers $headers
""", ONE),
    Example("axios", """axios.post('https://relay.example/v1/chat/completions', {
  model: 'gpt-5',
  messages: [{ role: 'user', content: 'hi' }],
}, {
  headers: { Authorization: 'Bearer sk-AAAA0001' },
})
""", [Right(models=("gpt-5",))]),
    Example("Telegram: monospaced key and channel", """🎁 Free API

Base: https://relay.example/v1
Key: `sk-AAAA0001`

Join 👉 https://t.me/relaychannel
""", ONE),
    Example("keys that ran out are marked", """https://relay.example
✅ sk-AAAA0001
❌ sk-BBBB0002
✅ sk-CCCC0003
""", [Right(), Right(U, K2), Right(U, K3)]),
    Example("table: address once above, keys in rows", """地址：https://relay.example/v1
编号	密钥	额度
1	sk-AAAA0001	10
2	sk-BBBB0002	10
""", [Right(), Right(U, K2)]),
    Example("address behind the table", """名称,key,额度
甲,sk-AAAA0001,10
乙,sk-BBBB0002,10

统一地址 https://relay.example/v1
""", [Right(), Right(U, K2)]),
    Example("environment of GitHub Actions", """      - name: run
        run: python main.py
        env:
          OPENAI_BASE_URL: https://relay.example/v1
          OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}
""", [incomplete(U, "", "key_from_environment")]),
    Example("old post with fullwidth letters", """ＵＲＬ：https://relay.example/v1
ＫＥＹ：sk-AAAA0001
""", ONE),
    Example("key split over two lines", """地址：https://relay.example/v1
密钥：sk-AAAA
0001BBBBccccDDDD2222
""", [ambiguous(U, "sk-AAAA0001BBBBccccDDDD2222", "key_may_be_several")]),
    Example("Docker secrets and files", """OPENAI_BASE_URL=https://relay.example/v1
OPENAI_API_KEY_FILE=/run/secrets/openai_key
""", [incomplete(U, "")]),
    Example("numbers of a table with thousands", """站点 | 地址 | key | 余额
甲 | https://relay.example/v1 | sk-AAAA0001 | 1,234.50
乙 | https://other.example/v1 | sk-BBBB0002 | 0
""", [Right(label="甲"), Right(U2, K2, label="乙")]),
    Example("Cloudflare gateway in front", """base_url = "https://gateway.ai.other.example/v1/0123456789abcdef0123456789abcdef/my-gw/openai"
api_key = "sk-AAAA0001"
""", [Right("https://gateway.ai.other.example/v1/0123456789abcdef0123456789abcdef/my-gw/openai", K)]),
    Example("Azure: resource, deployment and key", """AZURE_OPENAI_ENDPOINT=https://my-res.openai.azure.example/
AZURE_OPENAI_API_KEY=0123456789abcdef0123456789abcdef
AZURE_OPENAI_DEPLOYMENT=gpt-5
OPENAI_API_VERSION=2024-10-21
""", [Right("https://my-res.openai.azure.example/v1", "0123456789abcdef0123456789abcdef")]),
    Example("thanks and an unrelated link", """楼主好人 https://linux.do/t/topic/12345
我也分享一个：https://relay.example sk-AAAA0001
""", ONE),
]  # fmt: skip
EXAMPLES = [*SIXTH, *SEVENTH, *EIGHTH]
