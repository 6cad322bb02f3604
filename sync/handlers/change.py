"""An operation on its way through the pipeline."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Generic, TypeVar

from sync.models import SyncedModel
from sync.protocol.actor import Actor
from sync.protocol.codes import Action
from sync.protocol.operation import Operation

M = TypeVar("M", bound=SyncedModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[M]):
    """What an operation will do to its row.

    Shape: `row` is the row as it will be, its parents attached (`change.row.customer` costs no query); for a
    delete, the row as it is. `before` is the row as it was, None for an insert. `fields` are the columns whose
    value changes: for an insert all that it sets, for a delete none.
    """

    operation: Operation
    actor: Actor
    row: M
    before: M | None
    fields: Set[str]
    code: str | None = None  # of the outcome when it is applied: `merged`, or None

    @property
    def action(self) -> Action:
        """insert, update or delete."""
        assert self.operation.action is not None  # an operation without one never becomes a change
        return self.operation.action
