"""Chinese in a Chinese locale: help, errors and verdicts; the catalogue is complete and that of the code."""

import re
from typing import Any

import pytest
from batch_import_cli.console import folded
from batch_import_cli.words import language

from tests.unit.cli.fake_api import Answers
from tools.write_translations import CATALOGUE, updated, written

PLACES = re.compile(r"\{(\w*)[^}]*\}|%\((\w+)\)s")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_the_catalogue_is_that_of_the_code() -> None:
    """If not: ``make docs``."""
    assert written(updated()) == (CATALOGUE.read_bytes(), CATALOGUE.with_suffix(".mo").read_bytes())


def test_every_text_is_translated_and_names_only_what_it_is_given() -> None:
    for message in updated():
        if not message.id:
            continue
        originals = [message.id] if isinstance(message.id, str) else list(message.id)
        [text] = [message.string] if isinstance(message.string, str) else message.string
        assert text, message.id
        given = {name for original in originals for name in PLACES.findall(original)}
        assert set(PLACES.findall(text)) <= given, message.id


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("LANG", "zh_CN.UTF-8", "zh"),
        ("LC_ALL", "zh_TW", "zh"),
        ("LANGUAGE", "zh:en", "zh"),
        ("LANG", "de_DE.UTF-8", "en"),
        ("LANG", "C", "en"),
    ],
)
def test_the_locale_decides(monkeypatch: pytest.MonkeyPatch, name: str, value: str, found: str) -> None:
    monkeypatch.setenv(name, value)
    assert language() == found


@pytest.mark.parametrize("command", ["import", "show", "token", "doctor"])
def test_help_is_chinese_and_fits_the_terminal(invoke: Any, command: str) -> None:
    text = invoke(command, "--help", LANG="zh_CN.UTF-8", COLUMNS="80").stdout
    assert text.startswith("用法：")
    prose = [line for line in text.splitlines() if not line.lstrip().startswith("$")]
    assert max(len(line) + len(CHINESE.findall(line)) for line in prose) <= 80
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+ [a-z]+", "\n".join(prose))


def test_chinese_is_broken_anywhere_and_no_stop_begins_a_line() -> None:
    text = "加 --yes 时移除从未服务过的账号（并说明原因）。账号移除后可以重新导入。"
    assert folded(text, 20) == ["加 --yes 时移除从未", "服务过的账号（并说明", "原因）。账号移除后可", "以重新导入。"]
    assert folded("一二三四。", 8) == ["一二三", "四。"]
    assert folded("one two  three", 7) == ["one two", "three"]
    assert folded("https://relay.example/v1", 10) == ["https://re", "lay.exampl", "e/v1"]


def test_errors_and_verdicts_are_chinese(api: Any, invoke: Any, on_terminal: Any) -> None:
    assert invoke("show", LANG="zh_CN.UTF-8").stderr == ("错误：缺少参数 'RUN'（试试：batch-import show --help）\n")
    run = f"GET /api/batch-import/runs/{Answers.RUN}"
    broken = Answers.item(2, access_status="broken", reason="上游拒绝了该密钥", last_error_code="auth_failed")
    api.on(run, Answers.run())
    api.on(f"{run}/items", {"items": [Answers.item(1), broken], "next_cursor": None})
    shown = on_terminal("show", Answers.RUN, LANG="zh_CN.UTF-8").stdout
    assert "item_01  可用       https://relay-1.example/v1" in shown
    assert "item_02  损坏       https://relay-2.example/v1\n  上游拒绝了该密钥 (auth_failed)" in shown
    assert api.seen[0].headers["Accept-Language"] == "zh"
