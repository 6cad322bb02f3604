"""ConflictResolver: decides what of a stale write finds its place. Pure.

Not here: loading rows, references and rules; and what a handler with a resolver of its own does instead.
Source: the wire protocol, "Stale writes".
"""

from __future__ import annotations

from typing import Any

from sync.engine import stamps
from sync.handlers.resolution import Edit, Resolution


class ConflictResolver:
    """Field by field: disjoint edits both win, last write wins where declared, any other clash is a conflict."""

    def update(self, edit: Edit) -> Resolution:
        """Resolve an update; see the module's source for the rules."""
        values: dict[str, Any] = {}
        stamped: dict[str, Any] = {}
        clashes: dict[str, list[str]] = {}
        lost = False
        for column, value in edit.values.items():
            stamp = stamps.read(edit.field_versions, column)
            if value == edit.current[column]:
                if column in edit.last_write_wins and not stamp.is_later_than(edit.time, edit.client):
                    refreshed = stamp.refreshed(client=edit.client, time=edit.time)
                    if refreshed != stamp:
                        stamped[column] = refreshed.as_json()
                continue
            if stamp.changed_by_others(edit.client) > edit.base_version:
                if column not in edit.last_write_wins:
                    clashes[column] = [f"changed on the server since version {edit.base_version}"]
                    continue
                if stamp.client != edit.client and stamp.is_later_than(edit.time, edit.client):
                    lost = True
                    continue
            values[column] = value
            written = stamp.rewritten(version=edit.version + 1, client=edit.client, time=edit.time)
            stamped[column] = written.as_json()
        if clashes:
            return Resolution(clashes=clashes)
        return Resolution(values=values, stamps=stamped, code=_code(edit, written=bool(values), lost=lost))

    def delete(self, edit: Edit) -> Resolution:
        """A row that someone else changed is not deleted unseen."""
        if stamps.row_changed_by_others(edit.field_versions, edit.client) <= edit.base_version:
            return Resolution()
        changed = [
            column
            for column in edit.field_versions
            if column != stamps.EVERY_COLUMN
            and stamps.read(edit.field_versions, column).changed_by_others(edit.client) > edit.base_version
        ]
        return Resolution(clashes={c: [f"changed on the server since version {edit.base_version}"] for c in changed})


def _code(edit: Edit, *, written: bool, lost: bool) -> str | None:
    alone = stamps.row_changed_by_others(edit.field_versions, edit.client) <= edit.base_version
    if written:
        return None if alone else "merged"
    return "superseded" if lost else "unchanged"
