"""Reading takes time in proportion to the text, whatever the text is."""

import time

import pytest
from batch_import.intake import parse

_KEY = "sk-%032x"
PIECES = {
    "pairs": f"https://r%d.example/v1 {_KEY}\n",
    "key first": f"{_KEY}----https://r%d.example/v1\n",
    "blocks": f"名称：站%d\n地址：https://r%d.example/v1\n密钥：{_KEY}\n\n",
    "JSON lines": f'{{"base_url":"https://r%d.example/v1","api_key":"{_KEY}"}}\n',
    "YAML": f"- base_url: https://r%d.example/v1\n  api_key: {_KEY}\n",
    "TOML": f'[[relay]]\nurl = "https://r%d.example/v1"\nkey = "{_KEY}"\n',
    "variables": f"A%d_BASE_URL=https://r.example/v1\nA%d_API_KEY={_KEY}\n",
    "variables with models": f"A%d_BASE_URL=https://r.example/v1\nA%d_API_KEY={_KEY}\nA%d_MODEL=gpt-5\nB%d_MODEL=gpt-5\n",
    "models without variables": "A%d_MODEL=gpt-5\nhttps://r%d.example/v1\n",
    "fences": f"```yaml\n- base_url: https://r%d.example/v1\n  api_key: {_KEY}\n```\n",
    "curl": f"curl https://r%d.example/v1/models -H 'Authorization: Bearer {_KEY}'\n",
    "links": "ccswitch://v1/import?resource=provider&app=claude&name=R%d&endpoint=https%%3A%%2F%%2Fr.example&apiKey=sk-%d\n",
    "dump": f"INSERT INTO `channels` (`base_url`,`key`) VALUES ('https://r%d.example/v1','{_KEY}');\n",
    "open dump": "INSERT INTO `a` (`url`,`key`) VALUES ('",
    "dump of tables": "CREATE TABLE a (b int, c (",
    "copied rows": "COPY a (url, key) FROM stdin;\n",
    "program": f'x = {{{{ baseUrl: "https://r%d.example/v1", apiKey: "{_KEY}" }}}};\n',
    "calls of programs": f'set("base_url", "https://r%d.example/v1"); set("api_key", "{_KEY}");\n',
    "open calls": 'f("sk-AAAA0001", ',
    "repeated names": 'key = "sk-AAAA0001"\n',
    "names of programs": 'a%d_api_key = "sk-%032x"\n',
    "references": "A%d=https://r.example/v1\n$A%d ${B:-c}\n",
    "tables by id": '{"as":[{"id":%d}],"bs":[{"a_id":%d}]}\n',
    "setters": "define('OPENAI_API_KEY', 'x",
    "elements": "<key>OPENAI_API_KEY</key>",
    "open elements": "<apiKey>",
    "base64": "aHR0cHM6Ly9yLmV4YW1wbGU=\n",
    "options": "--api-key ",
    "cells": "密钥 - ",
    "JSON in fences": f'```json\n{{"base_url":"https://r%d.example/v1","api_key":"{_KEY}",}}\n```\n',
    "halves of one address": "A%d_BASE_URL=https://r.example/v1\n",
    "mentions of a key": f"{_KEY}\n\n",
    "prose": "大家好，今天分享一个公益站 number %d, words; more words here (and here)\n",
    "HTML": f"<p><a href='https://r%d.example/v1'>relay</a> <code>{_KEY}</code></p>\n",
    "one line of pairs": f"https://r%d.example/v1 {_KEY} ",
    "brackets": "[",
    "braces": "{",
    "open objects": '{"a":',
    "broken objects": '{"base_url":"https://r%d.example/v1","api_k\n',
    "quotes": '"',
    "CSV with open quotes": 'url,key\n"https://r%d.example/v1\n',
    "equals": "=",
    "colons": "a:",
    "hyphens": "-",
    "bullets": "- ",
    "blanks": " ",
    "bars": "|",
    "commas": ",",
    "tags": "<a ",
    "fence marks": "```\n",
    "schemes": "https://",
    "dots": "a.",
    "x": "x",
    "stars": "*",
    "slashes": "/",
    "percent": "%%41",
    "semicolons": ";",
    "comments of INI": "; a = sk-AAAA%d\n[b]\n",
    "ampersands": "&amp",
    "parentheses": "(",
    "backslashes": "\\",
    "labels": "key key key ",
    "letters and digits": "a1",
    "words of models": "gpt-5,",
    "key parts": "sk-AAAA0001,",
    "invisible": "\u200b",
    "named keys": f"https://r%d.example/v1 a {_KEY} of another {_KEY} ",
    "named keys below": f"https://r%d.example/v1 {_KEY}\nfourth: {_KEY}\n\nof another: {_KEY}\n",
    "short words": "abc de fgh ",
    "rests of keys": "sk-AAAA0001\n0001BBBB2222\n",
    "tables of keys": "名称,key,额度\na,sk-AAAA%d,1\n",
    "open fences": "```json\n{\n",
    "merged YAML": "a%d: &a\n  b: c\nd%d:\n  <<: *a\n",
    "blank lines": "\n",
    "separated lines": "\u2028",
    "ids in sentences": "commit 3f2b8c1e9a7d6c5b4a39281706f5e4d3c2b1a098 breaks it please https://r%d.example\n",
}
SIZE, TRIES = 40_000, 3


def _text(piece: str, size: int) -> str:
    fields = piece.replace("%%", "").count("%")
    pieces = (piece % ((number,) * fields) for number in range(size // len(piece) + 1))
    return "".join(pieces)[:size]


def _seconds(text: str) -> float:
    """Of the processor."""
    started = time.process_time()
    parse(text)
    return time.process_time() - started


@pytest.mark.parametrize("name", PIECES)
def test_four_times_the_text_takes_about_four_times_the_time(name: str) -> None:
    short, long = (_text(PIECES[name], size) for size in (SIZE // 4, SIZE))
    assert any(_seconds(long) < 9 * _seconds(short) + 0.05 for _ in range(TRIES))


def test_ten_thousand_lines_take_about_a_second_at_most() -> None:
    """Half a second on a quiet machine; the bound allows for a slower one."""
    text = "".join(f"https://r{number}.example/v1 sk-{number:032x}\n" for number in range(10_000))
    assert any(_seconds(text) < 2 for _ in range(TRIES))
