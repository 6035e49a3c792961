"""The page's words: each key stands once in all files, so that none hides another one."""

import re
from collections import Counter

from tests.support.aws import ROOT

KEY = re.compile(r'^  (?:"([^"]+)"|(\w+)): \[', re.MULTILINE)


def test_no_key_of_the_word_files_is_doubled() -> None:
    files = list((ROOT / "functions" / "api" / "web").glob("words*.js"))
    keys = [quoted or bare for file in files for quoted, bare in KEY.findall(file.read_text("utf-8"))]
    assert len(files) == 2
    assert len(keys) > 300
    assert [key for key, count in Counter(keys).items() if count > 1] == []
