"""Exactly once: a repeat gets its first verdict, with fresh rows, whichever client of the tenant sends it."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from entities.sales.models import Customer
from sync.models import LedgerEntry
from tests.acceptance.protocol.stage import HttpPhone, at, customer, edit, published, refused, remove, seen
from tests.sales_operations import sale_of

KEPT = ("status", "code", "retry", "changed", "version", "txid", "error", "op_id", "entity", "entity_id")


def _first(result: dict[str, Any]) -> dict[str, Any]:
    return {name: result.get(name) for name in KEPT}


@pytest.mark.promise("P03")
def test_a_repeat_gets_its_first_verdict(manager: HttpPhone, other: HttpPhone) -> None:
    """Every status that is kept; nothing is executed again, and the summary counts twice."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    operations = [
        customer("new"), edit(made, 1, phone="5"), edit(made, 1, name="clash"), customer(nam="x"), remove(customer()),
    ]  # fmt: skip
    first = manager.answer(*operations)
    again = manager.answer(*operations)
    assert [_first(result) for result in again["results"]] == [_first(result) for result in first["results"]]
    assert [result["replayed"] for result in again["results"]] == [True] * 5
    assert first["summary"] == {"applied": 3, "conflict": 1, "rejected": 1, "skipped": 0, "failed": 0, "replayed": 0}
    assert again["summary"] == {**first["summary"], "replayed": 5}
    assert Customer.objects.count() == 2
    assert Customer.objects.get(pk=made["entity_id"]).version == 3


@pytest.mark.promise("P06")
def test_a_replay_points_to_the_transaction_that_wrote_it(manager: HttpPhone) -> None:
    """The batch's own txid is null when it wrote nothing; `txids` lists every one to wait for, once."""
    one, two = customer("one"), customer("two")
    first = manager.answer(one)
    again = manager.answer(one)
    assert (again["txid"], again["txids"]) == (None, [first["txid"]])
    mixed = manager.answer(one, two, remove(customer()), customer(nam="x"))
    assert mixed["txid"] not in {None, first["txid"]}
    assert sorted(mixed["txids"]) == sorted([first["txid"], mixed["txid"]])
    assert [result["txid"] for result in mixed["results"]] == [first["txid"], mixed["txid"], None, None]


@pytest.mark.promise("P04")
def test_a_copy_within_one_batch_runs_once(manager: HttpPhone) -> None:
    """The second is a replay of the first."""
    made = customer()
    first, second = manager.upload(made, made)
    assert _first(second) == _first(first)
    assert [first["replayed"], second["replayed"]] == [False, True]
    assert Customer.objects.count() == 1


@pytest.mark.promise("P04")
def test_another_client_of_the_tenant_gets_the_same_verdict(manager: HttpPhone, other: HttpPhone) -> None:
    """A reinstalled app, or a queue that was copied to another phone."""
    made = customer()
    (first,) = manager.upload(made)
    for phone in (other, manager.another()):
        (again,) = phone.upload(made)
        assert again == {**first, "replayed": True}


@pytest.mark.promise("P11")
def test_another_tenants_operation_is_another_one(manager: HttpPhone, stranger: HttpPhone) -> None:
    """The same op_id says nothing across tenants."""
    made = customer()
    manager.upload(made)
    mine = {**customer("mine"), "op_id": made["op_id"]}
    result = stranger.one(mine)
    assert (result["status"], result["replayed"]) == ("applied", False)
    assert LedgerEntry.objects.filter(op_id=made["op_id"]).count() == 2


def test_the_servers_row_is_read_fresh(manager: HttpPhone, other: HttpPhone) -> None:
    """The verdict on a conflict stays, the row beside it is today's."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    stale = edit(made, 1, name="Eva")
    (first,) = manager.upload(stale)
    other.upload(edit(made, 2, name="Carla"))
    (again,) = manager.upload(stale)
    assert _first(again) == _first(first)
    assert again["server"] == {"version": 3, "row": published(Customer.objects.get())}
    other.upload(remove(made, 3))
    (last,) = manager.upload(stale)
    assert _first(last) == _first(first)
    assert last["server"] == {"version": 4, "row": None}


def test_the_row_of_a_merge_is_read_fresh(manager: HttpPhone, other: HttpPhone) -> None:
    """The version in the verdict is that of the write; the row is today's."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    merge = edit(made, 1, phone="5")
    manager.upload(merge)
    other.upload(edit(made, 3, name="Carla"))
    (again,) = manager.upload(merge)
    assert (again["code"], again["version"], again["replayed"]) == ("merged", 3, True)
    assert again["row"] == published(Customer.objects.get())
    assert again["row"]["version"] == 4


def test_a_plain_replay_brings_a_row_only_when_asked(manager: HttpPhone) -> None:
    """`Prefer: return=representation` counts for replays as well."""
    made = customer()
    manager.upload(made)
    manager.upload(edit(made, 1, name="Bea"))
    assert "row" not in manager.one(made)
    (again,) = manager.upload(made, headers={"Prefer": "return=representation"})
    assert (again["version"], again["row"]) == (1, published(Customer.objects.get()))


