"""Who uses the server: every process holds a shared lock, and a guardian outside of them waits for the last to leave.

Locks, because the kernel gives them back however a process ends, `kill -9` included; and because forked workers keep
the one of their parent. The locks are files beside the data directory; they are never deleted.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import guardian


class Presence:
    """The locks of one data directory."""

    def __init__(self, data: Path) -> None:
        self._users = data.with_name(f"{data.name}.users.lock")
        self._start = data.with_name(f"{data.name}.start.lock")
        self._guardian = data.with_name(f"{data.name}.guardian.lock")

    def enter(self) -> None:
        """Become a user, until this process and all its forks are gone. Waits while a guardian stops the server."""
        # Never closed on purpose: the descriptor is the presence.
        fcntl.flock(_open(self._users), fcntl.LOCK_SH)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Be the only process that looks at the server and starts it."""
        descriptor = _open(self._start)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def post_guardian(self, stop_command: list[str], uid: int | None) -> None:
        """Start a guardian unless one is on duty. It runs `stop_command` when the last user is gone."""
        descriptor = _open(self._guardian)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            # The lock goes over with the descriptor: there is no moment in which two guardians could start.
            # A session of its own: a Ctrl-C for us must not reach it.
            subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", guardian.__file__),
                    *(str(self._users), str(descriptor), "-" if uid is None else str(uid)),
                    *stop_command,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                pass_fds=[descriptor],
            ).returncode = 0  # it outlives us, and nobody waits for it
        finally:
            os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
