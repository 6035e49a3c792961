"""What an event of an item's history says, as a sentence in the reader's language."""

from collections.abc import Mapping
from typing import Any

from batch_import.domain.advisories import ADVISORIES, Text
from batch_import.domain.outcomes import Code, outcome
from batch_import.domain.texts import plain_number
from batch_import.domain.types import EventType

_TEXTS: Mapping[EventType, Text] = {
    EventType.LEASE_ACQUIRED: Text("开始处理", "A worker took it up"),
    EventType.MODELS_DISCOVERED: Text("读到了上游的模型列表", "The relay's models were read"),
    EventType.CAPABILITY_PROBED: Text("已探测上游支持的协议", "The relay was asked which protocols it speaks"),
    EventType.REUSE_DECIDED: Text("已决定如何处理", "It was decided what to do in sub2api"),
    EventType.GROUP_CREATED: Text("已创建分组 #{group_id}", "Group #{group_id} was made"),
    EventType.CHANNEL_CREATED: Text("已创建渠道 #{channel_id}", "Channel #{channel_id} was made"),
    EventType.CHANNEL_PATCHED: Text("已补充模型名称", "Model names were added to the account"),
    EventType.ACCOUNT_CREATED: Text(
        "已创建账号 #{account_id}，验证前不对客户开放",
        "Account #{account_id} was made; customers do not reach it before it is proven",
    ),
    EventType.ACCOUNT_WOKEN: Text(
        "账号 #{account_id} 已启用，验证前不对客户开放",
        "Account #{account_id} was switched on; customers do not reach it before it is proven",
    ),
    EventType.ACCOUNT_CHANGED: Text(
        "已修改账号 #{account_id}：{changes}", "Account #{account_id} was changed: {changes}"
    ),
    EventType.RETRY_SCHEDULED: Text("将在 {seconds} 秒后重试", "It is tried again in {seconds} s"),
    EventType.ADVISORY_RECORDED: Text("有一条提示", "An advisory was recorded"),
    EventType.CONFIRMATION_DECIDED: Text("sub2api 的账号测试已有结果", "sub2api's account test is decided"),
    EventType.COMPLETION_PROVEN: Text(
        "通过 sub2api 的真实请求得到了回答", "A real request through sub2api was answered"
    ),
    EventType.ACCOUNT_PLACED: Text("账号已加入其分组", "The account joined its groups"),
    EventType.ACCESS_GIVEN: Text("客户已可以访问", "Customers have access"),
    EventType.STAGE_FAILED: Text("此步骤失败", "This step failed"),
    EventType.DEAD_LETTERED: Text("多次中断后放弃", "Given up after repeated crashes"),
    EventType.REQUEUED: Text("没有进程在处理，已重新排队", "Nothing was working on it, so it was queued again"),
    EventType.ACCESS_DECIDED: Text("已有结论", "The verdict is in"),
    EventType.ACCESS_TAKEN: Text("已收回客户的访问权限", "Customers' access was taken back"),
    EventType.ACCOUNT_REMOVED: Text("账号 #{account_id} 已移除", "Account #{account_id} was removed"),
    EventType.ACCOUNT_RESTORED: Text(
        "账号 #{account_id} 已恢复为导入前的状态", "Account #{account_id} is again as it was before the run"
    ),
    EventType.CHANNEL_REMOVED: Text("渠道 #{channel_id} 已移除", "Channel #{channel_id} was removed"),
    EventType.GROUP_REMOVED: Text("分组 #{group_id} 已移除", "Group #{group_id} was removed"),
    EventType.UNDO_DECIDED: Text("撤销已处理该条目", "The undo is done with this item"),
}
"""What is said by the type alone."""

_BY_VALUE: Mapping[EventType, tuple[str, Mapping[str | None, Text]]] = {
    EventType.REUSE_DECIDED: (
        "resolution",
        {
            "created": Text("sub2api 中没有此账号：新建", "sub2api has no such account: a new one is made"),
            "reused": Text("sub2api 中已有此账号：沿用该账号", "sub2api has this account already: it is used"),
            "reactivated": Text("账号已停用：重新启用", "The account is switched off: it is switched on"),
            "replaced": Text("账号已损坏：原地修复", "The account is broken: it is repaired in place"),
            None: Text("账号保持不变", "The account is left as it is"),
        },
    ),
    EventType.CONFIRMATION_DECIDED: (
        "confirmation_status",
        {
            "confirmed": Text("sub2api 的账号测试通过", "sub2api's account test passed"),
            "advisory": Text(
                "sub2api 的账号测试不足以判定，以真实请求为准",
                "sub2api's account test does not settle it: a real request decides",
            ),
            "failed": Text("sub2api 的账号测试未通过", "sub2api's account test did not pass"),
        },
    ),
    EventType.ACCESS_DECIDED: (
        "access_status",
        {
            "active": Text("客户可以使用", "Customers reach it"),
            "degraded": Text("暂时不可用", "It does not work at the moment"),
            "broken": Text("不可用", "It does not work"),
            "unknown": Text("未作判定", "It ended without a verdict"),
        },
    ),
}
"""What is said by one value of the payload: its name, and the text of each."""

_OF_A_CODE = (EventType.STAGE_FAILED, EventType.RETRY_SCHEDULED)


def event_text(kind: EventType, payload: Mapping[str, Any], language: str) -> str:
    """One sentence without a full stop; ``language`` is ``zh`` or ``en``. ``payload`` is that of the event."""
    name, texts = _BY_VALUE.get(kind, ("", {}))
    said = texts.get(payload.get(name)) or _TEXTS[kind]
    values = {**payload, "seconds": _seconds(payload), "changes": _changes(payload)}
    parts = [_filled(getattr(said, language), values)]
    if kind is EventType.ADVISORY_RECORDED and payload.get("code") in ADVISORIES:
        parts = [_filled(getattr(ADVISORIES[payload["code"]], language), values)]
    elif kind in _OF_A_CODE and payload.get("code") in set(Code):
        reason = outcome(Code(payload["code"])).reason(language)
        parts = [reason] if kind is EventType.STAGE_FAILED else [reason, *parts]
    return ("：" if language == "zh" else ". ").join(parts)


def _filled(text: str, values: Mapping[str, Any]) -> str:
    return text.format_map(_Values(values))


class _Values(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"


def _changes(payload: Mapping[str, Any]) -> str:
    terms = payload.get("terms", {})
    return ", ".join(f"{name} {_value(was)} → {_value(given)}" for name, (was, given) in terms.items())


def _value(value: float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else plain_number(value)


def _seconds(payload: Mapping[str, Any]) -> str:
    seconds = payload.get("delay_ms", 0) / 1000
    return f"{seconds:.0f}" if seconds >= 1 else f"{seconds:.1g}"
