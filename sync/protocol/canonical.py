"""Decoded values as text and bytes again: to compare what was sent, to keep it, and to repeat it.

Every function takes whatever the decoder can make, markers included, and none of them fails on it.

Not here: the shape of an answer (`answer`), nor what a column accepts (`values`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final
from uuid import UUID

from sync.protocol.strict_json import RepeatedKeys, Unusable
from sync.protocol.values import has_lone_surrogate


def fingerprint(
    *, entity: Any, action: Any, entity_id: Any, payload: Any, base_version: Any, schema_version: Any
) -> bytes:
    """SHA-256 over the content of an operation, the same for any order of keys and any spelling of numbers.

    Fields that cannot be used take part as sent. An `entity_id` that is a UUID is compared in canonical form.
    """
    spelled: list[str] = []
    if isinstance(entity_id, UUID):
        entity_id = str(entity_id)
    for value in (entity, action, entity_id, payload, base_version, schema_version):
        _canonical(value, spelled)
    return sha256("".join(spelled).encode("utf-8", "surrogatepass")).digest()


_SHORT_INTEGER: Final = 10**18
_SHORT_EXPONENT: Final = 17


def _canonical(value: Any, out: list[str]) -> None:
    """Spell a value as no other value is spelled: text with its length first, a letter for each type."""
    kind = type(value)
    if kind is str:
        out.append(f"s{len(value)}:{value}")
    elif kind is dict:
        out.append("{")
        for key in sorted(value):
            child = value[key]
            if type(child) is str:  # most values are; a call less for each
                out.append(f"s{len(key)}:{key}s{len(child)}:{child}")
            elif child is None:
                out.append(f"s{len(key)}:{key}z")
            else:
                out.append(f"s{len(key)}:{key}")
                _canonical(child, out)
        out.append("}")
    elif value is None:
        out.append("z")
    elif kind is bool:
        out.append("t" if value else "f")
    elif kind is int and -_SHORT_INTEGER < value < _SHORT_INTEGER:
        out.append(f"i{value};")
    else:
        _canonical_rarity(value, out)


def _canonical_rarity(value: Any, out: list[str]) -> None:
    if isinstance(value, list):
        out.append("[")
        for child in value:
            _canonical(child, out)
        out.append("]")
    elif isinstance(value, RepeatedKeys):
        out.append("<")
        for key, child in value.pairs:
            _canonical(key, out)
            _canonical(child, out)
        out.append(">")
    elif isinstance(value, Mapping):
        _canonical(dict(value), out)
    elif isinstance(value, (int, Decimal)) and Decimal(value).is_finite():
        out.append(_canonical_number(Decimal(value)))
    else:
        text = value.text if isinstance(value, Unusable) else str(value)
        out.append(f"u{len(text)}:{text}")


def _canonical_number(number: Decimal) -> str:
    """Digits without trailing zeros, and an exponent. Not written out: 1e999999999 has a billion zeros."""
    if not number:
        return "i0;"
    sign, digits, exponent = number.as_tuple()
    if 0 <= number.adjusted() <= _SHORT_EXPONENT and int(number) == number:
        return f"i{int(number)};"
    spelled = "".join(map(str, digits))
    kept = spelled.rstrip("0")
    return f"n{'-' if sign else ''}{kept}e{int(exponent) + len(spelled) - len(kept)};"


_JSONB_DIGITS: Final = 1000  # on either side of the point; jsonb takes more, no client means more


def storable(value: Any) -> bool:
    """Whether jsonb can hold it, and gives back what was sent."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return "\x00" not in value and not has_lone_surrogate(value)
    if isinstance(value, (int, Decimal)):
        return _storable_number(Decimal(value))
    if isinstance(value, list):
        return all(map(storable, value))
    if isinstance(value, Mapping) and not isinstance(value, RepeatedKeys):
        return all(storable(key) and storable(child) for key, child in value.items())
    return False


def _storable_number(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_JSONB_DIGITS and number.adjusted() < _JSONB_DIGITS


def as_text(value: Any) -> str:
    """What was sent, as ASCII: JSON, but for keys that stand there twice and NaN where NaN was sent."""
    out: list[str] = []
    _write(value, out)
    return "".join(out)


def dumps(value: Any) -> str:
    """A `storable` value as compact JSON, a Decimal as the exact number."""
    try:
        return COMPACT.encode(value)
    except TypeError:  # a Decimal, which the encoder in C does not know
        return as_text(value)


class ExactEncoder(json.JSONEncoder):
    """`dumps` for whoever asks for an encoder class: a model's JSONField does."""

    def encode(self, o: Any) -> str:
        """Compact JSON, a Decimal as the exact number."""
        return dumps(o)


def _not_json(value: object) -> Any:
    raise TypeError(type(value).__name__)


COMPACT: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_not_json, check_circular=False
)


def _write(value: Any, out: list[str]) -> None:
    if isinstance(value, str):
        out.append(quoted(value))
    elif value is None or isinstance(value, bool):
        out.append("null" if value is None else "true" if value else "false")
    elif isinstance(value, Mapping):
        pairs = value.pairs if isinstance(value, RepeatedKeys) else value.items()
        _write_members("{}", ((quoted(str(key)) + ":", child) for key, child in pairs), out)
    elif isinstance(value, (list, tuple)):
        _write_members("[]", (("", child) for child in value), out)
    elif isinstance(value, (int, float, Decimal)):
        out.append(str(value))
    else:
        out.append(value.text if isinstance(value, Unusable) else quoted(str(value)))


def _write_members(brackets: str, members: Iterable[tuple[str, Any]], out: list[str]) -> None:
    out.append(brackets[0])
    for position, (label, child) in enumerate(members):
        out.append(f",{label}" if position else label)
        _write(child, out)
    out.append(brackets[1])


_LONGEST_ECHO: Final = 200  # characters


def echoed(value: Any) -> Any:
    """What an answer repeats of a field that cannot be used: always plain JSON types, never much of it."""
    value = plain(value)
    if isinstance(value, str):
        return value[:_LONGEST_ECHO]
    text = as_text(value)
    return json.loads(text, parse_float=_float_or_text) if len(text) <= _LONGEST_ECHO else text[:_LONGEST_ECHO]


def _float_or_text(spelled: str) -> float | str:
    near = float(spelled)
    return near if Decimal(str(near)) == Decimal(spelled) else spelled


def plain(value: Any) -> Any:
    """The same without markers: the last of repeated keys, and as text what JSON has no spelling for."""
    if isinstance(value, Mapping):
        return {str(key): plain(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(child) for child in value]
    if isinstance(value, Unusable):
        return value.text
    if isinstance(value, (float, Decimal)) and not Decimal(value).is_finite():
        return str(value)
    return value
