"""Strip what surrounds a model name: tags, path, vendor, region, hosting, quantisation, snapshot date. Every stripped
part is kept as an attribute."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from batch_import.domain.naming.tables import (
    BRAND_AS_HOST,
    BYTEDANCE_BRANDS,
    CLAUDE_LINES,
    CLOSED_BRANDS,
    COLON_TAGS,
    DATED_PREVIEW_BRANDS,
    EFFORT_BRANDS,
    GENERIC_WORDS,
    HOSTS,
    LENGTH_IS_A_MODEL,
    O_SERIES,
    OTHER_BRANDS,
    PREFIX_TAGS,
    REGIONS,
    SERVING_SUFFIXES,
    SPEED_IS_A_TIER,
    SUFFIX_IS_A_MODEL,
    SUFFIX_ONLY_AT,
    SUFFIXES,
    VENDORS,
)
from batch_import.domain.naming.tokens import SIZE, Tokens, tokenize

_BRACKET = re.compile(r"[\[(<]([^\[\]()<>]*)[\])>]")
_MODES = ("thinking", "reasoning")  # in brackets in front of a name; other words there are a relay's tag
# Chinese words around a name tell the relay's channel or price (官转, 按次0.1), but for those for thinking and media.
_FOREIGN_HEAD = re.compile(r"^[^a-z/\[(<@~]*[\u2e80-\U0010ffff][^a-z/\[(<@~]*(?=[a-z])")
_FOREIGN_TAIL = re.compile(r"(?<=[a-z0-9])[^a-z0-9/\])>]*[\u2e80-\U0010ffff][^a-z/\])>]*$")
_THINKS = re.compile("(?<![不无非])(?:思考|推理)")
_SHOWS = re.compile("[图画视频音]")
_ODD_EDGE = re.compile(r"^[^\w\[(<@~]+|[^\w\])>]+$")
_PLAIN = re.compile(r"[@~]?[a-z0-9]+(?:[-.:/@]@?[a-z0-9]+)*")
_LOOSE = re.compile(r"-*([/:@])-*")
# Bedrock appends a revision. ``v1:0`` and a revision after a date are stripped; the v4 of ``embed-v4:0`` is a version.
_BEDROCK_REVISION = re.compile(r"(?:-v1|-1|(?<=-\d{8})-v\d):0(?::\w+)?$|(?<=\d):0$")
_BEDROCK_MINOR = re.compile(r"(?<=-v\d):(?=[1-9]$)")
_DATE = re.compile(
    r"[-@](20\d{2}[-.]?(?:0[1-9]|1[0-2])[-.]?(?:0[1-9]|[12]\d|3[01])|20[2-9]\d-(?:0[1-9]|1[0-2]))(?=[-@]|$)"
)
# Anywhere in the id, no model is named so: a price for prompts up to or above a length (``gemini-3-pro-gt-200k``), an
# effort in words (``-low-reasoning-effort``), how much is thought (``-nothinking``, ``-thinking-disabled``), a file of
# several (``-00002-of-00006``).
_SERVED_SO = re.compile(
    r"-(?:(?P<price_tier>(?:lte|gt)-\d+k)|(?P<effort>(?:minimal|low|medium|x?high|max)-(?:reasoning-)?effort)"
    r"|(?P<speed>high-throughput)|(?P<packaging>\d{5}-of-\d{5}|mlc-\dk)"
    r"|(?P<mode>(?:non?|high|low|max|min)think(?:ing)?|non?-think(?:ing)?|thinking-(?:disabled|off)"
    r"|(?<=-thinking-)(?:auto|enabled|on|\d{1,3}k|\d{3}|\d{5})))(?=-|$)"
)
# The number format of the weights, anywhere in the id. No model is named after it.
_QUANTISATION = re.compile(
    r"(?<!vidu)[-.](?:(?:nv|mx)?fp(?:4|6|8|16|32)(?:-v\d(?=$))?|mxfp|bf16|f(?:16|32)|int[2348](?:-?mix(?:ed)?)?(?:-ar)?|(?:[2-8]|16|32)-?bit|w\d+a\d+"
    r"|\d(?:\.\d+)?bpw|awq|gptq|hqq|qlora|spinquant|eo8|apex(?:-mtp)?(?:-i)?(?:-(?:quality|balanced|compact|mini|nano))?|q\df(?:16|32)(?:[.-]\d)?|(?:ud-)?i?q\d(?:[-.](?:k|\d))?(?:-(?:x?x[sl]|nl|[sml]))?)"
    r"(?=-|\.(?!\d)|$)"
)
_LAST_WORD = re.compile(r"[-@.]([a-z0-9]+)$")
_HYPHENS_IN_PREFIX = 4
_LONGEST_TAG = 4
_DATABRICKS = "system.ai."  # the schema of Databricks' own models


class Vocabulary(NamedTuple):
    """The words that occur in the catalogue's names, the first words of names, and names of hosts."""

    words: frozenset[str]
    brands: frozenset[str]
    relays: frozenset[str]

    def may_lose(self, prefix: str, rest: str) -> bool:
        """Whether ``rest`` is a name without ``prefix``: yes for ``openai-gpt-5``; no for ``mistral-nemotron``, whose
        prefix is a brand itself."""
        brand = next(iter(tokenize(rest)), "")
        if brand in O_SERIES and prefix in VENDORS:
            return prefix == "openai"  # Skywork-o1 is another model
        is_known = brand in self.brands or brand in CLAUDE_LINES or brand in OTHER_BRANDS
        return is_known and (prefix not in self.brands or brand in (prefix, BRAND_AS_HOST.get(prefix)))

    def kind_of(self, surrounding: str) -> str | None:
        if surrounding in VENDORS:
            return "vendor"
        if surrounding in HOSTS or surrounding in self.relays:
            return "hosting"
        return PREFIX_TAGS.get(surrounding)


