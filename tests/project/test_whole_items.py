"""Nobody puts a whole item, which might take the place of one that exists; no role may, either.

See docs/decisions/0022-lambda-limits.md#access_status.
"""

import ast
from pathlib import Path

from tests.support.aws import ROOT

PACKAGE = ROOT / "layers/core/batch_import"
ITEMS = PACKAGE / "store/items.py"


def calls(path: Path, *functions: str) -> list[ast.Call]:
    nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    return [node for node in nodes if ast.unparse(node.func) in functions]


def test_no_whole_item_is_put() -> None:
    assert calls(ITEMS, "self._items.putting", "self._items.put", "self._items.put_all") == []


def test_no_other_module_has_the_table_of_items() -> None:
    assert [path.name for path in PACKAGE.rglob("*.py") if "items_table" in path.read_text("utf-8")] == [
        "bootstrap.py",
        "settings.py",
    ]


def test_no_module_writes_past_the_table() -> None:
    writing = ("put_item(", "batch_write_item(", "update_item(", "transact_write_items(", "delete_item(")
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(call in path.read_text("utf-8") for call in writing)
    }
    assert found == {"store/dynamo.py"}
