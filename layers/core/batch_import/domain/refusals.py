"""What the words of a relay's refusal mean, whatever its status: one table, each row with its source.

Words are matched without regard to case against the message, code, type and parameter of an error body
(``Answer.error_words``: a line each, which no expression crosses), or against the first characters of a text that is
no JSON. Every kind whose words occur is told; the table in ``domain/capability.py`` decides.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Refusal(StrEnum):
    """What a refusal is about."""

    WALL = "wall"  # something before the relay, or the relay's rule for addresses and regions
    CLIENT = "client"  # the relay admits certain programs only
    MONEY = "money"  # unmistakable words: a code of the trade
    UPSTREAM = "upstream"  # what is behind the relay, whatever code of it is passed on
    LIMIT = "limit"  # of a minute, a day, a window: it passes
    TEMPORARY = "temporary"  # said to pass, for another reason
    MONEY_LIKELY = "money_likely"  # words that limits use as well
    PARAMETER = "parameter"  # the request's form
    GROUP = "group"  # the key's group at the relay is off or closed to it
    PLAN = "plan"  # a subscription without this model
    MODEL = "model"  # this model, not the relay
    KEY = "key"
    ROUTE = "route"  # no such path


class Sign(NamedTuple):
    kind: Refusal
    words: str  # a regular expression
    source: str


_K = Refusal

# Of a relay that answers only with ``stream: true``; the demand of ``domain/demands.py`` is learnt from the same words.
STREAM_WANTED = (
    r"\bstream(?:ing)?\b.{0,24}(?:must|require|only|set to|mandatory|true|needed)"
    r"|(?:must|require|only|enable|use).{0,40}\bstream(?:ing|ed)?\b|enable_thinking.{0,60}(?:non-stream|false)"
    r"|(?:仅|只|必须|请|需).{0,12}(?:流式|stream)|非流式.{0,10}(?:不支持|不可用)|non-?streaming|non-?stream\w*.{0,40}not"
)

# fmt: off
SIGNS: tuple[Sign, ...] = (
    # --- walls
    Sign(_K.WALL, r"^\W*error code: 1\d{3}\b", "Cloudflare"),
    Sign(_K.WALL, r"just a moment\.\.\.|attention required! \| cloudflare|cf-chl-|challenge-platform", "Cloudflare"),
    Sign(_K.WALL, r"cloudflare_error|\"error_code\": ?1\d{3}|browser_signature_banned", "Cloudflare, as JSON"),
    Sign(_K.WALL, r"vercel security checkpoint", "Vercel"),
    Sign(_K.WALL, r"sucuri website firewall|_incapsula_resource|incapsula incident", "Sucuri, Imperva"),
    Sign(_K.WALL, r"errors\.edgesuite\.net|reference&#32;&#35;", "Akamai"),
    Sign(_K.WALL, r"request has been blocked as it may cause|errors\.aliyun\.com|acw_sc__", "Aliyun WAF"),
    Sign(_K.WALL, r"the request is blocked\.|x-azure-ref", "Azure Front Door"),
    Sign(_K.WALL, r"request blocked\.\W+we can't connect to the server", "CloudFront"),
    Sign(_K.WALL, r"rbac: access denied|blocked by (?:the )?(?:waf|firewall)"
         r"|web application firewall", "Istio, others"),
    Sign(_K.WALL, r"(?:user )?location is not supported", "Gemini"),
    Sign(_K.WALL, r"unsupported_country|country, region, or territory not supported|region.{0,20}not (?:supported"
         r"|availa)",
         "OpenAI, Anthropic"),
    Sign(_K.WALL, r"ip.{0,12}(?:不在|未在).{0,16}(?:列表|白名单)|ip.{0,30}(?:not in|whitelist|allowlist)"
         r"|ip_not_allowed"
         r"|ip (?:address )?(?:is )?(?:not allowed|blocked|banned|forbidden)|(?:禁止|封禁).{0,6}ip|ip.{0,6}(?:被封"
         r"|受限)",
         "new-api, sub2api"),
    Sign(_K.WALL, r"(?:approved|allowed|permitted|listed|certain) ip(?:s\b| (?:address|range))|指定网段|ip 网段",
         "AiHubMix"),
    # --- clients
    Sign(_K.CLIENT, r"only (?:allows?|accepts?|supports?|available (?:to|for)|for|usable (?:with|in))"
         r"[\w ]{0,24} (?:codex|claude[ -]?code|gemini[ -]?cli)", "sub2api"),
    Sign(_K.CLIENT, r"(?:codex|claude[ -]?code|gemini[ -]?cli)[\w ]{0,20}(?:clients?|cli) (?:only"
         r"|required)", "sub2api"),
    Sign(_K.CLIENT, r"official client|restricted to (?:the )?(?:claude|codex)|claude_code_only"
         r"|codex_only", "sub2api"),
    Sign(_K.CLIENT, r"only authorized for use with claude code|only be used with claude code|outside of claude code"
         r"|currently only available for coding agents|only available for coding", "Anthropic, Kimi for Coding"),
    Sign(_K.CLIENT, r"client (?:is |version )?(?:not|un)[- ]?(?:allowed|authorized|supported)|client_not_allowed"
         r"|unauthorized client|unsupported client|client restriction"
         r"|client.{0,30}not authorized", "claude-relay-service"),
    Sign(_K.CLIENT, r"invalid claude code request|non[- ]claude[- ]code", "AnyRouter"),
    Sign(_K.CLIENT, r"(?:仅|只|请(?:在|使用|通过)|限).{0,12}(?:claude ?code|codex|gemini ?cli|官方客户端"
         r"|指定客户端)", "relays in Chinese"),
    Sign(_K.CLIENT, r"(?:非|勿).{0,12}(?:claude ?code|codex|官方客户端)|客户端.{0,8}(?:不支持|不允许|受限|未授权"
         r"|未被允许|拒绝)",
         "relays in Chinese"),
    # --- no money: unmistakable
    Sign(_K.MONEY, r"insufficient[_ ](?:user[_ ]|account[_ ]|token[_ ])?(?:quota|balance|credits?|funds?)",
         "OpenAI, new-api, DeepSeek, OpenRouter"),
    Sign(_K.MONEY, r"(?:balance|credits?|funds?|quota) (?:is |are )?(?:too low|insufficient|not enough"
         r"|not sufficient)",
         "Anthropic, SiliconFlow, one-api"),
    Sign(_K.MONEY, r"(?:not enough|no (?:remaining |more )?|out of|lacks?|run out of|ran out of|zero|negative) "
         r"?(?:account )?(?:credits?|balance|funds|money)", "relays in English"),
    Sign(_K.MONEY, r"doesn't have any credits|used all (?:of )?(?:your |its )?available credits|add (?:more )?credits"
         r"|purchase (?:more )?credits|credits? (?:have |has )?(?:been )?(?:exhausted|depleted|expired|used up)",
         "xAI, OpenRouter"),
    Sign(_K.MONEY, r"creditserror|billing_hard_limit|billing hard limit|billing_not_active|check your billing details"
         r"|spend(?:ing)?[_ ]limit|monthly spending", "OpenCode Zen, OpenAI, Fireworks, xAI"),
    Sign(_K.MONEY, r"payment[_ ](?:is )?required|payment method|valid credit card|customer_verification"
         r"|unpaid|past invoices|arrear|overdue|top[ -]?up"
         r"|recharge",
         "Aliyun, Volcengine, others"),
    Sign(_K.MONEY, r"exceeded_current_quota|account.{0,60}suspended.{0,80}(?:billing|balance)", "Moonshot"),
    Sign(_K.MONEY, r"budget[_ ](?:has been )?exceeded|exceededbudget|exceeded budget|over budget", "LiteLLM"),
    Sign(_K.MONEY, r"pre_consume_token_quota_failed|quota is not enough|token quota|api_key_quota_exhausted"
         r"|quota_exhausted", "new-api, sub2api"),
    Sign(_K.MONEY, r"key limit exceeded(?! \((?:dai|week|month)ly)|allowance", "OpenRouter, Copilot"),
    Sign(_K.MONEY, r"code=1113\b|code=1309\b|(?:套餐|订阅|资源包|会员).{0,6}(?:已到期|已过期|到期|过期|用尽|耗尽"
         r"|用完)", "Zhipu"),
    Sign(_K.MONEY, r"(?:余额|額度|额度|点数|积分|资源包|资金|金额|配额).{0,10}(?:不足|耗尽|用尽|用完|已尽|为0"
         r"|为零|不够|過低|过低)"
         r"|(?:不足|超出).{0,4}(?:余额|額度|额度)", "new-api, Zhipu"),
    Sign(_K.MONEY, r"欠费|欠費|请充值|請充值|充值后|未付费|账单逾期", "Aliyun, Zhipu"),
    Sign(_K.MONEY, r"no active subscription|subscription_not_found|subscription (?:has )?expired|subscription_expired"
         r"|without (?:an )?active (?:plan|subscription)", "sub2api"),
    Sign(_K.MONEY, r"残高不足|残高が不足|クレジット(?:が)?不足|잔액.{0,4}부족|크레딧.{0,4}부족"
         r"|недостаточно (?:средств|баланс|кредит)"
         r"|saldo insuficiente|cr[ée]ditos? insuficientes?|sin saldo|solde insuffisant|cr[ée]dits? insuffisants?"
         r"|guthaben|không đủ|số dư|insufficienti"
         r"|bakiye", "Japanese, Korean, Russian, Spanish, French, other languages"),
    # --- behind the relay
    Sign(_K.UPSTREAM, r"上游(?:服务)?负载|上游.{0,6}饱和|provider returned error|iserrorupstreamfault"
         r"|upstream (?:load|is (?:saturated|overloaded)|request failed|error from)",
         "new-api, OpenRouter, OpenCode Zen"),
    # --- limits that pass
    Sign(_K.LIMIT, r"per[ _-]?(?:minute|second|hour|day|week|month)|\b(?:rpm|tpm|rpd|tpd|qps|qpm)\b|daily|weekly"
         r"|hourly",
         "OpenAI, Gemini, sub2api"),
    Sign(_K.LIMIT, r"rate[ _-]?limit|too many requests|too_many|throttl|requests? too (?:fast|frequent)"
         r"|call rate limit",
         "OpenAI, Aliyun, Azure"),
    Sign(_K.LIMIT, r"resource_exhausted|resource has been exhausted|usage[ _]limit|limit (?:will )?reset"
         r"|quota (?:will )?reset|(?:will|to) reset|resets (?:at|in|on)|\d+-(?:minute|hour|day)\b|retry (?:in|after)"
         r"|try again (?:in|at)",
         "Codex, Gemini, Ark"),
    Sign(_K.LIMIT, r"concurren|overload|capacity|server busy|too busy|slow down", "Moonshot, Mistral"),
    Sign(_K.LIMIT, r"每(?:分钟|秒|小时|日|天|周|月)|频率|頻率|限流|并发|过于频繁|频繁|请求过多|稍后(?:再|重)试|负载"
         r"|饱和|小时的使用上限"
         r"|使用上限.{0,30}重置|code=130[2358]\b|code=1310\b|今日|当日", "Zhipu, new-api"),
    # --- other reasons that pass
    Sign(_K.TEMPORARY, r"temporar(?:y|ily)|brownout|(?:under|for|scheduled) maintenance|暂时(?:不可用|无法|关闭)"
         r"|维护中|系统维护", "GitHub Models, relays"),
    # --- no money: words that limits use as well
    Sign(_K.MONEY_LIKELY, r"exceeded your (?:current )?quota|quota.{0,20}(?:exceeded|exhausted|reached|used up)"
         r"|(?:exceeded|exhausted|out of).{0,20}quota", "OpenAI, relays in English"),
    Sign(_K.MONEY_LIKELY, r"余额|欠款|额度|balance|billing", "relays"),
    # --- the request's form
    Sign(_K.PARAMETER, r"(?:unsupported|unknown|unrecognized|missing|extra|unexpected)[_ ](?:required )?"
         r"(?:parameter|argument|field|value|input|keyword)|missing_required|extra_forbidden"
         r"|extra inputs", "OpenAI, FastAPI"),
    Sign(_K.PARAMETER, r"max_tokens|max_completion_tokens|max_output_tokens|temperature|top_p|tool_choice"
         r"|enable_thinking"
         r"|instructions (?:are|is) (?:required|missing)|instructions.{0,20}required", "OpenAI, Codex"),
    Sign(_K.PARAMETER, STREAM_WANTED, "new-api, Aliyun, Codex"),
    Sign(_K.PARAMETER, r"input must be a list|store must be|store.{0,10}false", "Codex"),
    # --- the key's group
    Sign(_K.GROUP, r"group_(?:disabled|deleted|inactive|not_found)|(?:分组|分組).{0,16}(?:停用|禁用|已删除|被删除|弃用"
         r"|不存在|失效)|无权(?:访问|使用).{0,16}分组|\bgroup\b.{0,24}(?:disabled|deleted|deprecated|inactive)",
         "sub2api, new-api"),
    # --- this model
    Sign(_K.PLAN, r"code=1311\b|(?:套餐|订阅|会员).{0,12}(?:未开放|不支持|不包含|未包含|无权)"
         r"|(?:plan|subscription|tier) (?:does not|doesn't|do not) (?:include|support|have|cover)", "Zhipu"),
    Sign(_K.MODEL, r"must be verified to use|only .{0,200}allowed now, your model"
         r"|(?:supported|available|allowed) (?:by|with|for|on) this model|model identifier is invalid"
         r"|throughput isn't supported", "OpenAI, FastChat, Gemini, Bedrock"),
    Sign(_K.MODEL, r"model[_ ](?:is )?(?:not[_ ](?:found|supported|available|exist|open|allowed|enabled|served"
         r"|loaded|ready"
         r"|provided|permitted)|unavailable|disabled|decommissioned|deprecated|retired|blocked|invalid|offline)",
         "OpenAI, Groq, GitHub Models"),
    Sign(_K.MODEL, r"(?<!/)\bmodel(?:s|code|_code|_id|_name)?\b.{0,120}(?:not (?:found|supported|available|exist"
        r"|activated|enabled|allowed"
         r"|served|loaded"
         r"|deployed|configured|permitted|recogni[sz]ed|a valid|valid|open|in (?:the )?(?:list|allowed)|ready"
         r"|accessible)"
         r"|does ?n[o']t exist|do(?:es)? not exist|is not|has been|no longer|unavailable|unsupported|disabled"
         r"|deprecated"
         r"|decommission|retired|denied|requires|is only|currently|cannot|can't)", "OpenAI, vLLM, Ark, Codex"),
    Sign(_K.MODEL, r"(?:no such|unknown|invalid|unsupported|unrecognized|nonexistent|missing|wrong|illegal"
         r"|disabled)[_ ]model"
         r"|modelerror|modelnotopen|model_?not_?found|model_not|invalidendpointormodel|model_access|model access"
         r"|unavailable_model|unknown provider for model", "LiteLLM, OpenCode Zen, Ark, Mistral, CLIProxyAPI"),
    Sign(_K.MODEL, r"(?:no|without|lacks?|not have|n't have|denied|unable to|cannot|can't|not allowed to"
         r"|not (?:authorized|permitted|entitled) (?:to|for))[\w ]{0,30}(?:access|use)[\w ]{0,20}\bmodel",
         "OpenAI, GitHub Models, Together, Bedrock"),
    Sign(_K.MODEL, r"no (?:available |healthy |active |valid )?(?:endpoints?|deployments?|channels?|providers?"
         r"|accounts?|"
         r"upstreams?|backends?|[a-z]+ accounts?)\b.{0,30}(?:found |available |support\w* |serv\w* |match\w* )?"
         r"(?:for|supporting|serving|matching|found)", "OpenRouter, LiteLLM, sub2api, new-api"),
    Sign(_K.MODEL, r"deploymentnotfound|api deployment for this resource"
         r"|operation does not work with the specified model"
         r"|not a chat model|only supported in v1/", "Azure, OpenAI"),
    Sign(_K.MODEL, r"free tier of the model|freetieronly|model.{0,60}(?:exhausted|inference limit"
         r"|paused)", "Aliyun, Ark"),
    Sign(_K.MODEL, r"not supported by any|is not a valid model|try pulling it|^(?:not_found_error )?model: ",
         "sub2api, OpenRouter, Ollama, Anthropic"),
    Sign(_K.MODEL, r"模型.{0,60}(?:不存在|不可用|未开通|未开放|不支持|无权|无可用|已下线|已下架|下线|停用|禁用"
         r"|没有权限|未配置|未找到|未启用|无效|错误)"
         r"|(?:无权|不支持|没有权限|未开通|无法|禁止|不存在|未找到|找不到).{0,16}模型|无可用的?渠道"
         r"|没有可用的?渠道",
         "new-api, one-api, Zhipu 1211"),
    Sign(_K.MODEL, r"model_price_error|ratio or price not set|倍率或价格", "new-api"),
    # --- the key
    Sign(_K.KEY, r"(?:invalid|incorrect|wrong|bad|expired|unknown|disabled|revoked|deactivated|malformed|missing|no"
         r"|illegal)"
         r"[_ ](?:proxy server )?(?:api[_ -]?|access[_ ]|auth\w*[_ ]|x-api-)?(?:key|token"
         r"|credentials?)\b", "OpenAI and most"),
    Sign(_K.KEY, r"(?:api[_ -]?key|token|credentials?)\b.{0,40}(?:not valid|invalid|incorrect|not found|expired"
         r"|disabled|"
         r"revoked|does not exist|leaked|inactive|banned|not recogni[sz]ed|malformed"
         r"|unauthorized)", "Gemini, sub2api"),
    Sign(_K.KEY, r"api_key_(?:invalid|disabled|expired|required)|invalid_auth|authenticat\w* (?:error|failed|fails"
         r"|failure)"
         r"|authentication_error|invalidapikey|unauthenticated|account_deactivated|access_terminated"
         r"|consumer_suspended",
         "Aliyun, Gemini, Anthropic"),
    Sign(_K.KEY, r"(?:无效|错误|失效|过期|非法).{0,4}(?:的)?(?:令牌|密钥|秘钥|api ?key|token)"
         r"|(?:令牌|密钥|秘钥|api ?key|token).{0,12}(?:无效|错误|失效|过期|不正确|不可用|已禁用|被禁用|不存在|有误"
         r"|状态不可用)",
         "new-api, one-api"),
    Sign(_K.KEY, r"(?:user|account|organization|用户|账号|账户|帐户).{0,16}(?:banned|blocked|suspended|disabled"
         r"|deactivated|已被?封禁|被禁用|封禁|已禁用)"
         r"|user_inactive|user not found", "new-api, Anthropic, OpenRouter, xAI"),
    Sign(_K.KEY, r"(?:missing|no) authorization|authorization header (?:is )?(?:missing|required)"
         r"|noauth(?:error|orized)|invalid_client", "Google, Xunfei, Baidu"),
    Sign(_K.KEY, r"login fail|身份验证失败|鉴权失败|认证失败|未登录|authorization failed", "MiniMax, Zhipu 1000"),
    # --- the path
    Sign(_K.ROUTE, r"^\W*(?:404 )?(?:http_?404 )?(?:page )?not[ _]?found\W*(?:(?:404|none)\W*)?$", "FastAPI, Go"),
    Sign(_K.ROUTE, r"invalid url|unknown (?:request url|route|path|endpoint|url)|no (?:such )?(?:route|handler|path"
         r"|static)"
         r"|unsupported (?:path|endpoint|url|legacy)|cannot (?:post|get) /|not implemented|convert_request_failed",
         "OpenAI, new-api, Express, Spring"),
    Sign(_K.ROUTE, r"(?:/v\d|/responses|/messages|/chat/completions|/models|endpoint|route|path|resource|接口|路径"
         r"|url)\b"
         r".{0,60}(?:not[ _](?:be )?(?:found|supported|implemented|allowed|exist)|does ?n[o']t exist|unsupported"
         r"|不存在|不支持|未找到)",
         "relays"),
    Sign(_K.ROUTE, r"(?:not[ _]found|method not allowed|nothing here|不存在|未找到).{0,40}(?:/v\d|/responses"
         r"|/messages"
         r"|/chat"
         r"|/models|接口|路径|endpoint)", "relays"),
    Sign(_K.ROUTE, r"method not allowed|requested url was not found|(?:does not|doesn't|not) support (?:the )?"
         r"(?:/?v1/)?(?:responses|messages|chat|anthropic)", "nginx, relays"),
)
# fmt: on


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[Refusal, re.Pattern[str]], ...]:
    """One expression for each kind: a refusal is looked at once for each."""
    return tuple((kind, _joined(sign.words for sign in SIGNS if sign.kind is kind)) for kind in Refusal)


def _joined(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in words))


def refusals(words: str) -> tuple[Refusal, ...]:
    """Every kind that the words speak of, in the order of ``Refusal``. ``words`` may be of any length and case."""
    return _refusals(words[:2_000].lower().replace("\u2019", "'"))


@lru_cache(maxsize=256)
def _refusals(words: str) -> tuple[Refusal, ...]:
    return tuple(_found(words))


def _found(words: str) -> Iterator[Refusal]:
    for kind, pattern in _compiled():
        if pattern.search(words):
            yield kind


def refusals_in(text: str) -> tuple[Refusal, ...]:
    """``refusals`` of a text that has no fields but may have line ends."""
    return refusals(" ".join(text.split()))


def speaks_of_money(text: str) -> bool:
    """No balance, quota or subscription; a limit that passes is none."""
    found = refusals_in(text)
    if Refusal.MONEY in found:
        return True
    return Refusal.MONEY_LIKELY in found and Refusal.LIMIT not in found
