"""Verdicts of operations that are applied, in full."""

from __future__ import annotations

import pytest
from django.db import connection

from entities.sales.models import Customer
from tests.acceptance.protocol.stage import HttpPhone, at, customer, edit, published, remove, seen, verdict


def test_a_plain_write_has_every_key_and_nothing_more(manager: HttpPhone) -> None:
    """Insert, update and delete: code null, and no error, server or row."""
    made = customer()
    for version, operation in enumerate([made, edit(made, 1, name="Bea"), remove(made, 2)], start=1):
        answer = manager.answer(operation)
        expected = verdict(operation, "applied", changed=True, version=version, txid=answer["txid"])
        assert answer["results"] == [expected]


def test_the_transaction_of_the_answer_was_committed(manager: HttpPhone) -> None:
    """A JSON number of 32 bits, the same at the batch, in its list and at the operation."""
    answer = manager.answer(customer(), customer("Bea"))
    txid = answer["txid"]
    assert type(txid) is int
    assert 0 < txid < 2**32
    assert answer["txids"] == [txid]
    assert [result["txid"] for result in answer["results"]] == [txid, txid]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_xact_status((pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
            " / 4294967296 * 4294967296 + %s)::text::xid8)",
            [txid],
        )
        assert cursor.fetchone() == ("committed",)


@pytest.mark.promise("P17")
def test_a_stale_write_that_finds_its_place_is_merged_and_brings_the_row(manager: HttpPhone, other: HttpPhone) -> None:
    """Two phones changed different fields of version 1."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    operation = edit(made, 1, credit_limit="5.00")
    answer = manager.answer(operation)
    row = published(Customer.objects.get())
    assert (row["name"], row["credit_limit"], row["write_id"]) == ("Bea", "5.00", operation["op_id"])
    assert answer["results"] == [
        verdict(operation, "applied", "merged", changed=True, version=3, txid=answer["txid"], row=row)
    ]


def test_a_write_of_what_is_there_already_is_unchanged(manager: HttpPhone) -> None:
    """No version, no transaction to wait for."""
    made = customer(credit_limit="5.00", notes="x")
    manager.upload(made)
    operation = edit(made, 1, name="Ana", credit_limit=5, notes="x")
    answer = manager.answer(operation)
    assert answer["results"] == [verdict(operation, "applied", "unchanged", version=1)]
    assert (answer["txid"], answer["txids"]) == (None, [])
    assert Customer.objects.get().version == 1


def test_another_phones_write_of_the_same_value_is_unchanged(manager: HttpPhone, other: HttpPhone) -> None:
    """It is stale, and there is nothing left of it to write."""
    made = customer()
    manager.upload(made)
    manager.upload(edit(made, 1, name="Bea"))
    operation = edit(made, 1, name="Bea")
    assert other.one(operation) == verdict(operation, "applied", "unchanged", version=2)


@pytest.mark.promise("P18")
def test_a_write_whose_fields_all_lost_is_superseded_and_brings_the_row(manager: HttpPhone, other: HttpPhone) -> None:
    """The row's version, and no transaction."""
    made = customer() | {"client_timestamp": at(0)}
    manager.upload(made)
    other.upload(edit(made, 1, phone="later", notes="later") | {"client_timestamp": at(9)})
    operation = edit(made, 1, phone="earlier", notes="earlier") | {"client_timestamp": at(5)}
    answer = manager.answer(operation)
    row = published(Customer.objects.get())
    assert row["phone"] == "later"
    assert answer["results"] == [verdict(operation, "applied", "superseded", version=2, row=row)]
    assert (answer["txid"], answer["txids"]) == (None, [])


def test_a_delete_of_a_row_that_is_not_there_is_already_gone(manager: HttpPhone) -> None:
    """Never was, or is a tombstone: version null both times."""
    never, made = customer(), customer()
    manager.upload(made)
    manager.upload(remove(made, 1))
    for operation in (remove(never, 1), remove(made, 1), remove(made, 2)):
        answer = manager.answer(operation)
        assert answer["results"] == [verdict(operation, "applied", "already_gone")]
        assert (answer["txid"], answer["txids"]) == (None, [])


def test_a_delete_raises_the_version_and_leaves_a_tombstone(manager: HttpPhone) -> None:
    """The row stays, with the time of its end."""
    made = customer()
    manager.upload(made)
    assert manager.one(remove(made, 1))["version"] == 2
    row = Customer.objects.get()
    assert row.is_deleted
    assert row.version == 2


def test_a_published_row_is_what_readers_get(manager: HttpPhone) -> None:
    """id, version, times, write_id and the writable columns, spelled as in payloads."""
    made = customer(phone="1", credit_limit=12.5, notes="")
    (result,) = manager.upload(made, headers={"Prefer": "return=representation"})
    row = result["row"]
    assert row == published(Customer.objects.get())
    assert (row["id"], row["version"], row["write_id"]) == (made["entity_id"], 1, made["op_id"])
    assert (row["name"], row["phone"], row["credit_limit"], row["notes"]) == ("Ana", "1", "12.50", None)
    assert row["created_at"] == row["updated_at"]
    assert row["created_at"].endswith("Z")


def test_an_update_carries_the_changed_columns_only(manager: HttpPhone) -> None:
    """What it leaves out stays."""
    made = customer(phone="1", address="here")
    manager.upload(made)
    manager.upload(edit(made, 1, address="there"))
    row = Customer.objects.get()
    assert (row.name, row.phone, row.address) == ("Ana", "1", "there")


def test_results_stand_in_request_order_and_are_counted(manager: HttpPhone) -> None:
    """One entry for each operation, whatever became of it."""
    made = customer()
    operations = [customer("one"), edit(customer(), 1, name="x"), made, customer(nam="x"), remove(customer(), 1)]
    answer = manager.answer(*operations)
    assert [result["op_id"] for result in answer["results"]] == [operation["op_id"] for operation in operations]
    statuses = [seen(result)["status"] for result in answer["results"]]
    assert statuses == ["applied", "rejected", "applied", "rejected", "applied"]
    assert answer["summary"] == {
        "applied": 3, "conflict": 0, "rejected": 2, "skipped": 0, "failed": 0, "replayed": 0,
    }  # fmt: skip
