"""Rules of the heads of sales: open, closed and void, and what is covered by a total."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from entities.accounts.models import Business
from entities.sales.models import Customer, Sale
from tests.factories import PaymentFactory, SaleFactory, SaleItemFactory
from tests.phone import Phone, delete, update
from tests.sales_operations import sale_of

pytestmark = pytest.mark.django_db


class TestVoidAndClosed:
    """Open sales change, closed ones may become void, void ones nothing."""

    REASON = {"status": "void", "void_reason": "typed twice"}

    @pytest.mark.parametrize("status", ["open", "closed"])
    def test_a_sale_is_inserted_open_or_closed(self, seller: Phone, status: str) -> None:
        assert seller.code(sale_of(None, "5", status=status)) is None

    def test_a_sale_is_open_unless_it_says_otherwise(self, seller: Phone) -> None:
        seller.upload(sale_of(None, "5"))
        assert Sale.objects.get().status == "open"

    def test_a_void_insert_needs_a_manager_and_a_reason(self, seller: Phone, manager: Phone) -> None:
        """Who lacks both hears of the manager first."""
        assert seller.code(sale_of(None, "5", status="void")) == "manager_required"
        assert seller.code(sale_of(None, "5", **self.REASON)) == "manager_required"
        assert manager.code(sale_of(None, "5", status="void")) == "void_reason_required"
        assert manager.code(sale_of(None, "5", status="void", void_reason="  ")) == "void_reason_required"
        assert manager.code(sale_of(None, "5", **self.REASON)) is None

    @pytest.mark.parametrize("status", ["open", "closed"])
    def test_voiding_needs_a_manager_and_a_reason(
        self, seller: Phone, manager: Phone, business: Business, status: str
    ) -> None:
        sale = SaleFactory(business=business, status=status)
        assert seller.code(update(sale, **self.REASON)) == "manager_required"
        assert manager.code(update(sale, status="void")) == "void_reason_required"
        assert manager.code(update(sale, **self.REASON)) is None

    def test_a_reason_noted_before_is_a_reason(self, manager: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, void_reason="typed twice")
        assert manager.code(update(sale, status="void")) is None

    def test_a_reason_cannot_be_taken_away_while_voiding(self, manager: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, void_reason="typed twice")
        assert manager.code(update(sale, status="void", void_reason=None)) == "void_reason_required"

    def test_an_open_sale_may_change_and_become_void_at_once(self, manager: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        assert manager.code(update(sale, notes="see N-2", **self.REASON)) is None

    def test_a_closed_sale_becomes_void_and_nothing_else(
        self, seller: Phone, manager: Phone, business: Business
    ) -> None:
        """The manager, the reason, and only then that more was changed."""
        sale = SaleFactory(business=business, status="closed")
        more = {"notes": "see N-2"}
        assert seller.code(update(sale, **self.REASON, **more)) == "manager_required"
        assert manager.code(update(sale, status="void", **more)) == "void_reason_required"
        assert manager.code(update(sale, **self.REASON, **more)) == "sale_closed"

    @pytest.mark.parametrize(
        "change",
        [{"notes": "x"}, {"total": "1"}, {"status": "open"}, {"void_reason": "y"}, {"customer_id": None}],
        ids=lambda change: next(iter(change)),
    )
    @pytest.mark.parametrize("status", ["closed", "void"])
    def test_any_other_change_is_refused(
        self, manager: Phone, business: Business, status: str, change: dict[str, Any]
    ) -> None:
        """A manager's too, and of notes too."""
        sale = SaleFactory(business=business, status=status, void_reason="x" if status == "void" else None)
        assert manager.code(update(sale, **change)) == "sale_closed"

    def test_a_void_sale_is_not_closed_again(self, manager: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, status="void", void_reason="x")
        assert manager.code(update(sale, status="closed")) == "sale_closed"

    def test_an_update_that_changes_nothing_is_no_change(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, status="void", void_reason="x")
        assert seller.code(update(sale, status="void", total="100")) == "unchanged"

    @pytest.mark.parametrize(("status", "code"), [("open", None), ("closed", "sale_closed"), ("void", "sale_closed")])
    def test_only_open_sales_are_deleted(
        self, seller: Phone, business: Business, status: str, code: str | None
    ) -> None:
        sale = SaleFactory(business=business, status=status, void_reason="x" if status == "void" else None)
        assert seller.code(delete(sale)) == code

    @pytest.mark.parametrize("child", ["item", "payment"])
    def test_a_sale_goes_after_its_items_and_payments(self, manager: Phone, business: Business, child: str) -> None:
        sale = SaleFactory(business=business)
        row = (
            SaleItemFactory(business=business, sale=sale)
            if child == "item"
            else PaymentFactory(business=business, sale=sale, customer=None)
        )
        assert manager.code(delete(sale)) == "has_children"
        assert manager.codes(delete(row), delete(sale)) == [None, None]

    def test_a_closed_sale_with_items_is_closed_before_it_has_children(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, status="closed")
        SaleItemFactory(business=business, sale=sale)
        assert seller.code(delete(sale)) == "sale_closed"

    def test_numbers_are_unique_per_business(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        number = SaleFactory().number
        assert seller.codes(sale_of(None, "1", number=sale.number), sale_of(None, "1", number=number)) == [
            "unique_violation",
            None,
        ]


class TestTotals:
    """A total covers what was paid for the sale."""

    def test_a_total_does_not_fall_below_its_payments(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        PaymentFactory(business=business, sale=sale, customer=None, amount=Decimal(40))
        PaymentFactory(business=business, customer=sale.customer, amount=Decimal(50))
        assert seller.codes(update(sale, total="39.99"), update(sale, total="40")) == ["overpaid", None]

    def test_a_limit_is_judged_before_payments(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business)
        PaymentFactory(business=customer.business, sale=sale, customer=None, amount=Decimal(40))
        SaleFactory(business=customer.business, customer=customer, total=Decimal(200))
        assert seller.code(update(sale, customer_id=customer.pk, total="39")) == "credit_limit_exceeded"
