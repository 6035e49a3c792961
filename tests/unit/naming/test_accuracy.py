"""Accuracy on labelled ids, per vendor, and no two models with one family."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest
from batch_import.domain.naming import canonical_model_family, is_chat_model

from tests.unit.naming.doubtful import DOUBTFUL

HERE = Path(__file__).parent
OVERALL, HARD = 1.0, 1.0
"""Least shares of the labels without the doubtful ones."""
ALL_LABELS, ALL_HARD = 0.98, 0.95
"""Least shares of all labels, including those that contradict the naming rules."""
OTHERS_OVERALL, OTHERS_HARD = 0.975, 0.965
"""Least shares of the hand-labelled ids of other providers."""
CHATS = 0.985
"""Least share of the ids labelled for chatting or not, of which chatting is told so."""
DATE = re.compile(r"-20\d{2}-?\d{2}-?\d{2}$|-latest$")


class Pair(NamedTuple):
    raw: str
    label: str

    @property
    def hard(self) -> bool:
        return self.raw.split("/")[-1].lower() != self.label.lower()

    @property
    def right(self) -> bool:
        return canonical_model_family(self.raw) == canonical_model_family(self.label)

    @property
    def vendor(self) -> str:
        match = re.match(r"[a-z]+", self.label.lower())
        return match[0] if match else self.label


LINES = (HERE / "model_families_sample.jsonl").read_text(encoding="utf-8").splitlines()
PAIRS = [Pair(row["raw_id"], row["same_family_as"]) for row in map(json.loads, LINES)]
OTHER_ROWS = [json.loads(line) for line in (HERE / "hand_labelled_sample.jsonl").read_text("utf-8").splitlines()]
OTHERS = [Pair(row["raw_id"], row["same_family_as"]) for row in OTHER_ROWS if row["same_family_as"]]
OWN = [row["raw_id"] for row in OTHER_ROWS if not row["same_family_as"]]
TRUSTED = [pair for pair in PAIRS if tuple(pair) not in DOUBTFUL]


def _share(pairs: list[Pair]) -> float:
    return sum(pair.right for pair in pairs) / len(pairs)


def _same_but_for_the_date(labels: set[str]) -> bool:
    """Dated snapshots of one model may share a family; ``claude-opus-4-0`` is Anthropic's alias of the first one."""
    return len({DATE.sub("", label.lower()).removesuffix("-0") for label in labels}) == 1


def test_the_sample_is_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    hard, all_hard = ([pair for pair in pairs if pair.hard] for pairs in (TRUSTED, PAIRS))
    with capsys.disabled():
        print(f"\nnaming, labels without the doubtful: {_share(TRUSTED):.1%} of {len(TRUSTED)}", end=", ")
        print(f"hard {_share(hard):.1%} of {len(hard)}")
        print(f"naming, all labels as they are: {_share(PAIRS):.1%} of {len(PAIRS)}", end=", ")
        print(f"hard {_share(all_hard):.1%} of {len(all_hard)}")
    assert _share(TRUSTED) >= OVERALL
    assert _share(hard) >= HARD


def test_even_with_the_doubtful_labels_the_bars_hold() -> None:
    assert _share(PAIRS) >= ALL_LABELS
    assert _share([pair for pair in PAIRS if pair.hard]) >= ALL_HARD


def test_other_providers_are_recognised_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    hard = [pair for pair in OTHERS if pair.hard]
    with capsys.disabled():
        print(
            f"\nnaming, other providers: {_share(OTHERS):.1%} of {len(OTHERS)}, hard {_share(hard):.1%} of {len(hard)}"
        )
    assert _share(OTHERS) >= OTHERS_OVERALL
    assert _share(hard) >= OTHERS_HARD


def test_which_of_them_chat_is_told() -> None:
    told = [row for row in OTHER_ROWS if "chats" in row]
    right = [row for row in told if is_chat_model(row["raw_id"]) is row["chats"]]
    wrong = [row for row in told if is_chat_model(row["raw_id"]) is (not row["chats"])]
    assert len(right) >= CHATS * len(told)
    assert wrong == []


def test_models_of_their_own_are_merged_with_no_other() -> None:
    families = {canonical_model_family(pair.label) for pair in (*PAIRS, *OTHERS)}
    assert [raw for raw in OWN if canonical_model_family(raw) in families] == []


def test_no_two_models_share_a_family() -> None:
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for pair in PAIRS:
        labels[canonical_model_family(pair.label)].add(pair.label)
    assert [found for found in labels.values() if not _same_but_for_the_date(found)] == []


def test_no_id_gets_the_family_of_another_model() -> None:
    families = {canonical_model_family(pair.label) for pair in TRUSTED}
    wrong = [pair for pair in TRUSTED if not pair.right and canonical_model_family(pair.raw) in families]
    assert wrong == []


def test_precision_and_recall_per_vendor(capsys: pytest.CaptureFixture[str]) -> None:
    """Recall: of the ids of a vendor's models, those recognised. Precision: of those given its families, the right."""
    owner = {canonical_model_family(pair.label): pair.vendor for pair in TRUSTED}
    of_vendor: defaultdict[str, list[Pair]] = defaultdict(list)
    claimed: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in TRUSTED:
        of_vendor[pair.vendor].append(pair)
        claimed[owner.get(canonical_model_family(pair.raw), "none")].append(pair)
    with capsys.disabled():
        print(f"\n{'vendor':<14}{'ids':>5}{'hard':>6}{'precision':>11}{'recall':>9}")
        for vendor, pairs in sorted(of_vendor.items()):
            precision = _share(claimed[vendor]) if claimed[vendor] else 1.0
            print(f"{vendor:<14}{len(pairs):>5}{sum(p.hard for p in pairs):>6}{precision:>11.1%}{_share(pairs):>9.1%}")
    assert min(_share(pairs) for vendor, pairs in claimed.items() if vendor != "none") == 1.0


def test_every_doubtful_row_is_one_of_the_sample_and_still_differs() -> None:
    assert set(DOUBTFUL) <= set(map(tuple, PAIRS))
    assert [pair for pair in PAIRS if tuple(pair) in DOUBTFUL and pair.right] == []
