"""A data directory and processes for the tests of the embedded Postgres."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from config.embedded_postgres import binaries
from config.embedded_postgres.place import CHECKOUT
from config.embedded_postgres.server import read_pid_file

NOBODY = 65534
PATIENCE = 30  # seconds

# A process that uses the server until its standard input is closed.
STAY = """
import sys
from config.embedded_postgres.launcher import launcher
print(launcher.address().port, flush=True)
sys.stdin.read()
"""

# Django on the embedded Postgres and nothing else; `reached()` is the pid of the backend that answers.
DJANGO = """
import os, signal, sys, time, django
from django.conf import settings
pool = {"min_size": 1, "max_size": 2, "timeout": 3}
settings.configure(USE_TZ=True, DATABASES={"default": {
    "ENGINE": "config.embedded_postgres", "NAME": "writeback", "CONN_HEALTH_CHECKS": True, "OPTIONS": {"pool": pool},
}})
django.setup()
from django.db import connection
from config.embedded_postgres.server import read_pid_file
def reached():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]
"""


class Ground:
    """A directory for data, and the processes that use it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / f"{major()}-fast"
        self.users: list[subprocess.Popen[str]] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "COV_"))},
            "PYTHONPATH": str(CHECKOUT),
            "EMBEDDED_POSTGRES_DATA": str(home),
            "EMBEDDED_POSTGRES_FAST": "1",
        }

    def start(self, code: str = STAY, *, python: str = sys.executable) -> subprocess.Popen[str]:
        """Start a process that uses the server, without waiting for it."""
        user = subprocess.Popen(
            [python, "-c", code],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home,
        )
        self.users.append(user)
        return user

    def enter(self, **options: str) -> tuple[subprocess.Popen[str], int]:
        """Start a process that stays, and return it with the port it was told."""
        user = self.start(**options)
        return user, port_told_by(user)

    def run(self, code: str) -> str:
        """Run a process to its end and return what it printed."""
        out, err = self.start(code).communicate(timeout=PATIENCE)
        assert self.users[-1].returncode == 0, err
        return out.strip()

    def postmaster(self) -> int:
        found = read_pid_file(self.data)
        assert found is not None
        return found.pid

    def wait_until_stopped(self) -> None:
        _wait(lambda: not (self.data / "postmaster.pid").exists() and self._is_unguarded(), "the server to stop")

    def _is_unguarded(self) -> bool:
        with self.data.with_name(f"{self.data.name}.guardian.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def clear(self) -> None:
        for user in self.users:
            user.kill()
            user.communicate()
        with suppress(AssertionError, FileNotFoundError):
            self.wait_until_stopped()
        left = read_pid_file(self.data)
        if left is not None:
            with suppress(ProcessLookupError):
                os.kill(left.pid, signal.SIGQUIT)


@contextmanager
def new_ground() -> Iterator[Ground]:
    # Not pytest's own directory: that one is closed to other users, and some of the tests are about them.
    home = Path(tempfile.mkdtemp(prefix="embedded-"))
    home.chmod(0o755)
    ground = Ground(home)
    yield ground
    ground.clear()
    shutil.rmtree(home)


def major() -> int:
    return binaries.find(None).major


def port_told_by(user: subprocess.Popen[str]) -> int:
    assert user.stdout is not None
    line = user.stdout.readline()
    assert line, user.stderr.read() if user.stderr else ""
    return int(line)


def leave(user: subprocess.Popen[str]) -> None:
    assert user.stdin is not None
    user.stdin.close()
    user.stdin = None
    user.wait(PATIENCE)


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def can_be_run_by_nobody(python: str) -> bool:
    try:
        return (
            subprocess.run(
                [python, "-c", ""], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", check=False
            ).returncode
            == 0
        )
    except OSError:
        return False
