"""The database a demo plays in: made anew each time, beside the one that `make serve` keeps.

It stands on the server that the settings name: the embedded Postgres, or that of DATABASE_URL.
Not here: what is in it (`entities.sample`, migrations).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from demo.errors import DemoError

NAME = "writeback_demo"
# Kept as the comment of the database. One without it was not made here, and is not dropped here.
MARK = "Made by `make demo`, which drops it and makes it again."
LOCK = 0x64656D6F  # names the advisory lock: one demo at a time on one server
LOCK_PATIENCE = 120  # seconds to wait for another demo to end

_COMMENT = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"


@contextmanager
def turn() -> Iterator[BaseDatabaseWrapper]:
    """Wait until no other demo runs on this server. Yields a connection to the settings' own database.

    Errors: DemoError when that is the demo's, or another demo does not come to an end.
    """
    if connection.settings_dict["NAME"] == NAME:
        raise DemoError(f"DATABASE_URL names the database {NAME}, which a demo drops. Choose another one.")
    with _lookout() as lookout:
        deadline = time.monotonic() + LOCK_PATIENCE
        while not _one(lookout, "SELECT pg_try_advisory_lock(%s)", LOCK):
            if time.monotonic() > deadline:
                raise DemoError("Another demo is running on this server and does not come to an end.")
            time.sleep(0.2)
        yield lookout


def make_anew(lookout: BaseDatabaseWrapper) -> str:
    """Make the demo's database with tables and sample data; from here on this process works in it. Its URL.

    Errors: DemoError when the server does not let us, or has a database of that name that is not ours.
    """
    exists = _one(lookout, "SELECT count(*) FROM pg_database WHERE datname = %s", NAME)
    if exists and not _is_ours(lookout):
        raise DemoError(f"There is a database {NAME} that no demo has made. Rename it, or use another server.")
    try:
        with lookout.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {NAME} ENCODING 'UTF8' TEMPLATE template0")
            cursor.execute(f"COMMENT ON DATABASE {NAME} IS '{MARK}'")
    except DatabaseError as error:
        raise DemoError(f"The database {NAME} cannot be made on {server_name()}: {error}") from error
    connection.close()
    connection.settings_dict["NAME"] = NAME
    prepare()
    return _url_of_demo()


def last_one() -> str:
    """The URL of the database that the last demo left. Errors: DemoError when there was none."""
    with _lookout() as lookout:
        if not _is_ours(lookout):
            raise DemoError("There is no database of a demo on this server yet. Run `make demo` first.")
    return _url_of_demo()


def prepare() -> None:
    """Bring the tables and the sample data of the current database up to date."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("sample_data", verbosity=0)
    # The server has connections of its own.
    connection.close()
    pooled: Any = connection
    pooled.close_pool()


def server_name() -> str:
    """Where the database stands, for people."""
    return "the server of DATABASE_URL" if settings.DATABASE_URL else "the embedded Postgres"


@contextmanager
def _lookout() -> Iterator[BaseDatabaseWrapper]:
    """A connection to the settings' own database that stays there, outside of any pool."""
    lookout = connection.copy(alias="lookout")
    lookout.settings_dict["OPTIONS"].pop("pool", None)
    try:
        yield lookout
    finally:
        lookout.close()


def _is_ours(lookout: BaseDatabaseWrapper) -> bool:
    return _one(lookout, _COMMENT, NAME) == MARK


def _one(lookout: BaseDatabaseWrapper, query: str, argument: str | int) -> object:
    with lookout.cursor() as cursor:
        cursor.execute(query, [argument])
        row = cursor.fetchone()
    return row[0] if row else None


def _url_of_demo() -> str:
    """Its address, for another process. The embedded server has filled in its own on the first connection."""
    if settings.DATABASE_URL:
        return str(urlsplit(settings.DATABASE_URL)._replace(path=f"/{NAME}").geturl())
    connection.ensure_connection()
    at = connection.settings_dict
    connection.close()
    return f"postgres://{at['USER']}:{quote(at['PASSWORD'], safe='')}@{at['HOST']}:{at['PORT']}/{NAME}"
