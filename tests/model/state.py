"""The tables of the model: rows that are replaced and never changed in place, so that a group is taken back by
putting the old dictionary in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.model.catalogue import ENTITIES

Key = tuple[str, str]  # (entity, id)
Time = tuple[datetime, str]  # when by whom; the server and the admin are "", the lowest


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change of one field."""

    version: int
    client: str | None
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row with everything that ever happened to it."""

    entity: str
    id: str
    tenant: str
    values: dict[str, Any]
    version: int
    deleted: bool
    write_id: str | None
    edits: dict[str, tuple[Edit, ...]]  # by field, the insert first
    times: dict[str, Time]  # the time kept for each field
    writers: tuple[tuple[int, str | None], ...]  # (version, client) of each write

    def others_after(self, base: int, client: str | None) -> bool:
        """Whether anybody but this client changed the row after that version."""
        return any(version > base and by != client for version, by in self.writers)

    def others_edits(self, field: str, base: int, client: str | None) -> list[Edit]:
        """What others made of a field after that version."""
        return [e for e in self.edits[field] if e.version > base and e.client != client]

    def written(self, values: dict[str, Any], *, op_id: str | None, time: Time, client: str | None) -> Row:
        """The row after a write of these fields, all of which differ."""
        version = self.version + 1
        edits, times = dict(self.edits), dict(self.times)
        for name, value in values.items():
            edits[name] = (*edits[name], Edit(version=version, client=client, value=value))
            times[name] = (max(times[name][0], time[0]), time[1])
        return replace(
            self,
            values={**self.values, **values},
            version=version,
            write_id=op_id,
            edits=edits,
            times=times,
            writers=(*self.writers, (version, client)),
        )

    def timed(self, fields: set[str], time: Time) -> Row:
        """The row after equal values came with a later time."""
        return replace(self, times={**self.times, **{f: max(self.times[f], time) for f in fields}})

    def buried(self, *, op_id: str | None, client: str | None) -> Row:
        """The tombstone."""
        version = self.version + 1
        writers = (*self.writers, (version, client))
        return replace(self, deleted=True, version=version, write_id=op_id, writers=writers)


def new_row(
    entity: str,
    row_id: str,
    *,
    tenant: str,
    values: dict[str, Any],
    op_id: str | None,
    time: Time,
    client: str | None,
) -> Row:
    """A row at version 1: an insert is the first change of every field."""
    defaults = {name: column.default for name, column in ENTITIES[entity].columns.items()}
    full = {**defaults, **values}
    return Row(
        entity=entity,
        id=row_id,
        tenant=tenant,
        values=full,
        version=1,
        deleted=False,
        write_id=op_id,
        edits={n: (Edit(version=1, client=client, value=v),) for n, v in full.items()},
        times=dict.fromkeys(full, time),
        writers=((1, client),),
    )


class Tables:
    """All rows of all tenants."""

    def __init__(self) -> None:
        self.rows: dict[Key, Row] = {}

    def seen(self, tenant: str, entity: str, row_id: str) -> Row | None:
        """The row or its tombstone, as the tenant sees it."""
        row = self.rows.get((entity, row_id))
        return row if row is not None and row.tenant == tenant else None

    def living(self, tenant: str, entity: str, row_id: str) -> Row | None:
        """The row, when it is there and not deleted."""
        row = self.seen(tenant, entity, row_id)
        return row if row is not None and not row.deleted else None

    def all(self, tenant: str, entity: str) -> list[Row]:
        """Every living row of an entity."""
        return [r for r in self.rows.values() if r.entity == entity and r.tenant == tenant and not r.deleted]

    def put(self, row: Row) -> None:
        """Keep the row in the place of its former self."""
        self.rows[(row.entity, row.id)] = row

    def paid_for(self, tenant: str, sale_id: str) -> Decimal:
        """The living payments of a sale."""
        payments = self.all(tenant, "payments")
        return sum((p.values["amount"] for p in payments if p.values["sale_id"] == sale_id), Decimal(0))

    def owed_for(self, sale: Row) -> Decimal:
        """A sale owes its total less its payments; a void one owes nothing."""
        if sale.values["status"] == "void":
            return Decimal(0)
        return Decimal(sale.values["total"]) - self.paid_for(sale.tenant, sale.id)

    def owed_by(self, tenant: str, customer_id: str) -> Decimal:
        """Sales that are not void, less the payments on any of their sales, less those on the customer alone."""
        owed = Decimal(0)
        for sale in self.all(tenant, "sales"):
            if sale.values["customer_id"] == customer_id:
                owed += Decimal(0) if sale.values["status"] == "void" else sale.values["total"]
                owed -= self.paid_for(tenant, sale.id)
        for payment in self.all(tenant, "payments"):
            if payment.values["sale_id"] is None and payment.values["customer_id"] == customer_id:
                owed -= payment.values["amount"]
        return owed
