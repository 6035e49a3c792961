"""Set aside what surrounds a name: tags, path, vendor, region, hosting, quantisation, snapshot date. Nothing is lost:
every piece becomes an attribute (docs/design.md#21-probe)."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from batch_import.domain.naming.tables import COLON_TAGS, HOSTS, REGIONS, RELAY_WORDS, SUFFIXES, VENDORS
from batch_import.domain.naming.tokens import SIZE, tokenize

_BRACKET = re.compile(r"[\[(<]([^\[\]()<>]*)[\])>]")
_RELAY_WORD = "|".join(sorted(RELAY_WORDS))
_RELAY_EDGE = re.compile(rf"^(?:{_RELAY_WORD})[-:|·]*|[-:|·]*(?:{_RELAY_WORD})$")
_ODD_EDGE = re.compile(r"^[^\w\[(<@~]+|[^\w\])>]+$")
_LOOSE = re.compile(r"-*([/:@])-*")
# Bedrock ends an id with a revision. ``v1:0`` and one behind a date say nothing, ``embed-v4:0`` names the model.
_BEDROCK_REVISION = re.compile(r"(?:-v1|-1|(?<=-\d{8})-v\d):0(?::\w+)?$|(?<=\d):0$")
_BEDROCK_MINOR = re.compile(r"(?<=-v\d):(?=[1-9]$)")
_DATE = re.compile(r"[-@](20\d{2}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01]))(?=[-@]|$)")
# How the weights are stored, anywhere in the name: nobody has ever named a model so.
_QUANTISATION = re.compile(
    r"[-.](?:(?:nv|mx)?fp[48]|mxfp|fp16|bf16|int[48](?:-mixed)?(?:-ar)?|[48]bit|w\da\d+|awq|gptq|gguf|ggml"
    r"|i?q\d(?:-(?:k|\d))?(?:-(?:xl|xs|[sml]))?)(?=-|$)"
)
_LAST_WORD = re.compile(r"[-@.]([a-z0-9]+)$")
_HYPHENS_IN_PREFIX = 4


class Vocabulary(NamedTuple):
    """What the catalogue knows of words: those in names, those that begin names, and further names of hosts."""

    words: frozenset[str]
    brands: frozenset[str]
    relays: frozenset[str]

    def may_lose(self, prefix: str, rest: str) -> bool:
        """``openai-gpt-5`` is GPT-5; ``mistral-nemotron`` is Mistral's Nemotron, for that prefix is a brand itself."""
        brand = next(iter(tokenize(rest)), "")
        return brand in self.brands and (prefix not in self.brands or prefix == brand)

    def kind_of(self, surrounding: str) -> str | None:
        if surrounding in VENDORS:
            return "vendor"
        return "hosting" if surrounding in HOSTS or surrounding in self.relays else None


