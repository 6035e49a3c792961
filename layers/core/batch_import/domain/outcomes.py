"""Every code that an item can end with: what it means for access, and what to say and to do, in both languages.

``transient`` codes end as ``degraded`` once retries are spent, definitive ones as ``broken``
(docs/design.md#25-validate).
"""

from dataclasses import dataclass
from enum import StrEnum

from batch_import.domain.types import AccessStatus


class Code(StrEnum):
    """Every code that an item can end with."""

    AUTH_FAILED = "auth_failed"
    FORBIDDEN = "forbidden"
    BLOCKED_BY_WALL = "blocked_by_wall"
    CLIENT_NOT_ADMITTED = "client_not_admitted"
    PAYMENT_REQUIRED = "payment_required"
    EMPTY_MODEL_LIST = "empty_model_list"
    ONLY_WILDCARD_LISTED = "only_wildcard_listed"
    REDIRECTED = "redirected"
    MODEL_LIST_MISSING = "model_list_missing"
    NOT_AN_API = "not_an_api"
    NO_CHAT_MODEL = "no_chat_model"
    REQUESTED_MODEL_NOT_FOUND = "requested_model_not_found"
    MODEL_NOT_SERVED = "model_not_served"
    PROTOCOL_NOT_USABLE_BY_HOST = "protocol_not_usable_by_host"
    ADDRESS_REFUSED = "address_refused"
    TLS_ERROR = "tls_error"
    REQUEST_REJECTED = "request_rejected"
    RATE_LIMITED = "rate_limited"
    UPSTREAM_UNAVAILABLE = "upstream_unavailable"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UNREACHABLE = "unreachable"
    INVALID_ANSWER = "invalid_answer"
    PAUSED_BY_OPERATOR = "paused_by_operator"
    PLAN_CHANGED = "plan_changed"
    HOST_UNAVAILABLE = "host_unavailable"
    HOST_REFUSES_CREDENTIALS = "host_refuses_credentials"
    HOST_NEEDS_ACKNOWLEDGEMENT = "host_needs_acknowledgement"
    HOST_REJECTED = "host_rejected"
    ACCOUNT_GONE = "account_gone"
    HOST_REFUSES_URL = "host_refuses_url"
    UPSTREAM_AUTH_FAILED = "upstream_auth_failed"
    HOST_TEST_FAILED = "host_test_failed"
    STREAM_CUT = "stream_cut"
    GATEWAY_MIS_MAPPED = "gateway_mis_mapped"
    GATEWAY_NO_ACCOUNT = "gateway_no_account"
    GATEWAY_UPSTREAM_FAILED = "gateway_upstream_failed"
    GATEWAY_UPSTREAM_AUTH_FAILED = "gateway_upstream_auth_failed"
    GATEWAY_EMPTY_COMPLETION = "gateway_empty_completion"
    GATEWAY_REFUSED_KEY = "gateway_refused_key"
    GROUP_NOT_USABLE = "group_not_usable"
    DEAD_LETTERED = "dead_lettered"
    STOPPED_BY_STRICT = "stopped_by_strict"
    CANCELLED = "cancelled"
    KEY_ERASED = "key_erased"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class Outcome:
    code: Code
    access: AccessStatus
    zh: str
    en: str
    advice_zh: str = ""
    advice_en: str = ""

    @property
    def transient(self) -> bool:
        return self.access is AccessStatus.DEGRADED


_BROKEN, _DEGRADED, _UNKNOWN = AccessStatus.BROKEN, AccessStatus.DEGRADED, AccessStatus.UNKNOWN

