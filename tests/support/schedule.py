"""Which tests run in one process of pytest-xdist, and in what order: the longest first, so none is left at the end."""

from xdist.scheduler import LoadScopeScheduling

_TOGETHER = {
    "tests/flows/test_faults.py": "open embedded stack",
    "tests/project/test_embedded_access.py": "open embedded stack",
    "tests/flows/test_end_to_end.py": "embedded stack",
    "tests/project/test_embedded_backup.py": "embedded stack",
    "tests/project/test_embedded_invoke.py": "embedded stack",
    "tests/project/test_embedded_stack.py": "embedded stack",
    "tests/browser/test_embedded_stack.py": "embedded stack",
}
_APART = ("tests/flows/test_crashes.py", "tests/flows/test_guarantees.py", "tests/flows/test_platforms.py")
_ALL_APART = "tests/browser/"
# Browser tests last: Playwright keeps an event loop running in its process, where no other test can start one.
_ORDER = ("flows", "limits", "functions", "contract", "project", "unit", "browser")


class Files(LoadScopeScheduling):
    """The tests of a file stay in one process; so do files that share an embedded stack."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        apart = file in _APART or file.startswith(_ALL_APART)
        return _TOGETHER.get(file) or (nodeid if apart else file)


def turn(nodeid: str) -> tuple[bool, int]:
    """The place in the order of a test run: tests on an embedded stack, then one folder after the other."""
    file = nodeid.partition("::")[0]
    folder = file.split("/")[1]
    return file not in _TOGETHER, _ORDER.index(folder) if folder in _ORDER else len(_ORDER)
