"""Which models a relay lists: a realistic handful, the same for the same profile and name."""

import zlib

EMBEDDING = "text-embedding-3-small"
CATALOGUE = (
    "kimi-k2.6",
    "deepseek-ai/DeepSeek-V4-Pro",
    "glm-5.2",
    "moonshotai/Kimi-K2.6",
    "qwen3-32b",
    "gpt-5-mini",
    "claude-sonnet-4-5",
)

CLAUDE = ("claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001", "glm-5.2", "kimi-k2.6")
GEMINI = ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.0-flash")


def models_of(profile: str, name: str, count: int = 0) -> list[str]:
    """Three chat models and an embedding model; with `count`, exactly that many models."""
    start = zlib.crc32(f"{profile}/{name}".encode()) % len(CATALOGUE)
    turned = CATALOGUE[start:] + CATALOGUE[:start]
    if not count:
        return [*turned[:3], EMBEDDING]
    return [*turned[:count], *(f"relay-model-{number:04d}" for number in range(len(turned), count))]


def first_of(catalogue: tuple[str, ...], count: int = 0) -> list[str]:
    """The catalogue in its order; with `count`, exactly that many models."""
    more = (f"relay-model-{number:04d}" for number in range(len(catalogue), count))
    return [*catalogue[: count or None], *more]
