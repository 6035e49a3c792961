"""What a list shows of long texts: 200 rows of it stay below the size of an answer (docs/design.md#33-responses)."""

from collections.abc import Iterable

MOST_NAMES, MOST_NAME_BYTES = 20, 1_500
MOST_TEXTS, MOST_CHARACTERS = 10, 300
MOST_OBSERVATIONS = 3  # of each question


def bytes_in_answer(body: str) -> int:
    """Bytes of a body within a function's answer, which escapes its quotes and backslashes once more."""
    return len(body.encode()) + body.count('"') + body.count("\\")


def first_names(names: Iterable[str]) -> list[str]:
    """The first names, at most 20 and 1,500 bytes of UTF-8; one that is longer by itself is left out."""
    shown: list[str] = []
    left = MOST_NAME_BYTES
    for name in names:
        left -= len(name.encode()) + 3
        if left < 0 or len(shown) == MOST_NAMES:
            break
        shown.append(name)
    return shown


def first_texts(texts: Iterable[str]) -> list[str]:
    """The first ten texts, each cut after 300 characters."""
    return [text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…" for text in texts][:MOST_TEXTS]
