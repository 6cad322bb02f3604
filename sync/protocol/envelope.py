"""The bytes of a request to a Batch, or one problem that says why there is none.

A fault of the batch is a problem of the whole request; a fault inside an operation is that operation's own.

Not here: what an entity, an action or a payload column means, what a limit on operations does to a batch (the
engine), and who may send it (the API).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sync.protocol import clock
from sync.protocol.limits import Limits
from sync.protocol.operation import Batch
from sync.protocol.operation_envelope import Surroundings, read_operation, schema_version_value
from sync.protocol.problems import Problem, malformed, too_large
from sync.protocol.strict_json import Path, RepeatedKeys, Unusable, decode, pointer, walk
from sync.protocol.values import Fault, boolean_value, kind_of, time_value, uuid_value

T = TypeVar("T")


def read_batch(body: bytes, *, limits: Limits, received_at: datetime) -> Batch:
    """Decode a body strictly. Errors: Problem 400 `malformed`, and nothing of the request was looked at."""
    document = decode(body, max_depth=limits.max_depth, max_keys=limits.max_keys)
    head = document.value
    if not isinstance(head, dict):
        raise malformed(f"The body must be a JSON object, not {kind_of(head)}.")
    if document.may_hold_markers:
        _refuse_markers(head)

    client_id = _required(head, "client_id", uuid_value)
    elements = _required(head, "operations", _list)
    if len(elements) > limits.max_elements:
        raise too_large(f"{len(elements)} operations are more than a body can hold; send fewer at a time.", limits)
    atomic = _optional(head, "atomic", boolean_value)
    schema_version = _optional(head, "schema_version", schema_version_value)
    sent_at = _unless_unusable(head, "sent_at", time_value)
    offset_ms = None if sent_at is None else clock.offset_ms(sent_at, received_at)

    surroundings = Surroundings(
        received_at=received_at,
        offset_ms=offset_ms,
        schema_version=schema_version,
        may_hold_markers=document.may_hold_markers,
    )
    return Batch(
        client_id=client_id,
        operations=tuple(read_operation(position, element, surroundings) for position, element in enumerate(elements)),
        received_at=received_at,
        batch_id=_unless_unusable(head, "batch_id", uuid_value),
        schema_version=schema_version,
        sent_at=sent_at,
        clock_offset_ms=offset_ms,
        atomic=bool(atomic),
    )


def _required(head: dict[str, Any], name: str, check: Callable[[Any], T]) -> T:
    if head.get(name) is None:
        raise malformed(f"{name} is required.", pointer=f"/{name}")
    return _checked(head, name, check)


def _optional(head: dict[str, Any], name: str, check: Callable[[Any], T]) -> T | None:
    return None if head.get(name) is None else _checked(head, name, check)


def _checked(head: dict[str, Any], name: str, check: Callable[[Any], T]) -> T:
    try:
        return check(head[name])
    except Fault as fault:
        raise malformed(f"{name} {fault.message}.", pointer=f"/{name}") from None


def _unless_unusable(head: dict[str, Any], name: str, check: Callable[[Any], T]) -> T | None:
    """What only helps people to correlate or correct must not stop a queue."""
    try:
        return check(head.get(name))
    except Fault:
        return None


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Fault(f"must be a list, not {kind_of(value)}")
    return value


def _refuse_markers(head: dict[str, Any]) -> None:
    """Outside operations there is nobody to blame but the body."""
    if isinstance(head, RepeatedKeys):
        raise _duplicate(head, ())
    for name, value in head.items():
        if name == "operations" and isinstance(value, list):
            continue
        for path, found in walk(value):
            if isinstance(found, RepeatedKeys):
                raise _duplicate(found, (name, *path))
            if isinstance(found, Unusable):
                where = pointer((name, *path))
                raise malformed(f"The body is not JSON: {kind_of(found)} is not a number.", pointer=where)


def _duplicate(found: RepeatedKeys, path: Path) -> Problem:
    return malformed("An object has the same key twice.", pointer=pointer((*path, found.repeated[0])))
