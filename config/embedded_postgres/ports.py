"""Choosing a TCP port for the server. It remembers nothing; `cluster` does."""

import random
import socket
from pathlib import Path

from .errors import EmbeddedPostgresError

HOST = "127.0.0.1"

_LOWEST = 15_000  # above the ports that well-known servers use
_KERNEL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def choose(remembered: int | None) -> int:
    """Return the remembered port when it is free, else a free one below the ephemeral range.

    Below it, because the kernel hands ephemeral ports to outgoing connections, and one of those could sit on ours
    when the server comes back.
    """
    if remembered is not None and _is_free(remembered):
        return remembered
    highest = _ephemeral_start()
    lowest = _LOWEST if highest > _LOWEST + 1_000 else 1_024
    candidates = range(lowest, max(highest, lowest + 1_000))
    for port in random.sample(candidates, k=min(200, len(candidates))):
        if _is_free(port):
            return port
    raise EmbeddedPostgresError(f"No free port was found between {candidates.start} and {candidates.stop}.")


def _ephemeral_start() -> int:
    try:
        return int(_KERNEL_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Postgres does: a connection in TIME_WAIT does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
