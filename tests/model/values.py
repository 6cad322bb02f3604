"""Values on the wire as the model sees them: raw numbers, repeated keys, and which of them a column takes.

Not here: which columns an entity has (`catalogue`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number as it is spelled, `12.50` and `1.25e1` alike; also `NaN`, `1e400` and their kind."""

    text: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """An object written key by key, so that a key can stand in it twice."""

    items: tuple[tuple[str, Any], ...]


class Fault(Exception):
    """The value is not one that the column takes."""


def encode(value: Any) -> str:
    """JSON text of a value that may hold numbers as spelled and repeated keys."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{json.dumps(k)}: {encode(v)}" for k, v in value.items) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {encode(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(encode(v) for v in value) + "]"
    return json.dumps(value)


def canonical(value: Any) -> Any:
    """A form in which two spellings of one content are equal: key order and number spelling do not matter."""
    if isinstance(value, bool) or value is None:
        return ("constant", value)
    if isinstance(value, int):
        return ("number", Decimal(value))
    if isinstance(value, Number):
        number = _decimal(value.text)
        return ("number", number) if number is not None else ("not a number", value.text)
    if isinstance(value, str):
        return ("text", value)
    if isinstance(value, list):
        return ("list", tuple(canonical(v) for v in value))
    if isinstance(value, dict):
        return ("object", tuple(sorted((k, canonical(v)) for k, v in value.items())))
    assert isinstance(value, Pairs)
    return ("pairs", tuple(sorted((k, canonical(v)) for k, v in value.items)))


def as_uuid(value: Any) -> str | None:
    """The id in lower case, or None when it is none."""
    if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        return str(UUID(value))
    return None


def as_moment(value: Any) -> datetime | None:
    """A time with an offset between 1900 and 2200, or None when it is none."""
    if not isinstance(value, str):
        return None
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value):
        return None
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1900 <= moment.year < 2200 else None


def as_day(value: Any) -> date | None:
    """A date between 1900 and 2200, or None when it is none."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if 1900 <= day.year < 2200 else None


def as_text(value: Any, *, longest: int | None) -> str:
    """Text that Postgres can keep. Errors: Fault."""
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise Fault
    if longest is not None and len(value) > longest:
        raise Fault
    return value


def as_number(value: Any, *, places: int) -> Decimal:
    """An exact numeric(12, places), never rounded. Errors: Fault."""
    if isinstance(value, bool):
        raise Fault
    if isinstance(value, int):
        number: Decimal | None = Decimal(value)
    elif isinstance(value, Number):
        number = _decimal(value.text)
    elif isinstance(value, str) and re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", value):
        number = Decimal(value)
    else:
        number = None
    if number is None or number != number.quantize(Decimal(1).scaleb(-places)):
        raise Fault
    if abs(number) >= Decimal(10) ** (12 - places):
        raise Fault
    return number


def _decimal(text: str) -> Decimal | None:
    if text in {"NaN", "Infinity", "-Infinity"} or abs(Decimal(text).adjusted()) > 300:
        return None
    return Decimal(text).normalize() + 0
