"""The batch's transaction: how it begins, its savepoints, and the proof that it is still whole.

Not here: what runs inside it, and when it is tried again (`engine`).
Source: Postgres manual, "SET CONSTRAINTS", "Client Connection Defaults"; Django's `transaction.atomic`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn
from uuid import UUID

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

from sync.conf import conf
from sync.engine.errors import BrokenTransaction

TENANT_SETTING = "sync.tenant"  # read by row-level security and verified around every savepoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One transaction of one batch."""

    txid: int  # 32-bit, as it arrives on the replication stream
    tenant_id: UUID


class Meddling(Exception):
    """A handler touched what belongs to the engine: the transaction, its settings, or swallowed an error."""


def begin(tenant_id: UUID, *, lock_timeout_ms: int | None = None) -> Session:
    """Set the time-outs and the tenant for this transaction only, and learn its id. One statement, and one more.

    Constraints are checked at once from here on, so that a bad foreign key fails its own operation and never
    the commit, wherever in the batch it stands.
    """
    settings = {
        TENANT_SETTING: str(tenant_id),
        "lock_timeout": f"{lock_timeout_ms or conf().LOCK_TIMEOUT_MS}ms",
        "statement_timeout": f"{conf().STATEMENT_TIMEOUT_MS}ms",
        "idle_in_transaction_session_timeout": f"{conf().IDLE_TIMEOUT_MS}ms",
        "client_connection_check_interval": "1s",
    }
    with connection.cursor() as cursor:
        if cursor.connection.info.server_version >= 170_000:
            settings["transaction_timeout"] = f"{conf().TRANSACTION_TIMEOUT_MS}ms"
        calls = ", ".join("set_config(%s, %s, true)" for _ in settings)
        cursor.execute(
            # ::xid is the 32-bit id of the top-level transaction; xid has no cast to a number but through text
            f"SELECT pg_current_xact_id()::xid::text::bigint, {calls}",
            [part for pair in settings.items() for part in pair],
        )
        txid = cursor.fetchone()[0]
    require_immediate_constraints()
    return Session(txid=txid, tenant_id=tenant_id)


def require_immediate_constraints() -> None:
    """Check what was deferred, and defer nothing from here on. Errors: IntegrityError of a deferred constraint."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """The border inside which one operation or group can fail alone.

    Errors: BrokenTransaction when the connection or the transaction is gone: Django's nested `atomic()` would
    leave in silence, and a commit of nothing would be answered as applied. Meddling when a handler left the
    transaction in another state than it found it.
    """
    with transaction.atomic():
        with _same_blocks():
            yield
        check_intact()


@contextmanager
def _same_blocks() -> Iterator[None]:
    """Blocks that a handler opened and left open would take the place of ours: ours would never be closed, and the
    batch never committed. Put back what was, and the rollback to our savepoint ends theirs.

    Errors: Meddling when there was something to put back.
    """
    savepoints, blocks = connection.savepoint_ids, connection.atomic_blocks
    ours = (list(savepoints), list(blocks))
    try:
        yield
    finally:
        changed = (savepoints, blocks) != ours
        savepoints[:], blocks[:] = ours
    if changed:
        raise Meddling("a block was opened and not closed, or closed and not opened")


def check_after_handler(session: Session) -> None:
    """What one operation's handler left behind, so that nothing of it is blamed on the next of its group.

    Errors: those of `check_intact` and `check_settings`; IntegrityError of a constraint that the handler deferred.
    """
    check_intact()
    require_immediate_constraints()
    check_settings(session)


def check_intact() -> None:
    """Errors: BrokenTransaction when it is gone, Meddling when an error in it was swallowed."""
    if connection.connection is None or connection.closed_in_transaction or connection.connection.closed:
        raise BrokenTransaction("the connection closed inside the transaction")
    status = connection.connection.info.transaction_status
    if status == TransactionStatus.INERROR:
        raise Meddling("an error of the database was swallowed")
    if status != TransactionStatus.INTRANS:
        raise BrokenTransaction(f"the transaction ended early: {status.name}")
    if connection.needs_rollback:
        raise Meddling("the transaction was marked for rollback")


def check_settings(session: Session) -> None:
    """Errors: Meddling when the tenant setting is no longer this batch's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [TENANT_SETTING])
        if cursor.fetchone()[0] != str(session.tenant_id):
            raise Meddling("the tenant setting was changed")


# Statements that end the transaction, outlive it in the pool, or take the lock that NOTIFY holds through a commit.
# Savepoints of nested atomic() are welcome, and so is set_config() with a plain `true` for its third argument.
_FORBIDDEN = re.compile(
    r"""(?:^|;)\s*(?:
        commit | end | abort | rollback(?!\s+(?:work\s+|transaction\s+)?to\b) | begin | start\s+transaction
      | prepare\s+transaction | discard | reset | listen | unlisten | notify
      | set\s+(?!local\b|constraints\b)
    )\b | \bpg_notify\s*\( | \bset_config\s*\((?!(?:[^;()]|\([^()]*\))*,\s*true\s*\))""",
    re.IGNORECASE | re.VERBOSE,
)
# Comments, and quoted text: the body of a DO block has semicolons and ENDs of its own.
_COMMENTS = re.compile(r"/\*.*?\*/|--[^\n]*|\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", re.DOTALL)
_SAVEPOINT = re.compile(r"\bs\d+_x\d+\b")  # as Django names them


@contextmanager
def handlers_only() -> Iterator[None]:
    """While code of a handler runs: it may use the database, but not end the transaction or set the session.

    The driver's own `commit()` and `rollback()` are out of reach too: a half committed batch cannot be taken back.
    """
    driver = connection.connection
    ours = frozenset(filter(None, connection.savepoint_ids))
    driver.commit = driver.rollback = _refuse
    try:
        with connection.execute_wrapper(partial(_execute_for_handler, ours)):
            yield
    finally:
        with suppress(AttributeError):
            del driver.commit, driver.rollback


@contextmanager
def no_queries() -> Iterator[None]:
    """While old payloads are lifted: outside any savepoint, an error of the database would end the whole batch."""
    with connection.execute_wrapper(_execute_never):
        yield


def _execute_never(*_: Any) -> NoReturn:
    raise Meddling("an upgrade is a pure function of the payload; it may not ask the database")


def _refuse() -> NoReturn:
    raise Meddling("a handler may not end the transaction or change the session")


def _execute_for_handler(ours: frozenset[str], execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
    text = sql if isinstance(sql, str) else sql.as_string(connection.connection)
    if _FORBIDDEN.search(_COMMENTS.sub(" ", text)) or not ours.isdisjoint(_SAVEPOINT.findall(text)):
        _refuse()
    return execute(sql, *rest)
