"""From a database error to the outcome a client can act on: which constraint, which of its columns, which winner.

Never the text of the error: it holds values of rows. Called after the rollback to the savepoint.
Not here: whether an error is permanent at all (`errors`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connection

from sync.engine.errors import sqlstate_of
from sync.engine.rows import exists
from sync.handlers.base import EntityHandler
from sync.handlers.change import Change
from sync.protocol.outcome import Outcome, refusal

# Columns of a constraint or, for a unique index without one, of the index. Serves both by name within a table.
_COLUMNS_OF_CONSTRAINT = """
    SELECT a.attname
      FROM pg_class t
      JOIN pg_attribute a ON a.attrelid = t.oid
      LEFT JOIN pg_constraint c ON c.conrelid = t.oid AND c.conname = %(name)s
      LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indexrelid::regclass = to_regclass(quote_ident(%(name)s))
     WHERE t.oid = to_regclass(quote_ident(%(table)s)) AND a.attnum = ANY(coalesce(c.conkey, i.indkey::int2[]))
"""


def outcome_of(error: BaseException, handler: EntityHandler[Any], change: Change[Any] | None) -> Outcome:
    """The rejection for a permanent error of one operation. `change` is what was being written, if it got so far."""
    if isinstance(error, ValidationError):
        return refusal("invalid", fields=_validation_fields(error))
    state = sqlstate_of(error)
    columns = _columns_of(error)
    fields = {
        column: (_MESSAGES.get(state or "", "is not acceptable"),) for column in handler.writes if column in columns
    }
    if state in {"23505", "23P01"}:
        return _unique(handler, change, columns, fields)
    if state == "23503":
        return refusal("reference_not_found", fields=fields)
    if state == "23514":
        return refusal("check_violation", fields=fields)
    if state == "42501":
        return refusal("forbidden")
    return refusal("invalid", fields=fields)


_MESSAGES = {
    "23502": "must not be null",
    "23503": "there is no such row",
    "23505": "another row has this value already",
    "23514": "breaks a rule of the database",
    "23P01": "another row has this value already",
}


def _unique(
    handler: EntityHandler[Any], change: Change[Any] | None, columns: set[str], fields: Mapping[str, tuple[str, ...]]
) -> Outcome:
    if change is None:
        return refusal("unique_violation", fields=fields)
    if columns == {handler.model._meta.pk.column}:
        # Someone took the id between our look and our write.
        seen = exists(handler, change.row.pk, change.actor)
        return refusal("already_exists" if seen else "id_unavailable")
    return refusal("unique_violation", fields=fields, duplicate_of=_winner(handler, change, columns))


def _winner(handler: EntityHandler[Any], change: Change[Any], columns: set[str]) -> str | None:
    """The id of the living row that holds these values, when the caller may see it."""
    names = {f.column: f.attname for f in handler.model._meta.concrete_fields}
    if not columns or not columns <= names.keys():
        return None
    same = {names[column]: getattr(change.row, names[column]) for column in columns}
    rows = handler.scoped(change.actor).filter(**same, deleted_at=None).exclude(pk=change.row.pk)
    winner = rows.values_list("pk", flat=True).first()
    return None if winner is None else str(winner)


def _columns_of(error: BaseException) -> set[str]:
    diagnosis = getattr(error.__cause__ or error, "diag", None)
    if diagnosis is None:
        return set()
    if diagnosis.column_name:
        return {diagnosis.column_name}
    if not diagnosis.constraint_name or not diagnosis.table_name:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS_OF_CONSTRAINT, {"name": diagnosis.constraint_name, "table": diagnosis.table_name})
        return {name for (name,) in cursor.fetchall()}


def _validation_fields(error: ValidationError) -> dict[str, tuple[str, ...]]:
    if not hasattr(error, "error_dict"):
        return {}
    return {name: tuple(messages) for name, messages in error.message_dict.items() if name != NON_FIELD_ERRORS}
