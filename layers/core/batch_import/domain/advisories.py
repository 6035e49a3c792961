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
        "the relay has no /v1/responses; /v1/chat/completions is used instead",
    ),
    "initial_probe_race_expected": Text(
        "宿主的协议探测尚未结束，首次测试可能失败", "the host's own protocol probe may make the first test fail"
    ),
    "forbidden_in_host_test": Text(
        "宿主测试持续返回 403，已转由网关真实请求判定", "the host's test kept answering 403; the gateway decides"
    ),
    "test_without_content": Text("宿主测试成功但没有内容", "the host's test passed without any content"),
    "relay_streams_only": Text(
        "该上游只接受流式请求，客户端必须使用 stream: true", "the relay only streams: customers must send stream: true"
    ),
    "relay_wants_max_completion_tokens": Text(
        "该上游不接受 max_tokens，客户端须改用 max_completion_tokens",
        "the relay refuses max_tokens: customers must send max_completion_tokens",
    ),
    "relay_wants_instructions": Text(
        "该上游要求 instructions，客户端须使用 /v1/responses 并附带 instructions",
        "the relay demands instructions: customers must ask /v1/responses and send them",
    ),
    "relay_restricts_parameters": Text("该上游限制以下参数：{parameters}", "the relay restricts {parameters}"),
    "models_refused": Text("上游列出但拒绝了：{models}", "listed but refused by the relay: {models}"),
    "models_not_listed": Text(
        "上游没有可用的模型列表，已直接使用请求的模型",
        "the relay lists no models; the requested ones were taken as they are",
    ),
    "models_guessed": Text(
        "上游没有模型列表，已试用常见的 Claude 模型，{models} 可用；其他模型请写入 requested_models",
        "the relay lists no models; of the usual Claude models {models} answers: name others in requested_models",
    ),
    "another_model_served": Text(
        "请求 {asked}，上游的回答却来自 {served}", "{asked} was asked for, the relay's answer names {served}"
    ),
    "requested_models_unresolved": Text("未找到请求的模型：{models}", "requested models not found: {models}"),
    "same_pair_in_list": Text(
        "与 {item_id} 是同一地址和密钥，共用一个账号", "same address and key as {item_id}: one account serves both"
    ),
    "account_of_same_url": Text(
        "宿主中已有相同地址的账号 {name}（#{account_id}），其密钥无法比对，因此另建了账号",
        "the host has account {name} (#{account_id}) at this address; keys cannot be compared, so a new one was made",
    ),
    "two_accounts_one_marker": Text(
        "宿主中有多个带相同标记的账号：{ids}", "several accounts carry this key's marker: {ids}"
    ),
    "was_paused_by_person": Text(
        "该账号曾被人工停用，现已重新启用", "a person had paused this account; it was switched on again"
    ),
    "still_off": Text("账号未能恢复，仍处于停用状态", "the account did not come alive and is still off"),
    "models_vanished": Text("上游不再列出：{models}", "no longer listed by the relay: {models}"),
    "join_group_of_other_platform": Text(
        "分组 {name} 属于平台 {platform}，该账号不会在其中被调度，因此未加入",
        "group {name} is of platform {platform}, where this account would never be asked: it was left out",
    ),
    "host_test_says_little": Text(
        "宿主的账号测试失败，但该平台的测试与真实请求不同，已转由网关真实请求判定",
        "the host's account test failed; on this platform it asks otherwise than customers do: the gateway decides",
    ),
    "converted_by_host": Text(
        "宿主把 chat/completions 转换为 {protocol}：stop、n 与 response_format 会丢失，非流式的工具调用参数可能损坏",
        "the host turns chat completions into {protocol}: stop, n and response_format are dropped, and tool arguments"
        " may be broken without streaming",
    ),
    "key_readable_in_host": Text(
        "该上游的密钥以请求头覆盖写入账号，宿主的管理员可以读出",
        "the key is shown to this relay by a header of the account, which administrators of the host can read",
    ),
    "join_group_unknown": Text("宿主中没有分组 {name}", "the host has no group named {name}"),
    "no_customer_has_access": Text(
        "没有任何用户获得访问权限：该账号可用，但 subscription_users 在宿主中均不存在",
        "nobody has got access: the account works, but the host knows none of the subscription_users",
    ),
    "subscription_user_unknown": Text("宿主中没有用户 {user}", "the host has no user {user}"),
    "host_simple_mode": Text(
        "宿主运行在 simple 模式，分组不起作用", "the host runs in simple mode, where groups mean nothing"
    ),
    "self_service_not_proven": Text(
        "未能用给定的 probe_api_key 证明访问，active 仅由服务自己的密钥证明：{reason}",
        "the given probe_api_key could not prove access; active was proven with the service's key only: {reason}",
    ),
}


def text_of(advisory: Advisory, language: str) -> str:
    """The advisory's sentence; ``language`` is ``zh`` or ``en``. An unknown code raises ``KeyError``."""
    template = getattr(ADVISORIES[advisory.code], language)
    return str(template).format_map(advisory.params)
