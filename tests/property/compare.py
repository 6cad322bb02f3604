"""What must be equal between a verdict of the model and a result of the server, and between their rows."""

from __future__ import annotations

from typing import Any

from entities.sales.models import Customer, Distribution, Payment, Sale, SaleItem
from sync.models import SyncedModel
from tests.model import Model, Verdict
from tests.model.catalogue import ENTITIES
from tests.model.state import Row

MODELS: dict[str, type[SyncedModel]] = {
    "customers": Customer,
    "sales": Sale,
    "sale_items": SaleItem,
    "payments": Payment,
    "distributions": Distribution,
}
EVERY_RESULT = {"op_id", "entity", "entity_id", "status", "code", "retry", "replayed", "changed", "version", "txid"}
WITH_SERVER = {"stale_version", "gone", "already_exists"}
WITH_ROW = {"merged", "superseded"}


def difference(verdict: Verdict, result: dict[str, Any], model: Model, tenant: str) -> str:
    """What the two say differently; empty when they agree."""
    for name in ("status", "code", "retry", "replayed", "changed", "version"):
        if getattr(verdict, name) != result[name]:
            return f"{name}: model {getattr(verdict, name)!r}, server {result[name]!r}"
    if missing := EVERY_RESULT - result.keys():
        return f"keys {sorted(missing)} are missing"
    if (result["txid"] is not None) != (result["status"] == "applied" and result["changed"]):
        return f"txid {result['txid']}"
    error = result.get("error", {})
    if verdict.is_applied != (not error):
        return "error stands with everything that is not applied, and only there"
    if verdict.fields is not None and verdict.fields != frozenset(error.get("fields", {})):
        return f"fields: model {sorted(verdict.fields)}, server {sorted(error.get('fields', {}))}"
    for name in ("caused_by", "duplicate_of"):
        if getattr(verdict, name) != error.get(name):
            return f"{name}: model {getattr(verdict, name)}, server {error.get(name)}"
    return _rows_that_come_along(verdict, result, model, tenant)


def _rows_that_come_along(verdict: Verdict, result: dict[str, Any], model: Model, tenant: str) -> str:
    row = (
        model.tables.seen(tenant, result["entity"], result["entity_id"])
        if verdict.code in WITH_SERVER | WITH_ROW
        else None
    )
    # An insert that met a row of its own group: when the group was taken back, there is no row to show.
    if ("server" in result) != (verdict.code in WITH_SERVER and row is not None):
        return "server stands with conflicts, and only there"
    if ("row" in result) != (verdict.code in WITH_ROW):
        return "row stands with merged and superseded, and only there"
    if row is None:
        return ""
    shown = result["server"]["row"] if "server" in result else result["row"]
    version = result["server"]["version"] if "server" in result else shown and shown["version"]
    if version is not None and version != row.version:
        return ""  # a later operation of the batch wrote it again
    if row.deleted or shown is None:
        return "" if row.deleted and shown is None else "a deleted row is shown as null"
    return _published_differs(row, shown)


def _published_differs(row: Row, shown: dict[str, Any]) -> str:
    columns = ENTITIES[row.entity].columns
    if shown.keys() != {"id", "version", "created_at", "updated_at", "write_id", *columns}:
        return f"published columns are {sorted(shown)}"
    if shown["id"] != row.id or shown["write_id"] != row.write_id:
        return f"id, write_id {shown['id']}, {shown['write_id']}; model {row.write_id}"
    for name, column in columns.items():
        if column.read(shown[name]) != row.values[name] if shown[name] is not None else row.values[name] is not None:
            return f"{name} is shown as {shown[name]!r}, model {row.values[name]!r}"
    return ""


def rows_differ(row: Row, stored: SyncedModel) -> str:
    """What a row of the database and the model's have different; empty when they agree."""
    for name, value in row.values.items():
        found = getattr(stored, name)
        if (str(found) if name.endswith("_id") and found is not None else found) != value:
            return f"{name} is {found!r}, model {value!r}"
    if stored.version != row.version or stored.is_deleted != row.deleted:
        return f"version {stored.version}, deleted {stored.is_deleted}; model {row.version}, {row.deleted}"
    if str(stored.write_id or "") != (row.write_id or ""):
        return f"write_id is {stored.write_id}, model {row.write_id}"
    if str(stored.business_id) != row.tenant:  # type: ignore[attr-defined]
        return "business"
    return ""
