"""Who is calling, as the token and the database say it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The caller of one request: the token names user and tenant, the database says the roles, read per batch."""

    user_id: UUID
    tenant_id: UUID
    roles: frozenset[str] = frozenset()

    def has_role(self, role: str) -> bool:
        """Whether the caller has this role in the tenant of the request."""
        return role in self.roles
