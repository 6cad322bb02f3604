"""Figures hold against batches that run at the same moment: real transactions, real locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from entities.accounts.models import Business
from entities.sales.balances import read_balances
from entities.sales.models import Customer, Sale
from tests.factories import CustomerFactory, MembershipFactory, SaleFactory
from tests.phone import Phone, delete, insert, update
from tests.sales_operations import payment, sale_of

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5


def at_once(business: Business, *operations: dict[str, Any]) -> list[str | None]:
    """The codes of operations that as many phones upload at the same moment."""
    phones = [Phone(MembershipFactory(business=business, manager=True)) for _ in operations]
    start = Barrier(len(phones))

    def upload(pair: tuple[Phone, dict[str, Any]]) -> str | None:
        phone, operation = pair
        try:
            start.wait()
            return phone.code(operation)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(phones)) as threads:
        return list(threads.map(upload, zip(phones, operations, strict=True)))


def counted(codes: Sequence[str | None]) -> Counter[str | None]:
    return Counter(codes)


@pytest.mark.parametrize("attempt", range(ROUNDS))
class TestRivals:
    """However they meet, the outcome is that of some order."""

    def test_sales_of_one_customer_stay_within_the_limit(self, customer: Customer, attempt: int) -> None:
        codes = at_once(customer.business, *(sale_of(customer, "40") for _ in range(4)))
        assert counted(codes) == {None: 2, "credit_limit_exceeded": 2}

    def test_payments_of_one_sale_never_exceed_it(self, business: Business, attempt: int) -> None:
        sale = SaleFactory(business=business)
        codes = at_once(business, *(payment("40", sale_id=sale.pk) for _ in range(4)))
        assert counted(codes) == {None: 2, "overpaid": 2}

    def test_payments_of_a_customer_and_of_their_sale_share_an_account(self, customer: Customer, attempt: int) -> None:
        """A payment of the sale lowers what the customer may still pay."""
        sale = SaleFactory(business=customer.business, customer=customer)
        at_once(customer.business, payment("60", sale_id=sale.pk), payment("60", customer_id=customer.pk))
        assert read_balances(customers={customer.pk}).customers[customer.pk].owed in {Decimal(-20), Decimal(40)}

    def test_a_total_and_a_payment_meet(self, business: Business, attempt: int) -> None:
        """Either the total falls first and the payment is too much, or the other way round."""
        sale = SaleFactory(business=business)
        codes = at_once(business, update(sale, total="50"), payment("80", sale_id=sale.pk))
        assert codes in [[None, "overpaid"], ["overpaid", None]]

    def test_a_closing_and_a_line_meet(self, business: Business, attempt: int) -> None:
        """A line is written before the closing or not at all."""
        sale = SaleFactory(business=business)
        line = insert("sale_items", sale_id=sale.pk, product="Tea", quantity="1", unit_price="2")
        codes = at_once(business, update(sale, status="closed"), line)
        assert codes in [[None, None], [None, "sale_closed"]]

    def test_a_lowered_limit_and_a_sale_meet(self, customer: Customer, attempt: int) -> None:
        """The limit itself is read under the lock."""
        codes = at_once(customer.business, update(customer, credit_limit="10"), sale_of(customer, "50"))
        assert codes in [[None, None], [None, "credit_limit_exceeded"]]

    def test_a_delete_and_a_new_child_meet(self, business: Business, attempt: int) -> None:
        """No living row is left beneath a tombstone."""
        customer = CustomerFactory(business=business)
        codes = at_once(business, delete(customer), sale_of(customer, "1"))
        assert codes in [[None, "reference_not_found"], ["has_children", None]]
        assert not Sale.objects.filter(deleted_at=None, customer__deleted_at__isnull=False).exists()
