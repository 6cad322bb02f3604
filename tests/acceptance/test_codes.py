"""Every status and code of the protocol's table, with the exact JSON of its verdict."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from entities.sales.handlers import CustomerHandler
from entities.sales.models import Customer, Sale
from sync.handlers.rules import Reject
from tests.acceptance.wire import EVERY_RESULT, WirePhone, verdict, without_words
from tests.factories import CustomerFactory, MembershipFactory, PaymentFactory, SaleFactory, SaleItemFactory
from tests.property.ops import Json, customer, edit, item, new_id, operation, removal, sale

pytestmark = pytest.mark.django_db(transaction=True)


def row_of(pk: Any, **columns: Any) -> Json:
    """A customer exactly as it is published, times left to the caller."""
    stored = Customer.objects.get(pk=pk)
    plain = {"name": "Ana", "phone": None, "address": None, "tax_number": None, "credit_limit": "0.00", "notes": None}

    def moment(value: Any) -> str:
        return value.isoformat().replace("+00:00", "Z")

    return {
        "id": str(pk),
        "version": stored.version,
        "created_at": moment(stored.created_at),
        "updated_at": moment(stored.updated_at),
        "write_id": str(stored.write_id) if stored.write_id else None,
        **plain,
        **columns,
    }


def edited_by_somebody(business: Any, **columns: Any) -> Any:
    """A customer at version 2: made, then changed at the server."""
    row = CustomerFactory(business=business, name="Ana")
    Customer.objects.filter(pk=row.pk).update(**columns)
    return row


def test_applied(seller: WirePhone) -> None:
    """Its effect is committed; code is null."""
    insert = customer()
    result = seller.one(insert)
    assert list(result) == EVERY_RESULT
    assert result == verdict(insert, "applied", None, "never", changed=True, version=1, txid=result["txid"])
    assert isinstance(result["txid"], int)
    update = edit(insert["entity_id"], 1, name="Eva")
    result = seller.one(update)
    assert result == verdict(update, "applied", None, "never", changed=True, version=2, txid=result["txid"])
    delete = removal(insert["entity_id"], 2)
    result = seller.one(delete)
    assert result == verdict(delete, "applied", None, "never", changed=True, version=3, txid=result["txid"])


def test_merged(seller: WirePhone, business: Any) -> None:
    """A stale write that found its place; the row comes along."""
    row = edited_by_somebody(business, phone="1")
    update = edit(str(row.pk), 1, name="Eva")
    result = seller.one(update)
    published = row_of(row.pk, name="Eva", phone="1")
    assert result == verdict(
        update, "applied", "merged", "never", changed=True, version=3, txid=result["txid"], row=published
    )


def test_unchanged(seller: WirePhone, business: Any) -> None:
    """Nothing to write."""
    row = CustomerFactory(business=business, name="Ana")
    update = edit(str(row.pk), 1, name="Ana")
    assert seller.one(update) == verdict(update, "applied", "unchanged", "never", version=1)


def test_superseded(seller: WirePhone, business: Any) -> None:
    """Every field lost to a later write; the row comes along."""
    row = edited_by_somebody(business, phone="1")
    update = {**edit(str(row.pk), 1, phone="2"), "client_timestamp": "2020-01-01T00:00:00Z"}
    expected = verdict(update, "applied", "superseded", "never", version=2, row=row_of(row.pk, phone="1"))
    assert seller.one(update) == expected


def test_already_gone(seller: WirePhone, business: Any) -> None:
    """A delete of a row that is not there: never was, deleted, or foreign."""
    buried = CustomerFactory(business=business)
    ids = [new_id(), str(buried.pk), str(CustomerFactory().pk)]
    buried.delete()
    for row_id in ids:
        delete = removal(row_id, 1)
        assert seller.one(delete) == verdict(delete, "applied", "already_gone", "never")


def test_stale_version(seller: WirePhone, business: Any) -> None:
    """The clashing fields are named, the server's row comes along, nothing is written."""
    row = edited_by_somebody(business, name="Eva", phone="1")
    update = edit(str(row.pk), 1, name="Bea", phone="2", notes="x")
    assert without_words(seller.one(update)) == verdict(
        update,
        "conflict",
        "stale_version",
        "after_fix",
        error={"fields": ["name"]},
        server={"version": 2, "row": row_of(row.pk, name="Eva", phone="1")},
    )
    delete = removal(str(row.pk), 1)
    assert without_words(seller.one(delete)) == verdict(
        delete,
        "conflict",
        "stale_version",
        "after_fix",
        error={"fields": ["name", "phone"]},
        server={"version": 2, "row": row_of(row.pk, name="Eva", phone="1")},
    )


