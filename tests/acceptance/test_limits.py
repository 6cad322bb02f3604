"""Limits of one batch: what a client reads, and what becomes of operations beyond them."""

from __future__ import annotations

from typing import Any

import pytest

from entities.sales.models import Customer
from tests.acceptance.wire import WirePhone, verdict, without_words
from tests.property.ops import Json, customer, edit, new_id, sale

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _three_at_most(sync_settings: Any) -> None:
    sync_settings(MAX_OPERATIONS=3)


def codes(results: list[Json]) -> list[str | None]:
    return [r["code"] for r in results]


def test_a_client_can_read_the_limits(seller: WirePhone) -> None:
    """Every number that could stop a batch, and what may be written."""
    answer = seller.get("sync/limits")
    assert answer.status_code == 200
    assert answer.json() == {
        "max_operations": 3,
        "max_bytes": 4_194_304,
        "max_depth": 32,
        "max_keys": 1000,
        "protocol": 1,
        "schema_version": 1,
        "entities": ["customers", "distributions", "payments", "sale_items", "sales"],
    }


def test_operations_beyond_the_limit_are_not_attempted(seller: WirePhone) -> None:
    """No error: the first are executed, the rest are for later, under the same op_ids."""
    operations = [customer() for _ in range(5)]
    results = seller.results(*operations)
    assert codes(results) == [None, None, None, "not_attempted", "not_attempted"]
    expected = verdict(operations[4], "skipped", "not_attempted", "later", error={})
    assert without_words(results[4]) == expected
    assert Customer.objects.count() == 3
    assert codes(seller.results(*operations[3:])) == [None, None]


def test_the_cut_never_divides_a_group(seller: WirePhone) -> None:
    """A group that does not fit is left as a whole, and nothing behind it is taken before it."""
    group = new_id()
    grouped = [{**customer(), "sync_group_id": group} for _ in range(2)]
    results = seller.results(customer(), customer(), *grouped, customer())
    assert codes(results) == [None, None, *["not_attempted"] * 3]
    spread = seller.results(grouped[0], customer(), customer(), grouped[1])
    assert codes(spread) == [None, None, "not_attempted", None], "a group stands where its first member stands"


def test_what_waits_for_an_operation_that_was_not_attempted_waits_too(seller: WirePhone) -> None:
    """A dependent of a later operation cannot be applied now, but it can be later."""
    last = customer()
    early = {**customer(), "depends_on": [last["op_id"]]}
    results = seller.results(early, customer(), customer(), last)
    assert (results[0]["code"], results[0]["retry"]) == ("dependency_failed", "later")
    assert results[0]["error"]["caused_by"] == last["op_id"]
    assert codes(seller.results(last, early)) == [None, None]


def test_what_belongs_to_an_insert_that_was_not_attempted_waits_too(seller: WirePhone) -> None:
    """Sent in the next batch before its parent, a child is for later, not for a person to mend."""
    parent = customer()
    seller.results(customer(), customer(), customer(), parent)
    child = sale(customer_id=parent["entity_id"])
    for dependent in (child, edit(parent["entity_id"], 1, notes="x")):
        result = seller.one(dependent)
        assert (result["code"], result["retry"]) == ("dependency_failed", "later")
        assert result["error"]["caused_by"] == parent["op_id"]


def test_a_group_that_waits_for_something_later_is_for_later_as_a_whole(seller: WirePhone) -> None:
    """`retry` follows the cause through the group."""
    last, group = customer(), new_id()
    waiting = {**customer(), "sync_group_id": group, "depends_on": [last["op_id"]]}
    fellow = {**customer(), "sync_group_id": group}
    results = seller.results(fellow, waiting, customer(), last)
    assert [(r["code"], r["retry"]) for r in results] == [
        ("group_failed", "later"),
        ("dependency_failed", "later"),
        (None, "never"),
        ("not_attempted", "later"),
    ]


def test_a_repeat_beyond_the_limit_is_not_attempted(seller: WirePhone) -> None:
    """It is not looked up either; later it is answered from memory."""
    done = customer()
    seller.upload(done)
    assert codes(seller.results(customer(), customer(), customer(), done))[-1] == "not_attempted"
    assert seller.one(done)["replayed"] is True
