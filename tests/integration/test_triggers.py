"""The database keeps versions true for every writer: admin, ORM, psql and a handler that saves what it was given."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from entities.sales.models import Customer
from sync.engine import stamps
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db

COLUMNS = "version, field_versions, updated_at, write_id, deleted_at"


def run(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def fresh(customer: Customer) -> Customer:
    return Customer.objects.get(pk=customer.pk)


def informed_update(customer: Customer, version: int, field_versions: dict[str, Any], **values: Any) -> None:
    """A write that brings its own bookkeeping, as the engine's do."""
    columns = "".join(f", {name} = %s" for name in values)
    run(
        f"UPDATE customers SET version = %s, field_versions = %s, updated_at = now(){columns} WHERE id = %s",
        version,
        json.dumps(field_versions),
        *values.values(),
        customer.pk,
    )


@pytest.fixture
def customer() -> Customer:
    """As a client has inserted it."""
    row = CustomerFactory(name="Ana", phone="1", write_id=uuid4(), field_versions=stamps.inserted("phone-a", 1_000))
    return fresh(row)


class TestWritersThatKnowNothing:
    """ORM, admin and psql write columns; the trigger does the rest."""

    def test_an_orm_save_raises_the_version_by_one(self, customer: Customer) -> None:
        """One save, one version, whatever the copy in memory says."""
        customer.name = "Ana María"
        customer.save()
        assert fresh(customer).version == 2

    def test_the_changed_column_is_stamped_and_no_other(self, customer: Customer) -> None:
        """The stamp names the version, the server (null), and whom the change came after."""
        run("UPDATE customers SET name = 'B' WHERE id = %s", customer.pk)
        stamped = fresh(customer).field_versions
        version, client, others, time = stamped["name"]
        assert (version, client, others) == (2, None, 1)
        assert time > 1_000
        assert stamped.keys() == {"*", "name"}
        assert stamped["*"] == customer.field_versions["*"]

    def test_two_server_writes_in_a_row_remember_the_last_client(self, customer: Customer) -> None:
        """`others` stays at the client's version while only the server writes."""
        run("UPDATE customers SET name = 'B' WHERE id = %s", customer.pk)
        run("UPDATE customers SET name = 'C' WHERE id = %s", customer.pk)
        assert fresh(customer).field_versions["name"][:3] == [3, None, 1]

    def test_a_write_that_changes_nothing_keeps_version_and_times(self, customer: Customer) -> None:
        """Saving an untouched row is no write."""
        customer.save()
        after = fresh(customer)
        assert (after.version, after.updated_at, after.write_id) == (
            1,
            customer.updated_at,
            customer.write_id,
        )

    def test_another_spelling_of_an_equal_number_changes_nothing(self, customer: Customer) -> None:
        """Values are compared, not texts."""
        run("UPDATE customers SET credit_limit = 0.0 WHERE id = %s", customer.pk)
        assert fresh(customer).version == 1

    def test_null_and_a_value_differ(self, customer: Customer) -> None:
        """IS DISTINCT FROM, not <>."""
        run("UPDATE customers SET phone = NULL WHERE id = %s", customer.pk)
        assert fresh(customer).version == 2

    def test_a_server_write_is_no_longer_the_clients(self, customer: Customer) -> None:
        """`write_id` names the operation that wrote last; psql is none."""
        run("UPDATE customers SET name = 'B' WHERE id = %s", customer.pk)
        after = fresh(customer)
        assert after.write_id is None
        assert after.updated_at > customer.updated_at

    def test_many_rows_in_one_statement_rise_by_one_each(self, customer: Customer) -> None:
        """QuerySet.update, as an admin action would."""
        other = CustomerFactory(business=customer.business)
        run("UPDATE customers SET name = 'B' WHERE id = %s", other.pk)
        Customer.objects.update(notes="called")
        assert {fresh(customer).version, fresh(other).version} == {2, 3}

    def test_id_and_creation_cannot_be_rewritten(self, customer: Customer) -> None:
        """They are what clients know the row by."""
        run("UPDATE customers SET id = gen_random_uuid(), created_at = now() - interval '1 year'")
        assert fresh(customer).created_at == customer.created_at


class TestStaleCopies:
    """A copy that was read earlier is saved later."""

    def test_a_stale_save_cannot_roll_the_version_back(self, customer: Customer) -> None:
        """It counts as one more write."""
        stale = fresh(customer)
        for name in ("B", "C"):
            run("UPDATE customers SET name = %s WHERE id = %s", name, customer.pk)
        stale.notes = "from the past"
        stale.save()
        assert fresh(customer).version == 4

    def test_a_stale_save_cannot_roll_stamps_back(self, customer: Customer) -> None:
        """Stamps of columns it does not change stay; the one it changes back is the server's newest write."""
        stale = fresh(customer)
        run("UPDATE customers SET name = 'B', phone = '2' WHERE id = %s", customer.pk)
        stale.phone = "2"
        stale.save()
        after = fresh(customer)
        assert after.name == "Ana"
        assert after.field_versions["name"][0] == 3
        assert after.field_versions["phone"][0] == 2

    def test_a_save_of_bookkeeping_alone_is_undone(self, customer: Customer) -> None:
        """Version, stamps, times and write_id are not columns one sets."""
        run("UPDATE customers SET version = 40, field_versions = '{}', write_id = NULL, updated_at = now()")
        after = fresh(customer)
        assert [getattr(after, name) for name in COLUMNS.split(", ")] == [
            getattr(customer, name) for name in COLUMNS.split(", ")
        ]


