"""Whether a model is for chat, and its price."""

import re
from functools import lru_cache

from batch_import.domain.naming.catalogue import Entry, load_catalogue
from batch_import.domain.naming.identity import ModelIdentity, canonical_model_family, identify_model
from batch_import.domain.naming.tokens import tokenize
from batch_import.domain.types import Provenance

# Words in ids of models that do not answer chat completions, by kind of model.
NOT_CHAT = {
    "embedding": "embed embeds embedding embeddings embedder embedqa embedcode bge gte e5 m3e voyage",
    "rerank": "rerank reranker ranker",
    "image": """image images imagine dall dalle flux sd sdxl imagen ideogram recraft midjourney mj kolors seedream
        diffusion inpaint banana upscale""",
    "video": "video sora veo kling wan hailuo seedance runway vidu pika cogvideox t2v i2v hunyuanvideo",
    "audio": """audio whisper tts asr stt transcribe transcription speech voice realtime livetranslate live voicechat
        suno chirp lyria music cosyvoice sensevoice melotts orpheus elevenlabs stepaudio parakeet sonic""",
    "moderation": "moderation guard llamaguard safeguard safety guardian",
    "ocr": "ocr",
}
_NOT_CHAT = frozenset(word for words in NOT_CHAT.values() for word in words.split())
_WORD = re.compile(r"\b[a-z]\d[a-z]?\b|[a-z]+")


def is_chat_model(raw: str) -> bool | None:
    """Return whether the model answers chat completions: ``False`` for embedding, rerank, image, video, audio,
    moderation and OCR models; ``None`` if neither name nor catalogue tells, and for responses-only models."""
    identity = identify_model(raw)
    if _named_otherwise(identity.normalized_model_id):
        return False
    entry = load_catalogue().entry(identity.canonical_model_family)
    if entry is None or not entry.kind:
        named = entry is not None or identity.provenance is Provenance.RULE
        return True if named and _is_chat_brand(_brand(identity)) else None
    return {"chat": True, "responses": None}.get(entry.kind, False)


def _named_otherwise(form: str) -> bool:
    """Whether the last path segment contains a word of another kind; a host named ``voyage`` may serve chat models."""
    return not _NOT_CHAT.isdisjoint(_WORD.findall(form.rsplit("/", 1)[-1]))


def _brand(identity: ModelIdentity) -> str:
    return next(iter(tokenize(identity.canonical_model_family)), "")


@lru_cache(maxsize=256)
def _is_chat_brand(brand: str) -> bool:
    """Whether at least two thirds of the brand's models without a telling name are for chat."""
    kinds = [kind for family, kind in load_catalogue().kinds_of_brand(brand).items() if not _named_otherwise(family)]
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
