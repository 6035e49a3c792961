"""ResolveSmokeModel (docs/design.md#21-probe): which models a relay is proven with."""

from collections.abc import Sequence

from batch_import.domain.naming import canonical_model_family, is_chat_model, price_hint

CANDIDATES = 5


def resolve_smoke_models(requested: Sequence[str], raw_models: Sequence[str], limit: int = CANDIDATES) -> list[str]:
    """Requested models first, then cheap ones that can chat by the catalogue, one of each brand before a second; never
    an embedding, image, audio, rerank or moderation model, nor a wildcard. Deterministic; empty when nothing is left.
    """
    chats = {model: is_chat_model(model) for model in raw_models if "*" not in model}
    usable = {model for model, chat in chats.items() if chat is not False}
    asked = [model for model in dict.fromkeys(requested) if model in usable]

    def cheapest_first(model: str) -> tuple[bool, float, str]:
        price = price_hint(model)
        return (chats[model] is None, float("inf") if price is None else price, model)

    return (asked + _brands_in_turn(sorted(usable.difference(asked), key=cheapest_first)))[:limit]


def _brands_in_turn(models: Sequence[str]) -> list[str]:
    """A relay that refuses one model often refuses its relatives as well: they come after the other brands."""
    seen: dict[str, int] = {}
    ranked = []
    for at, model in enumerate(models):
        brand = canonical_model_family(model).partition("-")[0]
        seen[brand] = seen.get(brand, -1) + 1
        ranked.append((seen[brand], at, model))
    return [model for _, _, model in sorted(ranked)]
