"""Nobody puts a whole item over one that exists: AWS has no condition for a role that would demand it.

See docs/decisions/0022-lambda-limits.md#access_status.
"""

import ast

from tests.support.aws import ROOT

ITEMS = ROOT / "layers/core/batch_import/store/items.py"


def puts() -> list[tuple[str, list[str]]]:
    """Every put into the items table: what is put, and its other arguments, as they are written."""
    calls = [node for node in ast.walk(ast.parse(ITEMS.read_text("utf-8"))) if isinstance(node, ast.Call)]
    found = [call for call in calls if ast.unparse(call.func) == "self._items.putting"]
    return [(ast.unparse(call.args[0]), [ast.unparse(arg) for arg in call.args[1:]]) for call in found]


def test_a_whole_item_is_put_only_where_there_is_none() -> None:
    whole = [conditions for row, conditions in puts() if row == "self._row(item)"]
    assert whole == [["'attribute_not_exists(pk)'"]]


def test_what_else_is_put_is_a_profile_or_a_sealed_key() -> None:
    """Rows of their own beside the item, without a verdict."""
    assert {row for row, _ in puts()} - {"self._row(item)"} == {"profile_row(item, profile)", "secret"}


def test_no_other_module_puts_rows_past_the_stores() -> None:
    package = ITEMS.parents[1]
    putting = {
        path.relative_to(package).as_posix() for path in package.rglob("*.py") if ".putting(" in path.read_text()
    }
    assert putting == {"store/items.py", "store/runs.py"}
    direct = [
        path for path in package.rglob("*.py") if "put_item(" in path.read_text() or "batch_write" in path.read_text()
    ]
    assert direct == []
