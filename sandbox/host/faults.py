"""Failures on demand, for tests of what a client does after an uncertain answer."""

import re
from dataclasses import dataclass

MODES = {"drop_before", "drop_after", "timeout", "timeout_after"}


@dataclass(slots=True)
class Fault:
    """One armed failure."""

    method: str
    path: re.Pattern[str]
    mode: str
    status: int
    times: int

    @property
    def applies(self) -> bool:
        """True when the call still has its effect, and only its answer fails."""
        return self.mode.endswith("after")


class Faults:
    """The armed failures, oldest first."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def add(self, method: str, path: str, status: int | str = 500, times: int = 1) -> None:
        """Arms a failure for the next `times` calls of `method` ("*": any) whose path matches the regular expression.

        `status`: a number answers that status without effect; "500_after" applies and then answers 500;
        "drop_before" and "drop_after" cut the connection before or after the effect; "timeout" and
        "timeout_after" never answer.
        """
        mode = str(status)
        number = int(mode.partition("_")[0]) if mode[:1].isdigit() else 0
        if not number and mode not in MODES:
            raise ValueError(f"no such failure: {mode}")
        self.armed.append(Fault(method.upper(), re.compile(path), mode, number, times))

    def take(self, method: str, path: str) -> Fault | None:
        """The next armed failure that matches this call, or None; it counts as used."""
        for fault in self.armed:
            if fault.method in ("*", method) and fault.path.search(path):
                fault.times -= 1
                if not fault.times:
                    self.armed.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self.armed.clear()
