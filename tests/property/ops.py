"""Operations as a client spells them, by entity and id, for tests that do not hold rows."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

Json = dict[str, Any]


def new_id() -> str:
    """A fresh id."""
    return str(uuid4())


def operation(action: str, entity: str, row_id: str, payload: Json | None = None, **envelope: Any) -> Json:
    """Any operation; `envelope` are further envelope fields."""
    made: Json = {"op_id": new_id(), "entity": entity, "action": action, "entity_id": row_id}
    if payload is not None:
        made["payload"] = payload
    return {**made, **envelope}


def customer(row_id: str | None = None, **payload: Any) -> Json:
    """An insert of a customer."""
    return operation("insert", "customers", row_id or new_id(), {"name": "Ana", **payload})


def edit(row_id: str, base: int, **payload: Any) -> Json:
    """An update of a customer."""
    return operation("update", "customers", row_id, payload, base_version=base)


def removal(row_id: str, base: int) -> Json:
    """A delete of a customer."""
    return operation("delete", "customers", row_id, base_version=base)


def sale(row_id: str | None = None, **payload: Any) -> Json:
    """An insert of a sale, by default a counter sale."""
    columns = {"number": new_id()[:32], "sold_at": "2026-11-02T12:00:00Z", "total": "100.00"}
    return operation("insert", "sales", row_id or new_id(), {**columns, **payload})


def item(sale_id: str, **payload: Any) -> Json:
    """An insert of a line of a sale."""
    columns = {"sale_id": sale_id, "product": "Coffee", "quantity": "2", "unit_price": "1.50"}
    return operation("insert", "sale_items", new_id(), {**columns, **payload})


BAD_OPERATIONS = (
    # 12 kinds of an operation that fails alone, whatever stands around it
    lambda: customer(name=None),
    lambda: customer(name="  "),
    lambda: customer(colour="red"),
    lambda: customer(credit_limit="12.505"),
    lambda: customer(credit_limit=True),
    lambda: customer(notes="a\0b"),
    lambda: customer(phone="\ud800"),
    lambda: item(new_id()),
    lambda: edit(new_id(), 1, name="Nobody"),
    lambda: operation("upsert", "customers", new_id(), {"name": "Ana"}),
    lambda: operation("insert", "cities", new_id(), {"name": "Lima"}),
    lambda: operation("insert", "sales", new_id(), {}),
)
