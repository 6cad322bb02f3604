"""What a resolver is asked about a write, and what it answers.

Not here: the default answer (`sync.engine.resolver`); a handler may bring its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A write to a living row, and all there is to know about the row's past."""

    values: Mapping[str, Any]  # {column: value sent}; empty for a delete
    current: Mapping[str, Any]  # {column: value now}, for the same columns
    version: int  # of the row now
    base_version: int  # that the client edited; the row's own for a blind write
    field_versions: Mapping[str, Any]  # see sync.engine.stamps
    client: str  # client_id
    time: int  # when the user did it, microseconds since 1970, corrected
    last_write_wins: Set[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What becomes of an edit.

    Shape: with `clashes` nothing is written and the operation is a conflict. Otherwise `values` are written,
    `stamps` are the new entries of field_versions, and `code` is the outcome's (None, merged, superseded, unchanged).
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    stamps: Mapping[str, Any] = field(default_factory=dict)
    code: str | None = None
    clashes: Mapping[str, Sequence[str]] | None = None  # {column: messages}


class Resolver(Protocol):
    """Decides stale writes. A pure function of the edit."""

    def update(self, edit: Edit) -> Resolution:
        """What of an update is written."""

    def delete(self, edit: Edit) -> Resolution:
        """Whether a delete may go on; `values` stay empty."""
