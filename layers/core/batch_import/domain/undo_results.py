"""What an undo did about an item, and why what stays stays (docs/design.md#37-undo)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from batch_import.domain.advisories import Text


class UndoOutcome(StrEnum):
    """What an undo did about an item."""

    REMOVED = "removed"
    RESTORED = "restored"
    KEPT = "kept"
    NOTHING = "nothing"


class UndoReason(StrEnum):
    """Why something stays; ``host_failed`` and ``keys_bound`` may pass, and another undo looks again."""

    USED = "used"
    REUSED_BY_ANOTHER_RUN = "reused_by_another_run"
    CHANGED_SINCE = "changed_since"
    KEYS_BOUND = "keys_bound"
    HOST_FAILED = "host_failed"


UNDO_TEXTS: dict[UndoOutcome | UndoReason, Text] = {
    UndoOutcome.REMOVED: Text("账号已从 sub2api 移除", "The account was removed from sub2api"),
    UndoOutcome.RESTORED: Text("账号已恢复为导入前的状态", "The account is again as it was before the run"),
    UndoOutcome.NOTHING: Text("该条目未在 sub2api 中留下任何内容", "The item had left nothing in sub2api"),
    UndoReason.USED: Text("已有客户使用，因此保留", "Customers have used it since, so it stays"),
    UndoReason.REUSED_BY_ANOTHER_RUN: Text("另一批次也在使用，因此保留", "Another run uses it as well, so it stays"),
    UndoReason.CHANGED_SINCE: Text("之后有人修改过，因此保留", "Somebody has changed it since, so it stays"),
    UndoReason.KEYS_BOUND: Text(
        "有客户的密钥绑定在其分组上，因此保留", "Keys of customers are bound to its group, so it stays"
    ),
    UndoReason.HOST_FAILED: Text("sub2api 未能执行，可再次撤销", "sub2api did not do it: undo the run again"),
}


@dataclass(frozen=True, slots=True)
class UndoResult:
    """``settled`` when another undo would find nothing more to do."""

    outcome: UndoOutcome
    reason: UndoReason | None = None
    settled: bool = True

    def row(self, undo: int) -> dict[str, Any]:
        """As it is stored on the item, with the number of the undo."""
        return {
            "outcome": self.outcome.value,
            "reason": self.reason.value if self.reason else None,
            "settled": self.settled,
            "undo": undo,
        }


def kept(reason: UndoReason) -> UndoResult:
    return UndoResult(UndoOutcome.KEPT, reason, settled=False)
