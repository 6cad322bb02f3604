"""From payload to row: structure, base_version, the row, references, rules, constraints, in the protocol's order.

Not here: the ledger, groups and dependencies (`server`), which come before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.model.catalogue import ENTITIES
from tests.model.envelope import Op
from tests.model.rules import Step, judge
from tests.model.state import Row, Tables, Time, new_row
from tests.model.values import Fault
from tests.model.verdict import Refusal, Verdict, applied


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who uploads, and the members of the business."""

    client: str
    user: str
    tenant: str
    role: str
    members: frozenset[str]
    now: datetime

    def time_of(self, op: Op) -> Time:
        """When the operation was made, by this client; without a time of its own: now."""
        return (op.time or self.now, self.client)


def execute(op: Op, caller: Caller, tables: Tables) -> Verdict:
    """Apply one operation or say why not. Tables are touched only when it is applied."""
    try:
        values = read_payload(op)
        if op.action in {"update", "delete"} and op.base_version is None:
            raise Refusal("base_version_required")
        return {"insert": _insert, "update": _update, "delete": _delete}[op.action or ""](op, caller, tables, values)
    except Refusal as refusal:
        return refusal.verdict


def read_payload(op: Op) -> dict[str, Any]:
    """The values to write. Errors: Refusal, `unknown_field` when nothing else is wrong."""
    columns = ENTITIES[op.entity or ""].columns
    names = list(op.payload)
    unknown = {name for name in names if name not in columns}
    faulty = {name for name in names if op.action == "delete" and name in columns}
    values: dict[str, Any] = {}
    for name, value in op.payload.items():
        if name in columns:
            try:
                values[name] = columns[name].read(value)
            except Fault:
                faulty.add(name)
    if op.action == "insert":
        faulty |= {name for name, column in columns.items() if column.required and name not in names}
    if faulty:
        raise Refusal("invalid", fields=frozenset(faulty | unknown))
    if unknown:
        raise Refusal("unknown_field", fields=frozenset(unknown))
    return values


def _insert(op: Op, caller: Caller, tables: Tables, values: dict[str, Any]) -> Verdict:
    assert op.entity is not None
    assert op.entity_id is not None
    taken = tables.rows.get((op.entity, op.entity_id))
    if taken is not None and taken.tenant != caller.tenant:
        raise Refusal("id_unavailable")
    if taken is not None:
        raise Refusal("gone" if taken.deleted else "already_exists")
    _references(op, caller, tables, values)
    row = new_row(
        op.entity,
        op.entity_id,
        tenant=caller.tenant,
        values=values,
        op_id=op.op_id,
        time=caller.time_of(op),
        client=caller.client,
    )
    _write(caller, tables, before=None, after=row, fields=set(row.values))
    return applied(None, version=1, changed=True)


def _update(op: Op, caller: Caller, tables: Tables, values: dict[str, Any]) -> Verdict:
    before = tables.seen(caller.tenant, op.entity or "", op.entity_id or "")
    if before is None:
        raise Refusal("not_found")
    if before.deleted:
        raise Refusal("gone")
    base = _base(op, before)
    time = caller.time_of(op)
    winners, losers = _resolve(before, values, base=base, time=time, client=caller.client)
    wins = {name: value for name, value in values.items() if name in winners}
    _references(op, caller, tables, wins)
    equal = {n for n in values if n not in winners and n not in losers and n in _last_write_wins(op)}
    stale = before.others_after(base, caller.client)
    if not winners:
        tables.put(before.timed(equal, time))
        return applied("superseded" if losers else "unchanged", version=before.version, changed=False)
    after = before.written(wins, op_id=op.op_id, time=time, client=caller.client).timed(equal, time)
    _write(caller, tables, before=before, after=after, fields=set(winners))
    return applied("merged" if stale else None, version=after.version, changed=True)


def _delete(op: Op, caller: Caller, tables: Tables, values: dict[str, Any]) -> Verdict:
    before = tables.living(caller.tenant, op.entity or "", op.entity_id or "")
    if before is None:
        return applied("already_gone", version=None, changed=False)
    base = _base(op, before)
    if before.others_after(base, caller.client):
        raise Refusal("stale_version")
    step = Step(tables=tables, user=caller.user, role=caller.role, before=before, after=None, fields=set(before.values))
    judge(before.entity, step)
    for entity, column in ENTITIES[before.entity].children:
        if any(child.values[column] == before.id for child in tables.all(caller.tenant, entity)):
            raise Refusal("has_children")
    after = before.buried(op_id=op.op_id, client=caller.client)
    tables.put(after)
    return applied(None, version=after.version, changed=True)


def _base(op: Op, row: Row) -> int:
    assert op.base_version is not None
    if op.base_version > row.version:
        raise Refusal("invalid", fields=frozenset({"base_version"}))
    return op.base_version


def _last_write_wins(op: Op) -> frozenset[str]:
    return ENTITIES[op.entity or ""].last_write_wins


def _resolve(row: Row, values: dict[str, Any], *, base: int, time: Time, client: str) -> tuple[set[str], set[str]]:
    """The fields to write and those that lost to a later write. Errors: Refusal when one clashes for good."""
    winners, losers, clashes = set(), set(), set()
    for name, value in values.items():
        if row.values[name] == value:
            continue
        # What others made of it after the base is compared as it is now: a client that first overwrote it knowingly
        # and then sends it from an older base is told of a conflict.
        if not row.others_edits(name, base, client):
            winners.add(name)
        elif name not in ENTITIES[row.entity].last_write_wins:
            clashes.add(name)
        elif row.edits[name][-1].client == client or time >= row.times[name]:
            winners.add(name)
        else:
            losers.add(name)
    if clashes:
        raise Refusal("stale_version", fields=frozenset(clashes))
    return winners, losers


def _references(op: Op, caller: Caller, tables: Tables, values: dict[str, Any]) -> None:
    missing = set()
    for name, value in values.items():
        target = ENTITIES[op.entity or ""].columns[name].references
        if target is None or value is None:
            continue
        if target == "members":
            found = value in caller.members
        else:
            found = tables.living(caller.tenant, target, value) is not None
        if not found:
            missing.add(name)
    if missing:
        raise Refusal("reference_not_found", fields=frozenset(missing))


def _write(caller: Caller, tables: Tables, *, before: Row | None, after: Row, fields: set[str]) -> None:
    step = Step(tables=tables, user=caller.user, role=caller.role, before=before, after=after, fields=fields)
    judge(after.entity, step)
    for columns in ENTITIES[after.entity].unique:
        mine = [after.values[c] for c in columns]
        if None in mine:
            continue
        for rival in tables.all(after.tenant, after.entity):
            if rival.id != after.id and [rival.values[c] for c in columns] == mine:
                raise Refusal("unique_violation", fields=frozenset(columns), duplicate_of=rival.id)
    tables.put(after)
