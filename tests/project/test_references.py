"""Every reference in code, tests and docs leads to a file, and to an anchor, of this repository."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.aws import ROOT

SUFFIXES = {".css", ".html", ".js", ".md", ".py", ".toml", ".yaml"}
BY_PATH = re.compile(r"(?<![\w./-])(docs/[\w./-]*\w\.(?:md|yaml|png))(?:#([\w-]+))?")
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
# What stood for notes outside of the repository, their numbered parts, and tasks of a plan.
OUTSIDE = re.compile(
    r"""\bhost-(?:facts|live|platforms)\b | \bfield/ | \bseeds/ | \b[Ss]eed\s0 | \b[Tt]he\sseeds\b
    | \b[Dd]esign\s*§ | § | \b[Ff]acts?\s\d | \([Ss]ections?\s\d | \bhouse\.md\b
    | \([^()\n]*\b[ABD]\d{1,2}\b[^()\n]*\) | \b[AD]\d{1,2}(?:/A\d{1,2})?:\s
    | [a-z]\s\((?:[A-H]|\d\.\d+(?:,\s\d\.\d+)*)\) | \bT(?:[1-9]|1[0-3])\b""",
    re.VERBOSE,
)
EXPLICIT = re.compile(r"""<a +(?:id|name)=["']([^"']+)["']""")


def sources() -> Iterator[Path]:
    """Text files of the repository, without folders that begin with a dot (environments, builds)."""
    for top in sorted(ROOT.iterdir()):
        if not top.name.startswith("."):
            found = top.rglob("*") if top.is_dir() else [top]
            yield from (path for path in found if path.is_file() and path.suffix in SUFFIXES)


SOURCES = [path for path in sources() if path != Path(__file__)]
PAGES = [path for path in SOURCES if path.suffix == ".md"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def slug(heading: str) -> str:
    """The anchor that GitHub gives to a heading: lower case, no punctuation, a hyphen for each space."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


@cache
def anchors(page: Path) -> frozenset[str]:
    """Explicit ids, and the slugs of headings; a heading that comes again gets ``-1``, ``-2`` and so on."""
    text = FENCED.sub("", page.read_text("utf-8"))
    found = set(EXPLICIT.findall(text))
    times: dict[str, int] = {}
    for base in map(slug, HEADING.findall(text)):
        count = times.get(base, 0)
        found.add(f"{base}-{count}" if count else base)
        times[base] = count + 1
    return frozenset(found)


def leads_somewhere(target: Path, anchor: str | None) -> bool:
    return target.exists() and (not anchor or anchor in anchors(target))


def dead_links(page: Path) -> list[str]:
    """Links of a Markdown page, relative to it, that lead nowhere; those to other sites are not followed."""
    dead = []
    for link in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not re.match(r"[a-z]+:", link) and not leads_somewhere(target, anchor):
            dead.append(link)
    return dead


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [("2.1 Probe", "21-probe"), ("`make test`, in short", "make-test-in-short"), ("A [link](x.md)", "a-link")],
)
def test_headings_get_the_anchors_of_github(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


def test_repeated_headings_are_numbered(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('# One\n\n## One\n\n<a id="two"></a>\n\n```\n# no heading\n```\n', "utf-8")
    assert anchors(page) == {"one", "one-1", "two"}


def test_every_document_named_by_its_path_has_the_file_and_the_anchor() -> None:
    dead = [
        f"{name_of(path)}: {match[0]}"
        for path in SOURCES
        for match in BY_PATH.finditer(path.read_text("utf-8"))
        if not leads_somewhere(ROOT / match[1], match[2])
    ]
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_no_two_facts_about_the_host_share_a_heading() -> None:
    slugs = [
        slug(heading) for heading in HEADING.findall(FENCED.sub("", (ROOT / "docs/host-api.md").read_text("utf-8")))
    ]
    assert sorted(set(slugs)) == sorted(slugs)


def test_nothing_refers_to_notes_outside_of_the_repository() -> None:
    own = [path for path in SOURCES if not path.name.startswith("examples_")]  # lists as people paste them
    found = [f"{name_of(path)}: {match[0]}" for path in own for match in OUTSIDE.finditer(path.read_text("utf-8"))]
    assert found == []
