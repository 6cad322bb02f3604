"""The schemas of the protocol that hold for every entity.

Source: the wire protocol. Names of codes and statuses come from the lists the engine uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sync.api.openapi.entities import TIME, UUID, VERSION, nullable, row_names
from sync.handlers.base import EntityHandler
from sync.protocol.codes import CODES, Action, ProblemCode, Retry, Status

Json = dict[str, Any]

COUNT: Json = {"type": "integer", "minimum": 0}
TXID: Json = {
    "type": "integer",
    "minimum": 0,
    "maximum": 2**32 - 1,
    "description": "32-bit id of the transaction, as it arrives on the replication stream.",
}


def components(handlers: Iterable[EntityHandler[Any]]) -> Json:
    """{name: schema}."""
    known = list(handlers)
    return {
        "Batch": _batch(),
        "Envelope": _envelope(),
        "BatchAnswer": _batch_answer(),
        "Summary": _object({**{str(s): COUNT for s in Status}, "replayed": COUNT}),
        "Result": _result(known),
        "ErrorDetail": _error_detail(),
        "ServerRow": _object({"version": VERSION, "row": nullable(_any_row(known))}),
        "Limits": _limits(),
        "Problem": _problem(),
        "TokenRequest": _token_request(),
        "RefreshRequest": _object({"refresh": _text("A refresh token, from a login or from a refresh.")}),
        "TokenPair": _token_pair(),
    }


def _batch() -> Json:
    properties = {
        "client_id": {**UUID, "description": "One user's queue in one installation."},
        "batch_id": {**UUID, "description": "Correlation only; treated as absent when unusable."},
        "schema_version": {"type": "integer", "minimum": 1, "description": "What the app was built for."},
        "sent_at": {
            **TIME,
            "description": "The client's clock as it sends; treated as absent when unusable.",
        },
        "atomic": {"type": "boolean", "default": False, "description": "One group around the whole batch."},
        "operations": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Operation"},
            "description": "In the order of the queue. One that is not well formed is rejected alone; those "
            "beyond max_operations are not_attempted.",
        },
    }
    return _object(properties, required=["client_id", "operations"], closed=False)


def _envelope() -> Json:
    properties = {
        "op_id": {**UUID, "description": "Idempotency key of this operation."},
        "entity": _text("Registered name: the table that clients read."),
        "action": {"type": "string", "enum": [str(action) for action in Action]},
        "entity_id": {**UUID, "description": "The row's primary key, made by the client."},
        "payload": {"type": "object", "description": "Columns; a delete carries none."},
        "base_version": {"type": "integer", "minimum": 1, "description": "The version the client edited."},
        "client_timestamp": {**TIME, "description": "When the user did it, by the client's clock."},
        "sync_group_id": {**UUID, "description": "Operations that share it stand or fall together."},
        "depends_on": {"type": "array", "items": UUID, "description": "op_ids that must have been applied."},
        "schema_version": {"type": "integer", "minimum": 1, "description": "Overrides the batch's."},
    }
    return _object(properties, required=["op_id", "entity", "action", "entity_id"], closed=False)


def _batch_answer() -> Json:
    return _object(
        {
            "batch_id": nullable(UUID),
            "request_id": _text("Taken from X-Request-ID, or made."),
            "server_time": TIME,
            "clock_offset_ms": nullable({"type": "integer"}),
            "txid": nullable(TXID),
            "txids": {"type": "array", "items": TXID},
            "summary": {"$ref": "#/components/schemas/Summary"},
            "results": {"type": "array", "items": {"$ref": "#/components/schemas/Result"}},
        }
    )


def _result(handlers: list[EntityHandler[Any]]) -> Json:
    """An id of an operation that cannot be used is echoed as sent, so these three may be anything."""
    echoed: Json = {"description": "As in the request; of any type when it was unusable there."}
    always = {
        "op_id": echoed,
        "entity": echoed,
        "entity_id": echoed,
        "status": {"type": "string", "enum": [str(status) for status in Status]},
        "code": _result_code(handlers),
        "retry": {"type": "string", "enum": [str(retry) for retry in Retry]},
        "replayed": {"type": "boolean", "description": "Answered from the ledger."},
        "changed": {"type": "boolean", "description": "Whether a published row changed."},
        "version": nullable(VERSION),
        "txid": nullable(TXID),
    }
    where_it_applies = {
        "error": {"$ref": "#/components/schemas/ErrorDetail"},
        "server": {"$ref": "#/components/schemas/ServerRow"},
        "row": _any_row(handlers),
    }
    return _object({**always, **where_it_applies}, required=list(always))


def _result_code(handlers: list[EntityHandler[Any]]) -> Json:
    of_domain = {code: text for handler in handlers for code, text in handler.codes.items()}
    texts = {code.name: f"{code.status}: {code.message}" for code in CODES.values()}
    texts |= {code: f"rejected: {text}" for code, text in of_domain.items() if code not in CODES}
    lines = [f"* `{name}` {text}" for name, text in texts.items()]
    description = "\n".join(["null: applied, nobody else had changed the row.", *lines])
    return {"enum": [None, *texts], "description": description}


def _error_detail() -> Json:
    messages: Json = {"type": "array", "items": {"type": "string"}}
    properties = {
        "message": _text("For people; it may change."),
        "fields": {
            "type": "object",
            "additionalProperties": messages,
            "description": "Messages by column or envelope field.",
        },
        "caused_by": _text("op_id of the operation that made this one fail."),
        "duplicate_of": _text("Id of the row that holds the unique values."),
    }
    return _object(properties, required=["message"])


def _limits() -> Json:
    names = ("max_operations", "max_bytes", "max_depth", "max_keys", "protocol", "schema_version")
    entities = {"type": "array", "items": {"type": "string"}}
    return _object({**{name: {"type": "integer", "minimum": 1} for name in names}, "entities": entities})


def _problem() -> Json:
    tenant = _object({"id": UUID, "name": {"type": "string"}})
    properties = {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": [str(code) for code in ProblemCode]},
        "detail": _text("For people; it may change."),
        "pointer": _text("JSON Pointer to the fault in the request."),
        "retry_after": {"type": "integer", "minimum": 0, "description": "Seconds."},
        "request_id": {"type": "string"},
        "limits": {"type": "object", "description": "The limits that were passed, with `too_large`."},
        "tenants": {"type": "array", "items": tenant, "description": "What a login may choose from."},
    }
    required = ["type", "title", "status", "code", "detail"]
    return _object(properties, required=required, closed=False)


def _token_request() -> Json:
    properties = {
        "username": {"type": "string", "minLength": 1, "maxLength": 254},
        "password": {"type": "string", "minLength": 1, "maxLength": 4096, "format": "password"},
        "tenant": nullable(_text("Id or name of one of the user's tenants. Needed when there are several.")),
    }
    return _object(properties, required=["username", "password"], closed=False)


def _token_pair() -> Json:
    return _object(
        {
            "access": _text("For the Authorization header."),
            "refresh": _text("For the next pair. It stays good until the next one is used."),
            "token_type": {"const": "Bearer"},
            "expires_in": {"type": "integer", "description": "Seconds until `access` expires."},
        }
    )


def _any_row(handlers: list[EntityHandler[Any]]) -> Json:
    rows = [{"$ref": f"#/components/schemas/{name}"} for name in row_names(handlers)]
    return {"anyOf": rows} if rows else {"type": "object"}


def _text(description: str) -> Json:
    return {"type": "string", "description": description}


def _object(properties: Json, *, required: list[str] | None = None, closed: bool = True) -> Json:
    """All members required, and no others, unless said otherwise."""
    needed = list(properties) if required is None else required
    schema: Json = {"type": "object", "properties": properties, "required": needed}
    return {**schema, "additionalProperties": False} if closed else schema
