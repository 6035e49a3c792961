# ruff: noqa: E501  (one list a line)
"""More texts as files, programs, sheets and posts hold them; their right reading was written down first as well."""

from tests.unit.intake.example import K2, K3, ONE, TWO, U2, Example, K, Right, U, ambiguous, incomplete

FOURTH = [
    Example("aichat: config.yaml", """model: relay:gpt-5
stream: true
save: true
keybindings: emacs
clients:
- type: openai-compatible
  name: relay
  api_base: https://relay.example/v1
  api_key: sk-AAAA0001
  models:
  - name: gpt-5
    max_input_tokens: 128000
    supports_vision: true
  - name: text-embedding-3-small
    type: embedding
- type: claude
  api_key: sk-BBBB0002
""", [Right(models=("gpt-5", "text-embedding-3-small"), label="relay"), incomplete("", K2, "no_address")]),
    Example("mods: mods.yml", """default-model: gpt-5
apis:
  openai:
    base-url: https://relay.example/v1
    api-key: sk-AAAA0001
    api-key-env: OPENAI_API_KEY
    models: # https://platform.openai.com/docs/models
      gpt-5:
        aliases: ["5"]
        max-input-chars: 392000
        fallback: gpt-4o
  copilot:
    base-url: https://other.example
    models:
      gpt-4o:
        max-input-chars: 392000
""", [Right(models=("gpt-5",)), incomplete(U2, "", "no_key")._replace(models=("gpt-4o",))]),
    Example("AutoGen: OAI_CONFIG_LIST", """[
    {
        "model": "gpt-5",
        "api_key": "sk-AAAA0001",
        "base_url": "https://relay.example/v1",
        "tags": ["gpt", "tool"]
    },
    {
        "model": "claude-sonnet-4-5",
        "api_key": "sk-BBBB0002",
        "api_type": "anthropic",
        "base_url": "https://other.example"
    }
]
""", [Right(models=("gpt-5",)), Right(U2, K2, ("claude-sonnet-4-5",), platform="anthropic")]),
    Example("MetaGPT: config2.yaml", """llm:
  api_type: "openai"  # or azure / ollama / groq etc.
  model: "gpt-4-turbo"  # or gpt-3.5-turbo
  base_url: "https://relay.example/v1"  # or forward url / other llm url
  api_key: "sk-AAAA0001"

# RAG Embedding.
embedding:
  api_type: "" # openai / azure / gemini / ollama etc.
  base_url: ""
  api_key: ""

search:
  api_type: "google"
  api_key: "YOUR_API_KEY"
  cse_id: "YOUR_CSE_ID"
""", [Right(models=("gpt-4-turbo",), platform="openai")]),
    Example("Obsidian Copilot: data.json", """{
  "plusLicenseKey": "",
  "openAIApiKey": "",
  "defaultModelKey": "gpt-5|3rd party (openai-format)",
  "activeModels": [
    { "name": "gpt-5", "provider": "3rd party (openai-format)", "enabled": true, "isBuiltIn": false, "baseUrl": "https://relay.example/v1", "apiKey": "sk-AAAA0001", "enableCors": true },
    { "name": "claude-sonnet-4-5", "provider": "anthropic", "enabled": true, "isBuiltIn": true }
  ]
}
""", [Right(label="gpt-5")]),
    Example("goose: config.yaml", """GOOSE_PROVIDER: openai
GOOSE_MODEL: gpt-5
OPENAI_HOST: https://relay.example
OPENAI_BASE_PATH: v1/chat/completions
OPENAI_API_KEY: sk-AAAA0001
extensions:
  developer:
    enabled: true
    type: builtin
""", [Right(models=("gpt-5",))]),
    Example("sgpt: .sgptrc", """DEFAULT_MODEL=gpt-5
API_BASE_URL=https://relay.example/v1
OPENAI_API_KEY=sk-AAAA0001
REQUEST_TIMEOUT=60
PRETTIFY_MARKDOWN=true
""", [Right(models=("gpt-5",))]),
    Example("Codex: three providers with bearer tokens", """model_provider = "a"
model = "gpt-5-codex"

[model_providers.a]
name = "A"
base_url = "https://relay.example/v1"
wire_api = "responses"
experimental_bearer_token = "sk-AAAA0001"

[model_providers.b]
name = "B"
base_url = "https://other.example/v1"
wire_api = "responses"
experimental_bearer_token = "sk-BBBB0002"

[mcp_servers.context7]
command = "npx"
args = ["-y", "@upstash/context7-mcp", "--api-key", "ctx7sk-0000"]
""", [Right(models=("gpt-5-codex",), label="A"), Right(U2, K2, ("gpt-5-codex",), "B")]),
    Example("headerless CSV: name, group, address, key, price", """甲站,default,https://relay.example,sk-AAAA0001,0.5
乙站,vip,https://other.example,sk-BBBB0002,1.0
""", TWO),
    Example("HTML table with a head", """<table><thead><tr><th>站点</th><th>地址</th><th>密钥</th></tr></thead>
<tbody><tr><td>甲站</td><td><a href="https://relay.example">https://relay.example</a></td><td><code>sk-AAAA0001</code></td></tr>
<tr><td>乙站</td><td>https://other.example</td><td><code>sk-BBBB0002</code></td></tr></tbody></table>
""", TWO),
    Example("JSON: strings of address and key", '["https://relay.example/v1|sk-AAAA0001", "https://other.example/v1|sk-BBBB0002"]', TWO),
    Example("JSON: addresses as names, keys as values", '{"https://relay.example/v1": "sk-AAAA0001", "https://other.example/v1": ["sk-BBBB0002", "sk-CCCC0003"]}', [Right(), Right(U2, K2), Right(U2, K3)]),
    Example("JSON: pairs as lists", '[["https://relay.example/v1", "sk-AAAA0001"], ["https://other.example/v1", "sk-BBBB0002"]]', TWO),
    Example("Spring: application.yml with profiles", """spring:
  application:
    name: demo
  datasource:
    url: jdbc:mysql://localhost:3306/demo
    username: root
    password: root123456
  ai:
    openai:
      base-url: https://relay.example
      api-key: sk-AAAA0001
      chat:
        options:
          model: gpt-5
          temperature: 0.7
""", [Right(models=("gpt-5",))]),
    Example("claude mcp and settings commands", """claude config set -g env.ANTHROPIC_BASE_URL https://relay.example
claude config set -g env.ANTHROPIC_AUTH_TOKEN sk-AAAA0001
""", [Right(platform="anthropic")]),
    Example("shell function for several relays", """use_a() {
  export ANTHROPIC_BASE_URL="https://relay.example"
  export ANTHROPIC_AUTH_TOKEN="sk-AAAA0001"
  claude "$@"
}

use_b() {
  export ANTHROPIC_BASE_URL="https://other.example"
  export ANTHROPIC_AUTH_TOKEN="sk-BBBB0002"
  claude "$@"
}
""", [Right(platform="anthropic"), Right(U2, K2, platform="anthropic")]),
    Example("alias in one line", """alias cc1='ANTHROPIC_BASE_URL=https://relay.example ANTHROPIC_AUTH_TOKEN=sk-AAAA0001 claude'
alias cc2='ANTHROPIC_BASE_URL=https://other.example ANTHROPIC_AUTH_TOKEN=sk-BBBB0002 claude'
""", [Right(platform="anthropic"), Right(U2, K2, platform="anthropic")]),
    Example("PowerShell: hash table", """$providers = @{
    relay = @{ BaseUrl = "https://relay.example/v1"; ApiKey = "sk-AAAA0001" }
    other = @{ BaseUrl = "https://other.example/v1"; ApiKey = "sk-BBBB0002" }
}
""", [Right(label="relay"), Right(U2, K2, label="other")]),
    Example("AppleScript and plist defaults", """defaults write com.some.app apiBaseURL "https://relay.example/v1"
defaults write com.some.app apiKey "sk-AAAA0001"
""", ONE),
    Example("forum: price list, key by private message", """## 中转站价格

| 模型 | 倍率 |
| --- | --- |
| gpt-5 | 0.2 |
| claude-sonnet-4-5 | 0.8 |

地址 https://relay.example ，注册送 1 刀，key 自己在后台建
""", [incomplete(U, "")._replace(models=("gpt-5", "claude-sonnet-4-5"))]),
    Example("chat: two pairs, an old one taken back", """A: https://relay.example/v1 sk-AAAA0001 这个失效了
A: 换这个
A: https://other.example/v1
A: sk-BBBB0002
B: ok
""", TWO),
    Example("keys with remarks behind", """https://relay.example
sk-AAAA0001 (gpt 专用)
sk-BBBB0002 claude用
sk-CCCC0003  # 备用
""", [Right(), Right(U, K2), Right(U, K3)]),
    Example("log of a failed request: key shown in part", """2026-01-05 10:00:00 ERROR request failed: POST https://relay.example/v1/chat/completions 401
{"error":{"message":"无效的令牌 sk-AA***01 (request id: 20260105100000123456789AbCdEfGh)","type":"new_api_error"}}
""", [incomplete(U, "")]),
    Example("Java: properties in Chinese escapes and comments", """# LLM
llm.url=https://relay.example/v1/chat/completions
llm.key=sk-AAAA0001
llm.model=gpt-5
# old
#llm.url=https://old.other.example/v1
""", [Right(models=("gpt-5",))]),
    Example("Python: class attributes", """class Config:
    # relay
    LLM_BASE_URL: str = "https://relay.example/v1"
    LLM_API_KEY: str = "sk-AAAA0001"
    LLM_MODEL: str = "gpt-5"
    EMBEDDING_MODEL = "text-embedding-3-small"
    REDIS_URL = "redis://localhost:6379/0"
    SECRET_KEY = "0123456789abcdef0123456789abcdef"
""", [Right(models=("gpt-5",))]),
]  # fmt: skip
FIFTH = [
    Example("triples of lines without blank lines", """甲站
https://relay.example/v1
sk-AAAA0001
乙站
https://other.example/v1
sk-BBBB0002
""", [Right(label="甲站"), Right(U2, K2, label="乙站")]),
    Example("addresses numbered, then keys numbered", """地址：
1. https://relay.example/v1
2. https://other.example/v1
密钥：
1. sk-AAAA0001
2. sk-BBBB0002
""", [ambiguous("", K), ambiguous("", K2)]),
    Example("keys above, the address in the last sentence", """sk-AAAA0001
sk-BBBB0002
sk-CCCC0003
以上 key 的接口都是 https://relay.example/v1
""", [Right(), Right(U, K2), Right(U, K3)]),
    Example("key, blank line, address, several", """sk-AAAA0001

https://relay.example/v1

sk-BBBB0002

https://other.example/v1
""", TWO),
    Example("account and password beside", """网站：https://relay.example
账号：test@mail.example
密码：Abc12345
API地址：https://relay.example/v1
API Key：sk-AAAA0001
""", ONE),
    Example("struck out", """~~https://old.other.example/v1 sk-DDDD0004~~ 已失效
https://relay.example/v1 sk-AAAA0001
""", [Right("https://old.other.example/v1", "sk-DDDD0004"), Right()]),
    Example("labels in two languages", """接口地址(Base URL)：https://relay.example/v1
密钥(API Key)：sk-AAAA0001
模型(Model)：gpt-5
""", [Right(models=("gpt-5",))]),
    Example("label with a remark in brackets", """Base URL（OpenAI 兼容）：https://relay.example/v1
API Key（请妥善保管）：sk-AAAA0001
""", ONE),
    Example("sections of accounts", """账号1：
  URL: https://relay.example/v1
  KEY: sk-AAAA0001
账号2：
  URL: https://other.example/v1
  KEY: sk-BBBB0002
""", TWO),
    Example("JSON: keys in one text by comma", '{"url": "https://relay.example/v1", "keys": "sk-AAAA0001,sk-BBBB0002", "models": "gpt-5,glm-4.6"}', [Right(models=("gpt-5", "glm-4.6")), Right(U, K2, ("gpt-5", "glm-4.6"))]),
    Example("TSV in English, empty cells at the end", """Provider\tEndpoint URL\tSecret\tModels supported\tNotes\t\t
Relay\thttps://relay.example/v1\tsk-AAAA0001\tgpt-5, glm-4.6\tfast\t\t
Other\thttps://other.example/v1\tsk-BBBB0002\t\t\t\t
""", [Right(models=("gpt-5", "glm-4.6"), label="Relay"), Right(U2, K2, label="Other")]),
    Example("CSV of channels: one of the maker itself", """id,type,name,base_url,key,models,group
1,1,relay,https://relay.example,sk-AAAA0001,"gpt-5,gpt-5-mini",default
2,14,official,,sk-ant-api03-BBBB0002,claude-sonnet-4-5,default
""", [Right(models=("gpt-5", "gpt-5-mini"), label="relay", platform="openai"), incomplete("", "sk-ant-api03-BBBB0002", "no_address")._replace(models=("claude-sonnet-4-5",), label="official")]),
    Example("heredoc", """mkdir -p ~/.claude
cat > ~/.claude/settings.json <<'END'
{
  "env": {
    "ANTHROPIC_BASE_URL": "https://relay.example",
    "ANTHROPIC_AUTH_TOKEN": "sk-AAAA0001"
  }
}
END
""", [Right(platform="anthropic")]),
    Example("echo into .zshrc", """echo 'export ANTHROPIC_BASE_URL=https://relay.example' >> ~/.zshrc
echo 'export ANTHROPIC_AUTH_TOKEN=sk-AAAA0001' >> ~/.zshrc
source ~/.zshrc
""", [Right(platform="anthropic")]),
    Example("terminal with prompts", """me@laptop:~/bot$ export OPENAI_BASE_URL=https://relay.example/v1
me@laptop:~/bot$ export OPENAI_API_KEY=sk-AAAA0001
me@laptop:~/bot$ python main.py
Error: 429 Too Many Requests
""", ONE),
    Example("PowerShell with prompts", """PS C:\\Users\\me> $env:ANTHROPIC_BASE_URL = "https://relay.example"
PS C:\\Users\\me> $env:ANTHROPIC_AUTH_TOKEN = "sk-AAAA0001"
PS C:\\Users\\me> claude
""", [Right(platform="anthropic")]),
    Example("env | grep", """$ env | grep -i openai
OPENAI_API_KEY=sk-AAAA0001
OPENAI_BASE_URL=https://relay.example/v1
OPENAI_ORGANIZATION=org-AbCd0000
""", ONE),
    Example("secrets of a platform by commands", """fly secrets set OPENAI_BASE_URL=https://relay.example/v1 OPENAI_API_KEY=sk-AAAA0001 PORT=8080
""", ONE),
    Example("gh secret set", """gh secret set OPENAI_BASE_URL --body "https://relay.example/v1"
gh secret set OPENAI_API_KEY --body "sk-AAAA0001"
""", ONE),
    Example("arrows and units", """relay → https://relay.example/v1 → sk-AAAA0001 → 余额 12.3
other → https://other.example/v1 → sk-BBBB0002 → 余额 0
""", [Right(label="relay"), Right(U2, K2, label="other")]),
    Example("two protocols of one relay", """OpenAI 格式：https://relay.example/v1
Anthropic 格式：https://relay.example/anthropic
Key：sk-AAAA0001
""", [ambiguous("", K)]),
    Example("keys in groups under one table", """| 分组 | Key |
| --- | --- |
| claude | sk-AAAA0001 |
| codex | sk-BBBB0002 |

接口：https://relay.example/v1
""", [Right(), Right(U, K2)]),
    Example("YAML: lists of addresses and keys of one relay", """relay:
  base_urls:
    - https://relay.example/v1
  api_keys:
    - sk-AAAA0001
    - sk-BBBB0002
  weight: 10
""", [Right(), Right(U, K2)]),
    Example("quoted reply in a forum", """> 佬，能给个 key 吗？

给你：
> base_url: https://relay.example/v1
> api_key: sk-AAAA0001
""", ONE),
    Example("one line of JSON among words", """配置就这个 {"baseUrl":"https://relay.example/v1","apiKey":"sk-AAAA0001","model":"gpt-5"} 复制进去就行
""", [Right(models=("gpt-5",))]),
]  # fmt: skip
EXAMPLES = [*FOURTH, *FIFTH]