@dataclass
class Peeled:
    """A name on its way to the core; ``attributes`` collects what was taken away (several of a kind: comma)."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)

    def aside(self, kind: str, value: str) -> None:
        known = self.attributes.get(kind)
        self.attributes[kind] = f"{known},{value}" if known else value

    def cut(self, kind: str, match: re.Match[str], value: str) -> None:
        """Take the matched piece out of the name."""
        self.aside(kind, value)
        self.name = self.name[: match.start()] + self.name[match.end() :]


def peel(form: str, vocabulary: Vocabulary) -> Peeled:
    """Peel a normalised id, from the outside in."""
    peeled = Peeled(form)
    if not form.isascii() or not form.isalnum():
        _peel_tags(peeled, vocabulary)
        _peel_path(peeled, vocabulary)
        _peel_colon(peeled)
        _peel_dotted(peeled)
        _peel_hyphened(peeled, vocabulary)
        _peel_suffixes(peeled)
    return peeled


def _peel_tags(peeled: Peeled, vocabulary: Vocabulary) -> None:
    def tag(match: re.Match[str]) -> str:
        inner = match[1].strip("-")
        if inner and all(_belongs_to_name(word, vocabulary) for word in tokenize(inner)):
            return f"-{inner}"
        if inner:
            peeled.aside("relay_tag", inner)
        return "-"

    peeled.name = _BRACKET.sub(tag, peeled.name)
    while not peeled.name.isascii() and (edge := _RELAY_EDGE.search(peeled.name)):
        peeled.cut("relay_tag", edge, edge[0].strip("-:|·"))
    name = _LOOSE.sub(r"\1", _ODD_EDGE.sub("", peeled.name))
    peeled.name = re.sub("-+", "-", name).strip("-/")


def _belongs_to_name(word: str, vocabulary: Vocabulary) -> bool:
    """``gpt-5 [thinking]`` and ``llama-3 (70b)``, but not ``[1m]``, ``[aws]`` or ``[0.5x]``."""
    return word in vocabulary.words or (word[-1] == "b" and bool(SIZE.fullmatch(word)))


def _peel_path(peeled: Peeled, vocabulary: Vocabulary) -> None:
    head, _, rest = peeled.name.partition(":")
    if rest and vocabulary.kind_of(head):
        peeled.name = f"{head}/{rest}"
    *segments, last = [part for part in peeled.name.split("/") if part] or [""]
    for segment in segments:
        peeled.aside(vocabulary.kind_of(segment) or "path", segment)
    peeled.name = last


def _peel_colon(peeled: Peeled) -> None:
    if ":" not in peeled.name:
        return
    if match := _BEDROCK_REVISION.search(peeled.name):
        peeled.cut("hosting_version", match, match[0].strip("-:"))
    name, *tags = _BEDROCK_MINOR.sub(".", peeled.name).split(":")
    peeled.name = "-".join((name, *(tag for tag in tags if not _is_served_so(peeled, tag))))


def _is_served_so(peeled: Peeled, tag: str) -> bool:
    """Whether a colon tag is set aside. Sizes and releases stay: Ollama writes ``gpt-oss:120b`` and ``…:0731``."""
    kind = COLON_TAGS.get(tag) or ("mode" if tag.isdigit() and len(tag) != 4 else None)
    if kind:
        peeled.aside(kind, tag)
    return kind is not None or not tag


def _peel_dotted(peeled: Peeled) -> None:
    while True:
        head, _, rest = peeled.name.partition(".")
        if not rest or not (head in REGIONS or head in VENDORS):
            return
        peeled.aside("region" if head in REGIONS else "vendor", head)
        peeled.name = rest


def _peel_hyphened(peeled: Peeled, vocabulary: Vocabulary) -> None:
    for prefix in _prefixes(peeled.name, vocabulary):
        peeled.aside(vocabulary.kind_of(prefix) or "path", prefix)
        peeled.name = peeled.name[len(prefix) + 1 :]


def _prefixes(name: str, vocabulary: Vocabulary) -> list[str]:
    """Vendors and hosts in front of a name that begins with a brand: ``coding-xiaomi-mimo-v2.5`` has two."""
    parts = name.split("-", _HYPHENS_IN_PREFIX)
    for count in range(1, len(parts)):
        prefix = "-".join(parts[:count])
        if vocabulary.kind_of(prefix):
            rest = name[len(prefix) + 1 :]
            inner = _prefixes(rest, vocabulary)
            if inner or vocabulary.may_lose(prefix, rest):
                return [prefix, *inner]
    return []


def _peel_suffixes(peeled: Peeled) -> None:
    before = ""
    while before != peeled.name:
        before = peeled.name
        if (match := _DATE.search(peeled.name)) and match.start():
            peeled.cut("snapshot_date", match, match[1].replace("-", ""))
        if (match := _QUANTISATION.search(peeled.name)) and match.start():
            peeled.cut("quantisation", match, match[0][1:])
        if (match := _LAST_WORD.search(peeled.name)) and match.start() and (kind := _kind_of_suffix(match)):
            peeled.cut(kind, match, match[1])
    peeled.name = peeled.name.replace("@", "-")


def _kind_of_suffix(match: re.Match[str]) -> str | None:
    """Vertex marks the region with ``@eu``."""
    return "region" if match[0][0] == "@" and match[1] in REGIONS else SUFFIXES.get(match[1])
