"""ResolveSmokeModel (docs/design.md#21-probe): which model a relay is proven with."""

from collections.abc import Sequence

from batch_import.domain.naming import is_chat_model, price_hint

CANDIDATES = 3


def resolve_smoke_models(requested: Sequence[str], raw_models: Sequence[str], limit: int = CANDIDATES) -> list[str]:
    """Requested models first, then cheap ones that can chat by the catalogue; never an embedding, image, audio, rerank
    or moderation model. Deterministic; empty when nothing is left.
    """
    usable = [model for model in raw_models if is_chat_model(model) is not False]
    asked = [model for model in dict.fromkeys(requested) if model in set(usable)]
    others = sorted((model for model in usable if model not in set(asked)), key=_cheapest_first)
    return (asked + others)[:limit]


def _cheapest_first(model: str) -> tuple[bool, float, str]:
    price = price_hint(model)
    return (is_chat_model(model) is None, float("inf") if price is None else price, model)
