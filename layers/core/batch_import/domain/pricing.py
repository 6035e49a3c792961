"""Prices in a provider's channel, from the catalogue where known (docs/host-api.md#pricing-names)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from batch_import.domain.naming import list_price
from batch_import.domain.types import Platform

_MODELS_PER_ENTRY = 100


def missing_prices(
    names: Iterable[str], current: Iterable[Mapping[str, Any]], platform: Platform = Platform.OPENAI
) -> list[dict[str, Any]]:
    """Entries to add for ``names`` that have a list price and stand in no entry yet; what is there is never changed.

    Public and mapped names are both priced, since hosts look a price up by either (docs/host-api.md#pricing-names), and
    compared without case, as the host does. Models without a known price stay out: the host then uses its own table,
    or none.
    """
    entries = [entry for entry in current if entry.get("platform", Platform.ANTHROPIC) == platform]
    priced = {str(name).lower() for entry in entries for name in entry.get("models") or ()}
    patterns = tuple(name[:-1] for name in priced if name.endswith("*"))
    groups: dict[tuple[float, float], list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        price = list_price(name)
        lower = name.lower()
        if price is not None and lower not in priced and not lower.startswith(patterns or ("\0",)):
            priced.add(lower)
            groups[price].append(name)
    return [_entry(price, models, platform) for price, models in sorted(groups.items()) for models in _parts(models)]


def _parts(models: list[str]) -> Iterable[list[str]]:
    return (models[at : at + _MODELS_PER_ENTRY] for at in range(0, len(models), _MODELS_PER_ENTRY))


def _entry(price: tuple[float, float], models: list[str], platform: Platform) -> dict[str, Any]:
    """USD per token; the platform must be said, it is anthropic otherwise (docs/host-api.md#pricing-platform)."""
    return {
        "platform": platform.value,
        "models": models,
        "billing_mode": "token",
        "input_price": price[0],
        "output_price": price[1],
    }
