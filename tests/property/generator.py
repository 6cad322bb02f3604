"""Random batches with a taste for trouble: collisions, repeats, tampering, bad members, chains, old versions, clocks.

A seed decides everything. The generator looks at the model's tables, to send a row's true version as often as an
old one; it never looks at the server.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.model.catalogue import ENTITIES
from tests.model.state import Tables
from tests.model.values import Number
from tests.property.payloads import BAD_ENVELOPE, good_value, spoil
from tests.property.world import Device, World, random_uuid

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
# Weights: sales and payments have the rules that depend on each other.
ENTITY_CHOICES = (
    "customers",
    "customers",
    "sales",
    "sales",
    "sales",
    "sale_items",
    "payments",
    "payments",
    "distributions",
)


@dataclass(slots=True, kw_only=True)
class Step:
    """One thing that happens: a batch of a client, or something an admin does."""

    device: Device | None = None
    tenant: str = ""
    batch: dict[str, Any] = field(default_factory=dict)
    admin: tuple[Any, ...] = ()


class Generator:
    """The steps of one run, drawn one by one."""

    def __init__(self, seed: int, tables: Tables, *, max_operations: int) -> None:
        self.random = Random(seed)
        self.world = World(self.random)
        self.tables = tables
        self.max_operations = max_operations
        self.sent: list[tuple[str, dict[str, Any]]] = []  # (tenant, operation) of the past

    def step(self) -> Step:
        """What happens next."""
        if self.random.random() < 0.08:
            return Step(admin=self._admin())
        return self._batch()

    def _batch(self) -> Step:
        random = self.random
        device = random.choice(self.world.devices)
        tenant = random.choice(device.tenants)
        shapes = (self._loose, self._rivalry, self._groups, self._chain, self._story, self._flood)
        shape = random.choices(shapes, (5, 3, 2, 1.5, 3, 0.2))[0]
        operations = shape(tenant)
        if len(operations) > 2 and random.random() < 0.08:
            operations.append(self._repeat(o for o in operations if isinstance(o, dict)))
        batch: dict[str, Any] = {"operations": operations}
        if random.random() < 0.1 and len(operations) <= self.max_operations:
            batch["atomic"] = True
        if random.random() < 0.03:
            batch["schema_version"] = random.choice((1, 2))
        if random.random() < 0.25:
            self._skew(batch)
        self.sent += [(tenant, o) for o in operations if isinstance(o, dict)]
        del self.sent[:-400]
        return Step(device=device, tenant=tenant, batch=batch)

    def _loose(self, tenant: str) -> list[Any]:
        return [self._any(tenant) for _ in range(self.random.randint(1, 9))]

    def _rivalry(self, tenant: str) -> list[Any]:
        """Edits of fields where the last write wins, from old versions, with stamps that are often equal."""
        operations = []
        for _ in range(self.random.randint(1, 5)):
            row_id = self.random.choice(self.world.pools[(tenant, "customers")])
            row = self.tables.seen(tenant, "customers", row_id)
            if row is None:
                operations.append(self._insert(tenant, "customers", row_id))
            else:
                operation = self._operation("customers", "update", row_id)
                names = self.random.sample(("phone", "address", "notes"), self.random.choice((1, 1, 2)))
                operation["payload"] = {name: good_value(self.random, name) for name in names}
                operation["base_version"] = self.random.randint(max(1, row.version - 3), row.version)
                operations.append(operation)
            operations[-1]["client_timestamp"] = self._stamp()
        return operations

    def _groups(self, tenant: str) -> list[Any]:
        groups = [random_uuid(self.random) for _ in range(self.random.randint(1, 4))]
        operations = [self._any(tenant, calm=True) for _ in range(self.random.randint(2, 9))]
        for operation in operations:
            if isinstance(operation, dict) and self.random.random() < 0.85:
                operation["sync_group_id"] = self.random.choice(groups)
        return operations

    def _chain(self, tenant: str) -> list[Any]:
        """Each operation names one or two before it: chains and diamonds, at times a later or an unknown one."""
        operations = [self._any(tenant, calm=True) for _ in range(self.random.randint(2, 8))]
        known = [o.get("op_id") for o in operations if isinstance(o, dict)]
        for place, operation in enumerate(operations):
            if not isinstance(operation, dict) or self.random.random() < 0.2:
                continue
            earlier = known[:place] or known
            needs = self.random.choices(earlier, k=self.random.choice((1, 1, 2)))
            if self.random.random() < 0.06:
                needs.append(self.random.choice((random_uuid(self.random), known[-1], operation.get("op_id"))))
            operation["depends_on"] = [n for n in needs if isinstance(n, str)]
        return operations

    def _story(self, tenant: str) -> list[Any]:
        """A sale with what belongs to it, in one group or one after the other."""
        fresh = {e: random_uuid(self.random) for e in ("customers", "sales", "sale_items", "payments")}
        for entity, row_id in fresh.items():
            pool = self.world.pools[(tenant, entity)]
            pool[self.random.randrange(len(pool))] = row_id
        story = [self._insert(tenant, entity, row_id) for entity, row_id in fresh.items()]
        story[1]["payload"].update(customer_id=fresh["customers"], number=random_uuid(self.random)[:30], status="open")
        story[2]["payload"]["sale_id"] = fresh["sales"]
        story[3]["payload"].update(sale_id=fresh["sales"], customer_id=fresh["customers"])
        if self.random.random() < 0.3:
            story.append(self._any(tenant))
        if self.random.random() < 0.5:
            group = random_uuid(self.random)
            for operation in story:
                if isinstance(operation, dict):
                    operation["sync_group_id"] = group
        return story

    def _flood(self, tenant: str) -> list[Any]:
        operations = []
        while len(operations) < self.max_operations + 6:
            operations += self.random.choice((self._loose, self._groups, self._chain))(tenant)
        return operations[: self.max_operations + 6]

    def _any(self, tenant: str, *, calm: bool = False) -> Any:
        random = self.random
        if self.sent and random.random() < 0.1:
            return self._repeat(o for _, o in self.sent)
        entity = random.choice(ENTITY_CHOICES)
        operation = self._fresh(tenant, entity)
        if random.random() < (0.05 if calm else 0.1) and operation["action"] != "delete":
            required = [n for n, c in ENTITIES[entity].columns.items() if c.required]
            operation["payload"] = spoil(random, operation["payload"], required)
        elif random.random() < 0.03:
            name, values = random.choice(BAD_ENVELOPE)
            operation[name] = random.choice(values)
        elif random.random() < 0.01:
            return random.choice((5, "text", None, [], Number("NaN")))
        return operation

    def _fresh(self, tenant: str, entity: str) -> dict[str, Any]:
        row_id = self.world.row_id(tenant, entity)
        row = self.tables.rows.get((entity, row_id))
        if row is not None and row.deleted and self.random.random() < 0.3:
            self.world.renew(tenant, entity, row_id)
        likely = (8, 1, 1) if row is None or self.random.random() < 0.06 else (0, 6, 1.5)
        make = self.random.choices((self._insert, self._update, self._delete), likely)[0]
        operation = make(tenant, entity, row_id)
        if self.random.random() < 0.4:
            operation["client_timestamp"] = self._stamp()
        if self.random.random() < 0.02:
            operation["schema_version"] = self.random.choice((1, 2, 3))
        return operation

    def _operation(self, entity: str, action: str, row_id: str) -> dict[str, Any]:
        op_id = random_uuid(self.random)
        return {"op_id": op_id, "entity": entity, "action": action, "entity_id": row_id}

    def _insert(self, tenant: str, entity: str, row_id: str) -> dict[str, Any]:
        columns = ENTITIES[entity].columns
        names = [n for n, c in columns.items() if c.required or self.random.random() < 0.5]
        operation = self._operation(entity, "insert", row_id)
        operation["payload"] = {name: self._value(tenant, entity, name) for name in names}
        if entity == "sales":
            operation["payload"]["total"] = self.random.choice(("25.50", "40.00", "100"))
        return operation

    def _update(self, tenant: str, entity: str, row_id: str) -> dict[str, Any]:
        names = list(ENTITIES[entity].columns)
        favourites = [n for n in names if n in {"phone", "address", "notes", "total", "status", "quantity_sold"}]
        chosen = self.random.sample(names, self.random.choice((0, 1, 1, 1, 2, 3)))
        chosen += [n for n in favourites if n not in chosen and self.random.random() < 0.4]
        operation = self._operation(entity, "update", row_id)
        operation["payload"] = {name: self._value(tenant, entity, name) for name in chosen}
        self._base(operation)
        return operation

    def _delete(self, tenant: str, entity: str, row_id: str) -> dict[str, Any]:
        operation = self._operation(entity, "delete", row_id)
        self._base(operation)
        return operation

    def _base(self, operation: dict[str, Any]) -> None:
        row = self.tables.rows.get((operation["entity"], operation["entity_id"]))
        version = row.version if row else 1
        kind = self.random.choices(("now", "old", "above", "none"), (60, 36, 2, 2))[0]
        if kind == "now":
            operation["base_version"] = version
        elif kind == "old":
            operation["base_version"] = self.random.randint(max(1, version - 5), version)
        elif kind == "above":
            operation["base_version"] = version + self.random.choice((1, 2, 50))

    def _value(self, tenant: str, entity: str, column: str) -> Any:
        target = ENTITIES[entity].columns[column].references
        if target is None:
            return good_value(self.random, column)
        if target == "members":
            return self.random.choice((*self.world.sellers(tenant), self.random.choice(self.world.users)))
        if ENTITIES[entity].columns[column].nullable and self.random.random() < 0.25:
            return None
        if self.random.random() < 0.02:
            return random_uuid(self.random)
        return self.world.row_id(tenant, target)

    def _repeat(self, candidates: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """An operation again: as it was, spelled differently, in other company, or tampered with."""
        operation = dict(self.random.choice(list(candidates) or [self._fresh(self.world.tenants[0], "customers")]))
        kind = self.random.choice(("same", "same", "order", "company", "payload", "content"))
        payload = operation.get("payload")
        if kind == "order":
            items = list(operation.items())
            self.random.shuffle(items)
            operation = dict(items)
            if isinstance(payload, dict):
                operation["payload"] = {k: respelled(v) for k, v in reversed(payload.items())}
        elif kind == "company":
            operation.pop("depends_on", None)
            operation["sync_group_id"] = random_uuid(self.random)
            operation["client_timestamp"] = self._stamp()
        elif kind == "payload" and isinstance(payload, dict):
            operation["payload"] = {**payload, "notes": "tampered with"}
        elif kind == "content":
            name = self.random.choice(("base_version", "entity_id", "action"))
            operation[name] = {"base_version": 7, "entity_id": random_uuid(self.random), "action": "delete"}[name]
            if name == "action":
                operation.pop("payload", None)
        return operation

    def _stamp(self) -> str:
        """One of few moments, so that two clients often name the same; at times one that has not come yet."""
        if self.random.random() < 0.05:
            return "2150-01-01T00:00:00Z"
        return (EPOCH + timedelta(hours=self.random.randrange(12))).isoformat()

    def _skew(self, batch: dict[str, Any]) -> None:
        """Mark the batch as sent by a clock that is hours or years off; its stamps are made by the same clock."""
        off = timedelta(seconds=self.random.choice((-3600, 86_400 * 400, -86_400 * 400, 90)))
        batch["sent_at"] = off
        for operation in batch["operations"]:
            if isinstance(operation, dict) and isinstance(operation.get("client_timestamp"), str):
                true = EPOCH + timedelta(seconds=self.random.randrange(12 * 3600))
                operation["client_timestamp"] = (true + off).isoformat()

    def _admin(self) -> tuple[Any, ...]:
        living = [r for r in self.tables.rows.values() if not r.deleted]
        kind = self.random.choice(("update", "update", "update", "delete", "role"))
        if kind == "role" or not living:
            membership = self.random.choice(sorted(self.world.members))
            return ("role", *membership, self.random.choice(("manager", "seller")))
        row = self.random.choice(living)
        if kind == "delete":
            return ("delete", row.entity, row.id)
        columns = {
            "customers": ("name", "phone", "address", "notes", "credit_limit"),
            "sales": ("notes", "void_reason", "sold_at"),
            "sale_items": ("product", "quantity"),
            "payments": ("notes", "method"),
            "distributions": ("product",),
        }[row.entity]
        name = self.random.choice(columns)
        by_hand = {"notes", "address", "void_reason", "product"}
        value = "edited by hand" if name in by_hand else good_value(self.random, name)
        return ("update", row.entity, row.id, name, value)


def respelled(value: Any) -> Any:
    """The same JSON number in other characters."""
    if isinstance(value, Number) and value.text.replace(".", "", 1).isdigit():
        return Number(value.text + ("0" if "." in value.text else ".0"))
    if isinstance(value, int) and not isinstance(value, bool):
        return Number(f"{value}e0")
    return value
