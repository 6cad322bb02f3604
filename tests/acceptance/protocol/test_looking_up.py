"""GET /api/sync/operations/{op_id}: the verdict of one operation, for a client that lost an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from entities.sales.handlers import CustomerHandler
from entities.sales.models import Customer
from sync.handlers.registry import registry
from sync.models import SyncBatch, SyncOperation
from tests.acceptance.protocol.stage import HttpPhone, customer, edit, problem, published, remove


@pytest.mark.promise("P03")
def test_the_stored_verdict_is_told_as_a_replay(manager: HttpPhone, other: HttpPhone) -> None:
    """Of every status that is kept, the same object as in `results`; asking changes and logs nothing."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    operations = [
        customer("new"), customer(nam="x"), edit(made, 1, name="clash"), edit(made, 1, phone="5"), remove(customer()),
    ]  # fmt: skip
    manager.upload(*operations)
    batches = SyncBatch.objects.count()
    asked = [manager.ask(operation["op_id"]) for operation in operations]
    assert [response.status_code for response in asked] == [200] * 5
    assert SyncBatch.objects.count() == batches
    assert [response.json() for response in asked] == manager.upload(*operations)
    assert asked[0].json()["replayed"] is True


def test_rows_are_read_fresh(manager: HttpPhone, other: HttpPhone) -> None:
    """The server's row of a conflict, the row of a merge; a plain one brings none."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    clash, merge = edit(made, 1, name="Eva"), edit(made, 1, phone="5")
    manager.upload(clash, merge)
    other.upload(edit(made, 3, name="Carla"))
    row = published(Customer.objects.get())
    assert row["version"] == 4
    assert manager.ask(clash["op_id"]).json()["server"] == {"version": 4, "row": row}
    told = manager.ask(merge["op_id"]).json()
    assert (told["version"], told["row"]) == (3, row)
    assert not {"row", "server", "error"} & manager.ask(made["op_id"]).json().keys()


def test_anybody_of_the_tenant_may_ask(manager: HttpPhone, seller: HttpPhone) -> None:
    """In capitals too."""
    made = customer()
    (first,) = manager.upload(made)
    assert seller.ask(made["op_id"].upper()).json() == {**first, "replayed": True}


def test_the_last_logged_verdict_of_a_skipped_one_is_told(
    manager: HttpPhone, sync_settings: Callable[..., None]
) -> None:
    """The newest of several, not as a replay: it was never executed."""
    bad = customer(nam="x")
    held = customer("held") | {"depends_on": [bad["op_id"]]}
    sync_settings(MAX_OPERATIONS=1)
    (_, put_off) = manager.upload(customer(), held)
    assert manager.ask(held["op_id"]).json() == put_off
    sync_settings(MAX_OPERATIONS=10)
    (_, skipped) = manager.upload(bad, held)
    assert skipped["code"] == "dependency_failed"
    assert manager.ask(held["op_id"]).json() == skipped


def test_the_last_logged_verdict_of_a_failed_one_is_told(manager: HttpPhone) -> None:
    """Until it is executed."""

    def broken(self: Any, change: Any) -> None:
        raise ZeroDivisionError

    made = customer()
    with registry.override(type("Broken", (CustomerHandler,), {"insert": broken})):
        (failed,) = manager.upload(made)
    assert failed["code"] == "internal_error"
    assert manager.ask(made["op_id"]).json() == failed
    (applied,) = manager.upload(made)
    assert manager.ask(made["op_id"]).json() == {**applied, "replayed": True}


def test_an_operation_never_heard_of_is_not_found(manager: HttpPhone) -> None:
    """One whose batch was aborted neither."""
    problem(manager.ask(str(uuid4())), 404, "not_found")
    made = customer()
    thief = manager.another()
    assert thief.send(made, atomic="yes").status_code == 400
    problem(manager.ask(made["op_id"]), 404, "not_found")


@pytest.mark.promise("P11")
def test_another_tenants_operation_is_not_found(manager: HttpPhone, stranger: HttpPhone) -> None:
    """Applied, refused or skipped there: the answers cannot be told from those for unknown ones."""
    made, bad = customer(), customer(nam="x")
    held = customer("held") | {"depends_on": [bad["op_id"]]}
    stranger.upload(made, bad, held)
    nobody = problem(manager.ask(str(uuid4())), 404, "not_found")
    for operation in (made, bad, held):
        told = problem(manager.ask(operation["op_id"]), 404, "not_found")
        assert {**told, "request_id": ""} == {**nobody, "request_id": ""}


def test_a_tombstone_is_told_by_its_version(manager: HttpPhone) -> None:
    """There is no row to bring; asking leaves the log as it was."""
    made = customer()
    manager.upload(made)
    manager.upload(remove(made))
    gone = edit(made, 1, name="x")
    manager.upload(gone)
    assert manager.ask(gone["op_id"]).json()["server"] == {"version": 2, "row": None}
    assert SyncOperation.objects.filter(op_id=gone["op_id"]).count() == 1
