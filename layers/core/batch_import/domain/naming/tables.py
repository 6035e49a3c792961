"""Word tables of the naming rules: data only, with the reason for each table."""


def words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Makers of models, in front as path segment (``deepseek-ai/…``), dotted (``anthropic.…``) or hyphened (``openai-…``).
VENDORS = words_of(
    """
    01-ai abacusai ai21 aion-labs aisingapore alibaba alibaba-cloud allenai amazon anthropic arcee arcee-ai arliai baai
    baichuan baidu bigmodel black-forest-labs bfl bytedance bytedance-seed c4ai cognitivecomputations cohere cohereforai
    coherelabs deepcogito deepseek deepseek-ai dola essentialai fal google ibm ibm-granite inception inclusionai
    intfloat
    internlm jinaai kwaipilot labs liquid liquidai lg-ai-research longcat mancer meituan meituan-longcat meta meta-llama
    meta-models microsoft minimax minimaxai mistral mistralai moonshot moonshotai morph nous nousresearch nvidia openai
    opengvlab perplexity perplexity-ai poolside prime-intellect qwen reka rekaai runwayml sakana sao10k sarvam sarvamai
    salesforce sensetime skywork stability stabilityai stepfun stepfun-ai swiss-ai tencent thedrummer thinkingmachines
    thudm tiiuae tngtech tongyi unsloth upstage voyage voyageai writer x-ai xai xiaomi xiaomimimo z-ai zai zai-org zhipu
    zhipuai spacexai ~anthropic ~google ~openai ~x-ai
    """
)

# Vendor → brand, for ids that leave the brand out: Bedrock's ``deepseek.r1`` is DeepSeek-R1.
VENDOR_BRAND = {
    "deepseek": "deepseek",
    "deepseek-ai": "deepseek",
    "moonshot": "kimi",
    "moonshotai": "kimi",
    "minimax": "minimax",
    "minimaxai": "minimax",
    "mistral": "mistral",
    "mistralai": "mistral",
    "qwen": "qwen",
    "nvidia": "nemotron",
    "zai": "glm",
    "z-ai": "glm",
    "zai-org": "glm",
}

# Maker → series, for ids that have the maker's name in place of the series: ``stepfun-3.5-flash`` is Step 3.5 Flash.
# Such a reading counts only if the catalogue has exactly this model.
SERIES_OF_MAKER = {
    **VENDOR_BRAND,
    **dict.fromkeys(words_of("anthropic"), "claude"),
    **dict.fromkeys(words_of("openai"), "gpt"),
    **dict.fromkeys(words_of("google"), "gemini"),
    **dict.fromkeys(words_of("xai x-ai"), "grok"),
    **dict.fromkeys(words_of("alibaba tongyi"), "qwen"),
    **dict.fromkeys(words_of("zhipu zhipuai"), "glm"),
    **dict.fromkeys(words_of("xiaomi xiaomimimo"), "mimo"),
    **dict.fromkeys(words_of("stepfun stepfun-ai"), "step"),
    **dict.fromkeys(words_of("meta meta-llama"), "llama"),
    **dict.fromkeys(words_of("meituan meituan-longcat"), "longcat"),
    **dict.fromkeys(words_of("microsoft"), "phi"),
    **dict.fromkeys(words_of("cohere"), "command"),
    **dict.fromkeys(words_of("perplexity"), "sonar"),
    **dict.fromkeys(words_of("inception"), "mercury"),
    **dict.fromkeys(words_of("upstage"), "solar"),
}

# Lines of Claude that ids name without the brand: ``sonnet-4.5``.
CLAUDE_LINES = words_of("opus sonnet haiku fable mythos")

# Services that host models of others. The catalogue adds the providers of models.dev.
HOSTS = words_of(
    """
    accounts aihubmix alicloud aliyun aws aws-bedrock azure azure-ai azure-openai azureml baseten bedrock
    bailian byteplus cerebras cf chutes cloudflare coding
    dashscope databricks deepinfra digitalocean duo-chat edenai fireworks fireworks-ai fw github gitlab google-gemini
    google-vertex groq hf
    huggingface hyperbolic lambda nebius nim novita nscale ollama openrouter poe qiniu replicate route routers sambanova
    scaleway siliconflow
    snowflake tee together together-ai togetherai umans unorouter vertex vertex-ai venice volcengine vultr wandb
    watsonx workers-ai @cf ai cs devin e2ee model model-chat nt playground lmstudio sglang vllm xinference
    ai-studio aistudio ali antigravity augment az cc claude-code codebuddy codex copilot droid gcli gemini-cli
    iflow kiro qoder sakura trae warp windsurf
    """
)

# Other words in front of a brand: ``free-glm-4.7``.
PREFIX_TAGS = {"free": "price_tier", "ggml": "packaging"}

