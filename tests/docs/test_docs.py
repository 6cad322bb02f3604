"""The documentation names everything there is, and nothing that is not."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from sync.auth.conf import AuthConf
from sync.conf import Conf
from sync.handlers.registry import registry
from sync.protocol.codes import CODES, ProblemCode

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
PROMISES = [f"P{number:02}" for number in range(1, 33)]


def text(name: str) -> str:
    return (DOCS / name).read_text()


def headings(page: str) -> list[str]:
    return re.findall(r"^### `([a-z_]+)`$", text(page), re.MULTILINE)


def promised_by_tests() -> set[str]:
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return {promise for source in sources for promise in re.findall(r'promise\("(P\d\d)"\)', source)}


def states() -> dict[str, str]:
    """{promise: held, in part or open} as docs/spec.md says."""
    return dict(re.findall(r"^\| (P\d\d) \|.*\| \*?(held|in part|open)\b", text("spec.md"), re.MULTILINE))


def test_every_code_has_a_heading_and_every_heading_a_code():
    """A client developer who meets a code finds what to do about it."""
    domain = {code for handler in registry for code in handler.codes}
    assert set(headings("errors.md")) == set(CODES) | set(ProblemCode) | domain


def test_no_code_is_documented_twice():
    """One heading per code."""
    found = headings("errors.md")
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", [f.name for f in (*fields(Conf), *fields(AuthConf))])
def test_every_key_of_our_settings_is_documented(name):
    """Name, default and reason stand in docs/settings.md."""
    assert f"| `{name}` |" in text("settings.md")


def test_every_variable_of_the_environment_is_documented():
    """Whoever deploys reads one page."""
    sources = [ROOT / "config" / "settings.py", *(ROOT / "config" / "embedded_postgres").glob("*.py")]
    read = {
        name
        for source in sources
        for name in re.findall(r'(?:env\.\w+|os\.environ\.get)\(\s*"([A-Z_]+)"', source.read_text())
    }
    assert read
    assert [name for name in sorted(read) if f"| `{name}` |" not in text("settings.md")] == []


def test_every_promise_has_a_state():
    """Gaps are visible: a promise is held, held in part, or open."""
    assert sorted(states()) == PROMISES


def test_a_promise_is_named_by_a_test_exactly_when_it_is_not_open():
    """The page and the tests are kept in step, both ways."""
    claimed = {promise for promise, state in states().items() if state != "open"}
    assert claimed == promised_by_tests()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    """No page points to a file that is not there."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_examples_are_python(page):
    """What a reader copies at least compiles."""
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        source = block if not block.startswith("    ") else "class _:\n" + block
        ast.parse(source)


def test_files_that_the_docs_name_exist():
    """Paths in backticks are real."""
    named = {
        path
        for page in PAGES
        for path in re.findall(r"`((?:sync|entities|config|tests|demo|bench)/[\w/.]+)`", page.read_text())
    }
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_commands_of_the_readme_are_targets_of_the_makefile():
    """A newcomer types what is written."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    typed = {target for page in PAGES for target in re.findall(r"\bmake ([a-z]+)\b(?= |`|\n)", page.read_text())}
    assert {"demo", "test", "serve", "help"} <= typed & targets
