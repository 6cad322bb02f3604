"""The log: a row per batch and a row per operation, for the people who look for a lost write.

Not here: structured log lines (the API writes one per batch), how long rows are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from sync.models import SyncBatch, SyncOperation
from sync.protocol import canonical
from sync.protocol.codes import Action, Retry, Status
from sync.protocol.operation import Batch, Operation
from sync.protocol.outcome import BatchResult, ErrorDetail, Outcome, ServerRow
from sync.protocol.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """How a request came in: what the log keeps beside the batch itself."""

    batch_pk: UUID  # our id of the SyncBatch row, made before anything runs
    request_id: str
    traceparent: str
    received_at: datetime
    user_id: UUID | None
    tenant_id: UUID | None
    started: float  # time.monotonic() at receipt

    def milliseconds(self) -> int:
        """Since receipt."""
        return round((time.monotonic() - self.started) * 1000)


_NOT_IN_LEDGER = [status for status in Status if not status.is_kept]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedVerdict:
    """The last verdict on an operation that the ledger does not keep."""

    entity: str
    entity_id: UUID | None
    outcome: Outcome


def completed(receipt: Receipt, batch: Batch, result: BatchResult, *, attempts: int) -> None:
    """Log a batch that has a verdict for every operation. Runs inside its transaction."""
    summary = result.summary
    row = _batch_row(receipt, batch)
    row.state = SyncBatch.State.COMPLETED
    row.http_status = 200
    row.attempts = attempts
    row.txid = result.txid
    for name, count in summary.items():
        setattr(row, name, count)
    row.save(force_insert=True)
    _copy_operations(row, zip(batch.operations, result.outcomes, strict=True))


def aborted(receipt: Receipt, batch: Batch | None, problem: Problem, *, attempts: int) -> None:
    """Log a batch of which nothing was executed. Runs in a transaction of its own, after the rollback."""
    connection.close_if_unusable_or_obsolete()  # it may be why the batch was aborted
    if was_committed(receipt.batch_pk):
        return  # its commit got no answer, but it happened: the log is right as it stands
    row = _batch_row(receipt, batch)
    row.state = SyncBatch.State.ABORTED
    row.http_status = problem.status
    row.code = str(problem.code)
    row.attempts = attempts
    row.save(force_insert=True)
    if batch is not None:
        _copy_operations(row, ((operation, None) for operation in batch.operations))


def last_verdict(tenant_id: UUID, op_id: UUID) -> LoggedVerdict | None:
    """The last logged verdict on an op_id of this tenant. Index: sync_op_op_id."""
    row = (
        SyncOperation.objects.filter(tenant_id=tenant_id, op_id=op_id, status__in=_NOT_IN_LEDGER)
        .order_by("-id")
        .first()
    )
    if row is None:
        return None
    return LoggedVerdict(entity=row.entity, entity_id=row.entity_id, outcome=_outcome(row))


def last_inserts(
    tenant_id: UUID, client_id: UUID, entity_ids: Iterable[UUID]
) -> Mapping[tuple[str, UUID | None], tuple[UUID | None, Outcome]]:
    """{(entity, entity_id): (op_id, outcome)} of this client's last insert of each row. Index: sync_op_row.

    In one tenant, as op_ids are: a user of two has one client_id for both.
    """
    rows = (
        SyncOperation.objects.filter(
            tenant_id=tenant_id,
            client_id=client_id,
            entity_id__in=set(entity_ids),
            action=Action.INSERT,
            op_id__isnull=False,
            status__isnull=False,
        )
        .order_by("entity", "entity_id", "-id")
        .distinct("entity", "entity_id")
    )
    return {(row.entity, row.entity_id): (row.op_id, _outcome(row)) for row in rows}


def was_committed(batch_pk: UUID) -> bool:
    """Whether a batch whose commit got no answer is there. Ask under the client's lock: then it is final."""
    return SyncBatch.objects.filter(pk=batch_pk).exists()


