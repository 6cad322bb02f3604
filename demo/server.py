"""The real server as a child process: granian over `config.wsgi`, the same command as in production.

Not here: its database (`database`), and what is asked of it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from demo.errors import DemoError

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent
# Of each worker: no more than its pool has connections, nor than granian advises for this machine.
THREADS = min(16, 2 * (os.cpu_count() or 1) + 1)
START_PATIENCE = 30  # seconds until it must answer
STOP_PATIENCE = 10  # seconds a worker may take for its last answer
LOG_LINES = 15  # of the server's log that are shown when something went wrong


@contextmanager
def running(port: int, *, workers: int, environment: Mapping[str, str], quiet: bool) -> Iterator[Server]:
    """Start the server, wait until it answers, and stop it at the end, whatever happens in between.

    A quiet one writes into a file; the end of it is part of an error's message.
    """
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [
                *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(port)),
                *("--workers", str(workers), "--blocking-threads", str(THREADS), "--no-ws", "config.wsgi:application"),
            ],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log if quiet else None,
            stderr=subprocess.STDOUT if quiet else None,
            start_new_session=True,  # a Ctrl-C reaches us alone; then we stop it
        )
        server = Server(process, f"http://{HOST}:{port}")
        try:
            server.wait_until_it_answers()
            yield server
        except DemoError as error:
            if not quiet:
                raise
            log.seek(0)
            tail = "".join(log.readlines()[-LOG_LINES:])
            raise DemoError(f"{error}\n\nThe last lines of the server's log:\n{tail}") from error
        finally:
            server.stop()


class Server:
    """A server that runs until it is stopped."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self._process = process
        self.url = url

    def wait_until_it_answers(self) -> None:
        """Errors: DemoError when it ends, or does not answer in time."""
        deadline = time.monotonic() + START_PATIENCE
        while not self._answers():
            if self._process.poll() is not None:
                raise DemoError(f"The server ended with exit code {self._process.returncode}.")
            if time.monotonic() > deadline:
                raise DemoError(f"The server did not answer within {START_PATIENCE} seconds.")
            time.sleep(0.05)

    def wait(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """Ask it to end; after a while, do not ask any more."""
        self._process.terminate()
        try:
            self._process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # its own session: itself and its workers
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen there. A connection of before that is still closing does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
