"""The signing key of a development machine. Production reads its key from the environment and never comes here."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key


def development_key(path: Path) -> str:
    """Return the key kept in `path`, made on first use.

    It is kept because tokens and sessions must outlive a restart, and every worker must sign with the same key.
    """
    if not path.exists():
        # Linked into place complete: a process that starts at the same moment reads a whole key or makes none.
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(get_random_secret_key())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()
