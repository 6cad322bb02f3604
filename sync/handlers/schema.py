"""The structure of an entity's payloads, compiled once from the model's fields.

It reports every fault of a payload, coerces nothing, and spells rows for readers the way payloads are spelled.
Not here: rows, references and rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import DecimalValidator, MaxLengthValidator
from django.db import models
from django.db.models import Field

from sync.handlers.base import EntityHandler
from sync.models import SyncedModel
from sync.protocol import values
from sync.protocol.codes import Action
from sync.protocol.outcome import Outcome, PublishedRow, refusal

Check = Callable[[Any], Any]  # value as sent → Python value; raises values.Fault
SERVER_COLUMNS = ("id", "version", "created_at", "updated_at", "write_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column that clients may write."""

    name: str
    check: Check
    required: bool  # on insert
    nullable: bool
    json_schema: Mapping[str, Any]  # of a value that is not null


class EntitySchema:
    """Checks payloads of one entity, and publishes its rows."""

    def __init__(self, handler: EntityHandler[Any]) -> None:
        fields = {f.attname: f for f in handler.model._meta.concrete_fields}
        self.columns = tuple(_column(name, fields[name]) for name in handler.writes)
        self._by_name = {column.name: column for column in self.columns}
        self._required = tuple(column.name for column in self.columns if column.required)
        self._published = (*SERVER_COLUMNS, *handler.writes)

    def read(self, action: Action, payload: Mapping[str, Any]) -> tuple[dict[str, Any], Outcome | None]:
        """({column: Python value}, None), or what is wrong with the payload: all of it."""
        if action is Action.DELETE:
            return {}, self._refuse_any(payload)
        read: dict[str, Any] = {}
        faults: dict[str, tuple[str, ...]] = {}
        unknown: dict[str, tuple[str, ...]] = {}
        for name, value in payload.items():
            column = self._by_name.get(name)
            if column is None:
                unknown[name] = ("clients cannot write this column",)
                continue
            try:
                read[name] = column.check(value)
            except values.Fault as fault:
                faults[name] = (str(fault),)
            except ValidationError as error:
                faults[name] = tuple(error.messages)
        if action is Action.INSERT:
            faults |= {name: ("is required",) for name in self._required if name not in payload}
        if not faults and not unknown:
            return read, None
        return {}, refusal("invalid" if faults else "unknown_field", fields={**faults, **unknown})

    def publish(self, row: SyncedModel) -> PublishedRow:
        """The row exactly as readers get it."""
        return {name: spell(getattr(row, name)) for name in self._published}

    def _refuse_any(self, payload: Mapping[str, Any]) -> Outcome | None:
        if not payload:
            return None
        known = any(name in self._by_name for name in payload)
        fields = dict.fromkeys(payload, ("a delete carries no payload",))
        return refusal("invalid" if known else "unknown_field", fields=fields)


@lru_cache(maxsize=256)
def schema_of(handler: EntityHandler[Any]) -> EntitySchema:
    """The compiled schema of a handler."""
    return EntitySchema(handler)


def columns(handler: EntityHandler[Any]) -> tuple[Column, ...]:
    """The columns clients may write, in the order of `writes`."""
    return schema_of(handler).columns


def spell(value: Any) -> Any:
    """A Python value as payloads and rows spell it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return format(value, "f")  # never with an exponent: payloads refuse that
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


class UnsupportedField(TypeError):
    """A model field that payloads cannot carry; a system check reports it at start-up."""


def _column(name: str, field: Field[Any, Any]) -> Column:
    check, json_schema = _structure(field)
    validators = [v for v in field.validators if not isinstance(v, MaxLengthValidator | DecimalValidator)]
    is_text = isinstance(field, models.CharField | models.TextField)
    nullable = field.null
    may_be_empty = field.blank

    def checked(value: Any) -> Any:
        if value is None:
            if not nullable:
                raise values.Fault("must not be null")
            return None
        value = check(value)
        if is_text and not value.strip():
            if not may_be_empty:
                raise values.Fault("must not be empty")
            if not value and nullable:
                return None  # one way to say "nothing", so that equal rows compare equal
        for validate in validators:
            validate(value)
        return value

    has_default = field.has_default() or field.has_db_default() or (is_text and field.blank)
    return Column(
        name=name,
        check=checked,
        required=not (nullable or has_default),
        nullable=nullable,
        json_schema=json_schema,
    )


def _structure(field: Field[Any, Any]) -> tuple[Check, dict[str, Any]]:
    """(check, JSON Schema) by the kind of field. Errors: UnsupportedField."""
    if isinstance(field, models.ForeignKey):
        return _structure(field.target_field)
    if field.choices:
        return _choices(field)
    if isinstance(field, models.CharField | models.TextField):
        limit = {} if field.max_length is None else {"maxLength": field.max_length}
        return partial(values.text_value, max_length=field.max_length), {"type": "string", **limit}
    if isinstance(field, models.DecimalField):
        digits, places = field.max_digits, field.decimal_places
        pattern = rf"^-?\d{{1,{digits - places}}}(\.\d{{1,{places}}})?$"
        check = partial(values.decimal_value, max_digits=digits, decimal_places=places)
        return check, {"type": "string", "pattern": pattern}
    if isinstance(field, models.IntegerField):
        low, high = _INTEGER_RANGES.get(field.get_internal_type(), (-(2**63), 2**63 - 1))
        return partial(values.integer_value, low=low, high=high), {"type": "integer", "minimum": low, "maximum": high}
    if isinstance(field, models.BooleanField):
        return values.boolean_value, {"type": "boolean"}
    if isinstance(field, models.DateTimeField):
        return values.time_value, {"type": "string", "format": "date-time"}
    if isinstance(field, models.DateField):
        return values.date_value, {"type": "string", "format": "date"}
    if isinstance(field, models.UUIDField):
        return values.uuid_value, {"type": "string", "format": "uuid"}
    raise UnsupportedField(f"{field.name}: payloads cannot carry a {type(field).__name__}")


def _choices(field: Field[Any, Any]) -> tuple[Check, dict[str, Any]]:
    choices = [value for value, _ in field.flatchoices]
    if not all(isinstance(value, str) for value in choices):
        raise UnsupportedField(f"{field.name}: choices on the wire are texts")
    return partial(values.choice_value, choices=choices), {"type": "string", "enum": choices}


# Of the columns Postgres makes for them; known here so that compiling a schema opens no connection.
_INTEGER_RANGES = {
    "SmallIntegerField": (-(2**15), 2**15 - 1),
    "IntegerField": (-(2**31), 2**31 - 1),
    "PositiveSmallIntegerField": (0, 2**15 - 1),
    "PositiveIntegerField": (0, 2**31 - 1),
    "PositiveBigIntegerField": (0, 2**63 - 1),
}