@dataclass
class Stripped:
    """The remaining name and the attributes stripped so far; several values of one kind are joined by commas."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)

    def set_attribute(self, kind: str, value: str) -> None:
        known = self.attributes.get(kind)
        self.attributes[kind] = f"{known},{value}" if known else value

    def cut(self, kind: str, match: re.Match[str], value: str) -> None:
        """Remove the match from the name and keep ``value`` as an attribute."""
        self.set_attribute(kind, value)
        self.name = self.name[: match.start()] + self.name[match.end() :]


def strip(form: str, vocabulary: Vocabulary) -> Stripped:
    """Return the model name within a normalised id, and the stripped parts as attributes."""
    stripped = Stripped(form)
    if not form.isascii() or not form.isalnum():
        _strip_tags(stripped, vocabulary)
        _strip_path(stripped, vocabulary)
        _strip_colon(stripped, vocabulary)
        _strip_dotted(stripped)
        _strip_hyphened(stripped, vocabulary)
        _strip_suffixes(stripped)
    return stripped


def _strip_tags(stripped: Stripped, vocabulary: Vocabulary) -> None:
    if _PLAIN.fullmatch(stripped.name):
        return

    def tag(match: re.Match[str]) -> str:
        inner = match[1].strip("-")
        if (
            inner
            and (match.start() or inner in _MODES)
            and all(_belongs_to_name(word, vocabulary) for word in tokenize(inner))
        ):
            return f"-{inner}-"
        if inner:
            stripped.set_attribute("relay_tag", inner)
        return "-"

    stripped.name = _BRACKET.sub(tag, stripped.name)
    if not stripped.name.isascii():
        stripped.name = _ODD_EDGE.sub("", stripped.name)
        _strip_foreign_words(stripped, vocabulary)
    name = _LOOSE.sub(r"\1", _ODD_EDGE.sub("", stripped.name))
    stripped.name = re.sub("-+", "-", name).strip("-/")


def _strip_foreign_words(stripped: Stripped, vocabulary: Vocabulary) -> None:
    head = _FOREIGN_HEAD.search(stripped.name)
    if head and vocabulary.may_lose("", stripped.name[head.end() :]):
        stripped.cut("relay_tag", head, head[0].strip("-:|·"))
    if (tail := _FOREIGN_TAIL.search(stripped.name)) and not _SHOWS.search(tail[0]):
        stripped.cut("relay_tag", tail, tail[0].strip("-:|·"))
        stripped.name += "-thinking" if _THINKS.search(tail[0]) else ""


def _belongs_to_name(word: str, vocabulary: Vocabulary) -> bool:
    """Whether a bracketed word belongs to the name: ``gpt-5 [thinking]``, ``llama-3 (70b)``, but not ``[aws]``."""
    return (word in vocabulary.words and len(word) > 1) or (word[-1] == "b" and bool(SIZE.fullmatch(word)))


def _strip_path(stripped: Stripped, vocabulary: Vocabulary) -> None:
    head, _, rest = stripped.name.partition(":")
    if rest and (vocabulary.kind_of(head) or _stands_before(head, rest, vocabulary)):
        stripped.name = f"{head}/{rest}"
    *segments, last = [part for part in stripped.name.split("/") if part] or [""]
    for segment in segments:
        stripped.set_attribute(vocabulary.kind_of(segment) or "path", segment)
    stripped.name = last


def _stands_before(head: str, rest: str, vocabulary: Vocabulary) -> bool:
    """Whether a name follows the colon: a relay's few letters (``nb:qwen3.6-plus``), or the repository of a file
    (``hf.co/maker/Qwen3-8B-GGUF:Qwen3-8B-Q4_K_M.gguf``)."""
    repository = head.rpartition("/")[2].removesuffix("-gguf")
    is_tag = len(head) <= _LONGEST_TAG and head.isalpha() and head not in GENERIC_WORDS
    return (is_tag or rest.startswith(repository)) and vocabulary.may_lose(head, rest)


def _strip_colon(stripped: Stripped, vocabulary: Vocabulary) -> None:
    if ":" not in stripped.name:
        return
    if match := _BEDROCK_REVISION.search(stripped.name):
        stripped.cut("hosting_version", match, match[0].strip("-:"))
    name, *tags = _BEDROCK_MINOR.sub(".", stripped.name).split(":")
    stripped.name = name
    for tag in tags:
        if not _is_served_so(stripped, tag, vocabulary):
            stripped.name = f"{stripped.name}-{tag}"


def _is_served_so(stripped: Stripped, tag: str, vocabulary: Vocabulary) -> bool:
    """Strip a tag or a host after a colon, but no size or release: Ollama writes ``gpt-oss:120b`` and ``…:0731``.
    Returns whether it was stripped or empty. A number is a budget for thinking: ``claude-sonnet-4-thinking:8192``."""
    is_budget = tag.isdigit() and (len(tag) != 4 or stripped.name.endswith("-thinking"))
    kind = COLON_TAGS.get(tag) or ("mode" if is_budget else "hosting" if vocabulary.kind_of(tag) else None)
    if kind:
        stripped.set_attribute(kind, tag)
    return kind is not None or not tag


def _strip_dotted(stripped: Stripped) -> None:
    if stripped.name.startswith(_DATABRICKS):
        stripped.set_attribute("hosting", _DATABRICKS.rstrip("."))
        stripped.name = stripped.name.removeprefix(_DATABRICKS)
    while True:
        head, _, rest = stripped.name.partition(".")
        if not rest or not (head in REGIONS or head in VENDORS):
            return
        stripped.set_attribute("region" if head in REGIONS else "vendor", head)
        stripped.name = rest


def _strip_hyphened(stripped: Stripped, vocabulary: Vocabulary) -> None:
    for prefix in _prefixes(stripped.name, vocabulary):
        stripped.set_attribute(vocabulary.kind_of(prefix) or "path", prefix)
        stripped.name = stripped.name[len(prefix) + 1 :]


def _prefixes(name: str, vocabulary: Vocabulary) -> list[str]:
    """Return the vendors and hosts in front of a brand: ``coding-xiaomi-mimo-v2.5`` has two."""
    parts = name.split("-", _HYPHENS_IN_PREFIX)
    for count in range(len(parts) - 1, 0, -1):
        prefix = "-".join(parts[:count])
        if vocabulary.kind_of(prefix) or prefix in BRAND_AS_HOST:
            rest = name[len(prefix) + 1 :]
            inner = _prefixes(rest, vocabulary)
            if inner or vocabulary.may_lose(prefix, rest):
                return [prefix, *inner]
    return parts[:1] if len(parts) > 1 and _is_a_relays_word(parts[0], name, vocabulary) else []


def _is_a_relays_word(prefix: str, name: str, vocabulary: Vocabulary) -> bool:
    """Whether a word stands in front of a model that nobody fine-tunes: ``cs-gpt-5``, but not ``ura-llama-2-8b``."""
    if not name.startswith(CLOSED_BRANDS, len(prefix) + 1):
        return False
    word = next(iter(tokenize(prefix)), "")
    known = word in vocabulary.words or word in GENERIC_WORDS or word in OTHER_BRANDS
    return word.isalpha() and (len(word) == 1 or not known)


def _strip_suffixes(stripped: Stripped) -> None:
    before = ""
    while before != stripped.name:
        before = stripped.name
        if (match := _DATE.search(stripped.name)) and match.start():
            stripped.cut("snapshot_date", match, re.sub(r"\D", "", match[1]))
        if (match := _QUANTISATION.search(stripped.name)) and match.start():
            stripped.cut("quantisation", match, match[0][1:])
        if (match := _SERVED_SO.search(stripped.name)) and match.lastgroup and match.start():
            stripped.cut(match.lastgroup, match, match[0][1:])
        if (match := _LAST_WORD.search(stripped.name)) and match.start() and (kind := _kind_of_suffix(match)):
            stripped.cut(kind, match, match[1])
    stripped.name = stripped.name.replace("@", "-")


def _kind_of_suffix(match: re.Match[str]) -> str | None:
    """Return the attribute kind of a last word, if it is one to strip. A word after ``@`` is a region or a host."""
    if match[0][0] == "@" and match[1].isalpha():
        return "region" if match[1] in REGIONS else SUFFIXES.get(match[1], "hosting")
    brands = SUFFIX_ONLY_AT.get(match[1])
    return SUFFIXES.get(match[1]) if brands is None or match.string.startswith(tuple(brands)) else None


_LENGTH = re.compile(r"\d{1,4}k|(?:1|2|4|5|10)m")
_LENGTH_IN_TOKENS = re.compile(r"4096|8192|16384|32768|65536|131072|262144|1048576")
_YYMMDD = re.compile(r"2[3-9](?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_YY_MM = re.compile(r"2[3-9]\.(?:0[1-9]|1[0-2])")
_MM_YYYY = re.compile(r"(?:0[1-9]|1[0-2])-20\d\d")
_MM_DD = re.compile(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_LENGTH_IS_A_MODEL = re.compile("|".join(LENGTH_IS_A_MODEL))


class ServingSuffix(NamedTuple):
    """An attribute's kind and value, read from the last word of a name."""

    kind: str
    value: str


