"""Values for random payloads: good ones from pools so small that they collide, and bad ones of many kinds."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.model.values import Number, Pairs

NAMES = ("Ana", "Beto", "Carla", "Dado")
PHONES = ("555 0101", "555-0102", "0103", "", None)
TAX_NUMBERS = (*(f"T-{n}" for n in range(12)), "", None, None, None)
LIMITS = ("0", "0.00", "60.00", "150", Number("150.0"), "100000")
NUMBERS = tuple(f"S-{n}" for n in range(60))
TOTALS = ("0.00", "10.00", "25.50", Number("25.50"), "40", Number("40"), "100.00", "9999999999.99")
AMOUNTS = ("0.01", "5.00", "10", Number("10.0"), "25.50", "1000")
QUANTITIES = ("0.5", "1", "2.000", Number("3"))
OUTS = ("0", "5", "10.000")
PRODUCTS = ("Coffee", "Tea", "Mate", "Cocoa")
DAYS = tuple(f"2026-11-{day:02}" for day in range(2, 12))
NOTES = ("", None, "call first", "rings twice", "back door")
TIMES = ("2026-11-02T15:30:00Z", "2026-11-02T10:30:00-05:00", "2026-11-03T09:00:00.250Z")
STATUSES = ("open", "open", "open", "closed", "void")
METHODS = ("cash", "card", "transfer", "other")


def good_value(random: Random, column: str) -> Any:
    """A value that the column takes; references are chosen elsewhere."""
    return random.choice(_POOLS[column])


_POOLS: dict[str, tuple[Any, ...]] = {
    "name": NAMES,
    "phone": PHONES,
    "address": NOTES,
    "tax_number": TAX_NUMBERS,
    "credit_limit": LIMITS,
    "notes": NOTES,
    "number": NUMBERS,
    "sold_at": TIMES,
    "total": TOTALS,
    "status": STATUSES,
    "void_reason": ("", None, "wrong price", "returned", "  "),
    "product": PRODUCTS,
    "quantity": QUANTITIES,
    "unit_price": TOTALS,
    "amount": AMOUNTS,
    "method": METHODS,
    "paid_at": TIMES,
    "day": DAYS,
    "quantity_out": OUTS,
    "quantity_returned": ("0", "0", "1", "4.000"),
    "quantity_sold": ("0", "0", "1", "5"),
}

_BAD_TEXT = ("a\0b", "\ud800", "\udfff end", Number("5"), True, [], {}, Number("NaN"))
_BAD_REQUIRED_TEXT = (*_BAD_TEXT, None, "", "  ")
_BAD_NUMBER = (
    *("12.505000", "ten", "", "NaN", "-1", "1e400", "99999999999.00"),
    *(True, [], {}, None),
    *(Number("1.23456"), Number("-0.5"), Number("NaN"), Number("Infinity"), Number("-Infinity"), Number("1e400")),
)
_BAD_TIME = ("2026-11-02T15:30:00", "2026-11-02", "yesterday", "1850-01-01T00:00:00Z", "2300-01-01T00:00:00Z", None)
_BAD_ID = ("", "42", "not-an-id", Number("42"), True, [], "00000000-0000-0000-0000-00000000000g")

BAD: dict[str, tuple[Any, ...]] = {
    "name": (*_BAD_REQUIRED_TEXT, "x" * 201),
    "phone": (*_BAD_TEXT, "5" * 33),
    "address": _BAD_TEXT,
    "tax_number": (*_BAD_TEXT, "5" * 33),
    "credit_limit": _BAD_NUMBER,
    "notes": _BAD_TEXT,
    "customer_id": _BAD_ID,
    "number": (*_BAD_REQUIRED_TEXT, "5" * 33),
    "sold_at": _BAD_TIME,
    "total": _BAD_NUMBER,
    "status": ("", "paid", "OPEN", None, True, Number("1"), []),
    "void_reason": _BAD_TEXT,
    "sale_id": _BAD_ID,
    "product": (*_BAD_REQUIRED_TEXT, "x" * 201),
    "quantity": (*_BAD_NUMBER, "0", "0.000"),
    "unit_price": _BAD_NUMBER,
    "amount": (*_BAD_NUMBER, "0", Number("0.00")),
    "method": ("gold", None, False, {}),
    "paid_at": _BAD_TIME,
    "seller_id": (*_BAD_ID, None),
    "day": ("2026-02-30", "02.11.2026", "2026-11-02T00:00:00Z", Number("20261102"), None, "2300-01-01"),
    "quantity_out": _BAD_NUMBER,
    "quantity_returned": _BAD_NUMBER,
    "quantity_sold": _BAD_NUMBER,
}

UNKNOWN = ("colour", "id", "version", "deleted_at", "business_id", "created_at", "write_id")


def spoil(random: Random, payload: dict[str, Any], required: list[str]) -> dict[str, Any] | Pairs:
    """The payload with one or two faults."""
    spoiled = dict(payload)
    for _ in range(random.choice((1, 1, 1, 2))):
        kind = random.choice(("value", "value", "value", "unknown", "missing", "twice"))
        names = [name for name in spoiled if name in BAD]
        if kind == "unknown" or not names:
            spoiled[random.choice(UNKNOWN)] = random.choice(("1", None, 3))
        elif kind == "value":
            name = random.choice(names)
            spoiled[name] = random.choice(BAD[name])
        elif kind == "missing" and required:
            spoiled.pop(random.choice(required), None)
        else:
            name = random.choice(names)
            return Pairs((*spoiled.items(), (name, spoiled[name])))
    return spoiled


BAD_ENVELOPE: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("op_id", (None, "", "op-1", 7, [])),
    ("entity", (None, 5, [], "customer", "users", "")),
    ("action", (None, 5, "upsert", "INSERT", "")),
    ("entity_id", (None, "", "7", 7, {})),
    ("payload", ([], "text", 5, True)),
    ("base_version", ("1", True, -1, Number("1.5"), Number("1e30"), [])),
    ("client_timestamp", ("yesterday", "2026-11-18T08:00:00", 5, Number("NaN"))),
    ("sync_group_id", ("group", 5, [])),
    ("depends_on", ("x", {}, ["x"], [5], [None])),
    ("schema_version", ("1", True, Number("1.5"), -1)),
)
