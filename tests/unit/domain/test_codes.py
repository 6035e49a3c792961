"""Every code that the package can utter is documented, in both languages, with all that its text needs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import batch_import
import pytest
from batch_import.domain.advisories import ADVISORIES, Advisory, text_of
from batch_import.domain.capability import Verdict
from batch_import.domain.outcomes import OUTCOMES, Code, outcome
from batch_import.domain.types import AccessStatus

PACKAGE = Path(batch_import.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def literals(node: ast.AST) -> Iterator[str]:
    """The strings that an expression may come to."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def advisories_made() -> list[tuple[str, set[str]]]:
    """Code and names of parameters of each literal ``Advisory(...)`` and of each warning of a run."""
    calls = [
        node
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]
    made = [(node.args, node) for node in calls if called(node) == "Advisory" and node.args]
    made += [(node.args[1:], node) for node in calls if called(node) == "warn" and len(node.args) == 3]
    result = []
    for args, _ in made:
        names = set()
        if len(args) > 1 and isinstance(args[1], ast.Dict):
            names = {key.value for key in args[1].keys if isinstance(key, ast.Constant)}
        result += [(code, names) for code in literals(args[0])]
    return result


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_code_has_its_row() -> None:
    assert list(OUTCOMES) == list(Code)
    assert all(outcome(code).code is code for code in Code)


def test_every_verdict_of_a_probe_is_a_code() -> None:
    assert {verdict.value for verdict in Verdict} - set(Code) == {"ok", "endpoint_absent"}


def test_every_advisory_that_is_made_brings_what_its_text_needs() -> None:
    made = advisories_made()
    assert len(made) > 10
    missing = [(code, placeholders(text) - params) for code, params in made for text in ADVISORIES[code]]
    assert [one for one in missing if one[1]] == []


@pytest.mark.parametrize("row", OUTCOMES.values(), ids=list(OUTCOMES))
def test_an_outcome_has_texts_in_both_languages_and_advice_in_both_or_none(row: object) -> None:
    texts = row.zh, row.en, row.advice_zh, row.advice_en  # type: ignore[attr-defined]
    assert texts[0]
    assert texts[1]
    assert bool(texts[2]) is bool(texts[3])
    assert CHINESE.search(texts[0])
    assert not CHINESE.search(texts[1] + texts[3])


@pytest.mark.parametrize("code", ADVISORIES)
def test_an_advisory_says_the_same_in_both_languages(code: str) -> None:
    text = ADVISORIES[code]
    assert placeholders(text.zh) == placeholders(text.en)
    assert CHINESE.search(text.zh)
    assert not CHINESE.search(text.en)
    filled = Advisory(code, {name: f"<{name}>" for name in placeholders(text.zh)})
    for language in ("zh", "en"):
        assert all(f"<{name}>" in text_of(filled, language) for name in placeholders(text.zh))


def test_a_name_with_braces_stays_a_name() -> None:
    assert "{0.__class__}" in text_of(Advisory("join_group_unknown", {"name": "{0.__class__}"}), "en")


def test_an_unknown_advisory_fails_loudly() -> None:
    with pytest.raises(KeyError):
        text_of(Advisory("confirmed_active"), "zh")


@pytest.mark.parametrize("code", ["rate_limited", "upstream_unavailable", "upstream_timeout", "unreachable",
                                  "host_unavailable", "gateway_no_account", "dead_lettered", "stream_cut"])  # fmt: skip
def test_what_may_pass_ends_as_degraded(code: str) -> None:
    assert outcome(Code(code)).transient


@pytest.mark.parametrize(
    ("code", "access"),
    [
        ("auth_failed", AccessStatus.BROKEN),
        ("protocol_not_usable_by_host", AccessStatus.BROKEN),
        ("paused_by_operator", AccessStatus.BROKEN),
        ("stopped_by_strict", AccessStatus.BROKEN),
        ("group_not_usable", AccessStatus.BROKEN),
        ("cancelled", AccessStatus.UNKNOWN),
    ],
)
def test_what_the_design_says_of_single_codes(code: str, access: AccessStatus) -> None:
    assert outcome(Code(code)).access is access


def test_only_a_cancelled_item_ends_without_a_verdict_and_none_ends_active_by_failing() -> None:
    assert [row.code for row in OUTCOMES.values() if row.access is AccessStatus.UNKNOWN] == ["cancelled"]
    assert not [row.code for row in OUTCOMES.values() if row.access is AccessStatus.ACTIVE]
