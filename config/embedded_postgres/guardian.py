"""A small program of its own: wait until nobody uses the server any more, then stop it.

`guardian.py USERS_LOCK GUARDIAN_DESCRIPTOR UID|- STOP COMMAND…`. It imports nothing but the standard library, and not
this package, so that it starts in a few milliseconds and costs little memory while it waits.
"""

import fcntl
import os
import subprocess
import sys
from typing import Any


def main(users_lock: str, on_duty: int, uid: int | None, stop_command: list[str]) -> None:
    users = os.open(users_lock, os.O_RDWR)
    fcntl.flock(users, fcntl.LOCK_EX)
    # From here on a newcomer waits for its shared lock until we are gone.
    if _is_still_there(users, users_lock):
        identity: dict[str, Any] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
        subprocess.run(stop_command, check=False, **identity)
    # First off duty, then let newcomers in: they would otherwise think that they are guarded.
    os.close(on_duty)
    os.close(users)


def _is_still_there(descriptor: int, path: str) -> bool:
    """Whoever deleted the data directory with its locks may have begun a new one, which is not ours to stop."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))  # noqa: PTH116 - pathlib costs half the start
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), None if sys.argv[3] == "-" else int(sys.argv[3]), sys.argv[4:])
