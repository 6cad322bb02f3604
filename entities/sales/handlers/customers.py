"""Customers, and who gives them credit."""

from __future__ import annotations

from entities.sales.handlers.shared import IN_BUSINESS, MANAGER_REQUIRED, is_manager
from entities.sales.models import Customer
from sync.handlers import Change, EntityHandler, Reject, register, rule


@register
class CustomerHandler(EntityHandler[Customer]):
    """Customers. Anybody may add and correct one; credit is given by managers."""

    entity = "customers"
    model = Customer
    writes = ("name", "phone", "address", "tax_number", "credit_limit", "notes")
    last_write_wins = frozenset({"phone", "address", "notes"})
    scope = IN_BUSINESS
    codes = MANAGER_REQUIRED

    @rule("insert", "update")
    def credit_is_given_by_managers(self, change: Change[Customer]) -> None:
        """A limit other than 0 at birth, or any change of it."""
        is_new = change.before is None
        touches_limit = change.row.credit_limit != 0 if is_new else "credit_limit" in change.fields
        if touches_limit and not is_manager(change.actor):
            raise Reject("manager_required", fields={"credit_limit": "is set by a manager"})
