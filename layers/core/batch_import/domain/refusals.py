"""What the words of a relay's refusal mean, whatever its status: one table, each row with its source.

Words are matched without regard to case against the message, code, type and parameter of an error body
(``Answer.error_words``: a line each, which no expression crosses), or against the first characters of a text that is
no JSON. Every kind whose words occur is told; the table in ``domain/capability.py`` decides.
"""

import re
from collections.abc import Container, Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from batch_import.domain.vocabulary import GAP, Meanings, plain, sentences, without_addresses


class Refusal(StrEnum):
    """What a refusal is about."""

    WALL = "wall"  # something before the relay, or the relay's rule for addresses and regions
    CLIENT = "client"  # the relay admits certain programs only
    MONEY = "money"  # unmistakable words: a code of the trade
    UPSTREAM = "upstream"  # what is behind the relay, whatever code of it is passed on
    UPSTREAM_MONEY = "upstream_money"  # the balance of what is behind the relay
    RATE = "rate"  # a limit of requests, by its name
    LIMIT = "limit"  # of a minute, a day, a window: it passes
    TEMPORARY = "temporary"  # said to pass, for another reason
    LATER = "later"  # another try is advised, where nothing else is said
    MONEY_LIKELY = "money_likely"  # words that limits use as well
    PARAMETER = "parameter"  # the request's form
    CONTENT = "content"  # what was asked, or the answer to it
    GROUP = "group"  # the key's group at the relay is off or closed to it
    PLAN = "plan"  # a subscription without this model
    MODEL = "model"  # this model, not the relay
    MODEL_AWAY = "model_away"  # this model, perhaps for a while
    KEY = "key"
    ACCOUNT = "account"  # locked or closed, and the key with it
    KEY_LIKELY = "key_likely"  # words that failures of the relay use as well
    ROUTE = "route"  # no such path
    UNROUTED = "unrouted"  # no such path, in words of a gateway that sound otherwise
    PLACE = "place"  # a rule for addresses or regions, where no model is spoken of
    PERMISSION = "permission"  # the key is good, but lacks a right
    WINDOW = "window"  # a limit of hours or days
    RENEWS = "renews"  # what is spent comes back by itself
    ORIGIN = "origin"  # something before the relay does not reach it
    LOGIN = "login"  # a redirect to a page where people log in
    NOTICE = "notice"  # an address or a group to join, where an answer was expected


class Sign(NamedTuple):
    kind: Refusal
    words: str  # a regular expression
    source: str


_K = Refusal

# Of a relay that answers only with ``stream: true``; the demand of ``domain/demands.py`` is learnt from the same words.
STREAM_WANTED = (
    r"\bstream(?:ing)?\b.{0,24}(?:must|require|only|set to|mandatory|true|needed)"
    r"|(?:must|require|only|enable|use).{0,40}\bstream(?:ing|ed)?\b|enable_thinking.{0,60}(?:non-stream|false)"
    r"|(?:仅|只|必须|请|需).{0,12}(?:流式|stream)|非流式.{0,10}(?:不支持|不可用)|non-?streaming"
    r"|non-?stream\w*.{0,40}not"
)

# Nothing but a time up to the word that follows: "将在购买 1 个月套餐后恢复" comes back by a payment.
_A_TIME = (
    r"(?:[ 约]|北京时间)*(?:[\d一二三四五六七八九十两几半零凌今明后次下本当早晚周每]|utc)"
    r"(?:[ ~～:：/.()（）+\-\da-z一二三四五六七八九十两几半零整年月周日号天早上中下午晚夜凌晨明]"
    r"|[个点小时分秒刻钟鐘内后左右]"
    r"|星期|北京时间|(?:计费)?周期|结束){0,32}"
)

