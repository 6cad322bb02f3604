"""What customers and sales owe: read once for a run of changes, kept true while the run is judged.

Not here: what may be owed (the handlers' rules). Whoever reads figures in order to spend them holds the locks
that the handler's `guards` name; figures read without them are a display.

A sale owes its total less its living payments, a void one nothing. A customer owes their sales that are not
void, less every payment on any of their sales (a void sale's payments count for the customer), less the
payments that name the customer and no sale.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import DecimalField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from entities.sales.models import NO_MONEY, Customer, Payment, Sale

# Sums of numeric(12,2) outgrow it.
_MONEY = DecimalField(max_digits=20, decimal_places=2)


@dataclass(slots=True, kw_only=True)
class CustomerBalance:
    """One customer's account."""

    owed: Decimal
    credit_limit: Decimal  # 0: no limit is set


@dataclass(slots=True, kw_only=True)
class SaleBalance:
    """One sale's account."""

    customer_id: UUID | None
    total: Decimal
    paid: Decimal
    is_void: bool

    @property
    def owed(self) -> Decimal:
        """What is still to be paid for it."""
        return NO_MONEY if self.is_void else self.total - self.paid


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """The figures of a run. Only the accounts that its rules ask about are loaded."""

    customers: dict[UUID, CustomerBalance] = field(default_factory=dict)
    sales: dict[UUID, SaleBalance] = field(default_factory=dict)

    def add(self, customer_id: UUID | None, amount: Decimal) -> None:
        """The customer owes more, or less; nothing to note when no rule of the run asks about them."""
        if customer_id is not None and (account := self.customers.get(customer_id)):
            account.owed += amount


def read_balances(*, customers: Collection[UUID] = (), sales: Collection[UUID] = ()) -> Balances:
    """The accounts with these ids: a query for the customers and one for the sales, none for an empty set."""
    return Balances(
        customers=_customer_balances(customers) if customers else {},
        sales=_sale_balances(sales) if sales else {},
    )


def _customer_balances(ids: Collection[UUID]) -> dict[UUID, CustomerBalance]:
    of_customer = OuterRef("pk")
    living_sales = Sale.objects.filter(customer=of_customer, deleted_at=None)
    living_payments = Payment.objects.filter(deleted_at=None)
    owed = (
        _total(living_sales.exclude(status=Sale.Status.VOID), "customer", "total")
        # The sale's own deleted_at lets the index sales_customer_living be used.
        - _total(
            living_payments.filter(sale__customer=of_customer, sale__deleted_at=None),
            "sale__customer",
            "amount",
        )
        - _total(living_payments.filter(customer=of_customer, sale=None), "customer", "amount")
    )
    rows = Customer.objects.filter(pk__in=ids).order_by().values_list("pk", "credit_limit", owed)
    return {pk: CustomerBalance(owed=owed, credit_limit=limit) for pk, limit, owed in rows}


def _sale_balances(ids: Collection[UUID]) -> dict[UUID, SaleBalance]:
    paid = _total(Payment.objects.filter(sale=OuterRef("pk"), deleted_at=None), "sale", "amount")
    rows = Sale.objects.filter(pk__in=ids).order_by().values_list("pk", "customer_id", "total", "status", paid)
    return {
        pk: SaleBalance(customer_id=customer_id, total=total, paid=paid, is_void=status == Sale.Status.VOID)
        for pk, customer_id, total, status, paid in rows
    }


def _total(rows: QuerySet[Any], by: str, column: str) -> Coalesce:
    """The sum of a column over rows that all have the same `by`; 0 for no rows."""
    summed = rows.order_by().values(by).annotate(total=Sum(column)).values("total")
    return Coalesce(Subquery(summed, output_field=_MONEY), NO_MONEY, output_field=_MONEY)
