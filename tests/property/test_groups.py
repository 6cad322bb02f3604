"""Groups: all members are applied, or none."""

from __future__ import annotations

from typing import Any

import pytest

from entities.sales.models import Customer, Sale, SaleItem
from sync.models import LedgerEntry
from tests.factories import MembershipFactory
from tests.phone import Phone
from tests.property.ops import BAD_OPERATIONS, Json, customer, edit, item, new_id, sale
from tests.property.tier import figure, seeded

pytestmark = pytest.mark.django_db(transaction=True)


def group_of(size: int, random: Any) -> list[Json]:
    """Members that refer to each other: a customer, edits of it, a sale and its lines."""
    customer_id, sale_id = new_id(), new_id()
    start = [customer(customer_id), sale(sale_id, customer_id=customer_id)]
    more = [random.choice((item(sale_id), edit(customer_id, 1, notes=new_id()), customer())) for _ in range(size - 2)]
    return [*start, *more]


def rows() -> int:
    return Customer.objects.count() + Sale.objects.count() + SaleItem.objects.count()


@pytest.mark.promise("P08")
def test_a_group_with_a_bad_member_leaves_nothing() -> None:
    """Wherever the bad member stands, and whatever is wrong with it."""
    seed, random = seeded()
    phone = Phone(MembershipFactory())
    groups = 0
    while groups < figure(60, 2000):
        size = 2 + groups % 19
        members = group_of(size, random)
        place = random.randrange(size + 1)
        bad = random.choice(BAD_OPERATIONS)()
        members.insert(place, bad)
        before = rows()
        neighbours = [customer(), customer()]
        atomic = groups % 5 == 0
        if atomic:
            results = list(phone.upload(*members, atomic=True))
        else:
            group = new_id()
            grouped = [{**m, "sync_group_id": group} for m in members]
            results = phone.upload(neighbours[0], *grouped, neighbours[1])
            assert [r["status"] for r in (results[0], results[-1])] == ["applied", "applied"], seed
            results = list(results)[1:-1]
        culprit = results.pop(place)
        assert culprit["status"] in {"rejected", "conflict"}, (seed, culprit)
        assert {(r["status"], r["code"], r["retry"]) for r in results} == {("skipped", "group_failed", "after_fix")}
        assert {r["error"]["caused_by"] for r in results} == {bad["op_id"]}
        assert rows() == before + (0 if atomic else 2), seed
        kept = LedgerEntry.objects.filter(op_id__in=[m["op_id"] for m in members]).count()
        assert kept == 1, "only the culprit's verdict is kept"
        groups += 1


@pytest.mark.promise("P08")
def test_a_group_whose_members_are_good_is_applied_as_one() -> None:
    """The same groups without a bad member, in one transaction."""
    _, random = seeded()
    phone = Phone(MembershipFactory())
    for size in range(2, 21, 6):
        group = new_id()
        results = phone.upload(*({**m, "sync_group_id": group} for m in group_of(size, random)))
        assert {r["status"] for r in results} == {"applied"}
        assert len({r["txid"] for r in results}) == 1


@pytest.mark.promise("P08")
def test_a_group_stands_where_its_first_member_stands() -> None:
    """An operation between two members takes effect after the group."""
    phone, row, group = Phone(MembershipFactory()), new_id(), new_id()
    results = phone.upload(
        {**customer(row), "sync_group_id": group},
        edit(row, 1, notes="between"),
        {**edit(row, 1, notes="member"), "sync_group_id": group},
    )
    assert [r["version"] for r in results] == [1, 3, 2]
    assert Customer.objects.get(pk=row).notes == "between"


@pytest.mark.promise("P08")
def test_a_group_mended_and_sent_again_is_applied() -> None:
    """Members that were skipped are sent again under their own op_ids; the mended one is a new operation."""
    phone, group, sale_id = Phone(MembershipFactory()), new_id(), new_id()
    members = [sale(sale_id), item(sale_id), item(sale_id, quantity="0")]
    first = phone.upload(*({**m, "sync_group_id": group} for m in members))
    assert [r["code"] for r in first] == ["group_failed", "group_failed", "invalid"]
    again = phone.upload(*({**m, "sync_group_id": group} for m in (*members[:2], item(sale_id))))
    assert [(r["status"], r["replayed"]) for r in again] == [("applied", False)] * 3


@pytest.mark.promise("P08")
def test_a_failed_member_sent_again_fails_its_group_again() -> None:
    """A repeat that was refused is the culprit before anything of the group starts."""
    phone, group, sale_id = Phone(MembershipFactory()), new_id(), new_id()
    members = [{**m, "sync_group_id": group} for m in (sale(sale_id), item(sale_id, quantity="0"))]
    phone.upload(*members)
    again = phone.upload(*members, {**item(sale_id), "sync_group_id": group})
    assert [(r["code"], r["replayed"]) for r in again] == [
        ("group_failed", False),
        ("invalid", True),
        ("group_failed", False),
    ]
    assert not Sale.objects.exists()


@pytest.mark.promise("P08")
def test_a_repeat_that_was_applied_counts_as_applied_in_its_group() -> None:
    """A group whose first half was applied long ago can still be applied."""
    phone, group, sale_id = Phone(MembershipFactory()), new_id(), new_id()
    head = sale(sale_id)
    phone.upload(head)
    results = phone.upload({**head, "sync_group_id": group}, {**item(sale_id), "sync_group_id": group})
    assert [(r["status"], r["replayed"]) for r in results] == [("applied", True), ("applied", False)]


def test_other_content_under_an_op_id_of_the_same_group_is_not_remembered() -> None:
    """The group failed, so nothing was applied under that op_id: sent again as it was, it is executed."""
    phone, group = Phone(MembershipFactory()), new_id()
    first = {**customer(), "sync_group_id": group}
    twin = {**first, "entity_id": new_id()}
    codes = [r["code"] for r in phone.upload(first, twin)]
    assert codes == ["group_failed", "operation_id_reused"]
    assert [r["status"] for r in phone.upload(first)] == ["applied"]
