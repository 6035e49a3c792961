# ruff: noqa: E501  (tables of words and patterns)
"""What a header, label, variable or JSON name stands for: one table of synonyms for every form."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from batch_import.domain.types import Platform


class Field(StrEnum):
    ADDRESS = "address"
    SITE = "site"  # a web page of the relay: an address only if there is no other
    KEY = "key"
    LOGIN = "login"  # a login token, never an API key
    MODELS = "models"
    NAME = "name"
    PLATFORM = "platform"
    ENABLED = "enabled"
    DISABLED = "disabled"  # the opposite question
    PATH = "path"  # of the API, below an address that has none
    PORT = "port"  # of an address that has none
    LEGACY_ID = "legacy_id"  # of the provider in the system that the list comes from
    OTHER = "other"


class Named(NamedTuple):
    """A recognised name: ``owner`` is what stood before it (``openai`` of ``OPENAI_API_KEY``)."""

    field: Field
    owner: str = ""
    backup: bool = False


_WORDS: Mapping[Field, str] = {
    Field.ADDRESS: """
        baseurl url endpoint apibase apibaseurl apiurl requestpath apihost apiendpoint apipath apiaddress apidomain host hostname server address
        basepath uribase baseuri baseaddress uri apiserver upstream upstreamurl gateway gatewayurl reverseproxy relay relayurl
        domain customhost openaiproxyurl requesturl serverurl serviceurl providerurl endpointurl
        azureendpoint modelurl openaiurl baseurls urls apibaseurls endpoints
        地址 接口地址 接口 网址 api地址 api接口 api接口地址 api域名 站点地址 站点url 中转地址 中转站地址 中转站 中转 服务地址 服务器地址
        服务器 请求地址 代理地址 反代地址 反代 域名 链接 线路 线路地址 上游地址 上游 渠道地址 接入点 入口 入口地址 接入地址 调用地址 基础地址 基础url 基址
        根地址 端点 api端点 api主机 base地址 主地址 api链接 接口链接 网关 网关地址 接口url 国内地址 海外地址 调用接口 openai地址
        エンドポイント アドレス 接続先 주소 آدرس نشانی 엔드포인트 адрес адреса адресапи địachỉ adresse adressee indirizzo dirección direccion endereço endereco urlbase urlapi url地址 base""",
    Field.SITE: """
        homepage website site siteurl home websiteurl homepageurl docs doc documentation docsurl 官网 主页 官网地址 文档 文档地址
        教程 控制台 注册 注册地址 注册链接 后台 面板 充值 购买 购买地址 购买链接 充值地址 邀请链接 网站 帮助 console dashboard register
        signup getkey 获取密钥 获取key apikeyurl 来源 source link 链接来源 status statuspage 状态页 监控 github 仓库 价格 pricing 群 社区 论坛
        参考 reference avatar icon iconurl logo image 图标 图片 tutorial guide help faq инструкция anleitung instructions privacy terms unsubscribe referrer referer origin registry indexurl proxy 代理 proxyurl httpproxy httpsproxy allproxy httpproxyurl httpsproxyurl socksproxyurl 查询地址 额度查询 余额查询 webhook кабинет канал""",
    Field.KEY: """
        apikey apikeys key keys token tokens secret secretkey apitoken authtoken authorization xapikey xgoogapikey sk
        apisecret apikeyhelper credential bearer bearertoken experimentalbearertoken apikeyvalue openaikey accesskey
        keyvalue proxypassword channelkey authkey mykey auth 密钥 秘钥 密匙 令牌 key密钥 api密钥 api秘钥 api密匙 api令牌 apikey密钥 卡密 口令 凭证 凭据 钥匙 接口密钥
        访问密钥 访问令牌 密钥key 密钥列表 密码key skkey 授权码 密钥apikey キー apiキー 키 api키 کلید کلیدapi ключ apiключ clave claveapi llave khóaapi khóa klucz anahtar chiave chaveapi apiключ апиключ
        schluessel schlüssel apischlüssel clé cléapi chave""",
    Field.LOGIN: "accesstoken refreshtoken idtoken sessiontoken sessionkey cookie systemtoken 系统令牌 系统访问令牌",
    Field.MODELS: """
        model models requestedmodel requestedmodels modelname modelnames modelid modelids modellist defaultmodel smallmodel
        supportedmodels modelssupported availablemodels modelsavailable modelwhitelist smallfastmodel modelswhitelist custommodels testmodel
        模型 可用模型 支持模型 支持的模型 模型列表 模型名 模型名称 默认模型 测试模型 主模型 模型id 部分模型 مدل モデル модель modelo modelos modell modelle modèle modèles modello modelli модель модели моделі モデル名 모델 모델명 môhình""",
    Field.NAME: """
        name names label title providername sitename channel channelname displayname remark remarks note notes comment description
        alias tag provider 名称 名字 站 站点 备注 渠道 渠道名 渠道名称 站名 站点名 站点名称 接口名称 提供名 厂商 供应商 服务商 提供商 提供者 平台名 平台名称 说明 标签 别名
        账号名 账户 账号 标题 平台 名前 нaзвание nombre""",
    Field.PLATFORM: "platform apiformat protocol app npm kind engine 类型 协议 格式",
    Field.ENABLED: "enabled status isenabled active 状态 启用",
    Field.DISABLED: "disabled isdisabled",
    Field.PORT: "port 端口 порт ポート 포트",
    Field.LEGACY_ID: "legacyproviderid",
}
_TABLE = {word: field for field, words in _WORDS.items() for word in words.split()}
_ENDINGS: Mapping[Field, str] = {
    Field.ADDRESS: """
        apibaseurls apibaseurl baseurls baseurl apibase apihost apiurl apiendpoint endpoint proxyurl urlredirect reverseproxy basepath baseuri
        地址 线路""",
    Field.SITE: "网站 官网 主页 代理",  # 代理: of a network
    Field.KEY: "apikeys apikey authtoken apitoken bearertoken secretkey 密钥 秘钥 令牌",
    Field.MODELS: "modelid modellist modelname modelpref custommodels model models 模型",
    Field.PLATFORM: "type 类型",
    Field.OTHER: "accesstoken refreshtoken sessiontoken",
}
_SUFFIXES = {ending: field for field, endings in _ENDINGS.items() for ending in endings.split()}
# Words in the names of addresses and keys that are no relay's: of storage, mail, sign-in, monitoring, search, chat.
_OTHER_TEXT = """
    aws s3 minio oss cos redis mysql postgres postgresql pg database db mongo mongodb milvus qdrant pinecone weaviate chroma neo4j supabase
    elastic elasticsearch meili meilisearch typesense smtp mail email oauth nextauth clerk jwt csrf session admin management webhook callback
    otel telemetry metrics tracing analytics monitoring notify notifier alert alerts guardrail guardrails sentry langfuse langsmith langchain posthog stripe 管理 管理员 后台 数据库 加密 签名 回调 机器人 github gitlab gitee telegram tg tgbot discord slack feishu lark dingtalk wechat
    weixin qq tavily serper serpapi searxng searxngapi bing brave exa firecrawl elevenlabs search weather proxy proxies mcp
    vector vectorstore vectordb mailgun postmark sendgrid resend ses twilio vonage sms pusher algolia sandbox execution daemon mailchimp recaptcha turnstile hcaptcha
    grafana prometheus kibana jenkins jira confluence keycloak sonarqube nacos portainer argocd swagger xmlns
