"""The database a demo plays in: made anew each time, beside the one that `make serve` keeps.

It stands on the server that the settings name: the embedded Postgres, or that of DATABASE_URL.
Not here: what is in it (`entities.sample`, migrations).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from demo.errors import DemoError

NAME = "writeback_demo"
# Kept as the comment of the database. One without it was not made here, and is not dropped here.
MARK = "Made by `make demo`, which drops and makes it again."
LOCK = 0x64656D6F  # names the advisory lock: one demo at a time on one server
LOCK_PATIENCE = 60  # seconds to wait for another demo to end

_COMMENT = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"


@contextmanager
def fresh() -> Iterator[str]:
    """Make the demo's database with its tables and sample data. Yields the URL for the server under it.

    Errors: DemoError when the server does not let us, or has a database of that name that is not ours.
    """
    home = _url_of(connection.settings_dict["NAME"])
    if connection.settings_dict["NAME"] == NAME:
        raise DemoError(f"DATABASE_URL names the database {NAME}, which a demo drops. Choose another one.")
    with psycopg.connect(home, autocommit=True) as lookout:
        _wait_for_turn(lookout)
        _recreate(lookout)
        _move_to(NAME)
        prepare()
        yield _url_of(NAME)


def last_one() -> str:
    """The URL of the database that the last demo left. Errors: DemoError when there was none."""
    with psycopg.connect(_url_of(connection.settings_dict["NAME"])) as lookout:
        if not _is_ours(lookout):
            raise DemoError("There is no database of a demo on this server yet. Run `make demo` first.")
    return _url_of(NAME)


def prepare() -> None:
    """Bring the tables and the sample data of the current database up to date."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("sample_data", verbosity=0)


def server_name() -> str:
    """Where the database stands, for people."""
    return "the server of DATABASE_URL" if settings.DATABASE_URL else "the embedded Postgres"


def _wait_for_turn(lookout: psycopg.Connection) -> None:
    deadline = time.monotonic() + LOCK_PATIENCE
    while not _one(lookout, "SELECT pg_try_advisory_lock(%s)", LOCK):
        if time.monotonic() > deadline:
            raise DemoError("Another demo is running on this server and does not come to an end.")
        time.sleep(0.2)


def _recreate(lookout: psycopg.Connection) -> None:
    name = sql.Identifier(NAME)
    exists = _one(lookout, "SELECT count(*) FROM pg_database WHERE datname = %s", NAME)
    if exists and not _is_ours(lookout):
        raise DemoError(f"There is a database {NAME} that no demo has made. Rename it, or use another server.")
    try:
        lookout.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        lookout.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(name))
        lookout.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(MARK)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise DemoError("The role of DATABASE_URL may not create databases, and a demo needs its own.") from error


def _is_ours(lookout: psycopg.Connection) -> bool:
    return _one(lookout, _COMMENT, NAME) == MARK


def _one(lookout: psycopg.Connection, query: str, argument: object) -> object:
    row = lookout.execute(query, [argument]).fetchone()
    return row[0] if row else None


def _move_to(name: str) -> None:
    """From here on this process works in that database, as Django's test runner does it."""
    connection.close()
    connection.close_pool()
    connection.settings_dict["NAME"] = name


def _url_of(name: str) -> str:
    """The address of a database on the server of the settings. Connecting first starts the embedded one."""
    if settings.DATABASE_URL:
        return urlsplit(settings.DATABASE_URL)._replace(path=f"/{quote(name)}").geturl()
    connection.ensure_connection()
    at = connection.settings_dict
    return f"postgres://{at['USER']}:{quote(at['PASSWORD'])}@{at['HOST']}:{at['PORT']}/{quote(name)}"
