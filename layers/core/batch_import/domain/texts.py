"""Texts of strangers, made safe to be shown: relays, hosts and lists may send any character. And numbers for people."""

import re
import unicodedata

_HIDING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, marks of direction and of no width, halves of characters
_KEPT = "\n\t"
_NOT_IN_A_PATH = re.compile(r"[^\w.:+@-]")


def printable(text: str) -> str:
    """``text`` with a replacement character for each one that moves a cursor, turns the direction, or is not seen."""
    return text if text.isprintable() else "".join(map(_shown, text))


def escaped(text: str) -> str:
    """JSON ``text``, equal in meaning, with such characters written as ``\\uXXXX``."""
    return text if text.isprintable() else "".join(_written(character) for character in text)


def in_address(model: str) -> str:
    """A model's name as an address has it: ``~`` for what a path cannot hold."""
    return _NOT_IN_A_PATH.sub("~", model)


def plain_number(value: float) -> str:
    """Without an exponent and without zeros at its end: 0.000001 and 1000000, of which ``:g`` makes 1e-06 and 1e+06."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _hides(character: str) -> bool:
    return character not in _KEPT and unicodedata.category(character) in _HIDING


def _shown(character: str) -> str:
    return "\N{REPLACEMENT CHARACTER}" if _hides(character) else character


def _written(character: str) -> str:
    if not _hides(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
