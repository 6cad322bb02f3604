"""The stages of one operation: validate → resolve → references → business → execute.

Each stage answers with a refusal or lets the operation pass to the next; the first refusal is the verdict.
The resolver stands before the rules: they judge the row as it will be after a merge.
Not here: what is decided without looking at a row (`docket`), loading (`rows`), savepoints (the executor).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sync.conf import conf
from sync.engine import stamps
from sync.engine.resolver import ConflictResolver
from sync.engine.rows import Found, attach_parents
from sync.engine.session import Session
from sync.handlers.base import EntityHandler
from sync.handlers.change import Change
from sync.handlers.registry import registry
from sync.handlers.resolution import Edit, Resolution
from sync.handlers.rules import Reject
from sync.handlers.schema import schema_of
from sync.models import SyncedModel
from sync.protocol.actor import Actor
from sync.protocol.codes import CODES, Action, Retry, Status
from sync.protocol.operation import Batch, Operation
from sync.protocol.outcome import ErrorDetail, Outcome, refusal

_RESOLVER = ConflictResolver()


ALREADY_GONE = Outcome(status=Status.APPLIED, code="already_gone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A verdict that writes no published column.

    Shape: `field_versions` is the row's new bookkeeping when an equal value brought a later time, else None.
    """

    outcome: Outcome
    field_versions: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What holds for every operation of a batch."""

    batch: Batch
    actor: Actor
    session: Session
    client: str  # client_id, as stamps keep it
    now: datetime  # by our clock, once the locks are held: a wait must not date a write before what it waited for
    representation: bool = False  # whether each applied outcome brings its row

    def time_of(self, operation: Operation) -> int:
        """When the user did it, as stamps keep it: by the client's corrected clock, else now."""
        return stamps.microseconds(operation.client_timestamp or self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An operation that reached its handler, its payload in today's shape.

    Shape: `trouble` is what the upgrade raised; it is judged at the stage of the upgrade, after the dependencies.
    """

    operation: Operation
    handler: EntityHandler[Any]
    payload: Mapping[str, Any]
    trouble: Exception | Outcome | None = None

    @property
    def action(self) -> Action:
        """insert, update or delete."""
        assert self.operation.action is not None
        return self.operation.action

    @property
    def entity_id(self) -> UUID:
        """The row's primary key."""
        assert self.operation.entity_id is not None
        return self.operation.entity_id


def admit(operation: Operation) -> Task | Outcome:
    """Find the handler and lift the payload to today's schema version."""
    if operation.faults:
        return refusal("invalid", fields=operation.faults)
    handler = registry.get(operation.entity)
    if handler is None:
        return refusal("unknown_entity")
    if operation.action is None:
        return refusal("unknown_action")
    return _lift(operation, handler)


def validate(task: Task) -> tuple[dict[str, Any], Outcome | None]:
    """Structure: the payload against the columns of the model, all faults at once."""
    values, fault = schema_of(task.handler).read(task.action, task.payload)
    if fault is not None:
        return values, fault
    is_blind = task.operation.base_version is None and task.action is not Action.INSERT
    if is_blind and not task.handler.blind_writes:
        return values, refusal("base_version_required", fields={"base_version": ("is required",)})
    return values, None


def resolve(task: Task, values: dict[str, Any], found: Found, context: Context) -> Change[Any] | Settled:
    """What the operation will do to the row it met, or the verdict when it will write no published column."""
    judged = _resolve(task, values, found, context)
    return Settled(outcome=judged) if isinstance(judged, Outcome) else judged


def _resolve(task: Task, values: dict[str, Any], found: Found, context: Context) -> Change[Any] | Settled | Outcome:
    row = found.row
    if task.action is Action.INSERT:
        if found.is_taken:
            return refusal("id_unavailable")
        if row is not None:
            return refusal("gone" if row.is_deleted else "already_exists")
        return _insertion(task, values, found, context)
    if row is None:
        return refusal("not_found") if task.action is Action.UPDATE else ALREADY_GONE
    if row.is_deleted:
        return refusal("gone") if task.action is Action.UPDATE else ALREADY_GONE
    if (task.operation.base_version or 0) > row.version:
        message = f"is above the row's version, which is {row.version}"
        return refusal("invalid", fields={"base_version": (message,)})
    edit = _edit(task, values, row, context)
    resolver = task.handler.resolver or _RESOLVER
    resolution = resolver.delete(edit) if task.action is Action.DELETE else resolver.update(edit)
    if resolution.clashes is not None:
        return refusal("stale_version", fields=resolution.clashes)
    if task.action is Action.DELETE:
        return _deletion(task, row, found, context)
    return _modification(task, row, resolution, found, context)


def references(change: Change[Any], task: Task, found: Found) -> Outcome | None:
    """Every row the change newly refers to must live inside the scope."""
    missing = {
        reference.column: ("there is no such row",)
        for reference in registry.references(task.handler)
        if reference.column in change.fields
        and (parent_id := getattr(change.row, reference.column)) is not None
        and (reference.column, parent_id) not in found.parents
    }
    return refusal("reference_not_found", fields=missing) if missing else None


def business(change: Change[Any], handler: EntityHandler[Any], figures: Any) -> Outcome | None:
    """The domain's rules, in the order they are written; then the figures note what the change uses up."""
    for judge, reads_figures in handler.rules_for(change.action):
        try:
            judge(change, figures) if reads_figures else judge(change)
        except Reject as reject:
            return rejected(handler, reject)
    handler.spend(change, figures)
    return None


def execute(change: Change[Any], handler: EntityHandler[Any]) -> None:
    """Write it, in the handler's own way. Errors: whatever the database or the handler says."""
    getattr(handler, change.action)(change)


def rejected(handler: EntityHandler[Any], reject: Reject) -> Outcome:
    """The outcome of a rule's refusal. Errors: LookupError for a code that nobody declared."""
    known = CODES.get(reject.code)
    if known is not None and known.status is Status.REJECTED:
        return refusal(reject.code, message=reject.message, fields=reject.fields)
    declared = handler.codes.get(reject.code)
    if declared is None:
        raise LookupError(f"{type(handler).__name__} rejects with {reject.code!r}, which its `codes` do not declare")
    return Outcome(
        status=Status.REJECTED,
        code=reject.code,
        retry=Retry.AFTER_FIX,
        error=ErrorDetail(message=reject.message or declared, fields=reject.fields),
    )


def _lift(operation: Operation, handler: EntityHandler[Any]) -> Task | Outcome:
    version = operation.schema_version
    today = conf().SCHEMA_VERSION
    payload: Mapping[str, Any] = operation.payload
    trouble: Exception | Outcome | None = None
    if version is not None and not handler.oldest_schema_version <= version <= today:
        trouble = refusal("upgrade_required")
    elif version is not None and version < today and handler.upgrades:
        assert operation.action is not None
        try:
            payload = handler.lift(operation.action, payload, version, today)
        except Exception as error:  # noqa: BLE001 - classified later, at the stage where it is judged
            trouble = error
    return Task(operation=operation, handler=handler, payload=payload, trouble=trouble)


def _edit(task: Task, values: Mapping[str, Any], row: SyncedModel, context: Context) -> Edit:
    base = task.operation.base_version
    return Edit(
        values=values,
        current={column: getattr(row, column) for column in values},
        version=row.version,
        base_version=row.version if base is None else base,
        field_versions=row.field_versions,
        client=context.client,
        time=context.time_of(task.operation),
        last_write_wins=task.handler.last_write_wins,
    )


def _insertion(task: Task, values: dict[str, Any], found: Found, context: Context) -> Change[Any]:
    now = context.now
    bookkeeping = {
        "id": task.entity_id,
        "version": 1,
        "field_versions": stamps.inserted(context.client, context.time_of(task.operation)),
        "created_at": now,
        "updated_at": now,
        "write_id": task.operation.op_id,
    }
    row = task.handler.model(**{**values, **bookkeeping, **task.handler.scope.values(context.actor)})
    attach_parents(task.handler, row, found)
    return Change(operation=task.operation, actor=context.actor, row=row, before=None, fields=frozenset(values))


def _modification(
    task: Task, before: SyncedModel, resolution: Resolution, found: Found, context: Context
) -> Change[Any] | Settled:
    field_versions = {**before.field_versions, **resolution.stamps}
    if not resolution.values:
        assert resolution.code is not None
        return Settled(
            outcome=Outcome(
                status=Status.APPLIED,
                code=resolution.code,
                version=before.version,
                row=schema_of(task.handler).publish(before) if resolution.code == "superseded" else None,
            ),
            field_versions=field_versions if resolution.stamps else None,
        )
    row = _next(before, task, context)
    row.field_versions = field_versions
    for column, value in resolution.values.items():
        setattr(row, column, value)
    attach_parents(task.handler, before, found)
    attach_parents(task.handler, row, found)
    return Change(
        operation=task.operation,
        actor=context.actor,
        row=row,
        before=before,
        fields=frozenset(resolution.values),
        code=resolution.code,
    )


def _deletion(task: Task, before: SyncedModel, found: Found, context: Context) -> Change[Any]:
    row = _next(before, task, context)
    row.deleted_at = context.now
    attach_parents(task.handler, before, found)
    attach_parents(task.handler, row, found)
    return Change(operation=task.operation, actor=context.actor, row=row, before=before, fields=frozenset())


def _next(before: SyncedModel, task: Task, context: Context) -> SyncedModel:
    """A copy of the row with the bookkeeping of its next version."""
    row = copy.copy(before)
    row.version = before.version + 1
    row.updated_at = max(context.now, before.updated_at)
    row.write_id = task.operation.op_id
    return row
