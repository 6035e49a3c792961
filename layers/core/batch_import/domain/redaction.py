"""Keys out of texts that came from outside (docs/design.md#26-secrets)."""

import re

LONGEST = 500
_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|rk|admin)-[A-Za-z0-9_\-]{8,}|\bAIza[\w\-]{20,}|\bBearer\s+\S+", re.IGNORECASE
)


def redacted(text: str, secret: str | None = None) -> str:
    """``text`` in one line, at most 500 characters, without ``secret`` and without anything that looks like a key."""
    if secret:
        text = text.replace(secret, "***")
    return " ".join(_LOOKS_LIKE_A_KEY.sub("***", text).split())[:LONGEST]
