"""What is decided so far in a batch, and what can be decided about an operation without running it.

Both executors ask it the same questions in the same order: envelope, ledger, a group that a replay has failed,
dependencies. Not here: anything that looks at a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sync.engine.planner import Plan, Unit
from sync.protocol.codes import Retry
from sync.protocol.operation import Operation
from sync.protocol.outcome import Outcome, refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A verdict that stands: from the ledger, or given earlier in this batch."""

    fingerprint: bytes
    outcome: Outcome


class Docket:
    """Verdicts by position, and by op_id."""

    def __init__(self, plan: Plan, remembered: Mapping[UUID, Remembered], beyond: Iterable[Operation] = ()) -> None:
        self._plan = plan
        self._beyond = {operation.op_id for operation in beyond}  # not attempted in this batch
        self._ledger = remembered
        self._given: dict[UUID, Operation] = {}  # operations of this batch whose verdict the ledger will keep
        self._outcomes: dict[int, Outcome] = {}

    def outcome(self, operation: Operation) -> Outcome:
        """The verdict on an operation that has one."""
        return self._outcomes[operation.position]

    def record(self, operation: Operation, outcome: Outcome) -> None:
        """Note a verdict. A later one for the same operation replaces it: its group has failed."""
        self._outcomes[operation.position] = outcome
        op_id = operation.op_id
        if op_id is None or outcome.replayed or op_id in self._ledger:
            return
        if outcome.code == "operation_id_reused":
            return  # what used it first may itself be undone with its group, and be sent again
        if outcome.status.is_kept:
            self._given.setdefault(op_id, operation)

    def retract(self, operations: Iterable[Operation]) -> None:
        """Forget verdicts that were undone with their group, so that it can be judged again."""
        for operation in operations:
            undone = self._outcomes.pop(operation.position, None)
            is_ours = undone is not None and not undone.replayed
            if is_ours and operation.op_id is not None and self._given.get(operation.op_id) is operation:
                del self._given[operation.op_id]

    def remembered(self, op_id: UUID | None) -> Remembered | None:
        """The standing verdict on an op_id, from the ledger or from earlier in this batch."""
        if op_id is None:
            return None
        if op_id in self._ledger:
            return self._ledger[op_id]
        given = self._given.get(op_id)
        if given is None:
            return None
        return Remembered(fingerprint=given.fingerprint, outcome=self.outcome(given))

    def kept(self) -> list[tuple[Operation, Outcome]]:
        """The verdicts of this batch that the ledger shall keep. One of two copies with one op_id is among them."""
        return [(operation, self.outcome(operation)) for operation in self._given.values()]

    # -- judging without running -------------------------------------------------------------------------------

    def judged_by_envelope_or_ledger(self, operation: Operation) -> Outcome | None:
        """The verdict when the envelope is unusable, or the op_id is known."""
        known = self.remembered(operation.op_id)
        is_repeat = known is not None and known.fingerprint == operation.fingerprint
        if operation.faults and not is_repeat:
            return refusal("invalid", fields=operation.faults)
        if known is None:
            return None
        return known.outcome.as_replay() if is_repeat else refusal("operation_id_reused")

    def failed_replay(self, unit: Unit) -> Operation | None:
        """The member of a group that failed in an earlier request: it fails the group again before it starts."""
        if not unit.is_group:
            return None
        for operation in unit.operations:
            known = self.remembered(operation.op_id)
            if known and known.fingerprint == operation.fingerprint and not known.outcome.is_applied:
                return operation
        return None

    def judged_by_dependencies(self, operation: Operation) -> Outcome | None:
        """The verdict when an operation that this one needs was not applied."""
        for needed in self._plan.predecessors.get(operation.position, ()):
            if needed.position is not None:
                outcome = self._outcomes.get(needed.position)
            else:
                known = self._ledger.get(needed.op_id) if needed.op_id else None
                outcome = known.outcome if known else None
            if outcome is None and needed.op_id in self._beyond:
                outcome = refusal("not_attempted")
            if outcome is None or not outcome.is_applied:
                return dependency_failed(needed.name, outcome)
        return None


def dependency_failed(op_id: str | None, cause: Outcome | None) -> Outcome:
    """The verdict on an operation whose predecessor has that outcome; None for one never heard of."""
    return refusal(
        "dependency_failed",
        caused_by=op_id,
        retry=Retry.LATER if cause is not None and cause.retry is Retry.LATER else None,
    )


def group_failed(culprit: Operation, cause: Outcome) -> Outcome:
    """The verdict on the other members of a group."""
    return refusal(
        "group_failed",
        caused_by=culprit.echo("op_id"),
        retry=Retry.LATER if cause.retry is Retry.LATER else None,
    )
