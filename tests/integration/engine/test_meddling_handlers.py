"""Handlers cannot break the transaction: whatever they try costs their own operation, and is never `applied`."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from entities.sales.models import Customer
from sync.engine import session
from sync.models import LedgerEntry, SyncBatch
from tests.integration.engine.stage import Answer, Phone, customer, handled_by, on, raising, sql

pytestmark = pytest.mark.promise("P21")


def _swallow(change: Any) -> None:
    with suppress(DatabaseError):
        raising("23514")(change)


def _swallow_in_a_block(change: Any) -> None:
    """The transaction is sound, and only the row is missing."""
    sql("DELETE FROM customers WHERE id = %s", [change.row.pk])
    with suppress(DatabaseError), transaction.atomic():
        Customer.objects.create(pk=change.row.pk, name=" ", business_id=change.row.business_id)


def _undo_own_write(change: Any) -> None:
    sql(f"ROLLBACK TO SAVEPOINT {connection.ops.quote_name(connection.savepoint_ids[-1])}")


def _release_the_engines_savepoint(change: Any) -> None:
    sql(f"RELEASE SAVEPOINT {connection.ops.quote_name(connection.savepoint_ids[-1])}")


def _leave_a_block_open(change: Any) -> None:
    transaction.atomic().__enter__()


# {what a handler does after its write: how}
MEDDLING: dict[str, Callable[[Any], Any]] = {
    "swallows an error": _swallow,
    "swallows an error in a block": _swallow_in_a_block,
    "marks the transaction for rollback": lambda _: transaction.set_rollback(True),
    "COMMIT": lambda _: sql("COMMIT"),
    "commit, in disguise": lambda _: sql("SELECT 1; /* ; */ end"),
    "ROLLBACK": lambda _: sql("ROLLBACK"),
    "COMMIT AND CHAIN": lambda _: sql("COMMIT AND CHAIN"),
    "BEGIN": lambda _: sql("BEGIN"),
    "PREPARE TRANSACTION": lambda _: sql("PREPARE TRANSACTION 'mine'"),
    "rolls back to the engine's savepoint": _undo_own_write,
    "releases the engine's savepoint": _release_the_engines_savepoint,
    "opens a block and does not close it": _leave_a_block_open,
    "commits through the driver": lambda _: connection.connection.commit(),
    "rolls back through the driver": lambda _: connection.connection.rollback(),
    "commits through Django": lambda _: connection.commit(),
    "sets the search path": lambda _: sql("SET search_path = public, pg_catalog"),
    "sets a setting by function": lambda _: sql("SELECT set_config('work_mem', '1MB', false)"),
    "sets a setting by parameter": lambda _: sql("SELECT set_config(%s, %s, %s)", ["work_mem", "1MB", False]),
    "resets all": lambda _: sql("RESET ALL"),
    "discards all": lambda _: sql("DISCARD ALL"),
    "changes the tenant": lambda _: sql("SELECT set_config('sync.tenant', 'x', true)"),
    "sends a notification": lambda _: sql("NOTIFY everybody"),
    "sends a notification by function": lambda _: sql("SELECT pg_notify('everybody', 'x')"),
    "listens": lambda _: sql("LISTEN everybody"),
}


def _living() -> set[str]:
    return set(Customer.objects.filter(deleted_at=None).values_list("name", flat=True))


def _three(phone: Phone, hook: Callable[[Any], Any]) -> Answer:
    with handled_by(after=on("bad", hook)):
        return phone.send(customer("one"), customer("bad"), customer("two"))


@pytest.mark.parametrize("way", MEDDLING)
def test_a_handler_that_meddles_with_the_transaction_fails_alone(phone: Phone, way: str) -> None:
    """Its operation is `failed` and leaves nothing; those before and after it are applied, in one transaction."""
    answer = _three(phone, MEDDLING[way])
    assert answer.verdicts == [("applied", None), ("failed", "internal_error"), ("applied", None)]
    assert _living() == {"one", "two"}
    assert LedgerEntry.objects.filter(status="applied").count() == LedgerEntry.objects.count() == 2
    assert {result["txid"] for result in answer.results} == {answer.body["txid"], None}
    assert SyncBatch.objects.get().attempts == 1
    assert not connection.in_atomic_block


@pytest.mark.parametrize("way", ["COMMIT", "commits through the driver"])
def test_a_trusting_engine_keeps_half_a_batch(phone: Phone, way: str, trusting_engine: Callable[[], None]) -> None:
    """The planted bug: nobody stops a handler from committing, or looks whether it did."""
    trusting_engine()
    answer = _three(phone, MEDDLING[way])
    assert {"one", "bad"} <= _living()
    # Kept, and yet no verdict says so: none at all, or that of a second try that meets what the first one left.
    assert answer.status != 200 or [verdict for verdict, _ in answer.verdicts[:2]] == ["conflict", "conflict"]


@pytest.mark.parametrize(
    "way",
    ["marks the transaction for rollback", "rolls back to the engine's savepoint", "swallows an error in a block"],
)
def test_a_trusting_engine_says_applied_where_there_is_no_row(
    phone: Phone, way: str, trusting_engine: Callable[[], None]
) -> None:
    """The planted bug: a handler that returned is believed."""
    trusting_engine()
    answer = _three(phone, MEDDLING[way])
    assert answer.statuses == ["applied"] * 3
    assert _living() == {"one", "two"}


def test_a_trusting_engine_answers_about_a_batch_that_was_never_committed(
    phone: Phone, trusting_engine: Callable[[], None]
) -> None:
    """The planted bug: a block that a handler left open takes the place of the engine's own."""
    trusting_engine()
    answer = _three(phone, _leave_a_block_open)
    assert answer.status == 200
    connection.close()
    connection.in_atomic_block = connection.closed_in_transaction = False
    assert not Customer.objects.exists()


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_a_swallowed_error_is_found_before_the_next_stage(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """A rule that swallows one does not get as far as a write."""
    reached: list[str] = []
    if not guarded:
        monkeypatch.setattr(session, "check_intact", lambda: None)
    with handled_by(prepare=lambda self, changes: _swallow(None), before=lambda _: reached.append("write")):
        answer = phone.send(customer("one"))
    assert answer.statuses == ["failed"]
    assert reached == ([] if guarded else ["write"])


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_the_tenant_setting_is_verified_after_every_operation(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """A released savepoint keeps set_config(…, true): unverified, the next operation runs as another tenant."""
    if not guarded:
        monkeypatch.setattr(session, "check_settings", lambda _: None)
    tenants: list[str] = []

    def note(change: Any) -> None:
        tenants.append(sql("SELECT current_setting('sync.tenant')")[0][0])

    with handled_by(before=note, after=on("bad", MEDDLING["changes the tenant"])):
        answer = phone.send(customer("bad"), customer("two"))
    own = str(phone.membership.business_id)
    assert answer.statuses == ["failed" if guarded else "applied", "applied"]
    assert tenants == [own, own if guarded else "x"]


def test_in_a_group_the_one_that_changed_the_tenant_is_the_culprit(phone: Phone) -> None:
    """Not the last one, and nobody after it ran."""
    group = {"sync_group_id": "01930000-0000-7000-8000-000000000001"}
    ran: list[str] = []
    with handled_by(before=lambda change: ran.append(change.row.name), after=on("bad", MEDDLING["changes the tenant"])):
        answer = phone.send(customer("bad") | group, customer("innocent") | group)
    assert answer.verdicts == [("failed", "internal_error"), ("skipped", "group_failed")]
    assert answer.results[1]["retry"] == "later"
    assert ran == ["bad"]


def _transaction_ended_behind_everybody(change: Any) -> None:
    connection.connection.execute("ROLLBACK")


@pytest.mark.parametrize("looks", [True, False], ids=["both guards", "the proof of commit alone"])
def test_a_transaction_that_ended_unseen_is_never_reported(
    phone: Phone, trusting_engine: Callable[[], None], looks: bool
) -> None:
    """The driver's own cursors cannot be watched; the state of the connection tells, and there is no verdict. An
    engine that does not look still finds that its commit never came."""
    if not looks:
        trusting_engine()
    answer = _three(phone, _transaction_ended_behind_everybody)
    assert answer.status == 503 if looks else answer.status in {500, 503}
    assert not Customer.objects.exists()


@pytest.mark.usefixtures("fresh_pool")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
@pytest.mark.parametrize(
    ("way", "setting"), [("sets the search path", "search_path"), ("sets a setting by parameter", "work_mem")]
)
def test_no_setting_outlives_the_batch_in_the_pool(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, guarded: bool, way: str, setting: str
) -> None:
    """The next request gets the connection as it was; without the guard it inherits what a handler set."""
    before = sql(f"SHOW {setting}")
    if not guarded:
        monkeypatch.setattr(session, "_FORBIDDEN", re.compile("(?!)"))
    _three(phone, MEDDLING[way])
    assert (sql(f"SHOW {setting}") == before) is guarded


@pytest.mark.usefixtures("fresh_pool")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_the_engine_leaves_no_setting_of_its_own_behind(phone: Phone, guarded: bool) -> None:
    """Tenant and time-outs hold for the transaction only; set for the session they would meet the next tenant."""

    def for_the_session(execute: Callable[..., Any], statement: Any, *rest: Any) -> Any:
        return execute(str(statement).replace("set_config(%s, %s, true)", "set_config(%s, %s, false)"), *rest)

    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    if guarded:
        phone.send(customer("one"))
    else:
        with connection.execute_wrapper(for_the_session):
            phone.send(customer("one"))
    left = [sql(f"SHOW {name}")[0][0] for name in names]
    tenant = sql("SELECT current_setting('sync.tenant', true)")[0][0]
    assert (left == ["0", "0", "0"] and not tenant) is guarded
