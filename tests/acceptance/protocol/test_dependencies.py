"""Dependencies: named ones and implied ones, in one batch and across batches."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from entities.sales.models import Customer, Sale
from tests.acceptance.protocol.stage import APPLIED, HttpPhone, customer, edit, grouped, refused, remove, seen
from tests.factories import SaleFactory
from tests.phone import insert
from tests.sales_operations import payment, sale_of

DEPENDENT = ("skipped", "dependency_failed")


def _after(operation: dict[str, Any], *needed: dict[str, Any]) -> dict[str, Any]:
    return operation | {"depends_on": [one["op_id"] for one in needed]}


def _skipped(operation: dict[str, Any], cause: str) -> dict[str, Any]:
    return refused(operation, "skipped", "dependency_failed", "after_fix", caused_by=cause)


@pytest.mark.promise("P09")
def test_a_predecessor_that_is_unknown_later_or_itself_has_failed(manager: HttpPhone) -> None:
    """Each is named as the cause."""
    later = customer("later")
    nobody = {"op_id": str(uuid4())}
    me = customer("me")
    operations = [_after(customer("a"), nobody), _after(customer("b"), later), _after(me, me), later]
    results = manager.upload(*operations)
    causes = [nobody["op_id"], later["op_id"], me["op_id"]]
    assert [seen(r) for r in results[:3]] == [
        _skipped(op, cause) for op, cause in zip(operations, causes, strict=False)
    ]
    assert results[3]["status"] == "applied"
    assert Customer.objects.get().name == "later"


@pytest.mark.promise("P09")
def test_a_predecessor_may_stand_in_this_batch_or_an_earlier_one(manager: HttpPhone, other: HttpPhone) -> None:
    """Of any client of the tenant; applied is applied, however."""
    one, two = customer("one"), remove(customer())
    other.upload(one)
    three = customer("three")
    assert manager.verdicts(two, three, _after(customer(), one, two, three))[2] == APPLIED
    assert manager.verdicts(_after(customer(), one, two, three)) == [APPLIED]


@pytest.mark.promise("P09")
def test_a_predecessor_that_was_refused_in_an_earlier_batch_holds_back(manager: HttpPhone) -> None:
    """Sent again beside it or not."""
    bad = customer(nam="x")
    manager.upload(bad)
    good = _after(customer(), bad)
    assert seen(manager.one(good)) == _skipped(good, bad["op_id"])
    assert seen(manager.upload(bad, good)[1]) == _skipped(good, bad["op_id"])


@pytest.mark.promise("P09")
@pytest.mark.promise("P11")
def test_another_tenants_operation_is_no_predecessor(manager: HttpPhone, stranger: HttpPhone) -> None:
    """It is unknown here."""
    foreign = customer()
    stranger.upload(foreign)
    good = _after(customer(), foreign)
    assert seen(manager.one(good)) == _skipped(good, foreign["op_id"])


@pytest.mark.promise("P09")
def test_chains_and_diamonds_stop_where_they_break(manager: HttpPhone) -> None:
    """Each names the one it needs; what does not lean on the broken one is applied."""
    root, bad = customer("root"), customer(nam="x")
    left, right = _after(customer("left"), root), _after(customer("right"), root, bad)
    both = _after(customer("both"), left, right)
    last = _after(customer("last"), both)
    results = manager.upload(root, bad, left, right, both, last)
    assert [(r["status"], r["code"]) for r in results] == [
        APPLIED, ("rejected", "unknown_field"), APPLIED, DEPENDENT, DEPENDENT, DEPENDENT,
    ]  # fmt: skip
    assert [r["error"]["caused_by"] for r in results[3:]] == [bad["op_id"], right["op_id"], both["op_id"]]
    assert set(Customer.objects.values_list("name", flat=True)) == {"root", "left"}


@pytest.mark.promise("P09")
def test_the_insert_of_the_row_or_of_a_row_it_references_is_a_predecessor(manager: HttpPhone) -> None:
    """Without being named, down to the children's children."""
    bad = customer(nam="x")
    change, end, child = edit(bad, 1, name="y"), remove(bad), sale_of(bad["entity_id"], "5")
    item = insert("sale_items", sale_id=child["entity_id"], product="Coffee", quantity="1", unit_price="5")
    paid = payment("1", customer_id=bad["entity_id"], sale_id=child["entity_id"])
    results = manager.upload(bad, change, end, child, item, paid)
    causes = [bad, bad, bad, child]
    for operation, result, cause in zip([change, end, child, item], results[1:], causes, strict=False):
        assert seen(result) == _skipped(operation, cause["op_id"])
    assert (results[5]["status"], results[5]["code"]) == DEPENDENT
    assert not Sale.objects.exists()


