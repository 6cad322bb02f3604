"""Payments: for what they count, and that they never exceed it."""

from __future__ import annotations

from collections.abc import Sequence

from entities.sales.balances import Balances, CustomerBalance, SaleBalance, read_balances
from entities.sales.handlers.shared import IN_BUSINESS, MANAGER_REQUIRED, OVERPAID, is_manager
from entities.sales.models import Payment
from sync.handlers import Change, EntityHandler, Reject, register, rule
from sync.protocol.codes import Action


@register
class PaymentHandler(EntityHandler[Payment]):
    """Money received (abonos). Never edited: a wrong one is deleted by a manager and entered again.

    Figures: Balances of the sales paid for, and of the customers who pay without naming a sale.
    """

    entity = "payments"
    model = Payment
    writes = ("customer_id", "sale_id", "amount", "method", "paid_at", "notes")
    scope = IN_BUSINESS
    # The sale's customer too: a payment of a sale is also a part of what that customer owes.
    guards = ("sale_id", "sale.customer_id", "customer_id")
    codes = {
        "payment_without_target": "A payment names a customer, a sale, or both.",
        "payment_target_mismatch": "The customer of a payment is the customer of its sale.",
        **OVERPAID,
        "payment_final": "A payment is not edited; a manager deletes it, and it is entered again.",
        **MANAGER_REQUIRED,
    }

    def prepare(self, changes: Sequence[Change[Payment]]) -> Balances:
        """Accounts that new payments draw on; nothing else about a payment asks for figures."""
        rows = [change.row for change in changes if change.action is Action.INSERT]
        return read_balances(
            sales={row.sale_id for row in rows if row.sale_id is not None},
            customers={row.customer_id for row in rows if row.sale_id is None and row.customer_id is not None},
        )

    @rule("insert")
    def names_a_target(self, change: Change[Payment]) -> None:
        """Money from nobody for nothing is a mistake."""
        if change.row.customer_id is None and change.row.sale_id is None:
            message = "name a customer, a sale, or both"
            raise Reject("payment_without_target", fields={"customer_id": message, "sale_id": message})

    @rule("insert")
    def customer_is_the_sales(self, change: Change[Payment], balances: Balances) -> None:
        """A counter sale has no customer, so its payments name none."""
        row = change.row
        if row.sale_id is None or row.customer_id is None:
            return
        if row.customer_id != balances.sales[row.sale_id].customer_id:
            raise Reject("payment_target_mismatch", fields={"customer_id": "is not the customer of the sale"})

    @rule("insert")
    def never_more_than_owed(self, change: Change[Payment], balances: Balances) -> None:
        """By the sale it names, else by the customer."""
        if change.row.amount > _account_of(change.row, balances).owed:
            raise Reject("overpaid", fields={"amount": "is more than is owed"})

    @rule("update")
    def payments_are_final(self, change: Change[Payment]) -> None:
        """Receipts have been given for them."""
        raise Reject("payment_final")

    @rule("delete")
    def managers_delete(self, change: Change[Payment]) -> None:
        """Whatever is owed afterwards."""
        if not is_manager(change.actor):
            raise Reject("manager_required")

    def spend(self, change: Change[Payment], figures: Balances) -> None:
        """A payment of a sale lowers two accounts: the sale's, and its customer's."""
        row = change.row
        if change.action is not Action.INSERT:
            return
        debtor = row.customer_id
        if row.sale_id is not None:
            sale = figures.sales[row.sale_id]
            sale.paid += row.amount
            debtor = sale.customer_id
        figures.add(debtor, -row.amount)


def _account_of(payment: Payment, balances: Balances) -> SaleBalance | CustomerBalance:
    if payment.sale_id is not None:
        return balances.sales[payment.sale_id]
    if payment.customer_id is not None:
        return balances.customers[payment.customer_id]
    raise ValueError("a payment without a target has no account")  # names_a_target refuses it before
