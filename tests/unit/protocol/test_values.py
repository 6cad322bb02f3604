"""Single values: what each kind takes, and what it refuses with a message that helps."""

import copy
import pickle
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol.strict_json import RepeatedKeys, Unusable
from sync.protocol.values import (
    Fault,
    boolean_value,
    choice_value,
    date_value,
    decimal_value,
    integer_value,
    text_value,
    time_value,
    uuid_value,
)

ID = "0193a5b2-7c4e-7d10-8f3a-5b6c7d8e9f01"
integer = partial(integer_value, low=-(2**31), high=2**31 - 1)
money = partial(decimal_value, max_digits=12, decimal_places=2)
text = partial(text_value, max_length=5)
choice = partial(choice_value, choices=("open", "closed"))

ALL: dict[str, Callable[[Any], Any]] = {
    "uuid": uuid_value,
    "time": time_value,
    "date": date_value,
    "text": text,
    "integer": integer,
    "decimal": money,
    "boolean": boolean_value,
    "choice": choice,
}
NEVER = [
    None, [], {}, [1], {"a": 1}, RepeatedKeys([("a", 1), ("a", 2)]), Unusable("NaN"), Unusable("-Infinity"),
    Unusable("1e400"), Unusable("9" * 400), "\x00", "\ud800", "a\udfff", "1e400", "NaN", "Infinity",
]  # fmt: skip


def said(check: Callable[[Any], Any], value: Any) -> str:
    with pytest.raises(Fault) as caught:
        check(value)
    return caught.value.message


@pytest.mark.parametrize("value", NEVER, ids=lambda value: ascii(value)[:20])
@pytest.mark.parametrize("kind", ALL)
def test_no_kind_takes_what_nothing_can_use(kind: str, value: Any) -> None:
    """Containers, null, markers, NUL and lone surrogates; the message can be stored anywhere."""
    if kind == "text" and value in ("NaN", "1e400"):
        assert text(value) == value  # as text, they are five letters like any others
        return
    assert said(ALL[kind], value).isprintable()


