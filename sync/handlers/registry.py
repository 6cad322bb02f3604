"""HandlerRegistry: entity → handler, frozen at start-up.

Not here: finding the modules that register (`sync.apps`), nor judging a handler (`sync.checks`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import ForeignKey, Model, QuerySet

from sync.handlers.base import EntityHandler, is_synced
from sync.protocol.actor import Actor

H = TypeVar("H", bound=type[EntityHandler[Any]])
AnyHandler = EntityHandler[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A column of one entity that points to a row of another."""

    column: str  # FK column, as in payloads
    attribute: str  # where the parent row is attached: `change.row.<attribute>`
    model: type[Model]
    handler: AnyHandler  # whose column it is
    parent: AnyHandler | None  # the handler of the parent, None when clients cannot write it

    def rows(self, actor: Actor) -> QuerySet[Any]:
        """The living rows that the actor may refer to."""
        if query := self.handler.parents.get(self.column):
            return query(actor)
        assert self.parent is not None  # a system check demands a query for every other parent
        return self.parent.scoped(actor).filter(deleted_at=None)


class HandlerRegistry:
    """All handlers of the project. Registration ends with start-up; nothing changes while requests run."""

    def __init__(self) -> None:
        self._handlers: dict[str, AnyHandler] = {}
        self._references: dict[str, tuple[Reference, ...]] = {}
        self._frozen = False

    def register(self, handler_class: H) -> H:
        """Class decorator. Errors: ValueError for an entity that is taken, RuntimeError after start-up."""
        if self._frozen:
            raise RuntimeError(f"{handler_class.__name__} registers after start-up; put it in a `handlers` module.")
        entity = handler_class.entity
        if entity in self._handlers:
            raise ValueError(f"Two handlers for entity {entity!r}: {handler_class.__name__} is the second.")
        self._handlers[entity] = handler_class()
        return handler_class

    def freeze(self) -> None:
        """End registration."""
        self._frozen = True
        self._references = {entity: tuple(self._find_references(h)) for entity, h in self._handlers.items()}

    def get(self, entity: str | None) -> AnyHandler | None:
        """The handler of an entity; None for one that accepts no writes."""
        return self._handlers.get(entity) if entity is not None else None

    def __iter__(self) -> Iterator[AnyHandler]:
        return iter(self._handlers.values())

    def references(self, handler: AnyHandler) -> tuple[Reference, ...]:
        """The columns of an entity that point to other rows, in the order of `writes`."""
        return self._references[handler.entity]

    def children(self, handler: AnyHandler) -> list[tuple[type[Model], str]]:
        """[(model, column)] of every synced table that points to this one: what `has_children` looks at."""
        return [
            (relation.related_model, relation.field.attname)
            for relation in handler.model._meta.related_objects
            if is_synced(relation.related_model)
        ]

    def _find_references(self, handler: AnyHandler) -> Iterator[Reference]:
        by_model = {h.model: h for h in self._handlers.values()}
        columns = {f.attname: f for f in handler.model._meta.concrete_fields}
        for column in handler.writes:
            field = columns.get(column)
            if isinstance(field, ForeignKey):
                model = field.remote_field.model
                yield Reference(
                    column=column, attribute=field.name, model=model, handler=handler, parent=by_model.get(model)
                )

    @contextmanager
    def override(self, *handler_classes: type[AnyHandler]) -> Iterator[None]:
        """For tests: these handlers instead of, or beside, the registered ones, while the block runs."""
        handlers, references = self._handlers, self._references
        self._handlers = {**handlers, **{cls.entity: cls() for cls in handler_classes}}
        self.freeze()
        try:
            yield
        finally:
            self._handlers, self._references = handlers, references


registry = HandlerRegistry()
register = registry.register
