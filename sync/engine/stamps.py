"""Who changed which column last: the arithmetic of `field_versions`. Pure.

Shape: `field_versions` is {column: stamp}, and "*" stands for every column that has not changed since the insert.
A stamp is [version, client, others, time, time_client]:
`version` and `client` (None: the server or an admin) made the last change to the column;
`others` is the version of the last change by anyone but that client, 0 for none;
`time` is when the value was meant, in microseconds since 1970, and only rises;
`time_client` is whose time that is, left out when it is `client`.

Two of these are enough to tell for *every* client whether someone else changed a column after some version.
The database trigger (`sync.triggers`) writes the same shape for writers other than the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

EVERY_COLUMN = "*"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The last change of one column."""

    version: int
    client: str | None
    others: int
    time: int
    time_client: str | None

    def changed_by_others(self, client: str) -> int:
        """The version of the last change by anyone but this client; 0 for none."""
        return self.others if self.client == client else self.version

    def is_later_than(self, time: int, client: str) -> bool:
        """Whether this stamp beats a write of that time; on equal times the higher client wins, the server last."""
        return (self.time, self.time_client or "") > (time, client)

    def rewritten(self, *, version: int, client: str, time: int) -> Stamp:
        """The stamp after a write: the time kept is the later of the two."""
        return Stamp(version, client, self.changed_by_others(client), max(time, self.time), client)

    def refreshed(self, *, client: str, time: int) -> Stamp:
        """The stamp after an equal value with a later time: the same change, meant later."""
        return Stamp(self.version, self.client, self.others, time, client)

    def as_json(self) -> list[Any]:
        """What is stored; the last entry only where it says something new."""
        stored = [self.version, self.client, self.others, self.time]
        return stored if self.time_client == self.client else [*stored, self.time_client]


_UNSTAMPED = Stamp(1, None, 0, 0, None)  # a row inserted by the server, not changed since


def read(field_versions: Mapping[str, Any], column: str) -> Stamp:
    """The stamp of a column."""
    stored = field_versions.get(column) or field_versions.get(EVERY_COLUMN)
    if stored is None:
        return _UNSTAMPED
    version, client, others, time = stored[:4]
    return Stamp(version, client, others, time, stored[4] if len(stored) > 4 else client)


def inserted(client: str, time: int) -> dict[str, Any]:
    """`field_versions` of a new row."""
    return {EVERY_COLUMN: Stamp(1, client, 0, time, client).as_json()}


def row_changed_by_others(field_versions: Mapping[str, Any], client: str) -> int:
    """The version of the last change to any column by anyone but this client; 0 for none."""
    columns = {EVERY_COLUMN, *field_versions}
    return max(read(field_versions, column).changed_by_others(client) for column in columns)


def microseconds(time: datetime) -> int:
    """A moment as stamps keep it."""
    return (time - _EPOCH) // timedelta(microseconds=1)
