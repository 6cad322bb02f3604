"""The phone of `sync.testing` in the hands of a member of a business, and operations by row object."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from entities.accounts.models import Membership
from sync import testing


class Phone(testing.Phone):
    """One installation of an app, logged in as a member of a business."""

    def __init__(self, member: Membership) -> None:
        super().__init__(user_id=member.user_id, tenant_id=member.business_id)
        self.member = member

    def codes(self, *operations: dict[str, Any], **envelope: Any) -> list[str | None]:
        """For each operation None when it was applied plainly, else its code."""
        return [result["code"] for result in self.upload(*operations, **envelope)]

    def code(self, operation: dict[str, Any]) -> str | None:
        """The code of one operation alone in its batch."""
        return self.codes(operation)[0]


def insert(entity: str, *, row: UUID | None = None, **payload: Any) -> dict[str, Any]:
    """An operation that makes a row."""
    return testing.insert(entity, payload, entity_id=row or uuid4())


def update(row: Any, *, base: int | None = None, **payload: Any) -> dict[str, Any]:
    """An operation that edits a row, made from the version the row object has unless `base` says otherwise."""
    return testing.update(row._meta.db_table, row.pk, payload, base_version=base or row.version)


def delete(row: Any, *, base: int | None = None) -> dict[str, Any]:
    """An operation that deletes a row."""
    return testing.delete(row._meta.db_table, row.pk, base_version=base or row.version)
