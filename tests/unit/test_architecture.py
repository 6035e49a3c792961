"""Imports point inward, only the composition root reads the environment, and the domain knows no AWS.

See docs/design.md#5-one-template-three-places.
"""

import ast
import subprocess
import sys
from pathlib import Path

import batch_import
import pytest

PACKAGE = Path(batch_import.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
OUTSIDE = ("boto3", "botocore", "aws_lambda_powertools", "requests", "urllib3", "certifi", "cryptography")
FLOORS = (  # from the ground up: a part may import from lower floors and from itself
    {"domain"},
    {"net", "aws"},
    {"probe", "store", "intake"},
    {"host", "coordination"},
    {"consumer", "proofs"},
    {"runs"},
    {"http_api", "stages"},
    {"bootstrap"},
)
ALLOWED = {part: {part}.union(*FLOORS[:floor]) for floor, parts in enumerate(FLOORS) for part in parts}
HANDLERS_KNOW = {"aws", "bootstrap", "consumer", "domain", "http_api"}
ENVIRONMENT = {"environ", "getenv", "environb", "putenv"}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def parts_imported(path: Path) -> set[str]:
    """The package's parts that a module imports, at its head or anywhere else."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative imports hide arrows"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("batch_import.")}
    return found & set(ALLOWED)


def environment_reads(path: Path) -> list[int]:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return [n.lineno for n in nodes if isinstance(n, ast.Attribute) and n.attr in ENVIRONMENT]


def test_every_part_of_the_package_has_its_arrows() -> None:
    assert {part_of(path) for path in MODULES} - {"__init__"} == set(ALLOWED)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_inward(path: Path) -> None:
    assert parts_imported(path) <= ALLOWED.get(part_of(path), set())


@pytest.mark.parametrize(
    "path", sorted((PACKAGE.parents[2] / "functions").rglob("app.py")), ids=lambda p: p.parent.name
)
def test_a_handler_knows_use_cases_and_no_store_queue_or_host(path: Path) -> None:
    assert parts_imported(path) <= HANDLERS_KNOW
    assert environment_reads(path) == []


def test_only_the_composition_root_reads_the_environment() -> None:
    assert {part_of(path) for path in MODULES if environment_reads(path)} == {"bootstrap"}


def test_the_domain_loads_neither_aws_nor_http() -> None:
    """In a fresh interpreter: what the tests have loaded themselves must not count."""
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in (PACKAGE / "domain").rglob("*.py")
    ]
    code = (
        "import importlib, sys\n"
        f"for name in {[name.removesuffix('.__init__') for name in names]!r}: importlib.import_module(name)\n"
        f"print([name for name in {OUTSIDE!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_threads_that_wait_for_the_interpreters_lock_seldom_wake() -> None:
    """Hundreds of them, each every 5 ms, took a seventh of the functions' CPU (docs/decisions/0011-threads.md)."""
    code = "import sys, batch_import.bootstrap as w; w.bootstrap(); print(sys.getswitchinterval())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PATH": ""})
    assert float(done.stdout) == pytest.approx(0.1)


def test_importing_the_composition_root_makes_no_client() -> None:
    """No side effect on import, and clients only when they are asked for: no region or credentials are needed."""
    code = (
        "import boto3\n"
        "def refuse(*a, **k): raise AssertionError('a client was made')\n"
        "boto3.client = boto3.resource = boto3.Session = refuse\n"
        "import batch_import.bootstrap as w\n"
        "w.bootstrap(); print('quiet')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PATH": ""})
    assert done.stdout.strip() == "quiet"
