"""SyncEngine: one transaction for one batch, its own retries, one result.

Not here: HTTP, how an operation runs (the executor), what is remembered (the journal).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction

from sync.conf import conf
from sync.engine import effects, locks, pipeline, planner, session
from sync.engine.attempts import Attempts, in_flight
from sync.engine.docket import Docket, Remembered
from sync.engine.effects import Written
from sync.engine.errors import BrokenTransaction, ClientBusy, CopyInFlight, sqlstate_of, trace_of
from sync.engine.fresh import with_fresh_rows
from sync.engine.pipeline import Context, Task
from sync.engine.planner import RowKey, Unit
from sync.engine.reference import ReferenceExecutor
from sync.engine.session import Session
from sync.journal import clients, ledger, log
from sync.journal.ledger import Entry
from sync.journal.log import Receipt
from sync.protocol.actor import Actor
from sync.protocol.operation import Batch, Operation
from sync.protocol.outcome import BatchResult, refusal

logger = structlog.get_logger(__name__)

LOCK_NOT_AVAILABLE = "55P03"
PROBE_MS = 100  # how long a look for a running copy waits
EXECUTORS = {"reference": ReferenceExecutor}  # {SYNC["EXECUTOR"]: class}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A try that reached its commit."""

    result: BatchResult
    written: Sequence[Written]


class SyncEngine:
    """Runs one batch of one actor."""

    def __init__(self, actor: Actor, receipt: Receipt, *, representation: bool = False) -> None:
        self._actor = actor
        self._receipt = receipt
        self._representation = representation
        self._unanswered: Finished | None = None  # its commit was sent, and nobody knows how it ended
        self.attempts = Attempts()

    def process(self, batch: Batch) -> BatchResult:
        """Run the batch and commit it; after the commit, its effects.

        Errors: Problem 403, 409, 413 or 503. Then nothing of the batch is known to be executed, and its op_ids are
        safe to send again.
        """
        units, beyond = planner.split(batch, conf().limits)
        while True:
            self.attempts.begin()
            try:
                finished = self._try(batch, units, beyond)
                break
            except CopyInFlight:
                raise in_flight() from None
            except ClientBusy as busy:
                if self._copy_is_running(batch, units):
                    raise in_flight() from None
                self.attempts.pause_or_give_up(busy)
            except Exception as error:  # noqa: BLE001 - classified there; all but passing trouble is raised again
                self.attempts.pause_or_give_up(error)
        effects.run(finished.written)
        return finished.result

    def _try(self, batch: Batch, units: Sequence[Unit], beyond: Sequence[Operation]) -> Finished:
        """One transaction. Errors: whatever kept it from committing."""
        finished: Finished | None = None
        committed: list[bool] = []
        try:
            with transaction.atomic(durable=True):
                transaction.on_commit(lambda: committed.append(True))
                begun = session.begin(self._actor.tenant_id)
                self._take_client(batch)
                if self._unanswered is not None and log.was_committed(self._receipt.batch_pk):
                    return self._unanswered
                finished = self._run(batch, units, beyond, begun)
                session.check_intact()
                self._unanswered = finished
        except Exception as error:
            if finished is None or not committed:
                raise
            # Somebody's on_commit callback raised; the commit is done and the verdicts stand.
            logger.error("an on_commit callback failed", **trace_of(error))
        if not committed and not connection.in_atomic_block:
            # Django's block leaves in silence when its transaction was lost or marked for rollback.
            raise BrokenTransaction("the transaction ended without a commit")
        assert finished is not None
        return finished

    def _run(self, batch: Batch, units: Sequence[Unit], beyond: Sequence[Operation], begun: Session) -> Finished:
        """The story of a batch: ledger, plan, locks, operations, journal."""
        operations = [operation for unit in units for operation in unit.operations]
        entries = self._claim(batch, operations)
        with session.no_queries():
            admitted = {op.position: pipeline.admit(op) for op in operations}
        tasks = {position: task for position, task in admitted.items() if isinstance(task, Task)}
        plan = planner.plan(units, _references_of(tasks))
        locks.lock([t for t in tasks.values() if t.operation.op_id not in entries], self._actor)
        docket = Docket(plan, _remembered(entries), beyond)
        executor = EXECUTORS[conf().EXECUTOR](self._context(batch, begun), docket)
        executor.run(plan, admitted)
        result = self._result(batch, docket, beyond, begun, executor.written)
        self._keep(batch, docket, operations, result)
        return Finished(result=result, written=executor.written)

    def _take_client(self, batch: Batch) -> None:
        try:
            clients.take(batch, self._actor)
        except DatabaseError as error:
            if sqlstate_of(error) == LOCK_NOT_AVAILABLE:
                raise ClientBusy("another batch of this client is running") from error
            raise

    def _copy_is_running(self, batch: Batch, units: Sequence[Unit]) -> bool:
        """Whether the batch that keeps this client busy runs one of our operations: its claims would block ours."""
        try:
            with transaction.atomic(durable=True):
                session.begin(self._actor.tenant_id, lock_timeout_ms=PROBE_MS)
                self._claim(batch, [operation for unit in units for operation in unit.operations])
                transaction.set_rollback(True)
        except CopyInFlight:
            return True
        return False

    def _claim(self, batch: Batch, operations: Sequence[Operation]) -> Mapping[UUID, Entry]:
        tenant_id = self._actor.tenant_id
        try:
            ledger.claim(tenant_id, batch, self._receipt.batch_pk, operations)
        except DatabaseError as error:
            if sqlstate_of(error) == LOCK_NOT_AVAILABLE:
                raise CopyInFlight from error
            raise
        named = {op.op_id for op in operations if op.op_id is not None}
        return ledger.recall(tenant_id, named.union(*(op.depends_on for op in operations)))

    def _context(self, batch: Batch, begun: Session) -> Context:
        return Context(
            batch=batch,
            actor=self._actor,
            session=begun,
            client=str(batch.client_id),
            now=datetime.now(UTC),
            representation=self._representation,
        )

    def _result(
        self,
        batch: Batch,
        docket: Docket,
        beyond: Sequence[Operation],
        begun: Session,
        written: Sequence[Written],
    ) -> BatchResult:
        for operation in beyond:
            docket.record(operation, refusal("not_attempted"))
        answers = [(op.entity, op.entity_id, docket.outcome(op)) for op in batch.operations]
        outcomes = with_fresh_rows(answers, self._actor, representation=self._representation)
        return BatchResult(
            outcomes=tuple(outcomes), txid=begun.txid if written else None, server_time=datetime.now(UTC)
        )

    def _keep(self, batch: Batch, docket: Docket, operations: Sequence[Operation], result: BatchResult) -> None:
        kept = docket.kept()
        ledger.settle(self._actor.tenant_id, kept)
        unkept = {op.op_id for op in operations if op.op_id is not None} - {op.op_id for op, _ in kept}
        ledger.give_back(self._actor.tenant_id, unkept)
        log.completed(self._receipt, batch, result, attempts=self.attempts.count)


def _remembered(entries: Mapping[UUID, Entry]) -> dict[UUID, Remembered]:
    return {op_id: Remembered(fingerprint=entry.fingerprint, outcome=entry.outcome) for op_id, entry in entries.items()}


def _references_of(tasks: Mapping[int, Task]) -> Callable[[Operation], list[RowKey]]:
    """The planner's view of what an operation refers to: rows that clients can insert."""

    def references_of(operation: Operation) -> list[RowKey]:
        task = tasks.get(operation.position)
        if task is None:
            return []
        return [(r.parent.entity, row_id) for r, row_id in locks.referenced(task) if r.parent is not None]

    return references_of