# fmt: off
SIGNS: tuple[Sign, ...] = (
    # --- walls
    Sign(_K.ORIGIN, r"\berror(?: code:)? 1(?:00[0-4]|01[46789]|02[34568]|03\d|04\d|1\d\d)\b|dns_loop|origin_\w+",
         "Cloudflare 1xxx"),
    Sign(_K.ORIGIN, r"\b(?:deployment_(?:disabled|paused)\b"
         r"|(?:service|app|endpoint|space|site|instance|function) (?:is |was )?(?:paused|stopped"
         r"|suspended|sleeping|scaled to zero))|could not be found on vercel|application not found"
         r"|err_ngrok_(?:3(?!8)|8)\d+|the requested deployment\b"
         r"|(?:站点|网站|本站)(?:已经?|被).{0,6}(?:暂停|停止|关闭)|modal-http: |no active service"
         r"|\bfrp\b|\btunnel (?:\S+ ){0,3}(?:not found|offline|unavailable)",
         "Vercel, Railway, Modal, Koyeb, Azure, Hugging Face, Deno, BT panel, frp"),
    Sign(_K.LIMIT, r"\berror(?: code:)? 10(?:15|27)\b", "Cloudflare"),
    Sign(_K.WALL, r"(?m:^\W*error(?: code:)? 1(?!015|027)\d{3}\b)", "Cloudflare"),
    Sign(_K.WALL, r"just a moment\.\.\.|attention required! \| cloudflare|cf-chl-|challenge-platform", "Cloudflare"),
    Sign(_K.WALL, r"cloudflare_error|\"error_code\": ?1\d{3}|browser[_ ]signature", "Cloudflare, as JSON"),
    Sign(_K.WALL, r"anubis_|within\.website|(?:not|are) a (?:ro)?bot\b|you are (?:a )?human|checking your browser"
         r"|javascript and cookies to continue|ddos-guard|the requested url was rejected"
         r"|\banti[- ]?bot\b|\bbot (?:protection|management)\b|human verification|\bturnstile\b",
         "Anubis, DDoS-Guard, Cloudflare, F5, grok2api"),
    Sign(_K.WALL, r"vercel security checkpoint|err_ngrok_6024|safeline|雷池|(?:请求)?存在(?:威胁|安全风险)",
         "Vercel, ngrok, SafeLine"),
    Sign(_K.WALL, r"sucuri website firewall|_incapsula_resource|incapsula incident", "Sucuri, Imperva"),
    Sign(_K.WALL, r"errors\.edgesuite\.net|reference&#32;&#35;", "Akamai"),
    Sign(_K.WALL, r"tencentedgeone|(?:疑似)?攻击行为|访问被(?:阻断|拦截)|被 ?waf ?拦截|防火墙",
         "EdgeOne, Huawei, others"),
    Sign(_K.WALL, r"request (?:has been|was) blocked(?! (?:by|due|because|for)\b)"
         r"|errors\.aliyun\.com|acw_sc__|aliyun_waf", "Aliyun WAF"),
    Sign(_K.WALL, r"the request is blocked\.|x-azure-ref", "Azure Front Door"),
    Sign(_K.WALL, r"request blocked\.\W+we can't connect to the server", "CloudFront"),
    Sign(_K.WALL, r"rbac: access denied|blocked by (?:the |our )?(?:waf|firewall|cdn|edge)|web application firewall",
         "Istio, others"),
    Sign(_K.WALL, r"(?:user )?location is not supported|\brequests? from (?:this )?referr?er", "Gemini"),
    Sign(_K.WALL, r"unsupported_country|region.{0,20}not (?:supported|availa)"
         r"|(?m:^(?!.*\bmodel).*not (?:available|supported) in (?:\w+ ){1,2}(?:country|region))|ip_not_authorized",
         "OpenAI, Anthropic"),
    Sign(_K.WALL, r"\b(?:ip(?: address)?(?: [\w.:]+){0,4} (?:not allowed|blocked|banned|forbidden)"
         r"|ip address\b[^.;]{0,60} (?:be|been) (?:blocked|banned|forbidden))"
         r"|ip.{0,12}(?:不在|未在).{0,16}(?:列表|白名单)|ip.{0,30}(?:not in|whitelist|allowlist)"
         r"|(?:禁止|封禁).{0,6}ip|ip.{0,6}(?:被封|受限|异常)", "new-api, sub2api"),
    Sign(_K.WALL, r"\Aaccess denied\naccess_denied\Z", "sub2api, of an address that a key does not admit"),
    Sign(_K.WALL, r"(?:approved|allowed|permitted|listed|certain) ip(?:s\b| (?:address|range))|指定网段|ip 网段",
         "AiHubMix"),
    Sign(_K.WALL, r"\b(?:virtual network\b|vnet\b)|private endpoint|public (?:network )?access is disabled", "Azure"),
    Sign(_K.WALL, r"access control list|network settings|captcha|\bbot (?:detected|activity)"
         r"|(?:automated|suspicious|unusual|malicious) (?:requests?|queries|traffic)|(?:unusual|suspicious) activity"
         r"|security (?:policy|rules?|check)\b|安全(?:策略|防护|验证|拦截)"
         r"|人机验证|仅限?.{0,12}(?:(?<!v)ip|地区|大陆|境内|国内|海外|境外)", "others"),
    Sign(_K.WALL, r"\b(?:client certificate\b|tls certificate failed)|no required (?:ssl|tls) certificate"
         r"|the ssl certificate error", "nginx, Kong, Azure APIM"),
    # --- clients
    Sign(_K.CLIENT, r"\b(?:cors (?:requests?|policy|origin)\b|by cors\b)|direct.browser.access",
         "Anthropic, Express"),
    Sign(_K.CLIENT, r"missing (?:required )?(?:header )?x-(?!api-key)[\w-]+", "OpenCode Go"),
    Sign(_K.CLIENT, r"only (?:allows?|accepts?|supports?|available (?:to|for)|for|usable (?:with"
         r"|in))[\w ]{0,24} (?:codex|claude[ -]?code|gemini[ -]?cli)", "sub2api"),
    Sign(_K.CLIENT, r"restricted to (?:the )?(?:claude|codex)", "sub2api"),
    Sign(_K.CLIENT, r"only available for coding", "Anthropic, Kimi for Coding"),
    Sign(_K.CLIENT, r"third[- ]party (?:apps?|harness\w*)\b", "Anthropic, of subscriptions"),
    Sign(_K.CLIENT, r"invalid claude code request|non[- ]claude[- ]code|client detected|unauthorized_client_error",
         "AnyRouter, AgentRouter"),
    Sign(_K.CLIENT, r"\b(?:this version .{0,30}\b(?:no longer|not) supported"
         r"|(?:upgrade|update) (?:\w+ ){0,3}(?:client|claude code|codex)\b|ua.{0,6}(?:封禁|拦截|黑名单))"
         r"|(?:invalid|bad|missing|unknown|unsupported) user.?agent|客户端.{0,12}(?:封禁|拦截|黑名单)|非官方"
         r"|unofficial client|客户端.{0,8}(?:版本|升级)|版本(?:过低|太低|过旧)", "relays"),
    # --- no money: unmistakable
    Sign(_K.MONEY, r"insufficient[_ ](?:user[_ ]|account[_ ]|token[_ ])?(?:quota|balance|credits?|funds?)",
         "OpenAI, new-api, DeepSeek, OpenRouter"),
    Sign(_K.MONEY, r"\b(?:(?:run|ran) out of (?!time|memory|retries|resources)|out of extra usage\b)",
         "relays in English"),
    Sign(_K.MONEY, r"doesn't have any credits|add (?:more )?credits|purchase (?:more )?credits", "xAI, OpenRouter"),
    Sign(_K.MONEY, r"creditserror|billing hard limit|billing_not_active|check your billing details"
         r"|spend(?:ing)?[_ ]limit|monthly spending", "OpenCode Zen, OpenAI, Fireworks, xAI"),
    Sign(_K.MONEY, r"payment[_ ](?:is )?required|payment method|valid credit card|customer_verification|unpaid"
         r"|past invoices|arrear|overdue|top[ -]?up|recharge|\bfund your account"
         r"|not subscribed to (?:this|the|any) (?:api|service)\b",
         "Aliyun, Volcengine, RapidAPI, others"),
    Sign(_K.MONEY, r"exceeded_current_quota|account.{0,60}suspended.{0,80}(?:billing|balance)", "Moonshot"),
    Sign(_K.MONEY, r"pre[_-]consumed?[_ ](?:token[_ ])?quota|quota is not enough|token quota|quota_exhausted",
         "new-api, sub2api"),
    Sign(_K.MONEY, r"key limit exceeded(?! \((?:dai|week|month)ly)|allowance"
         r"|\bkey (?:has )?(?:reached|exceeded|hit) (?:its|the|your) (?:usage|spend\w*|credit|total) limit",
         "OpenRouter, Copilot, LLM Gateway"),
    Sign(_K.MONEY, r"code=1113\b|code=1309\b", "Zhipu"),
    Sign(_K.MONEY, r"欠费|透支|还款|请充值|充值后|续费|未付费|账单逾期", "Aliyun, Zhipu"),
    Sign(_K.MONEY, r"no active subscription|without (?:an )?active (?:plan|subscription)", "sub2api"),
    # --- behind the relay
    Sign(_K.UPSTREAM, r"上游(?:服务)?负载|上游.{0,6}饱和|iserrorupstreamfault"
         r"|upstream (?:load|is (?:saturated|overloaded)|request failed|error from)"
         r"|(?:blocked|refused|rejected) by (?:the |an |its |our )?upstream", "new-api, OpenRouter, OpenCode Zen"),
    Sign(_K.UPSTREAM, r"stream disconnected|连接(?:失败|超时|中断)"
         r"|上游(?:账|帐)[号户]|\bupstream (?:account|subscription)s?\b", "relays"),
    Sign(_K.UPSTREAM, r"\b(?:(?:client|server) error '(?!400|422)\d{3}\b|(?!400|422)\d{3}, message='[\w ]+', url\b)"
         r"|request failed with status code (?!400|422)|(?<!\d)(?!400|422)\d{3} (?:client|server) error: ",
         "axios, httpx, requests, aiohttp, of a call of the relay's own"),
    Sign(_K.UPSTREAM, r"litellm\.authenticationerror: \w+exception\b|\[(?!429)[45]\d\d\]: |\bchannel:\w+",
         "LiteLLM, 9router, OmniRoute and new-api, of what is behind them"),
    Sign(_K.UPSTREAM, r"\b(?:keys? (?:is |are )?not configured|environment variable"
         r"|(?:openai|anthropic|claude|gemini|google|deepseek|openrouter|azure)\w*_api_key\b|misconfigur)"
         r"|internal (?:server )?error(?!\W*algo\W*invalid)|(?:in|not have )sufficient capacity|内部(?:服务器)?错误"
         r"|系统(?:异常|错误)|configuration[ _](?:error|required|missing|invalid)", "relays"),
    Sign(_K.UPSTREAM, r"\b(?:(?:codex|kiro|qwen|antigravity|vertex|gemini|anthropic|openai|copilot|aws|bedrock"
         r"|oauth) credentials?\b|token refresh failed|refresh(?:ing)? (?:the )?(?:\w+ )?token failed"
         r"|invalid_grant\b)", "relays of subscriptions"),
    Sign(_K.UPSTREAM, r"\b(?:auth_(?:not_found|unavailable)\b|no auth available)|no available keys?\b"
         r"|no available (?:model )?agent|bad_response|openai_error|do_?request_?failed|fetch failed|econn[a-z]+"
         r"|socket hang up|dial tcp|no such host|connection (?:refused|reset|error|timed out|aborted)|unexpected eof"
         r"|(?<!session )\btimed ?out\b|(?<!登录)超时", "new-api, Go, Node, CLIProxyAPI"),
    Sign(_K.UPSTREAM, r"\ball (?:\w+ ){0,3}(?:providers?|channels?|candidates?|targets?|upstreams?|accounts?"
         r"|keys?|credentials|tokens|nodes) (?:\w+ ){0,4}(?:failed|exhausted|unavailable|disabled|banned|expired"
         r"|invalid|offline|busy|down|cooldown|cooling)\b|(?:均|都|全部).{0,6}失败"
         r"|(?:所有|全部)(?:可用)?的?.{0,4}(?:账号|账户|密钥|渠道|通道|节点|令牌|上游|凭证)"
         r"|(?:无|没有)可用的?(?:账户|账号|上游|节点|服务)", "relays that ask several"),
    # --- limits that pass
    Sign(_K.WINDOW, r"(?:用完|用尽|耗尽|exhausted|exceed\w*|used up)(?s:.{0,60})(?:稍后|\blater\b|in.flight)",
         "relays that renew quotas"),
    Sign(_K.WINDOW, r"\b(?:period(?:ic)? quota\b|usage limit for (?:this|the current) (?:billing )?(?:cycle|period)\b"
         r"|outside (?:of )?(?:[\w']+ ){0,5}(?:schedule|(?:business |working |service )?hours"
         r"|time window|access.schedule)\b)|非(?:服务|开放|工作)时[间段]|不在.{0,12}时[间段]"
         r"|(?:本|该|此|当前)时[间段].{0,4}(?:不可|不能|无法|禁止|暂停)", "LiteLLM, Kimi, relays"),
    Sign(_K.RENEWS, r"\b(?:resets? (?:at|in|on|after|tomorrow)\b|will reset\b|сброс\w*|regain access\b|renews\b"
         r"|next (?:billing )?(?:cycle|period)\b|(?:for|until) (?:the )?reset\b)|replenish\w*|重置|リセット"
         rf"|[将会][在于於]{_A_TIME}(?:自动)?恢复",
         "Codex, claude-relay-service, Azure, Kimi"),
    Sign(_K.LIMIT, r"per[ _-]?(?:minute|second|hour|day|week|month)|\b(?:rpm|tpm|rpd|tpd|qps|qpm)\b|daily|weekly"
         r"|hourly", "OpenAI, Gemini, sub2api"),
    Sign(_K.RATE, r"rate[ _-]?limit|too many requests|too_many|throttl|requests? too (?:fast|frequent)",
         "OpenAI, Aliyun, Azure"),
    Sign(_K.LIMIT, r"resource_exhausted|resource has been exhausted|usage[ _]limit|limit (?:will )?reset"
         r"|quota (?:will )?reset|(?:will|to) reset|resets (?:at|in|on)|\d+-(?:minute|hour|day)\b|retry (?:in|after)"
         r"|try again (?:in|at)", "Codex, Gemini, Ark"),
    Sign(_K.LIMIT, r"concurren|parallel (?:requests|sessions|connections)|overload"
         r"|(?:heavy|high|under) (?:load|demand|traffic)|(?:at|over|no) capacity"
         r"|capacity (?:exceeded|reached|limit)|server (?:is )?busy|too busy|slow down", "Moonshot, Mistral"),
    Sign(_K.LIMIT, r"每(?:分钟|秒|小时|日|天|周|月)|频[率次]|限流|并发|频繁|太快|请求过多|人数[较过太]多"
         r"|稍后(?:再|重)试|负载|饱和|繁忙|拥挤|排队|访问量过大|请求量过大"
         r"|code=130[2358]\b|code=1310\b|今日|当日", "Zhipu, new-api"),
    # --- other reasons that pass
    Sign(_K.TEMPORARY, r"temporar(?:y|ily)|cool(?:ing)? ?down|冷却|brownout|\bmaintenance\b"
         r"|\bdegraded function\b|(?m:^loading\b)"
         r"|(?:站点|系统|服务|模型|升级)维护|维护(?:中|模式|升级)|暂时(?:不可用|无法|关闭)",
         "GitHub Models, NVIDIA, relays"),
    Sign(_K.LATER, r"\b(?:wait\b[^.]{0,30}\band try again\b|later\b|(?:please|safe to) retry\b)"
         r"|(?<!\band )\btry again\b|请(?!.{0,2}(?:检查|修改|确认|更换|调整|核对)).{0,4}重试|后再试|稍[后等候]",
         "relays"),
    # --- no money: words that limits use as well
    Sign(_K.MONEY_LIKELY, r"余额|欠款|额度|balance|billing|\bnot (?:been )?purchased\b|未购买", "relays"),
    # --- the request's form
    Sign(_K.PARAMETER, r"\bparam(?:eter)? (?:was )?not passed|(?:unsupported|unknown|unrecognized|missing|extra"
         r"|unexpected)[_ ](?:required )?(?:parameter|argument|field|value|input|keyword)|missing_required"
         r"|extra_forbidden", "OpenAI, FastAPI"),
    Sign(_K.PARAMETER, r"max_tokens|max_completion_tokens|max_output_tokens|temperature|top_p|tool_choice"
         r"|enable_thinking|instructions (?:are|is) (?:required|missing)|instructions.{0,20}required", "OpenAI, Codex"),
    Sign(_K.PARAMETER, r"\b(?:(?:field|param(?:eter)?|argument|property) `?'?\"?[\w.]+[`'\"]? (?:is )?(?:required"
         r"|missing)|(?:messages|input|prompt|contents?)\b[`'\"]? (?:field )?(?:is |are )?(?:required|missing)\b)",
         "new-api, relays"),
    Sign(_K.PARAMETER, STREAM_WANTED, "new-api, Aliyun, Codex"),
    Sign(_K.PARAMETER, r"\bmodel only (?:supports?|accepts?|allows?|takes?)\b[^.]{0,40}\b(?:tool|function|message|role"
         r"|text|image|value|thinking|reasoning|json|format)", "NVIDIA NIM"),
    Sign(_K.PARAMETER, r"field validation for|failed on the '\w+' tag|\w\.[\w.]+: field required|\binvalid schema\b",
         "Go, Anthropic, DeepSeek"),
    Sign(_K.PARAMETER, r"input must be a list|store must be|store.{0,10}false", "Codex"),
    Sign(_K.CONTENT, r"\b(?:moderation\b|moral check\b|safe ?guards?\b|guard ?rails?\b)|censor\w*"
         r"|(?:content|cyber|usage|safety)[ _.](?:filter|polic|block|safety|management|security)|data_?inspection"
         r"|risk_?detection"
         r"|敏感(?:词|信息)|内容(?:审[核计查]|安全)|风险(?:规则|内容|词)", "StepFun, Azure, Ark, relays"),
    # --- the key's group
    Sign(_K.PERMISSION, r"missing (?:the )?(?:required )?scopes?\b|\bscopes?\b.{0,24}\bnot\b"
         r"|(?:in|not )sufficient (?:\w+ )?(?:permissions?|scopes?|privileges?|rights)\b"
         r"|lacks? (?:the )?(?:required|necessary)|not authorized to (?:perform|invoke)"
         r"|\b(?:permission|scope|privilege)s? (?:is |are )?(?:required|missing|needed)\b(?!.*\bmodel\b)",
         "OpenAI, Hugging Face, Azure, AWS, GitHub Models"),
    Sign(_K.PERMISSION, r"\b(?:api (?:permissions?\b|权限)|not have the (?!necessary|required)\w+ permissions?\b"
         r"|cannot \w+ path\b|api keys? can only access\b)|api access\b(?! (?:key|token|(?:was|has been) revoked))"
         r"|不支持 ?(?:使用|调用)? ?api(?! ?key)|^no permission\b(?!.*\bmodel)|operation not allowed",
         "plans without the API, Baidu, Bedrock, Kubernetes"),
    Sign(_K.PERMISSION, r"实名|服务未开通|service ?not ?activated|service_(?:blocked|disabled)\b|\bbind (?:your"
         r"|an?) .{0,24}\baccount"
         r"|绑定(?!的).{0,6}(?:账号|账户|手机)|未(?:启用|开通|授予).{0,12}权限", "SiliconFlow, Tencent, ModelScope"),
    # --- this model
    Sign(_K.PLAN, r"code=1311\b", "Zhipu"),
    Sign(_K.MODEL, r"must be verified to use|only .{0,200}allowed now, your model"
         r"|(?:supported|available|allowed) (?:by|with|for|on) this model|throughput isn't supported",
         "OpenAI, FastChat, Gemini, Bedrock"),
    Sign(_K.MODEL, r"(?:no|without|lacks?|not have|n't have|denied|unable to|cannot|can't|not allowed to"
         r"|not (?:authorized|permitted|entitled) (?:to|for))[\w ]{0,30}(?:access|use|run|serve)[\w ]{0,20}\bmodel",
         "OpenAI, GitHub Models, Together, Bedrock"),
    Sign(_K.MODEL, r"\bno (?:\w+ ){0,2}(?:endpoints?|deployments?|channels?|providers?(?! credential)"
         r"|accounts?|upstreams?|backends?|workers?)\b.{0,30}(?:found |available |support\w* |serv\w* "
         r"|match\w* )?(?:for\b(?! (?:\w+ )?(?:service|backend|request|account|key|user)\b)|support\w*|serving"
         r"|matching|found)", "OpenRouter, LiteLLM, sub2api, new-api"),
    Sign(_K.MODEL, r"deploymentnotfound|api deployment for this resource"
         r"|operation does not work with the specified model|not a chat model|only supported in v1/", "Azure, OpenAI"),
    Sign(_K.MODEL, r"free tier of the model|freetieronly|model.{0,60}(?:inference limit|paused)", "Aliyun, Ark"),
    Sign(_K.MODEL, r"not supported by any|try pulling it|^(?:not_found_error )?model: ",
         "sub2api, OpenRouter, Ollama, Anthropic"),
    Sign(_K.MODEL, r"\b(?:supported (?:api )?model (?:names|ids)\b|model\b.{0,80}\b(?:is|are) served (?:only )?by\b)"
         r"|(?:allowed|available|supported|valid|permitted) models\b|(?:可用|支持)的?模型(?:列表|有|为|：|:)"
         r"|没有.{0,24}可用(?:渠道|通道)|loaded mode[ld]\b.{0,12}cannot"
         r"|agreed? to [\w. ]{0,30}\b(?:terms|licen[cs]e)|モデル.{0,8}(?:利用|使用)(?:でき(?:ない|ません)|不可)",
         "LiteLLM, DeepSeek, CliRelay, Infinity, Workers AI, Crazyrouter"),
    Sign(_K.MODEL, r"\b(?:model (?:name |id )?must (?:be|include|have|contain|start)\b"
         r"|(?:unsupported|unknown|invalid) (?:model )?provider\b|provider \S+ (?:is )?not supported"
         r"|(?:inference|custom) endpoint\b)|接入点", "LLM Gateway, AIClient-2-API, Ark"),
    Sign(_K.MODEL, r"model_price_error|\brouting constraint"
         r"|\bkey (?:is )?(?:restricted|limited) to (?!.*\b(?:ip|claude|codex|region|domain|project)\b)"
         r"|\"(?:enum|literal_error)\", \"loc\": \[\"body\", \"model\"\]"
         r"|ratio or price not set|倍率或价格", "new-api, FastAPI"),
    Sign(_K.MODEL_AWAY, r"(?:fail(?:ed|ure)? to|could not|cannot|unable to) load (?:the )?model|model loading"
         r"|加载模型失败|模型加载失败", "LM Studio, Ollama, LocalAI"),
    # --- the key
    Sign(_K.KEY_LIKELY, r"authenticat\w*[ _](?:error|failed|fails|failure)", "Anthropic, DeepSeek"),
    Sign(_K.KEY, r"\bunregistered callers\b|invalidapikey|unauthenticated|access_terminated|consumer_suspended",
         "Aliyun, Gemini, Anthropic"),
    Sign(_K.KEY, r"(?:user|account|organization|用户|账号|账户|帐户).{0,16}(?:banned|blocked|suspended|disabled"
         r"|deactivated|已被?封禁|被禁用|封禁|已禁用)|user_inactive|user not found"
         r"|\b(?:project|account|user|team|organi[sz]ation) (?:has been|is|was) denied\b",
         "new-api, Anthropic, OpenRouter, xAI"),
    Sign(_K.KEY, r"noauth(?:error|orized)|invalid_client|not (?:authenticated|logged in)"
         r"|(?:sign|log)(?:ging|ning)? ?in again|(?:session|login) (?:has |is )?expired", "Google, Xunfei, Baidu"),
    Sign(_K.KEY, r"\bapp(?: ?id| ?key)? not ex\w+|unsupported (?:\w+ )?token type|deactivated workspace"
         r"|(?:用户|账号|账户|租户|企业|团队)(?:信息)?不存在",
         "Baidu, Lingma, Codex"),
    Sign(_K.KEY, r"login fail|请(?:先|重新)登[录陆]|身份验证失败|鉴权失败|认证失败|未登录|authorization failed",
         "MiniMax, Zhipu 1000"),
    # --- the path
    Sign(_K.UNROUTED, r"^missing authentication token$|unable to identify proxy for host", "AWS API Gateway, Apigee"),
    Sign(_K.ROUTE, r"^(?=(?s:.*)not[ _]?found)(?:[\W_]*(?:http_?404|http_error|(?:code=)?404|none|false|(?:an )?error"
         r"(?: occurred)?|page|file|resource|not[ _]?found))+\W*$",
         "FastAPI, Go, Spring, Rails, Symfony"),
    Sign(_K.ROUTE, r"\b(?:api (?:method )?(?:not found|does not exist|not exist|is not (?:found|published)"
         r"|has not been published)|api(?! ?key|.?[密秘]).{0,16}(?:不存在|已下线))|unsupported (?:open ?api )?method",
         "Huawei, Tencent, Zhipu, Baidu, GPTunnel"),
    Sign(_K.ROUTE, r"\b(?:conversion (?:is )?(?:disabled|not supported)"
         r"|(?:responses|messages) api (?:is )?(?:not|un))|invalid url"
         r"|un(?:known|expected) (?:request url|route|path|endpoint|url)"
         r"|no (?:such |matching )?(?:route|handler|path|static)|unsupported (?:path|endpoint|url|legacy)"
         r"|cannot (?:post|get) /|not implemented|convert_request_failed", "OpenAI, new-api, Express, Spring"),
    Sign(_K.ROUTE, r"(?:(?:/v\d|/responses|/messages|/chat/completions|/models)\b|endpoint\b|route\b|path\b"
         r"|resource\b|接口|路径"
         r"|url\b).{0,60}(?:not[ _](?:be )?(?:found|supported|implemented|allowed|exist)|n't (?:be )?(?:found|exist)"
         r"|unsupported|不存在|不支持|未找到|错误|有误)", "relays"),
    Sign(_K.ROUTE, r"(?:not[ _]found|method not allowed|nothing here|不存在|未找到).{0,40}(?:/v\d|/responses|/messages"
         r"|/chat|/models|接口|路径|endpoint)", "relays"),
    Sign(_K.ROUTE, r"method not allowed"
         r"|(?:does not|doesn't|not) support (?:the )?(?:/?v1/)?(?:responses|messages|chat|anthropic)",
         "nginx, relays"),
)
# fmt: on


