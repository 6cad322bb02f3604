"""The same op_id again: with the same content it is answered from memory, with other content it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entities.sales.models import Customer
from tests.factories import MembershipFactory
from tests.model.values import Number, encode
from tests.phone import Phone
from tests.property.ops import Json, customer, new_id
from tests.property.tier import figure

pytestmark = pytest.mark.django_db(transaction=True)

IN_ONE_BATCH = 40
STANDS = ("status", "code", "retry", "changed", "version", "txid", "error")


def post(phone: Phone, operations: list[Any]) -> list[Json]:
    """Upload operations whose numbers may be spelled in any way."""
    body = encode({"client_id": str(phone.client_id), "operations": operations})
    answer = phone._http.post("/api/sync/batch", body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)["results"]


def originals(count: int) -> list[Json]:
    """Inserts and failing inserts, by turns."""
    limits = (Number("10.50"), Number("0"), "7.00", Number("1e1"), "-1")
    return [customer(credit_limit=limits[n % 5], phone=str(n), notes=None) for n in range(count)]


def tampered(operation: Json, kind: int) -> Json:
    """The operation with one part of its content changed."""
    payload = operation["payload"]
    return [
        {**operation, "payload": {**payload, "name": "Eva"}},
        {**operation, "payload": {k: v for k, v in payload.items() if k != "notes"}},
        {**operation, "payload": {**payload, "address": None}},
        {**operation, "payload": {**payload, "credit_limit": Number("10.51")}},
        {**operation, "payload": {**payload, "phone": Number(payload["phone"])}},
        {**operation, "entity_id": new_id()},
        {**operation, "entity": "sales"},
        {**operation, "action": "update"},
        {**operation, "base_version": 1},
        {**operation, "schema_version": 1},
    ][kind % 10]


def spelled_differently(operation: Json, kind: int) -> Json:
    """The same content: other key order, other number spelling, other company."""
    payload = dict(reversed(operation["payload"].items()))
    if isinstance(payload["credit_limit"], Number):
        other = {"10.50": "1.05e1", "0": "0.00", "1e1": "10.0"}[payload["credit_limit"].text]
        payload["credit_limit"] = Number(other)
    again = {**dict(reversed(operation.items())), "payload": payload}
    return [
        again,
        {**again, "client_timestamp": "2026-11-18T08:00:00Z"},
        {**again, "sync_group_id": new_id()},
        {**again, "entity_id": operation["entity_id"].upper()},
        {**again, "base_version": None, "unknown_to_us": [1]},
    ][kind % 5]


@pytest.mark.promise("P05")
def test_other_content_under_a_used_op_id_is_refused_and_does_nothing() -> None:
    """Nothing executes, and nothing of the first answer is shown."""
    phone = Phone(MembershipFactory(manager=True))
    for start in range(0, figure(80, 2000), IN_ONE_BATCH):
        sent = originals(IN_ONE_BATCH)
        post(phone, sent)
        rows = list(Customer.objects.order_by("pk").values())
        for position, result in enumerate(post(phone, [tampered(o, start + n) for n, o in enumerate(sent)])):
            assert (result["status"], result["code"]) == ("rejected", "operation_id_reused"), sent[position]
            assert (result["retry"], result["replayed"], result["version"]) == ("never", False, None)
            assert "fields" not in result["error"]
        assert list(Customer.objects.order_by("pk").values()) == rows


@pytest.mark.promise("P05")
def test_another_spelling_of_the_same_content_is_a_repeat() -> None:
    """Key order, number spelling, the batch around it and who sends it do not matter."""
    member = MembershipFactory(manager=True)
    phone = Phone(member)
    for start in range(0, figure(80, 2000), IN_ONE_BATCH):
        sent = originals(IN_ONE_BATCH)
        first = post(phone, sent)
        rows = list(Customer.objects.order_by("pk").values())
        colleague = Phone(MembershipFactory(business=member.business))
        again = post(colleague, [spelled_differently(o, start + n) for n, o in enumerate(sent)])
        for before, after in zip(first, again, strict=True):
            assert after["replayed"] is True
            assert [after.get(k) for k in STANDS] == [before.get(k) for k in STANDS]
        assert list(Customer.objects.order_by("pk").values()) == rows


@pytest.mark.promise("P05")
def test_two_tenants_use_one_op_id_without_knowing() -> None:
    """An op_id is remembered within its tenant."""
    operation = customer()
    assert [r["code"] for r in post(Phone(MembershipFactory()), [operation])] == [None]
    foreign = post(Phone(MembershipFactory()), [{**operation, "entity_id": new_id()}])
    assert [(r["code"], r["replayed"]) for r in foreign] == [(None, False)]


@pytest.mark.promise("P05")
@pytest.mark.parametrize("first", [customer(), customer(name=None)], ids=["applied", "refused"])
def test_other_content_in_the_same_batch_does_not_displace_the_first_verdict(first: Json) -> None:
    """The first verdict is kept, although its op_id was refused to another operation of the batch."""
    phone = Phone(MembershipFactory())
    other = {**first, "entity_id": new_id()}
    before, refused = post(phone, [first, other])
    assert refused["code"] == "operation_id_reused"
    again, still = post(phone, [first, other])
    assert [again.get(k) for k in STANDS] == [before.get(k) for k in STANDS]
    assert (again["replayed"], still["code"]) == (True, "operation_id_reused")
