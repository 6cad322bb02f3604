"""What a verified access token says about the caller, before the database is asked.

Not here: verification (`bearer`), membership and roles (`actors`).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """User and tenant as the token names them.

    Shape: `user_id` is None for a token of an external issuer, which knows its own `subject` only;
    `tenant_id` is None when such a token names no tenant. `expires_at` is in seconds since the epoch.
    """

    issuer: str
    subject: str
    user_id: UUID | None
    tenant_id: UUID | None
    token_id: str | None
    expires_at: int
