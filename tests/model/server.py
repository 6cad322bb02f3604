"""The model of the server: ledger, groups, dependencies and limits around the writing of single operations.

**Source**: the protocol's sections on order, groups, dependencies and exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.model.catalogue import ENTITIES
from tests.model.envelope import Op, read
from tests.model.state import Key, Row, Tables, new_row
from tests.model.values import as_moment
from tests.model.verdict import Refusal, Verdict, refused
from tests.model.writing import Caller, execute

TODAYS_SCHEMA = 1


@dataclass(slots=True, kw_only=True)
class Run:
    """One batch on its way."""

    caller: Caller
    ops: list[Op]
    verdicts: list[Verdict | None]
    inserts: dict[Key, tuple[Any, Verdict]] = field(default_factory=dict)  # the last of each row so far

    def judged(self, op_id: str) -> Verdict | None:
        """The verdict of an operation of this batch that had its turn."""
        found = [v for o, v in zip(self.ops, self.verdicts, strict=True) if o.op_id == op_id and v is not None]
        return found[-1] if found else None


class Model:
    """A server that keeps its promises by being simple.

    **Shape**: `members` is {(tenant, user): role} of active members; the ledger is {(tenant, op_id): (content,
    verdict)}; `last_inserts` is {(tenant, client, row): (op_id, verdict)}, replays and skipped ones included.
    """

    def __init__(self, *, max_operations: int = 1000) -> None:
        self.max_operations = max_operations
        self.members: dict[tuple[str, str], str] = {}
        self.tables = Tables()
        self.ledger: dict[tuple[str, str], tuple[Any, Verdict]] = {}
        self.last_inserts: dict[tuple[str, str, Key], tuple[str, Verdict]] = {}
        self.last_verdicts: dict[tuple[str, str], Verdict] = {}

    def upload(self, client: str, *, user: str, tenant: str, batch: dict[str, Any], now: datetime) -> list[Verdict]:
        """Judge and apply a batch; one verdict for each operation, in request order."""
        members = frozenset(u for t, u in self.members if t == tenant)
        role = self.members[(tenant, user)]
        caller = Caller(client=client, user=user, tenant=tenant, role=role, members=members, now=now)
        sent_at = as_moment(batch.get("sent_at"))
        offset = sent_at - now if sent_at else timedelta(0)
        schema = batch.get("schema_version")
        ops = [read(sent, offset=offset, now=now, schema_version=schema) for sent in batch["operations"]]
        run = Run(caller=caller, ops=ops, verdicts=[None] * len(ops))
        room = self.max_operations
        for unit in units(ops, atomic=bool(batch.get("atomic"))):
            room = room - len(unit) if len(unit) <= room else -1
            if room < 0:
                for position in unit:
                    run.verdicts[position] = refused("not_attempted")
            elif len(unit) == 1:
                self._single(run, unit[0])
            else:
                self._group(run, unit)
        verdicts = settle_retries(ops, [v for v in run.verdicts if v is not None])
        self._remember(run, verdicts)
        return verdicts

    def _single(self, run: Run, position: int) -> None:
        op = run.ops[position]
        verdict = self._known(run, op) or self._judge(run, op)
        self._note(run, position, verdict)
        self._keep(run, op, verdict)

    def _group(self, run: Run, unit: list[int]) -> None:
        known = {p: v for p in unit if (v := self._known(run, run.ops[p])) is not None}
        culprit = next((p for p in unit if p in known and known[p].replayed and not known[p].is_applied), None)
        is_known_to_fail = culprit is not None
        rows, inserts = dict(self.tables.rows), dict(run.inserts)
        attempted: list[int] = []
        for position in unit if culprit is None else ():
            op = run.ops[position]
            verdict = self._known(run, op) or self._judge(run, op)
            self._note(run, position, verdict)
            if self._keep(run, op, verdict):
                attempted.append(position)
            if not verdict.is_applied:
                culprit = position
                break
        if culprit is None:
            return
        self._take_back_winner(run, culprit, rows)
        self.tables.rows, run.inserts = rows, inserts
        for position in attempted:
            self._forget(run, run.ops[position])
        for position in unit:
            run.verdicts[position] = run.verdicts[position] if position == culprit else None
        self._fail_group(run, unit, culprit, is_known_to_fail=is_known_to_fail)

    def _take_back_winner(self, run: Run, culprit: int, rows: dict[Key, Row]) -> None:
        """A row that exists only in a group that fails is nobody's duplicate."""
        verdict, entity = run.verdicts[culprit], run.ops[culprit].entity or ""
        if verdict is None or verdict.duplicate_of is None or verdict.replayed:
            return
        key = (entity, verdict.duplicate_of)
        columns = ENTITIES[entity].unique[0]
        was = rows.get(key)
        stays = was is not None and all(was.values[c] == self.tables.rows[key].values[c] for c in columns)
        if not stays:
            run.verdicts[culprit] = replace(verdict, duplicate_of=None)

    def _fail_group(self, run: Run, unit: list[int], culprit: int, *, is_known_to_fail: bool) -> None:
        """The culprit's verdict stands; the others failed with it, but for repeats.

        Where a repeat had failed the group before it began, a broken envelope and a used op_id come first.
        """
        verdict = run.verdicts[culprit] or self._known(run, run.ops[culprit])
        assert verdict is not None
        self._keep(run, run.ops[culprit], verdict)
        for position in unit:
            op = run.ops[position]
            mine = verdict if position == culprit else self._known(run, op)
            if mine is None or not (position == culprit or mine.replayed or is_known_to_fail):
                mine = refused("group_failed", caused_by=run.ops[culprit].name)
            self._note(run, position, mine)
            self._keep(run, op, mine)

    def _known(self, run: Run, op: Op) -> Verdict | None:
        """What can be said before executing: a broken envelope, a repeat, or a used op_id."""
        entry = self.ledger.get((run.caller.tenant, op.op_id)) if op.op_id else None
        if entry is not None and entry[0] == op.content:
            return replace(entry[1], replayed=True)
        if op.verdict is not None:
            return op.verdict
        return refused("operation_id_reused") if entry is not None else None

    def _judge(self, run: Run, op: Op) -> Verdict:
        if op.unknown is not None:
            return op.unknown
        try:
            self._dependencies(run, op)
        except Refusal as refusal:
            return refusal.verdict
        if (op.schema_version or TODAYS_SCHEMA) != TODAYS_SCHEMA:
            return refused("upgrade_required")
        return execute(op, run.caller, self.tables)

    def _dependencies(self, run: Run, op: Op) -> None:
        tenant = run.caller.tenant
        for needed in op.depends_on:
            verdict = run.judged(needed)
            if verdict is None and (tenant, needed) in self.ledger:
                verdict = self.ledger[(tenant, needed)][1]
            if needed == op.op_id or verdict is None or not verdict.is_applied:
                raise Refusal("dependency_failed", caused_by=needed)
        keys = [(entity, row_id) for _, entity, row_id in op.references()]
        if op.action in {"update", "delete"} and op.key:
            keys.insert(0, op.key)
        inserts = [run.inserts[key] for key in keys if key in run.inserts]
        for key in keys:
            earlier = self.last_inserts.get((tenant, run.caller.client, key))
            if earlier is not None and self.tables.seen(tenant, *key) is None:
                inserts.append(earlier)
        for name, verdict in inserts:
            if not verdict.is_applied:
                raise Refusal("dependency_failed", caused_by=name, is_for_later=verdict.retry == "later")

    def _note(self, run: Run, position: int, verdict: Verdict) -> None:
        run.verdicts[position] = verdict
        op = run.ops[position]
        if op.action == "insert" and op.key:
            run.inserts[op.key] = (op.name, verdict)

    def _keep(self, run: Run, op: Op, verdict: Verdict) -> bool:
        key = (run.caller.tenant, op.op_id or "")
        is_new = bool(op.op_id) and verdict.is_kept and key not in self.ledger
        if is_new:
            self.ledger[key] = (op.content, verdict)
        return is_new

    def _forget(self, run: Run, op: Op) -> None:
        self.ledger.pop((run.caller.tenant, op.op_id or ""), None)

    def _remember(self, run: Run, verdicts: list[Verdict]) -> None:
        tenant, client = run.caller.tenant, run.caller.client
        for op, verdict in zip(run.ops, verdicts, strict=True):
            if op.op_id:
                self.last_verdicts[(tenant, op.op_id)] = verdict
            if op.action == "insert" and op.key and op.op_id:
                self.last_inserts[(tenant, client, op.key)] = (op.op_id, verdict)

    def admin_insert(self, entity: str, row_id: str, *, tenant: str, values: dict[str, Any], now: datetime) -> None:
        """A row made by somebody at the server."""
        row = new_row(entity, row_id, tenant=tenant, values=values, op_id=None, time=(now, ""), client=None)
        self.tables.put(row)

    def admin_update(self, row: Row, values: dict[str, Any], now: datetime) -> None:
        """An edit by somebody at the server: no rules, a version like any other write."""
        changes = {n: v for n, v in values.items() if row.values[n] != v}
        if changes:
            self.tables.put(row.written(changes, op_id=None, time=(now, ""), client=None))

    def admin_delete(self, row: Row) -> None:
        """A delete by somebody at the server."""
        self.tables.put(row.buried(op_id=None, client=None))


def units(ops: list[Op], *, atomic: bool) -> list[list[int]]:
    """Positions that stand or fall together, in the order of their first members."""
    if atomic:
        return [list(range(len(ops)))] if ops else []
    found: dict[str, list[int]] = {}
    for position, op in enumerate(ops):
        found.setdefault(op.group or f"alone {position}", []).append(position)
    return list(found.values())


def settle_retries(ops: list[Op], verdicts: list[Verdict]) -> list[Verdict]:
    """A skipped operation is for later when the one that caused it is."""
    verdicts = list(verdicts)
    for _ in verdicts:
        by_id = {o.op_id: v for o, v in zip(reversed(ops), reversed(verdicts), strict=True)}  # the first of each
        for position, verdict in enumerate(verdicts):
            cause = by_id.get(verdict.caused_by) if isinstance(verdict.caused_by, str) else None
            if cause is not None and cause.retry == "later":
                verdicts[position] = replace(verdict, retry="later")
    return verdicts
