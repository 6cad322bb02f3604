"""What an exception means: this operation's fault, the database's passing trouble, or a bug of ours.

Not here: which columns a broken constraint concerns (`constraints`), retries (`engine`).
Source: Postgres manual, appendix "Error Codes".
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from enum import Enum

import psycopg
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.db.utils import Error as DatabaseErrorBase

PERMANENT_CLASSES = ("22", "23")
PERMANENT_STATES = frozenset({"42501"})
TRANSIENT_CLASSES = ("08", "53")
TRANSIENT_STATES = frozenset({"40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "57P04", "57P05"})
TRANSIENT_STATES |= {"25P03", "25P04"}  # idle-in-transaction and transaction time-outs


class Fault(Enum):
    """Whose trouble an exception is."""

    PERMANENT = "permanent"  # this operation's: rejected, go on
    TRANSIENT = "transient"  # the database's, passing: roll the batch back and try it again
    OURS = "ours"  # a bug in a handler or here: the operation failed, log a trace
    FATAL = "fatal"  # the process's own: never an operation's, the batch is aborted

    @property
    def ends_the_batch(self) -> bool:
        """Whether it is answered for the batch as a whole, and never for one operation."""
        return self in {Fault.TRANSIENT, Fault.FATAL}


class BrokenTransaction(Exception):
    """The transaction is no longer the one this batch began; nothing of it may be reported as applied."""


class ClientBusy(BrokenTransaction):
    """Another batch of the same client runs longer than the lock time-out."""


class CopyInFlight(Exception):
    """A copy of an operation of this batch is still running in another transaction after the wait limit."""


def sqlstate_of(error: BaseException) -> str | None:
    """The five-character state that Postgres gave, looked up through Django's wrapping."""
    for candidate in (error, error.__cause__):
        if state := getattr(candidate, "sqlstate", None):
            return str(state)
    return None


def classify(error: BaseException) -> Fault:
    """Whose trouble it is. The caller re-raises what `ends_the_batch` beyond its savepoint.

    Passing trouble stays what it is when a handler catches it and raises something else: a rejection would last.
    """
    if isinstance(error, MemoryError):
        return Fault.FATAL
    if any(_is_transient(reason) for reason in _reasons(error)):
        return Fault.TRANSIENT
    if isinstance(error, _DATABASE_ERRORS):
        return _classify_database(error)
    if isinstance(error, ValidationError | TypeError | UnicodeError | OverflowError):
        return Fault.PERMANENT
    return Fault.OURS


def trace_of(error: BaseException) -> dict[str, str]:
    """What may be logged of an error: its kind, its state and where it was raised, but never its text.

    The text of a database error holds values of rows, and that of a handler's error may.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return {"error": type(error).__name__, "sqlstate": sqlstate_of(error) or "", "trace": where}


# Django's, and the driver's own: COPY and other calls that Django does not wrap raise those.
_DATABASE_ERRORS = (DatabaseErrorBase, InterfaceError, psycopg.Error)
_PASSING_KINDS = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
_PERMANENT_KINDS = (DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError)


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """The error, and what was being handled when it was raised."""
    seen: set[int] = set()
    reason: BaseException | None = error
    while reason is not None and id(reason) not in seen:
        yield reason
        seen.add(id(reason))
        reason = reason.__cause__ or reason.__context__


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, BrokenTransaction):
        return True
    return isinstance(error, _DATABASE_ERRORS) and _classify_database(error) is Fault.TRANSIENT


def _classify_database(error: BaseException) -> Fault:
    state = sqlstate_of(error)
    if state is None:
        if isinstance(error, _PASSING_KINDS):
            return Fault.TRANSIENT
        return Fault.PERMANENT if isinstance(error, _PERMANENT_KINDS) else Fault.OURS
    if state in TRANSIENT_STATES or state.startswith(TRANSIENT_CLASSES):
        return Fault.TRANSIENT
    if state in PERMANENT_STATES or state.startswith(PERMANENT_CLASSES):
        return Fault.PERMANENT
    return Fault.OURS
