"""Dependencies: what needs a failed operation is skipped, and says which."""

from __future__ import annotations

import pytest

from entities.sales.models import Customer
from tests.factories import MembershipFactory
from tests.phone import Phone
from tests.property.ops import BAD_OPERATIONS, Json, customer, edit, item, new_id, removal, sale
from tests.property.tier import figure, seeded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.promise("P09")
def test_no_dependent_of_a_failed_operation_is_applied() -> None:
    """Random graphs with one bad root: exactly its descendants are skipped, each naming one that it needs."""
    seed, random = seeded()
    phone = Phone(MembershipFactory())
    skipped = 0
    while skipped < figure(60, 1000):
        size = random.randint(3, 25)
        operations: list[Json] = [customer() for _ in range(size)]
        bad = random.randrange(size - 1)
        operations[bad] = random.choice(BAD_OPERATIONS)()
        needs: dict[int, list[int]] = {}
        for place in range(1, size):
            if place != bad and random.random() < 0.8:
                needs[place] = random.sample(range(place), k=min(place, random.choice((1, 1, 2))))
                operations[place]["depends_on"] = [operations[n]["op_id"] for n in needs[place]]
        fallen = {bad}
        for place in range(size):
            if fallen & set(needs.get(place, ())):
                fallen.add(place)
        for place, result in enumerate(phone.upload(*operations)):
            if place not in fallen:
                assert result["status"] == "applied", (seed, result)
            elif place != bad:
                assert (result["status"], result["code"]) == ("skipped", "dependency_failed"), seed
                cause = next(n for n in needs[place] if n in fallen)
                assert result["error"]["caused_by"] == operations[cause]["op_id"]
                skipped += 1
        applied = {operations[n]["entity_id"] for n in range(size) if n not in fallen}
        ids = [o["entity_id"] for o in operations]
        assert {str(pk) for pk in Customer.objects.filter(pk__in=ids).values_list("pk", flat=True)} == applied


@pytest.mark.promise("P09")
def test_what_belongs_to_a_failed_insert_is_held_back_without_being_told() -> None:
    """The operation that inserts the row, or a row that is referred to, is a predecessor by itself."""
    phone, customer_id, sale_id = Phone(MembershipFactory()), new_id(), new_id()
    bad = customer(customer_id, name=None)
    head = sale(sale_id, customer_id=customer_id)
    results = phone.upload(bad, head, item(sale_id), edit(customer_id, 1, notes="x"), removal(customer_id, 1))
    assert [r["code"] for r in results] == ["invalid", *["dependency_failed"] * 4]
    causes = [r["error"]["caused_by"] for r in results[1:]]
    assert causes == [bad["op_id"], head["op_id"], bad["op_id"], bad["op_id"]]


@pytest.mark.promise("P09")
def test_what_belongs_to_an_insert_that_failed_in_an_earlier_batch_is_held_back() -> None:
    """The next batch of the same client knows; another client's does not."""
    member = MembershipFactory()
    phone, customer_id = Phone(member), new_id()
    bad = customer(customer_id, name=None)
    phone.upload(bad)
    (later,) = phone.upload(sale(customer_id=customer_id))
    assert (later["code"], later["error"]["caused_by"]) == ("dependency_failed", bad["op_id"])
    assert Phone(member).codes(sale(customer_id=customer_id)) == ["reference_not_found"]
    phone.upload(customer(customer_id))
    assert phone.codes(sale(customer_id=customer_id)) == [None]


@pytest.mark.promise("P09")
def test_an_insert_of_a_user_in_another_tenant_holds_nothing_back() -> None:
    """One client_id serves both tenants of its user, but an op_id means something in one of them only."""
    member = MembershipFactory()
    elsewhere = MembershipFactory(user=member.user)
    phone, customer_id = Phone(member), new_id()
    phone.upload(customer(customer_id, name=None))
    other = Phone(elsewhere)
    other.client_id = phone.client_id
    assert other.codes(edit(customer_id, 1, notes="x")) == ["not_found"]


@pytest.mark.promise("P09")
def test_a_failed_update_does_not_hold_back_later_edits() -> None:
    """Each edit of a row that is there stands for itself."""
    phone, customer_id = Phone(MembershipFactory()), new_id()
    codes = phone.codes(customer(customer_id), edit(customer_id, 1, name=" "), edit(customer_id, 1, name="Eva"))
    assert codes == [None, "invalid", None]


@pytest.mark.promise("P09")
@pytest.mark.parametrize("which", ["unknown", "later", "itself"])
def test_a_predecessor_that_cannot_have_been_applied_counts_as_failed(which: str) -> None:
    """Unknown, later in the batch, or the operation itself."""
    phone, later = Phone(MembershipFactory()), customer()
    operation = customer()
    needed = {"unknown": new_id(), "later": later["op_id"], "itself": operation["op_id"]}[which]
    first, second = phone.upload({**operation, "depends_on": [needed]}, later)
    assert (first["code"], first["error"]["caused_by"], first["retry"]) == ("dependency_failed", needed, "after_fix")
    assert second["status"] == "applied"


@pytest.mark.promise("P09")
def test_a_skipped_operation_is_applied_when_its_cause_is_mended() -> None:
    """Skipped is not kept: the same op_id is executed once what it needs is there."""
    phone, needed = Phone(MembershipFactory()), customer()
    dependent = {**customer(), "depends_on": [needed["op_id"]]}
    assert phone.code(dependent) == "dependency_failed"
    assert phone.codes(needed, dependent) == [None, None]


@pytest.mark.parametrize("op_id", [7, ["\ud800"], {"a": "\0"}, "no id\0", "\udfff"])
@pytest.mark.parametrize("group", [None, new_id()], ids=["alone", "group"])
def test_a_cause_without_a_usable_op_id_is_named_as_text(op_id: object, group: str | None) -> None:
    """It is logged and answered like any other."""
    phone, row = Phone(MembershipFactory()), new_id()
    bad, late = {**customer(row), "op_id": op_id}, edit(row, 1, notes="x")
    first, second = phone.upload(*({**o, "sync_group_id": group} for o in (bad, late)))
    assert first["code"] == "invalid"
    assert second["code"] == ("group_failed" if group else "dependency_failed")
    assert isinstance(second["error"]["caused_by"], str)
