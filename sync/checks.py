"""System checks: a mistake in a handler is an error at start-up, not a failed request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.db import connections
from django.db.models import ForeignKey

from sync.conf import conf
from sync.handlers.base import EntityHandler, is_synced
from sync.handlers.registry import registry
from sync.handlers.schema import UnsupportedField, schema_of
from sync.protocol.codes import CODES

Message = checks.CheckMessage


@checks.register("sync")
def check_project(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[Message]:
    """Settings that would break a promise."""
    found: list[Message] = []
    for alias, database in settings.DATABASES.items():
        if database.get("ATOMIC_REQUESTS"):
            found.append(
                checks.Error(
                    f"ATOMIC_REQUESTS is on for database {alias!r}: an answer would be sent before its commit.",
                    hint="Turn it off; the engine opens one transaction per batch.",
                    id="sync.E001",
                )
            )
    if not conf().ACTORS:
        found.append(
            checks.Error(
                "SYNC['ACTORS'] is not set: nobody could be told from anybody.",
                hint="Set it to the dotted path of an ActorDirectory.",
                id="sync.E002",
            )
        )
    return found


@checks.register("sync")
def check_handlers(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[Message]:
    """Every registered handler against its model."""
    return [message for handler in registry for message in _check_handler(handler)]


@checks.register("sync", checks.Tags.database)
def check_triggers(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[Message]:
    """Every synced table has its version trigger, over exactly the published columns. Needs a database.

    A warning, as an error would keep `migrate` from mending it.
    """
    found: list[Message] = []
    for alias in databases or ():
        installed = _installed_triggers(alias)
        for handler in registry:
            table = handler.model._meta.db_table
            if table in installed and installed[table] != set(handler.writes):
                found.append(
                    checks.Warning(
                        f"The version trigger of {table} is missing, or does not watch the columns in `writes`.",
                        hint=f"Add TrackVersions({handler.model.__name__!r}, {handler.writes!r}) to a migration.",
                        obj=type(handler),
                        id="sync.W010",
                    )
                )
    return found


def _check_handler(handler: EntityHandler[Any]) -> Iterator[Message]:
    for problem, hint, number in _problems(handler):
        yield checks.Error(problem, hint=hint, obj=type(handler), id=f"sync.E{number:03}")


def _problems(handler: EntityHandler[Any]) -> Iterator[tuple[str, str, int]]:
    """(what is wrong, what to do, number) of one handler."""
    if not is_synced(handler.model):
        yield f"{handler.model.__name__} is no SyncedModel.", "Make it a subclass of sync.models.SyncedModel.", 3
        return
    fields = {field.attname: field for field in handler.model._meta.concrete_fields}
    if handler.entity != handler.model._meta.db_table:
        table = handler.model._meta.db_table
        yield (
            f"entity {handler.entity!r} is not its table, {table!r}, which clients read.",
            "Name it like the table.",
            4,
        )
    if unknown := set(handler.writes) - fields.keys():
        yield f"`writes` names no columns of the model: {_names(unknown)}.", "Use column names (customer_id).", 5
        return
    yield from _column_problems(handler, fields)
    yield from _reference_problems(handler, fields)
    if taken := set(handler.codes) & set(CODES):
        yield f"`codes` declares codes of the protocol: {_names(taken)}.", "Choose names of your own.", 12


def _column_problems(handler: EntityHandler[Any], fields: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    for name, columns in (("last_write_wins", handler.last_write_wins), ("parents", handler.parents)):
        if unknown := set(columns) - set(handler.writes):
            yield f"`{name}` names columns outside `writes`: {_names(unknown)}.", "Take them out.", 6
    scoped = {column for column in (handler.scope.tenant, handler.scope.owner) if column}
    if unknown := scoped - fields.keys():
        yield f"`scope` names no column of the model: {_names(unknown)}.", "Use column names.", 7
    if settable := scoped & set(handler.writes):
        yield f"Clients could set whose a row is: {_names(settable)}.", "Take it out of `writes`.", 8
    try:
        schema_of(handler)
    except UnsupportedField as error:
        yield str(error), "Take the column out of `writes`, or use another kind of field.", 9


def _reference_problems(handler: EntityHandler[Any], fields: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    handled = {other.model for other in registry}
    for column in handler.writes:
        field = fields[column]
        if isinstance(field, ForeignKey) and field.remote_field.model not in handled and column not in handler.parents:
            yield (
                f"{column} refers to {field.remote_field.model.__name__}, which has no handler and so no scope.",
                f"Say which rows an actor may refer to: parents = {{{column!r}: lambda actor: ...}}.",
                11,
            )
    columns = {reference.column for reference in registry.references(handler)}
    for path in handler.guards:
        if path.split(".")[0] not in columns | {r.attribute for r in registry.references(handler)}:
            yield f"`guards` names {path!r}, which does not begin with a reference.", "Begin with an FK column.", 13


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _installed_triggers(alias: str) -> dict[str, set[str]]:
    """{table that exists: columns its trigger watches}"""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, coalesce(encode(t.tgargs, 'escape'), '') FROM pg_class c"
            " LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'sync_track_version'"
            " WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)"
        )
        return {table: set(filter(None, arguments.split("\\000"))) for table, arguments in cursor.fetchall()}
