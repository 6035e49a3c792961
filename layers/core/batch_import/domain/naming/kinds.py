"""Tell from an id alone that a model does not answer chat completions."""

import re

from batch_import.domain.naming.tables import words_of

# Words in ids of models that do not answer chat completions, by kind of model.
NOT_CHAT = {
    "embedding": """embed embeds embedding embeddings embedder embedqa embedcode bge gte e5 m3e voyage clip colbert
        minilm mpnet mxbai multimodalembedding siglip splade uae""",
    "rerank": "rank ranker rerank reranker rerankqa",
    "image": """image images imagine auraflow banana cogview controlnet dall dalle diffusion dreamina flux hidream
        ideogram imagen inpaint instantid jimeng kandinsky kolors kontext lucid midjourney mj omnigen outpaint
        photomaker pixart recraft schnell sd sdxl seededit seedream ssd stability upscale""",
    "video": """video animatediff cogvideox framepack hailuo happyhorse hunyuanvideo kling ltx ltxv luma mochi pika
        pixverse runway seedance skyreels sora veo vidu wan wanx""",
    "audio": """audio whisper tts asr stt transcribe transcription speech voice realtime livetranslate live voicechat
        audiogen bark chirp cosyvoice diarize eleven elevenlabs kokoro lyria melotts mureka music musicgen orpheus
        parakeet paraformer riffusion scribe sensevoice sonic sovits stepaudio suno udio voiceclone xtts""",
    "3d": "meshy rodin trellis tripo",
    "moderation": "moderation guard llamaguard safeguard safety guardian",
    "ocr": "ocr mineru",
}
_WORDS = frozenset(word for words in NOT_CHAT.values() for word in words.split())

# Beginnings and endings of words in such ids: ``viduq2``, ``klingai``, ``seedream4``; ``paddleocr``, ``indextts``.
_BEGINNINGS = tuple(
    words_of(
        """
        cogvi embedding hunyuandit hunyuanimage hunyuanvideo ideogram imagen jimeng kling pixverse recraft rerank
        seedance seededit seedream stablediffusion topaz vidu wanx
        """
    )
)
_ENDINGS = tuple(words_of("asr diffusion embedding embeddings guard guardrails ocr tts"))

# Other forms: text-to-video and its like (t2v, ti2v, i2i), 3D models (hunyuan3d), and lines of makers of chat models.
_FORMS = re.compile(
    r"\b[a-z]{1,3}2[aimv]\b|3d(?![a-z0-9])|\b(?:nova-canvas|minimax-h3|ray-?\d|step-\dx|virtual-try-on|document-ai)\b"
    r"|\b(?:cohere-parse|cosmos-(?:predict|transfer))"
)

# Path segments of services that serve media only. A host named ``voyage`` may serve chat models and is none of them.
_MEDIA_SERVICES = words_of(
    """
    assemblyai aws-polly bfl black-forest-labs bria cartesia deepgram doc-intelligence elevenlabs fal-ai fish-audio
    ideogramai klingai leonardo-ai lumalabs pixverse recraft reducto runwayml stability suno topazlabs-co
    """
)
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
