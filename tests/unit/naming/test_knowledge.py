"""Which models chat, and what they cost."""

import pytest
from batch_import.domain.naming import is_chat_model, list_price, price_hint


@pytest.mark.parametrize(
    "raw",
    ["kimi 2.6", "Kimi-K2.6[免费]", "gpt-4o-mini", "claude-sonnet-4-5", "qwen3-vl-plus", "gpt-6.3-mini",
     "hunyuan-turbos", "step-3.5-flash", "seed-1.8", "nova-pro", "nova-2-lite", "gpt-5.4-flex", "minimax-m3",
     "grok-2-vision", "glm-5.3-flash", "llama-3.2-11b-vision-instruct", "glm-4.5v", "qwen3-omni-flash", "chatglm3-6b",
     "newmodel-7b-instruct", "anthropic/claude-haiku-latest"],
)  # fmt: skip
def test_chat_models(raw: str) -> None:
    assert is_chat_model(raw) is True


@pytest.mark.parametrize(
    "raw",
    [
        "text-embedding-3-small", "text-embedding-9", "BAAI/bge-m3", "Qwen/Qwen3-Embedding-8B", "voyage-4",
        "jina-embeddings-v3",
        "dall-e-3", "gpt-image-2", "gemini-2.5-flash-image", "flux.1-dev", "stabilityai/sdxl", "qwen-image-edit",
        "whisper-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-transcribe", "gpt-realtime-2.1", "qwen3-asr-flash",
        "cohere/rerank-v4", "Qwen/Qwen3-Reranker-8B", "omni-moderation-latest", "llama-guard-4-12b",
        "gpt-oss-safeguard-20b",
        "hunyuan3d", "hunyuan3d-2.1", "doubao-seed3d-1.0", "tripo3d", "jimeng-3.0", "jimeng_v30", "cogview-4",
        "cogview4",
        "viduq2", "viduq2-pro", "vidu2.0", "kling-v2-6", "kling_video_o1", "klingai", "veo3", "veo3.1-fast", "sora2",
        "seedream4", "doubao-seedream-4-5", "seededit-3.0", "wanx2.1-t2i-turbo", "wan2.6-r2v", "ti2v-5b", "pixverse-v5",
        "hunyuan-image-3", "hunyuanvideo-1.5", "stablediffusionxl", "lumalabs/ray2", "luma-ray-2", "minimax/MiniMax-H3",
        "happyhorse-1.1-r2v", "amazon.nova-canvas-v1:0", "fal_ai/fal-ai/flux-pro/v1.1", "fal-ai/flux/schnell",
        "runwayml/gen4_turbo", "deepgram/nova-3", "elevenlabs/eleven_multilingual_v2", "suno_v5", "indextts-2",
        "PaddlePaddle/PaddleOCR-VL", "all-mini-lm-l6-v2/all-minilm", "Qwen3Guard-Gen-8B",
        "nvidia/llama-3.2-nv-rerankqa-1b",
        "qwen2.5-math-prm-72b", "llama-3.1-nemotron-70b-reward", "google/shieldgemma-9b", "doubao-seaweed-241128",
        "nanobanana-pro", "swap_face", "mj_imagine", "gpt-4o-画图",
        "sora-2", "veo-3.1", "wan2.5-t2v", "deepseek-ocr", "qwen-vl-ocr", "gpt-3.5-turbo-instruct",
    ],
)  # fmt: skip
def test_everything_else(raw: str) -> None:
    assert is_chat_model(raw) is False


@pytest.mark.parametrize("raw", ["", "auto", "newvendor/NewModel-7B-FP8", "umans-coder", "gpt-5-codex"])
def test_not_known(raw: str) -> None:
    assert is_chat_model(raw) is None


def test_a_host_called_voyage_may_serve_chat_models() -> None:
    assert is_chat_model("voyage/kimi-k2.6") is True


def test_prices_go_by_family() -> None:
    assert price_hint("moonshotai/Kimi-K2.6-TEE") == price_hint("kimi-k2.6") == 4.0
    assert list_price("kimi 2.6") == (9.5e-07, 4e-06)
    assert list_price("claude-sonnet-4-5@20250929") == (3e-06, 15e-06)


def test_unknown_prices() -> None:
    assert price_hint("newvendor/newmodel-7b") is None
    assert list_price("newvendor/newmodel-7b") is None
    assert list_price("") is None
