"""Batches of one client never interleave, and take effect in the order of receipt. Real threads, real commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.db import connection

from entities.sales.models import Customer
from sync.engine.reference import ReferenceExecutor
from tests.factories import MembershipFactory
from tests.phone import Phone
from tests.property.ops import Json, customer, edit, new_id
from tests.property.tier import figure

pytestmark = pytest.mark.django_db(transaction=True)

EDITS = 5


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, with connections of their own; the results in order."""
    results: list[Any] = [None] * len(works)
    barrier = Barrier(len(works))

    def run(place: int) -> None:
        try:
            barrier.wait()
            results[place] = works[place]()
        finally:
            connection.close()

    threads = [Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def edits(row: str, name: str) -> list[Json]:
    return [edit(row, 1, address=f"{name} {n}") for n in range(EDITS)]


@pytest.mark.promise("P22")
def test_two_batches_sent_together_do_not_interleave() -> None:
    """One batch's writes are neighbours in the row's versions."""
    phone = Phone(MembershipFactory())
    for _ in range(figure(8, 2000)):
        row = new_id()
        phone.upload(customer(row))
        first, second = together(
            lambda row=row: phone.upload(*edits(row, "one")), lambda row=row: phone.upload(*edits(row, "two"))
        )
        versions = [[r["version"] for r in results] for results in (first, second)]
        assert sorted(versions) == [list(range(2, 2 + EDITS)), list(range(2 + EDITS, 2 + 2 * EDITS))]
        last = "one" if versions[0] > versions[1] else "two"
        assert Customer.objects.get(pk=row).address == f"{last} {EDITS - 1}"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Event, Event]]:
    """(the first batch has begun, it may go on)."""
    begun, may_go_on = Event(), Event()
    run = ReferenceExecutor.run

    def wait_once(*arguments: Any) -> None:
        if not begun.is_set():
            begun.set()
            may_go_on.wait(10)
        run(*arguments)

    monkeypatch.setattr(ReferenceExecutor, "run", wait_once)
    yield begun, may_go_on
    may_go_on.set()


@pytest.mark.promise("P22")
def test_a_batch_that_came_later_waits_for_the_one_before(held: tuple[Event, Event]) -> None:
    """The second is sent while the first runs, and takes effect after it."""
    begun, may_go_on = held
    phone, row = Phone(MembershipFactory()), new_id()
    begun.set()
    phone.upload(customer(row))
    begun.clear()

    def send_second() -> list[Json]:
        begun.wait(10)
        later = Thread(target=lambda: may_go_on.wait(0.2) or may_go_on.set())
        later.start()
        results = phone.upload(*edits(row, "two"))
        later.join()
        return results

    first, second = together(lambda: phone.upload(*edits(row, "one")), send_second)
    assert max(r["version"] for r in first) < min(r["version"] for r in second)


@pytest.mark.promise("P04")
def test_copies_of_one_batch_sent_together_run_once() -> None:
    """Every answer is the first one, or says that a copy is in flight."""
    phone = Phone(MembershipFactory())
    for _ in range(figure(3, 200)):
        operations = [customer() for _ in range(4)]

        def copy(operations: list[Json] = operations) -> tuple[int, Any]:
            import json

            body = json.dumps({"client_id": str(phone.client_id), "operations": operations})
            answer = phone._http.post("/api/sync/batch", body, content_type="application/json")
            return answer.status_code, answer.json()

        answers = together(*[copy] * 8)
        assert {status for status, _ in answers} <= {200, 409}
        done = [body for status, body in answers if status == 200]
        assert sum(not r["replayed"] for body in done for r in body["results"]) == 4
        assert len({r["txid"] for body in done for r in body["results"]}) == 1
        ids = [o["entity_id"] for o in operations]
        assert Customer.objects.filter(pk__in=ids, version=1).count() == 4