def _batch_row(receipt: Receipt, batch: Batch | None) -> SyncBatch:
    row = SyncBatch(
        id=receipt.batch_pk,
        request_id=receipt.request_id,
        traceparent=receipt.traceparent,
        user_id=receipt.user_id,
        tenant_id=receipt.tenant_id,
        received_at=receipt.received_at,
        duration_ms=receipt.milliseconds(),
    )
    if batch is not None:
        row.client_id = batch.client_id
        row.batch_id = batch.batch_id
        row.sent_at = batch.sent_at
        row.clock_offset_ms = batch.clock_offset_ms
        row.schema_version = batch.schema_version
        row.atomic = batch.atomic
        row.operation_count = len(batch.operations)
    return row


def _copy_operations(batch: SyncBatch, judged: Iterable[tuple[Operation, Outcome | None]]) -> None:
    """By COPY: a body may hold tens of thousands of operations beyond the limit, and each has its row."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for operation, outcome in judged:
            row = {**_NO_VERDICT, **_operation_columns(batch, operation), **_verdict_columns(outcome)}
            copy.write_row([row[name] for name in _COLUMNS])


_COLUMNS = tuple(field.attname for field in SyncOperation._meta.concrete_fields if not field.primary_key)
_COPY = f"COPY {SyncOperation._meta.db_table} ({', '.join(_COLUMNS)}) FROM STDIN"
_NO_VERDICT: Mapping[str, Any] = {
    **dict.fromkeys(("payload", "status", "version", "txid", "error", "server_row")),
    **dict.fromkeys(("payload_text", "code", "retry"), ""),
    **dict.fromkeys(("replayed", "changed"), False),
}


def _operation_columns(batch: SyncBatch, operation: Operation) -> dict[str, Any]:
    return {
        "batch_id": batch.pk,
        "position": operation.position,
        "tenant_id": batch.tenant_id,
        "client_id": batch.client_id,
        "op_id": operation.op_id,
        "entity": _short(operation.entity),
        "action": operation.action or _short(_sent(operation, "action")),
        "entity_id": operation.entity_id,
        "base_version": operation.base_version,
        "schema_version": operation.schema_version,
        "client_timestamp": operation.client_timestamp,
        "group_id": operation.group_id,
        "depends_on": list(operation.depends_on),
        "received_at": batch.received_at,
        **_payload(operation),
    }


def _verdict_columns(outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return {}
    return {
        "status": outcome.status,
        "code": outcome.code or "",
        "retry": outcome.retry,
        "replayed": outcome.replayed,
        "changed": outcome.changed,
        "version": outcome.version,
        "txid": outcome.txid,
        "error": canonical.dumps(outcome.error.as_json()) if outcome.error else None,
        "server_row": canonical.dumps(_server_json(outcome.server)) if outcome.server else None,
    }


def _payload(operation: Operation) -> dict[str, Any]:
    """A sound payload as JSON; everything else word for word as escaped text, so that nothing sent is lost."""
    if operation.faults or not canonical.storable(operation.payload):
        return {"payload_text": canonical.as_text(operation.sent)}
    return {"payload": canonical.dumps(operation.payload)}


def _outcome(row: SyncOperation) -> Outcome:
    assert row.status is not None
    return Outcome(
        status=Status(row.status),
        code=row.code or None,
        retry=Retry(row.retry),
        changed=row.changed,
        version=row.version,
        txid=row.txid,
        error=ErrorDetail.from_json(row.error) if row.error else None,
    )


def _server_json(server: ServerRow) -> dict[str, Any]:
    return {"version": server.version, "row": server.row}


def _sent(operation: Operation, name: str) -> str:
    value = operation.sent.get(name) if isinstance(operation.sent, dict) else None
    return value if isinstance(value, str) else ""


def _short(text: str | None) -> str:
    """What a client named, as far as a text column can hold it."""
    return (text or "").replace("\x00", "").encode("utf-8", "replace").decode()[:200]
