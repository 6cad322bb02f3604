"""A queued write, and the batch it arrived in. Immutable: what the client said, after strict decoding.

Not here: how bytes become these (`envelope`), or what becomes of them (the engine).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sync.protocol.codes import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One queued write to one row.

    Shape: an envelope field that cannot be used is None here and named in `faults`; `sent` keeps what arrived.
    An operation without a usable `op_id` is answered, but never kept in the ledger.
    """

    position: int  # index in the request
    op_id: UUID | None
    entity: str | None
    action: Action | None
    entity_id: UUID | None
    payload: Mapping[str, Any]  # as sent; numbers are int or Decimal, values nothing can use are Unusable
    base_version: int | None
    client_timestamp: datetime | None  # corrected by the clock offset, never later than the receipt
    group_id: UUID | None
    depends_on: tuple[UUID, ...]
    schema_version: int | None  # the operation's own, else the batch's
    fingerprint: bytes  # SHA-256 of the content in canonical form
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # {envelope field: messages}
    sent: Any = None  # the operation as it arrived, for echo and log; usually a dict

    def echo(self, name: str) -> Any:
        """The envelope field as the answer repeats it: canonical when usable, otherwise as sent."""
        value = getattr(self, name)
        if value is not None:
            return str(value)
        from sync.protocol.canonical import echoed

        return echoed(self.sent.get(name)) if isinstance(self.sent, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The operations of one client in one request."""

    client_id: UUID
    operations: tuple[Operation, ...]
    received_at: datetime
    batch_id: UUID | None = None
    schema_version: int | None = None
    sent_at: datetime | None = None
    clock_offset_ms: int | None = None  # the client's clock minus ours; None when sent_at was absent or unusable
    atomic: bool = False
