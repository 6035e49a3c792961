"""Whether a model is for chat, and its price."""

from functools import lru_cache

from batch_import.domain.naming.catalogue import Entry, load_catalogue
from batch_import.domain.naming.identity import ModelIdentity, canonical_model_family, identify_model
from batch_import.domain.naming.kinds import is_named_as_no_chat_model
from batch_import.domain.naming.tokens import tokenize
from batch_import.domain.types import Provenance


def is_chat_model(raw: str) -> bool | None:
    """Return whether the model answers chat completions: ``False`` for embedding, rerank, image, video, audio,
    moderation and OCR models; ``None`` if neither name nor catalogue tells, and for responses-only models."""
    identity = identify_model(raw)
    if is_named_as_no_chat_model(identity.normalized_model_id):
        return False
    entry = load_catalogue().entry(identity.canonical_model_family)
    if entry is None or not entry.kind:
        named = entry is not None or identity.provenance is Provenance.RULE
        return True if named and _is_chat_brand(_brand(identity)) else None
    return {"chat": True, "responses": None}.get(entry.kind, False)


def _brand(identity: ModelIdentity) -> str:
    return next(iter(tokenize(identity.canonical_model_family)), "")


@lru_cache(maxsize=256)
def _is_chat_brand(brand: str) -> bool:
    """Whether at least two thirds of the brand's models without a telling name are for chat."""
    kinds = [
        kind for family, kind in load_catalogue().kinds_of_brand(brand).items() if not is_named_as_no_chat_model(family)
    ]
    return kinds.count("chat") * 3 >= max(len(kinds), 1) * 2


def price_hint(raw: str) -> float | None:
    """Return USD per million output tokens: the maker's price, else the median of others; ``None`` if unknown."""
    entry = _entry(raw)
    return entry.output_price if entry else None


def list_price(raw: str) -> tuple[float, float] | None:
    """Return (input, output) in USD per token, the unit of the host's channel pricing; ``None`` if unknown."""
    entry = _entry(raw)
    if entry is None or entry.input_price is None or entry.output_price is None:
        return None
    return round(entry.input_price / 1e6, 12), round(entry.output_price / 1e6, 12)


def _entry(raw: str) -> Entry | None:
    return load_catalogue().entry(canonical_model_family(raw))
