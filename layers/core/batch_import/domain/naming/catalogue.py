"""The committed catalogue: model names with their kinds and prices. It is loaded on first use."""

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pkgutil import get_data
from typing import Any, Final, TypeAlias

from batch_import.domain.naming.strip import Vocabulary
from batch_import.domain.naming.tables import CURATED
from batch_import.domain.naming.tokens import Tokens, key_of, tokenize

SCHEMA: Final = 2
"""The shape of ``catalogue.json`` that this code reads; ``tools/build_catalogue.py`` writes the same number."""

FILE: Final = "data/catalogue.json"

Row: TypeAlias = list[Any]


@dataclass(frozen=True)
class Entry:
    """One model: its family name, its kind (chat, responses, embedding, image, …, or "") and USD per million tokens."""

    family: str
    kind: str
    input_price: float | None
    output_price: float | None


class Catalogue:
    """The parsed catalogue with its indexes. Immutable after construction."""

    def __init__(self, document: dict[str, Any]) -> None:
        if document.get("schema") != SCHEMA:
            raise ValueError(f"catalogue schema {document.get('schema')!r}, this code reads {SCHEMA}")
        self.version: str = document["version"]
        self.brands = frozenset(document["brands"])
        self._relays = frozenset(document["relays"])
        self._words = frozenset(document["words"])
        self._rows: list[Row] = document["models"]
        curated = {key_of(tokenize(name)): family for name, family, _ in CURATED}
        self._aliases: dict[str, str] = document["aliases"] | curated
        self._by_key: dict[str, int] = {row[0]: index for index, row in enumerate(self._rows)}
        self._by_family: dict[str, int] = {row[1]: index for index, row in enumerate(self._rows)}

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(self._by_family)

    def has(self, family: str) -> bool:
        """Whether the catalogue has this family. Such a family is its own family."""
        return family in self._by_family

    def entry(self, family: str) -> Entry | None:
        index = self._by_family.get(family)
        return None if index is None else Entry(*self._rows[index][1:5])

    def family_of(self, tokens: Tokens) -> str | None:
        """Return the family whose key equals the key of these words, else ``None``."""
        index = self._by_key.get(key_of(tokens))
        return None if index is None else str(self._rows[index][1])

    def alias_of(self, tokens: Tokens) -> str | None:
        """Return the family that these words are an alias of (display name or curated alias), else ``None``."""
        return self._aliases.get(key_of(tokens))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words, brands and host names that ``strip`` needs."""
        return Vocabulary(self._words, self.brands, self._relays)

    @cached_property
    def _families_of_word(self) -> dict[str, frozenset[int]]:
        index: defaultdict[str, set[int]] = defaultdict(set)
        for position, row in enumerate(self._rows):
            for word in row[0].split():
                index[word].add(position)
        return {word: frozenset(positions) for word, positions in index.items()}

    def extensions(self, tokens: Tokens) -> list[tuple[str, frozenset[str]]]:
        """Return every family that contains all of these words, with its additional words, sorted by family."""
        key = key_of(tokens).split()
        if not key:
            return []
        sets = [self._families_of_word.get(word, frozenset()) for word in key]
        found = frozenset.intersection(*sets)
        return sorted((self._rows[index][1], frozenset(self._rows[index][0].split()) - set(key)) for index in found)

    def kinds_of_brand(self, brand: str) -> dict[str, str]:
        """Return the kind of each family of a brand: ``{family: kind}``."""
        return {row[1]: row[2] for row in self._rows if row[1].startswith(brand) and tokenize(row[1])[0] == brand}


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """Return the committed catalogue; the first call parses it (about 3 ms)."""
    return Catalogue(json.loads(get_data(__package__, FILE) or b""))
