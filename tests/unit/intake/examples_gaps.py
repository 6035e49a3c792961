"""Examples that are not read right yet: the tests tell as soon as one of them is."""

GAPS = {
    "Markdown table with unknown headers",
    "JSON cut off",
    "OpenCode",
    "OpenClaw",
    "LiteLLM",
    "Codex auth and config pasted together",
}
