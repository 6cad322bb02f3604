"""Rules of goods handed to sellers."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest

from entities.accounts.models import Business
from entities.sales.models import Distribution
from tests.factories import DistributionFactory, MembershipFactory
from tests.phone import Phone, delete, update
from tests.sales_operations import goods

pytestmark = pytest.mark.django_db


class TestDistributions:
    """Goods balance, once per seller, product and day; sellers keep their own."""

    def test_a_seller_writes_their_own(self, seller: Phone) -> None:
        assert seller.code(goods(seller)) is None
        row = Distribution.objects.get()
        assert (row.quantity_returned, row.quantity_sold) == (0, 0)
        assert seller.codes(update(row, quantity_sold="4"), delete(row, base=2)) == [None, None]

    def test_a_manager_writes_everybodys(self, manager: Phone, seller: Phone) -> None:
        assert manager.code(goods(seller)) is None
        row = Distribution.objects.get()
        new_seller = MembershipFactory(business=row.business).user_id
        assert manager.codes(update(row, seller_id=new_seller), delete(row, base=2)) == [None, None]

    def test_a_seller_writes_nobody_elses(self, seller: Phone, business: Business) -> None:
        row = DistributionFactory(business=business)
        other = Phone(row.seller.memberships.get())
        mine = {"seller_id": seller.member.user_id}
        assert (
            seller.codes(goods(other), update(row, quantity_sold="1"), update(row, **mine), delete(row))
            == ["not_your_distribution"] * 4
        )

    def test_a_seller_does_not_hand_theirs_over(self, seller: Phone, business: Business) -> None:
        seller.upload(goods(seller))
        row = Distribution.objects.get()
        other = MembershipFactory(business=business)
        assert seller.code(update(row, seller_id=other.user_id)) == "not_your_distribution"

    @pytest.mark.parametrize("who", ["nobody", "outsider", "former", "disabled"])
    def test_the_seller_is_a_member_today(self, manager: Phone, business: Business, who: str) -> None:
        match who:
            case "nobody":
                user_id = uuid4()
            case "outsider":
                user_id = MembershipFactory().user_id
            case "former":
                user_id = MembershipFactory(business=business, active=False).user_id
            case _:
                user_id = MembershipFactory(business=business, user__is_active=False).user_id
        assert manager.code(goods(manager, seller_id=user_id)) == "reference_not_found"

    def test_goods_of_a_former_member_can_still_be_settled(self, manager: Phone, business: Business) -> None:
        row = DistributionFactory(business=business)
        row.seller.memberships.update(active=False)
        assert manager.code(update(row, quantity_returned="10")) is None

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"quantity_sold": "10"}, None),
            ({"quantity_sold": "10.001"}, "quantity_unbalanced"),
            ({"quantity_sold": "5", "quantity_returned": "5.001"}, "quantity_unbalanced"),
            ({"quantity_out": "2"}, "quantity_unbalanced"),
        ],
    )
    def test_returned_and_sold_were_handed_out(
        self, manager: Phone, business: Business, change: dict[str, str], code: str | None
    ) -> None:
        row = DistributionFactory(business=business, quantity_returned=Decimal(0), quantity_sold=Decimal(3))
        assert manager.code(update(row, **change)) == code
        assert manager.code(goods(manager, quantity_out="3", quantity_sold="3.001")) == "quantity_unbalanced"

    def test_balance_is_judged_before_ownership(self, seller: Phone, business: Business) -> None:
        row = DistributionFactory(business=business)
        assert seller.code(update(row, quantity_sold="11")) == "quantity_unbalanced"

    def test_a_product_is_handed_out_once_a_day(self, seller: Phone) -> None:
        assert seller.codes(goods(seller), goods(seller), goods(seller, day="2026-11-03")) == [
            None,
            "unique_violation",
            None,
        ]
