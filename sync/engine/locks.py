"""Locks for a whole batch, up front and in one order, so that batches wait for each other instead of deadlocking.

Order: tables by name, rows by id. Rows to be written and guards: FOR NO KEY UPDATE, which lets children of the row
be inserted meanwhile. Rows to be deleted: FOR UPDATE, so that no child can appear. Parents: FOR KEY SHARE.
Only rows inside the actor's scope are locked.
Source: Postgres manual, "Explicit Locking", row-level locks; measured in docs/adr/0005.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any
from uuid import UUID

from django.db import connection

from sync.engine.pipeline import Task
from sync.handlers.base import EntityHandler
from sync.handlers.registry import Reference, registry
from sync.protocol.actor import Actor
from sync.protocol.codes import Action


class Strength(IntEnum):
    """Row locks, weakest first."""

    KEY_SHARE = 1
    NO_KEY_UPDATE = 2
    UPDATE = 3


_CLAUSES = {
    Strength.KEY_SHARE: "FOR KEY SHARE",
    Strength.NO_KEY_UPDATE: "FOR NO KEY UPDATE",
    Strength.UPDATE: "FOR UPDATE",
}

Wanted = dict[EntityHandler[Any], dict[UUID, Strength]]


def lock(tasks: Sequence[Task], actor: Actor) -> None:
    """Lock every row that these operations touch, as far as it exists yet."""
    wanted: Wanted = defaultdict(dict)
    for task in tasks:
        if task.action is not Action.INSERT:
            strength = Strength.UPDATE if task.action is Action.DELETE else Strength.NO_KEY_UPDATE
            _want(wanted, task.handler, task.entity_id, strength)
        for reference, parent_id in referenced(task):
            if reference.parent is not None:
                _want(wanted, reference.parent, parent_id, Strength.KEY_SHARE)
    for handler, guard_id in _guards(tasks, actor):
        _want(wanted, handler, guard_id, Strength.NO_KEY_UPDATE)
    for handler in sorted(wanted, key=lambda handler: handler.model._meta.db_table):
        _lock_table(handler, wanted[handler], actor)


def referenced(task: Task) -> list[tuple[Reference, UUID]]:
    """The rows a payload refers to, where it holds usable ids."""
    found = []
    for reference in registry.references(task.handler):
        try:
            found.append((reference, UUID(str(task.payload[reference.column]))))
        except (KeyError, ValueError):
            continue  # not sent, or not an id: the payload's own check will say so
    return found


def _want(wanted: Wanted, handler: EntityHandler[Any], row_id: UUID, strength: Strength) -> None:
    wanted[handler][row_id] = max(strength, wanted[handler].get(row_id, strength))


def _lock_table(handler: EntityHandler[Any], rows: Mapping[UUID, Strength], actor: Actor) -> None:
    """Neighbours of one strength share a statement, so that ids stay in order across strengths that conflict.

    KEY SHARE and NO KEY UPDATE do not conflict with each other; without a delete two statements are enough.
    """
    if Strength.UPDATE in rows.values():
        groups: list[tuple[Strength, list[UUID]]] = []
        for row_id in sorted(rows):
            if not groups or groups[-1][0] is not rows[row_id]:
                groups.append((rows[row_id], []))
            groups[-1][1].append(row_id)
    else:
        groups = [
            (strength, ids)
            for strength in (Strength.NO_KEY_UPDATE, Strength.KEY_SHARE)
            if (ids := sorted(row_id for row_id, wanted in rows.items() if wanted is strength))
        ]
    scope = handler.scope.values(actor)
    meta = handler.model._meta
    where = " AND ".join([f'"{meta.get_field(name).column}" = %s' for name in scope] + ["id = ANY(%s)"])
    with connection.cursor() as cursor:
        for strength, ids in groups:
            cursor.execute(
                f'SELECT 1 FROM "{meta.db_table}" WHERE {where} ORDER BY id {_CLAUSES[strength]}',  # noqa: S608
                [*scope.values(), ids],
            )


def _guards(tasks: Sequence[Task], actor: Actor) -> Iterable[tuple[EntityHandler[Any], UUID]]:
    """Rows whose figures the rules spend: those named by payloads, by rows of this batch, and by rows as they are."""
    guarded = [task for task in tasks if task.handler.guards]
    by_handler: dict[EntityHandler[Any], list[Task]] = defaultdict(list)
    for task in guarded:
        by_handler[task.handler].append(task)
    inserted = {(t.handler, t.entity_id): t.payload for t in tasks if t.action is Action.INSERT}
    for handler, its_tasks in by_handler.items():
        for path in handler.guards:
            yield from _follow(handler, path.split("."), its_tasks, inserted, actor)


def _follow(
    handler: EntityHandler[Any],
    path: list[str],
    tasks: Sequence[Task],
    inserted: Mapping[tuple[EntityHandler[Any], UUID], Mapping[str, Any]],
    actor: Actor,
) -> Iterable[tuple[EntityHandler[Any], UUID]]:
    """Walk a guard's path, such as `sale.customer_id`, from operations to the rows at its end."""
    ids = {task.entity_id for task in tasks}
    payloads = [task.payload for task in tasks]
    for step in path:
        reference = next(r for r in registry.references(handler) if step in (r.column, r.attribute))
        if reference.parent is None:
            return
        stored = handler.scoped(actor).filter(pk__in=ids).values_list(reference.column, flat=True)
        named = (_usable_id(payload.get(reference.column)) for payload in payloads)
        ids = {row_id for row_id in (*stored, *named) if row_id is not None}
        handler = reference.parent
        payloads = [inserted[handler, row_id] for row_id in ids if (handler, row_id) in inserted]
    yield from ((handler, row_id) for row_id in ids)


def _usable_id(value: Any) -> UUID | None:
    try:
        return None if value is None else UUID(str(value))
    except ValueError:
        return None


def lock_guards(handler: EntityHandler[Any], row: Any, actor: Actor) -> None:
    """Lock the guards of one row as it is now; a no-op for those locked up front."""
    for path in handler.guards:
        guarded, at = row, handler
        *through, column = path.split(".")
        for attribute in through:
            reference = next(r for r in registry.references(at) if r.attribute == attribute)
            guarded = getattr(guarded, attribute, None)
            if guarded is None or reference.parent is None:
                break
            at = reference.parent
        row_id = getattr(guarded, column, None) if guarded is not None else None
        reference = next(r for r in registry.references(at) if r.column == column)
        if row_id is not None and reference.parent is not None:
            _lock_table(reference.parent, {row_id: Strength.NO_KEY_UPDATE}, actor)
