"""Verdicts of operations that conflict or are rejected, in full."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from entities.sales.handlers import CustomerHandler, SaleHandler
from entities.sales.models import Customer, Sale
from sync.handlers.registry import registry
from sync.handlers.rules import Reject, rule
from tests.acceptance.protocol.stage import HttpPhone, customer, edit, published, refused, remove, seen
from tests.factories import CustomerFactory, MembershipFactory, SaleFactory
from tests.phone import insert
from tests.sales_operations import NOON, sale_of


def _result(phone: HttpPhone, operation: dict[str, Any]) -> dict[str, Any]:
    """The verdict of an operation alone in its batch, which then has no transaction to wait for."""
    answer = phone.answer(operation)
    assert (answer["txid"], answer["txids"]) == (None, [])
    return seen(answer["results"][0])


class TestConflicts:
    """The server's row comes along when the caller may see it."""

    @pytest.mark.promise("P17")
    def test_stale_version_names_the_clashing_fields(self, manager: HttpPhone, other: HttpPhone) -> None:
        """Only those, and nothing of the write is kept."""
        made = customer(credit_limit="1")
        manager.upload(made)
        other.upload(edit(made, 1, name="Bea", credit_limit="2"))
        operation = edit(made, 1, name="Eva", credit_limit="2", tax_number="7", phone="1")
        server = {"version": 2, "row": published(Customer.objects.get())}
        assert _result(manager, operation) == refused(
            operation, "conflict", "stale_version", "after_fix", "name", server=server
        )
        assert published(Customer.objects.get()) == server["row"]

    @pytest.mark.promise("P17")
    def test_a_stale_delete_is_a_conflict(self, manager: HttpPhone, other: HttpPhone) -> None:
        """Whatever field the other one changed, a last-write-wins one too."""
        made = customer()
        manager.upload(made)
        other.upload(edit(made, 1, phone="5"))
        operation = remove(made, 1)
        server = {"version": 2, "row": published(Customer.objects.get())}
        assert _result(manager, operation) == refused(
            operation, "conflict", "stale_version", "after_fix", "phone", server=server
        )

    @pytest.mark.promise("P19")
    @pytest.mark.parametrize("deleter", ["manager", "other"])
    def test_a_deleted_row_is_gone(
        self, request: pytest.FixtureRequest, manager: HttpPhone, other: HttpPhone, deleter: str
    ) -> None:
        """For updates and inserts, whoever deleted it; there is a version and no row."""
        made = customer()
        manager.upload(made)
        request.getfixturevalue(deleter).upload(remove(made, 1))
        for operation in (edit(made, 1, name="x"), edit(made, 2, name="x"), made | {"op_id": str(uuid4())}):
            server = {"version": 2, "row": None}
            assert _result(manager, operation) == refused(operation, "conflict", "gone", "after_fix", server=server)

    def test_an_id_that_is_taken_already_exists(self, manager: HttpPhone, other: HttpPhone) -> None:
        """With the row that has it."""
        made = customer()
        manager.upload(made)
        operation = insert("customers", row=made["entity_id"], name="Eva")
        server = {"version": 1, "row": published(Customer.objects.get())}
        assert _result(other, operation) == refused(operation, "conflict", "already_exists", "after_fix", server=server)


