"""Looking at the database for an operation: its row, the rows it refers to, the rows that refer to it.

Everything is read inside the actor's scope; what lies outside is not told from what does not exist.
Not here: locks in one order for a whole batch (`locks`), judgement of what was found (the pipeline).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sync.handlers.base import EntityHandler
from sync.handlers.registry import Reference, registry
from sync.models import SyncedModel
from sync.protocol.actor import Actor
from sync.protocol.codes import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an operation meets.

    Shape: `row` is its row inside the scope, a tombstone too. `is_taken` says that the id belongs to a row outside
    the scope. `parents` is {(column, id): living row}, for ids in the payload and in the row itself.
    """

    row: SyncedModel | None
    is_taken: bool = False
    parents: Mapping[tuple[str, UUID], Any] = field(default_factory=dict)


def find(
    handler: EntityHandler[Any],
    action: Action,
    entity_id: UUID,
    named: Iterable[tuple[Reference, UUID]],
    actor: Actor,
) -> Found:
    """Load what one operation needs. `named` are the rows its payload refers to.

    A row to be written is locked, but only inside the scope: waiting for a stranger's row would tell that it is
    there. An insert asks for the id wherever it is, and locks nothing.
    """
    if action is Action.INSERT:
        row = handler.model._default_manager.filter(pk=entity_id).first()
        if row is not None and not handler.scope.holds(row, actor):
            return Found(row=None, is_taken=True)
    else:
        row = handler.scoped(actor).select_for_update(of=("self",), no_key=True).filter(pk=entity_id).first()
    wanted: set[tuple[Reference, UUID]] = set(named)
    for reference in registry.references(handler):
        if (parent_id := getattr(row, reference.column, None)) is not None:
            wanted.add((reference, parent_id))
    parents = {
        (reference.column, parent_id): parent
        for reference, parent_id in wanted
        if (parent := find_parent(reference, parent_id, actor)) is not None
    }
    return Found(row=row, parents=parents)


def find_parent(reference: Reference, parent_id: UUID, actor: Actor) -> Any | None:
    """The living row that the actor may refer to."""
    return reference.rows(actor).filter(pk=parent_id).first()


def exists(handler: EntityHandler[Any], entity_id: UUID, actor: Actor) -> bool:
    """Whether the actor sees such a row, a tombstone too."""
    return handler.scoped(actor).filter(pk=entity_id).exists()


def living_children(handler: EntityHandler[Any], entity_id: UUID) -> list[str]:
    """Tables with living rows that refer to this one, whoever they belong to."""
    return [
        model._meta.db_table
        for model, column in registry.children(handler)
        if model._default_manager.filter(**{column: entity_id}, deleted_at=None).exists()
    ]


def attach_parents(handler: EntityHandler[Any], row: SyncedModel, found: Found) -> None:
    """Put the loaded parents on the row, so that a rule that follows them costs no query."""
    for reference in registry.references(handler):
        parent = found.parents.get((reference.column, getattr(row, reference.column)))
        if parent is not None:
            setattr(row, reference.attribute, parent)
