"""Rules of payments: never more than is owed, for what they name."""

from __future__ import annotations

from decimal import Decimal

import pytest

from entities.accounts.models import Business
from entities.sales.models import Customer, Payment
from tests.factories import CustomerFactory, PaymentFactory, SaleFactory
from tests.phone import Phone, delete, update
from tests.sales_operations import payment

pytestmark = pytest.mark.django_db


class TestPayments:
    """Never more than is owed, for what it names; never edited."""

    def test_a_payment_names_something(self, seller: Phone) -> None:
        assert (
            seller.codes(payment("1"), payment("1", customer_id=None, sale_id=None)) == ["payment_without_target"] * 2
        )

    def test_the_customer_beside_a_sale_is_the_sales(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        other = CustomerFactory(business=business)
        assert seller.code(payment("1", sale_id=sale.pk, customer_id=other.pk)) == "payment_target_mismatch"
        assert seller.code(payment("1", sale_id=sale.pk, customer_id=sale.customer_id)) is None
        assert seller.code(payment("1", sale_id=sale.pk)) is None

    def test_a_counter_sale_has_no_customer_to_name(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, counter=True)
        assert seller.code(payment("1", sale_id=sale.pk, customer_id=customer.pk)) == "payment_target_mismatch"
        assert seller.code(payment("1", sale_id=sale.pk)) is None

    def test_a_mismatch_is_told_before_too_much(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business)
        assert seller.code(payment("1000", sale_id=sale.pk, customer_id=customer.pk)) == "payment_target_mismatch"

    def test_a_sale_is_never_overpaid(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        assert seller.codes(
            payment("60", sale_id=sale.pk),
            payment("40.01", sale_id=sale.pk, customer_id=sale.customer_id),
            payment("40", sale_id=sale.pk),
            payment("0.01", sale_id=sale.pk),
        ) == [None, "overpaid", None, "overpaid"]

    def test_a_customer_never_overpays(self, seller: Phone, customer: Customer) -> None:
        SaleFactory.create_batch(2, business=customer.business, customer=customer, total=Decimal(50))
        assert seller.codes(
            payment("100.01", customer_id=customer.pk),
            payment("99", customer_id=customer.pk),
            payment("1.01", customer_id=customer.pk),
            payment("1", customer_id=customer.pk),
        ) == ["overpaid", None, "overpaid", None]

    def test_payments_of_a_sale_lower_what_its_customer_owes(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, customer=customer)
        assert seller.codes(
            payment("60", sale_id=sale.pk),
            payment("40.01", customer_id=customer.pk),
            payment("40", customer_id=customer.pk),
        ) == [None, "overpaid", None]

    def test_a_payment_of_the_customer_is_none_of_the_sale(self, seller: Phone, customer: Customer) -> None:
        """The sale still owes its total, though its customer owes nothing any more."""
        sale = SaleFactory(business=customer.business, customer=customer)
        assert seller.codes(payment("100", customer_id=customer.pk), payment("100", sale_id=sale.pk)) == [None, None]

    def test_a_closed_sale_is_paid(self, seller: Phone, business: Business) -> None:
        assert seller.code(payment("100", sale_id=SaleFactory(business=business, status="closed").pk)) is None

    def test_a_void_sale_owes_nothing(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, status="void", void_reason="x")
        assert (
            seller.codes(payment("0.01", sale_id=sale.pk), payment("0.01", customer_id=sale.customer_id))
            == ["overpaid"] * 2
        )

    def test_payments_are_not_edited(self, seller: Phone, manager: Phone, business: Business) -> None:
        row = PaymentFactory(business=business)
        assert seller.code(update(row, notes="x")) == "payment_final"
        assert manager.codes(update(row, amount="1"), update(row, amount="10")) == ["payment_final", "unchanged"]

    def test_a_manager_deletes_payments_whatever_is_owed(
        self, seller: Phone, manager: Phone, customer: Customer
    ) -> None:
        SaleFactory(business=customer.business, customer=customer, total=Decimal(500))
        row = PaymentFactory(business=customer.business, customer=customer)
        assert seller.code(delete(row)) == "manager_required"
        assert manager.code(delete(row)) is None

    def test_a_payment_is_in_cash_unless_it_says_otherwise(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        seller.upload(payment("1", sale_id=sale.pk))
        assert Payment.objects.get().method == "cash"

    @pytest.mark.parametrize("amount", ["0", "-1"])
    def test_an_amount_is_positive(self, seller: Phone, customer: Customer, amount: str) -> None:
        (result,) = seller.upload(payment(amount, customer_id=customer.pk))
        assert result["error"]["fields"] == {"amount": ["must be greater than 0"]}