def serving_suffix(tokens: Tokens) -> ServingSuffix | None:
    """Return what the last word tells about serving, else ``None``.

    It may be stripped only if the catalogue has the rest of the name and not the whole: ``kimi-k2.6-turbo`` is Kimi
    K2.6 on faster hardware, but ``gpt-4-turbo`` is a model.
    """
    *rest, last = tokens
    if not rest:
        return None
    if _YYMMDD.fullmatch(last):
        return None if rest[0] in BYTEDANCE_BRANDS else ServingSuffix("snapshot_date", f"20{last}")
    if _MM_DD.fullmatch(last):
        return None if rest[0] in DATED_PREVIEW_BRANDS else ServingSuffix("snapshot_date", last)
    if _MM_YYYY.fullmatch(last):
        return ServingSuffix("snapshot_date", f"{last[3:]}{last[:2]}")
    if last == "1" and SIZE.fullmatch(rest[-1]):
        return ServingSuffix("hosting_version", last)  # Bedrock's gpt-oss-120b-1 without its :0
    kind = _kind_of(tuple(rest), last)
    return ServingSuffix(kind, last) if kind else None


def _kind_of(rest: Tokens, last: str) -> str | None:
    if _LENGTH_IN_TOKENS.fullmatch(last):
        return "context_length"
    if _LENGTH.fullmatch(last):
        return None if _LENGTH_IS_A_MODEL.fullmatch("-".join((*rest, last))) else "context_length"
    kind = SERVING_SUFFIXES.get(last) or SUFFIXES.get(last)
    return None if kind is None or _is_part_of_name(kind, rest, last) else kind


