"""What a line is, once it is read as a whole: which of its words is a key, a host or a heading."""

import re

from batch_import.intake import cleaning
from batch_import.intake.fields import Field
from batch_import.intake.markup import EMOJI
from batch_import.intake.rows import Draft
from batch_import.intake.texts import Note
from batch_import.intake.tokens import BULLET, LONGEST_HEADING, RULE, Line, Token

_HEADING = re.compile(
    r"^\s*#{1,6}\s*(.+?)\s*#*$|^\s*\*\*([^*]+)\*\*\s*$|^\s*\[([^\[\]]+)\]\s*$|^\s*[=\-—*~]{2,}\s*(.+?)\s*[=\-—*~]{2,}\s*$"
)
_LABEL_START = re.compile(
    r"(?:open)?ai?_?|(?:api|base|auth|secret)(?:[-_]?[a-z]{1,3}|[-_])?|key?|tok(?:en?)?|mod(?:els?)?", re.IGNORECASE
)


def settle(line: Line, current: Draft | None) -> None:
    """Decides about the words of a line that may be a key or a host, now that the whole line is known."""
    has_key = line.has(Field.KEY)
    has_address = line.has(Field.ADDRESS, Field.SITE)
    if line.hosts and not has_address:
        for host in line.hosts:
            alone = not line.words and not line.weak
            if (
                has_key
                or line.weak
                or cleaning.is_telling_host(host)
                or (alone and len(line.hosts) == 1 and not line.tokens)
            ):
                line.tokens.insert(0, Token(Field.ADDRESS, host, notes=()))
                has_address = True
        line.hosts = []
    elif line.hosts and has_address and not has_key and not line.weak and len(line.hosts) == 1:
        line.weak = line.hosts
    line.weak = [word for word in line.weak if not _LABEL_START.fullmatch(word)]
    if has_key or not line.weak:
        return
    if (has_address and line.has(Field.ADDRESS) and len(line.weak) == 1) or (
        not line.tokens
        and not line.words
        and len(line.weak) == 1
        and re.search(r"\d", line.weak[0])
        and len(line.weak[0]) >= 8
    ):
        line.tokens.append(Token(Field.KEY, line.weak[0], notes=(Note.UNUSUAL_KEY,)))


def heading_of(line: Line) -> str:
    """A short line of words alone: the name of what follows."""
    if RULE.match(line.text):
        return ""
    found = _HEADING.match(line.text)
    text = next((group for group in found.groups() if group), "") if found else line.text
    text = BULLET.sub("", EMOJI.sub("", text)).strip(" :*#`\"'-=")
    if (
        not text
        or len(text) > (LONGEST_HEADING if found else 30)
        or re.search(r"[。!?;]|\w, ", text)
        or line.hosts
        or line.weak
    ):
        return "" if not found or len(text) > LONGEST_HEADING else text
    return text if found or not line.text.rstrip().endswith((",", "{", "}", "]", "(")) else ""