class Saying(NamedTuple):
    """One of ``of`` and one of ``says`` in a sentence, close together (``domain/vocabulary.py``)."""

    kind: Refusal
    of: tuple[str, ...]
    says: tuple[str, ...]
    unless: tuple[str, ...] = ()  # none of these is spoken of in the sentence
    after: bool = False  # what is said follows


SAYINGS: tuple[Saying, ...] = (
    Saying(_K.WINDOW, ("window",), ("quota", "limit", "money")),
    Saying(_K.WINDOW, ("window",), ("spent",), unless=("money", "key", "account")),
    Saying(_K.WINDOW, ("month",), ("quota", "limit"), unless=("money",)),
    Saying(_K.LIMIT, ("limit",), ("spent",)),
    Saying(_K.MONEY, ("money",), ("spent", "off")),
    Saying(_K.MONEY, ("money",), ("needed",), unless=("model",)),
    Saying(_K.MONEY, ("plan",), ("off",), after=True),
    Saying(_K.MONEY, ("plan",), ("off",), unless=("account",)),
    Saying(_K.MONEY, ("plan",), ("absent", "needed"), unless=("model",)),
    Saying(_K.MONEY_LIKELY, ("quota",), ("spent", "off")),
    Saying(_K.UPSTREAM, ("upstream",), ("absent",), unless=("money",)),
    Saying(_K.UPSTREAM, ("upstream",), ("bad", "failed", "away")),
    Saying(_K.UPSTREAM, ("upstream",), ("off",), after=True),
    Saying(_K.UPSTREAM_MONEY, ("upstream",), ("money",), unless=("yours",), after=True),
    Saying(_K.CLIENT, ("client",), ("denied", "only"), unless=("model",)),
    Saying(_K.CLIENT, ("client",), ("absent",), unless=("model", "key")),
    Saying(_K.PLACE, ("place",), ("denied", "off", "absent", "only"), unless=("model",)),
    Saying(_K.CONTENT, ("content",), ("offends",)),
    Saying(_K.PARAMETER, ("parameter",), ("absent",), unless=("model", "key")),
    Saying(_K.PARAMETER, ("feature",), ("denied",)),
    Saying(_K.GROUP, ("group",), ("absent", "denied", "off"), unless=("model",)),
    Saying(_K.PLAN, ("plan",), ("denied",), unless=("account",)),
    Saying(_K.MODEL, ("model",), ("absent", "denied", "off", "bad", "only")),
    Saying(_K.MODEL_AWAY, ("model",), ("away",)),
    Saying(_K.KEY, ("key",), ("absent", "off", "bad")),
    Saying(_K.KEY, ("key",), ("away",), unless=("account",)),
    Saying(_K.KEY, ("header",), ("absent", "bad", "failed")),
    Saying(_K.KEY_LIKELY, ("key",), ("failed",), after=True),
    Saying(_K.ACCOUNT, ("account",), ("off", "away"), after=True),
)


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[Refusal, re.Pattern[str]], ...]:
    """One expression for each kind: a refusal is looked at once for each."""
    return tuple((kind, _joined(sign.words for sign in SIGNS if sign.kind is kind)) for kind in Refusal)


