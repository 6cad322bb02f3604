"""Outcomes to the JSON that a client reads.

Not here: HTTP status and headers (the API), or what the outcomes are (the engine).

Source: the wire protocol, "Answer: 200 whenever there is a verdict for every operation".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from typing import Protocol as Interface

from sync.protocol.canonical import COMPACT, as_text, plain
from sync.protocol.clock import rfc3339
from sync.protocol.codes import CODES
from sync.protocol.operation import Batch
from sync.protocol.outcome import BatchResult, ErrorDetail, Outcome


class Echo(Interface):
    """Whose outcome it is: an Operation, or what is remembered of one."""

    def echo(self, name: str) -> Any:
        """`op_id`, `entity` or `entity_id` as the answer repeats it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """An operation that was read from the journal instead of a request."""

    op_id: str | None
    entity: str | None
    entity_id: str | None

    def echo(self, name: str) -> Any:
        """The field as it was kept."""
        return getattr(self, name)


def render(batch: Batch, result: BatchResult, *, request_id: str) -> dict[str, Any]:
    """The body of the answer to a batch: one entry for each operation, in request order."""
    return {
        "batch_id": None if batch.batch_id is None else str(batch.batch_id),
        "request_id": request_id,
        "server_time": rfc3339(result.server_time or batch.received_at),
        "clock_offset_ms": batch.clock_offset_ms,
        "txid": result.txid,
        "txids": result.txids,
        "summary": result.summary,
        "results": [
            result_object(operation, outcome)
            for operation, outcome in zip(batch.operations, result.outcomes, strict=True)
        ],
    }


_ROW_COMES_ALONG: Final = frozenset({"merged", "superseded"})
_NOT_APPLIED: Final = "The operation was not applied."  # a domain's code, whose words nobody passed on


def result_object(operation: Echo, outcome: Outcome) -> dict[str, Any]:
    """The entry of one operation: always the same keys, and `error`, `server`, `row` where they apply."""
    entry: dict[str, Any] = {
        "op_id": operation.echo("op_id"),
        "entity": operation.echo("entity"),
        "entity_id": operation.echo("entity_id"),
        "status": str(outcome.status),
        "code": outcome.code,
        "retry": str(outcome.retry),
        "replayed": outcome.replayed,
        "changed": outcome.changed,
        "version": outcome.version,
        "txid": outcome.txid,
    }
    if not outcome.is_applied:
        entry["error"] = (outcome.error or _unexplained(outcome)).as_json()
    if outcome.server is not None:
        entry["server"] = {"version": outcome.server.version, "row": outcome.server.row}
    if outcome.row is not None or outcome.code in _ROW_COMES_ALONG:
        entry["row"] = outcome.row
    return entry


def _unexplained(outcome: Outcome) -> ErrorDetail:
    known = CODES.get(outcome.code or "")
    return ErrorDetail(message=known.message if known else _NOT_APPLIED)


def encode(value: Any) -> bytes:
    """Compact UTF-8 JSON, always valid: a lone surrogate stays an escape, and NaN becomes its name.

    Nothing makes it fail, because it runs after the commit: an answer spelled oddly is better than none.
    """
    try:
        return COMPACT.encode(value).encode("utf-8")
    except (TypeError, ValueError):  # a Decimal, a marker or NaN; or text that UTF-8 cannot spell
        return as_text(plain(value)).encode("ascii")
