"""Sales: what may still change, and how far a customer may go into debt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from entities.sales.balances import Balances, read_balances
from entities.sales.handlers.shared import IN_BUSINESS, MANAGER_REQUIRED, OVERPAID, SALE_CLOSED, is_manager
from entities.sales.models import NO_MONEY, Sale
from sync.handlers import Change, EntityHandler, Reject, register, rule
from sync.protocol.codes import Action


@register
class SaleHandler(EntityHandler[Sale]):
    """The head of a sale. Items and payments are entities of their own.

    Figures: Balances of the customers whose limit is asked for, and of the sales whose payments count.
    """

    entity = "sales"
    model = Sale
    writes = ("customer_id", "number", "sold_at", "total", "status", "void_reason", "notes")
    last_write_wins = frozenset({"notes"})
    scope = IN_BUSINESS
    guards = ("customer_id",)
    codes = {
        **MANAGER_REQUIRED,
        "void_reason_required": "A sale is made void with a reason.",
        **SALE_CLOSED,
        "credit_limit_exceeded": "The customer would owe more than their credit limit.",
        **OVERPAID,
    }

    def prepare(self, changes: Sequence[Change[Sale]]) -> Balances:
        """Accounts of customers who may come to owe more, and of sales whose payments matter."""
        customers = {
            change.row.customer_id
            for change in changes
            if change.row.customer_id is not None and _must_fit_limit(change)
        }
        sales = {
            change.row.pk
            for change in changes
            if change.action is Action.UPDATE and change.fields & {"total", "customer_id"}
        }
        return read_balances(customers=customers, sales=sales)

    @rule("insert", "update")
    def managers_make_void(self, change: Change[Sale]) -> None:
        """From the start, from open or from closed."""
        if _becomes_void(change) and not is_manager(change.actor):
            raise Reject("manager_required", fields={"status": "is made void by a manager"})

    @rule("insert", "update")
    def void_has_a_reason(self, change: Change[Sale]) -> None:
        """In this write, or already noted on the sale."""
        if _becomes_void(change) and not (change.row.void_reason or "").strip():
            raise Reject("void_reason_required", fields={"void_reason": "is required"})

    @rule("update", "delete")
    def closed_sales_are_final(self, change: Change[Sale]) -> None:
        """All that may still happen to a closed sale is becoming void, and nothing else in the same write."""
        was_open = change.before is not None and change.before.status == Sale.Status.OPEN
        only_voids = _becomes_void(change) and change.fields <= {"status", "void_reason"}
        if not was_open and not only_voids:
            raise Reject("sale_closed")

    @rule("insert", "update")
    def within_credit_limit(self, change: Change[Sale], balances: Balances) -> None:
        """Asked only of writes that may raise the debt: others pass under a lowered limit too."""
        customer_id = change.row.customer_id
        if customer_id is None or not _must_fit_limit(change):
            return
        account = balances.customers[customer_id]
        added = sum(amount for debtor, amount in _debts(change, balances) if debtor == customer_id)
        if account.credit_limit and account.owed + added > account.credit_limit:
            raise Reject("credit_limit_exceeded", fields={"total": "exceeds what the customer may still owe"})

    @rule("update")
    def total_covers_its_payments(self, change: Change[Sale], balances: Balances) -> None:
        """What was paid for a sale cannot become too much afterwards."""
        if "total" in change.fields and change.row.total < balances.sales[change.row.pk].paid:
            raise Reject("overpaid", fields={"total": "is below what was paid for the sale"})

    def spend(self, change: Change[Sale], figures: Balances) -> None:
        """Move the debt: from the old customer to the new one, or by the difference."""
        for customer_id, amount in _debts(change, figures):
            figures.add(customer_id, amount)


def _becomes_void(change: Change[Sale]) -> bool:
    was_void = change.before is not None and change.before.status == Sale.Status.VOID
    return change.row.status == Sale.Status.VOID and not was_void


def _must_fit_limit(change: Change[Sale]) -> bool:
    """Whether the write may raise what its customer owes: a new sale, a higher total, another customer."""
    row, before = change.row, change.before
    if before is None:
        return row.status != Sale.Status.VOID
    return row.total > before.total or row.customer_id != before.customer_id


def _debts(change: Change[Sale], balances: Balances) -> Iterator[tuple[UUID | None, Decimal]]:
    """What a write of a sale adds to what customers owe: (customer_id, amount), negative for less."""
    # Loaded when the customer changes; for one and the same customer it cancels out.
    account = balances.sales.get(change.row.pk)
    paid = account.paid if account else NO_MONEY
    if change.before is not None:
        yield change.before.customer_id, paid - _billed(change.before)
    yield change.row.customer_id, _billed(change.row) - paid


def _billed(sale: Sale) -> Decimal:
    return NO_MONEY if sale.status == Sale.Status.VOID else sale.total
