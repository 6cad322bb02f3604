"""A client for tests: knows HTTP, its token and nothing else."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

from django.test import Client

from entities.accounts.models import Membership
from sync.auth.tokens import issue_access


class Phone:
    """One installation of an app, logged in as a member of a business."""

    def __init__(self, member: Membership) -> None:
        self.member = member
        self.client_id = uuid4()
        token = issue_access(user_id=member.user_id, tenant_id=member.business_id)
        self._http = Client(headers={"authorization": f"Bearer {token}"})

    def upload(self, *operations: dict[str, Any], **envelope: Any) -> list[dict[str, Any]]:
        """The results of one batch; operations as `insert`, `update` and `delete` make them."""
        body = {"client_id": str(self.client_id), "operations": operations, **envelope}
        response = self._http.post("/api/sync/batch", json.dumps(body), content_type="application/json")
        assert response.status_code == 200, response.content
        results: list[dict[str, Any]] = response.json()["results"]
        return results

    def codes(self, *operations: dict[str, Any], **envelope: Any) -> list[str | None]:
        """For each operation None when it was applied plainly, else its code."""
        return [result["code"] for result in self.upload(*operations, **envelope)]

    def code(self, operation: dict[str, Any]) -> str | None:
        """The code of one operation alone in its batch."""
        return self.codes(operation)[0]


def insert(entity: str, *, row: UUID | None = None, **payload: Any) -> dict[str, Any]:
    """An operation that makes a row."""
    return _operation("insert", entity, row or uuid4(), payload)


def update(row: Any, *, base: int | None = None, **payload: Any) -> dict[str, Any]:
    """An operation that edits a row, made from the version the row object has unless `base` says otherwise."""
    return _operation("update", row._meta.db_table, row.pk, payload, base or row.version)


def delete(row: Any, *, base: int | None = None) -> dict[str, Any]:
    """An operation that deletes a row."""
    return _operation("delete", row._meta.db_table, row.pk, {}, base or row.version)


def _operation(action: str, entity: str, row: UUID, payload: dict[str, Any], base: int | None = None) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "op_id": str(uuid4()),
        "entity": entity,
        "action": action,
        "entity_id": str(row),
        "payload": {name: str(value) if isinstance(value, UUID) else value for name, value in payload.items()},
    }
    return operation if base is None else operation | {"base_version": base}
