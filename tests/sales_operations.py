"""Operations of the sales domain with everything that is required, for tests that care about one column."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from entities.sales.models import Customer
from tests.phone import Phone, insert

NOON = "2026-11-02T12:00:00Z"


def sale_of(customer: Customer | UUID | None, total: str, **more: Any) -> dict[str, Any]:
    """A new sale to a customer; None for a counter sale."""
    customer_id = customer.pk if isinstance(customer, Customer) else customer
    columns = {"customer_id": customer_id, "number": f"N-{uuid4()}"[:32], "sold_at": NOON, "total": total}
    return insert("sales", **{**columns, **more})


def payment(amount: str, **target: Any) -> dict[str, Any]:
    """A new payment for `sale_id=` or `customer_id=`."""
    return insert("payments", amount=amount, paid_at=NOON, **target)


def goods(seller: Phone, **more: Any) -> dict[str, Any]:
    """Ten units handed to the user of this phone."""
    columns = {
        "seller_id": seller.member.user_id,
        "product": "Coffee",
        "day": "2026-11-02",
        "quantity_out": "10",
    }
    return insert("distributions", **{**columns, **more})
