"""The table of errors: whose trouble a SQLSTATE or an exception is decides the answer, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection

from entities.sales.models import Customer
from sync.engine import attempts, reference
from sync.engine.errors import Fault
from sync.handlers import Reject
from sync.models import LedgerEntry, SyncBatch
from tests.integration.engine.stage import Answer, Phone, customer, handled_by, on, once, raising, sql

PERMANENT = {
    "22001": "invalid",  # string too long
    "22003": "invalid",  # number out of range
    "22008": "invalid",  # datetime overflow
    "22012": "invalid",  # division by zero
    "22021": "invalid",  # not in the encoding
    "22P02": "invalid",  # invalid text representation
    "23000": "invalid",
    "23001": "invalid",  # restrict violation
    "23502": "invalid",  # not null
    "23503": "reference_not_found",
    "23505": "unique_violation",
    "23514": "check_violation",
    "23P01": "unique_violation",  # exclusion
    "42501": "forbidden",
}
TRANSIENT = [
    *("40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25P04"),
    *("53000", "53100", "53200", "53300", "53400"),  # no room: disk, memory, connections, limits
    *("08000", "08001", "08003", "08004", "08006", "08007", "08P01"),  # connections
]
OURS = ["42P01", "42703", "42601", "21000", "0A000", "P0001", "XX000", "XX001", "54000", "3F000", "2D000", "40002"]


def _three(phone: Phone, hook: Callable[[Any], None]) -> Answer:
    with handled_by(after=on("bad", hook)):
        return phone.send(customer("one"), customer("bad"), customer("two"))


def _only_the_bad_one_failed(answer: Answer) -> bool:
    applied = [answer.statuses[0], answer.statuses[2]] == ["applied", "applied"]
    return applied and set(Customer.objects.values_list("name", flat=True)) == {"one", "two"}


def _raise_own_name(change: Any) -> None:
    if change.row.name != "good":
        raising(change.row.name)(change)


def test_a_permanent_state_rejects_its_operation_for_good(phone: Phone) -> None:
    """22, 23 and 42501: the others go on, and a repeat gets the same verdict from the ledger."""
    batch = [customer(state) for state in PERMANENT] + [customer("good")]
    with handled_by(after=_raise_own_name):
        answer = phone.send(*batch)
    assert answer.verdicts == [*(("rejected", code) for code in PERMANENT.values()), ("applied", None)]
    assert {result["retry"] for result in answer.results[:-1]} == {"after_fix"}
    assert Customer.objects.get().name == "good"
    again = phone.send(*batch)
    assert (again.verdicts, again.body["summary"]["replayed"]) == (answer.verdicts, len(batch))


@pytest.mark.promise("P13")
def test_a_passing_state_is_never_a_rejection(phone: Phone, sync_settings: Callable[..., None]) -> None:
    """When trying again does not help the batch is 503, and nothing of it is kept."""
    sync_settings(ATTEMPTS=1)
    for state in TRANSIENT:
        batch = [customer("one"), customer("bad")]
        with handled_by(after=on("bad", raising(state))):
            answer = phone.send(*batch)
        assert (answer.status, answer.code) == (503, "try_later"), state
        assert answer.headers["Retry-After"]
        assert not Customer.objects.exists()
        assert not LedgerEntry.objects.exists()
    logged = set(SyncBatch.objects.values_list("state", "http_status", "code", "attempts"))
    assert logged == {("aborted", 503, "try_later", 1)}


@pytest.mark.promise("P13")
@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "57014", "53300", "08006", "57P01", "25P04"])
def test_passing_trouble_that_passes_is_not_noticed_by_the_client(phone: Phone, state: str) -> None:
    """The second try succeeds."""
    answer = _three(phone, once(raising(state)))
    assert answer.statuses == ["applied"] * 3
    assert SyncBatch.objects.get().attempts == 2


def test_any_other_state_is_our_failure_and_can_be_sent_again(phone: Phone) -> None:
    """Failed, not rejected: the ledger keeps nothing, and once the bug is mended the same op_id is applied."""
    batch = [customer(state) for state in OURS] + [customer("good")]
    with handled_by(after=_raise_own_name):
        answer = phone.send(*batch)
    assert answer.verdicts == [("failed", "internal_error")] * len(OURS) + [("applied", None)]
    assert {result["retry"] for result in answer.results[:-1]} == {"later"}
    again = phone.send(*batch)
    assert again.statuses == ["applied"] * len(batch)
    assert again.body["summary"]["replayed"] == 1


def _raise(error: BaseException) -> Callable[[Any], None]:
    def hook(change: Any) -> None:
        raise error

    return hook


PYTHON: dict[str, tuple[BaseException, str]] = {
    "ValidationError": (ValidationError("canary"), "rejected"),
    "TypeError": (TypeError("canary"), "rejected"),
    "UnicodeError": (UnicodeEncodeError("utf-8", "canary", 0, 1, "canary"), "rejected"),
    "OverflowError": (OverflowError("canary"), "rejected"),
    "DataError without a code": (DataError("canary"), "rejected"),
    "IntegrityError without a code": (IntegrityError("canary"), "rejected"),
    "ValueError": (ValueError("canary"), "failed"),
    "LookupError": (KeyError("canary"), "failed"),
    "RecursionError": (RecursionError("canary"), "failed"),
    "AssertionError": (AssertionError("canary"), "failed"),
    "a code nobody declared": (Reject("never_heard_of"), "failed"),
    "OperationalError without a code": (OperationalError("canary"), "tried again"),
    "InterfaceError without a code": (InterfaceError("canary"), "tried again"),
    "the driver's own": (psycopg.errors.DeadlockDetected("canary"), "tried again"),
    "the driver's own without a code": (psycopg.OperationalError("canary"), "tried again"),
    "the driver's own, permanent": (psycopg.errors.CheckViolation("canary"), "rejected"),
}


@pytest.mark.promise("P13")
@pytest.mark.parametrize("kind", PYTHON)
def test_an_exception_is_answered_by_its_kind(phone: Phone, kind: str) -> None:
    """Bad values are not all database errors, and neither is passing trouble."""
    error, expected = PYTHON[kind]
    answer = _three(phone, once(_raise(error)))
    if expected == "tried again":
        assert answer.statuses == ["applied"] * 3
        assert SyncBatch.objects.get().attempts == 2
    else:
        assert answer.statuses[1] == expected
        assert _only_the_bad_one_failed(answer)


def test_what_the_driver_raises_without_django_is_understood(phone: Phone) -> None:
    """COPY has no wrapper in Django: its errors arrive as psycopg's."""

    def copy(change: Any) -> None:
        with connection.cursor() as cursor, cursor.copy("COPY customers (id, business_id, name) FROM STDIN") as rows:
            rows.write_row([uuid4(), change.row.business_id, " "])

    answer = _three(phone, copy)
    assert answer.results[1]["code"] == "check_violation"
    assert _only_the_bad_one_failed(answer)


