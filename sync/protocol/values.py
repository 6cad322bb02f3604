"""Single values: each function takes one decoded JSON value and returns what it means, or says what is wrong.

Nothing is coerced from one type to another, and nothing is rounded.

Not here: which field holds what (`envelope` and the payload schema know), nor rules that need other values.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, Final
from uuid import UUID, SafeUUID

from sync.protocol import clock
from sync.protocol.strict_json import Unusable


class Fault(ValueError):
    """A value cannot be used; the message completes the sentence "this field ..." for a client's developer.

    It never repeats text that was sent, so that it can be stored and shown anywhere.
    """

    @property
    def message(self) -> str:
        """What is wrong."""
        return str(self)


# Both letter cases are spelled out here and below: with re.IGNORECASE a match takes twice as long.
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_NEW: Final = object.__new__
_SET: Final = object.__setattr__  # a UUID is immutable, and says so in its own __setattr__


def uuid_value(value: Any) -> UUID:
    """A UUID in its hyphenated form of 36 characters, in any letter case."""
    if type(value) is not str or not _UUID.fullmatch(value):
        raise _wrong("a UUID of 36 characters, like 0193a5b2-7c4e-7d10-8f3a-5b6c7d8e9f01", value)
    # What UUID(value) does, without checking once more: 0.6 µs instead of 1.4, five times per operation.
    made = _NEW(UUID)
    _SET(made, "int", int(value.replace("-", ""), 16))
    _SET(made, "is_safe", SafeUUID.unknown)
    return made


_TIME: Final = re.compile(
    r"(?P<year>[0-9]{4})-[0-9]{2}-[0-9]{2}[Tt]"
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?P<second>[0-5][0-9]|60)(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)


def time_value(value: Any) -> datetime:
    """A time of RFC 3339 with its offset, as an aware datetime in UTC.

    Digits after the microsecond may only be zeros; leap seconds are refused, because no column can hold them.
    """
    match = _TIME.fullmatch(value) if type(value) is str else None
    if match is None:
        raise _wrong("a time of RFC 3339, like 2026-11-20T23:09:11.120Z", value)
    year, second, fraction, offset = match.groups()
    if offset is None:
        raise Fault("must have an offset from UTC, like Z or -05:00")
    if second == "60":
        raise Fault("must not be a leap second")
    if fraction and fraction[6:].strip("0"):
        raise Fault("must not be finer than a microsecond")
    if not clock.EARLIEST.year - 1 <= int(year) <= clock.LATEST.year:  # before the offset can overflow
        raise Fault(_TIME_BOUNDS)
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise Fault("must be a day that exists") from None
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    if not clock.is_sane(moment):
        raise Fault(_TIME_BOUNDS)
    return moment


_TIME_BOUNDS: Final = f"must lie between the years {clock.EARLIEST.year} and {clock.LATEST.year}"
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def date_value(value: Any) -> date:
    """A calendar day, `YYYY-MM-DD`."""
    if type(value) is not str or not _DATE.fullmatch(value):
        raise _wrong("a date, like 2026-11-20", value)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise Fault("must be a day that exists") from None
    if not clock.EARLIEST.year <= day.year < clock.LATEST.year:
        raise Fault(_TIME_BOUNDS)
    return day


def text_value(value: Any, *, max_length: int | None = None) -> str:
    """Text that Postgres can hold. Unit of `max_length`: code points, as Postgres counts."""
    if type(value) is not str:
        raise _wrong("a string", value)
    if max_length is not None and len(value) > max_length:
        raise Fault(f"must have at most {max_length} characters")
    if "\x00" in value:
        raise Fault("must not contain the NUL character")
    if has_lone_surrogate(value):
        raise Fault("must not contain half of a surrogate pair")
    return value


def legible(text: str, *, limit: int = 500) -> str:
    """The text with NUL and lone surrogates spelled as escapes, and cut: fit for any answer, table and page."""
    if "\x00" in text or has_lone_surrogate(text):
        text = text.replace("\x00", "\\u0000").encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= limit else f"{text[:limit]}…"


def has_lone_surrogate(text: str) -> bool:
    """Whether UTF-8 cannot spell this text."""
    if text.isascii():
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def integer_value(value: Any, *, low: int, high: int) -> int:
    """A whole number, however it is spelled: 4, 4.0 and 4e0 are the same. Bounds belong to the range."""
    if type(value) is int:
        whole = value
    elif type(value) is Decimal and value.is_finite():
        whole = _whole(value, low, high)
    else:
        raise _wrong("a whole number", value)
    if not low <= whole <= high:
        raise Fault(f"must lie between {low} and {high}")
    return whole


def _whole(number: Decimal, low: int, high: int) -> int:
    if not number:
        return 0
    if number.adjusted() > _LONGEST_INTEGER:  # int() would write out every digit of 1e999999999
        raise Fault(f"must lie between {low} and {high}")
    whole = int(number) if number.adjusted() >= 0 else None
    if whole is None or whole != number:
        raise Fault("must be a whole number")
    return whole


_LONGEST_INTEGER: Final = 40  # digits; more than any integer column has
_LONGEST_DECIMAL: Final = 1000  # digits; Postgres declares no numeric column longer than that
_PLAIN_DECIMAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_EXACTLY: Final = Context(prec=_LONGEST_DECIMAL, traps=[Inexact, InvalidOperation])


def decimal_value(value: Any, *, max_digits: int, decimal_places: int) -> Decimal:
    """An exact decimal, from a string in plain notation or from a number, with exactly `decimal_places`.

    Zeros after the last place are no digits, so "12.500" fits two places; anything that would have to be
    rounded is refused.
    """
    number = _number(value)
    if not number:
        return Decimal(0).scaleb(-decimal_places)  # minus zero, too: Postgres has none
    whole_digits = max_digits - decimal_places
    if number.adjusted() >= whole_digits:
        raise Fault(f"must have at most {whole_digits} digits before the decimal point")
    try:
        return number.quantize(Decimal(1).scaleb(-decimal_places), context=_EXACTLY)
    except (Inexact, InvalidOperation):
        raise Fault(f"must have at most {decimal_places} decimal places") from None


def _number(value: Any) -> Decimal:
    if type(value) is str:
        if len(value) > _LONGEST_DECIMAL:
            raise Fault(f"must have at most {_LONGEST_DECIMAL} characters")
        if _PLAIN_DECIMAL.fullmatch(value):
            return Decimal(value)
    elif type(value) is int or (type(value) is Decimal and value.is_finite()):
        return Decimal(value)
    raise _wrong('a decimal number, like "12.50"', value)


def boolean_value(value: Any) -> bool:
    """true or false; neither 0 and 1 nor their names."""
    if type(value) is not bool:
        raise _wrong("true or false", value)
    return value


def choice_value(value: Any, *, choices: Collection[str]) -> str:
    """One of a closed set of strings."""
    if type(value) is not str or value not in choices:
        raise _wrong(f"one of: {', '.join(choices)}", value)
    return value


def kind_of(value: Any) -> str:
    """What a developer calls this JSON value."""
    if isinstance(value, Unusable):
        return value.text if len(value.text) <= _LONGEST_INTEGER else "a number of that size"
    for kinds, name in _KINDS:
        if isinstance(value, kinds):
            return name
    return "that"


# bool stands before the numbers: Python counts it as one
_KINDS: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((type(None),), "null"),
    ((bool,), "a boolean"),
    ((str,), "this string"),
    ((int, Decimal), "this number"),
    ((list,), "a list"),
    ((dict,), "an object"),
)


def _wrong(expected: str, value: Any) -> Fault:
    return Fault(f"must be {expected}, not {kind_of(value)}")