@pytest.mark.promise("P09")
def test_an_insert_that_failed_in_an_earlier_batch_holds_back_too(manager: HttpPhone, other: HttpPhone) -> None:
    """Edits and children of an absent row; for another client it is simply not there."""
    bad = customer(nam="x")
    manager.upload(bad)
    change, end, child = edit(bad, 1, name="y"), remove(bad), sale_of(bad["entity_id"], "5")
    results = manager.upload(change, end, child)
    assert [seen(r) for r in results] == [_skipped(op, bad["op_id"]) for op in (change, end, child)]
    theirs = [edit(bad, 1, name="y"), remove(bad), sale_of(bad["entity_id"], "5")]
    assert [code for _, code in other.verdicts(*theirs)] == ["not_found", "already_gone", "reference_not_found"]


@pytest.mark.promise("P09")
def test_a_mended_insert_frees_what_was_held_back(manager: HttpPhone) -> None:
    """The skipped ones are sent again under their own op_ids."""
    bad = customer(nam="x")
    change, child = edit(bad, 1, name="y"), sale_of(bad["entity_id"], "5")
    manager.upload(bad, change, child)
    mended = insert("customers", row=bad["entity_id"], name="Ana")
    results = manager.upload(mended, change, child)
    assert [(r["status"], r["replayed"]) for r in results] == [("applied", False)] * 3


@pytest.mark.promise("P09")
def test_a_row_that_somebody_else_made_is_there(manager: HttpPhone, other: HttpPhone) -> None:
    """Our own insert of it failed in an earlier batch, and that holds nothing back any more."""
    bad = customer(nam="x")
    manager.upload(bad)
    other.upload(insert("customers", row=bad["entity_id"], name="Bea"))
    assert manager.verdicts(edit(bad, 1, phone="5"), sale_of(bad["entity_id"], "5")) == [APPLIED, APPLIED]


def test_a_failed_update_does_not_hold_back_later_edits_of_the_row(manager: HttpPhone) -> None:
    """In the same batch or in the next."""
    made = customer()
    manager.upload(made)
    bad = edit(made, 1, credit_limit="-1")
    assert manager.verdicts(bad, edit(made, 1, name="Bea")) == [("rejected", "invalid"), APPLIED]
    assert manager.verdicts(edit(made, 1, name="Eva"), remove(made)) == [APPLIED, APPLIED]


@pytest.mark.promise("P09")
def test_a_group_that_failed_takes_its_dependents_along(manager: HttpPhone) -> None:
    """A member's verdict is undone with the group, and what relies on it is held back."""
    parent, bad = grouped(customer("parent"), customer(nam="x"))
    child = sale_of(parent["entity_id"], "5")
    results = manager.upload(parent, bad, child)
    assert results[0]["code"] == "group_failed"
    assert seen(results[2]) == _skipped(child, parent["op_id"])


def test_parents_of_another_business_are_no_matter_of_dependencies(manager: HttpPhone, stranger: HttpPhone) -> None:
    """A foreign parent that we tried to insert ourselves: our insert was refused, so its child waits for it."""
    foreign = SaleFactory(business=stranger.member.business, customer=None)
    taken = sale_of(None, "5") | {"entity_id": str(foreign.pk)}
    item = insert("sale_items", sale_id=foreign.pk, product="Coffee", quantity="1", unit_price="5")
    results = manager.upload(taken, item)
    assert results[0]["code"] == "id_unavailable"
    assert seen(results[1]) == _skipped(item, taken["op_id"])
