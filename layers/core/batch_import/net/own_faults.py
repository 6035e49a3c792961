"""Failures of this process itself. They say nothing about the relay or host that was being called.

Lambda allows 1,024 descriptors (docs/decisions/0020-lambda-limits.md).
"""

import errno
import socket

from batch_import.domain.errors import OutOfResources

_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}


def is_own_fault(error: BaseException) -> bool:
    """Whether ``error``, or one that led to it, is a lack of descriptors or memory of this process."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (OutOfResources, MemoryError)) or getattr(cause, "errno", None) in _OURS:
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def raise_own_fault(error: BaseException) -> None:
    """Raise ``OutOfResources`` when ``error`` is a fault of this process."""
    if is_own_fault(error):
        raise OutOfResources("no descriptor or no memory left") from None


def demand_descriptor() -> None:
    """Raise ``OutOfResources`` when no socket can be opened: the resolver then only says that it found nothing."""
    try:
        socket.socket().close()
    except OSError as error:
        raise_own_fault(error)
