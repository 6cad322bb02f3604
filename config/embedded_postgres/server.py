"""The running server of a cluster: is it up, bring it up, and the command that takes it down.

It decides nothing about who else uses it; `presence` does. Callers of `bring_up` hold the cluster's start lock.
"""

import logging
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import ports
from .cluster import Cluster
from .errors import EmbeddedPostgresError

log = logging.getLogger(__name__)

# Seconds. After a crash the old server's children may need a moment to leave the shared memory.
START_PATIENCE = 15
STOP_PATIENCE = 60

# Bytes of the server's log that are kept when it starts.
LOG_LIMIT = 10_000_000

SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",  # their paths are limited to 107 bytes, and a checkout's may be longer
    "wal_level": "logical",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",  # test workers, each with a pool, and a server beside them
    "client_connection_check_interval": "1s",  # a statement nobody waits for any more is given up
}

# Not `synchronous_commit`: what is committed must be in the write-ahead log at once, for readers of the stream.
FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server of one cluster, running or not."""

    cluster: Cluster
    fast: bool

    def is_running(self) -> bool:
        """Tell whether our server answers. Its pid alone proves nothing: pids are used again."""
        postmaster = read_pid_file(self.cluster.data)
        if postmaster is None or not _is_postgres_of(postmaster.pid, self.cluster.data):
            return False
        probe = [self.cluster.lodging.binaries["pg_isready"], "-h", ports.HOST, "-p", str(postmaster.port), "-t", "3"]
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0

    def bring_up(self) -> int:
        """Start the server unless it runs, and return its port.

        **Errors**: `EmbeddedPostgresError` with the end of the server's log when it does not come up in time.
        """
        deadline = time.monotonic() + START_PATIENCE
        while not self.is_running():
            complaint = self._try_to_start()
            if complaint and time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"The embedded Postgres in {self.cluster.data} does not start:\n{complaint}\n{self._log_tail()}"
                )
            if complaint:
                time.sleep(0.2)
        postmaster = read_pid_file(self.cluster.data)
        if postmaster is None:
            raise EmbeddedPostgresError(f"The embedded Postgres in {self.cluster.data} stopped as soon as it ran.")
        return postmaster.port

    def stop_command(self) -> list[str]:
        """The command that stops the server, to be run as the cluster's identity."""
        return [
            *self.cluster.lodging.identity.prefix,
            *(self.cluster.lodging.binaries["pg_ctl"], "stop", "-D", str(self.cluster.data)),
            *("-m", "fast", "-w", "-t", str(STOP_PATIENCE)),
        ]

    def _try_to_start(self) -> str:
        """Start the server; the answer is empty when it runs, else what pg_ctl had to say."""
        _remove_stale_pid_file(self.cluster.data)
        self._trim_log()
        port = ports.choose(self.cluster.port)
        self.cluster.remember_port(port)
        settings = {**SETTINGS, "port": str(port), **(FAST_SETTINGS if self.fast else {})}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        result = self.cluster.lodging.identity.run(
            [
                self.cluster.lodging.binaries["pg_ctl"],
                *("start", "-D", str(self.cluster.data), "-l", str(self.cluster.log_file)),
                *("-o", shlex.join(options), "-w", "-t", str(START_PATIENCE)),
            ]
        )
        return "" if result.returncode == 0 else (result.stderr or result.stdout).strip()

    def _trim_log(self) -> None:
        log_file = self.cluster.log_file
        if log_file.exists() and log_file.stat().st_size > LOG_LIMIT:
            log_file.unlink()

    def _log_tail(self) -> str:
        try:
            return "\n".join(self.cluster.log_file.read_text(errors="replace").splitlines()[-15:])
        except OSError:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmaster:
    """What a running server writes about itself into `postmaster.pid`."""

    pid: int
    port: int


def read_pid_file(data: Path) -> Postmaster | None:
    """Return what `postmaster.pid` says, None when it is missing or not complete."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return Postmaster(pid=int(lines[0]), port=int(lines[3]))
    except (OSError, ValueError, IndexError):
        return None


def _remove_stale_pid_file(data: Path) -> None:
    # Postgres itself sees through a dead pid. It does not see through one that now belongs to another program, which
    # is usual after a container has been restarted.
    postmaster = read_pid_file(data)
    if postmaster is not None and not _is_postgres_of(postmaster.pid, data):
        log.warning("Removing a stale postmaster.pid from %s.", data)
        (data / "postmaster.pid").unlink(missing_ok=True)


def _is_postgres_of(pid: int, data: Path) -> bool:
    """Tell whether `pid` is a Postgres that works in `data`; a doubt counts as yes."""
    if "postgres" not in _command_name(pid):
        return False
    try:
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:  # no /proc, or a process that we may not look into
        return True


def _command_name(pid: int) -> str:
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/comm").read_text()
        except OSError:
            return ""
    probe = ["ps", "-p", str(pid), "-o", "comm="]
    return subprocess.run(probe, capture_output=True, text=True, check=False).stdout
