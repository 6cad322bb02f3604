"""The clients we know, and the lock that keeps batches of one client apart."""

from __future__ import annotations

from django.db import connection

from sync.protocol.actor import Actor
from sync.protocol.codes import ProblemCode
from sync.protocol.operation import Batch
from sync.protocol.problems import Problem

# One statement creates the client, locks it until the end of the transaction, notes that it was here, and tells by
# returning nothing that it belongs to someone else. Index: the primary key.
_TAKE = """
    INSERT INTO sync_syncclient
        (id, user_id, tenant_id, schema_version, clock_offset_ms, first_seen_at, last_seen_at)
    VALUES (%(id)s, %(user)s, %(tenant)s, %(schema_version)s, %(offset)s, %(now)s, %(now)s)
    ON CONFLICT (id) DO UPDATE SET
        tenant_id = excluded.tenant_id, schema_version = excluded.schema_version,
        clock_offset_ms = excluded.clock_offset_ms, last_seen_at = excluded.last_seen_at
    WHERE sync_syncclient.user_id = excluded.user_id
    RETURNING id
"""


def take(batch: Batch, actor: Actor) -> None:
    """Make this client's batches wait for each other from here to the end of the transaction.

    Errors: Problem 403 when the client_id belongs to another user; OperationalError (55P03) when another batch of
    this client runs longer than the lock time-out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE,
            {
                "id": batch.client_id,
                "user": actor.user_id,
                "tenant": actor.tenant_id,
                "schema_version": batch.schema_version,
                "offset": batch.clock_offset_ms,
                "now": batch.received_at,
            },
        )
        if cursor.fetchone() is None:
            raise Problem(
                403,
                ProblemCode.CLIENT_OWNER_MISMATCH,
                "This client_id belongs to another user. Each user of a device needs a client_id of their own.",
                pointer="/client_id",
            )
