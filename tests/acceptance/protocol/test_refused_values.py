"""Values that are refused, each as its own operation's `invalid`: the others are applied, and the log keeps it whole."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from entities.sales.models import Customer, Distribution, Payment, Sale, SaleItem
from sync.models import SyncBatch, SyncClient, SyncOperation
from tests.acceptance.protocol.stage import HttpPhone, customer, edit
from tests.factories import SaleFactory, UserFactory
from tests.phone import insert
from tests.sales_operations import NOON

Json = dict[str, Any]

# Spelled as they stand in the body: most of them no JSON encoder would write.
NOT_A_STRING = ["5", "1.5", "true", "false", "[]", "{}", '["x"]', '{"x": 1}', "NaN", "Infinity", "-Infinity", "1e400"]
BAD_TEXT = [*NOT_A_STRING, r'"a\u0000b"', r'"\ud800"', r'"\udc00x"', r'"\ud83d\u0000\ude00"', '"a", "COLUMN": "b"']
BAD_ID = [*BAD_TEXT, '""', '"x"', '"0193a5b27c4e7d108f3a5b6c7d8e9f01"', '"{0193a5b2-7c4e-7d10-8f3a-5b6c7d8e9f01}"',
          '"0193a5b2-7c4e-7d10-8f3a-5b6c7d8e9f0g"', '"urn:uuid:0193a5b2-7c4e-7d10-8f3a-5b6c7d8e9f01"']  # fmt: skip
BAD_CHOICE = [*BAD_TEXT, '""', '"Open"', '"open "', '"deleted"']
BAD_MONEY = [
    "true", "false", "[]", "{}", '["1"]', "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e999999999",
    '""', '" "', '"x"', '"NaN"', '"Infinity"', '"1e2"', '" 1"', '"1,5"', '"1.2.3"', '"+1"', '"0x10"', '"١"',
    '"1.005"', "1.005", "0.001", '"12345678901.00"', "12345678901", "1e10", "1e308", '"99999999999"', "9" * 400,
    "0.1000000000000000055511151231257827", r'"1\u0000"', r'"\ud800"', "1, \"COLUMN\": 1",
]  # fmt: skip
BAD_QUANTITY = [value for value in BAD_MONEY if "005" not in value and value != "0.001"] + ["1.0005", '"1234567890"']
BAD_TIME = [
    *BAD_TEXT, "1793620800", '""', '"2026-11-02"', '"2026-11-02T12:00:00"', '"2026-11-02 12:00:00Z"', '"12:00Z"',
    '"2026-11-02T12:00:00+0500"', '"2026-13-02T12:00:00Z"', '"2026-02-30T12:00:00Z"', '"2026-11-02T24:00:00Z"',
    '"2026-11-02T12:00:60Z"', '"2026-11-02T12:00:00.1234567Z"', '"1899-12-31T23:59:59Z"', '"2200-01-01T00:00:00Z"',
    '"2199-12-31T23:59:59-00:01"', '"1900-01-01T00:00:00+00:01"', '"9999-12-31T23:59:59-14:00"',
    '"9999-12-31T23:59:59Z"', '"0001-01-01T00:00:00+14:00"', '"+12026-11-02T12:00:00Z"', '"now"', '"infinity"',
]  # fmt: skip
BAD_DATE = [*BAD_TEXT, '""', '"2026-11-02T12:00:00Z"', '"2026-2-3"', '"20261102"', '"2026-02-30"', '"1899-12-31"',
            '"2200-01-01"', '"9999-12-31"', '"0000-01-01"', '"infinity"', "20261102"]  # fmt: skip
BAD_INTEGER = ['"1"', '""', "true", "1.5", "-1", "9223372036854775808", "1e30", "9" * 400, "[]", "{}", "NaN",
               "Infinity", "1e400", "1, \"COLUMN\": 1"]  # fmt: skip

# {kind of column: (entity, column, bad values)}
KINDS: dict[str, tuple[str, str, list[str]]] = {
    "text": ("customers", "name", [*BAD_TEXT, "null", '""', '" "', json.dumps("x" * 201)]),
    "short text": ("customers", "phone", [*BAD_TEXT, json.dumps("x" * 33)]),
    "long text": ("customers", "notes", BAD_TEXT),
    "choice": ("sales", "status", [*BAD_CHOICE, "null"]),
    "money": ("sales", "total", [*BAD_MONEY, "null", '"-1"', "-0.01"]),
    "quantity": ("sale_items", "quantity", [*BAD_QUANTITY, "null", "0", '"0.000"']),
    "time": ("payments", "paid_at", [*BAD_TIME, "null"]),
    "date": ("distributions", "day", [*BAD_DATE, "null"]),
    "reference": ("payments", "sale_id", BAD_ID),
}
MODELS = {
    "customers": Customer, "sales": Sale, "sale_items": SaleItem, "payments": Payment, "distributions": Distribution,
}  # fmt: skip


def _good(phone: HttpPhone, entity: str, sale: Sale) -> Json:
    """A new row with everything in it, so that any column may be spoiled."""
    payload: dict[str, Json] = {
        "customers": {"name": "Ana", "phone": "1", "notes": "x"},
        "sales": {"number": uuid4().hex, "sold_at": NOON, "total": "5.00", "status": "open"},
        "sale_items": {"sale_id": sale.pk, "product": "Coffee", "quantity": "1", "unit_price": "1"},
        "payments": {"sale_id": sale.pk, "amount": "0.01", "paid_at": NOON},
        "distributions": {
            "seller_id": phone.member.user_id, "product": uuid4().hex, "day": "2026-11-02", "quantity_out": "1",
        },
    }  # fmt: skip
    return insert(entity, **payload[entity])


def _spoiled(holder: Json, column: str, spelled: str) -> str:
    """The object as JSON, with this spelling for one of its members."""
    return json.dumps(holder | {column: "PLACE"}).replace('"PLACE"', spelled.replace("COLUMN", column))


def _with_payload(operation: Json, payload: str) -> str:
    return json.dumps(operation | {"payload": "PAYLOAD"}).replace('"PAYLOAD"', payload)


def _exactly(text: str) -> Any:
    """What a JSON text says: numbers with all their digits, keys as often as they stand there, in any order."""

    def pairs(found: list[tuple[str, Any]]) -> Any:
        return ("object", sorted(found, key=str))

    return json.loads(
        text, parse_float=Decimal, parse_int=Decimal, parse_constant=lambda name: ("constant", name),
        object_pairs_hook=pairs,
    )  # fmt: skip


def _logged(op_id: str) -> tuple[SyncOperation, str, bool]:
    """The row of an operation, and what it kept: the payload alone, or the operation as sent."""
    row = SyncOperation.objects.extra(select={"kept": "payload::text"}).get(op_id=op_id)
    return row, row.payload_text or row.kept, bool(row.payload_text)


def _assert_lists_open() -> None:
    browser = Client()
    browser.force_login(UserFactory(is_staff=True, is_superuser=True))
    for model in (SyncOperation, SyncBatch, SyncClient, *MODELS.values()):
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert browser.get(address).status_code == 200, address
    refused = SyncOperation.objects.filter(status="rejected").first()
    assert refused is not None
    assert browser.get(reverse("admin:sync_syncoperation_change", args=(refused.pk,))).status_code == 200


@pytest.mark.promise("P12")
@pytest.mark.parametrize("kind", KINDS)
def test_every_bad_value_of_a_column_is_invalid_and_its_neighbours_are_applied(manager: HttpPhone, kind: str) -> None:
    """Bad ones alternate with good ones in batches of 50: the good are applied, the bad are kept as they were sent."""
    entity, column, bad = KINDS[kind]
    sale = SaleFactory(business=manager.member.business, total=Decimal(9000))
    applied = 0
    for start in range(0, len(bad), 25):
        spellings = bad[start : start + 25]
        good = [_good(manager, entity, sale) for _ in range(50 - len(spellings))]
        spoiled = [_good(manager, entity, sale) for _ in spellings]
        texts = [json.dumps(operation) for operation in good]
        for index, (operation, spelled) in enumerate(zip(spoiled, spellings, strict=True)):
            payload = _spoiled(operation["payload"], column, spelled)
            texts.insert(2 * index, _with_payload(operation, payload))
        response = manager.post(manager.body().replace(b"[]", f"[{','.join(texts)}]".encode()))
        assert response.status_code == 200, response.text
        results = {result["op_id"]: result for result in response.json()["results"]}
        assert {results[operation["op_id"]]["status"] for operation in good} == {"applied"}
        applied += len(good)
        for operation, spelled in zip(spoiled, spellings, strict=True):
            result = results[operation["op_id"]]
            assert (result["status"], result["code"], result["retry"]) == ("rejected", "invalid", "after_fix"), spelled
            assert list(result["error"]["fields"]) in ([column], ["payload"]), (spelled, result)
            row, kept, whole = _logged(operation["op_id"])
            payload = _spoiled(operation["payload"], column, spelled)
            assert _exactly(kept) == _exactly(_with_payload(operation, payload) if whole else payload), spelled
            assert row.status == "rejected"
    assert MODELS[entity].objects.filter(write_id__isnull=False).count() == applied
    _assert_lists_open()


# {envelope field: bad values}
ENVELOPE = {
    "op_id": [*BAD_ID, "null"],
    "entity_id": [*BAD_ID, "null"],
    "entity": [*BAD_TEXT, "null"],
    "action": [*BAD_TEXT, "null"],
    "base_version": BAD_INTEGER,
    "schema_version": [*BAD_INTEGER, "0", "2147483648"],
    "client_timestamp": BAD_TIME,
    "sync_group_id": BAD_ID,
    "depends_on": ['"x"', '["x"]', "5", "{}", "[null]", "[5]", "[[]]", "true", "[NaN]"],
    "payload": ['"x"', "5", "[]", "true", "NaN", "1e400"],
}


@pytest.mark.promise("P12")
@pytest.mark.parametrize("field", ENVELOPE)
def test_every_bad_value_of_an_envelope_field_is_the_operations_own_fault(manager: HttpPhone, field: str) -> None:
    """`invalid` at its position, naming the field; the others are applied, and what was sent is kept."""
    made = customer("edited")
    manager.upload(made)
    bad = ENVELOPE[field]
    texts, good = [], []
    for spelled in bad:
        update = edit(made, 1, phone="spoiled") | {"client_timestamp": NOON, "sync_group_id": str(uuid4())}
        texts.append(_spoiled(update, field, spelled))
        good.append(customer("good"))
        texts.append(json.dumps(good[-1]))
    response = manager.post(manager.body().replace(b"[]", f"[{','.join(texts)}]".encode()))
    assert response.status_code == 200, response.text
    results = response.json()["results"]
    assert {result["status"] for result in results[1::2]} == {"applied"}
    for spelled, result in zip(bad, results[::2], strict=True):
        assert (result["status"], result["code"], result["retry"]) == ("rejected", "invalid", "after_fix"), spelled
        assert field in result["error"]["fields"], (spelled, result)
    rows = SyncOperation.objects.filter(status="rejected").order_by("position")
    for text, row in zip(texts[::2], rows, strict=True):
        kept = row.payload_text
        assert _exactly(kept) == _exactly(text)
    assert Customer.objects.get(pk=made["entity_id"]).phone is None
    _assert_lists_open()


def test_elements_that_are_no_objects_are_invalid_and_echo_nothing(manager: HttpPhone) -> None:
    """Each has a result with every key."""
    body = manager.body(customer()).replace(b"[{", b'[null, 5, "x", [], [{}], true, NaN, {}, {')
    response = manager.post(body)
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["status"] for result in results] == ["rejected"] * 8 + ["applied"]
    for result in results[:8]:
        assert (result["op_id"], result["entity"], result["entity_id"]) == (None, None, None)
        assert (result["code"], result["retry"], result["version"], result["txid"]) == (
            "invalid",
            "after_fix",
            None,
            None,
        )
        assert result["error"]["message"]
    assert set(results[7]["error"]["fields"]) >= {"op_id", "entity", "action", "entity_id"}
    _assert_lists_open()


def test_an_unusable_op_id_is_echoed_as_sent_and_not_kept(manager: HttpPhone) -> None:
    """There is nothing a repeat could be recognised by."""
    operation = customer() | {"op_id": "tuesday-7"}
    for _ in range(2):
        result = manager.one(operation)
        assert (result["op_id"], result["code"], result["replayed"]) == ("tuesday-7", "invalid", False)
        assert list(result["error"]["fields"]) == ["op_id"]
    assert not Customer.objects.exists()


def test_values_at_the_edge_are_taken_as_they_are(manager: HttpPhone) -> None:
    """Nothing is rounded, cut or coerced; a JSON number is accepted when it is exact."""
    name = "ñ𝄞\u200b" + "x" * 197
    made = customer(name, phone="  +1 (2) ", credit_limit="9999999999.99")
    sale = insert("sales", number="1", sold_at="2199-12-31T23:59:59.999999Z", total=12.5)
    early = insert("sales", number="2", sold_at="1900-01-01T00:00:00+00:00", total="12.500")
    large = insert("sales", number="3", sold_at="2026-11-02T12:00:00.5+14:00", total=9999999999.99)
    results = manager.upload(made, sale, early, large, headers={"Prefer": "return=representation"})
    assert [result["status"] for result in results] == ["applied"] * 4
    assert (results[0]["row"]["name"], results[0]["row"]["phone"]) == (name, "  +1 (2) ")
    assert results[0]["row"]["credit_limit"] == "9999999999.99"
    assert [result["row"]["total"] for result in results[1:]] == ["12.50", "12.50", "9999999999.99"]
    assert results[1]["row"]["sold_at"] == "2199-12-31T23:59:59.999999Z"
    assert results[3]["row"]["sold_at"] == "2026-11-01T22:00:00.500000Z"