"""
_OTHER = frozenset(_OTHER_TEXT.split())
_RELAY_TEXT = """
    openai oai anthropic claude gemini google gpt chatgpt llm ai ollama deepseek relay proxyapi model models embedding rerank
"""
_RELAY = frozenset(_RELAY_TEXT.split())
_MAKERS_TEXT = """
    client default main primary provider azure cohere custom dashscope doubao glm grok groq kimi mistral moonshot openrouter perplexity qwen siliconflow volcengine xai zhipu
"""
_MAKERS = _RELAY | frozenset(_MAKERS_TEXT.split())
_AROUND_TEXT = """
    api bot client config db groups http https list network options providers rule rules search server servers settings store stores
"""
_AROUND = frozenset(_AROUND_TEXT.split())
_FIRST = re.compile(
    r"(?:api_?key|(?:api_?)?base_?url|api_?(?:base|url|host))[_-](?=[A-Za-z])", re.IGNORECASE
)  # ``api_key_openai``
_HUMPS = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[^\W\dA-Za-z_]+")
_FRONT_ENDS = frozenset(
    ["vite", "nextpublic", "reactapp", "expopublic", "nuxtpublic", "vueapp"]
)  # they call their own server
_ALL_SUFFIXES = tuple(_SUFFIXES)
_SIZES = sorted(set(map(len, _SUFFIXES)), reverse=True)
_RELAY_SUFFIXES = {
    **dict.fromkeys(("url", "uri", "host", "server", "base"), Field.ADDRESS),
    "key": Field.KEY,
    "token": Field.KEY,
}
_OTHER_MODELS = re.compile(
    r"(?:embed(?:ding|der)?|encoding|rerank(?:er)?|tts|speech|images?|vision|audio|title|summary)s?$"
)  # never asked to chat
_ABOUT = re.compile(
    r"获取|申请|领取|文档|查询|余额|充值|购买|注册|教程|客服|售后"
)  # where to get a key, to read of it, to pay
_BACKUP = re.compile(r"备用|备份|备|backup|fallback|alternative|alt|mirror|镜像|secondary|线路|国内|海外|cdn|加速")
_NOISE = str.maketrans(dict.fromkeys(" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f_-./()[]{}\"'`*#:=?&>|【】$\u3000\xa0", ""))
_NUMBERS = "0123456789①②③④⑤⑥⑦⑧⑨一二三四五"
_LONGEST = 48


@lru_cache(maxsize=4096)
def field_of(name: str) -> Named | None:
    """What ``name`` stands for, whatever its case, separators and number; None for an unknown one."""
    if len(name) > _LONGEST:
        return None
    if name.strip() in ("SECRET_KEY", "SERVER_URL", "SERVICE_URL"):  # of a program itself, among its variables
        return Named(Field.OTHER)
    bare = name.translate(_NOISE).lower().rstrip("为是")
    if (field := _TABLE.get(bare)) is not None:
        owner = "openai" if bare.startswith("openai") else ""
        return Named(field, owner, _BACKUP.search(bare) is not None)
    if name.endswith(")") and "(" in name:  # a remark
        bracket = name.rindex("(")
        return field_of(name[:bracket]) or field_of(name[bracket + 1 : -1])
    if bare.endswith("s") and (field := _TABLE.get(bare[:-1])) in (Field.ADDRESS, Field.KEY, Field.MODELS):
        return Named(field)
    if not bare.isascii() and _ABOUT.search(bare):
        return Named(Field.SITE)
    numbered = bare.rstrip(_NUMBERS)
    number = bare[len(numbered) :]
    if (field := _TABLE.get(numbered)) is not None:
        return Named(field, number, bool(number))
    for size in _SIZES if numbered.endswith(_ALL_SUFFIXES) else ():
        if (field := _SUFFIXES.get(suffix := numbered[-size:])) is not None:
            owner = numbered[: -len(suffix)]
            is_database = owner.endswith("data") and suffix.startswith("base")
            if is_database or is_other_service(name, owner) or (suffix == "secretkey" and not _is_relays(name, owner)):
                return Named(Field.OTHER)
            if field is Field.ADDRESS and owner in _FRONT_ENDS:
                return Named(Field.SITE)
            if field is Field.MODELS and _OTHER_MODELS.search(owner):
                return Named(Field.OTHER)
            return Named(field, owner + number, _BACKUP.search(bare) is not None or (not owner and bool(number)))
    if (end := _FIRST.match(name)) is not None and (maker := numbered[len(end[0].translate(_NOISE)) :]) in _MAKERS:
        return Named(_TABLE[end[0].translate(_NOISE).lower()], maker + number)
    for suffix, field in _RELAY_SUFFIXES.items() if numbered.isascii() else ():
        owner = numbered[: -len(suffix)]
        if numbered.endswith(suffix) and _is_relays(name, owner):
            return Named(field, owner + number)
    return None


def _is_relays(name: str, owner: str) -> bool:
    words = _words_of(name, owner)
    return not _RELAY.isdisjoint(words) and _OTHER.isdisjoint(words)


def is_other_service(name: str, owner: str = "") -> bool:
    """Whether ``name`` (of it only the beginning, ``owner``) is that of a service which is no relay (``Jwt``, ``redis``)."""
    words = _words_of(name, owner or name)
    return not _OTHER.isdisjoint(words) and _RELAY.isdisjoint(words)


def is_unknown_maker(name: str) -> bool:
    """Whether ``name``, that of an address or a key, is neither empty, a number, nor of a maker of models."""
    if not name or name.isdigit():
        return False
    return _MAKERS.isdisjoint(_words_of(name, name)) and not any(map(name.lower().startswith, _MAKERS))


def is_service_alone(name: str) -> bool:
    """Whether ``name`` is that of such a service and of nothing else (``mcpServers``, ``proxy_config``)."""
    words = set(map(str.lower, _HUMPS.findall(name)))
    return words == {"context", "servers"} or (not _OTHER.isdisjoint(words) and words <= _OTHER | _AROUND)


def _words_of(name: str, owner: str) -> set[str]:
    """The words that ``name`` begins with (``agent``, ``tavily`` of ``AGENT_TAVILY_API_KEY``), as many as make up ``owner``."""
    words, length = {owner}, 0
    for word in _HUMPS.findall(name):
        length += len(word)
        if length > len(owner):
            break
        words.add(word.lower())
    return words


_PLATFORM_WORDS: tuple[tuple[re.Pattern[str], Platform | None], ...] = (
    (re.compile(r"azure|bedrock|vertex|aws"), None),
    (re.compile(r"anthropic|claude|^messages$"), Platform.ANTHROPIC),
    (re.compile(r"gemini|(?:^|/)google$|google-?generative|generativelanguage"), Platform.GEMINI),
    (re.compile(r"openai|codex|^responses$|^chat_completions$"), Platform.OPENAI),
)
_CHANNEL_TYPES = {"1": Platform.OPENAI, "14": Platform.ANTHROPIC, "24": Platform.GEMINI}  # new-api, constant/channel.go


@lru_cache(maxsize=1024)
def platform_of(value: str) -> Platform | None:
    """``openai``, ``anthropic`` or ``gemini`` for the ways in which exports name a platform (``anthropic/messages``)."""
    name = value.strip().lower()
    if len(name) > _LONGEST or (" " in name and len(name.split()) > 2):
        return None
    found = (platform for pattern, platform in _PLATFORM_WORDS if pattern.search(name))
    return next(found, _CHANNEL_TYPES.get(name))


def provider_platform(name: str, value: str) -> Platform | None:
    """The platform where a provider (``name``) is called just as one (Continue, Roo Code); any other name is a label."""
    is_one = name.lower().endswith(("provider", "平台")) and value.lower() in {
        "openai",
        "anthropic",
        "claude",
        "gemini",
        "google",
    }
    return platform_of(value) if is_one else None


_ON = frozenset(["1", "true", "t", "yes", "y", "on", "是"])
_OFF = frozenset(
    ["0", "2", "3", "false", "f", "no", "n", "off", "disabled", "inactive", "error", "禁用", "停用", "已禁用", "已停用"]
)  # 2, 3: one-api, new-api


def is_off(field: Field, value: str) -> bool:
    """Whether ``value`` under ``Field.ENABLED`` or ``Field.DISABLED`` says that an entry is switched off."""
    if field is Field.ENABLED and value.endswith(("禁用", "停用")) and not value.startswith("未"):  # ``自动禁用``
        return True
    return value.lower() in (_ON if field is Field.DISABLED else _OFF)
