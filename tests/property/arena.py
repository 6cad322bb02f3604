"""The server and the model side by side: the same steps to both, and the first difference between them.

Not here: which steps (`generator`).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.test import Client

from entities.accounts.models import Business, Membership, User
from sync.auth.tokens import issue_access
from tests.model import Model, Verdict
from tests.model.catalogue import ENTITIES
from tests.model.values import encode
from tests.property.compare import MODELS, difference, rows_differ
from tests.property.generator import Generator, Step
from tests.property.world import World

EMPTY = """
    TRUNCATE customers, sales, sale_items, payments, distributions, memberships, businesses,
    sync_syncclient, sync_syncbatch, sync_syncoperation, sync_ledgerentry CASCADE
"""


class Difference(AssertionError):
    """The server and the model disagree."""


@dataclass(slots=True, kw_only=True)
class Arena:
    """One run. **Shape**: `counts` is {(status, code): how often}."""

    world: World
    model: Model
    http: Client
    counts: Counter[tuple[str, str | None]]
    operations: int = 0
    batches: int = 0

    @classmethod
    def prepare(cls, world: World, *, max_operations: int) -> Arena:
        """Empty tables, the world's users and memberships, and a model that knows as much."""
        with connection.cursor() as cursor:
            cursor.execute(EMPTY)
        model = Model(max_operations=max_operations)
        model.members = dict(world.members)
        Business.objects.bulk_create(Business(id=t, name=t) for t in world.tenants)
        for user in world.users:
            User.objects.get_or_create(id=user, defaults={"username": user})
        Membership.objects.bulk_create(
            Membership(business_id=t, user_id=u, role=role) for (t, u), role in world.members.items()
        )
        return cls(world=world, model=model, http=Client(), counts=Counter())

    def play(self, step: Step) -> None:
        """One step to both. Errors: Difference."""
        if step.admin:
            self._admin(*step.admin)
        else:
            self._upload(step)

    def check_tables(self) -> None:
        """Compare every row. Errors: Difference."""
        for entity in ENTITIES:
            stored = {str(row.pk): row for row in MODELS[entity].objects.all()}
            expected = {row_id: row for (e, row_id), row in self.model.tables.rows.items() if e == entity}
            if stored.keys() != expected.keys():
                raise Difference(f"{entity}: rows {sorted(stored.keys() ^ expected.keys())} exist on one side only")
            for row_id, row in expected.items():
                if text := rows_differ(row, stored[row_id]):
                    raise Difference(f"after {self.batches} batches: {entity} {row_id}: {text}\n{history(row)}")

    def post(self, step: Step, batch: dict[str, Any]) -> dict[str, Any]:
        """Send a batch to the real endpoint. Errors: Difference for any answer but 200."""
        assert step.device is not None
        token = issue_access(user_id=UUID(step.device.user), tenant_id=UUID(step.tenant))
        answer = self.http.post(
            "/api/sync/batch",
            data=encode(batch),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        if answer.status_code != 200:
            raise Difference(f"{answer.status_code} {answer.content.decode()}\nfor {encode(batch)}")
        body: dict[str, Any] = json.loads(answer.content)
        return body

    def _upload(self, step: Step) -> None:
        assert step.device is not None
        now = datetime.now(UTC)
        batch = {"client_id": step.device.client, **step.batch}
        if isinstance(batch.get("sent_at"), timedelta):
            batch["sent_at"] = (now + batch["sent_at"]).isoformat()
        verdicts = self.model.upload(
            step.device.client, user=step.device.user, tenant=step.tenant, batch=batch, now=now
        )
        body = self.post(step, batch)
        self.batches += 1
        self.operations += len(verdicts)
        for position, (verdict, result) in enumerate(zip(verdicts, body["results"], strict=True)):
            self.counts[(result["status"], result["code"])] += 1
            sent = batch["operations"][position]
            if text := difference(verdict, result, self.model, step.tenant):
                raise Difference(self._report(step, batch, position, verdict, result, sent, text))
        if text := _batch_faults(body):
            raise Difference(f"batch {self.batches}: {text}\n{body}")

    def _report(
        self,
        step: Step,
        batch: dict[str, Any],
        position: int,
        verdict: Verdict,
        result: dict[str, Any],
        sent: Any,
        text: str,
    ) -> str:
        key = (sent.get("entity"), sent.get("entity_id")) if isinstance(sent, dict) else None
        row = self.model.tables.rows.get(key) if key and all(isinstance(k, str) for k in key) else None
        role = self.model.members.get((step.tenant, step.device.user if step.device else ""))
        return (
            f"batch {self.batches}, operation {position}, {role}, client {batch['client_id']}: {text}\n"
            f"sent    {encode(sent)}\nmodel   {verdict}\nserver  {json.dumps(result)}\n"
            f"{history(row) if row else 'no such row in the model'}\n"
            f"batch   {encode(batch)}"
        )

    def _admin(self, kind: str, *arguments: str) -> None:
        if kind == "role":
            tenant, user, role = arguments
            Membership.objects.filter(business_id=tenant, user_id=user).update(role=role)
            self.model.members[(tenant, user)] = role
            return
        entity, row_id = arguments[:2]
        row = self.model.tables.rows.get((entity, row_id))
        if row is None or row.deleted:
            return
        if kind == "delete":
            children = ENTITIES[entity].children
            living = [r for e, c in children for r in self.model.tables.all(row.tenant, e) if r.values[c] == row_id]
            if not living:
                MODELS[entity].objects.get(pk=row_id).delete()
                self.model.admin_delete(row)
            return
        name, value = arguments[2:]
        taken = ENTITIES[entity].columns[name].read(value)
        others = self.model.tables.all(row.tenant, entity)
        if name == "product" and any(r.values[name] == taken for r in others):
            return  # one row of this name is enough: the day must stay unique
        stored = MODELS[entity].objects.get(pk=row_id)
        setattr(stored, name, taken)
        stored.save()
        self.model.admin_update(row, {name: taken}, datetime.now(UTC))


def history(row: Any) -> str:
    """Every version of a row, for people."""
    lines = [f"history of {row.entity} {row.id}, now version {row.version}{', deleted' if row.deleted else ''}:"]
    for version, client in row.writers:
        changes = {n: str(e.value) for n, edits in row.edits.items() for e in edits if e.version == version}
        lines.append(f"  {version} by {client or 'the server'}: {changes}")
    lines.append(f"  times kept: { {n: (t.isoformat(), c) for n, (t, c) in row.times.items()} }")
    return "\n".join(lines)


def run(seed: int, *, operations: int, max_operations: int, check_every: int = 20, shrinking: bool = True) -> Arena:
    """Play random steps until that many operations were sent. Errors: Difference, with the seed."""
    placeholder = Model(max_operations=max_operations)
    generator = Generator(seed, placeholder.tables, max_operations=max_operations)
    arena = Arena.prepare(generator.world, max_operations=max_operations)
    generator.tables = arena.model.tables
    steps: list[Step] = []
    try:
        while arena.operations < operations:
            steps.append(generator.step())
            arena.play(steps[-1])
            if len(steps) % check_every == 0:
                arena.check_tables()
        arena.check_tables()
    except Difference as found:
        if not shrinking:
            raise
        smaller = shrink(steps, generator.world, max_operations=max_operations)
        raise Difference(f"seed {seed}: {found}\n\n{len(smaller)} steps suffice:\n{told(smaller)}") from found
    return arena


def shrink(steps: list[Step], world: World, *, max_operations: int, budget: int = 60) -> list[Step]:
    """Fewer steps, then fewer operations, as long as some difference remains."""

    def differs(candidate: list[Step]) -> bool:
        nonlocal budget
        budget -= 1
        arena = Arena.prepare(world, max_operations=max_operations)
        try:
            for step in candidate:
                arena.play(step)
            arena.check_tables()
        except Difference:
            return True
        return False

    size = len(steps) // 2
    while size and budget > 0:
        start = 0
        while start < len(steps) and budget > 0:
            candidate = steps[:start] + steps[start + size :]
            if candidate and differs(candidate):
                steps = candidate
            else:
                start += size
        size //= 2
    return _fewer_operations(steps, differs, lambda: budget > 0)


def _fewer_operations(steps: list[Step], differs: Any, may_go_on: Any) -> list[Step]:
    for place, step in enumerate(steps):
        position = 0
        while position < len(step.batch.get("operations", ())) > 1 and may_go_on():
            left = [o for p, o in enumerate(steps[place].batch["operations"]) if p != position]
            smaller = replace(steps[place], batch={**steps[place].batch, "operations": left})
            if left and differs([*steps[:place], smaller, *steps[place + 1 :]]):
                steps = [*steps[:place], smaller, *steps[place + 1 :]]
                step = smaller  # noqa: PLW2901
            else:
                position += 1
    return steps


def told(steps: list[Step]) -> str:
    """The steps as one can read and replay them."""
    lines = []
    for step in steps[:20]:
        if step.admin:
            lines.append(f"admin {step.admin}")
        else:
            assert step.device is not None
            batch = {**step.batch, "sent_at": str(step.batch.get("sent_at"))}
            lines.append(f"{step.device.client} of {step.device.user} in {step.tenant}: {encode(batch)}")
    return "\n".join(lines)


def _batch_faults(body: dict[str, Any]) -> str:
    results = body["results"]
    counts = Counter(r["status"] for r in results)
    counts["replayed"] = sum(r["replayed"] for r in results)
    expected = {s: counts[s] for s in ("applied", "conflict", "rejected", "skipped", "failed", "replayed")}
    if body["summary"] != expected:
        return f"summary {body['summary']}, counted {expected}"
    mine = {r["txid"] for r in results if r["txid"] is not None and not r["replayed"]}
    if mine - {body["txid"]} or (body["txid"] is not None and not mine and not any(r["replayed"] for r in results)):
        return f"txid {body['txid']}, but operations have {mine}"
    if sorted(body["txids"]) != sorted({r["txid"] for r in results if r["txid"] is not None}):
        return f"txids {body['txids']}"
    return ""
