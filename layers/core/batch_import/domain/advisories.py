"""Advisories and warnings by code, with their texts in both languages (docs/design.md#35-list-orders)."""

from collections.abc import Mapping
from typing import NamedTuple


class Advisory(NamedTuple):
    """A stored advisory: a code of the table below and what fills its text."""

    code: str
    params: Mapping[str, str] = {}


class Text(NamedTuple):
    zh: str
    en: str


ADVISORIES: dict[str, Text] = {
    "responses_unsupported_but_chat_ok": Text(
        "该上游不支持 /v1/responses，系统已自动回退到 /v1/chat/completions",
        "The relay has no /v1/responses; /v1/chat/completions is used instead",
    ),
    "forbidden_in_host_test": Text(
        "sub2api 的测试持续返回 403，已转由真实请求判定", "sub2api's test kept answering 403; a real request decides"
    ),
    "test_without_content": Text("sub2api 的测试通过，但没有内容", "sub2api's test passed without any content"),
    "relay_streams_only": Text(
        "该上游只接受流式请求，客户端必须使用 stream: true", "The relay only streams: customers must send stream: true"
    ),
    "relay_wants_max_completion_tokens": Text(
        "该上游不接受 max_tokens，客户端须改用 max_completion_tokens",
        "The relay refuses max_tokens: customers must send max_completion_tokens",
    ),
    "relay_wants_instructions": Text(
        "该上游要求 instructions，客户端须使用 /v1/responses 并附带 instructions",
        "The relay demands instructions: customers must ask /v1/responses and send them",
    ),
    "relay_restricts_parameters": Text("该上游限制以下参数：{parameters}", "The relay restricts {parameters}"),
    "models_refused": Text("上游列出但拒绝了：{models}", "Listed but refused by the relay: {models}"),
    "limits_not_judged": Text(
        "该上游在 NoExtraProbes 中，未询问价格与余额，因此未按 max_multiplier 与 min_balance 判断",
        "NoExtraProbes keeps price and balance unasked: max_multiplier and min_balance were not judged",
    ),
    "balance_not_judged": Text(
        "上游声明的余额 {balance} 并非美元，或未说明货币，因此未按 min_balance 判断",
        "The relay does not declare its balance of {balance} in USD: min_balance was not judged",
    ),
    "models_not_listed": Text(
        "上游没有可用的模型列表，已直接使用请求的模型",
        "The relay lists no models; the requested ones were taken as they are",
    ),
    "models_guessed": Text(
        "上游没有模型列表，已试用常见的 Claude 模型，{models} 可用；其他模型请写入 requested_models",
        "The relay lists no models; of the usual Claude models {models} answers: name others in requested_models",
    ),
    "another_model_served": Text(
        "请求 {asked}，上游的回答却来自 {served}", "{asked} was asked for, the relay's answer names {served}"
    ),
    "requested_models_unresolved": Text("未找到请求的模型：{models}", "Models wanted but not found: {models}"),
    "same_pair_in_list": Text(
        "与 {item_id} 是同一地址和密钥，共用一个账号", "Same address and key as {item_id}: one account serves both"
    ),
    "account_of_same_url": Text(
        "sub2api 中已有相同地址的账号 {name}（#{account_id}），其密钥无法比对，因此另建了账号",
        "sub2api has account {name} (#{account_id}) at this address; keys cannot be compared, so a new one was made",
    ),
    "two_accounts_one_marker": Text(
        "sub2api 中有多个带相同标记的账号：{ids}", "Several accounts carry this key's marker: {ids}"
    ),
    "was_paused_by_person": Text(
        "该账号曾被人工停用，现已重新启用", "A person had paused this account; it was switched on again"
    ),
    "not_put_back": Text(
        "sub2api 未能把账号恢复原状；撤销本次导入（undo）会再次尝试",
        "sub2api did not put the account back to what it was; an undo of the run tries again",
    ),
    "still_off": Text("账号未能恢复，仍处于停用状态", "The account did not come alive and is still off"),
    "models_vanished": Text("上游不再列出：{models}", "No longer listed by the relay: {models}"),
    "join_group_of_other_platform": Text(
        "分组 {name} 属于平台 {platform}，该账号不会在其中被调度，因此未加入",
        "Group {name} is of platform {platform}, where this account would never be asked: it was left out",
    ),
    "host_test_says_little": Text(
        "sub2api 的账号测试失败，但该平台的测试与真实请求不同，已转由真实请求判定",
        "sub2api's account test failed; on this platform it asks otherwise than customers do: a real request decides",
    ),
    "converted_by_host": Text(
        "sub2api 把 chat/completions 转换为 {protocol}：stop、n 与 response_format 会丢失，非流式的工具参数可能损坏",
        "sub2api turns chat completions into {protocol}: stop, n and response_format are dropped, and tool arguments"
        " may be broken without streaming",
    ),
    "key_readable_in_host": Text(
        "该上游的密钥以请求头覆盖写入账号，sub2api 的管理员可以读出",
        "The key is shown to this relay by a header of the account, which sub2api's administrators can read",
    ),
    "join_group_unknown": Text("sub2api 中没有分组 {name}", "sub2api has no group {name}"),
    "subscription_user_unknown": Text(
        "未开通访问：sub2api 中没有用户 {user}", "No access given: sub2api has no user {user}"
    ),
    "no_customer_has_access": Text(
        "没有任何用户获得访问权限：账号可用，但 sub2api 中没有这些订阅用户。请在 sub2api 中建立用户后重新导入",
        "Nobody has got access: the account works, but sub2api knows none of the subscription users. Create them, then "
        "import again",
    ),
    "host_simple_mode": Text(
        "sub2api 运行在 simple 模式，分组不起作用", "sub2api runs in simple mode, where groups mean nothing"
    ),
    "self_service_not_proven": Text(
        "未能用给定的 probe_api_key 证明访问，active 仅由服务自己的密钥证明：{reason}",
        "The given probe_api_key could not prove access; active was proven with the service's key only: {reason}",
    ),
}


def text_of(advisory: Advisory, language: str) -> str:
    """The advisory's sentence; ``language`` is ``zh`` or ``en``. An unknown code raises ``KeyError``."""
    template = getattr(ADVISORIES[advisory.code], language)
    return str(template).format_map(advisory.params)
