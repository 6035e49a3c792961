# ruff: noqa: E501  (tables of words)
"""Lists put together at random from what people write: each pair is read, and none that is not there."""

import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from batch_import.intake import RowStatus, parse
from batch_import.intake.roots import root_of

ADDRESS_LABELS = ["地址", "接口地址", "API地址", "url", "Base URL", "base_url", "baseURL", "API Base", "Endpoint", "host", "网址", "接口", "API Host", "OPENAI_BASE_URL", "中转地址", "线路", "接入点"]  # fmt: skip
KEY_LABELS = ["密钥", "key", "KEY", "API Key", "api_key", "apiKey", "token", "令牌", "秘钥", "API密钥", "OPENAI_API_KEY", "卡密", "sk", "Secret", "访问令牌"]  # fmt: skip
NAME_LABELS = ["名称", "name", "站点", "备注", "渠道名称", "title", "Provider"]
SEPARATORS = [":", "：", "=", ": ", "： ", " = ", ":\t", " : "]
BULLETS = ["", "", "- ", "* ", "• ", "> ", "✅ ", "🔑 "]
QUOTES = ["", "", "`", '"', "'"]
BETWEEN = [" ", "  ", "\t", ", ", "，", " | ", "|", "----", " - ", " / ", "；", " → "]
NOISE = [
    "余额：$12.5", "有效期：2026-12-31", "更新时间：2026-01-05 10:20", "速度很快，别滥用", "倍率 0.5x", "分组: default", "QQ群：123456789",
    "联系 support@mail.example", "限速 60 RPM", "Enjoy!", "订单号：202601051234567890", "状态：正常", "----------", "请求ID: 20260105aBcDeF1234567890",
    "价格 9.9元/月", "注册：https://relay0.example/register", "官网: https://www.relay0.example", "支持 gpt-5、claude-sonnet-4-5 等模型", "IP: 10.0.0.9",
    "uuid: 3f2b8c1e-0000-4c3d-8e9f-000000000777", "commit 3f2b8c1e9a7d6c5b4a39281706f5e4d3c2b1a098", "hash: d41d8cd98f00b204e9800998ecf8427e",
    "服务器: US-West-2", "密码: Abc12345", "cookie: session=abcdef123456", "Hi all, here are my relays:", "（2/3）", "剩余 99%", "order #A1B2C3D4E5F6G7H8",
]  # fmt: skip

Pair = tuple[str, str]


def _address(chance: random.Random, number: int) -> str:
    host = chance.choice(["https://relay{}.example", "https://relay{}.example/", "http://10.0.0.{}:3000"])
    path = chance.choice(["", "/v1", "/v1/chat/completions", "/api"])
    return f"{host.format(number)}".rstrip("/") + path


def _key(chance: random.Random, number: int) -> str:
    forms = ["sk-AAAA{:04d}TEST", "sk-proj-{:04d}abcDEF_x-y", "{:032x}", "cr_{:064x}", "3f2b8c1e-1a2b-4c3d-8e9f-{:012d}", "AIzaSyTESTaaaaBBBB{:04d}"]  # fmt: skip
    form = chance.choice(forms)
    return form.format(number + (0xABCDEF1234567890ABCDEF12345 if "x}" in form else 0))


def _noise(chance: random.Random, share: float) -> list[str]:
    return [chance.choice(NOISE)] if chance.random() < share else []


def _blocks(chance: random.Random, pairs: list[Pair]) -> list[str]:
    address, key, name = (chance.choice(labels) for labels in (ADDRESS_LABELS, KEY_LABELS, NAME_LABELS))
    separator, bullet, quote = chance.choice(SEPARATORS), chance.choice(BULLETS), chance.choice(QUOTES)
    key_first, named = chance.random() < 0.25, chance.random() < 0.4
    lines = []
    for number, pair in enumerate(pairs):
        block = [f"{bullet}{label}{separator}{quote}{value}{quote}" for label, value in zip((address, key), pair)]  # noqa: B905
        names = [f"{bullet}{name}{separator}站{number}号"] if named else []
        lines += [*names, *(reversed(block) if key_first else block), *_noise(chance, 0.4), ""]
    return lines


