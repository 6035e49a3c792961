"""Aliases that no rule can derive, each with the fact that justifies it."""

CURATED: tuple[tuple[str, str, str], ...] = (
    ("kimi-k2.7", "kimi-k2.7-code", "Moonshot released 2.7 as Code only"),
    ("kimi-k2", "kimi-k2-0711-preview", "the first K2; later ones are named by date"),
    ("kimi-k2-instruct", "kimi-k2-0711-preview", "open weights of the first K2"),
    ("kimi-k2-instruct-0711", "kimi-k2-0711-preview", "open weights of the first K2"),
    ("kimi-k2-instruct-0905", "kimi-k2-0905-preview", "open weights of the September K2"),
    ("grok-4-0709", "grok-4", "the only release of Grok 4"),
    ("command-a", "command-a-03-2025", "the only release of Command A"),
    ("devstral-2", "devstral-2512", "the only release of Devstral 2"),
    ("mistral-nemo-instruct-2407", "mistral-nemo", "the only release of Nemo"),
    ("mistral-nemo-12b-instruct", "mistral-nemo", "the only size of Nemo"),
    ("pixtral-12b-2409", "pixtral-12b", "the only release of Pixtral 12B"),
    ("nova-micro-1-0", "nova-micro", "Amazon's first version, written with its number"),
    ("nova-lite-1-0", "nova-lite", "Amazon's first version, written with its number"),
    ("nova-pro-1-0", "nova-pro", "Amazon's first version, written with its number"),
    ("llama-3.2-11b", "llama-3.2-11b-vision-instruct", "the only 11B of Llama 3.2 sees"),
    ("llama-3.2-11b-instruct", "llama-3.2-11b-vision-instruct", "the only 11B of Llama 3.2 sees"),
    ("llama-3.2-90b", "llama-3.2-90b-vision-instruct", "the only 90B of Llama 3.2 sees"),
    ("llama-3.2-90b-instruct", "llama-3.2-90b-vision-instruct", "the only 90B of Llama 3.2 sees"),
    ("phi-4-mini", "phi-4-mini-instruct", "Microsoft's own short name; the reasoning model always says so"),
    ("mixtral-8x7b-instruct-v0.1", "open-mixtral-8x7b", "the only release of Mixtral 8x7B"),
    ("mixtral-8x7b-instruct", "open-mixtral-8x7b", "the only release of Mixtral 8x7B"),
    ("mixtral-8x22b-instruct-v0.1", "open-mixtral-8x22b", "the only release of Mixtral 8x22B"),
    ("mixtral-8x22b-instruct", "open-mixtral-8x22b", "the only release of Mixtral 8x22B"),
)
"""Rows of (alias, family, reason). They are looked up after the catalogue's ids and before display names."""
