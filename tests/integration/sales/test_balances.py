"""What customers and sales owe, read from the database: few queries, whatever the number of accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from entities.accounts.models import Business
from entities.sales.balances import read_balances
from entities.sales.models import Customer, Sale
from tests.factories import CustomerFactory, PaymentFactory, SaleFactory

pytestmark = pytest.mark.django_db


def owed_by(customer: Customer) -> Decimal:
    return read_balances(customers={customer.pk}).customers[customer.pk].owed


def owed_for(sale: Sale) -> Decimal:
    return read_balances(sales={sale.pk}).sales[sale.pk].owed


@pytest.fixture
def sale(customer: Customer) -> Sale:
    """Of 100, with 30 paid for it; 20 more were paid by its customer."""
    row = SaleFactory(business=customer.business, customer=customer)
    PaymentFactory(business=customer.business, sale=row, customer=customer, amount=Decimal(30))
    PaymentFactory(business=customer.business, customer=customer, amount=Decimal(20))
    return row


class TestFigures:
    """Each row counts once, and only while it lives."""

    def test_a_stranger_owes_nothing(self, customer: Customer) -> None:
        assert owed_by(customer) == 0

    def test_payments_count_for_the_sale_they_name_and_for_its_customer(self, sale: Sale) -> None:
        """A payment that names both counts once."""
        assert (owed_for(sale), owed_by(sale.customer)) == (70, 50)

    def test_a_void_sale_owes_nothing_and_its_payments_stay_with_the_customer(self, sale: Sale) -> None:
        Sale.objects.update(status="void", void_reason="x")
        assert (owed_for(sale), owed_by(sale.customer)) == (0, -50)

    def test_a_closed_sale_owes_like_an_open_one(self, sale: Sale) -> None:
        Sale.objects.update(status="closed")
        assert (owed_for(sale), owed_by(sale.customer)) == (70, 50)

    def test_a_payment_follows_its_sale_to_another_customer(self, sale: Sale, business: Business) -> None:
        """Whatever customer was written beside it."""
        other = CustomerFactory(business=business)
        Sale.objects.update(customer=other)
        assert (owed_by(sale.customer), owed_by(other)) == (-20, 70)

    def test_tombstones_count_no_more(self, sale: Sale, customer: Customer) -> None:
        sale.payments.all().delete()
        assert owed_by(customer) == 80
        customer.payments.all().delete()
        assert owed_by(customer) == 100
        Sale.objects.all().delete()
        assert owed_by(customer) == 0

    def test_sums_may_outgrow_their_columns(self, customer: Customer) -> None:
        SaleFactory.create_batch(2, business=customer.business, customer=customer, total=Decimal("9999999999.99"))
        assert owed_by(customer) == Decimal("19999999999.98")

    def test_many_accounts_cost_two_queries(self, business: Business, django_assert_num_queries: Any) -> None:
        sales = SaleFactory.create_batch(5, business=business)
        with django_assert_num_queries(2):
            figures = read_balances(customers={row.customer_id for row in sales}, sales={row.pk for row in sales})
        assert (len(figures.customers), len(figures.sales)) == (5, 5)

    def test_no_accounts_cost_none(self, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            read_balances()
