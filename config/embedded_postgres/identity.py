"""Who runs the server. Postgres refuses to run as root, so root runs it under another identity.

It never changes the mode or owner of anything it did not create itself.
"""

import logging
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import binaries as binaries_
from .binaries import Binaries
from .errors import EmbeddedPostgresError
from .place import Place

log = logging.getLogger(__name__)

NOBODY = 65534  # the user and group id that no file belongs to, by convention of every Linux


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How a command of the server is run: with a prefix, or as another user id, or as we are."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, out of reach of a Ctrl-C in our terminal, and return what it said."""
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.uid, "extra_groups": []}
        result: subprocess.CompletedProcess[str] = subprocess.run(
            [*self.prefix, *command],
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
            cwd="/",  # our own directory may be closed to the other user
            start_new_session=True,
            **options,
        )
        return result

    def allows(self, *test: str) -> bool:
        """Tell whether `test`, a check of test(1) such as `-w path`, holds for this identity."""
        try:
            return self.run(["test", *test]).returncode == 0
        except OSError:  # no such command, or we may not change the user id
            return False


OURSELVES = Identity()
# Root of its own namespace, nobody inside: files stay root's, so any directory of root will do, even below /root.
MAPPED = Identity(prefix=("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"))
# Where namespaces are forbidden (most containers): another user id, which needs files of its own.
DROPPED = Identity(uid=NOBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lodging:
    """An identity, a home it can write to, and binaries it can execute."""

    identity: Identity
    home: Path
    binaries: Binaries


def settle(place: Place, binaries: Binaries) -> Lodging:
    """Choose the first identity and home that fit together.

    **Errors**: `EmbeddedPostgresError` when none do; the message names the directories tried.
    """
    for identity in _candidates():
        for home in _homes(place, identity):
            if _prepare(home, identity):
                if not home.is_relative_to(place.homes[0]):
                    log.warning("The embedded Postgres keeps its data in %s: its user cannot reach the checkout.", home)
                return Lodging(identity=identity, home=home, binaries=_executable(binaries, identity, home))
    raise EmbeddedPostgresError(
        f"The embedded Postgres found no directory it can write to; tried {', '.join(map(str, place.homes))}. "
        "Set EMBEDDED_POSTGRES_DATA to a directory of your own, or DATABASE_URL to a running server."
    )


def _candidates() -> list[Identity]:
    if os.geteuid() != 0:
        return [OURSELVES]
    return [MAPPED, DROPPED] if MAPPED.allows("-d", "/") else [DROPPED]


def _homes(place: Place, identity: Identity) -> tuple[Path, ...]:
    if identity.uid is None:
        return place.homes
    # Files of another owner: a home of their own, so that the data of one mode never meets the other.
    return tuple(home / "nobody" for home in place.homes)


def _prepare(home: Path, identity: Identity) -> bool:
    """Create `home` where it is missing and tell whether the identity can write to it."""
    try:
        if not home.exists():
            _create(home, identity)
    except OSError:
        return False
    return identity.allows("-w", str(home), "-a", "-x", str(home))


def _create(home: Path, identity: Identity) -> None:
    for path in reversed([path for path in home.parents if not path.exists()]):
        _make_passable(path)
    # Renamed when it is complete: a process that starts beside us must not find it with the wrong owner.
    fresh = home.with_name(f"{home.name}.{os.getpid()}")
    _make_passable(fresh)
    if identity.uid is not None:
        os.chown(fresh, identity.uid, identity.uid)
    try:
        fresh.rename(home)
    except OSError:  # somebody was faster, and has begun to use it
        fresh.rmdir()


def _make_passable(path: Path) -> None:
    path.mkdir(exist_ok=True)
    # Under a strict umask the other user could not pass through; what is private lies deeper, in mode 700.
    path.chmod(0o755)


def _executable(binaries: Binaries, identity: Identity, home: Path) -> Binaries:
    if identity.allows("-x", binaries["initdb"]):
        return binaries
    return binaries_.copied_to(home, binaries)


def _environment() -> dict[str, str]:
    # A PGPORT or PGOPTIONS meant for some other server must not reach this one; messages in one language.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}