class TestRejections:
    """Structure, business rule, authorisation or a constraint said no."""

    def _rejected(self, phone: HttpPhone, operation: dict[str, Any], code: str, *fields: str, **more: Any) -> None:
        retry = more.pop("retry", "after_fix")
        assert _result(phone, operation) == refused(operation, "rejected", code, retry, *fields, **more)

    def test_invalid_names_every_fault(self, manager: HttpPhone) -> None:
        """Not only the first, and unknown columns with them."""
        operation = insert("sales", number=5, total="x", nonsense=1)
        self._rejected(manager, operation, "invalid", "number", "total", "sold_at", "nonsense")

    def test_unknown_field_is_for_unknown_fields_alone(self, manager: HttpPhone) -> None:
        """Each of them is named; protected columns are among them."""
        operation = customer(nam="x", version=7, id=str(uuid4()), business_id=str(uuid4()), deleted_at=None)
        self._rejected(manager, operation, "unknown_field", "nam", "version", "id", "business_id", "deleted_at")
        assert not Customer.objects.exists()

    def test_null_in_a_required_column_is_invalid(self, manager: HttpPhone) -> None:
        """On insert and on update."""
        made = customer()
        manager.upload(made)
        self._rejected(manager, customer(None), "invalid", "name")
        self._rejected(manager, edit(made, 1, name=None, credit_limit=None), "invalid", "name", "credit_limit")

    def test_a_payload_on_a_delete_is_refused(self, manager: HttpPhone) -> None:
        """A delete carries none; an empty one is none."""
        made = customer()
        manager.upload(made)
        self._rejected(manager, remove(made) | {"payload": {"name": "x"}}, "invalid", "name")
        self._rejected(manager, remove(made) | {"payload": {"nam": "x"}}, "unknown_field", "nam")
        assert manager.one(remove(made) | {"payload": {}})["status"] == "applied"

    def test_base_version_is_required_for_updates_and_deletes(self, manager: HttpPhone) -> None:
        """Absent and null are the same."""
        made = customer()
        manager.upload(made)
        for operation in (edit(made, None, name="x"), remove(made, None), edit(made, 1, name="x")):
            without = operation if "base_version" not in operation else operation | {"base_version": None}
            self._rejected(manager, without, "base_version_required", "base_version")

    def test_blind_writes_are_the_handlers_to_allow(self, manager: HttpPhone, other: HttpPhone) -> None:
        """Then they need no base version."""
        made = customer()
        manager.upload(made)
        with registry.override(type("Blind", (CustomerHandler,), {"blind_writes": True})):
            assert other.one(edit(made, None, name="x"))["version"] == 2
            assert manager.one(remove(made, None))["version"] == 3

    @pytest.mark.promise("P11")
    def test_a_row_that_is_absent_or_foreign_is_not_found(self, manager: HttpPhone, stranger: HttpPhone) -> None:
        """The two answers are equal."""
        foreign = customer()
        stranger.upload(foreign)
        for made in (customer(), foreign):
            self._rejected(manager, edit(made, 1, name="x"), "not_found")
        assert Customer.objects.get().name == "Ana"

    @pytest.mark.promise("P11")
    def test_a_parent_that_is_absent_deleted_or_foreign_is_not_found(
        self, manager: HttpPhone, stranger: HttpPhone
    ) -> None:
        """The column is named, and the three cannot be told apart."""
        foreign, deleted = customer(), customer()
        stranger.upload(foreign)
        manager.upload(deleted, remove(deleted))
        for parent in (str(uuid4()), foreign["entity_id"], deleted["entity_id"]):
            self._rejected(manager, sale_of(parent, "5"), "reference_not_found", "customer_id")

    def test_an_edit_to_a_parent_that_is_absent_is_refused(self, manager: HttpPhone) -> None:
        """As an insert is."""
        made = sale_of(None, "5")
        manager.upload(made)
        self._rejected(manager, edit(made, 1, customer_id=str(uuid4())), "reference_not_found", "customer_id")

    def test_a_row_with_living_children_has_children(self, manager: HttpPhone) -> None:
        """Until they are deleted."""
        parent = CustomerFactory(business=manager.member.business)
        child = sale_of(parent, "5")
        manager.upload(child)
        operation = remove(insert("customers", row=parent.pk))
        result = _result(manager, operation)
        result["error"].pop("fields", None)
        assert result == refused(operation, "rejected", "has_children", "after_fix")
        assert manager.verdicts(remove(child), remove(insert("customers", row=parent.pk))) == [("applied", None)] * 2

    def test_unique_violation_names_the_columns_and_the_winner(self, manager: HttpPhone, other: HttpPhone) -> None:
        """The client's columns of the constraint: not the tenant's, which no client knows."""
        made = customer(tax_number="7")
        other.upload(made)
        operation = customer("Bea", tax_number="7")
        winner = made["entity_id"]
        self._rejected(manager, operation, "unique_violation", "tax_number", duplicate_of=winner)
        bea = customer("Bea", tax_number="8")
        manager.upload(bea)
        self._rejected(manager, edit(bea, 1, tax_number="7"), "unique_violation", "tax_number", duplicate_of=winner)

    def test_uniqueness_holds_among_the_living_and_inside_a_business(
        self, manager: HttpPhone, stranger: HttpPhone
    ) -> None:
        """A tombstone and a stranger's row are in nobody's way."""
        made = customer(tax_number="7")
        stranger.upload(customer(tax_number="7"))
        assert manager.verdicts(made, remove(made), customer(tax_number="7")) == [("applied", None)] * 3

    def test_check_violation_names_the_columns(self, manager: HttpPhone) -> None:
        """What a handler lets through, the database still refuses."""
        lenient = type("Lenient", (SaleHandler,), {"codes": {}})
        lenient.rules = ()
        with registry.override(lenient):
            operation = sale_of(None, "5", status="void")
            self._rejected(manager, operation, "check_violation", "status", "void_reason")
        assert not Sale.objects.exists()

    def test_forbidden_is_a_rules_word(self, manager: HttpPhone) -> None:
        """A rule may use the protocol's own codes."""

        class Guarded(CustomerHandler):
            @rule("insert")
            def nobody(self, change: Any) -> None:
                raise Reject("forbidden", fields={"name": "not this one"})

        with registry.override(Guarded):
            self._rejected(manager, customer(), "forbidden", "name")

    def test_a_domains_own_code_is_after_fix(self, seller: HttpPhone) -> None:
        """SALES.md's are an example."""
        self._rejected(seller, customer(credit_limit="5"), "manager_required", "credit_limit")

    def test_unknown_entities_and_actions_are_never_retried(self, manager: HttpPhone) -> None:
        """Nor are tables that take no writes."""
        for entity in ("unicorns", "businesses", "entities_user", "sync_syncbatch", "Customers"):
            self._rejected(manager, insert(entity, name="x"), "unknown_entity", retry="never")
        for action in ("upsert", "INSERT", "select"):
            self._rejected(manager, customer() | {"action": action}, "unknown_action", retry="never")

    @pytest.mark.promise("P11")
    def test_a_strangers_id_is_unavailable(self, manager: HttpPhone, stranger: HttpPhone) -> None:
        """And nothing more is said: no row, no version."""
        foreign = customer()
        stranger.upload(foreign)
        operation = insert("customers", row=foreign["entity_id"], name="x")
        self._rejected(manager, operation, "id_unavailable", retry="never")
        stranger.upload(remove(foreign))
        self._rejected(
            manager, insert("customers", row=foreign["entity_id"], name="x"), "id_unavailable", retry="never"
        )

    def test_a_seller_of_goods_is_a_member(self, manager: HttpPhone, stranger: HttpPhone) -> None:
        """A user is a parent too: one of another business is not found."""
        member = MembershipFactory(business=manager.member.business).user_id
        goods = {"product": "Coffee", "day": "2026-11-02", "quantity_out": "1"}
        assert manager.one(insert("distributions", seller_id=member, **goods))["status"] == "applied"
        operation = insert("distributions", seller_id=stranger.member.user_id, **goods)
        self._rejected(manager, operation, "reference_not_found", "seller_id")

    def test_a_refused_operation_leaves_everything_as_it_was(self, manager: HttpPhone) -> None:
        """Also when the database refused it after its write."""
        row = SaleFactory(business=manager.member.business, number="N-1")
        before = published(row)
        operations = [
            insert("sales", number="N-1", sold_at=NOON, total="5"),
            edit(insert("sales", row=row.pk), 9, total="5"),
            remove(insert("sales", row=row.pk), 9),
        ]
        assert [r["status"] for r in manager.upload(*operations)] == ["rejected"] * 3
        assert published(row) == before
        assert Sale.objects.count() == 1
