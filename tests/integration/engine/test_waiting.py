"""A batch that has to wait too long: 409 when a copy of its operations is running, 503 for any other lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from entities.sales.models import Customer
from sync.engine import engine as engine_module
from sync.engine import reference
from sync.engine.errors import Fault
from tests.factories import CustomerFactory, MembershipFactory
from tests.integration.engine.stage import (
    Answer,
    Json,
    Phone,
    Rival,
    customer,
    handled_by,
    on,
    renamed,
    side_connection,
    sql,
)


@pytest.fixture(autouse=True)
def _impatient(sync_settings: Callable[..., None]) -> None:
    sync_settings(LOCK_TIMEOUT_MS=150, ATTEMPTS=2, RETRY_BASE_MS=1)


@contextmanager
def _running(phone: Phone, *batch: Json) -> Iterator[Rival]:
    """A batch that has claimed and written, and commits when the block is left."""
    started, go_on = threading.Event(), threading.Event()

    def stay(change: Any) -> None:
        started.set()
        assert go_on.wait(timeout=20)

    with handled_by(after=on("slow", stay)):
        rival = Rival(lambda: phone.send(*batch))
        assert started.wait(timeout=20)
        try:
            yield rival
        finally:
            go_on.set()
            rival.join()


def _is_in_flight(answer: Answer) -> bool:
    return (answer.status, answer.code) == (409, "in_flight") and int(answer.headers["Retry-After"]) >= 1


@pytest.mark.promise("P04")
def test_a_copy_of_the_same_batch_is_in_flight_and_then_a_replay(phone: Phone) -> None:
    """The phone lost patience and sent its queue again."""
    batch = [customer("slow"), customer("other")]
    with _running(phone, *batch) as first:
        answer = phone.send(*batch)
    assert _is_in_flight(answer)
    again = phone.send(*batch)
    assert again.verdicts == first.result().verdicts
    assert again.body["summary"]["replayed"] == 2
    assert Customer.objects.count() == 2


@pytest.mark.promise("P04")
@pytest.mark.parametrize("same_user", [True, False])
def test_a_copy_from_another_client_of_the_tenant_is_in_flight_too(member: Any, same_user: bool) -> None:
    """The same op_id in one tenant never runs twice, whoever sends it."""
    op = customer("slow")
    other = member if same_user else MembershipFactory(business=member.business)
    with _running(Phone(member), op):
        answer = Phone(other).send(customer("mine"), op)
    assert _is_in_flight(answer)
    assert not Customer.objects.filter(name="mine").exists()


def test_a_copy_that_ends_in_time_is_waited_for(phone: Phone, sync_settings: Callable[..., None]) -> None:
    """Then the second one is a replay, and nobody is bothered."""
    sync_settings(LOCK_TIMEOUT_MS=5000)
    op = customer("slow")
    with _running(phone, op):
        copy = Rival(lambda: Phone(phone.membership).send(op))
        time.sleep(0.2)
    assert (copy.result().statuses, copy.result().results[0]["replayed"]) == (["applied"], True)


@pytest.mark.promise("P22")
def test_another_batch_of_the_same_client_is_told_to_try_later(phone: Phone) -> None:
    """It holds no copy, so there is no verdict to wait for: 503, as for any lock."""
    with _running(phone, customer("slow")):
        answer = phone.send(customer("other"))
    assert (answer.status, answer.code) == (503, "try_later")
    assert Customer.objects.get().name == "slow"


def test_without_the_claims_own_answer_a_running_copy_looks_like_any_lock(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: nobody asks which lock it was that could not be had."""
    monkeypatch.setattr(engine_module, "sqlstate_of", lambda _: None)
    batch = [customer("slow")]
    with _running(phone, *batch):
        answers = [phone.send(*batch), Phone(phone.membership).send(*batch)]
    assert [(answer.status, answer.code) for answer in answers] == [(503, "try_later")] * 2


@contextmanager
def _locked(row: Customer) -> Iterator[None]:
    with side_connection() as other, other.transaction():
        other.execute("SELECT 1 FROM customers WHERE id = %s FOR UPDATE", [row.pk])
        yield


@pytest.mark.promise("P13")
def test_a_row_that_somebody_else_keeps_locked_is_503(phone: Phone, member: Any) -> None:
    """Found while locking up front."""
    row = CustomerFactory(business=member.business)
    with _locked(row):
        answer = phone.send(customer("one"), renamed(row.pk, "new"))
    assert (answer.status, answer.code) == (503, "try_later")
    assert Customer.objects.count() == 1


@pytest.mark.promise("P13")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_a_lock_that_a_handler_cannot_get_is_503(
    phone: Phone, member: Any, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Found inside an operation; an engine that blames the operation rejects it for good."""
    if not guarded:
        monkeypatch.setattr(reference, "classify", lambda _: Fault.PERMANENT)
    row = CustomerFactory(business=member.business)

    def lock(change: Any) -> None:
        sql("SELECT 1 FROM customers WHERE id = %s FOR UPDATE", [row.pk])

    with _locked(row), handled_by(before=lock):
        answer = phone.send(customer("one"))
    assert (answer.status, answer.statuses) == ((503, []) if guarded else (200, ["rejected"]))


@pytest.mark.promise("P13")
@pytest.mark.parametrize("limit", ["STATEMENT_TIMEOUT_MS", "TRANSACTION_TIMEOUT_MS", "IDLE_TIMEOUT_MS"])
def test_a_time_out_of_the_database_is_503(phone: Phone, sync_settings: Callable[..., None], limit: str) -> None:
    """Of a statement, of the transaction, or because the worker went quiet. The second two cut the connection."""
    sync_settings(**{limit: 150})

    def dawdle(change: Any) -> None:
        if limit == "IDLE_TIMEOUT_MS":
            time.sleep(0.4)
        sql("SELECT pg_sleep(0.4)" if limit != "IDLE_TIMEOUT_MS" else "SELECT 1")

    batch = [customer("one"), customer("bad")]
    with handled_by(before=on("bad", dawdle)):
        answer = phone.send(*batch)
    assert (answer.status, answer.code) == (503, "try_later")
    assert not Customer.objects.exists()
    sync_settings(**{limit: 10_000})
    assert phone.send(*batch).statuses == ["applied", "applied"]
