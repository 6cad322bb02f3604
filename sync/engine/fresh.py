"""Rows for answers: what the server has now, in the asker's scope.

Conflicts and replays bring the row as it is at the end of the batch, one query per entity.
Not here: rows of plain applied writes; those come from the write itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from sync.handlers.registry import registry
from sync.handlers.schema import schema_of
from sync.models import SyncedModel
from sync.protocol.actor import Actor
from sync.protocol.outcome import Outcome, ServerRow

WITH_SERVER_ROW = frozenset({"stale_version", "gone", "already_exists"})
WITH_ROW = frozenset({"merged", "superseded"})

Addressed = tuple[str | None, UUID | None, Outcome]  # (entity, entity_id, outcome)


def with_fresh_rows(answers: Sequence[Addressed], actor: Actor, *, representation: bool = False) -> list[Outcome]:
    """The same outcomes, with the rows that their codes bring along. `representation` adds one to each applied."""
    wanted = [answer for answer in answers if _wants_row(answer[2], representation=representation)]
    rows = _load(((entity, row_id) for entity, row_id, _ in wanted), actor)
    return [
        _attach(outcome, entity, rows.get((entity, row_id)))
        if _wants_row(outcome, representation=representation)
        else outcome
        for entity, row_id, outcome in answers
    ]


def _wants_row(outcome: Outcome, *, representation: bool) -> bool:
    if outcome.code in WITH_SERVER_ROW:
        return True
    if not outcome.is_applied or outcome.row is not None:
        return False
    return outcome.code in WITH_ROW or representation


def _attach(outcome: Outcome, entity: str | None, row: SyncedModel | None) -> Outcome:
    handler = registry.get(entity)
    if row is None or handler is None:
        return outcome
    published = None if row.is_deleted else schema_of(handler).publish(row)
    if outcome.code in WITH_SERVER_ROW:
        return replace(outcome, server=ServerRow(version=row.version, row=published))
    return replace(outcome, row=published)


def _load(
    keys: Iterable[tuple[str | None, UUID | None]], actor: Actor
) -> dict[tuple[str | None, UUID | None], SyncedModel]:
    by_entity: dict[str | None, set[UUID | None]] = defaultdict(set)
    for entity, row_id in keys:
        by_entity[entity].add(row_id)
    found: dict[tuple[str | None, UUID | None], SyncedModel] = {}
    for entity, ids in by_entity.items():
        if (handler := registry.get(entity)) is not None:
            found |= {(entity, row.pk): row for row in handler.scoped(actor).filter(pk__in=ids)}
    return found