def _joined(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(words) or r"(?!)")


def refusals(words: str, model: str = "") -> tuple[Refusal, ...]:
    """Every kind that the words speak of, in the order of ``Refusal``. ``words`` may be of any length and case.

    ``model`` is the one that was asked for.
    """
    return _refusals(words[:2_000], model)


@lru_cache(maxsize=256)
def _refusals(words: str, model: str) -> tuple[Refusal, ...]:
    said, text = sentences(words, model), without_addresses(words)
    found = set(_signed(plain(text), frozenset()))
    found.update(_signed("\n".join(said), found))
    if text != words:
        found.update(_signed(plain(words), _NOT_TOLD_BY_ADDRESS))
    for sentence in said:
        found.update([*_said(sentence, found)])
    if Refusal.RENEWS in found and not found.isdisjoint(_SPENT):
        found.add(Refusal.WINDOW)
    if Refusal.RATE in found:
        found.add(Refusal.LIMIT)
    if Refusal.LATER in found:  # an account that comes back is none that is locked
        found.discard(Refusal.ACCOUNT)
    return tuple(kind for kind in Refusal if kind in found)


_NOT_TOLD_BY_ADDRESS = frozenset(Refusal) - {Refusal.WALL, Refusal.ORIGIN}
_SPENT = (Refusal.MONEY, Refusal.MONEY_LIKELY, Refusal.LIMIT)


