"""What each registered entity takes and publishes, as JSON Schema made from its handler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import CharField, DecimalField, TextField

from sync.handlers.base import EntityHandler
from sync.handlers.schema import Column, columns
from sync.protocol.codes import Action

Json = dict[str, Any]
Handler = EntityHandler[Any]

UUID: Json = {"type": "string", "format": "uuid"}
TIME: Json = {"type": "string", "format": "date-time"}
VERSION: Json = {"type": "integer", "minimum": 1}


def entity_components(handlers: Iterable[Handler]) -> Json:
    """{name: schema} of the operations, payloads and rows of all entities."""
    return {name: schema for handler in handlers for name, schema in _components_of(handler)}


def operation_names(handlers: Iterable[Handler]) -> list[str]:
    """The components that describe an operation, one for each entity and action."""
    return [f"{title(handler)}{action.title()}" for handler in handlers for action in Action]


def row_names(handlers: Iterable[Handler]) -> list[str]:
    """The components that describe a row, one for each entity."""
    return [f"{title(handler)}Row" for handler in handlers]


def title(handler: Handler) -> str:
    """`sale_items` → `SaleItems`."""
    return "".join(part.title() for part in handler.entity.split("_"))


def nullable(schema: Mapping[str, Any]) -> Json:
    """The same schema, or null."""
    return {"anyOf": [dict(schema), {"type": "null"}]}


def _components_of(handler: Handler) -> Iterator[tuple[str, Json]]:
    name, ref = title(handler), "#/components/schemas/"
    for action, payload in ((Action.INSERT, _insert(handler)), (Action.UPDATE, _update(handler))):
        yield f"{name}{action.title()}Payload", payload
        refers = {"$ref": f"{ref}{name}{action.title()}Payload"}
        yield f"{name}{action.title()}", _operation(handler, action, refers)
    empty: Json = {"type": "object", "maxProperties": 0}
    yield f"{name}Delete", _operation(handler, Action.DELETE, empty)
    yield f"{name}Row", _row(handler)


def _operation(handler: Handler, action: Action, payload: Json) -> Json:
    required = ["entity", "action"]
    if action is not Action.DELETE:
        required.append("payload")
    if action is not Action.INSERT and not handler.blind_writes:
        required.append("base_version")
    properties = {"entity": {"const": handler.entity}, "action": {"const": str(action)}, "payload": payload}
    own: Json = {"type": "object", "properties": properties, "required": required}
    return {"allOf": [{"$ref": "#/components/schemas/Envelope"}, own]}


def _insert(handler: Handler) -> Json:
    required = [column.name for column in columns(handler) if column.required]
    schema = _payload(handler, description=f"A new row of {handler.entity}.")
    return {**schema, "required": required} if required else schema


def _update(handler: Handler) -> Json:
    return _payload(handler, description=f"The changed columns of a row of {handler.entity}.")


def _payload(handler: Handler, *, description: str) -> Json:
    properties = {column.name: _sent(handler, column) for column in columns(handler)}
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": False,
    }


def _sent(handler: Handler, column: Column) -> Json:
    """A value as a client may send it: a decimal as a JSON number too, when it is exact."""
    schema = dict(column.json_schema)
    field = _field(handler, column)
    if isinstance(field, DecimalField):
        schema["type"] = ["string", "number"]
    elif isinstance(field, CharField | TextField) and not field.blank and not field.choices:
        schema["minLength"] = 1
    if column.name in handler.last_write_wins:
        schema["description"] = "Last write wins: a clash in this column is no conflict."
    return nullable(schema) if column.nullable else schema


def _row(handler: Handler) -> Json:
    own = {
        "id": UUID,
        "version": VERSION,
        "created_at": TIME,
        "updated_at": TIME,
        "write_id": nullable(UUID),
    }
    published = {c.name: nullable(c.json_schema) if c.nullable else dict(c.json_schema) for c in columns(handler)}
    properties = {**own, **published}
    return {
        "type": "object",
        "description": f"A row of {handler.entity}, exactly as readers get it.",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _field(handler: Handler, column: Column) -> Any:
    fields = handler.model._meta.concrete_fields
    return next(field for field in fields if field.attname == column.name)
