"""Phone: an offline client for tests. It goes through the real endpoint, in process, and knows its token and ids.

Not here: reading answers (`answer`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.test import Client

from sync.auth.tokens import issue_access
from sync.handlers.schema import spell
from sync.testing.answer import Answer, Json

BATCH = "/api/sync/batch"
OPERATION = "/api/sync/operations/{op_id}"


class Phone:
    """One user's queue in one installation of an app.

    `insert`, `update` and `delete` put an operation on the queue and return it. `upload()` sends the queue;
    `upload(operation, …)` sends those operations, once more or for the first time, and leaves the queue alone.
    """

    def __init__(self, *, user_id: UUID, tenant_id: UUID, client_id: UUID | None = None) -> None:
        self.user_id = user_id
        self.tenant_id = tenant_id
        self.client_id = client_id or uuid4()
        self.queue: list[Json] = []
        token = issue_access(user_id=user_id, tenant_id=tenant_id)
        self._http = Client(headers={"authorization": f"Bearer {token}"})

    def another(self) -> Phone:
        """A second installation of the same user: someone else, as far as conflicts are concerned."""
        return Phone(user_id=self.user_id, tenant_id=self.tenant_id)

    def insert(self, entity: str, payload: Mapping[str, Any], **envelope: Any) -> Json:
        """Queue a new row. `entity_id` is made unless the envelope brings one."""
        return self._queued(insert(entity, payload, **envelope))

    def update(
        self,
        entity: str,
        entity_id: UUID | str,
        payload: Mapping[str, Any],
        *,
        base_version: int | None = None,
        **envelope: Any,
    ) -> Json:
        """Queue an edit of a row."""
        return self._queued(update(entity, entity_id, payload, base_version=base_version, **envelope))

    def delete(self, entity: str, entity_id: UUID | str, *, base_version: int | None = None, **envelope: Any) -> Json:
        """Queue the end of a row."""
        return self._queued(delete(entity, entity_id, base_version=base_version, **envelope))

    def upload(self, *operations: Json, prefer: str = "", **envelope: Any) -> Answer:
        """Send a batch. `envelope` are fields of the batch (`atomic=True`), `prefer` is the header."""
        if not operations:
            operations, self.queue = tuple(self.queue), []
        body = {"client_id": str(self.client_id), "operations": operations, **envelope}
        headers = {"prefer": prefer} if prefer else {}
        response = self._http.post(BATCH, json.dumps(body), content_type="application/json", headers=headers)
        return _read(response.status_code, response.content, response.headers)

    def ask(self, op_id: str) -> Json | None:
        """The verdict of one operation, None when the server knows none."""
        response = self._http.get(OPERATION.format(op_id=op_id))
        answer = _read(response.status_code, response.content, response.headers)
        return answer.body if answer.status == 200 else None

    def _queued(self, operation: Json) -> Json:
        self.queue.append(operation)
        return operation


def insert(entity: str, payload: Mapping[str, Any], **envelope: Any) -> Json:
    """An operation that makes a row. `envelope` are fields of the operation: entity_id, depends_on, sync_group_id …"""
    return _operation("insert", entity, payload, envelope)


def update(
    entity: str,
    entity_id: UUID | str,
    payload: Mapping[str, Any],
    *,
    base_version: int | None = None,
    **envelope: Any,
) -> Json:
    """An operation that edits a row."""
    return _operation("update", entity, payload, {"entity_id": entity_id, "base_version": base_version, **envelope})


def delete(entity: str, entity_id: UUID | str, *, base_version: int | None = None, **envelope: Any) -> Json:
    """An operation that deletes a row."""
    return _operation("delete", entity, {}, {"entity_id": entity_id, "base_version": base_version, **envelope})


def _operation(action: str, entity: str, payload: Mapping[str, Any], envelope: Mapping[str, Any]) -> Json:
    """Values may be Python's (UUID, Decimal, date, datetime): they are spelled as the protocol wants them."""
    operation = {"op_id": uuid4(), "entity": entity, "action": action, "entity_id": uuid4()}
    sent = {name: value for name, value in envelope.items() if value is not None}
    columns = {name: spell(value) for name, value in payload.items()}
    return {name: spell(value) for name, value in {**operation, "payload": columns, **sent}.items()}


def _read(status: int, content: bytes, headers: Mapping[str, str]) -> Answer:
    return Answer(status=status, body=json.loads(content), headers=headers)
