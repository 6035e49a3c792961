"""The three error envelopes of the host."""

from typing import Any


class Refusal(Exception):
    """Ends a handler with an error answer."""

    def __init__(self, status: int, body: dict[str, Any] | str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, headers or {}

    @classmethod
    def envelope(cls, status: int, message: str, reason: str = "", metadata: dict[str, str] | None = None) -> "Refusal":
        """The envelope of services: integer code; reason and metadata only when there are any."""
        body: dict[str, Any] = {"code": status, "message": message}
        body |= {"reason": reason} if reason else {}
        body |= {"metadata": metadata} if metadata else {}
        return cls(status, body)

    @classmethod
    def middleware(cls, status: int, code: str, message: str, **headers: str) -> "Refusal":
        """The envelope of middleware: the code is a string."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, {"code": code, "message": message}, named)

    @classmethod
    def gateway(cls, status: int, message: str, kind: str) -> "Refusal":
        """The envelope of the gateway's OpenAI-shaped paths."""
        return cls(status, {"error": {"message": message, "type": kind}})

    @classmethod
    def internal(cls) -> "Refusal":
        """500, for every unexpected error."""
        return cls.envelope(500, "internal error")


def not_found(what: str) -> Refusal:
    """404 of a table row, e.g. `not_found("group")` -> GROUP_NOT_FOUND."""
    return Refusal.envelope(404, f"{what} not found", what.upper().replace(" ", "_") + "_NOT_FOUND")
