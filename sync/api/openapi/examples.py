"""A batch and its answer, made from the entities that are really registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sync.handlers.base import EntityHandler
from sync.handlers.registry import registry
from sync.handlers.schema import Column, columns

Json = dict[str, Any]
NOW = "2026-11-20T23:09:11.480Z"


def batch_example() -> tuple[Json, Json]:
    """(request, answer): an insert that is applied, and an update without a base_version, which is not."""
    handler = next(iter(registry), None)
    operations = [] if handler is None else [_insert(handler), _blind_update(handler)]
    request = {
        "client_id": _id(0xC1),
        "batch_id": _id(0xB1),
        "sent_at": "2026-11-20T23:09:11.360Z",
        "operations": operations,
    }
    results = [_applied(operations[0]), _rejected(operations[1])] if operations else []
    counts = {"applied": len(results) // 2, "rejected": len(results) // 2}
    answer = {
        "batch_id": request["batch_id"],
        "request_id": _id(0xA1),
        "server_time": NOW,
        "clock_offset_ms": -120,
        "txid": 748 if results else None,
        "txids": [748] if results else [],
        "summary": {"applied": 0, "conflict": 0, "rejected": 0, "skipped": 0, "failed": 0, "replayed": 0} | counts,
        "results": results,
    }
    return request, answer


def _insert(handler: EntityHandler[Any]) -> Json:
    payload = {column.name: _value(column) for column in columns(handler) if column.required}
    return {
        "op_id": _id(0x01),
        "entity": handler.entity,
        "action": "insert",
        "entity_id": _id(0xE1),
        "payload": payload,
        "client_timestamp": "2026-11-18T08:00:00Z",
    }


def _blind_update(handler: EntityHandler[Any]) -> Json:
    """It is marked as version 99 of a row the example knows at version 1: a version nobody has seen."""
    first = columns(handler)[0]
    return {
        "op_id": _id(0x02),
        "entity": handler.entity,
        "action": "update",
        "entity_id": _id(0xE1),
        "payload": {first.name: _value(first)},
        "base_version": 99,
    }


def _applied(operation: Json) -> Json:
    return _result(operation, status="applied", code=None, retry="never", changed=True, version=1, txid=748)


def _rejected(operation: Json) -> Json:
    error = {
        "message": "The operation is not well formed; see fields.",
        "fields": {"base_version": ["is above the row's version"]},
    }
    verdict = _result(
        operation,
        status="rejected",
        code="invalid",
        retry="after_fix",
        changed=False,
        version=None,
        txid=None,
    )
    return {**verdict, "error": error}


def _result(operation: Json, **verdict: Any) -> Json:
    named = {name: operation[name] for name in ("op_id", "entity", "entity_id")}
    return {**named, "replayed": False, **verdict}


def _value(column: Column) -> Any:
    """Something that the column's schema allows."""
    schema: Mapping[str, Any] = column.json_schema
    if "enum" in schema:
        return schema["enum"][0]
    if "pattern" in schema:
        return "12.50"
    by_format = {"uuid": _id(0xD1), "date-time": "2026-11-18T08:00:00Z", "date": "2026-11-18"}
    if schema.get("format") in by_format:
        return by_format[schema["format"]]
    return {"integer": 1, "boolean": True}.get(schema.get("type", ""), "Corner shop")


def _id(number: int) -> str:
    """A version 7 UUID that is recognisable as an example."""
    return str(UUID(int=0x0193_0000_0000_7000_8000_0000_0000_0000 | number))
