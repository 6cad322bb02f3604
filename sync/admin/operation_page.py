"""The page of one operation: its verdict in words, its payload beside the server's row, and what is around it.

Not here: the table of fields (`comparison`), nor anything that changes a row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import F, Func, QuerySet, TextField

from sync.admin import text
from sync.admin.comparison import compare
from sync.admin.facts import LINE_COLUMNS, Fact, Line, fact, lines, user_fact
from sync.admin.links import Links
from sync.admin.search import as_uuid
from sync.admin.verdicts import NO_VERDICT, css_class, meaning, retry_meaning
from sync.handlers.registry import registry
from sync.models import SyncBatch, SyncClient, SyncedModel, SyncOperation
from sync.protocol.codes import Status

MOST_LINES = 50  # of each table around the operation; a link leads to all of them
MOST_DEPENDENCIES = 100


def context(operation_id: int, links: Links) -> Mapping[str, Any]:
    """What the template reads."""
    # As text: numbers keep every digit that was sent, where Python's JSON would make floats of them.
    pretty = Func(F("payload"), function="jsonb_pretty", output_field=TextField())
    row = SyncOperation.objects.select_related("batch__user").annotate(pretty=pretty).get(pk=operation_id)
    sent: str | None = row.pretty
    error = _object(row.error)
    return {
        "title": f"{text.shown(row.action)} {text.shown(row.entity)}: {row.status or NO_VERDICT}",
        "verdict": _verdict(row, error),
        "outcome": _outcome(row, error, links),
        "facts": _facts(row, links),
        "live": _live_row(row, links),
        "fields": _fields(row, sent, error),
        "base_version": text.shown(row.base_version),
        "server_version": _server_version(row),
        "is_conflict": row.status == Status.CONFLICT,
        "payload": None if sent is None else text.document(sent),
        "payload_text": text.document(row.payload_text),
        "around": [table for table in _around(row, links) if len(table["lines"]) > 1],
    }


def _verdict(row: SyncOperation, error: Mapping[str, Any]) -> Fact:
    """The status, and why, in the words the client got."""
    if row.status is None:
        reason = f"The batch was aborted ({text.shown(row.batch.code)}): nothing of it was executed."
        return Fact(label="Status", text=NO_VERDICT, mark=css_class(None), note=reason)
    said = error.get("message") or meaning(row.entity, row.code)
    if row.status == Status.APPLIED and not said:
        said = "Its effect is committed."
    return fact("Status", row.status, mark=css_class(row.status), note=text.shown(said, text.MEDIUM) if said else "")


def _outcome(row: SyncOperation, error: Mapping[str, Any], links: Links) -> list[Fact]:
    """The rest of the answer."""
    if row.status is None:
        return []
    facts = [
        fact("Code", row.code or None, note=meaning(row.entity, row.code)),
        fact("Retry", row.retry, note=retry_meaning(row.status, row.retry)),
        fact("Replayed", "yes" if row.replayed else "no", note=_repeat(row)),
        fact("Changed the row", "yes" if row.changed else "no"),
        fact("Version after it", row.version),
        fact("txid", row.txid),
    ]
    if "caused_by" in error:
        facts.append(_caused_by(row, str(error["caused_by"]), links))
    if "duplicate_of" in error:
        other = str(error["duplicate_of"])
        note = "The row that holds these values."
        facts.append(fact("Duplicate of", other, url=links.search(SyncOperation, other), note=note))
    return facts


def _repeat(row: SyncOperation) -> str:
    return "A repeat: this is the first verdict, given once more." if row.replayed else ""


def _caused_by(row: SyncOperation, op_id: str, links: Links) -> Fact:
    """The culprit: in the same batch, else the last one of that op_id in the tenant. Index: sync_op_op_id."""
    found = as_uuid(op_id)
    copies = [] if found is None else list(_lines_of(tenant_id=row.tenant_id, op_id=found)[:MOST_LINES])
    culprit = next((copy for copy in copies if copy.batch_id == row.batch_id), copies[0] if copies else None)
    if culprit is None:
        return fact("Caused by", op_id, note="Nothing is logged under this op_id.")
    what = f"{text.shown(culprit.action)} {text.shown(culprit.entity)}: {culprit.status or NO_VERDICT}"
    code = f", {text.shown(culprit.code)}" if culprit.code else ""
    return fact("Caused by", op_id, url=links.to(SyncOperation, culprit.pk), note=what + code)


def _facts(row: SyncOperation, links: Links) -> list[Fact]:
    """What was sent, by whom, and in which request."""
    more = len(row.depends_on) - MOST_DEPENDENCIES
    return [
        fact("op_id", row.op_id),
        fact("Entity", row.entity, note="" if registry.get(row.entity) else "The server knows no such entity."),
        fact("Action", row.action),
        fact("Entity id", row.entity_id, url=links.search(SyncOperation, row.entity_id)),
        fact("Base version", row.base_version, note="The version that the client edited."),
        fact("Schema version", row.schema_version),
        fact("Client time", text.moment(row.client_timestamp), note="Corrected by the client's clock offset."),
        fact("Group", row.group_id, url=links.search(SyncOperation, row.group_id)),
        *(
            fact("Depends on", op_id, url=links.search(SyncOperation, op_id))
            for op_id in row.depends_on[:MOST_DEPENDENCIES]
        ),
        *([fact("Depends on", f"{more:,} more")] if more > 0 else []),
        fact("Batch", row.batch.request_id, url=links.to(SyncBatch, row.batch_id), note=_place(row)),
        fact("Received", text.moment(row.received_at)),
        user_fact(row.batch.user, row.batch.user_id, links),
        fact("Client", row.client_id, url=links.to(SyncClient, row.client_id)),
        fact("Tenant", row.tenant_id),
    ]


def _place(row: SyncOperation) -> str:
    return f"Position {row.position} of {row.batch.operation_count}, counted from 0. Named by its request id."


def _live_row(row: SyncOperation, links: Links) -> Fact | None:
    """The row as it is now, with a link to its own page where there is one."""
    handler = registry.get(row.entity)
    if handler is None or row.entity_id is None:
        return None
    found: SyncedModel | None = handler.model._default_manager.filter(pk=row.entity_id).first()
    if found is None:
        return fact("The row now", "does not exist")
    state = "deleted" if found.is_deleted else "living"
    note = f"Last changed {text.moment(found.updated_at)}."
    return fact("The row now", f"version {found.version}, {state}", url=links.to(handler.model, found.pk), note=note)


def _fields(row: SyncOperation, sent: str | None, error: Mapping[str, Any]) -> Sequence[Any]:
    payload = _object(None if sent is None else json.loads(sent, parse_float=Decimal))
    server = _object(_object(row.server_row).get("row"))
    return compare(row.entity, payload, server, _object(error.get("fields")))


def _server_version(row: SyncOperation) -> str:
    """Of the row that the verdict brought along; empty when it brought none."""
    server = _object(row.server_row)
    if not server:
        return ""
    deleted = "" if server.get("row") else ", deleted"
    return f"{text.shown(server.get('version'))}{deleted}"


def _around(row: SyncOperation, links: Links) -> list[dict[str, Any]]:
    """Tables of operations: the group, the attempts, the history of the row."""
    group = _lines_of(batch_id=row.batch_id, group_id=row.group_id).order_by("position")
    attempts = _lines_of(tenant_id=row.tenant_id, op_id=row.op_id)
    history = _lines_of(entity=row.entity, entity_id=row.entity_id)
    return [
        _table("Its group: applied all or none", row.group_id, group, row, links),
        _table("Every time this op_id arrived", row.op_id, attempts, row, links),
        _table("Every operation on this row, from any client", row.entity_id, history, row, links),
    ]


def _table(title: str, key: object, found: QuerySet[SyncOperation], row: SyncOperation, links: Links) -> dict[str, Any]:
    shown: list[Line] = [] if key is None else lines(found[: MOST_LINES + 1], links, here=row.pk)
    more = links.search(SyncOperation, key) if len(shown) > MOST_LINES else None
    return {"title": title, "lines": shown[:MOST_LINES], "more": more}


def _lines_of(**condition: Any) -> QuerySet[SyncOperation]:
    return SyncOperation.objects.filter(**condition).only(*LINE_COLUMNS).order_by("-id")


def _object(value: Any) -> Mapping[str, Any]:
    """A JSON object as it is; anything else has no members."""
    return value if isinstance(value, Mapping) else {}