# A brand in front of another one's model: CLIProxyAPI serves Claude by Gemini's interface as ``gemini-claude-…``,
# Groq called Qwen's QwQ ``qwen-qwq-32b``, Cohere's laboratory puts its name in front.
BRAND_AS_HOST = {"gemini": "claude", "qwen": "qwq", "c4ai": "command"}

# Regions of a cloud. Bedrock writes ``us.``, ``global.`` in front, Vertex ``@eu`` behind.
REGIONS = words_of("us us-gov eu ap apac au jp ca sa in uk me cn global regional us-east-1 us-west-2 eu-west-1")

# Last words that are always stripped: word → kind of attribute.
SUFFIXES = {
    **dict.fromkeys(words_of("exl2 exl3 bnb autoround quantized dynamic qat ct"), "quantisation"),
    **dict.fromkeys(
        words_of("hf gguf ggml imat mlx mlc onnx openvino paddle safetensors jax flax keras diffusers transformers"),
        "packaging",
    ),
    **dict.fromkeys(words_of("tee maas cloud"), "hosting"),
    **dict.fromkeys(words_of("free paid"), "price_tier"),
    **dict.fromkeys(words_of("latest default original"), "channel"),
    "pt": "packaging",
}

# Last words that tell how a model is served: word → kind of attribute. They are stripped only if the catalogue has the
# rest and not the whole: ``gpt-4-turbo`` and ``grok-4-fast`` are models, ``kimi-k2.6-turbo`` is Kimi K2.6 on faster
# hardware. The words come from the lists of models.dev, LiteLLM and OpenRouter.
SERVING_SUFFIXES = {
    **dict.fromkeys(words_of("fast turbo lightning ultrafast tput specdec"), "speed"),
    # standard: of Azure's deployments (``gpt-4o-standard``)
    **dict.fromkeys(words_of("flex priority batch spot basic standard vip"), "service_tier"),
    **dict.fromkeys(words_of("nitro floor exacto alt extended"), "routing"),
    **dict.fromkeys(words_of("none minimal low medium high xhigh extra"), "effort"),
    # Cerebras, Fireworks, EmpirioLabs, Novita, ChatAnywhere, Antigravity (``claude-opus-4-6-ag`` in a gateway's list)
    **dict.fromkeys(words_of("cs fw el p ca ag"), "hosting"),
    **dict.fromkeys(words_of("all api cli openai"), "hosting"),  # ``-all``: the maker's web page, reverse engineered
    **dict.fromkeys(words_of("us eu"), "region"),
    **dict.fromkeys(words_of("agentic cache chat compact review search online max tiered"), "mode"),
    **dict.fromkeys(words_of("ga preview stable"), "channel"),
    **dict.fromkeys(words_of("lora ud i1"), "packaging"),  # ud: Unsloth's dynamic quantisation, i1: mradermacher's
    **dict.fromkeys(words_of("lite reference"), "quantisation"),
    **dict.fromkeys(words_of("c cheaper disc"), "price_tier"),
}

# Brands whose maker sells models under such a word. A future ``gpt-6-turbo`` must not become ``gpt-6``.
SPEED_IS_A_TIER = {
    "turbo": words_of("gpt qwen glm ernie hunyuan doubao seed baichuan step sd gemini whisper swe"),
    "fast": words_of("grok swe veo seedance morph rerank imagen flux wan"),
    "lightning": words_of("nemotron yi swe"),
}

# Hosts that append their name to a model of the catalogue: ``deepseek-r1-sambanova``. Volcengine by its other names:
# ``deepseek-r1-huoshan`` (302.AI, AiHubMix), ``deepseek-v3-volc`` and ``deepseek-v3.1-doubao`` (lists of relays).
SERVING_SUFFIXES |= dict.fromkeys(
    HOSTS - words_of("accounts ai coding lambda model poe route router routers codex")
    | words_of("crof doubao huoshan volc"),
    "hosting",
)

# Words of ``SERVING_SUFFIXES`` that belong to the names of some brands, and words that have this meaning at one brand
# only: ``flux-2-flex`` is a model; Baidu appends ``-PT`` to weights for PyTorch, Google to pre-trained ones; Groq
# appends ``-preview``, Together ``-Lite`` and ``-Reference`` to Llama's released weights; ``-max`` of Claude and
# DeepSeek is an effort.
SUFFIX_IS_A_MODEL = {
    "flex": words_of("flux"),
    "basic": words_of("greg"),
    "search": words_of("sonar gpt"),
    "extended": words_of("gemini"),
}
SUFFIX_ONLY_AT = {
    "pt": words_of("ernie"),
    "max": words_of("claude deepseek glm gpt"),
    "chat": words_of("deepseek"),
    **dict.fromkeys(words_of("preview lite reference"), words_of("llama")),
}

