"""What a call to the host can come to, beyond success (docs/design.md#23-provision: succeeded, rejected, uncertain)."""

from batch_import.domain.outcomes import Code


class HostError(Exception):
    """``code`` is an outcome's code. ``str(error)`` holds the host's own words, never a credential.

    ``wait`` > 0: the host is known to be down, and whoever meets that waits so many seconds at no cost of attempts.
    ``retry_after`` is the envelope's own, in seconds, or 0.
    """

    code = Code.HOST_UNAVAILABLE
    policy = ""  # of retries; that of ``code`` without one

    def __init__(self, message: str, *, status: int = 0, reason: str = "", retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.wait = 0.0
        self.reason = reason
        self.retry_after = retry_after


class HostUnavailable(HostError):
    """No answer to a safe call, or a 5xx: nothing was changed by it."""


class NoTimeLeft(HostUnavailable):
    """The deadline of the work came before the call could be sent, or have all its time. It says nothing about the
    host, nor about a relay behind it.
    """


class HostUncertain(HostError):
    """A write without a clear answer (time-out, 5xx, connection lost): look again before writing again."""


class HostRejected(HostError):
    """The host said no, and nothing was written."""

    code = Code.HOST_REJECTED


class HostRefusesCredentials(HostError):
    code = Code.HOST_REFUSES_CREDENTIALS


class HostNotConfigured(HostRefusesCredentials):
    """The host secret holds no address or key yet: the operator has to put it (docs/operations.md)."""

    policy = "host_not_configured"


class HostGated(HostError):
    """423: an administrator must accept the compliance statement; the importer never does it for them."""

    code = Code.HOST_NEEDS_ACKNOWLEDGEMENT
