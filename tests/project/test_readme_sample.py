"""What both READMEs show of the sample list's import: its items, and how many relays each cause has."""

import re
from collections import Counter

import pytest

from tests.flows.test_end_to_end import SAMPLE, profiles_in
from tests.support.aws import ROOT
from tests.support.verdicts import all_verdicts

ITEM = re.compile(r"^(item_\d{5})  \S+ +http://[^/\n]+/(\w+)/", re.MULTILINE)
CAUSE = re.compile(r"^  (\d+) × .* \((\w+)\)$", re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_what_the_sample_list_prints_is_shown(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    profiles = profiles_in(SAMPLE)
    items = ITEM.findall(text)
    causes = CAUSE.findall(text)
    assert items == [(item, profiles[int(item[-5:]) - 1]) for item, _profile in items] != []
    counts = Counter(all_verdicts()[profile].code for profile in profiles)
    assert causes == [(str(counts[code]), code) for _count, code in causes] != []
    below = text[text.index(f"({causes[0][1]})\n") :].partition("```")[0]
    assert "\n…\n" in below, "more causes are printed than these"
