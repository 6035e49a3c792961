"""Identify models by their ids, with naming rules and a catalogue (docs/naming.md)."""

from batch_import.domain.naming.catalogue import load_catalogue
from batch_import.domain.naming.identity import (
    MAX_ID_LENGTH,
    ModelIdentity,
    canonical_model_family,
    canonical_model_id,
    identify_model,
)
from batch_import.domain.naming.knowledge import is_chat_model, list_price, price_hint
from batch_import.domain.naming.requested import (
    AliasTable,
    build_alias_table,
    recommend_models,
    resolve_requested_model,
)
from batch_import.domain.naming.tokens import normalize_model_id

__all__ = [
    "MAX_ID_LENGTH",
    "AliasTable",
    "ModelIdentity",
    "build_alias_table",
    "canonical_model_family",
    "canonical_model_id",
    "identify_model",
    "is_chat_model",
    "list_price",
    "load_catalogue",
    "normalize_model_id",
    "price_hint",
    "recommend_models",
    "resolve_requested_model",
]
