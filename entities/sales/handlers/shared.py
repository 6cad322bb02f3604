"""What several handlers of this domain say in the same words: the scope, the role, common codes."""

from __future__ import annotations

from entities.accounts.models import Membership
from sync.handlers import Scope
from sync.protocol.actor import Actor

IN_BUSINESS = Scope(tenant="business_id")

# {code: message for people}
MANAGER_REQUIRED = {"manager_required": "Only a manager may do this."}
SALE_CLOSED = {"sale_closed": "The sale is closed or void and does not change any more."}
OVERPAID = {"overpaid": "That is more than is owed."}


def is_manager(actor: Actor) -> bool:
    """Whether the actor manages the business."""
    return actor.has_role(Membership.Role.MANAGER)
