"""Any pasted list of relays, read into rows. Pure: nothing is stored, fetched or logged."""

from batch_import.intake.decisions import ChosenItem, UnfitDecision, choose
from batch_import.intake.masking import masked
from batch_import.intake.reading import FORMATS, parse
from batch_import.intake.rows import Choice, IgnoredLine, Intake, ParsedRow, RowStatus, Summary
from batch_import.intake.shown import shown
from batch_import.intake.texts import TEXTS, Note, texts_of

__all__ = [
    "FORMATS",
    "TEXTS",
    "Choice",
    "ChosenItem",
    "IgnoredLine",
    "Intake",
    "Note",
    "ParsedRow",
    "RowStatus",
    "Summary",
    "UnfitDecision",
    "choose",
    "masked",
    "parse",
    "shown",
    "texts_of",
]