def test_gone(seller: WirePhone, business: Any) -> None:
    """The row is deleted: its version, and no row."""
    row = CustomerFactory(business=business)
    row_id = str(row.pk)
    row.delete()
    for late in (edit(row_id, 1, name="Eva"), customer(row_id)):
        assert without_words(seller.one(late)) == verdict(
            late, "conflict", "gone", "after_fix", error={}, server={"version": 2, "row": None}
        )


def test_already_exists(seller: WirePhone, business: Any) -> None:
    """The id is taken by a row that the caller may see."""
    row = CustomerFactory(business=business, name="Ana")
    insert = customer(str(row.pk), name="Eva")
    assert without_words(seller.one(insert)) == verdict(
        insert,
        "conflict",
        "already_exists",
        "after_fix",
        error={},
        server={"version": 1, "row": row_of(row.pk)},
    )


def refusals(business: Any, seller: WirePhone) -> dict[str, tuple[Json, Any]]:
    """{code: (operation, error without its message)} of everything that is `rejected`."""
    known = CustomerFactory(business=business, tax_number="T-1")
    line = SaleItemFactory(business=business)
    closed = SaleFactory(business=business, status=Sale.Status.CLOSED)
    paid = PaymentFactory(business=business, customer=None, sale=SaleFactory(business=business))
    limited = CustomerFactory(business=business, credit_limit="10.00")
    used = customer()
    seller.upload(used)
    colleague = MembershipFactory(business=business).user_id

    def payment(**columns: Any) -> Json:
        return operation(
            "insert", "payments", new_id(), {"amount": "5.00", "paid_at": "2026-11-02T12:00:00Z", **columns}
        )

    def goods(**columns: Any) -> Json:
        plain = {"seller_id": str(seller.member.user_id), "product": "Tea", "day": "2026-11-02", "quantity_out": "1"}
        return operation("insert", "distributions", new_id(), {**plain, **columns})

    return {
        "invalid": (customer(name=None, colour="red"), {"fields": ["colour", "name"]}),
        "unknown_field": (customer(colour="red"), {"fields": ["colour"]}),
        "base_version_required": (
            operation("update", "customers", str(known.pk), {"name": "Eva"}),
            {"fields": ["base_version"]},
        ),
        "not_found": (edit(new_id(), 1, name="Eva"), {}),
        "reference_not_found": (sale(customer_id=new_id()), {"fields": ["customer_id"]}),
        "has_children": (operation("delete", "sales", str(line.sale_id), base_version=1), {"fields": ["id"]}),
        "unique_violation": (
            customer(tax_number="T-1"),
            {"fields": ["tax_number"], "duplicate_of": str(known.pk)},
        ),
        "operation_id_reused": ({**used, "payload": {"name": "Eva"}}, {}),
        "unknown_entity": (operation("insert", "cities", new_id(), {}), {}),
        "unknown_action": (operation("upsert", "customers", new_id(), {}), {}),
        "id_unavailable": (customer(str(CustomerFactory().pk)), {}),
        "manager_required": (customer(credit_limit="1.00"), {}),
        "void_reason_required": (sale(status="void"), {}),
        "sale_closed": (item(str(closed.pk)), {}),
        "credit_limit_exceeded": (sale(customer_id=str(limited.pk)), {}),
        "overpaid": (payment(sale_id=str(paid.sale_id), amount="95.00"), {}),
        "payment_without_target": (payment(), {}),
        "payment_target_mismatch": (payment(sale_id=str(paid.sale_id), customer_id=str(known.pk)), {}),
        "payment_final": (operation("update", "payments", str(paid.pk), {"notes": "x"}, base_version=1), {}),
        "quantity_unbalanced": (goods(quantity_sold="2"), {}),
        "not_your_distribution": (goods(seller_id=str(colleague)), {}),
    }


