"""The lines of sales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from entities.sales.handlers.shared import IN_BUSINESS, SALE_CLOSED
from entities.sales.models import Sale, SaleItem
from sync.handlers import Change, EntityHandler, Reject, register, rule


@register
class SaleItemHandler(EntityHandler[SaleItem]):
    """The lines of a sale, written only while it is open.

    Figures: {sale_id: status}, read under the guard's lock: a parent loaded before it may be out of date.
    """

    entity = "sale_items"
    model = SaleItem
    writes = ("sale_id", "product", "quantity", "unit_price")
    scope = IN_BUSINESS
    guards = ("sale_id",)
    codes = SALE_CLOSED

    def prepare(self, changes: Sequence[Change[SaleItem]]) -> Mapping[UUID, str]:
        """The status of every sale that gains, changes or loses a line."""
        sales = {sale_id for change in changes for sale_id in _sales_of(change)}
        return dict(Sale.objects.filter(pk__in=sales).order_by().values_list("pk", "status"))

    @rule("insert", "update", "delete")
    def only_while_open(self, change: Change[SaleItem], statuses: Mapping[UUID, str]) -> None:
        """Both sales, when a line moves from one to another."""
        if any(statuses[sale_id] != Sale.Status.OPEN for sale_id in _sales_of(change)):
            raise Reject("sale_closed")


def _sales_of(change: Change[SaleItem]) -> set[UUID]:
    return {row.sale_id for row in (change.before, change.row) if row is not None}
