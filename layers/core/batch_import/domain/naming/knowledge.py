"""Whether a model is for chat, and its price."""

import re
from functools import lru_cache

from batch_import.domain.naming.catalogue import Entry, load_catalogue
from batch_import.domain.naming.identity import canonical_model_family, identify_model, kept_by_id
from batch_import.domain.naming.tables import words_of
from batch_import.domain.naming.tokens import tokenize
from batch_import.domain.types import Provenance

# Words in ids of models that do not answer chat completions, by kind of model.
NOT_CHAT = {
    "embedding": """embed embeds embedding embeddings embedder embedqa embedcode bge gme gte e5 m3e voyage clip colbert
        bert minilm mpnet mxbai multimodalembedding siglip splade uae""",
    "rerank": "rank ranker rerank reranker rerankqa",
    "image": """image images imagine auraflow banana cogview controlnet dall dalle diffusion dreamina flux hidream
        ideogram imagen inpaint instantid jimeng kandinsky kolors kontext lucid midjourney mj omnigen outpaint
        photomaker pixart recraft schnell sd sdxl seededit seedream ssd stability faceswap swap upscale""",
    "video": """video animatediff cogvideox framepack hailuo happyhorse hunyuanvideo kling ltx ltxv luma mochi pika
        pixverse runway seedance skyreels seaweed sora veo vidu wan wanx""",
    "audio": """audio whisper tts asr stt transcribe transcription speech voice realtime livetranslate live voicechat
        audiogen bark chirp cosyvoice diarize eleven elevenlabs kokoro lyria melotts mureka music musicgen orpheus
        parakeet paraformer riffusion scribe sensevoice sonic sovits stepaudio suno udio voiceclone xtts""",
    "3d": "meshy rodin trellis tripo",
    "moderation": "moderation guard llamaguard shieldgemma safeguard safety guardian",
    "reward": "prm reward",
    "ocr": "ocr mineru",
}
_WORDS = frozenset(word for words in NOT_CHAT.values() for word in words.split())

# Beginnings and endings of words in such ids: ``viduq2``, ``klingai``, ``seedream4``; ``paddleocr``, ``indextts``.
_BEGINNINGS = tuple(
    words_of(
        """
        cogvi embedding hunyuandit hunyuanimage hunyuanvideo ideogram imagen jimeng kling nanobanana pixverse recraft
        rerank seedance seededit seedream stablediffusion topaz vidu wanx
        """
    )
)
_ENDINGS = tuple(words_of("asr diffusion embedding embeddings guard guardrails ocr tts"))

# Other forms: text-to-video and its like (t2v, ti2v, i2i), 3D models (hunyuan3d), and lines of makers of chat models.
_FORMS = re.compile(
    r"[图画视频音]|\b[a-z]{1,3}2[aimv]\b|3d(?![a-z0-9])|\b(?:nova-canvas|minimax-h3|ray-?\d|step-\dx|virtual-try-on|document-ai)\b"
    r"|\b(?:cohere-parse|cosmos-(?:predict|transfer))"
)

# Path segments of services that serve media only. A host named ``voyage`` may serve chat models and is none of them.
_MEDIA_SERVICES = words_of(
    """
    assemblyai aws-polly bfl black-forest-labs bria cartesia deepgram doc-intelligence elevenlabs fal-ai fish-audio
    ideogramai klingai leonardo-ai lumalabs pixverse playgroundai recraft reducto runwayml stability suno topazlabs-co
    """
)
_TUNED = re.compile(r"\b(?:chat|instruct\b|it\b)")  # a chat model, of whatever brand

_WORD = re.compile(r"\b[a-z]\d[a-z]?\b|[a-z]+")


def is_named_as_no_chat_model(form: str) -> bool:
    """Whether a normalised id names an embedding, rerank, image, video, audio, 3D, moderation or OCR model.

    The words are those of the last path segment; before it only services for media count.
    """
    *path, name = form.split("/")
    words = _WORD.findall(name)
    return (
        not _WORDS.isdisjoint(words)
        or any(word.startswith(_BEGINNINGS) or word.endswith(_ENDINGS) for word in words)
        or _FORMS.search(name) is not None
        or not _MEDIA_SERVICES.isdisjoint(path)
    )


@kept_by_id
def is_chat_model(raw: str) -> bool | None:
    """Return whether the model answers chat completions: ``False`` for embedding, rerank, image, video, audio,
    moderation and OCR models; ``None`` if neither name nor catalogue tells, and for responses-only models."""
    identity = identify_model(raw)
    if is_named_as_no_chat_model(identity.normalized_model_id):
        return False
    entry = load_catalogue().entry(identity.canonical_model_family)
    if entry is None or not entry.kind:
        family = identity.canonical_model_family
        named = entry is not None or identity.provenance is Provenance.RULE or identity.candidates
        return True if named and (_TUNED.search(family) or _is_chat_brand(tokenize(family)[0])) else None
    return {"chat": True, "responses": None}.get(entry.kind, False)


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
