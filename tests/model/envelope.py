"""One operation as sent: which of its envelope fields are usable, and what counts as its content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.model.catalogue import ENTITIES
from tests.model.values import as_moment, as_uuid, canonical, encode
from tests.model.verdict import Verdict, refused

CONTENT = ("entity", "action", "entity_id", "payload", "base_version", "schema_version")
ACTIONS = ("insert", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One operation. A field that is not usable is None, and the fault stands in `verdict`."""

    op_id: str | None
    name: str | None  # its op_id as other verdicts name it: as sent when it is unusable
    entity: str | None
    action: str | None
    entity_id: str | None
    payload: dict[str, Any]
    base_version: int | None
    time: datetime | None
    group: str | None
    depends_on: tuple[str, ...]
    schema_version: int | None
    content: Any
    verdict: Verdict | None  # when the envelope is broken
    unknown: Verdict | None  # when it names an entity or an action that there is not

    @property
    def key(self) -> tuple[str, str] | None:
        """The row it is about."""
        return (self.entity, self.entity_id) if self.entity and self.entity_id else None

    def references(self) -> list[tuple[str, str, str]]:
        """(column, entity, id) of the rows that the payload refers to, where they can be read."""
        if self.entity not in ENTITIES or self.action == "delete":
            return []
        columns = ENTITIES[self.entity].references()
        named = [(column, entity, as_uuid(self.payload.get(column))) for column, entity in columns.items()]
        return [(column, entity, row_id) for column, entity, row_id in named if row_id]


def read(sent: Any, *, offset: timedelta, now: datetime, schema_version: int | None) -> Op:
    """Look at every envelope field; `offset` is the client's clock minus ours."""
    fields = sent if isinstance(sent, dict) else {}
    faults: set[str] = set()

    def usable(name: str, read_value: Any, *, required: bool = False) -> Any:
        value = fields.get(name)
        if value is None and not required:
            return None
        found = read_value(value)
        if found is None:
            faults.add(name)
        return found

    op_id = usable("op_id", as_uuid, required=True)
    entity = usable("entity", _name, required=True)
    action = usable("action", _name, required=True)
    entity_id = usable("entity_id", as_uuid, required=True)
    payload = usable("payload", _object)
    base_version = usable("base_version", _version)
    own_schema = usable("schema_version", _positive)
    group = usable("sync_group_id", as_uuid)
    depends_on = usable("depends_on", _ids)
    moment = usable("client_timestamp", as_moment)
    schema = own_schema or schema_version
    verdict = None
    if faults or not isinstance(sent, dict):
        verdict = refused("invalid", fields=frozenset(faults) if isinstance(sent, dict) else None)
    unknown = None
    if entity not in ENTITIES:
        unknown = refused("unknown_entity")
    elif action not in ACTIONS:
        unknown = refused("unknown_action")
    return Op(
        op_id=op_id,
        name=op_id or _spelled(fields.get("op_id")),
        entity=entity,
        action=action,
        entity_id=entity_id,
        payload=payload or {},
        base_version=base_version,
        time=min(moment - offset, now) if moment else None,
        group=group,
        depends_on=depends_on or (),
        schema_version=schema,
        content=_content(fields, entity_id, schema),
        verdict=verdict,
        unknown=unknown,
    )


def _content(fields: dict[str, Any], entity_id: str | None, schema: int | None) -> Any:
    """What must be equal in two copies; the schema_version is the one that applies."""
    content = {name: fields.get(name) for name in CONTENT}
    content["entity_id"] = entity_id or content["entity_id"]
    content["payload"] = {} if content["payload"] is None else content["payload"]
    content["schema_version"] = schema if content["schema_version"] is None else content["schema_version"]
    return canonical(content)


def _spelled(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else encode(value)


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _version(value: Any) -> int | None:
    usable = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
    return value if usable else None


def _positive(value: Any) -> int | None:
    return _version(value) or None


def _ids(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    found = [as_uuid(item) for item in value]
    return tuple(i for i in found if i) if all(found) else None
