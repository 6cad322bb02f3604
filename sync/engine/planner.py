"""The order in which a batch takes effect: units, and who must go before whom. Pure: no Django, no database.

Not here: whether a predecessor succeeded (`docket`), and how units run (the executor).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sync.protocol.codes import Action
from sync.protocol.limits import Limits
from sync.protocol.operation import Batch, Operation
from sync.protocol.problems import Problem, too_large

RowKey = tuple[str, UUID]  # (entity, entity_id)
ReferencesOf = Callable[[Operation], Iterable[RowKey]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What stands or falls together: one operation, or a group in request order."""

    operations: tuple[Operation, ...]
    is_group: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """An operation that another one needs.

    Shape: `position` is where it stands in this request, before the one that needs it; None when it is not in this
    request, or not before it. Then only the ledger can tell.
    """

    op_id: UUID | None
    position: int | None
    name: str | None  # its op_id as the answer spells it; as sent when it is unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A batch in the order in which it takes effect."""

    units: tuple[Unit, ...]
    predecessors: Mapping[int, tuple[Predecessor, ...]]  # {position: whom it needs, in the order they are judged}


def split(batch: Batch, limits: Limits) -> tuple[tuple[Unit, ...], tuple[Operation, ...]]:
    """The units within the limit, in order, and the operations beyond it.

    The first units are taken and nothing behind the cut, so that order holds; a group is never divided.
    Errors: Problem 413 for a group that no batch could ever hold.
    """
    units = _units(batch)
    largest = max((len(unit.operations) for unit in units), default=0)
    if largest > limits.max_operations:
        raise _group_too_large(largest, limits)
    taken = 0
    for index, unit in enumerate(units):
        taken += len(unit.operations)
        if taken > limits.max_operations:
            return tuple(units[:index]), tuple(op for later in units[index:] for op in later.operations)
    return tuple(units), ()


def plan(units: Sequence[Unit], references_of: ReferencesOf) -> Plan:
    """Find for each operation those it needs: what it names, then what inserts its row or a row it references."""
    earlier_ids: dict[UUID, int] = {}  # {op_id: its latest position so far}
    inserted_at: dict[RowKey, Operation] = {}  # {row: the latest operation so far that inserts it}
    predecessors: dict[int, tuple[Predecessor, ...]] = {}
    for unit in units:
        for operation in unit.operations:
            needed = [
                Predecessor(
                    op_id=op_id,
                    position=None if op_id == operation.op_id else earlier_ids.get(op_id),
                    name=str(op_id),
                )
                for op_id in operation.depends_on
            ]
            needed += [
                Predecessor(op_id=inserter.op_id, position=inserter.position, name=inserter.echo("op_id"))
                for key in _needed_rows(operation, references_of)
                if (inserter := inserted_at.get(key)) is not None
            ]
            if needed:
                predecessors[operation.position] = tuple(needed)
            if operation.op_id is not None:
                earlier_ids[operation.op_id] = operation.position
            if operation.action is Action.INSERT and (key := _row_key(operation)) is not None:
                inserted_at[key] = operation
    return Plan(units=tuple(units), predecessors=predecessors)


def _units(batch: Batch) -> list[Unit]:
    if batch.atomic and batch.operations:
        return [Unit(operations=batch.operations, is_group=True)]
    groups: dict[UUID, list[Operation]] = defaultdict(list)
    order: list[Operation | UUID] = []  # a single operation, or a group where its first member stands
    for operation in batch.operations:
        if operation.group_id is None:
            order.append(operation)
            continue
        if operation.group_id not in groups:
            order.append(operation.group_id)
        groups[operation.group_id].append(operation)
    return [
        Unit(operations=(item,), is_group=False)
        if isinstance(item, Operation)
        else Unit(operations=tuple(groups[item]), is_group=True)
        for item in order
    ]


def _needed_rows(operation: Operation, references_of: ReferencesOf) -> list[RowKey]:
    """The rows that must exist before: its own, unless it makes it, and those it references."""
    own = _row_key(operation)
    needed = [own] if own is not None and operation.action is not Action.INSERT else []
    return needed + [key for key in references_of(operation) if key != own]


def _row_key(operation: Operation) -> RowKey | None:
    if operation.entity is None or operation.entity_id is None:
        return None
    return operation.entity, operation.entity_id


def _group_too_large(size: int, limits: Limits) -> Problem:
    detail = f"A group of {size} operations can never be applied as one; the limit is {limits.max_operations}."
    return too_large(detail, limits)
