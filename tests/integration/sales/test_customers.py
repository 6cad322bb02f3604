"""Rules of customers, as clients meet them."""

from __future__ import annotations

from typing import Any

import pytest

from entities.accounts.models import Business
from entities.sales.models import Customer
from tests.factories import CustomerFactory, PaymentFactory, SaleFactory
from tests.phone import Phone, delete, insert, update

pytestmark = pytest.mark.django_db


class TestCustomers:
    """Credit is given by managers; the rest is anybody's."""

    def test_anybody_adds_a_customer_without_a_limit(self, seller: Phone) -> None:
        assert seller.codes(insert("customers", name="Ana"), insert("customers", name="Eva", credit_limit="0")) == [
            None,
            None,
        ]

    def test_an_insert_with_a_limit_needs_a_manager(self, seller: Phone, manager: Phone) -> None:
        assert seller.code(insert("customers", name="Ana", credit_limit="0.01")) == "manager_required"
        assert manager.code(insert("customers", name="Ana", credit_limit="0.01")) is None

    @pytest.mark.parametrize("limit", ["0", "99.99", "500"])
    def test_any_change_of_a_limit_needs_a_manager(
        self, seller: Phone, manager: Phone, customer: Customer, limit: str
    ) -> None:
        assert seller.code(update(customer, credit_limit=limit)) == "manager_required"
        assert manager.code(update(customer, credit_limit=limit)) is None

    def test_sending_the_same_limit_is_no_change(self, seller: Phone, customer: Customer) -> None:
        assert seller.codes(
            update(customer, credit_limit="100.00"), update(customer, credit_limit="100", name="B")
        ) == [
            "unchanged",
            None,
        ]

    def test_a_limit_may_fall_below_what_is_owed(self, manager: Phone, customer: Customer) -> None:
        SaleFactory(business=customer.business, customer=customer)
        assert manager.code(update(customer, credit_limit="1")) is None

    def test_tax_numbers_are_unique_among_living_rows(self, seller: Phone, business: Business) -> None:
        taken = CustomerFactory(business=business, tax_number="T-1")
        CustomerFactory(business=business, tax_number="T-2").delete()
        CustomerFactory(tax_number="T-3")
        first, *others = seller.upload(
            *(insert("customers", name="x", tax_number=number) for number in ("T-1", "T-2", "T-3"))
        )
        assert (first["code"], first["error"]["duplicate_of"]) == ("unique_violation", str(taken.pk))
        assert first["error"]["fields"].keys() == {"tax_number"}
        assert [other["code"] for other in others] == [None, None]

    def test_many_customers_have_no_tax_number(self, seller: Phone) -> None:
        assert seller.codes(*(insert("customers", name="x", tax_number="") for _ in range(2))) == [None, None]

    @pytest.mark.parametrize("child", [SaleFactory, PaymentFactory], ids=["sale", "payment"])
    def test_a_customer_goes_after_their_sales_and_payments(
        self, manager: Phone, business: Business, child: Any
    ) -> None:
        row = child(business=business)
        assert manager.code(delete(row.customer)) == "has_children"
        assert manager.codes(delete(row), delete(row.customer)) == [None, None]
