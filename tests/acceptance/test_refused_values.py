"""Every value that is refused costs its own operation: 49 good ones beside it are applied."""

from __future__ import annotations

from typing import Any

import pytest

from entities.sales.models import Customer
from tests.acceptance.wire import WirePhone
from tests.factories import CustomerFactory, SaleFactory
from tests.model.values import Number, Pairs, encode
from tests.property.ops import Json, customer, new_id, operation
from tests.property.tier import IS_FULL

pytestmark = pytest.mark.django_db(transaction=True)

DEEP: Any = {"a": [{"b": []}]}
NOT_TEXT = (Number("5"), Number("1.5"), True, False, [], ["x"], {}, DEEP, Number("NaN"), Number("1e400"))
BROKEN_TEXT = ("a\0b", "\0", "\ud800", "x\udfff", "\udc00\ud800")
NOT_NUMBER = (True, False, [], ["1"], {}, DEEP, "", " ", "ten", "1,50", "0x10", "1e2", "+1", " 1", "1 ", "--1", "٣")
NEVER_FINITE = tuple(map(Number, ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e999999999")))
SPELLED_INFINITE = ("NaN", "nan", "Infinity", "-inf", "1e400")
TOO_MANY_DIGITS = (
    "10000000000.00",
    "-10000000000",
    "1.001",
    Number("1.001"),
    Number("1e10"),
    Number("1e-3"),
    "9" * 400,
)
NOT_TIME = (
    *("", "yesterday", "2026-11-02", "2026-11-02T12:00:00", "2026-11-02 12:00:00Z", "2026-11-02T25:00:00Z"),
    *("2026-02-30T12:00:00Z", "2026-11-02T12:00:60Z", "1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-11-02T12:00:00+25:00"),
    *(Number("1762084800"), True, [], {}),
)
NOT_DATE = (
    *("", "02.11.2026", "2026-13-01", "2026-02-30", "2026-11-02T00:00:00Z", "20261102", "2026-W45-1"),
    *("1899-12-31", "2200-01-01", "9999-12-31", Number("20261102"), True, [], {}),
)
NOT_ID = ("", "42", "no id", "{%s}", "urn:uuid:%s", "%s0", Number("42"), True, [], {}, "g" * 36, "\0" * 36)
NOT_CHOICE = ("", "gold", "OPEN", "open ", Number("1"), True, [], {})

CASES: dict[str, tuple[Any, ...]] = {
    "customers.name": (None, "", "  ", "\t\n", "x" * 201, *NOT_TEXT, *BROKEN_TEXT),
    "customers.phone": ("5" * 33, *NOT_TEXT, *BROKEN_TEXT),
    "customers.notes": (*NOT_TEXT, *BROKEN_TEXT),
    "customers.credit_limit": (None, "-0.01", *NOT_NUMBER, *NEVER_FINITE, *SPELLED_INFINITE, *TOO_MANY_DIGITS),
    "sales.customer_id": NOT_ID,
    "sales.sold_at": (None, *NOT_TIME),
    "sales.status": (None, *NOT_CHOICE),
    "sales.total": (None, "-1", *NOT_NUMBER, *NEVER_FINITE),
    "sale_items.quantity": (None, "0", "-1", "0.0001", Number("0"), "1000000000", *NOT_NUMBER, *NEVER_FINITE),
    "distributions.day": (None, *NOT_DATE),
    "distributions.seller_id": (None, *NOT_ID),
}
ENVELOPE: dict[str, tuple[Any, ...]] = {
    "op_id": (None, *NOT_ID),
    "entity": (None, Number("5"), True, [], {}, "a\0b", "\ud800", "x" * 201),
    "action": (None, Number("5"), True, [], {}, "a\0b", "\ud800", "x" * 201),
    "entity_id": (None, *NOT_ID),
    "payload": (Number("5"), "text", True, []),
    "base_version": (
        *("1", "", True, [], {}, Number("-1"), Number("1.5"), Number("9223372036854775808"), Number("1e30")),
        *NEVER_FINITE,
    ),
    "client_timestamp": NOT_TIME,
    "sync_group_id": NOT_ID,
    "depends_on": ("", {}, Number("5"), True, *([bad] for bad in NOT_ID), [None]),
    "schema_version": ("1", True, [], Number("0"), Number("-1"), Number("1.5"), Number("2147483648"), *NEVER_FINITE),
}


def sound(entity: str, phone: WirePhone, business: Any) -> Json:
    """A payload that is accepted."""
    return {
        "customers": lambda: {"name": "Ana"},
        "sales": lambda: {"number": new_id()[:32], "sold_at": "2026-11-02T12:00:00Z", "total": "1.00"},
        "sale_items": lambda: {
            "sale_id": str(SaleFactory(business=business, customer=None).pk),
            "product": "Tea",
            "quantity": "1",
            "unit_price": "1",
        },
        "distributions": lambda: {
            "seller_id": str(phone.member.user_id),
            "product": new_id(),
            "day": "2026-11-02",
            "quantity_out": "1",
        },
    }[entity]()


def spelled(value: Any) -> Any:
    """The id templates with an id in them."""
    if isinstance(value, list):
        return [spelled(item) for item in value]
    return value % new_id() if isinstance(value, str) and "%s" in value else value


def upload_among_good_ones(phone: WirePhone, bad: list[Any]) -> list[Json]:
    """The results of bad operations that stood among 49 good ones, all of which were applied.

    In full each bad one has a batch of its own; on every change the first one has, and the others share one.
    """
    shares = [[one] for one in bad] if IS_FULL else [bad[:1], bad[1:]]
    return [result for share in shares if share for result in _share_a_batch(phone, share)]


def _share_a_batch(phone: WirePhone, bad: list[Any]) -> list[Json]:
    good = [customer() for _ in range(49)]
    sent = [*good[:20], *bad, *good[20:]]
    answer = phone.send(encode({"client_id": phone.client_id, "operations": sent}).encode())
    assert answer.status_code == 200, answer.text
    results: list[Json] = answer.json()["results"]
    assert {r["status"] for r in results[:20] + results[20 + len(bad) :]} == {"applied"}
    assert Customer.objects.filter(pk__in=[o["entity_id"] for o in good], version=1).count() == 49
    return results[20 : 20 + len(bad)]


@pytest.mark.promise("P12")
@pytest.mark.parametrize("column", CASES)
def test_a_bad_value_in_a_column_is_its_own_operations_fault(seller: WirePhone, business: Any, column: str) -> None:
    """The column is named; nothing is coerced, nothing is rounded."""
    entity, name = column.split(".")
    payload = sound(entity, seller, business)
    bad = [operation("insert", entity, new_id(), {**payload, name: spelled(value)}) for value in CASES[column]]
    for value, result in zip(CASES[column], upload_among_good_ones(seller, bad), strict=True):
        assert (result["status"], result["code"]) == ("rejected", "invalid"), value
        assert list(result["error"]["fields"]) == [name], value


@pytest.mark.promise("P12")
@pytest.mark.parametrize("name", ENVELOPE)
def test_a_bad_value_in_the_envelope_is_its_own_operations_fault(seller: WirePhone, name: str) -> None:
    """The envelope field is named."""
    bad = [{**customer(), name: spelled(value)} for value in ENVELOPE[name]]
    for value, result in zip(ENVELOPE[name], upload_among_good_ones(seller, bad), strict=True):
        assert (result["status"], result["code"], result["retry"]) == ("rejected", "invalid", "after_fix"), value
        assert list(result["error"]["fields"]) == [name], value


@pytest.mark.promise("P12")
def test_a_key_that_stands_twice_is_its_own_operations_fault(seller: WirePhone) -> None:
    """In the envelope and in the payload."""
    plain = customer()
    twice_in_payload = {**customer(), "payload": Pairs((("name", "Ana"), ("name", "Eva")))}
    twice_in_envelope = Pairs((*plain.items(), ("entity", "customers")))
    for result in upload_among_good_ones(seller, [twice_in_payload, twice_in_envelope]):
        assert (result["status"], result["code"]) == ("rejected", "invalid")


@pytest.mark.promise("P12")
def test_an_update_is_held_to_the_same_values(seller: WirePhone, business: Any) -> None:
    """Null in a required column, and bad values, with the row untouched."""
    row = CustomerFactory(business=business, name="Ana")
    for value in (None, "", "x" * 201, *NOT_TEXT, *BROKEN_TEXT):
        bad = operation("update", "customers", str(row.pk), {"name": value}, base_version=1)
        answer = seller.send(encode({"client_id": seller.client_id, "operations": [bad]}).encode())
        (result,) = answer.json()["results"]
        assert (result["code"], list(result["error"]["fields"])) == ("invalid", ["name"]), value
    row.refresh_from_db()
    assert (row.name, row.version) == ("Ana", 1)


ACCEPTED: tuple[tuple[str, Any, Any], ...] = (
    ("credit_limit", Number("12.5"), "12.50"),
    ("credit_limit", Number("0.1e1"), "1.00"),
    ("credit_limit", "9999999999.99", "9999999999.99"),
    ("credit_limit", "12.500", "12.50"),
    ("phone", "", None),
    ("phone", " +51 999 ", " +51 999 "),
    ("notes", "línea\n😀", "línea\n😀"),
    ("address", None, None),
)


@pytest.mark.parametrize(("name", "value", "stored"), ACCEPTED)
def test_a_good_value_is_kept_exactly(manager: WirePhone, name: str, value: Any, stored: Any) -> None:
    """Exact numbers in either spelling; text as typed; an empty optional text is null."""
    body = encode({"client_id": manager.client_id, "operations": [customer(**{name: value})]}).encode()
    (result,) = manager.send(body, Prefer="return=representation").json()["results"]
    assert result["row"][name] == stored