# Brands that the catalogue does not have, in front of which a maker's or host's name is stripped all the same.
OTHER_BRANDS = words_of(
    "baichuan bloom chatglm dbrx falcon internlm mixtral mpt openchat starcoder tinyllama vicuna wizardlm"
)

# Brands without open weights, of which nobody else makes models. A word in front is a relay's.
# Marco-o1 and its like are no OpenAI models.
CLOSED_BRANDS = tuple(
    words_of("claude- gemini- gpt-3.5 gpt-4 gpt-5 gpt-6 grok- o1-mini o1-preview o1-pro o3-mini o3-pro o4-mini")
)
O_SERIES = words_of("o1 o3 o4")
R1_DISTILLED_FROM = {"1.5b": "qwen", "7b": "qwen", "14b": "qwen", "32b": "qwen", "70b": "llama"}
CHAT_WORDS = {"llama": "instruct", "qwen": "instruct", "gemma": "it"}

# Brands whose models take a reasoning effort. Elsewhere ``-medium`` and ``-high`` are parts of names: ``phi-3-medium``.
EFFORT_BRANDS = words_of(
    "gpt o1 o3 o4 claude gemini grok deepseek glm hy kimi mimo minimax muse nemotron qwen seed step"
)

# Names whose context length distinguishes models that differ in weights or in price: GPT-4 and GPT-4 32k, Qwen2.5-1M.
LENGTH_IS_A_MODEL = (
    r"gpt-(?:3\.5|4)-.*",
    r"claude-(?:1|2|instant).*",
    r"(?:chat)?glm-[1-4]-.*",
    r"qwen-2\.5-.*-1m",
    r"qwen-(?:1\.5|2)-.*",
    r"minimax-(?:m1|text)-.*",
    r"llama-[23]-.*",
    r"(?:abab|baichuan|doubao|ernie|hunyuan|internlm|moonshot|phi|seed|step|yarn|yi)-.*",
)

# ByteDance's own models are named by six-digit dates. At other models they are the date of Volcengine's deployment.
BYTEDANCE_BRANDS = words_of("doubao dola seed seedance seededit seedream skylark")

# Brands whose previews are named by ``MM-DD`` dates: ``gemini-2.5-pro-preview-05-06`` and ``-06-05`` are two models.
DATED_PREVIEW_BRANDS = words_of("gemini learnlm")

# Tags after a colon: OpenRouter's variants. Ollama's sizes and releases are not in here and stay in the name.
COLON_TAGS = {
    **dict.fromkeys(words_of("free paid discounted"), "price_tier"),
    **dict.fromkeys(words_of("thinking think reasoning online web search"), "mode"),
    **dict.fromkeys(words_of("low medium high max minimal none"), "effort"),
    **dict.fromkeys(words_of("nitro floor exacto extended variant1 variant2"), "routing"),
    **dict.fromkeys(words_of("flex priority batch"), "service_tier"),
    **dict.fromkeys(words_of("latest beta default"), "channel"),
    "cloud": "hosting",
    **dict.fromkeys(words_of("predict rawpredict streamrawpredict generatecontent streamgeneratecontent"), "path"),
}

# The letter before the version of a series, often left out: ``kimi 2.6`` is Kimi K2.6, ``deepseek 4`` is V4.
SERIES_LETTER = {"kimi": "k", "minimax": "m", "deepseek": "v", "mimo": "v"}

# Brands whose version has a letter in front, so that a letter glued to the brand is the version's.
LETTERED_BRANDS = frozenset({*SERIES_LETTER, "vidu"})

# Brands written without a hyphen before the version: Qwen3, not Qwen-3.
GLUED_BRANDS = frozenset({"qwen", "hy"})

# Brands with YYMM releases. The release alone identifies the model, without marketing version, size and ``instruct``:
# ``Mistral-Small-3.2-24B-Instruct-2506`` is ``mistral-small-2506``. Ministral is no such brand: its sizes are models.
RELEASE_BRANDS = words_of("mistral devstral magistral codestral")

# Brands whose undated name means their only dated release (``grok-4.20-reasoning``: ``grok-4.20-0309-reasoning``).
POINTER_BRANDS = frozenset({"grok"})

# First words that do not identify a maker: ``chat-1`` of two relays is not one family.
GENERIC_WORDS = words_of(
    """
    model models auto chat text code coder coding default custom agent large small medium mini fast pro plus max base
    early router gateway test demo premium standard basic cheap smart best llm ai api my the flash reasoning think
    vision ft
    """
)


