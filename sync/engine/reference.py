"""The reference executor: operations one after the other, a savepoint around each operation or group.

The plainest reading of the protocol, and the measure for every faster executor. Its cost is a dozen statements per
operation; and it does not meet the budget of 64 writing savepoints per transaction beyond which replicas suffer.
Not here: what is decided without running (`docket`), the stages (`pipeline`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from sync.conf import conf
from sync.engine import constraints, pipeline, session
from sync.engine.docket import Docket, dependency_failed, group_failed
from sync.engine.effects import Written
from sync.engine.errors import Fault, classify, trace_of
from sync.engine.locks import lock_guards, referenced
from sync.engine.pipeline import Context, Settled, Task
from sync.engine.planner import Plan, Unit
from sync.engine.rows import Found, exists, find, living_children
from sync.handlers.base import EntityHandler, is_overridden
from sync.handlers.change import Change
from sync.handlers.rules import Reject
from sync.handlers.schema import schema_of
from sync.journal.log import last_inserts
from sync.protocol.codes import Action, Status
from sync.protocol.operation import Operation
from sync.protocol.outcome import Outcome, refusal

log = structlog.get_logger(__name__)


class _UnitFailed(Exception):
    """Leaves the savepoint of a unit; the culprit and its verdict travel along."""

    def __init__(self, culprit: Operation, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.culprit = culprit
        self.outcome = outcome


class _OperationFailed(Exception):
    """An operation raised; the verdict is found after the rollback to the savepoint."""

    def __init__(self, operation: Operation, task: Task, change: Change[Any] | None, cause: Exception) -> None:
        super().__init__(str(type(cause)))
        self.operation = operation
        self.task = task
        self.change = change
        self.cause = cause


class ReferenceExecutor:
    """Runs a plan; every operation gets its verdict on the docket."""

    def __init__(self, context: Context, docket: Docket) -> None:
        self._context = context
        self._docket = docket
        self._admitted: Mapping[int, Task | Outcome] = {}
        self.written: list[Written] = []

    def run(self, plan: Plan, admitted: Mapping[int, Task | Outcome]) -> None:
        """Judge every operation of the plan. `admitted` is {position: task, or the refusal to make one}.

        Errors: passing trouble of the database, which ends the batch's transaction.
        """
        self._admitted = admitted
        deadline = time.monotonic() + conf().TIME_BUDGET_MS / 1000
        for number, unit in enumerate(plan.units):
            failed = self._docket.failed_replay(unit)
            if failed is not None:
                self._fail_before_start(unit, failed)
            elif number and time.monotonic() > deadline:
                self._put_off(unit)
            else:
                self._run_unit(unit)

    def _put_off(self, unit: Unit) -> None:
        """Keep what is done rather than run into the transaction's time-out and lose it all, again and again."""
        for operation in unit.operations:
            known = self._docket.judged_by_envelope_or_ledger(operation)
            replay = known if known is not None and known.replayed else None
            self._docket.record(operation, replay or refusal("not_attempted"))

    def _fail_before_start(self, unit: Unit, failed: Operation) -> None:
        cause = self._docket.judged_by_envelope_or_ledger(failed)
        assert cause is not None
        for operation in unit.operations:
            known = self._docket.judged_by_envelope_or_ledger(operation)
            self._docket.record(operation, known or group_failed(failed, cause))

    def _run_unit(self, unit: Unit) -> None:
        written_before = len(self.written)
        try:
            with session.savepoint(self._context.session):
                self._judge_all(unit)
        except _UnitFailed as failure:
            culprit, outcome = failure.culprit, failure.outcome
        except _OperationFailed as failure:
            culprit, outcome = failure.operation, self._outcome_of(failure)
        except Exception as error:
            # Raised as the savepoint closed: the transaction is no longer intact.
            if classify(error).ends_the_batch:
                raise
            culprit, outcome = unit.operations[-1], self._outcome_at_close(error, unit)
        else:
            return
        del self.written[written_before:]
        self._fail_unit(unit, culprit, outcome)

    def _judge_all(self, unit: Unit) -> None:
        for operation in unit.operations:
            outcome = self._judge(operation)
            self._docket.record(operation, outcome)
            if not outcome.is_applied:
                raise _UnitFailed(operation, outcome)

    def _fail_unit(self, unit: Unit, culprit: Operation, outcome: Outcome) -> None:
        self._docket.retract(unit.operations)
        self._docket.record(culprit, outcome)
        for operation in unit.operations:
            if operation is culprit:
                continue
            known = self._docket.judged_by_envelope_or_ledger(operation)
            replay = known if known is not None and known.replayed else None
            self._docket.record(operation, replay or group_failed(culprit, outcome))

    def _judge(self, operation: Operation) -> Outcome:
        known = self._docket.judged_by_envelope_or_ledger(operation)
        if known is not None:
            return known
        task = self._admitted[operation.position]
        if isinstance(task, Outcome):
            return task
        change: list[Change[Any]] = []
        try:
            return self._run_stages(task, change)
        except Exception as error:
            if classify(error).ends_the_batch:
                raise
            raise _OperationFailed(operation, task, change[0] if change else None, error) from error

    def _run_stages(self, task: Task, reached: list[Change[Any]]) -> Outcome:
        """All that follows the ledger, in the protocol's order. `reached` receives the change once there is one."""
        found = find(task.handler, task.action, task.entity_id, referenced(task), self._context.actor)
        failed = self._docket.judged_by_dependencies(task.operation) or self._missing_insert(task, found)
        if failed is not None:
            return failed
        if isinstance(task.trouble, Outcome):
            return task.trouble
        if task.trouble is not None:
            raise task.trouble
        values, refused = pipeline.validate(task)
        if refused is not None:
            return refused
        change = pipeline.resolve(task, values, found, self._context)
        if isinstance(change, Settled):
            return self._settle(task, change)
        reached.append(change)
        refused = pipeline.references(change, task, found)
        if refused is not None:
            return refused
        with session.handlers_only():
            refused = self._business(task.handler, change)
            session.check_intact()
            if refused is not None:
                return refused
            if change.action is Action.DELETE and (children := living_children(task.handler, task.entity_id)):
                return refusal("has_children", fields={"id": [f"rows of {name} refer to it" for name in children]})
            pipeline.execute(change, task.handler)
        session.check_after_handler(self._context.session)
        return self._applied(task, change)

    def _business(self, handler: EntityHandler[Any], change: Change[Any]) -> Outcome | None:
        for row in filter(None, (change.before, change.row)):
            lock_guards(handler, row, self._context.actor)
        return pipeline.business(change, handler, handler.prepare([change]))

    def _missing_insert(self, task: Task, found: Found) -> Outcome | None:
        """The row, or one it refers to, is absent because this client's own insert of it was not applied earlier."""
        absent = []
        if task.action is not Action.INSERT and found.row is None:
            absent.append((task.handler.entity, task.entity_id))
        for reference, parent_id in referenced(task):
            parent = reference.parent
            is_missing = parent is not None and (reference.column, parent_id) not in found.parents
            if parent is not None and is_missing and not exists(parent, parent_id, self._context.actor):
                absent.append((parent.entity, parent_id))
        tenant_id, client_id = self._context.actor.tenant_id, self._context.batch.client_id
        inserts = last_inserts(tenant_id, client_id, [row_id for _, row_id in absent]) if absent else {}
        for key in absent:
            op_id, outcome = inserts.get(key, (None, None))
            if op_id is not None and outcome is not None and not outcome.is_applied:
                return dependency_failed(str(op_id), outcome)
        return None

    def _settle(self, task: Task, settled: Settled) -> Outcome:
        if settled.field_versions is not None:
            rows = task.handler.model._default_manager.filter(pk=task.entity_id)
            rows.update(field_versions=settled.field_versions)
        return settled.outcome

    def _applied(self, task: Task, change: Change[Any]) -> Outcome:
        """The verdict on a write, from the row as it now is: what a handler or a trigger really did."""
        row = task.handler.scoped(self._context.actor).filter(pk=task.entity_id).first()
        before = change.before.version if change.before is not None else 0
        if row is None or row.is_deleted is not (change.action is Action.DELETE):
            raise session.Meddling("the handler returned, but its row is not as the action says")
        if row.version == before:
            return Outcome(status=Status.APPLIED, code="unchanged", version=row.version)
        written = replace(change, row=row) if is_overridden(task.handler, change.action) else change
        self.written.append((task.handler, written))
        wants_row = change.code == "merged" or self._context.representation
        return Outcome(
            status=Status.APPLIED,
            code=change.code,
            changed=True,
            version=row.version,
            txid=self._context.session.txid,
            row=schema_of(task.handler).publish(row) if wants_row and not row.is_deleted else None,
        )

    def _outcome_of(self, failure: _OperationFailed) -> Outcome:
        handler, cause = failure.task.handler, failure.cause
        if isinstance(cause, Reject):
            try:
                return pipeline.rejected(handler, cause)
            except LookupError as undeclared:
                return self._internal_error(failure.operation, undeclared)
        if classify(cause) is Fault.PERMANENT:
            return constraints.outcome_of(cause, handler, failure.change)
        return self._internal_error(failure.operation, cause)

    def _outcome_at_close(self, error: Exception, unit: Unit) -> Outcome:
        task = self._admitted[unit.operations[-1].position]
        if classify(error) is Fault.PERMANENT and isinstance(task, Task):
            return constraints.outcome_of(error, task.handler, None)
        return self._internal_error(unit.operations[-1], error)

    def _internal_error(self, operation: Operation, error: Exception) -> Outcome:
        log.error(
            "operation failed",
            entity=operation.entity,
            action=operation.action,
            op_id=str(operation.op_id),
            **trace_of(error),
        )
        return refusal("internal_error")
