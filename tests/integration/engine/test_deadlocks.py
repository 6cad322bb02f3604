"""Batches that wait for each other: in one order where the engine can see to it, tried again where it cannot."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from entities.sales.models import Customer
from sync.engine import engine as engine_module
from sync.engine import reference
from sync.engine.errors import Fault, classify, sqlstate_of
from sync.journal import clients
from sync.models import SyncBatch
from tests.factories import CustomerFactory
from tests.integration.engine.stage import Phone, Rival, customer, handled_by, renamed, sql


def _two_phones(member: Any, *batches: Any) -> list[Any]:
    """Each batch from a client of its own, at the same time."""
    rivals = [Rival(lambda batch=batch: Phone(member).send(*batch)) for batch in batches]
    return [rival.result() for rival in rivals]


class _CrossedLocks:
    """A handler's own locks, taken in the order of the operations. Both batches hold their first before going on."""

    def __init__(self) -> None:
        self._both_hold_one = threading.Barrier(2)

    def __call__(self, change: Any) -> None:
        sql("SELECT pg_advisory_xact_lock(%s)", [int(change.row.name.split()[-1])])
        with suppress(threading.BrokenBarrierError):  # broken once a batch is tried again alone
            self._both_hold_one.wait(timeout=0.5)


CROSSED = ([customer("lock 1"), customer("lock 2")], [customer("lock 2"), customer("lock 1")])


@pytest.mark.promise("P13")
def test_a_deadlock_ends_its_batch_which_is_tried_again(member: Any) -> None:
    """Both batches are applied as a whole: no operation is told that it failed."""
    with handled_by(before=_CrossedLocks()):
        answers = _two_phones(member, *CROSSED)
    assert [answer.statuses for answer in answers] == [["applied", "applied"]] * 2
    assert Customer.objects.count() == 4
    assert sorted(SyncBatch.objects.values_list("attempts", flat=True)) == [1, 2]


@pytest.mark.promise("P13")
def test_a_deadlock_taken_for_an_operations_fault_is_a_false_rejection(
    member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: back to the savepoint, and on with the next operation."""

    def careless(error: BaseException) -> Fault:
        return Fault.PERMANENT if sqlstate_of(error) == "40P01" else classify(error)

    monkeypatch.setattr(reference, "classify", careless)
    with handled_by(before=_CrossedLocks()):
        answers = _two_phones(member, *CROSSED)
    assert sorted(status for answer in answers for status in answer.statuses) == [*["applied"] * 3, "rejected"]


@pytest.mark.promise("P13")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_rows_are_locked_in_one_order_whatever_the_order_of_operations(
    member: Any, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Two batches that cross over the same rows queue up; locked operation by operation they deadlock."""
    if not guarded:
        monkeypatch.setattr(engine_module.locks, "lock", lambda *_: None)
    one, two = (CustomerFactory(business=member.business) for _ in range(2))
    there = [renamed(one.pk, "there"), renamed(two.pk, "there")]
    back = [renamed(two.pk, "back"), renamed(one.pk, "back")]
    with handled_by(after=lambda _: time.sleep(0.3)):
        answers = _two_phones(member, there, back)
    assert [answer.status for answer in answers] == [200, 200]
    assert sorted(SyncBatch.objects.values_list("attempts", flat=True)) == ([1, 1] if guarded else [1, 2])


@pytest.mark.promise("P22")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_batches_of_one_client_never_interleave(phone: Phone, monkeypatch: pytest.MonkeyPatch, guarded: bool) -> None:
    """The second one waits for the commit of the first; without the client's lock they run side by side."""
    if not guarded:
        monkeypatch.setattr(clients, "take", lambda *_: None)
    ran: list[str] = []

    def note(change: Any) -> None:
        ran.append(change.row.name)
        time.sleep(0.1)

    with handled_by(before=note):
        batches = [[customer(f"{name} {i}") for i in range(3)] for name in ("left", "right")]
        rivals = [Rival(lambda batch=batch: phone.send(*batch)) for batch in batches]
        answers = [rival.result() for rival in rivals]
    assert [answer.statuses for answer in answers] == [["applied"] * 3] * 2
    apart = [name.split()[0] for name in ran] in (["left"] * 3 + ["right"] * 3, ["right"] * 3 + ["left"] * 3)
    assert apart is guarded
