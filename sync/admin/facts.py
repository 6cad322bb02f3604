"""What pages are made of: labelled facts, and lines of operations. Plain text; the templates escape it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sync.admin import text
from sync.admin.links import Links
from sync.admin.verdicts import NO_VERDICT, css_class, meaning
from sync.models import SyncClient, SyncOperation

# The columns a line is made of; payloads can be large, and none of them is shown in a line.
LINE_COLUMNS = (
    "id", "batch_id", "position", "received_at", "client_id", "tenant_id", "op_id", "entity", "action", "entity_id",
    "status", "code", "replayed",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One labelled value. `mark` is the style class of a value that stands out, `note` explains it."""

    label: str
    text: str
    url: str | None = None
    note: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An operation in a table."""

    position: int
    received: str
    status: str
    mark: str
    replayed: bool
    code: str
    meaning: str
    entity: str
    action: str
    entity_id: str
    op_id: str
    url: str | None
    client: str
    client_url: str | None
    is_this: bool  # the operation whose page it is


def fact(label: str, value: object, *, url: str | None = None, note: str = "", mark: str = "") -> Fact:
    """A fact about a value of a column."""
    shown = text.shown(value, text.MEDIUM)
    if shown == text.NOTHING:
        return Fact(label=label, text=shown)
    return Fact(label=label, text=shown, url=url, note=note, mark=mark)


def user_fact(user: Any, user_id: UUID | None, links: Links) -> Fact:
    """Who it was; the bare id of a user who is gone."""
    if user is None:
        return fact("User", user_id, note="This user does not exist any more." if user_id else "")
    return fact("User", user, url=links.to(type(user), user_id))


def lines(operations: Iterable[SyncOperation], links: Links, *, here: int | None = None) -> list[Line]:
    """Operations for a table; `here` is the id of the one whose page it is."""
    return [_line(operation, links, is_this=operation.pk == here) for operation in operations]


def _line(operation: SyncOperation, links: Links, *, is_this: bool) -> Line:
    return Line(
        position=operation.position,
        received=text.second(operation.received_at),
        status=operation.status or NO_VERDICT,
        mark=css_class(operation.status),
        replayed=operation.replayed,
        code=text.shown(operation.code),
        meaning=meaning(operation.entity, operation.code),
        entity=text.shown(operation.entity),
        action=text.shown(operation.action),
        entity_id=text.tail(operation.entity_id),
        op_id=text.shown(operation.op_id),
        url=links.to(SyncOperation, operation.pk),
        client=text.tail(operation.client_id),
        client_url=links.to(SyncClient, operation.client_id),
        is_this=is_this,
    )