NEVER = {"operation_id_reused", "unknown_entity", "unknown_action", "id_unavailable"}
BY_MANAGER = {"void_reason_required"}


def test_every_rejection(seller: WirePhone, manager: WirePhone, business: Any) -> None:
    """All codes of the table that say no, one by one, each in full."""
    for code, (sent, error) in refusals(business, seller).items():
        phone = manager if code in BY_MANAGER else seller
        result = without_words(phone.one(sent))
        result["error"].pop("fields", None) if "fields" not in error else None
        retry = "never" if code in NEVER else "after_fix"
        assert result == verdict(sent, "rejected", code, retry, error=error), code
        again = phone.one(sent)
        assert again["code"] == code
        assert again["replayed"] is (code != "operation_id_reused")


def test_dependency_failed(seller: WirePhone) -> None:
    """What it needs was not applied, and is named."""
    bad = customer(name=None)
    dependent = {**customer(), "depends_on": [bad["op_id"]]}
    _, result = seller.results(bad, dependent)
    assert without_words(result) == verdict(
        dependent, "skipped", "dependency_failed", "after_fix", error={"caused_by": bad["op_id"]}
    )


def test_group_failed(seller: WirePhone) -> None:
    """Another of its group was not applied, and is named."""
    group = new_id()
    good, bad = ({**o, "sync_group_id": group} for o in (customer(), customer(name=None)))
    result, _ = seller.results(good, bad)
    assert without_words(result) == verdict(
        good, "skipped", "group_failed", "after_fix", error={"caused_by": bad["op_id"]}
    )


def test_upgrade_required(seller: WirePhone) -> None:
    """There is no way from this schema_version to today's; under today's it may be sent again."""
    sent = {**customer(), "schema_version": 2}
    assert without_words(seller.one(sent)) == verdict(sent, "skipped", "upgrade_required", "after_fix", error={})
    other = customer()
    assert seller.one(other, schema_version=7)["code"] == "upgrade_required"
    assert seller.one(other, schema_version=1)["code"] is None


def test_forbidden(seller: WirePhone, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a rule of a handler does not allow this caller."""

    def forbid(*_: Any) -> None:
        raise Reject("forbidden")

    monkeypatch.setattr(CustomerHandler, "spend", forbid)
    sent = customer()
    assert without_words(seller.one(sent)) == verdict(sent, "rejected", "forbidden", "after_fix", error={})


def test_check_violation(seller: WirePhone, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database alone refuses, with the column; nothing of the row leaks."""

    def spoil(_: Any, change: Any, *__: Any) -> None:
        change.row.credit_limit = Decimal("-7.77")

    monkeypatch.setattr(CustomerHandler, "spend", spoil)
    sent = customer()
    result = seller.one(sent)
    assert "7.77" not in str(result)
    error = {"fields": ["credit_limit"]}
    assert without_words(result) == verdict(sent, "rejected", "check_violation", "after_fix", error=error)


def test_internal_error(seller: WirePhone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our side had trouble with this one: later, under the same op_id. Its neighbours are applied."""

    def broken(*_: Any) -> None:
        raise RuntimeError("a secret of the shop")

    sent, neighbour = customer(name="Eva"), sale()
    with monkeypatch.context() as patch:
        patch.setattr(CustomerHandler, "spend", broken)
        answer = seller.send(seller.batch(sent, neighbour))
    first, second = answer.json()["results"]
    assert without_words(first) == verdict(sent, "failed", "internal_error", "later", error={})
    assert second["status"] == "applied"
    assert "secret" not in answer.text
    assert seller.one(sent)["status"] == "applied"
