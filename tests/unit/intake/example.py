"""One list as a person pastes it, and the rows that are right for it."""

from typing import NamedTuple

U, K = "https://relay.example/v1", "sk-AAAA0001"
U2, K2 = "https://other.example/v1", "sk-BBBB0002"
K3 = "sk-CCCC0003"


class Right(NamedTuple):
    """A right row. Empty ``notes`` says nothing of notes; others must be among the row's."""

    base_url: str = U
    key: str = K
    models: tuple[str, ...] = ()
    label: str | None = None
    status: str = "ready"
    notes: tuple[str, ...] = ()
    platform: str | None = None


class Example(NamedTuple):
    name: str
    text: str
    rows: list[Right]


ONE = [Right()]
TWO = [Right(), Right(U2, K2)]


def ambiguous(base_url: str = U, key: str = "", *notes: str) -> Right:
    return Right(base_url, key, status="ambiguous", notes=notes)


def incomplete(base_url: str, key: str, *notes: str) -> Right:
    return Right(base_url, key, status="incomplete", notes=notes)
