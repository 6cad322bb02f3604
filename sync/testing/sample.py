"""Sample: what the contract has to be told about an entity; Stage: the people and rows of one question.

Not here: the questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import ForeignKey

from sync.handlers.base import EntityHandler
from sync.handlers.registry import registry
from sync.handlers.schema import columns, spell
from sync.models import SyncedModel
from sync.protocol.actor import Actor
from sync.testing.answer import Json
from sync.testing.phone import Phone, delete, insert, update

Columns = Mapping[str, Any]
Attempt = tuple[Phone, Json]  # who tries what


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One entity, as its author sees it.

    Shape: `payload` gives every column of `writes` a good value, spelled as it is published, and no two calls give
    the same row; rows it refers to are made on the way, in the tenant of the phone. `changes` gives every column
    another good value: each may be written alone on a row that `payload` made.
    """

    entity: str
    newcomer: Callable[[], Phone]  # a member of a new tenant, who may do whatever the rules allow anybody
    payload: Callable[[Phone], Columns]
    changes: Callable[[Phone], Columns]
    required: frozenset[str]  # on insert
    needed: frozenset[str] = frozenset()  # by a rule, beside the required ones
    refused: Mapping[str, str] = field(default_factory=dict)  # {action that nobody may do: code}
    refusals: Mapping[str, Callable[[Phone], Attempt]] = field(default_factory=dict)  # {declared code: an attempt}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A row that an insert made."""

    id: str
    operation: Json
    result: Json

    @property
    def payload(self) -> Columns:
        """What was sent."""
        payload: Columns = self.operation["payload"]
        return payload


class Stage:
    """A phone in a tenant, somebody in another one, and their rows."""

    def __init__(self, sample: Sample) -> None:
        handler = registry.get(sample.entity)
        assert handler is not None, f"No handler is registered for {sample.entity!r}."
        self.sample = sample
        self.entity = sample.entity
        self.handler: EntityHandler[Any] = handler
        self.phone = sample.newcomer()

    @cached_property
    def foreigner(self) -> Phone:
        """A member of another tenant."""
        return self.sample.newcomer()

    @property
    def actor(self) -> Actor:
        """Whose rows the phone sees."""
        return Actor(user_id=self.phone.user_id, tenant_id=self.phone.tenant_id)

    @property
    def references(self) -> list[ForeignKey[Any, Any]]:
        """The writable foreign keys, from the model."""
        fields = self.handler.model._meta.concrete_fields
        return [f for f in fields if isinstance(f, ForeignKey) and f.attname in self.handler.writes]

    def payload(self, phone: Phone | None = None) -> dict[str, Any]:
        """The columns of a new row, as JSON."""
        return _spelled(self.sample.payload(phone or self.phone))

    def changes(self, phone: Phone | None = None) -> dict[str, Any]:
        """Another value for each column, as JSON."""
        return _spelled(self.sample.changes(phone or self.phone))

    def changed_columns(self) -> list[str]:
        """The columns of `changes`, in the sample's order."""
        return list(self.changes())

    def insert(self, payload: Columns, **envelope: Any) -> Json:
        """An insert of this entity."""
        return insert(self.entity, payload, **envelope)

    def update(self, row: Made, payload: Columns, *, base: int | None = 1, **envelope: Any) -> Json:
        """An update of a row, by default of its first version."""
        return update(self.entity, row.id, payload, base_version=base, **envelope)

    def delete(self, row: Made, *, base: int | None = 1, **envelope: Any) -> Json:
        """A delete of a row, by default of its first version."""
        return delete(self.entity, row.id, base_version=base, **envelope)

    def living(self, phone: Phone | None = None, *, payload: Columns | None = None, **envelope: Any) -> Made:
        """A row, made by an insert that was applied."""
        author = phone or self.phone
        operation = self.insert(self.payload(author) if payload is None else payload, **envelope)
        (result,) = author.upload(operation, prefer="return=representation").expect("applied")
        return Made(id=operation["entity_id"], operation=operation, result=result)

    def change_elsewhere(self, row: Made, values: Columns, **envelope: Any) -> None:
        """Somebody else writes first: another phone or, when no phone may, the server."""
        if "update" in self.sample.refused:
            self.change_on_server(row, values)
        else:
            self.phone.another().upload(self.update(row, values, **envelope)).expect("applied")

    def change_on_server(self, row: Made, values: Columns) -> None:
        """A write past the endpoint, as an admin page or a script makes it."""
        checks = {column.name: column.check for column in columns(self.handler)}
        rows = self.handler.model._default_manager.filter(pk=row.id)
        rows.update(**{name: checks[name](value) for name, value in values.items()})

    def row(self, row_id: str | UUID) -> SyncedModel | None:
        """The row as the database has it, whoever it belongs to."""
        found: SyncedModel | None = self.handler.model._default_manager.filter(pk=row_id).first()
        return found

    def stored(self, row_id: str | UUID) -> dict[str, Any]:
        """Every column of a row, spelled."""
        row = self.row(row_id)
        assert row is not None, f"There is no row {row_id} in {self.entity}."
        return {f.attname: spell(getattr(row, f.attname)) for f in self.handler.model._meta.concrete_fields}

    def written(self, row_id: str | UUID) -> dict[str, Any]:
        """The writable columns of a row, spelled."""
        stored = self.stored(row_id)
        return {name: stored[name] for name in self.handler.writes}


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of every registered entity: what a refused operation must leave as it was."""
    return {handler.entity: list(handler.model._default_manager.order_by("pk").values()) for handler in registry}


def same(what: str, came: Any, expected: Any) -> None:
    """Errors: AssertionError shows both; of two mappings only the keys that differ."""
    if came == expected:
        return
    if isinstance(came, Mapping) and isinstance(expected, Mapping):
        keys = [key for key in {**came, **expected} if came.get(key, ...) != expected.get(key, ...)]
        came, expected = ({key: side.get(key, "nothing") for key in keys} for side in (came, expected))
    raise AssertionError(f"{what}: expected {expected!r}, got {came!r}")


def _spelled(values: Columns) -> dict[str, Any]:
    return {name: spell(value) for name, value in values.items()}