# {part of the content: how a repeat differs in it}
TAMPERED = {
    "entity": {"entity": "sales"},
    "unknown entity": {"entity": "unicorns"},
    "action": {"action": "update", "base_version": 1},
    "entity_id": {"entity_id": str(uuid4())},
    "a value": {"payload": {"name": "Eva", "credit_limit": 5}},
    "one column more": {"payload": {"name": "Ana", "credit_limit": 5, "phone": None}},
    "one column less": {"payload": {"name": "Ana"}},
    "null for a value": {"payload": {"name": "Ana", "credit_limit": None}},
    "a string for a number": {"payload": {"name": "Ana", "credit_limit": "5"}},
    "an empty payload": {"payload": {}},
    "base_version": {"base_version": 1},
    "schema_version": {"schema_version": 1},
}


@pytest.mark.promise("P05")
@pytest.mark.parametrize("part", TAMPERED)
def test_the_same_op_id_with_other_content_is_reused(manager: HttpPhone, other: HttpPhone, part: str) -> None:
    """Nothing executes, nothing of the first answer is shown, and the first verdict stands."""
    made = customer(credit_limit=5)
    (first,) = manager.upload(made)
    tampered = made | TAMPERED[part]
    for phone in (manager, other):
        answer = phone.answer(tampered, headers={"Prefer": "return=representation"})
        assert seen(answer["results"][0]) == refused(tampered, "rejected", "operation_id_reused", "never")
        assert (answer["txid"], answer["txids"]) == (None, [])
    assert manager.upload(made) == [{**first, "replayed": True}]
    assert (Customer.objects.get().name, Customer.objects.get().version) == ("Ana", 1)


@pytest.mark.promise("P05")
def test_order_of_keys_and_spelling_of_numbers_do_not_matter(manager: HttpPhone) -> None:
    """Nor do ids in capitals, nor an explicit null where nothing stood."""
    made = customer(credit_limit=1500, notes="x")
    (first,) = manager.upload(made)
    text = json.dumps(dict(reversed(made.items())) | {"payload": dict(reversed(made["payload"].items()))})
    for number in ("1500", "1500.0", "1.5e3", "15E+2", "1500.000"):
        spelled = text.replace("1500", number).replace('"insert"', r'"\u0069nsert"')
        response = manager.post(manager.body().replace(b"[]", f"[{spelled}]".encode()))
        assert response.json()["results"] == [{**first, "replayed": True}], number
    assert manager.one(made | {"base_version": None})["replayed"] is True


@pytest.mark.promise("P05")
def test_what_is_not_content_may_change(manager: HttpPhone) -> None:
    """Time, group, dependencies and the batch around it; content is the rest."""
    made = customer()
    (first,) = manager.upload(made, batch_id=str(uuid4()))
    earlier = customer("earlier")
    manager.upload(earlier)
    again = made | {
        "client_timestamp": at(3), "sync_group_id": str(uuid4()), "depends_on": [earlier["op_id"]], "app": "2.0",
    }  # fmt: skip
    assert manager.upload(again, batch_id=str(uuid4()), sent_at=at(1)) == [{**first, "replayed": True}]


@pytest.mark.promise("P16")
def test_a_rejection_stays_the_same_after_its_cause_is_mended(manager: HttpPhone, seller: HttpPhone) -> None:
    """Whatever was missing or in the way; only a new operation can do better."""
    parent, twin, rival = customer("parent"), customer("twin", tax_number="8"), customer("rival", tax_number="8")
    manager.upload(rival)
    missing, child = edit(twin, 1, name="x"), sale_of(parent["entity_id"], "5")
    credit = customer("credit", credit_limit="9")
    refusals = [child, missing, twin, credit]
    first = seller.upload(*refusals)
    assert [result["code"] for result in first] == [
        "reference_not_found", "not_found", "unique_violation", "manager_required",
    ]  # fmt: skip
    manager.upload(parent, edit(rival, 1, tax_number="9"), twin | {"op_id": str(uuid4())})
    seller.member.role = "manager"
    seller.member.save()
    again = seller.upload(*refusals)
    assert again == [{**result, "replayed": True} for result in first]
    mended = [{**operation, "op_id": str(uuid4())} for operation in (child, missing, credit)]
    assert [result["status"] for result in seller.upload(*mended)] == ["applied"] * 3


@pytest.mark.promise("P19")
def test_a_late_repeat_of_an_insert_does_not_bring_a_row_back(manager: HttpPhone) -> None:
    """It was applied once; the row has been deleted since."""
    made = customer()
    (first,) = manager.upload(made)
    manager.upload(remove(made))
    assert manager.upload(made) == [{**first, "replayed": True}]
    assert Customer.objects.get().is_deleted


def test_order_within_a_replayed_batch_does_not_matter(manager: HttpPhone) -> None:
    """A queue that is sent again in pieces, backwards, with one more in between."""
    queue = [customer(f"{n}") for n in range(4)]
    first = {result["op_id"]: result for result in manager.upload(*queue)}
    results = manager.upload(queue[3], customer("new"), queue[1], queue[0])
    assert [result["replayed"] for result in results] == [True, False, True, True]
    assert results[0] == {**first[queue[3]["op_id"]], "replayed": True}