class TestWritersThatKnow:
    """The engine computes the bookkeeping; right bookkeeping passes, wrong bookkeeping is mended."""

    def test_right_bookkeeping_passes_with_its_own_stamps(self, customer: Customer) -> None:
        """The trigger function is not entered: client, time and write_id are the writer's."""
        mine = {**customer.field_versions, "name": [2, "phone-b", 1, 5_000]}
        informed_update(customer, 2, mine, name="B", write_id=(op_id := uuid4()))
        after = fresh(customer)
        assert (after.version, after.field_versions, after.write_id) == (2, mine, op_id)

    def test_a_missing_stamp_is_added(self, customer: Customer) -> None:
        """A proof that is null is no proof: the change is stamped as the server's."""
        informed_update(customer, 2, customer.field_versions, name="B")
        assert fresh(customer).field_versions["name"][:3] == [2, None, 1]

    def test_a_stamp_with_another_version_is_corrected(self, customer: Customer) -> None:
        """Too low would hide the change from clients, too high would make every client clash."""
        for version in (1, 9):
            before = fresh(customer)
            wrong = {**before.field_versions, "name": [version, "phone-b", 0, 5_000]}
            informed_update(before, before.version + 1, wrong, name=f"B{version}")
            assert fresh(customer).field_versions["name"][0] == before.version + 1

    def test_a_stamp_of_a_column_that_did_not_change_is_not_believed(self, customer: Customer) -> None:
        """The rest of the write keeps its stamps."""
        wrong = {
            **customer.field_versions,
            "name": [2, "phone-b", 1, 5_000],
            "phone": [2, "phone-b", 1, 5_000],
        }
        informed_update(customer, 2, wrong, name="B")
        after = fresh(customer)
        assert after.field_versions["name"] == [2, "phone-b", 1, 5_000]
        assert after.field_versions.get("phone", after.field_versions["*"])[0] == 1

    @pytest.mark.parametrize("version", [0, 1, 3, 17])
    def test_a_version_that_jumps_is_corrected(self, customer: Customer, version: int) -> None:
        """By one, whoever counts."""
        informed_update(customer, version, customer.field_versions, name="B")
        assert fresh(customer).version == 2

    def test_a_version_without_a_change_is_taken_back(self, customer: Customer) -> None:
        """A rise that shows readers nothing new is none."""
        informed_update(customer, 2, customer.field_versions, name="Ana")
        assert fresh(customer).version == 1

    def test_an_equal_value_may_bring_a_later_time(self, customer: Customer) -> None:
        """Last write wins keeps the later time, without a new version."""
        later = {**customer.field_versions, "phone": [1, "phone-a", 0, 9_000, "phone-b"]}
        informed_update(customer, 1, later)
        after = fresh(customer)
        assert (after.version, after.field_versions["phone"]) == (1, [1, "phone-a", 0, 9_000, "phone-b"])

    def test_an_equal_value_cannot_bring_an_earlier_time(self, customer: Customer) -> None:
        """Times only rise."""
        informed_update(customer, 1, {**customer.field_versions, "phone": [1, "phone-a", 0, 500]})
        assert "phone" not in fresh(customer).field_versions


class TestFirstVersions:
    """Every row begins at version 1, whoever inserts it."""

    def test_an_insert_with_a_silly_version_begins_at_one(self) -> None:
        """And without the stamps of another life."""
        row = fresh(CustomerFactory(version=17, field_versions={"name": [17, "phone-a", 3, 1_000]}))
        assert (row.version, row.field_versions) == (1, {})

    def test_an_insert_may_bring_the_stamp_of_all_columns(self) -> None:
        """As the engine's do."""
        mine = stamps.inserted("phone-a", 1_000)
        assert fresh(CustomerFactory(field_versions=mine)).field_versions == mine

    def test_a_plain_insert_gets_its_bookkeeping_from_defaults(self, customer: Customer) -> None:
        """psql names the columns of the domain and no more."""
        run(
            "INSERT INTO customers (id, business_id, name) VALUES (gen_random_uuid(), %s, 'Raw')",
            customer.business_id,
        )
        row = Customer.objects.get(name="Raw")
        assert (row.version, row.field_versions, row.credit_limit) == (1, {}, Decimal(0))
        assert row.created_at is not None


class TestDeletes:
    """Nothing is removed; a delete leaves a tombstone."""

    @pytest.mark.parametrize("way", ["orm", "queryset", "psql"])
    def test_a_delete_leaves_a_tombstone_one_version_later(self, customer: Customer, way: str) -> None:
        """Whoever deletes."""
        match way:
            case "orm":
                fresh(customer).delete()
            case "queryset":
                Customer.objects.filter(pk=customer.pk).delete()
            case _:
                run("DELETE FROM customers WHERE id = %s", customer.pk)
        after = fresh(customer)
        assert after.is_deleted
        assert (after.version, after.write_id) == (2, None)

    def test_a_second_delete_changes_nothing(self, customer: Customer) -> None:
        """The tombstone keeps its time."""
        run("DELETE FROM customers WHERE id = %s", customer.pk)
        first = fresh(customer)
        run("DELETE FROM customers WHERE id = %s", customer.pk)
        after = fresh(customer)
        assert (after.version, after.deleted_at) == (first.version, first.deleted_at)

    def test_a_soft_delete_with_right_bookkeeping_passes(self, customer: Customer) -> None:
        """As the engine's do: no column is stamped, the version rises."""
        run(
            "UPDATE customers SET deleted_at = now(), version = 2, write_id = %s WHERE id = %s",
            op_id := uuid4(),
            customer.pk,
        )
        after = fresh(customer)
        assert (after.version, after.write_id, after.is_deleted) == (2, op_id, True)
