"""Which users the host does not know, asked before a run is made (docs/design.md#32-requests-and-errors)."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from batch_import.domain.errors import InvalidRequest
from batch_import.host.client import HostClient
from batch_import.host.errors import HostError
from batch_import.net.deadline import deadline

PATIENCE = 3.0  # seconds, for all users together
_AT_ONCE = 16
_TOLD = 10


def demand_known_customers(host: Callable[[], HostClient], users: Sequence[str]) -> None:
    """Raise ``InvalidRequest`` with the positions of users whom the host does not know.

    It takes three seconds at most. Who could not be asked, because of the time or because the host does not answer,
    counts as known: provision finds out.
    """
    unknown = _unknown(host, users)
    if unknown:
        places = ", ".join(f"subscription_users[{position}]" for position in unknown[:_TOLD])
        more = len(unknown) - _TOLD
        raise InvalidRequest(
            f"{places}: the host has no such user" + (f" (and {more} more)" if more > 0 else ""),
            f"{places}：sub2api 中没有该用户" + (f"（另有 {more} 处）" if more > 0 else ""),
        )


def _unknown(host: Callable[[], HostClient], users: Sequence[str]) -> list[int]:
    until = time.monotonic() + PATIENCE
    try:
        client = host()
    except HostError:
        return []
    executor = ThreadPoolExecutor(_AT_ONCE, "customers")
    asked = [executor.submit(_is_known, client, name, until) for name in users]
    wait(asked, timeout=PATIENCE)
    executor.shutdown(wait=False, cancel_futures=True)
    return [position for position, one in enumerate(asked) if _answer(one) is False]


def _is_known(client: HostClient, name: str, until: float) -> bool:
    with deadline(until - time.monotonic()):
        found = client.user(int(name)) if name.isdecimal() else client.user_with_email(name)
    return found is not None


def _answer(asked: "Future[bool]") -> bool | None:
    answered = asked.done() and not asked.cancelled() and asked.exception() is None
    return asked.result() if answered else None
