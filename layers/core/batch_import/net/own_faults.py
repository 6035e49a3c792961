"""Failures of this process itself. They say nothing about the relay or host that was being called.

Lambda allows 1,024 descriptors (docs/decisions/0022-lambda-limits.md).
"""

import errno
import socket

from batch_import.domain.errors import OutOfResources, with_causes

_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}


def is_own_fault(error: BaseException) -> bool:
    """Whether ``error``, or one that led to it, is a lack of descriptors or memory of this process."""
    return any(
        isinstance(cause, (OutOfResources, MemoryError)) or getattr(cause, "errno", None) in _OURS
        for cause in with_causes(error)
    )


def raise_own_fault(error: BaseException) -> None:
    """Raise ``OutOfResources`` when ``error`` is a fault of this process, or it can open no socket at the moment: a
    resolver without one only says that it found nothing, or that something is busy.
    """
    if is_own_fault(error) or not _can_open_socket():
        raise OutOfResources("no descriptor or no memory left") from None


def _can_open_socket() -> bool:
    try:
        socket.socket().close()
    except OSError as error:
        return not is_own_fault(error)
    return True