# fmt: off
_TABLE = (
    # --- probe: what the relay itself says
    Outcome(Code.AUTH_FAILED, _BROKEN, "上游拒绝了该密钥", "the relay refused the key",
            "请检查密钥是否复制完整、是否已过期", "check that the key is complete and still valid"),
    Outcome(Code.FORBIDDEN, _BROKEN, "上游禁止该密钥访问", "the relay forbids this key or model",
            "请在上游确认该密钥的权限", "check the key's permissions at the relay"),
    Outcome(Code.BLOCKED_BY_WALL, _BROKEN, "请求被防火墙或地区、地址限制拦截",
            "a firewall, or a rule for addresses or regions, stands before the relay",
            "请让上游放行本服务与宿主的出口地址", "ask the relay to let this service's and the host's address through"),
    Outcome(Code.CLIENT_NOT_ADMITTED, _BROKEN, "上游只允许特定客户端访问",
            "the relay admits certain client programs only",
            "该上游不接受通用 API 请求，请换用不限客户端的分组或密钥",
            "it accepts no general API requests; use a key or group there without this restriction"),
    Outcome(Code.PAYMENT_REQUIRED, _BROKEN, "上游账户余额不足", "the relay demands payment",
            "请在上游充值后重试", "top up the account at the relay, then import again"),
    Outcome(Code.EMPTY_MODEL_LIST, _BROKEN, "上游返回了空的模型列表", "the relay lists no models",
            "请确认该密钥所属分组已开通模型", "check that the key's group has models"),
    Outcome(Code.ONLY_WILDCARD_LISTED, _BROKEN, "上游的模型列表只有通配符", "the relay lists only a wildcard",
            "请在 requested_models 中写明要使用的模型", "name the models to use in requested_models"),
    Outcome(Code.REDIRECTED, _BROKEN, "该地址重定向到别处", "the address redirects elsewhere",
            "请改用重定向的目标地址作为 base_url", "use the redirect's target as base_url"),
    Outcome(Code.MODEL_LIST_MISSING, _BROKEN, "找不到模型列表接口", "no model list was found at the usual places",
            "请检查 base_url", "check the base_url"),
    Outcome(Code.NOT_AN_API, _BROKEN, "返回的是网页而不是 API", "a web page answered, not an API",
            "请检查 base_url 是否指向 API 地址", "check that base_url points to the API and not to a panel"),
    Outcome(Code.NO_CHAT_MODEL, _BROKEN, "没有可用于对话的模型", "none of the models can chat",
            "该上游只有嵌入、图像等模型", "the relay only has embedding, image or similar models"),
    Outcome(Code.REQUESTED_MODEL_NOT_FOUND, _BROKEN, "请求的模型在上游不存在", "none of the requested models is there",
            "请从 recommended_models 中选择", "choose from recommended_models"),
    Outcome(Code.MODEL_NOT_SERVED, _BROKEN, "列表中的模型实际不可用", "the listed model is not really served",
            "上游的模型列表与实际不符", "the relay's model list does not tell the truth"),
    Outcome(Code.PROTOCOL_NOT_USABLE_BY_HOST, _BROKEN, "宿主无法使用该上游的协议或认证方式",
            "the host cannot use this relay's protocol or way of authentication",
            "请看错误说明：该上游的协议、认证方式，以及能够支持它的宿主版本（如有）",
            "see the error for what the relay speaks, and which version of the host could serve it, if any"),
    Outcome(Code.ADDRESS_REFUSED, _BROKEN, "地址指向内网，已拒绝访问", "the address is private and was refused",
            "只允许公网地址；开发环境可用 AllowedPrivateHosts 放行",
            "only public addresses are fetched; see AllowedPrivateHosts"),
    Outcome(Code.TLS_ERROR, _BROKEN, "TLS 证书或握手错误", "certificate or TLS handshake failed",
            "请检查上游证书", "check the relay's certificate"),
    Outcome(Code.REQUEST_REJECTED, _BROKEN, "上游不接受标准请求", "the relay does not accept a standard request"),
    Outcome(Code.RATE_LIMITED, _DEGRADED, "上游持续限流", "the relay kept limiting the rate",
            "稍后重试", "try again later"),
    Outcome(Code.UPSTREAM_UNAVAILABLE, _DEGRADED, "上游暂时不可用", "the relay was not available",
            "稍后重试", "try again later"),
    Outcome(Code.UPSTREAM_TIMEOUT, _DEGRADED, "上游响应超时", "the relay did not answer in time",
            "稍后重试", "try again later"),
    Outcome(Code.UNREACHABLE, _DEGRADED, "无法连接上游", "no connection to the relay",
            "请检查域名、端口与网络", "check the name, the port and the network"),
    Outcome(Code.INVALID_ANSWER, _DEGRADED, "上游的回答不是有效的补全", "the relay's answer is no valid completion",
            "上游以 200 返回了错误或空内容", "the relay answered 200 with an error or nothing"),
    # --- decide and provision: what the host says
    Outcome(Code.PAUSED_BY_OPERATOR, _BROKEN, "账号被人工停用，按要求未改动",
            "a person paused this account; it was left alone",
            "如需启用，请在宿主中打开调度，或以 reactivate=always 重新导入",
            "to switch it on, make it schedulable in the host or import with reactivate=always"),
    Outcome(Code.PLAN_CHANGED, _BROKEN, "与预演的决定不同，未写入宿主",
            "the decision is no longer the planned one; nothing was written",
            "请重新预演，或直接重试该条目", "make a new dry run, or retry the item without a plan"),
    Outcome(Code.HOST_UNAVAILABLE, _DEGRADED, "宿主暂时不可用", "the host was not available",
            "请检查宿主后重试", "check the host, then retry"),
    Outcome(Code.HOST_REFUSES_CREDENTIALS, _DEGRADED, "宿主拒绝了管理密钥", "the host refused the admin key",
            "请更新宿主凭据", "update the host's credentials"),
    Outcome(Code.HOST_NEEDS_ACKNOWLEDGEMENT, _DEGRADED, "宿主要求先确认合规声明",
            "the host wants its compliance statement acknowledged first",
            "请管理员在宿主后台确认合规声明后重试", "an administrator must accept it in the host's panel, then retry"),
    Outcome(Code.HOST_REJECTED, _BROKEN, "宿主拒绝了写入", "the host rejected a write"),
    Outcome(Code.ACCOUNT_GONE, _BROKEN, "账号在宿主中已被删除", "the account is gone from the host",
            "请重新导入", "import again"),
    Outcome(Code.HOST_REFUSES_URL, _BROKEN,
            "宿主的地址白名单不允许该上游", "the host's URL allow-list refuses this relay",
            "请在宿主配置 security.url_allowlist", "add it to the host's security.url_allowlist"),
    # --- confirm: the host's account test
    Outcome(Code.UPSTREAM_AUTH_FAILED, _BROKEN, "宿主测试：上游拒绝密钥", "account test: the relay refused the key"),
    Outcome(Code.HOST_TEST_FAILED, _DEGRADED, "宿主账号测试未通过", "the host's account test did not pass",
            "稍后重试", "try again later"),
    Outcome(Code.STREAM_CUT, _DEGRADED, "流式回答中断", "streamed answers break off before their end",
            "上游的流式输出不完整", "the relay cuts its streams"),
    # --- validate: the real completion through the gateway
    Outcome(Code.GATEWAY_MIS_MAPPED, _BROKEN, "上游正常，但网关的模型映射不正确", "upstream fine, gateway mis-mapped",
            "请检查账号 model_mapping 与渠道限制", "check the account's model_mapping and the channel's restrictions"),
    Outcome(Code.GATEWAY_NO_ACCOUNT, _DEGRADED, "网关没有可用账号", "the gateway found no available account",
            "稍后重试", "try again later"),
    Outcome(Code.GATEWAY_UPSTREAM_FAILED, _DEGRADED, "网关到上游的请求失败", "the gateway's call to the relay failed",
            "稍后重试", "try again later"),
    Outcome(Code.GATEWAY_UPSTREAM_AUTH_FAILED, _BROKEN, "经网关请求时上游拒绝密钥",
            "through the gateway the relay refused the key"),
    Outcome(Code.GATEWAY_EMPTY_COMPLETION, _DEGRADED, "补全内容为空", "the completion was empty"),
    Outcome(Code.GATEWAY_REFUSED_KEY, _DEGRADED, "网关拒绝了探测密钥", "the gateway refused the probe key",
            "请检查探测用户、余额与分组", "check the probe user, its balance and the group"),
    Outcome(Code.GROUP_NOT_USABLE, _BROKEN, "该上游的分组不可用", "the provider's group cannot be used",
            "请检查分组状态、平台与渠道限制", "check the group's status, platform and channel restriction"),
    # --- about the run
    Outcome(Code.DEAD_LETTERED, _DEGRADED, "处理多次中断，已转入死信", "processing broke off repeatedly; dead-lettered",
            "请查看日志后重试", "look at the logs, then retry"),
    Outcome(Code.STOPPED_BY_STRICT, _BROKEN, "严格模式：前面的条目失败，未再写入",
            "strict mode stopped before this item was entered",
            "修正失败的条目后重新导入", "fix the broken item, then import again"),
    Outcome(Code.CANCELLED, _UNKNOWN, "批次已取消", "the run was cancelled"),
    Outcome(Code.KEY_ERASED, _BROKEN, "密钥已按保留期删除", "the key was erased after its retention",
            "请重新导入", "import again"),
    Outcome(Code.INTERNAL_ERROR, _DEGRADED, "内部错误", "internal error", "请查看日志", "look at the logs"),
)
# fmt: on

OUTCOMES: dict[Code, Outcome] = {row.code: row for row in _TABLE}


def outcome(code: Code) -> Outcome:
    """What ``code`` means for access, and what to say and to do."""
    return OUTCOMES[code]
