"""Rules of the lines of sales."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from entities.accounts.models import Business
from entities.sales.models import Sale, SaleItem
from tests.factories import SaleFactory, SaleItemFactory
from tests.phone import Phone, delete, insert, update
from tests.sales_operations import sale_of

pytestmark = pytest.mark.django_db


class TestSaleItems:
    """Lines change only while the sale is open."""

    @staticmethod
    def line(sale: Sale) -> dict[str, Any]:
        return insert("sale_items", sale_id=sale.pk, product="Tea", quantity="1", unit_price="2")

    def test_an_open_sale_gains_changes_and_loses_lines(self, seller: Phone, business: Business) -> None:
        item = SaleItemFactory(business=business)
        assert seller.codes(self.line(item.sale), update(item, quantity="3"), delete(item, base=2)) == [None] * 3

    @pytest.mark.parametrize("status", ["closed", "void"])
    def test_another_sale_does_not(self, manager: Phone, business: Business, status: str) -> None:
        item = SaleItemFactory(business=business)
        Sale.objects.update(status=status, void_reason="x")
        assert manager.codes(self.line(item.sale), update(item, quantity="3"), delete(item)) == ["sale_closed"] * 3

    @pytest.mark.parametrize("closed", ["old", "new"])
    def test_a_line_moves_between_open_sales_only(self, seller: Phone, business: Business, closed: str) -> None:
        item = SaleItemFactory(business=business)
        other = SaleFactory(business=business)
        final = item.sale if closed == "old" else other
        Sale.objects.filter(pk=final.pk).update(status="closed")
        assert seller.code(update(item, sale_id=other.pk)) == "sale_closed"
        Sale.objects.update(status="open")
        assert seller.code(update(item, sale_id=other.pk)) is None

    def test_lines_before_the_closing_pass_and_later_ones_do_not(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        assert seller.codes(self.line(sale), update(sale, status="closed"), self.line(sale)) == [
            None,
            None,
            "sale_closed",
        ]

    def test_a_sale_and_its_lines_arrive_in_one_group(self, seller: Phone) -> None:
        head = sale_of(None, "4")
        lines = [
            insert("sale_items", sale_id=UUID(head["entity_id"]), product="Tea", quantity="1", unit_price="2")
            for _ in range(2)
        ]
        group = {"sync_group_id": str(uuid4())}
        assert seller.codes(*(operation | group for operation in (head, *lines))) == [None] * 3
        assert SaleItem.objects.count() == 2