def _signed(text: str, known: Container[Refusal]) -> list[Refusal]:
    return [kind for kind, pattern in _compiled() if kind not in known and pattern.search(text)]


def _said(sentence: str, known: Container[Refusal]) -> Iterator[Refusal]:
    spans = Meanings(sentence)
    for saying in SAYINGS:
        if saying.kind in known:
            continue
        nouns = [span for each in saying.of for span in spans[each]]
        if not nouns or any(spans[each] for each in saying.unless):
            continue
        said = [span for each in saying.says for span in spans[each]]
        if any(_close(noun, word, saying.after) for noun, word in product(nouns, said)):
            yield saying.kind


def _close(noun: tuple[int, int], word: tuple[int, int], after: bool) -> bool:
    """Not far from each other; one may hold the other."""
    first, second = (noun, word) if after else sorted((noun, word))
    return second[0] - first[1] <= GAP and (not after or noun < word)


def refused_instead(reply: str, model: str = "") -> tuple[Refusal, ...]:
    """What words say that do not answer the prompt, which asks for the word "ok", but are a refusal or an advertisement
    of the relay's.
    """
    if _OWN_WORDS.search(reply):
        return ()
    notice = (Refusal.NOTICE,) if _NOTICE.search(reply[:_LONGEST_NOTICE]) else ()
    if len(reply) > _LONGEST_REPLY:
        return notice
    found = refusals(_PATHS.sub(" ", reply), model)
    return notice if _HARMLESS.issuperset(found) else found


