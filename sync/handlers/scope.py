"""Which rows belong to an actor: said once per handler, used for loading, stamping, parents and reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sync.protocol.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The columns that say whose a row is.

    Shape: each names a column of the model: `tenant` holds the actor's tenant, `owner` the actor's user.
    A row outside the scope cannot be told from one that does not exist.
    """

    tenant: str | None = None
    owner: str | None = None

    def __post_init__(self) -> None:
        if self.tenant is None and self.owner is None:
            raise ValueError("A Scope names at least one column: tenant= or owner=.")

    def values(self, actor: Actor) -> dict[str, UUID]:
        """{column: value} that every row of this actor has: a load filter, and the stamp of an insert."""
        named = {self.tenant: actor.tenant_id, self.owner: actor.user_id}
        return {column: value for column, value in named.items() if column is not None}

    def holds(self, row: Any, actor: Actor) -> bool:
        """Whether the row is inside the actor's scope."""
        return all(getattr(row, column) == value for column, value in self.values(actor).items())
