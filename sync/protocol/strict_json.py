"""Bytes to Python values: strict about the document, lenient about a value until someone is to blame.

A fast parser reads good bodies. Whatever it stumbles over is read again by a careful one, which leaves a
marker where a value cannot be used, so that a bad value costs its own operation and not the whole body.

Not here: what the values mean (`values`), or which of them stand inside an operation (`envelope`).

Source: RFC 8259 (JSON), RFC 6901 (pointers).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import jiter

from sync.protocol.problems import Problem, malformed

Path = tuple[str | int, ...]

# Numbers of this size and more are infinite for a client that computes with doubles, JavaScript's among them.
_LARGEST_EXPONENT: Final = 308
_TOO_LARGE: Final = 10 ** (_LARGEST_EXPONENT + 1)
_MOST_DIGITS: Final = _LARGEST_EXPONENT + 1

_DEEPEST: Final = 200  # jiter's own limit; the careful parser recurses, and must not be led further than that
_LONGEST_TOKEN: Final = 200  # of a pointer: a key of a megabyte is not repeated in the answer


@dataclass(frozen=True, slots=True)
class Unusable:
    """Stands where NaN, an infinity or a number beyond all reason stood; `text` is how it was spelled."""

    text: str


class RepeatedKeys(dict[str, Any]):
    """Stands where an object named a key twice. `pairs` has everything that was sent, in its order."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = tuple(pairs)

    @property
    def repeated(self) -> list[str]:
        """The keys that stand there more than once."""
        counted = Counter(key for key, _ in self.pairs)
        return [key for key, times in counted.items() if times > 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A decoded body.

    Shape: `value` is made of dict, list, str, int, Decimal, bool and None, and of markers only when
    `may_hold_markers`.
    """

    value: Any
    may_hold_markers: bool


def decode(data: bytes, *, max_depth: int, max_keys: int) -> Document:
    """Decode a body. Numbers are exactly as spelled; strings may hold NUL and lone surrogates.

    Errors: Problem 400 `malformed` for what is not JSON, and, with a pointer, for what is nested deeper than
    `max_depth` or has more than `max_keys` keys in one object.
    """
    max_depth = min(max_depth, _DEEPEST)
    try:
        value = jiter.from_json(
            data, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True, float_mode="decimal"
        )
    except ValueError:
        return _decode_carefully(data, max_depth, max_keys)
    if _is_plain(value, max_depth, max_keys):
        return Document(value=value, may_hold_markers=False)
    return _decode_carefully(data, max_depth, max_keys)


def walk(value: Any) -> Iterator[tuple[Path, Any]]:
    """Every value in `value`, itself first, with its path; repeated keys each time they were sent."""
    found: list[tuple[Path, Any]] = [((), value)]
    while found:
        yield from found
        found = [
            ((*path, key), child)
            for path, container in found
            if isinstance(container, (dict, list))
            for key, child in _members(container)
        ]


def pointer(path: Path) -> str:
    """The RFC 6901 pointer of a path. One that would hold a very long key points to what contains it."""
    tokens: list[str] = []
    for key in path:
        token = str(key).replace("~", "~0").replace("/", "~1")
        if len(token) > _LONGEST_TOKEN:
            break
        tokens.append(f"/{token}")
    return "".join(tokens)


_LOOKED_AT: Final = frozenset({dict, list, int, Decimal})


def _is_plain(value: Any, max_depth: int, max_keys: int) -> bool:
    """Whether the fast parser's value is within all bounds. Level by level, so that nothing recurses."""
    containers: list[Any] = [[value]]
    for _ in range(max_depth + 1):
        children = [
            child
            for container in containers
            for child in (container.values() if type(container) is dict else container)
            if type(child) in _LOOKED_AT
        ]
        containers = []
        for child in children:
            kind = type(child)
            if kind is int:
                if not -_TOO_LARGE < child < _TOO_LARGE:
                    return False
            elif kind is Decimal:
                if not _is_usable(child):
                    return False
            elif kind is dict and len(child) > max_keys:
                return False
            else:
                containers.append(child)
        if not containers:
            return True
    return False


def _is_usable(number: Decimal) -> bool:
    return -_LARGEST_EXPONENT <= number.adjusted() <= _LARGEST_EXPONENT


def _decode_carefully(data: bytes, max_depth: int, max_keys: int) -> Document:
    text = _text(data)
    _refuse_too_deep(text, max_depth)
    value = _parse(text)
    for path, found in walk(value):
        if isinstance(found, dict) and len(_members(found)) > max_keys:
            raise malformed(f"An object has more than {max_keys} keys.", pointer=pointer(path))
    return Document(value=value, may_hold_markers=True)


def _text(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise malformed("The body starts with a byte order mark; send UTF-8 without one.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed(f"The body is not UTF-8: the byte at offset {error.start} is wrong.") from None
    if not text.strip(" \t\r\n"):
        raise malformed("The body is empty; send a JSON object.")
    return text


# From here to the next bracket that is not inside a string. Possessive, and matched (never searched), so that
# a hostile body cannot make it go back.
_TO_BRACKET: Final = re.compile(r'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+([\[\]{}])', re.DOTALL)
_CLOSING: Final = {"[": "]", "{": "}"}


def _refuse_too_deep(text: str, max_depth: int) -> None:
    """Count brackets before anything recurses. Brackets that do not match are the parser's business."""
    open_brackets: list[str] = []
    position = 0
    while match := _TO_BRACKET.match(text, position):
        position = match.end()
        bracket = match[1]
        if bracket not in _CLOSING:
            if not open_brackets:
                return
            open_brackets.pop()
        elif len(open_brackets) == max_depth:
            raise _too_deep(text[: position - 1], open_brackets, max_depth)
        else:
            open_brackets.append(bracket)


def _too_deep(before: str, open_brackets: list[str], max_depth: int) -> Problem:
    """The problem for a container that starts after `before`; closed there, the document says where it is."""
    document = _parse(before + "null" + "".join(_CLOSING[bracket] for bracket in reversed(open_brackets)))
    path: list[str | int] = []
    while isinstance(document, (dict, list)):
        key, document = _members(document)[-1]
        path.append(key)
    return malformed(f"The body is nested deeper than {max_depth} levels.", pointer=pointer(tuple(path)))


def _members(container: Any) -> list[tuple[str | int, Any]]:
    if isinstance(container, RepeatedKeys):
        return list(container.pairs)
    return list(container.items() if isinstance(container, dict) else enumerate(container))


def _parse(text: str) -> Any:
    try:
        return _CAREFUL.decode(text)
    except json.JSONDecodeError as error:
        detail = f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        raise malformed(detail) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else RepeatedKeys(pairs)


def _integer(text: str) -> int | Unusable:
    if len(text.lstrip("-")) > _MOST_DIGITS:  # JSON has no leading zeros; int() of a long text is quadratic
        return Unusable(text)
    return int(text)


def _decimal(text: str) -> Decimal | Unusable:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent that no Decimal can hold
        return Unusable(text)
    return number if _is_usable(number) else Unusable(text)


_CAREFUL: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=Unusable, parse_float=_decimal, parse_int=_integer
)