def _lines(chance: random.Random, pairs: list[Pair]) -> list[str]:
    bullet, key_first = chance.choice(BULLETS), chance.random() < 0.25
    lines = []
    for pair in pairs:
        lines += [bullet + value for value in (reversed(pair) if key_first else pair)]
        lines += [*_noise(chance, 0.3), ""]
    return lines


def _inline(chance: random.Random, pairs: list[Pair]) -> list[str]:
    between, named = chance.choice(BETWEEN), chance.random() < 0.4
    names = [[f"站{number}号"] if named else [] for number in range(len(pairs))]
    return [between.join([*name, *pair]) for name, pair in zip(names, pairs, strict=True)]


def _table(chance: random.Random, pairs: list[Pair]) -> list[str]:
    delimiter = chance.choice([",", "\t", "|"])
    header = [chance.choice(NAME_LABELS), chance.choice(ADDRESS_LABELS), chance.choice(KEY_LABELS), "余额"]
    rows = [[f"站{number}号", *pair, "12"] for number, pair in enumerate(pairs)]
    return [delimiter.join(row) for row in [header, *rows]]


def _variables(chance: random.Random, pairs: list[Pair]) -> list[str]:
    before, quote = chance.choice(["", "export ", "set "]), chance.choice(["", '"'])
    lines = []
    for number, (address, key) in enumerate(pairs):
        owner = chance.choice(["OPENAI", "ANTHROPIC", "LLM", "RELAY"]) + str(number)
        both = [f"{before}{owner}_BASE_URL={quote}{address}{quote}", f"{before}{owner}_API_KEY={quote}{key}{quote}"]
        lines += [*chance.sample(both, 2), ""]
    return lines


def _sentences(chance: random.Random, pairs: list[Pair]) -> list[str]:
    form = chance.choice(["我这有个 {} 的 key：{}，可以试试", "base url 填 {} ，api key 填 {} 就行", "The endpoint is {} and the token is {}."])  # fmt: skip
    return [form.format(*pair) for pair in pairs]


FORMS = [_blocks, _lines, _inline, _table, _variables, _sentences]


@pytest.mark.parametrize("form", FORMS)
def test_each_pair_is_read_and_no_other_one(form: Callable[[random.Random, list[Pair]], list[str]]) -> None:
    for seed in range(120):
        chance = random.Random(seed)
        pairs = [(_address(chance, number + 1), _key(chance, number)) for number in range(chance.choice([1, 1, 2, 3]))]
        lines = form(chance, pairs)
        if form is not _table:
            lines = [*_noise(chance, 0.3), "", *lines]
        text = "\n".join([*lines, "", *_noise(chance, 0.3)])
        ready = [(row.base_url, row.api_key) for row in parse(text).rows if row.status is RowStatus.READY]
        assert ready == [(root_of(address).base_url, key) for address, key in pairs], text


@pytest.mark.parametrize("name", ["name", "title", "备注", "provider", "id", "platform", "status"])
@pytest.mark.parametrize(
    "names", [("base_url", "api_key"), ("url", "token"), ("apiHost", "apiKey"), ("接口地址", "密钥")]
)
def test_usual_entry_is_read_at_once_as_the_long_way_reads_it(names: tuple[str, str], name: str) -> None:
    """An entry with another one within is read the long way."""
    entry = {names[0]: "https://relay.example/v1/", names[1]: f"sk-{7:032d}", "model": "gpt-5", name: "anthropic"}
    rows = [parse(json.dumps(document)).rows for document in (entry, {**entry, "more": {"rate": 1}})]
    assert len(rows[0]) == 1
    assert replace(rows[0][0], notes=()) == replace(rows[1][0], notes=())