@pytest.mark.promise("P13")
@pytest.mark.parametrize("raised", [Reject("forbidden"), ValidationError("busy"), RuntimeError("busy")])
def test_passing_trouble_that_a_handler_turns_into_a_refusal_is_tried_again(phone: Phone, raised: Exception) -> None:
    """A rejection would last; the lock that was busy will not."""

    def hook(change: Any) -> None:
        try:
            raising("55P03")(change)
        except OperationalError:
            raise raised  # noqa: B904 - handlers forget the cause, too

    answer = _three(phone, once(hook))
    assert answer.statuses == ["applied"] * 3


# {row of the table: (what is raised, the class a broken table gives it, what the client would then see)}
CONFUSED = {
    "permanent taken for passing": (raising("23514"), Fault.TRANSIENT, (503, [])),
    "passing taken for permanent": (raising("40P01"), Fault.PERMANENT, (200, ["applied", "rejected", "applied"])),
    "passing taken for ours": (raising("55P03"), Fault.OURS, (200, ["applied", "failed", "applied"])),
    "ours taken for permanent": (raising("42P01"), Fault.PERMANENT, (200, ["applied", "rejected", "applied"])),
    "memory taken for ours": (_raise(MemoryError()), Fault.OURS, (200, ["applied", "failed", "applied"])),
}


@pytest.mark.parametrize("kind", CONFUSED)
def test_a_table_that_confuses_the_classes_is_noticed(
    phone: Phone, kind: str, monkeypatch: pytest.MonkeyPatch, sync_settings: Callable[..., None]
) -> None:
    """The planted bugs: each gives another answer than the tests above demand."""
    hook, fault, seen = CONFUSED[kind]
    sync_settings(ATTEMPTS=2)
    for module in (reference, attempts):
        monkeypatch.setattr(module, "classify", lambda _: fault)
    answer = _three(phone, hook)
    assert (answer.status, answer.statuses) == seen


@pytest.mark.parametrize("error", [UnicodeEncodeError("utf-8", "x", 0, 1, "x"), RecursionError(), DataError()])
def test_without_a_broad_net_one_bad_value_costs_the_whole_batch(
    phone: Phone, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: only errors that carry a SQLSTATE are caught inside the savepoint."""

    def narrow(raised: BaseException) -> Fault:
        raise raised

    monkeypatch.setattr(reference, "classify", narrow)
    answer = _three(phone, _raise(error))
    assert answer.status == 500
    assert not Customer.objects.exists()


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_a_process_that_is_told_to_stop_stops(phone: Phone, error: BaseException) -> None:
    """Never caught per operation: it leaves the engine, nothing of the batch is kept, the same op_ids run later."""
    batch = [customer("one"), customer("bad")]
    with handled_by(after=on("bad", _raise(error))), pytest.raises(type(error)):
        phone.send(*batch)
    assert not Customer.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert sql("SELECT pg_current_xact_id_if_assigned()") == [(None,)]
    assert phone.send(*batch).statuses == ["applied", "applied"]


def test_a_process_without_memory_aborts_the_batch(phone: Phone) -> None:
    """It is no operation's failure: the batch gets no verdicts, is logged as aborted, and nothing of it is kept."""
    answer = _three(phone, _raise(MemoryError()))
    assert (answer.status, answer.code) == (500, "internal_error")
    assert not Customer.objects.exists()
    assert SyncBatch.objects.get().state == "aborted"
