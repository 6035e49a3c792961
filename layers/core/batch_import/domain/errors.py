"""Error types with public codes (docs/design.md#32-requests-and-errors); ``http_api/errors.py`` has the statuses."""

from collections.abc import Iterator


class BatchImportError(Exception):
    """Base of what a caller may be told. ``str(error)`` is a public sentence: it never holds a key or a token.

    ``zh`` is the same sentence in Chinese. ``retry_after`` is in seconds, for a refusal that soon passes.
    """

    code = "internal_error"

    def __init__(self, sentence: str, zh: str | None = None, *, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.zh = zh or sentence
        self.retry_after = retry_after

    def text(self, language: str) -> str:
        """The sentence in ``language``, ``zh`` or ``en``."""
        return self.zh if language == "zh" else str(self)


class InvalidRequest(BatchImportError):
    code = "invalid_request"


class NotFound(BatchImportError):
    code = "not_found"


class Conflict(BatchImportError):
    code = "conflict"


class MethodNotAllowed(BatchImportError):
    code = "method_not_allowed"


class TooLarge(BatchImportError):
    code = "too_large"


class UnsupportedMediaType(BatchImportError):
    code = "unsupported_media_type"


class Forbidden(BatchImportError):
    code = "forbidden"


class Unavailable(BatchImportError):
    """This service cannot answer now, and may in a moment."""


class HostUnreachable(BatchImportError):
    """A call that needs the host's answer did not get one; the message holds the host's own words."""

    code = "host_unavailable"


class StaleWrite(Exception):
    """Another worker changed the row first: whoever lost stops working on it."""


class LeaseLost(StaleWrite):
    """The row is leased by somebody else."""


class OutOfResources(Exception):
    """This process has no descriptor or no memory left: its own fault, tried again at no cost of attempts."""


def with_causes(error: BaseException) -> Iterator[BaseException]:
    """``error``, and the ones that led to it, the latest first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
