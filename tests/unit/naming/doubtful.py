"""Rows of the labelled sample whose label contradicts the naming rules. Here the rules win (docs/naming.md)."""

DOUBTFUL: dict[tuple[str, str], str] = {
    ("@cf/deepseek-ai/deepseek-r1-distill-qwen-32b", "deepseek-r1"): "a distilled Qwen of 32B is not the 671B model",
    ("Qwen/Qwen3-235B-A22B-Instruct-2507", "qwen3-235b-a22b"): "four-digit releases are models of their own",
    ("databricks-claude-sonnet-4", "claude-sonnet-4-5-20250929"): "4 is not 4.5",
    (
        "databricks-gemini-3-1-flash-lite",
        "gemini-3.1-flash-lite-preview",
    ): "gemini-3.1-flash-lite exists beside its preview",
    ("gemini-3-1-flash-lite", "gemini-3.1-flash-lite-preview"): "gemini-3.1-flash-lite exists beside its preview",
    ("databricks-gemini-3-1-pro", "gemini-3.1-pro-preview-customtools"): "nothing in the id says customtools",
    ("gemini-3-1-pro", "gemini-3.1-pro-preview-customtools"): "nothing in the id says customtools",
    ("nvidia.nemotron-nano-12b-v2", "nemotron-nano-12b-v2-vl"): "NVIDIA publishes the 12B v2 with and without vision",
    ("umans-coder", "kimi-k2.7-code"): "a relay's own product name: what is behind it may change any day",
    ("umans-flash", "qwen3.6-35b-a3b"): "a relay's own product name: what is behind it may change any day",
}
