"""The language of an answer by ``Accept-Language`` with quality values (RFC 9110, section 12.5.4)."""

import re

ANSWERS, ERRORS = "zh", "en"  # without a preference (docs/decisions/0024-http-answers.md)
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?")
_LONGEST = 1_000  # characters of the header that are read
_UNWANTED = (0.0, 0)


def preferred(accept_language: str | None) -> str | None:
    """``zh`` or ``en``, whichever is wanted more, the first one of two that are wanted equally; ``None`` for neither.

    ``*`` stands for a language that is not named. Parts that are not well-formed are passed over.
    """
    wanted: dict[str, tuple[float, int]] = {}
    parts = (accept_language or "")[:_LONGEST].split(",")
    for place, match in enumerate(filter(None, map(_RANGE.fullmatch, parts))):
        language = match[1].partition("-")[0].lower()
        wanted[language] = max((float(match[2] or 1), -place), wanted.get(language, _UNWANTED))
    zh, en = (wanted.get(one, wanted.get("*", _UNWANTED)) for one in ("zh", "en"))
    return None if zh == en else ("zh" if zh > en else "en")
