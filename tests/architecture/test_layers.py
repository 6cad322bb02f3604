"""The rooms of the project and the arrows between them: imports go down only.

The imports are read from the source, so that an import inside a function or for types counts too. What goes through
Django's settings as text (`SYNC["ACTORS"]`) is the intended way around, and is not seen.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 300  # lines

# Top to bottom. A module may import from its own room and from rooms below; rooms on one level do not know each other.
LEVELS: tuple[tuple[str, ...], ...] = (
    ("config",),
    ("entities",),
    # What Django looks for by name. Nobody imports it but Django.
    ("sync.apps", "sync.management", "sync.migrations", "sync.testing"),
    ("sync.checks",),
    ("sync.api", "sync.admin"),
    ("sync.auth",),
    ("sync.engine", "sync.shapes"),
    ("sync.journal",),
    ("sync.handlers",),
    ("sync.models", "sync.conf", "sync.deletion", "sync.triggers"),
    # Tables of the room above; Django wants every model in sight of `sync.models`.
    ("sync.auth.models",),
    ("sync.protocol",),
)
RANKS = {room: rank for rank, rooms in enumerate(LEVELS) for room in rooms}  # {room: 0 is the highest}

# The protocol is plain Python: a client, a test or another server can use it.
FOREIGN_TO_PROTOCOL = frozenset({"django", "psycopg", "psycopg_pool", "rest_framework", "drf_spectacular", "environ"})


def test_imports_go_down_only() -> None:
    """No room knows one above it or beside it, and every module has a room."""
    sources = _sources("config", "sync", "entities")
    assert len(sources) > 50
    assert list(violations(sources)) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("sync.engine.planted", "import entities.sales.models"),
        ("sync.engine.planted", "from config import settings"),
        ("sync.engine.planted", "from sync.api.problems import Problem"),
        ("sync.engine.planted", "from ..api import problems"),
        ("sync.engine.planted", "def late():\n    from sync import auth"),
        ("sync.api.planted", "from sync.admin.links import link"),
        ("sync.handlers.planted", "from sync.journal.ledger import claim"),
        ("sync.models", "from sync.auth.tokens import issue"),
        ("sync.protocol.planted", "from django.utils import timezone"),
        ("sync.protocol.planted", "import psycopg.errors"),
        ("sync.newroom.planted", "import json"),
        ("entities.planted", "import config.settings"),
    ],
)
def test_a_planted_arrow_is_found(module: str, line: str) -> None:
    """The test above is worth something: it fails on each kind of wrong import."""
    assert list(violations({module: line})) != []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("config.planted", "import sync.api.urls, entities.models"),
        (
            "sync.engine.planted",
            "from sync.engine import planner\nfrom . import resolver\nfrom ..protocol import codes",
        ),
        ("sync.models", "from sync.auth.models import RefreshToken"),
        ("sync.protocol.planted", "import jiter"),
    ],
)
def test_an_allowed_arrow_is_not_found(module: str, line: str) -> None:
    """It fails on nothing else."""
    assert list(violations({module: line})) == []


def test_files_are_short_enough_to_read() -> None:
    """A file that grows over the limit has more than one duty. Migrations only grow as tables do."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for package in ("config", "sync", "entities", "demo", "bench")
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def violations(sources: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each import that points up or sideways. **Shape** of `sources`: {module: its text}."""
    for module, text in sources.items():
        own = _room(module)
        if own is None:
            if "." in module:  # the root packages themselves may be empty and belong to nobody
                yield f"{module} is in no room; give it one in LEVELS"
            continue
        for imported in _imports(module, text):
            other = _room(imported)
            if other is not None and other != own and RANKS[other] <= RANKS[own]:
                yield f"{module} ({own}) imports {imported} ({other})"
            if own == "sync.protocol" and imported.split(".")[0] in FOREIGN_TO_PROTOCOL:
                yield f"{module} imports {imported}"


def _room(module: str) -> str | None:
    """The innermost room a module is in, None for what is not ours."""
    parts = module.split(".")
    candidates = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((candidate for candidate in candidates if candidate in RANKS), None)


def _imports(module: str, text: str) -> Iterator[str]:
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            # `from sync import api` names a room as much as `import sync.api` does.
            yield from (f"{base}.{name.name}" for name in node.names)


def _sources(*packages: str) -> dict[str, str]:
    """Every module of the packages. A package's own text is called `package.__init__`, so that `.` means itself."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text()
        for package in packages
        for path in (ROOT / package).rglob("*.py")
        if path != ROOT / package / "__init__.py"
    }
