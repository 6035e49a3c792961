"""Spell a model of a known brand that the catalogue does not have, the way its maker would."""

from batch_import.domain.naming.tables import GLUED_BRANDS, SERIES_LETTER
from batch_import.domain.naming.tokens import SIZE, Tokens, has_version

_CLAUDE_MODES = {"thinking": "thinking", "think": "thinking", "fast": "fast"}


def spell(tokens: Tokens) -> str:
    """``kimi 4.2`` → ``kimi-k4.2``, ``qwen-5-70b`` → ``qwen5-70b``, ``gpt 6-3 mini`` → ``gpt-6.3-mini``."""
    if tokens[0] == "claude":
        return _spell_claude(tokens)
    words = list(tokens[:-1] if tokens[-1] == "v1" and len(tokens) > 2 else tokens)
    if len(words) > 1 and words[1][0].isdigit() and not SIZE.fullmatch(words[1]):
        words[1] = SERIES_LETTER.get(words[0], "") + words[1]
        if words[0] in GLUED_BRANDS:
            words[:2] = ["".join(words[:2])]
    return "-".join(words)


def _spell_claude(tokens: Tokens) -> str:
    """Anthropic writes line, then version, with hyphens: ``claude-5.5-sonnet`` is ``claude-sonnet-5-5``."""
    line = [word for word in tokens if not has_version([word]) and word not in _CLAUDE_MODES]
    version = [word.replace(".", "-") for word in tokens if has_version([word])]
    modes = [_CLAUDE_MODES[word] for word in tokens if word in _CLAUDE_MODES]
    return "-".join((*line, *version, *modes))
