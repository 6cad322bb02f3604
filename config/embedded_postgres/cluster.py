"""The files of one Postgres cluster: creating them whole or not at all, and what is remembered inside them.

It starts no server; `server` does.
"""

import logging
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from .errors import EmbeddedPostgresError
from .identity import Lodging

log = logging.getLogger(__name__)

# The role of the application is no superuser: row-level security must bind it as it does in production.
ROLE = "writeback"
DATABASE = "writeback"
SUPERUSER = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A data directory, and who may touch it."""

    lodging: Lodging
    data: Path

    @property
    def log_file(self) -> Path:
        return self.data / "server.log"

    @property
    def password(self) -> str:
        return (self.data / "writeback.password").read_text().strip()

    @property
    def port(self) -> int | None:
        """The port of the last start, wanted again because other processes and people remember it."""
        try:
            return int((self.data / "writeback.port").read_text())
        except (OSError, ValueError):
            return None

    def remember_port(self, port: int) -> None:
        (self.data / "writeback.port").write_text(str(port))

    def create(self) -> None:
        """Make the data directory where there is none.

        It grows in a side directory and is renamed when it is complete: an interrupted first start leaves no half
        cluster, only a side directory that the next start removes.
        """
        if self.data.exists():
            return
        log.info("Creating a Postgres %d cluster in %s.", self.lodging.binaries.major, self.data)
        side = self.data.with_name(f"{self.data.name}.unfinished")
        shutil.rmtree(side, ignore_errors=True)
        password_file = self.data.with_name(f"{self.data.name}.password")
        try:
            self._write_private(password_file, secrets.token_urlsafe(24))
            self._run_initdb(side, password_file)
            self._create_role_and_database(side, password_file.read_text())
            password_file.rename(side / "writeback.password")
            side.rename(self.data)
        finally:
            password_file.unlink(missing_ok=True)

    def _write_private(self, path: Path, text: str) -> None:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        uid = self.lodging.identity.uid
        if uid is not None:
            os.chown(path, uid, uid)

    def _run_initdb(self, side: Path, password_file: Path) -> None:
        # From 17 on: the builtin provider sorts the same everywhere, whatever happens to the system's C library.
        builtin = ["--locale-provider=builtin"] if self.lodging.binaries.major >= 17 else []
        self._run(
            self.lodging.binaries["initdb"],
            f"--pgdata={side}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *builtin,
            "--locale=C.UTF-8",
            "--no-instructions",
        )

    def _create_role_and_database(self, side: Path, password: str) -> None:
        # Single-user mode: one statement a line, and no server that another process could find half ready.
        # CREATEDB is for test databases, REPLICATION for readers of the write-ahead log. The password is our own token.
        statements = (
            f"CREATE ROLE {ROLE} LOGIN CREATEDB REPLICATION PASSWORD '{password}'\n"
            f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n"
        )
        self._run(self.lodging.binaries["postgres"], "--single", "-D", str(side), "postgres", typed=statements)

    def _run(self, *command: str, typed: str | None = None) -> None:
        result = self.lodging.identity.run(command, input=typed)
        if result.returncode != 0 or (typed and "ERROR:" in result.stderr):
            raise EmbeddedPostgresError(
                f"{Path(command[0]).name} could not create a cluster in {self.data}:\n{result.stderr.strip()}"
            )
