"""Short ways to make operations and batches for the pure tests of the engine."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sync.protocol.codes import Action
from sync.protocol.operation import Batch, Operation

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def operation(position: int, **given) -> Operation:
    """An insert of a row of its own, unless told otherwise."""
    defaults = {
        "position": position,
        "op_id": uuid4(),
        "entity": "sales",
        "action": Action.INSERT,
        "entity_id": uuid4(),
        "payload": {},
        "base_version": None,
        "client_timestamp": None,
        "group_id": None,
        "depends_on": (),
        "schema_version": None,
        "fingerprint": str(position).encode(),
        "sent": {},
    }
    return Operation(**{**defaults, **given})


def batch(*operations: Operation, atomic: bool = False) -> Batch:
    """A batch of these operations."""
    return Batch(client_id=UUID(int=1), operations=operations, received_at=NOW, atomic=atomic)
