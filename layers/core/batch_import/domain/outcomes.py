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
    TOO_DEAR = "too_dear"
    TOO_LITTLE_LEFT = "too_little_left"
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
    """Texts begin like a sentence and have no full stop."""

    code: Code
    access: AccessStatus
    zh: str
    en: str
    advice_zh: str = ""
    advice_en: str = ""

    def reason(self, language: str) -> str:
        """What happened, without a full stop."""
        return self.zh if language == "zh" else self.en

    def to_do(self, language: str) -> str:
        """What to do now, as a sentence; empty where there is nothing to do."""
        text, stop = (self.advice_zh, "。") if language == "zh" else (self.advice_en, ".")
        return text and f"{text}{stop}"

    def advice(self, language: str) -> str:
        """What happened and what to do now, as sentences."""
        if language == "zh":
            return "".join(f"{text}。" for text in (self.zh, self.advice_zh) if text)
        return " ".join(f"{text}." for text in (self.en, self.advice_en) if text)

    @property
    def transient(self) -> bool:
        return self.access is AccessStatus.DEGRADED


_BROKEN, _DEGRADED, _UNKNOWN = AccessStatus.BROKEN, AccessStatus.DEGRADED, AccessStatus.UNKNOWN

# fmt: off
_TABLE = (
    # --- probe: what the relay itself says
    Outcome(Code.AUTH_FAILED, _BROKEN, "上游拒绝了该密钥", "The relay refused the key",
            "请检查密钥是否复制完整、是否仍然有效", "Check that the key is complete and still valid"),
    Outcome(Code.FORBIDDEN, _BROKEN, "上游禁止该密钥访问", "The relay forbids this key or model",
            "请在上游确认该密钥的权限", "Check the key's permissions at the relay"),
    Outcome(Code.BLOCKED_BY_WALL, _BROKEN, "被上游的防火墙拦截", "Blocked by the relay's firewall",
            "请让上游放行本服务与 sub2api 的出口地址",
            "Ask the relay to allow the addresses of this service and of sub2api"),
    Outcome(Code.CLIENT_NOT_ADMITTED, _BROKEN,
            "上游只允许特定客户端访问", "The relay admits certain client programs only",
            "请换用不限客户端的密钥或分组", "Use a key or a group there without this restriction"),
    Outcome(Code.PAYMENT_REQUIRED, _BROKEN,
            "上游余额不足，或密钥已过期", "No money left at the relay, or the key has expired",
            "请在上游充值或续期密钥后重试", "Top up or renew the key there, then retry"),
    Outcome(Code.TOO_DEAR, _BROKEN,
            "上游声明的倍率高于所要求的上限", "The relay's declared multiplier is above the limit that was asked for",
            "如可接受，请提高 max_multiplier 后重新导入", "To accept it, import again with a higher max_multiplier"),
    Outcome(Code.TOO_LITTLE_LEFT, _BROKEN,
            "上游声明的余额低于所要求的下限", "The relay's declared balance is below what was asked for",
            "请在上游充值后重试，或降低 min_balance 后重新导入",
            "Top up the account there, then retry; or import again with a lower min_balance"),
    Outcome(Code.EMPTY_MODEL_LIST, _BROKEN, "上游的模型列表为空", "The relay lists no models",
            "请在上游确认该密钥的分组已开通模型", "Check at the relay that the key's group has models"),
    Outcome(Code.ONLY_WILDCARD_LISTED, _BROKEN, "上游的模型列表只有通配符", "The relay lists only a wildcard",
            "请写明所需的模型", "Name the models wanted"),
    Outcome(Code.REDIRECTED, _BROKEN, "该地址重定向到别处", "The address redirects elsewhere",
            "请导入重定向的目标地址", "Import the address that it redirects to"),
    Outcome(Code.MODEL_LIST_MISSING, _BROKEN, "该地址没有模型列表", "No model list at this address",
            "请检查地址", "Check the address"),
    Outcome(Code.NOT_AN_API, _BROKEN, "返回的是网页而不是 API", "A web page answered, not an API",
            "请使用 API 的地址，而不是面板的地址", "Use the API's address, not the panel's"),
    Outcome(Code.NO_CHAT_MODEL, _BROKEN, "没有可用于对话的模型", "None of its models can chat",
            "该上游只有嵌入、图像等模型", "It has embedding, image or similar models only"),
    Outcome(Code.REQUESTED_MODEL_NOT_FOUND, _BROKEN, "上游没有所需的模型", "None of the models wanted is there",
            "请从推荐的模型中选择", "Choose among the recommended ones"),
    Outcome(Code.MODEL_NOT_SERVED, _BROKEN, "模型在列表中，但请求返回 404", "Listed, but answers 404",
            "请询问上游，或写明它实际提供的模型", "Ask the relay, or name a model that it serves"),
    Outcome(Code.PROTOCOL_NOT_USABLE_BY_HOST, _BROKEN,
            "sub2api 无法使用该上游的协议或认证方式", "sub2api cannot use this relay's protocol or authentication",
            "请看错误说明：它支持什么，哪个 sub2api 版本可以使用（如有）",
            "The error says what it speaks, and which version of sub2api could use it, if any"),
    Outcome(Code.ADDRESS_REFUSED, _BROKEN, "地址指向内网，已拒绝访问", "The address is private and was refused",
            "请使用公网地址，或用 AllowedPrivateHosts 放行",
            "Use a public address, or allow this one by AllowedPrivateHosts"),
    Outcome(Code.TLS_ERROR, _BROKEN, "上游的 TLS 证书或握手错误", "The relay's certificate or TLS handshake failed",
            "请检查上游的证书", "Check the relay's certificate"),
    Outcome(Code.REQUEST_REJECTED, _BROKEN, "上游不接受标准请求", "The relay does not accept a standard request",
            "错误说明中有它的理由", "The error has its reason"),
    Outcome(Code.RATE_LIMITED, _DEGRADED, "上游持续限流", "The relay kept limiting the rate",
            "请稍后重试", "Retry later"),
    Outcome(Code.UPSTREAM_UNAVAILABLE, _DEGRADED, "上游暂时不可用", "The relay was not available",
            "请稍后重试", "Retry later"),
    Outcome(Code.UPSTREAM_TIMEOUT, _DEGRADED, "上游响应超时", "The relay did not answer in time",
            "请稍后重试", "Retry later"),
    Outcome(Code.UNREACHABLE, _DEGRADED, "无法连接", "Could not connect",
            "请检查域名、端口和防火墙", "Check host name, port and firewall"),
    Outcome(Code.INVALID_ANSWER, _DEGRADED,
            "上游以 200 返回了错误或空内容", "The relay answered 200 with an error or nothing",
            "请询问上游后重试", "Ask the relay, then retry"),
    # --- decide and provision: what the host says
    Outcome(Code.PAUSED_BY_OPERATOR, _BROKEN,
            "账号被人工停用，按要求未改动", "A person paused this account; it was left alone",
            "如需启用，请在 sub2api 中打开调度，或以 reactivate=always 重新导入",
            "To use it, make it schedulable in sub2api, or import with reactivate=always"),
    Outcome(Code.PLAN_CHANGED, _BROKEN,
            "与预演的决定不同，未写入 sub2api", "The decision is no longer the planned one; nothing was written",
            "请重新预演，或直接重试该条目", "Check again, or retry the item without a plan"),
    Outcome(Code.HOST_UNAVAILABLE, _DEGRADED, "sub2api 暂时不可用", "sub2api was not available",
            "请检查 sub2api 后重试", "Check sub2api, then retry"),
    Outcome(Code.HOST_REFUSES_CREDENTIALS, _DEGRADED, "sub2api 拒绝了管理密钥", "sub2api refused the admin key",
            "请更新 sub2api 的凭据后重试", "Update sub2api's credentials, then retry"),
    Outcome(Code.HOST_NEEDS_ACKNOWLEDGEMENT, _DEGRADED,
            "sub2api 要求先确认合规声明", "sub2api wants its compliance statement accepted first",
            "请管理员在 sub2api 后台确认后重试", "Accept it in sub2api's panel as an administrator, then retry"),
    Outcome(Code.HOST_REJECTED, _BROKEN, "sub2api 拒绝了写入", "sub2api rejected a write",
            "错误说明中有它的理由", "The error has its reason"),
    Outcome(Code.ACCOUNT_GONE, _BROKEN, "账号在 sub2api 中已被删除", "The account is gone from sub2api",
            "请重新导入", "Import it again"),
    Outcome(Code.HOST_REFUSES_URL, _BROKEN,
            "sub2api 的地址白名单不允许该上游", "sub2api's allow-list refuses this address",
            "请在 sub2api 的 security.url_allowlist 中添加", "Add it to sub2api's security.url_allowlist"),
    # --- confirm: the host's account test
    Outcome(Code.UPSTREAM_AUTH_FAILED, _BROKEN,
            "sub2api 测试时上游拒绝了密钥", "The relay refused the key in sub2api's test",
            "请检查密钥是否复制完整、是否仍然有效", "Check that the key is complete and still valid"),
    Outcome(Code.HOST_TEST_FAILED, _DEGRADED, "sub2api 的账号测试未通过", "sub2api's account test did not pass",
            "请稍后重试", "Retry later"),
    Outcome(Code.STREAM_CUT, _DEGRADED, "流式回答中断", "Streamed answers break off before their end",
            "请询问上游：它的流式输出不完整", "Ask the relay: it cuts its streams"),
    # --- validate: the real completion through the gateway
    Outcome(Code.GATEWAY_MIS_MAPPED, _BROKEN,
            "上游正常，但 sub2api 的模型映射不正确", "The relay works, but sub2api maps its model wrongly",
            "请检查账号的 model_mapping 与渠道限制",
            "Check the account's model_mapping and the channel's restrictions"),
    Outcome(Code.GATEWAY_NO_ACCOUNT, _DEGRADED, "sub2api 没有可用账号", "sub2api found no available account",
            "请稍后重试", "Retry later"),
    Outcome(Code.GATEWAY_UPSTREAM_FAILED, _DEGRADED, "sub2api 到上游的请求失败", "sub2api's call to the relay failed",
            "请稍后重试", "Retry later"),
    Outcome(Code.GATEWAY_UPSTREAM_AUTH_FAILED, _BROKEN,
            "经 sub2api 请求时上游拒绝了密钥", "Through sub2api the relay refused the key",
            "请检查密钥是否仍然有效", "Check that the key is still valid"),
    Outcome(Code.GATEWAY_EMPTY_COMPLETION, _DEGRADED,
            "经 sub2api 得到的回答为空", "The answer through sub2api was empty",
            "请稍后重试", "Retry later"),
    Outcome(Code.GATEWAY_REFUSED_KEY, _DEGRADED,
            "sub2api 拒绝了本服务的测试密钥", "sub2api refused the service's test key",
            "请检查探测用户、余额与分组", "Check the probe user, its balance and its group"),
    Outcome(Code.GROUP_NOT_USABLE, _BROKEN, "该上游的分组不可用", "The relay's group in sub2api cannot be used",
            "请检查分组的状态、平台与渠道限制", "Check the group's status, platform and channel"),
    # --- about the run
    Outcome(Code.DEAD_LETTERED, _DEGRADED, "多次中断后放弃", "Gave up after repeated crashes",
            "请重试；如仍失败请查看日志", "Retry, then see the logs"),
    Outcome(Code.STOPPED_BY_STRICT, _BROKEN,
            "严格模式：前面的条目失败，未再写入", "Strict mode stopped before this item was entered",
            "请修正失败的条目后重新导入", "Fix the broken item, then import again"),
    Outcome(Code.CANCELLED, _UNKNOWN, "批次已取消", "The run was cancelled"),
    Outcome(Code.KEY_ERASED, _BROKEN, "密钥已按保留期删除", "The key was erased after its retention",
            "请重新导入", "Import it again"),
    Outcome(Code.INTERNAL_ERROR, _DEGRADED, "本服务内部错误", "Something went wrong in this service",
            "请查看日志后重试", "See the logs, then retry"),
)
# fmt: on

OUTCOMES: dict[Code, Outcome] = {row.code: row for row in _TABLE}


def outcome(code: Code) -> Outcome:
    """What ``code`` means for access, and what to say and to do."""
    return OUTCOMES[code]
