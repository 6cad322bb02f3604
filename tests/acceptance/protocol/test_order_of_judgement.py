"""One operation is judged in a fixed order, and the first failure is its verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from entities.sales.models import Sale
from tests.acceptance.protocol.stage import HttpPhone, customer, edit, grouped, remove
from tests.factories import CustomerFactory, SaleFactory, SaleItemFactory
from tests.phone import insert
from tests.sales_operations import sale_of

Json = dict[str, Any]
NOBODY = str(uuid4())


def _needy(operation: Json) -> Json:
    return operation | {"depends_on": [NOBODY]}


def _code(phone: HttpPhone, operation: Json) -> str | None:
    code: str | None = phone.one(operation)["code"]
    return code


def test_envelope_fields_come_before_the_ledger(manager: HttpPhone) -> None:
    """A repeat with a fault in its envelope has other content, and the fault is what it hears of."""
    made = customer()
    manager.upload(made)
    assert _code(manager, made | {"base_version": "x"}) == "invalid"
    assert _code(manager, _needy(customer()) | {"client_timestamp": "x"}) == "invalid"


def test_the_ledger_comes_before_groups_and_dependencies(manager: HttpPhone) -> None:
    """A repeat keeps its verdict whatever it is made to depend on now."""
    made, bad = customer(), customer(nam="x")
    manager.upload(made, bad)
    assert manager.one(_needy(made))["status"] == "applied"
    one, two = grouped(made | {"payload": {"name": "tampered"}}, bad)
    assert [r["code"] for r in manager.upload(one, two)] == ["operation_id_reused", "unknown_field"]


def test_a_group_failed_by_a_replay_comes_before_dependencies(manager: HttpPhone) -> None:
    """And before anything about the payload."""
    bad = customer(nam="x")
    manager.upload(bad)
    operations = grouped(_needy(customer("needy")), customer(5), bad)
    assert [r["code"] for r in manager.upload(*operations)] == ["group_failed", "group_failed", "unknown_field"]


def test_dependencies_come_before_the_upgrade_and_the_payload(
    manager: HttpPhone, sync_settings: Callable[..., None]
) -> None:
    """The upgrade before the payload."""
    assert _code(manager, _needy(customer(5)) | {"schema_version": 9}) == "dependency_failed"
    assert _code(manager, _needy(customer(5))) == "dependency_failed"
    assert _code(manager, customer(5) | {"schema_version": 9}) == "upgrade_required"


def test_the_payload_comes_before_the_base_version(manager: HttpPhone) -> None:
    """`unknown_field` when that is the only kind of fault, else `invalid`."""
    made = customer()
    manager.upload(made)
    assert _code(manager, edit(made, None, nam="x")) == "unknown_field"
    assert _code(manager, edit(made, None, nam="x", name=5)) == "invalid"
    assert _code(manager, remove(made, None) | {"payload": {"nam": 1}}) == "unknown_field"


def test_the_payload_comes_before_the_row(manager: HttpPhone) -> None:
    """Taken, gone or not there."""
    made, gone = customer(), customer()
    manager.upload(made, gone, remove(gone))
    assert _code(manager, insert("customers", row=made["entity_id"], name=5)) == "invalid"
    assert _code(manager, edit(gone, 1, name=5)) == "invalid"
    assert _code(manager, edit(customer(), 1, nam=5)) == "unknown_field"


def test_the_base_version_comes_before_the_row(manager: HttpPhone) -> None:
    """Not there, or gone."""
    gone = customer()
    manager.upload(gone, remove(gone))
    assert _code(manager, edit(customer(), None, name="x")) == "base_version_required"
    assert _code(manager, edit(gone, None, name="x")) == "base_version_required"
    assert _code(manager, remove(gone, None)) == "base_version_required"


def test_the_row_comes_before_references(manager: HttpPhone, other: HttpPhone) -> None:
    """Gone, taken, not there, stale."""
    made, gone = sale_of(None, "5"), sale_of(None, "5")
    manager.upload(made, gone, remove(gone))
    other.upload(edit(made, 1, number="O-1"))
    missing = str(uuid4())
    assert _code(manager, edit(gone, 1, customer_id=missing)) == "gone"
    assert _code(manager, sale_of(missing, "5") | {"entity_id": gone["entity_id"]}) == "gone"
    assert _code(manager, sale_of(missing, "5") | {"entity_id": made["entity_id"]}) == "already_exists"
    assert _code(manager, edit(sale_of(None, "5"), 1, customer_id=missing)) == "not_found"
    assert _code(manager, edit(made, 1, number="M-1", customer_id=missing)) == "stale_version"
    assert _code(manager, edit(made, 9, customer_id=missing)) == "invalid"


def test_references_come_before_rules(seller: HttpPhone) -> None:
    """A void sale to nobody, by a seller."""
    assert _code(seller, sale_of(str(uuid4()), "5", status="void")) == "reference_not_found"


def test_rules_come_in_their_order_and_before_constraints(seller: HttpPhone, manager: HttpPhone) -> None:
    """Manager, reason, closed; then what the database says."""
    business = seller.member.business
    SaleFactory(business=business, number="taken")
    closed = insert("sales", row=SaleFactory(business=business, status="closed").pk)
    change = {"status": "void", "number": "taken"}
    assert _code(seller, edit(closed, 1, **change)) == "manager_required"
    assert _code(manager, edit(closed, 1, **change)) == "void_reason_required"
    assert _code(manager, edit(closed, 1, **change, void_reason="x")) == "sale_closed"
    opened = insert("sales", row=SaleFactory(business=business).pk)
    assert _code(manager, edit(opened, 1, **change)) == "void_reason_required"
    assert _code(manager, edit(opened, 1, **change, void_reason="x")) == "unique_violation"


def test_rules_come_before_children(manager: HttpPhone) -> None:
    """A closed sale with items is closed, an open one has children."""
    business = manager.member.business
    closed, opened = (SaleFactory(business=business, status=status) for status in ("closed", "open"))
    for sale in (closed, opened):
        SaleItemFactory(business=business, sale=sale)
    assert _code(manager, remove(insert("sales", row=closed.pk))) == "sale_closed"
    assert _code(manager, remove(insert("sales", row=opened.pk))) == "has_children"
    assert Sale.objects.filter(deleted_at=None).count() == 2


def test_a_write_that_changes_nothing_is_not_judged_further(seller: HttpPhone) -> None:
    """There is no change that a rule could refuse."""
    row = CustomerFactory(business=seller.member.business, credit_limit=5)
    assert _code(seller, edit(insert("customers", row=row.pk), 1, credit_limit="5")) == "unchanged"