BAD = {
    "uuid": [1, True, ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", f" {ID}", f"{ID}\n", ID[:-1], f"{ID}0", ID[:-1] + "g", ID.replace("0", "٠"), ID.replace("0193a5b2-", "0193a5b-2"), ""],
    "time": [1, True, Decimal("1.5"), "", "2026-11-20", "2026-11-20T23:09:11", "2026-11-20T23:09:11.120", "2026-11-20 23:09:11Z", "2026-11-20T23:09Z", "20261120T230911Z", "2026-11-20T23:09:11+0500", "2026-11-20T23:09:11+05", "2026-11-20T24:00:00Z", "2026-11-20T23:60:00Z", "2026-11-20T23:09:61Z", "2026-12-31T23:59:60Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-11-20T23:09:11,5Z", "2026-11-20T23:09:11.Z", "2026-11-20T23:09:11.1234567Z", "2026-11-20T23:09:11+24:00", "2026-11-20T23:09:11.0000000000Z", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00+00:01", "2200-01-01T00:00:00Z", "2199-12-31T23:59:59-00:01", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "٢026-11-20T23:09:11Z", " 2026-11-20T23:09:11Z", "2026-11-20T23:09:11Z\n", "now"],
    "date": [20261120, True, "2026-11-2", "20261120", "2026-W47-5", "2026-02-30", "1899-12-31", "2200-01-01", "2026-11-20T00:00:00Z", "2026-11-20\n", "", "0000-01-01"],
    "text": [1, 0, True, Decimal("1.5"), "abcdef", "a\x00b", "\ud83d"],
    "integer": ["4", "", True, False, Decimal("4.5"), Decimal("1e-9"), 2 ** 31, -2 ** 31 - 1, Decimal("1e300"), Decimal("NaN"), Decimal("Infinity"), 4.0, Decimal("2147483648.0"), Decimal("0." + "0" * 300 + "1")],
    "decimal": ["12.505", "1e2", "+1", ".5", "1.", "", " 1", "1\n", "1_000", "1,5", "0x10", "٣", True, False, 1.5, "12345678901", 10 ** 10, Decimal("1e10"), Decimal("12.505"), Decimal("1e-300"), Decimal("NaN"), Decimal("-Infinity"), "1" * 2000, "0." + "0" * 300 + "1", "-10000000000.00", "9999999999.995"],
    "boolean": [0, 1, "true", "false", "", Decimal(1)],
    "choice": ["OPEN", "", "void", 1, True],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind in BAD for value in BAD[kind]])
def test_a_value_that_does_not_fit_is_refused(kind: str, value: Any) -> None:
    """Nothing is coerced, nothing is rounded."""
    assert said(ALL[kind], value).startswith("must ")


@pytest.mark.parametrize(
    ("kind", "value", "meaning"),
    [
        ("uuid", ID, UUID(ID)),
        ("uuid", ID.upper(), UUID(ID)),
        ("uuid", "00000000-0000-0000-0000-000000000000", UUID(int=0)),
        ("time", "2026-11-20T23:09:11Z", datetime(2026, 11, 20, 23, 9, 11, tzinfo=UTC)),
        ("time", "2026-11-20t23:09:11.5z", datetime(2026, 11, 20, 23, 9, 11, 500000, tzinfo=UTC)),
        ("time", "2026-11-20T18:09:11.123456-05:00", datetime(2026, 11, 20, 23, 9, 11, 123456, tzinfo=UTC)),
        ("time", "2026-11-20T23:09:11.123456000Z", datetime(2026, 11, 20, 23, 9, 11, 123456, tzinfo=UTC)),
        ("time", "2026-11-20T23:09:11-00:00", datetime(2026, 11, 20, 23, 9, 11, tzinfo=UTC)),
        ("time", "1899-12-31T23:30:00-00:30", datetime(1900, 1, 1, tzinfo=UTC)),
        ("time", "2199-12-31T23:59:59.999999Z", datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("time", "2200-01-01T00:30:00+01:00", datetime(2199, 12, 31, 23, 30, tzinfo=UTC)),
        ("date", "1900-01-01", date(1900, 1, 1)),
        ("date", "2199-12-31", date(2199, 12, 31)),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("text", "", ""),
        ("text", "😀😀😀😀😀", "😀😀😀😀😀"),
        ("integer", 2**31 - 1, 2**31 - 1),
        ("integer", Decimal("4.0"), 4),
        ("integer", Decimal("4e0"), 4),
        ("integer", Decimal("-0.0"), 0),
        ("integer", Decimal("0e300"), 0),
        ("integer", Decimal("40e-1"), 4),
        ("decimal", "12.50", Decimal("12.50")),
        ("decimal", "12.5000", Decimal("12.50")),
        ("decimal", "-9999999999.99", Decimal("-9999999999.99")),
        ("decimal", "007", Decimal("7.00")),
        ("decimal", 12, Decimal("12.00")),
        ("decimal", Decimal("1e2"), Decimal("100.00")),
        ("decimal", Decimal("0e300"), Decimal("0.00")),
        ("boolean", True, True),
        ("boolean", False, False),
        ("choice", "open", "open"),
    ],
)
def test_a_value_that_fits_means_what_it_says(kind: str, value: Any, meaning: Any) -> None:
    """However it is spelled."""
    assert ALL[kind](value) == meaning
    assert type(ALL[kind](value)) is type(meaning)


@given(st.uuids())
def test_a_uuid_is_one_like_any_other(given_id: UUID) -> None:
    """It is made by hand for speed; nobody can tell."""
    made = uuid_value(str(given_id))
    assert made == given_id
    assert hash(made) == hash(given_id)
    assert (str(made), made.bytes, made.version, made.is_safe) == (
        str(given_id), given_id.bytes, given_id.version, given_id.is_safe,
    )  # fmt: skip
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == given_id


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_is_exact_or_refused(number: Decimal) -> None:
    """And it always has the places of its column."""
    try:
        taken = money(number)
    except Fault:
        return
    assert taken == number
    assert taken.as_tuple().exponent == -2


def test_minus_zero_is_zero() -> None:
    """Postgres has only one."""
    assert str(money("-0.00")) == "0.00"
    assert str(decimal_value("-0", max_digits=3, decimal_places=0)) == "0"


def test_a_column_as_long_as_postgres_allows_is_exact() -> None:
    """More digits than the decimal module computes with by default."""
    digits = "9" * 60 + "." + "9" * 30
    assert str(decimal_value(digits, max_digits=90, decimal_places=30)) == digits


@pytest.mark.parametrize("spelled", ["1e999999", "-1e999999", "1e-999999", "0e999999", "1e999999999"])
def test_a_huge_exponent_costs_nothing(spelled: str) -> None:
    """Written out it would have a billion digits."""
    started = time.perf_counter()
    for check in (integer, money):
        try:
            assert check(Decimal(spelled)) == 0
        except Fault as fault:
            assert fault.message.startswith("must ")  # noqa: PT017 - zero is taken, the others are not
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("uuid", 5, "must be a UUID of 36 characters, like 0193a5b2-7c4e-7d10-8f3a-5b6c7d8e9f01, not this number"),
        ("time", "2026-11-20T23:09:11", "must have an offset from UTC, like Z or -05:00"),
        ("time", "2026-12-31T23:59:60Z", "must not be a leap second"),
        ("time", "2026-02-30T00:00:00Z", "must be a day that exists"),
        ("time", "2200-01-01T00:00:00Z", "must lie between the years 1900 and 2200"),
        ("text", "abcdef", "must have at most 5 characters"),
        ("text", "\x00", "must not contain the NUL character"),
        ("text", "\ud800", "must not contain half of a surrogate pair"),
        ("integer", Unusable("NaN"), "must be a whole number, not NaN"),
        ("integer", Unusable("9" * 400), "must be a whole number, not a number of that size"),
        ("integer", True, "must be a whole number, not a boolean"),
        ("integer", 2**31, "must lie between -2147483648 and 2147483647"),
        ("integer", Decimal("1.5"), "must be a whole number"),
        ("decimal", "12.505", "must have at most 2 decimal places"),
        ("decimal", "12345678901", "must have at most 10 digits before the decimal point"),
        ("decimal", [], 'must be a decimal number, like "12.50", not a list'),
        ("boolean", None, "must be true or false, not null"),
        ("choice", "void", "must be one of: open, closed, not this string"),
        ("date", {}, "must be a date, like 2026-11-20, not an object"),
    ],
)
def test_a_message_says_what_to_change(kind: str, value: Any, message: str) -> None:
    """In the words of someone who writes a client."""
    assert said(ALL[kind], value) == message


def test_text_without_a_bound_may_be_long() -> None:
    """A column of type text."""
    assert len(text_value("x" * 100_000)) == 100_000


@given(st.uuids().map(str) | st.text() | st.integers() | st.decimals() | st.booleans() | st.none())
def test_every_check_returns_or_raises_a_fault(value: Any) -> None:
    """Nothing else escapes."""
    for check in ALL.values():
        try:
            check(value)
        except Fault as fault:
            assert fault.message  # noqa: PT017 - either is fine
