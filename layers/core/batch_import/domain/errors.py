"""Error types with public codes (docs/design.md#32-requests-and-errors); ``http_api/errors.py`` has the statuses."""


class BatchImportError(Exception):
    """Base of what a caller may be told. ``str(error)`` is a public sentence: it never holds a key or a token."""

    code = "internal_error"


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


class HostUnreachable(BatchImportError):
    """A call that needs the host's answer did not get one; the message holds the host's own words."""

    code = "host_unavailable"


class StaleWrite(Exception):
    """Another worker changed the row first: whoever lost stops working on it."""


class LeaseLost(StaleWrite):
    """The row is leased by somebody else."""


class OutOfResources(Exception):
    """This process has no descriptor or no memory left: its own fault, tried again at no cost of attempts."""
