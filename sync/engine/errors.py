"""What an exception means: this operation's fault, the database's passing trouble, or a bug of ours.

Not here: which columns a broken constraint concerns (`constraints`), retries (`engine`).
Source: Postgres manual, appendix "Error Codes".
"""

from __future__ import annotations

import traceback
from enum import Enum

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
    """Whose trouble it is. The caller re-raises TRANSIENT beyond its savepoint and never answers it as a rejection."""
    if isinstance(error, BrokenTransaction):
        return Fault.TRANSIENT
    if isinstance(error, DatabaseErrorBase | InterfaceError):
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


def _classify_database(error: BaseException) -> Fault:
    state = sqlstate_of(error)
    if state is None:
        if isinstance(error, OperationalError | InterfaceError):
            return Fault.TRANSIENT
        return Fault.PERMANENT if isinstance(error, DataError | IntegrityError) else Fault.OURS
    if state in TRANSIENT_STATES or state.startswith(TRANSIENT_CLASSES):
        return Fault.TRANSIENT
    if state in PERMANENT_STATES or state.startswith(PERMANENT_CLASSES):
        return Fault.PERMANENT
    return Fault.OURS