CURATED: tuple[tuple[str, str, str], ...] = (
    ("kimi-k2.7", "kimi-k2.7-code", "Moonshot released 2.7 as Code only"),
    ("kimi-k2", "kimi-k2-0711-preview", "the first K2; later ones are named by date"),
    ("kimi-k2-instruct", "kimi-k2-0711-preview", "open weights of the first K2"),
    ("kimi-k2-instruct-0711", "kimi-k2-0711-preview", "open weights of the first K2"),
    ("kimi-k2-instruct-0905", "kimi-k2-0905-preview", "open weights of the September K2"),
    ("deepseek-r1-0120", "deepseek-r1", "the date of the first R1"),
    ("deepseek-v3-1226", "deepseek-v3", "the date of the first V3"),
    ("deepseek-v4-flash-0423", "deepseek-v4-flash", "the date of the first V4 Flash"),
    ("grok-4-0709", "grok-4", "the only release of Grok 4"),
    ("command-a", "command-a-03-2025", "the only release of Command A"),
    ("devstral-2", "devstral-2512", "the only release of Devstral 2"),
    ("ministral-14b", "ministral-14b-2512", "the only release of the 14B"),
    ("open-mistral-nemo", "mistral-nemo", "Mistral's id of the open weights"),
    ("open-mistral-nemo-2407", "mistral-nemo", "Mistral's id of the open weights"),
    ("mistral-small-3.1", "mistral-small-2503", "the release of Small 3.1"),
    ("mistral-small-3.1-24b-instruct", "mistral-small-2503", "the release of Small 3.1"),
    ("mistral-nemo-instruct-2407", "mistral-nemo", "the only release of Nemo"),
    ("mistral-nemo-12b-instruct", "mistral-nemo", "the only size of Nemo"),
    ("voxtral-small-2507", "voxtral-small-24b-2507", "the only size of Voxtral Small"),
    ("pixtral-12b-2409", "pixtral-12b", "the only release of Pixtral 12B"),
    ("qwen3-235b-a22b-2507", "qwen3-235b-a22b-instruct-2507", "OpenRouter and Bedrock; the thinking release says so"),
    ("qwen3-30b-a3b-2507", "qwen3-30b-a3b-instruct-2507", "OpenRouter; the thinking release says so"),
    ("qwen3-235b-a22b-instruct", "qwen3-235b-a22b-instruct-2507", "the only release called Instruct"),
    ("qwen3-235b-a22b-thinking", "qwen3-235b-a22b-thinking-2507", "the only release called Thinking"),
    ("deepseek-r1t2-chimera", "deepseek-tng-r1t2-chimera", "TNG's own name of its merge"),
    ("pixtral-large-2411", "pixtral-large", "the only release of Pixtral Large"),
    ("nova-micro-1-0", "nova-micro", "Amazon's first version, written with its number"),
    ("nova-lite-1-0", "nova-lite", "Amazon's first version, written with its number"),
    ("nova-pro-1-0", "nova-pro", "Amazon's first version, written with its number"),
    ("llama-3.2-11b", "llama-3.2-11b-vision-instruct", "the only 11B of Llama 3.2 sees"),
    ("llama-3.2-11b-instruct", "llama-3.2-11b-vision-instruct", "the only 11B of Llama 3.2 sees"),
    ("llama-3.2-90b", "llama-3.2-90b-vision-instruct", "the only 90B of Llama 3.2 sees"),
    ("llama-3.2-90b-instruct", "llama-3.2-90b-vision-instruct", "the only 90B of Llama 3.2 sees"),
    ("llama-3.1-8b-instant", "llama-3.1-8b-instruct", "Groq's name"),
    ("llama-3.1-70b-versatile", "llama-3.1-70b-instruct", "Groq's name"),
    ("llama-3.3-70b-versatile", "llama-3.3-70b-instruct", "Groq's name"),
    ("phi-4-mini", "phi-4-mini-instruct", "Microsoft's own short name; the reasoning model always says so"),
    ("phi-3.5-mini-128k-instruct", "phi-3.5-mini-instruct", "the only context length of Phi 3.5 Mini"),
    ("mixtral-8x7b", "open-mixtral-8x7b", "the only release of Mixtral 8x7B; relays serve the instruct model"),
    ("mixtral-8x22b", "open-mixtral-8x22b", "the only release of Mixtral 8x22B; relays serve the instruct model"),
    ("mixtral-8x7b-instruct-v0.1", "open-mixtral-8x7b", "the only release of Mixtral 8x7B"),
    ("mixtral-8x7b-instruct", "open-mixtral-8x7b", "the only release of Mixtral 8x7B"),
    ("mixtral-8x22b-instruct-v0.1", "open-mixtral-8x22b", "the only release of Mixtral 8x22B"),
    ("mixtral-8x22b-instruct", "open-mixtral-8x22b", "the only release of Mixtral 8x22B"),
)
"""Rows of (alias, family, reason). They are looked up after the catalogue's ids and before display names."""
