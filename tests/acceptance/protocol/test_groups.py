"""Groups: all or none, at the position of their first member, and failed again by a member that is a replay."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from entities.sales.models import Customer, Sale
from tests.acceptance.protocol.stage import APPLIED, HttpPhone, customer, edit, grouped, refused, seen
from tests.phone import insert
from tests.sales_operations import sale_of

GROUP_FAILED = ("skipped", "group_failed")


def _fallen(operation: dict[str, Any], culprit: dict[str, Any]) -> dict[str, Any]:
    return refused(operation, "skipped", "group_failed", "after_fix", caused_by=culprit["op_id"])


@pytest.mark.promise("P08")
@pytest.mark.parametrize("place", range(4))
def test_the_culprit_gets_its_own_verdict_and_the_others_fall(manager: HttpPhone, place: int) -> None:
    """At any place; neighbours outside the group are applied."""
    members = [customer(f"{n}") for n in range(4)]
    members[place]["payload"]["nam"] = "x"
    members = grouped(*members)
    results = manager.upload(customer("before"), *members, customer("after"))
    assert results[place + 1]["code"] == "unknown_field"
    for n, member in enumerate(members):
        if n != place:
            assert seen(results[n + 1]) == _fallen(member, members[place])
    assert set(Customer.objects.values_list("name", flat=True)) == {"before", "after"}


@pytest.mark.promise("P08")
def test_a_group_that_is_applied_is_applied_whole(manager: HttpPhone) -> None:
    """A sale with its lines, one transaction."""
    sale = sale_of(None, "5")
    lines = [
        insert("sale_items", sale_id=sale["entity_id"], product=f"{n}", quantity="1", unit_price="1") for n in range(3)
    ]
    answer = manager.answer(*grouped(sale, *lines))
    assert {result["status"] for result in answer["results"]} == {"applied"}
    assert {result["txid"] for result in answer["results"]} == {answer["txid"]}


@pytest.mark.promise("P08")
def test_the_first_that_fails_is_the_culprit(manager: HttpPhone) -> None:
    """Of two that would, the second was never tried and may be sent again."""
    one, first, second = grouped(customer("one"), customer(nam="x"), customer(nam="y"))
    results = manager.upload(one, first, second)
    assert results[1]["code"] == "unknown_field"
    assert seen(results[0]) == _fallen(one, first)
    assert seen(results[2]) == _fallen(second, first)


@pytest.mark.promise("P08")
def test_a_member_refused_by_the_database_fails_its_group(manager: HttpPhone) -> None:
    """What was written before it is undone."""
    manager.upload(customer("rival", tax_number="7"))
    one, bad = grouped(customer("one"), customer("bad", tax_number="7"))
    assert manager.verdicts(one, bad) == [GROUP_FAILED, ("rejected", "unique_violation")]
    assert Customer.objects.get().name == "rival"


@pytest.mark.promise("P08")
def test_groups_may_be_interleaved(manager: HttpPhone) -> None:
    """With each other and with single operations; each stands or falls alone."""
    red = grouped(customer("red 1"), customer("red 2"), customer("red 3"))
    blue = grouped(customer("blue 1"), customer(nam="x"))
    alone = customer("alone")
    verdicts = manager.verdicts(red[0], blue[0], alone, red[1], blue[1], red[2])
    assert verdicts == [APPLIED, GROUP_FAILED, APPLIED, APPLIED, ("rejected", "unknown_field"), APPLIED]


def test_a_group_takes_effect_where_its_first_member_stands(manager: HttpPhone) -> None:
    """A single write between its members comes after all of them."""
    made = customer()
    manager.upload(made)
    first, last = grouped(edit(made, 1, name="first"), edit(made, 1, name="last"))
    between = edit(made, 1, name="between")
    assert [r["version"] for r in manager.upload(first, between, last)] == [2, 4, 3]
    assert Customer.objects.get().name == "between"


@pytest.mark.promise("P08")
def test_a_replayed_refusal_fails_its_group_again(manager: HttpPhone) -> None:
    """At any place; it keeps its verdict, and the others name it."""
    one, bad, two = grouped(customer("one"), customer(nam="x"), customer("two"))
    (first,) = manager.upload(bad)
    for members in ([one, bad, two], [bad, one, two], [one, two, bad]):
        results = {result["op_id"]: result for result in manager.upload(*members)}
        assert results[bad["op_id"]] == {**first, "replayed": True}
        assert seen(results[one["op_id"]]) == _fallen(one, bad)
        assert seen(results[two["op_id"]]) == _fallen(two, bad)
    assert not Customer.objects.exists()


@pytest.mark.promise("P08")
def test_a_replayed_applied_member_counts_as_applied(manager: HttpPhone) -> None:
    """Its group goes on with the rest; when the rest fails, what was applied stays so."""
    one, two = grouped(customer("one"), customer("two"))
    (first,) = manager.upload(one)
    results = manager.upload(one, two)
    assert results[0] == {**first, "replayed": True}
    assert (results[1]["status"], results[1]["replayed"]) == ("applied", False)
    bad, three = customer(nam="x"), customer("three")
    for operation in (bad, three):
        operation["sync_group_id"] = one["sync_group_id"]
    again = manager.upload(one, three, bad)
    assert [(r["status"], r["code"], r["replayed"]) for r in again] == [
        ("applied", None, True), ("skipped", "group_failed", False), ("rejected", "unknown_field", False),
    ]  # fmt: skip
    assert set(Customer.objects.values_list("name", flat=True)) == {"one", "two"}


@pytest.mark.promise("P08")
def test_a_group_is_a_matter_of_one_request(manager: HttpPhone) -> None:
    """The same id in another batch is another group."""
    bad, good = grouped(customer(nam="x"), customer("good"))
    assert manager.verdicts(bad) == [("rejected", "unknown_field")]
    assert manager.verdicts(good) == [APPLIED]


@pytest.mark.promise("P08")
def test_a_failed_group_may_be_sent_again_once_its_culprit_is_mended(manager: HttpPhone) -> None:
    """The others under their own op_ids, the mended one under a new."""
    one, bad = grouped(customer("one"), customer(nam="x"))
    manager.upload(one, bad)
    mended = bad | {"op_id": str(uuid4()), "payload": {"name": "two"}}
    results = manager.upload(one, mended)
    assert [(r["status"], r["replayed"]) for r in results] == [("applied", False)] * 2


@pytest.mark.promise("P08")
@pytest.mark.promise("P09")
def test_a_member_whose_predecessor_failed_is_the_culprit(manager: HttpPhone) -> None:
    """With `dependency_failed` as its own verdict."""
    bad = customer(nam="x")
    one, needy = grouped(customer("one"), customer("needy") | {"depends_on": [bad["op_id"]]})
    results = manager.upload(bad, one, needy)
    assert seen(results[2]) == refused(needy, "skipped", "dependency_failed", "after_fix", caused_by=bad["op_id"])
    assert seen(results[1]) == _fallen(one, needy)


@pytest.mark.promise("P08")
def test_an_atomic_batch_is_one_group(manager: HttpPhone) -> None:
    """Also around operations with groups of their own."""
    one, two = grouped(customer("one"), customer("two"))
    three, bad = customer("three"), sale_of(str(uuid4()), "5")
    results = manager.upload(one, bad, two, three, atomic=True)
    assert results[1]["code"] == "reference_not_found"
    for operation, result in ((one, results[0]), (two, results[2]), (three, results[3])):
        assert seen(result) == _fallen(operation, bad)
    assert not Customer.objects.exists()
    assert manager.verdicts(one, two, three, atomic=True) == [APPLIED] * 3
    assert manager.verdicts(one, bad, two, atomic=False) == [APPLIED, ("rejected", "reference_not_found"), APPLIED]
    assert not Sale.objects.exists()
