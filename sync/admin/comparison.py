"""An operation's payload beside the row on the server, field by field.

Values are compared as the entity's columns read them: `"12.5"` and `"12.50"` are one amount.
Not here: what clashes, which the engine decided long ago; the faults it named stand beside their fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sync.admin import text
from sync.handlers.registry import registry
from sync.handlers.schema import SERVER_COLUMNS, columns

MOST = 1000  # fields of one table
FAULTS = 10  # messages of one field


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """One field. `sent` and `had` are None where there is no value; `differs` where there is nothing to compare."""

    name: str
    sent: str | None
    had: str | None
    differs: bool | None
    faults: tuple[str, ...]


def compare(
    entity: str, payload: Mapping[str, Any], row: Mapping[str, Any] | None, faults: Mapping[str, Any]
) -> list[FieldLine]:
    """A line for each field that was sent or is at fault, then for each that only the server has."""
    read = _readers(entity)
    had: Mapping[str, Any] = row if row is not None else {}
    names = [*_ordered(payload, read), *_ordered(faults, read), *_ordered(had, read)]
    return [
        FieldLine(
            name=text.shown(name),
            sent=text.spelled(payload[name]) if name in payload else None,
            had=text.spelled(had[name]) if name in had else None,
            differs=_differs(payload[name], had[name], read.get(name)) if name in payload and name in had else None,
            faults=_messages(faults.get(name, ())),
        )
        for name in list(dict.fromkeys(names))[:MOST]
    ]


def _readers(entity: str) -> dict[str, Callable[[Any], Any]]:
    """{column: how its values are read}, in the order in which rows are published."""
    handler = registry.get(entity)
    return {} if handler is None else {column.name: column.check for column in columns(handler)}


def _ordered(names: Iterable[str], read: Mapping[str, Any]) -> list[str]:
    """The entity's columns in their order, the server's own last, unknown ones before those."""
    order = {name: place for place, name in enumerate(read)}
    last = {name: len(order) + 1 + place for place, name in enumerate(SERVER_COLUMNS)}
    return sorted(names, key=lambda name: (order.get(name, last.get(name, len(order))), name))


def _differs(sent: Any, had: Any, read: Callable[[Any], Any] | None) -> bool:
    if read is not None:
        try:
            return bool(read(sent) != read(had))
        except Exception:  # noqa: BLE001 - whatever a validator of a domain raises: then they are compared as sent
            return bool(sent != had)
    return bool(sent != had)


def _messages(found: Any) -> tuple[str, ...]:
    messages = found if isinstance(found, (list, tuple)) else (found,)
    return tuple(text.shown(message, text.MEDIUM) for message in messages[:FAULTS])