_LONGEST_REPLY, _LONGEST_NOTICE = 300, 2_000
_NOTICE = re.compile(
    r"https?://|\bwww\.|\bt\.me/|\b(?:telegram|discord|wechat|whatsapp)\b"
    r"|(?:qq|微信|tg|电报|交流|售后|官方|通知|用户) ?群|[加进入]群|群号|公众号|客服|官网|公告",
    re.IGNORECASE,
)
_PATHS = re.compile(r"\S*/\S*")  # an address or a name with slashes says nothing
_OWN_WORDS = re.compile(r"\bok\b|\bas an? (?:ai|language) |作为.{0,8}(?:人工智能|模型|助手)", re.IGNORECASE)
_HARMLESS = frozenset({Refusal.RENEWS, Refusal.MONEY_LIKELY, Refusal.LATER, Refusal.ROUTE, Refusal.PARAMETER})


def refusals_in(text: str) -> tuple[Refusal, ...]:
    """``refusals`` of a text that has no fields but may have line ends."""
    return refusals(" ".join(text.split()))


def speaks_of_money(text: str) -> bool:
    """No balance, quota or subscription; a limit that passes is none."""
    found = refusals_in(text)
    if Refusal.MONEY in found:
        return True
    return Refusal.MONEY_LIKELY in found and Refusal.LIMIT not in found


def speaks_of_key(words: str) -> bool:
    """The key was refused for what it is; ``words`` as in ``refusals``."""
    return not {Refusal.KEY, Refusal.ACCOUNT, Refusal.KEY_LIKELY}.isdisjoint(refusals(words))
