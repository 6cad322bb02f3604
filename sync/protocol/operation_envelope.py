"""One element of `operations` to an Operation. Whatever is wrong with it becomes its fault, never an error.

Not here: the body around it (`envelope`), nor what the payload's columns may hold (the handlers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final, TypeVar
from uuid import UUID

from sync.protocol import clock
from sync.protocol.canonical import echoed, fingerprint
from sync.protocol.codes import Action
from sync.protocol.operation import Operation
from sync.protocol.strict_json import RepeatedKeys, Unusable, walk
from sync.protocol.values import Fault, integer_value, kind_of, text_value, time_value, uuid_value

T = TypeVar("T")
Faults = dict[str, tuple[str, ...]]  # {envelope field: messages}

# Stands in `faults` for the element as a whole, and for keys that the protocol does not know.
WHOLE: Final = "operation"

FIELDS: Final = frozenset(
    {
        "op_id",
        "entity",
        "action",
        "entity_id",
        "payload",
        "base_version",
        "client_timestamp",
        "sync_group_id",
        "depends_on",
        "schema_version",
    }
)

_ACTIONS: Final[dict[str, Action]] = {action.value: action for action in Action}
_LONGEST_NAME: Final = 200  # of an entity or action, known or not: it is kept for the admin
_LAST_VERSION: Final = 2**63 - 1  # what a bigint column holds
_LAST_SCHEMA_VERSION: Final = 2**31 - 1  # what an integer column holds
_MOST_MESSAGES: Final = 10  # of one kind for one field


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an operation takes from its batch."""

    received_at: datetime
    offset_ms: int | None
    schema_version: int | None
    may_hold_markers: bool


def read_operation(position: int, sent: Any, batch: Surroundings) -> Operation:
    """The operation that an element stands for, with a fault for each envelope field that cannot be used."""
    faults: Faults = {}
    if not isinstance(sent, dict):
        return _nothing_usable(position, sent)
    if batch.may_hold_markers:
        _blame_markers(sent, faults)

    op_id = _required(sent, "op_id", uuid_value, faults)
    entity = _required(sent, "entity", _name, faults)
    action = _required(sent, "action", _name, faults)
    entity_id = _required(sent, "entity_id", uuid_value, faults)
    payload = _optional(sent, "payload", _object, faults)
    base_version = _optional(sent, "base_version", _base_version, faults)
    client_timestamp = _optional(sent, "client_timestamp", time_value, faults)
    group_id = _optional(sent, "sync_group_id", uuid_value, faults)
    depends_on = _optional(sent, "depends_on", _uuids, faults)
    schema_version = _optional(sent, "schema_version", schema_version_value, faults)
    if schema_version is None and "schema_version" not in faults:
        schema_version = batch.schema_version
    if client_timestamp is not None:
        client_timestamp = clock.corrected(client_timestamp, offset_ms=batch.offset_ms, received_at=batch.received_at)
    return Operation(
        position=position,
        op_id=op_id,
        entity=entity,
        action=None if action is None else _ACTIONS.get(action),
        entity_id=entity_id,
        payload={} if payload is None else payload,
        base_version=base_version,
        client_timestamp=client_timestamp,
        group_id=group_id,
        depends_on=depends_on or (),
        schema_version=schema_version,
        fingerprint=_content(sent, entity_id, schema_version),
        faults=faults,
        sent=sent,
    )


def schema_version_value(value: Any) -> int:
    """The shape of payloads an app was built for."""
    return integer_value(value, low=1, high=_LAST_SCHEMA_VERSION)


def _content(sent: dict[str, Any], entity_id: UUID | None, schema_version: int | None) -> bytes:
    """The fingerprint of what must be equal for two operations with one op_id to be copies.

    A usable entity_id in lower case is its canonical form; str() of a UUID is four times as slow.
    """
    payload = sent.get("payload")
    return fingerprint(
        entity=sent.get("entity"),
        action=sent.get("action"),
        entity_id=sent.get("entity_id") if entity_id is None else sent["entity_id"].lower(),
        payload={} if payload is None else payload,
        base_version=sent.get("base_version"),
        schema_version=sent.get("schema_version") if schema_version is None else schema_version,
    )


# One for all: a body of four megabytes can hold two million elements like `0`.
_NO_CONTENT: Final = fingerprint(
    entity=None, action=None, entity_id=None, payload={}, base_version=None, schema_version=None
)


def _nothing_usable(position: int, sent: Any) -> Operation:
    return Operation(
        position=position,
        op_id=None,
        entity=None,
        action=None,
        entity_id=None,
        payload={},
        base_version=None,
        client_timestamp=None,
        group_id=None,
        depends_on=(),
        schema_version=None,
        fingerprint=_NO_CONTENT,
        faults={WHOLE: (f"must be a JSON object, not {kind_of(sent)}",)},
        sent=sent,
    )


def _required(sent: dict[str, Any], name: str, check: Callable[[Any], T], faults: Faults) -> T | None:
    if sent.get(name) is None:
        faults.setdefault(name, ("is required",))
        return None
    return _optional(sent, name, check, faults)


def _optional(sent: dict[str, Any], name: str, check: Callable[[Any], T], faults: Faults) -> T | None:
    """The checked value; None when it is absent, null, or cannot be used."""
    value = sent.get(name)
    if value is None or name in faults:  # one that has been blamed for a marker is not looked at again
        return None
    try:
        return check(value)
    except Fault as fault:
        faults[name] = (fault.message,)
        return None


def _name(value: Any) -> str:
    return text_value(value, max_length=_LONGEST_NAME)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Fault(f"must be an object of columns, not {kind_of(value)}")
    return value


def _base_version(value: Any) -> int:
    return integer_value(value, low=0, high=_LAST_VERSION)


def _uuids(value: Any) -> tuple[UUID, ...]:
    if not isinstance(value, list):
        raise Fault(f"must be a list of op_ids, not {kind_of(value)}")
    return tuple(map(uuid_value, value))


def _blame_markers(sent: dict[str, Any], faults: Faults) -> None:
    """A fault for each marker, but for values of a payload: there the handler names the column."""
    blamed: dict[str, list[str]] = {}
    for path, found in walk(sent):
        if isinstance(found, RepeatedKeys):
            for key in found.repeated:
                message = f"duplicate key {quoted(echoed(key))}"
                blamed.setdefault(_field(path or (key,)), []).append(message)
        elif isinstance(found, Unusable) and path[0] != "payload":
            blamed.setdefault(_field(path), []).append(f"must not hold {kind_of(found)}")
    for name, messages in blamed.items():
        faults[name] = tuple(dict.fromkeys(messages))[:_MOST_MESSAGES]


def _field(path: tuple[str | int, ...]) -> str:
    return str(path[0]) if path[0] in FIELDS else WHOLE
