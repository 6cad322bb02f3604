"""The rules of the sales domain, each entity's in the order of its row in the data dictionary.

A rule sees the row before (None on insert), the row after (None on delete) and the fields that really change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.model.state import Row, Tables
from tests.model.verdict import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change on its way, and who makes it."""

    tables: Tables
    user: str
    role: str
    before: Row | None
    after: Row | None
    fields: set[str]

    @property
    def is_manager(self) -> bool:
        """Whether the caller is a manager of the business."""
        return self.role == "manager"


def judge(entity: str, step: Step) -> None:
    """Let the change pass. Errors: Refusal with the code of the first rule that it breaks."""
    _RULES[entity](step)


def _customers(step: Step) -> None:
    if step.after is None:
        return
    had = step.before.values["credit_limit"] if step.before else 0
    if step.after.values["credit_limit"] != had and not step.is_manager:
        raise Refusal("manager_required")


def _sales(step: Step) -> None:
    before, after = step.before, step.after
    was = before.values["status"] if before else None
    becomes_void = after is not None and after.values["status"] == "void" and was != "void"
    if becomes_void and not step.is_manager:
        raise Refusal("manager_required")
    if becomes_void and after is not None and not (after.values["void_reason"] or "").strip():
        raise Refusal("void_reason_required")
    only_voids = becomes_void and step.fields <= {"status", "void_reason"}
    if was in {"closed", "void"} and not only_voids:
        raise Refusal("sale_closed")
    if after is not None:
        _credit(step, before, after)
        paid = step.tables.paid_for(after.tenant, after.id)
        if before is not None and "total" in step.fields and after.values["total"] < paid:
            raise Refusal("overpaid")


def _credit(step: Step, before: Row | None, after: Row) -> None:
    customer_id = after.values["customer_id"]
    if customer_id is None:
        return
    if before is None:
        counts = after.values["status"] != "void"
    else:
        rises = after.values["total"] > before.values["total"]
        counts = rises or "customer_id" in step.fields
    if not counts:
        return
    customer = step.tables.living(after.tenant, "customers", customer_id)
    assert customer is not None
    limit = customer.values["credit_limit"]
    afterwards = Tables()
    afterwards.rows = {**step.tables.rows, (after.entity, after.id): after}
    if limit and afterwards.owed_by(after.tenant, customer_id) > limit:
        raise Refusal("credit_limit_exceeded")


def _sale_items(step: Step) -> None:
    for row in (step.before, step.after):
        if row is None:
            continue
        sale = step.tables.living(row.tenant, "sales", row.values["sale_id"])
        assert sale is not None
        if sale.values["status"] != "open":
            raise Refusal("sale_closed")


def _payments(step: Step) -> None:
    if step.after is None:
        if not step.is_manager:
            raise Refusal("manager_required")
        return
    if step.before is not None:
        raise Refusal("payment_final")
    tenant, values = step.after.tenant, step.after.values
    if values["customer_id"] is None and values["sale_id"] is None:
        raise Refusal("payment_without_target")
    if values["sale_id"] is None:
        owed = step.tables.owed_by(tenant, values["customer_id"])
    else:
        sale = step.tables.living(tenant, "sales", values["sale_id"])
        assert sale is not None
        if values["customer_id"] is not None and values["customer_id"] != sale.values["customer_id"]:
            raise Refusal("payment_target_mismatch")
        owed = step.tables.owed_for(sale)
    if values["amount"] > owed:
        raise Refusal("overpaid")


def _distributions(step: Step) -> None:
    if step.after is not None:
        values = step.after.values
        if values["quantity_returned"] + values["quantity_sold"] > values["quantity_out"]:
            raise Refusal("quantity_unbalanced")
    sellers = {row.values["seller_id"] for row in (step.before, step.after) if row is not None}
    if not step.is_manager and sellers != {step.user}:
        raise Refusal("not_your_distribution")


_RULES: dict[str, Callable[[Step], None]] = {
    "customers": _customers,
    "sales": _sales,
    "sale_items": _sale_items,
    "payments": _payments,
    "distributions": _distributions,
}
