"""Goods handed to sellers, and whose they are to account for."""

from __future__ import annotations

from django.db.models import QuerySet

from entities.accounts.actors import active_members
from entities.accounts.models import User
from entities.sales.handlers.shared import IN_BUSINESS, is_manager
from entities.sales.models import Distribution
from sync.handlers import Change, EntityHandler, Reject, register, rule
from sync.protocol.actor import Actor

_QUANTITIES = ("quantity_out", "quantity_returned", "quantity_sold")


@register
class DistributionHandler(EntityHandler[Distribution]):
    """Goods handed to a seller for a day. Sellers keep their own, managers everybody's."""

    entity = "distributions"
    model = Distribution
    writes = ("seller_id", "product", "day", "quantity_out", "quantity_returned", "quantity_sold")
    scope = IN_BUSINESS
    codes = {
        "quantity_unbalanced": "More was returned and sold than was handed out.",
        "not_your_distribution": "Sellers write only their own distributions.",
    }

    @staticmethod
    def sellers(actor: Actor) -> QuerySet[User]:
        """Who may be given goods: the members of the actor's business."""
        return active_members(actor.tenant_id)

    parents = {"seller_id": sellers}

    @rule("insert", "update")
    def returned_and_sold_were_handed_out(self, change: Change[Distribution]) -> None:
        """The row as a whole has to balance, whichever of the three changed."""
        row = change.row
        if row.quantity_returned + row.quantity_sold > row.quantity_out:
            message = "returned and sold together exceed out"
            raise Reject("quantity_unbalanced", fields=dict.fromkeys(_QUANTITIES, message))

    @rule("insert", "update", "delete")
    def sellers_keep_their_own(self, change: Change[Distribution]) -> None:
        """As it was and as it will be: nobody takes one over or hands one on."""
        rows = (change.before, change.row)
        is_own = all(row.seller_id == change.actor.user_id for row in rows if row is not None)
        if not is_own and not is_manager(change.actor):
            raise Reject("not_your_distribution")
