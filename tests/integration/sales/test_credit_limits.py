"""What a customer may come to owe."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest

from entities.accounts.models import Business
from entities.sales.models import Customer
from tests.factories import CustomerFactory, PaymentFactory, SaleFactory
from tests.phone import Phone, delete, update
from tests.sales_operations import payment, sale_of

pytestmark = pytest.mark.django_db


class TestCreditLimits:
    """A write that may raise the debt keeps it within a set limit."""

    EXCEEDED = "credit_limit_exceeded"

    def test_a_sale_up_to_the_limit_passes(self, seller: Phone, customer: Customer) -> None:
        assert seller.codes(sale_of(customer, "100.00"), sale_of(customer, "0.01"), sale_of(customer, "0")) == [
            None,
            self.EXCEEDED,
            None,
        ]

    def test_a_limit_of_0_is_none(self, seller: Phone, business: Business) -> None:
        assert seller.code(sale_of(CustomerFactory(business=business), "9999999999.99")) is None

    def test_counter_sales_have_no_limit(self, seller: Phone) -> None:
        assert seller.code(sale_of(None, "9999999999.99")) is None

    def test_closed_sales_count_and_void_ones_do_not(self, seller: Phone, manager: Phone, customer: Customer) -> None:
        assert manager.codes(
            sale_of(customer, "500", status="void", void_reason="x"), sale_of(customer, "60", status="closed")
        ) == [None, None]
        assert seller.codes(sale_of(customer, "41"), sale_of(customer, "40")) == [self.EXCEEDED, None]

    def test_payments_make_room(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, customer=customer)
        assert seller.codes(
            payment("30", sale_id=sale.pk),
            payment("20", customer_id=customer.pk),
            sale_of(customer, "50.01"),
            sale_of(customer, "50"),
        ) == [None, None, self.EXCEEDED, None]

    def test_payments_of_a_void_sale_count_for_the_customer(self, manager: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, customer=customer)
        assert manager.codes(
            payment("30", sale_id=sale.pk),
            update(sale, status="void", void_reason="x"),
            sale_of(customer, "130.01"),
            sale_of(customer, "130"),
        ) == [None, None, self.EXCEEDED, None]

    def test_a_deleted_sale_or_payment_counts_no_more(self, manager: Phone, customer: Customer) -> None:
        first = SaleFactory(business=customer.business, customer=customer, total=Decimal(80))
        paid = PaymentFactory(business=customer.business, customer=customer, amount=Decimal(30))
        assert manager.codes(
            delete(paid),
            sale_of(customer, "20.01"),
            delete(first),
            sale_of(customer, "100.01"),
            sale_of(customer, "100"),
        ) == [None, self.EXCEEDED, None, self.EXCEEDED, None]

    def test_a_total_may_rise_within_the_limit(self, seller: Phone, customer: Customer) -> None:
        SaleFactory(business=customer.business, customer=customer, total=Decimal(40))
        sale = SaleFactory(business=customer.business, customer=customer, total=Decimal(40))
        assert seller.codes(update(sale, total="60.01"), update(sale, total="60")) == [self.EXCEEDED, None]

    def test_over_a_lowered_limit_a_sale_can_still_be_corrected(self, seller: Phone, customer: Customer) -> None:
        """Totals that fall, other columns, closing."""
        sale = SaleFactory(business=customer.business, customer=customer, total=Decimal(500))
        assert seller.codes(
            update(sale, total="400", notes="less"), update(sale, total="400.01"), update(sale, status="closed")
        ) == [None, self.EXCEEDED, None]

    def test_a_change_of_customer_is_judged_by_the_new_one(
        self, seller: Phone, customer: Customer, business: Business
    ) -> None:
        sale = SaleFactory(business=business, total=Decimal(70))
        PaymentFactory(business=business, sale=sale, customer=None, amount=Decimal(20))
        SaleFactory(business=business, customer=customer, total=Decimal("50.01"))
        assert seller.code(update(sale, customer_id=customer.pk)) == self.EXCEEDED
        SaleFactory(business=business, customer=customer, total=Decimal(1)).delete()
        Customer.objects.update(credit_limit=Decimal("100.01"))
        assert seller.code(update(sale, customer_id=customer.pk)) is None

    def test_a_counter_sale_given_a_customer_is_judged(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, counter=True, total=Decimal("100.01"))
        assert seller.code(update(sale, customer_id=customer.pk)) == self.EXCEEDED

    def test_a_sale_may_leave_its_customer(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, customer=customer, total=Decimal(900))
        assert seller.codes(update(sale, customer_id=None), sale_of(customer, "100")) == [None, None]

    def test_a_lower_total_for_another_customer_is_judged(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, total=Decimal(900))
        assert seller.code(update(sale, customer_id=customer.pk, total="100.01")) == self.EXCEEDED

    def test_the_sales_of_one_batch_are_added_up(self, seller: Phone, customer: Customer) -> None:
        assert seller.codes(*(sale_of(customer, "30") for _ in range(5))) == [None, None, None, *[self.EXCEEDED] * 2]

    def test_a_sale_that_failed_with_its_group_takes_no_room(self, seller: Phone, customer: Customer) -> None:
        group = str(uuid4())
        operations = [
            sale_of(customer, "90") | {"sync_group_id": group},
            sale_of(customer, "-1") | {"sync_group_id": group},
            sale_of(customer, "100"),
        ]
        assert seller.codes(*operations) == ["group_failed", "invalid", None]
