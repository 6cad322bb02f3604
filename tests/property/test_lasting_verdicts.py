"""A verdict stands: the repeat of a refused operation is refused again, whatever has been mended in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from entities.accounts.models import Membership
from entities.sales.models import Customer, Sale
from tests.factories import (
    CustomerFactory,
    DistributionFactory,
    MembershipFactory,
    PaymentFactory,
    SaleFactory,
    SaleItemFactory,
)
from tests.phone import Phone
from tests.property.ops import Json, customer, edit, item, new_id, operation, removal, sale
from tests.property.tier import figure

pytestmark = pytest.mark.django_db(transaction=True)

NOON = "2026-11-02T12:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An operation that is refused, and what would let it pass."""

    refused: Json
    mend: Callable[[], Any]


def _payment(amount: str, **target: str) -> Json:
    return operation("insert", "payments", new_id(), {"amount": amount, "paid_at": NOON, **target})


def stale_version(member: Membership) -> Scene:
    row = CustomerFactory(business=member.business, name="Ana")
    Customer.objects.filter(pk=row.pk).update(name="Eva")
    mend = lambda: Customer.objects.filter(pk=row.pk).update(name="Bea")  # noqa: E731
    return Scene(refused=edit(str(row.pk), 1, name="Bea"), mend=mend)


def already_exists(member: Membership) -> Scene:
    row = CustomerFactory(business=member.business)
    return Scene(refused=customer(str(row.pk)), mend=row.delete)


def not_found(member: Membership) -> Scene:
    row_id = new_id()
    return Scene(refused=edit(row_id, 1, name="Bea"), mend=lambda: CustomerFactory(pk=row_id, business=member.business))


def reference_not_found(member: Membership) -> Scene:
    row_id = new_id()
    return Scene(refused=item(row_id), mend=lambda: SaleFactory(pk=row_id, business=member.business))


def has_children(member: Membership) -> Scene:
    line = SaleItemFactory(business=member.business)
    return Scene(refused=operation("delete", "sales", str(line.sale_id), base_version=1), mend=line.delete)


def unique_violation(member: Membership) -> Scene:
    rival = SaleFactory(business=member.business)
    return Scene(refused=sale(number=rival.number), mend=rival.delete)


def manager_required(member: Membership) -> Scene:
    return Scene(
        refused=customer(credit_limit="5.00"),
        mend=lambda: Membership.objects.filter(pk=member.pk).update(role=Membership.Role.MANAGER),
    )


def sale_closed(member: Membership) -> Scene:
    closed = SaleFactory(business=member.business, status=Sale.Status.CLOSED)
    return Scene(
        refused=item(str(closed.pk)),
        mend=lambda: Sale.objects.filter(pk=closed.pk).update(status=Sale.Status.OPEN),
    )


def credit_limit_exceeded(member: Membership) -> Scene:
    debtor = CustomerFactory(business=member.business, credit_limit=Decimal("10.00"))
    return Scene(
        refused=sale(customer_id=str(debtor.pk)),
        mend=lambda: Customer.objects.filter(pk=debtor.pk).update(credit_limit=0),
    )


def overpaid(member: Membership) -> Scene:
    owed = SaleFactory(business=member.business)
    taken = PaymentFactory(business=member.business, customer=None, sale=owed, amount=Decimal("100.00"))
    return Scene(refused=_payment("5.00", sale_id=str(owed.pk)), mend=taken.delete)


def not_your_distribution(member: Membership) -> Scene:
    goods = DistributionFactory(business=member.business)
    return Scene(
        refused=operation("update", "distributions", str(goods.pk), {"quantity_sold": "1"}, base_version=1),
        mend=lambda: Membership.objects.filter(pk=member.pk).update(role=Membership.Role.MANAGER),
    )


def id_unavailable(member: Membership) -> Scene:
    foreign = CustomerFactory()
    return Scene(
        refused=customer(str(foreign.pk)),
        mend=lambda: MembershipFactory(user=member.user, business=foreign.business),
    )


SCENES = (
    stale_version,
    already_exists,
    not_found,
    reference_not_found,
    has_children,
    unique_violation,
    manager_required,
    sale_closed,
    credit_limit_exceeded,
    overpaid,
    not_your_distribution,
    id_unavailable,
)
STANDS = ("status", "code", "retry", "changed", "version", "txid", "error")


@pytest.mark.promise("P16")
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_a_refusal_stays_the_same_after_its_cause_is_mended(scene: Callable[[Membership], Scene]) -> None:
    """The repeat changes nothing; a new operation with the same content may pass."""
    for _ in range(figure(1, 84)):  # 12 scenes: 1,008 in full
        member = MembershipFactory()
        phone = Phone(member)
        made = scene(member)
        (first,) = phone.upload(made.refused)
        assert first["code"] == scene.__name__
        made.mend()
        (again,) = phone.upload(made.refused)
        assert again["replayed"] is True
        assert [again.get(k) for k in STANDS] == [first.get(k) for k in STANDS]


@pytest.mark.promise("P16")
def test_a_repeat_brings_the_row_as_it_is_now() -> None:
    """The verdict is the first one, the server's row is fresh."""
    member = MembershipFactory()
    phone, row = Phone(member), CustomerFactory(business=member.business, name="Ana")
    Customer.objects.filter(pk=row.pk).update(name="Eva")
    refused = edit(str(row.pk), 1, name="Bea")
    (first,) = phone.upload(refused)
    assert first["server"]["version"] == 2
    Customer.objects.filter(pk=row.pk).update(name="Flor")
    (again,) = phone.upload(refused)
    assert (again["server"]["version"], again["server"]["row"]["name"]) == (3, "Flor")
    row.delete()
    (gone,) = phone.upload(refused)
    assert (gone["code"], gone["server"]) == ("stale_version", {"version": 4, "row": None})


@pytest.mark.promise("P19")
def test_deletes_stay_deleted() -> None:
    """Late updates and inserts, by the one who deleted and by others, never bring a row back."""
    member = MembershipFactory()
    phones = [Phone(member), Phone(MembershipFactory(business=member.business))]
    for start in range(0, figure(80, 5000), 40):
        ids = [new_id() for _ in range(20)]
        phones[0].upload(*map(customer, ids))
        phones[start // 40 % 2].upload(*(removal(i, 1) for i in ids))
        for phone in phones:
            late = [edit(i, 1 + n % 2, notes="late") if n % 3 else customer(i) for n, i in enumerate(ids)]
            results = phone.upload(*late)
            assert {(r["status"], r["code"], r["retry"]) for r in results} == {("conflict", "gone", "after_fix")}
            assert {str(r["server"]) for r in results} == {str({"version": 2, "row": None})}
            again = phone.upload(*(removal(i, 1) for i in ids))
            assert {(r["code"], r["version"], r["changed"]) for r in again} == {("already_gone", None, False)}
    assert not Customer.objects.filter(deleted_at=None).exists()
