"""The ledger: (tenant, op_id) → fingerprint and first verdict. The base of *exactly once*.

A batch claims its op_ids before it runs anything: a copy elsewhere waits for our commit, or we for its. Claims
get their verdict, or are given back, in the same transaction.
Not here: what a repeat is answered (the engine's docket).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from sync.models import LedgerEntry
from sync.protocol.codes import Retry, Status
from sync.protocol.operation import Batch, Operation
from sync.protocol.outcome import ErrorDetail, Outcome

# Sorted, so that overlapping batches wait in one order and never for each other. Index: the primary key.
_CLAIM = """
    INSERT INTO sync_ledgerentry
        (tenant_id, op_id, fingerprint, entity, entity_id, client_id, batch_id, received_at, changed)
    SELECT %(tenant)s, c.op_id, c.fingerprint, c.entity, c.entity_id, %(client)s, %(batch)s, %(now)s, false
      FROM unnest(%(op_ids)s::uuid[], %(fingerprints)s::bytea[], %(entities)s::text[], %(entity_ids)s::uuid[])
        AS c (op_id, fingerprint, entity, entity_id)
     ORDER BY c.op_id
    ON CONFLICT (tenant_id, op_id) DO NOTHING
"""

# Index: the primary key.
_SETTLE = """
    UPDATE sync_ledgerentry AS l
       SET fingerprint = v.fingerprint, entity = v.entity, entity_id = v.entity_id, status = v.status,
           code = v.code, retry = v.retry, changed = v.changed, version = v.version,
           txid = v.txid, error = v.error
      FROM unnest(%(op_ids)s::uuid[], %(fingerprints)s::bytea[], %(entities)s::text[], %(entity_ids)s::uuid[],
                  %(statuses)s::text[], %(codes)s::text[], %(retries)s::text[],
                  %(changed)s::boolean[], %(versions)s::bigint[], %(txids)s::bigint[], %(errors)s::jsonb[])
        AS v (op_id, fingerprint, entity, entity_id, status, code, retry, changed, version, txid, error)
     WHERE l.tenant_id = %(tenant)s AND l.op_id = v.op_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A verdict that was given and stands."""

    op_id: UUID
    fingerprint: bytes
    entity: str
    entity_id: UUID | None
    outcome: Outcome


def claim(tenant_id: UUID, batch: Batch, batch_pk: UUID, operations: Iterable[Operation]) -> None:
    """Take the op_ids that nobody has, waiting for copies in flight.

    Errors: OperationalError (55P03) when a copy runs longer than the lock time-out.
    """
    first = {op.op_id: op for op in reversed(list(operations)) if op.op_id is not None}
    if not first:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "tenant": tenant_id,
                "client": batch.client_id,
                "batch": batch_pk,
                "now": batch.received_at,
                **_contents(list(first.values())),
            },
        )


def recall(tenant_id: UUID, op_ids: Iterable[UUID]) -> dict[UUID, Entry]:
    """{op_id: verdict} of those that have one; our own fresh claims have none."""
    rows = LedgerEntry.objects.filter(tenant_id=tenant_id, op_id__in=set(op_ids), status__isnull=False)
    return {row.op_id: _entry(row) for row in rows}


def settle(tenant_id: UUID, verdicts: Sequence[tuple[Operation, Outcome]]) -> None:
    """Write the verdicts of our claims, and whose they are: of two copies in a batch the second may be the one."""
    if not verdicts:
        return
    outcomes = [outcome for _, outcome in verdicts]
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLE,
            {
                "tenant": tenant_id,
                **_contents([operation for operation, _ in verdicts]),
                "statuses": [o.status for o in outcomes],
                "codes": [o.code for o in outcomes],
                "retries": [o.retry for o in outcomes],
                "changed": [o.changed for o in outcomes],
                "versions": [o.version for o in outcomes],
                "txids": [o.txid for o in outcomes],
                "errors": [_error_json(o) for o in outcomes],
            },
        )


def give_back(tenant_id: UUID, op_ids: Iterable[UUID]) -> None:
    """Remove claims without a verdict: skipped and failed operations may be sent again under their own op_id."""
    LedgerEntry.objects.filter(tenant_id=tenant_id, op_id__in=list(op_ids), status__isnull=True).delete()


def _entry(row: LedgerEntry) -> Entry:
    assert row.status is not None and row.retry is not None
    outcome = Outcome(
        status=Status(row.status),
        code=row.code,
        retry=Retry(row.retry),
        changed=row.changed,
        version=row.version,
        txid=row.txid,
        error=ErrorDetail.from_json(row.error) if row.error else None,
    )
    return Entry(
        op_id=row.op_id,
        fingerprint=bytes(row.fingerprint),
        entity=row.entity,
        entity_id=row.entity_id,
        outcome=outcome,
    )


def _contents(operations: Sequence[Operation]) -> dict[str, list[Any]]:
    """The columns of the ledger that say which operation it was."""
    return {
        "op_ids": [op.op_id for op in operations],
        "fingerprints": [op.fingerprint for op in operations],
        "entities": [_storable_text(op.entity) for op in operations],
        "entity_ids": [op.entity_id for op in operations],
    }


def _error_json(outcome: Outcome) -> str | None:
    return None if outcome.error is None else json.dumps(outcome.error.as_json())


def _storable_text(text: str | None) -> str:
    """An entity name as sent may hold what Postgres text cannot."""
    return (text or "").replace("\x00", "").encode("utf-8", "replace").decode()[:200]


__all__ = ["Entry", "claim", "give_back", "recall", "settle"]