def _is_part_of_name(kind: str, rest: Tokens, last: str) -> bool:
    """Whether the brand's maker has models with this word. With a size in the name the model has open weights, and a
    word for speed means the host's hardware."""
    brand = rest[0]
    if kind == "speed" and SERVING_SUFFIXES.get(rest[-1]) != "effort":
        return brand in SPEED_IS_A_TIER.get(last, ()) and not any(map(SIZE.fullmatch, rest))
    if kind == "effort":
        return brand not in EFFORT_BRANDS
    if last == "max" and "codex" in rest:  # GPT-5.1-Codex-Max is a model
        return True
    return brand in SUFFIX_IS_A_MODEL.get(last, ()) or brand not in SUFFIX_ONLY_AT.get(last, (brand,))


def as_release(tokens: Tokens) -> Tokens | None:
    """Write Volcengine's, OpenRouter's or Azure's date as the maker's release, or return ``None`` without such a date.

    ``deepseek-r1-250528`` and ``deepseek-r1-05-28`` → ``deepseek-r1-0528``; ``mistral-large-24.07`` → ``…-2407``.
    """
    *rest, last = (*(word for word in tokens[:-1] if word != "ga"), tokens[-1])
    if _YYMMDD.fullmatch(last):
        return (*rest, last[2:])
    return (*rest, re.sub(r"\W", "", last)) if _MM_DD.fullmatch(last) or _YY_MM.fullmatch(last) else None
