"""The contract's questions about a handler's declaration and its inserts.

Not here: edits and deletes (`lifecycle`), other tenants (`walls`), columns of the server (`protection`).
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from sync.checks import check_handlers, check_triggers
from sync.handlers.base import EntityHandler
from sync.handlers.schema import SERVER_COLUMNS, columns, spell
from sync.protocol.codes import CODES, Action, Status
from sync.testing.answer import Json
from sync.testing.sample import Sample, Stage, everything, same


class DeclarationContract:
    """What a handler says about itself is true."""

    def test_the_sample_speaks_of_every_column(self, sample: Sample) -> None:
        """The other questions are worth something only when no column is left out of them."""
        stage = Stage(sample)
        writes = set(stage.handler.writes)
        payload, changes = stage.payload(), stage.changes()
        same("columns of the sample's payload", set(payload), writes)
        same("columns of the sample's changes", set(changes), writes)
        unchanged = [name for name in writes if payload[name] == changes[name]]
        assert not unchanged, f"The sample's changes do not change {unchanged}."
        unset = [field.attname for field in stage.references if payload[field.attname] is None]
        assert not unset, f"The sample's payload leaves references empty: {unset}."
        same("actions that the sample calls refused", set(sample.refused) - set(Action), set())

    def test_the_system_checks_find_nothing(self, sample: Sample) -> None:
        """Columns, scope and codes fit the model; the version trigger watches exactly the columns in `writes`."""
        handler = type(Stage(sample).handler)
        messages = [*check_handlers(None), *check_triggers(None, databases=["default"])]
        same("system checks", [m.msg for m in messages if m.obj is handler], [])

    def test_codes_declare_what_the_rules_reject_with(self, sample: Sample) -> None:
        """An undeclared code would be answered `internal_error`, and only on the day the rule says no."""
        handler = Stage(sample).handler
        known = set(handler.codes) | {name for name, code in CODES.items() if code.status is Status.REJECTED}
        raised = set(rejected_codes(type(handler)))
        assert raised <= known, f"`codes` does not declare {sorted(raised - known)}."
        silent = [code for code, message in handler.codes.items() if not message.strip()]
        assert not silent, f"No message for people: {silent}."

    def test_every_declared_code_is_given_and_leaves_no_trace(self, sample: Sample) -> None:
        """One attempt for each: the verdict is exactly that code, and no row of any entity is touched."""
        stage = Stage(sample)
        same("codes with an attempt in `refusals`", set(sample.refusals), set(stage.handler.codes))
        for code, attempt in sample.refusals.items():
            phone, operation = attempt(stage.phone)
            before = everything()
            (result,) = phone.upload(operation).expect(f"rejected/{code}")
            same(f"retry of {code}", result["retry"], "after_fix")
            assert result["error"]["message"], f"{code} says nothing to people."
            assert everything() == before, f"Something was written although the answer was {code}."


class InsertContract:
    """A new row is what was sent, or nothing."""

    def test_a_good_insert_is_applied_and_published_exactly(self, sample: Sample) -> None:
        """Version 1, the columns of the server, the columns in `writes` as they were sent, and nothing else."""
        stage = Stage(sample)
        made = stage.living()
        row = made.result["row"]
        stored = stage.stored(made.id)
        same("version of the verdict", (made.result["version"], made.result["changed"]), (1, True))
        assert isinstance(made.result["txid"], int), f"An insert has a txid, not {made.result['txid']!r}."
        same("published columns", set(row), {*SERVER_COLUMNS, *stage.handler.writes})
        same("published row", {name: row[name] for name in stage.handler.writes}, made.payload)
        same("published row", row, {name: stored[name] for name in row})
        same("stamps", (row["id"], row["version"], row["write_id"]), (made.id, 1, made.operation["op_id"]))
        same("updated_at", row["updated_at"], row["created_at"])
        assert stored["deleted_at"] is None, "The new row is a tombstone."

    def test_a_new_row_belongs_to_its_author(self, sample: Sample) -> None:
        """Scope stamps it, whatever the payload says."""
        stage = Stage(sample)
        row = stage.row(stage.living().id)
        for column in filter(None, (stage.handler.scope.tenant, stage.handler.scope.owner)):
            owner = stage.phone.tenant_id if column == stage.handler.scope.tenant else stage.phone.user_id
            same(f"{column} of the new row", getattr(row, column), owner)

    def test_columns_that_are_not_required_have_defaults(self, sample: Sample) -> None:
        """The smallest payload is enough, and what was left out is null or the model's default."""
        stage = Stage(sample)
        enough = sample.required | sample.needed
        payload = {name: value for name, value in stage.payload().items() if name in enough}
        row = stage.living(payload=payload).result["row"]
        fields = {field.attname: field for field in stage.handler.model._meta.concrete_fields}
        left_out = [name for name in stage.handler.writes if name not in enough]
        defaults = {name: spell(fields[name].get_default()) for name in left_out}
        same("defaults", {name: row[name] for name in left_out}, defaults)

    def test_every_required_column_is_asked_for(self, sample: Sample) -> None:
        """Each one missing is named, and all of them together."""
        stage = Stage(sample)
        required = {column.name for column in columns(stage.handler) if column.required}
        same("required columns", required, set(sample.required))
        payload = stage.payload()
        missing = [[name] for name in sorted(required)] + ([sorted(required)] if required else [])
        before = everything()
        attempts = [stage.insert({n: v for n, v in payload.items() if n not in names}) for names in missing]
        for names, result in zip(missing, _refused(stage, attempts, "rejected/invalid"), strict=True):
            same("columns named as missing", sorted(result["error"]["fields"]), names)
        assert everything() == before, "An insert without a required column wrote something."

    def test_null_is_refused_where_a_value_must_be(self, sample: Sample) -> None:
        """Columns with a default too: null is no way to ask for the default."""
        stage = Stage(sample)
        row, payload = stage.living(), stage.payload()
        names = [column.name for column in columns(stage.handler) if not column.nullable]
        inserts = [stage.insert({**payload, name: None}) for name in names]
        updates = [stage.update(row, {name: None}) for name in names]
        for name, result in zip(names * 2, _refused(stage, inserts + updates, "rejected/invalid"), strict=True):
            same("columns named as null", set(result["error"]["fields"]), {name})
        same("row after nulls", stage.written(row.id), row.payload)

    def test_a_field_nobody_knows_is_refused(self, sample: Sample) -> None:
        """Dropping it in silence would lose data. An empty delete is the only kind there is."""
        stage = Stage(sample)
        row = stage.living()
        unknown = {"no_such_column": 1}
        attempts = [
            stage.insert({**stage.payload(), **unknown}),
            stage.update(row, unknown),
            {**stage.delete(row), "payload": unknown},
        ]
        before = everything()
        for result in _refused(stage, attempts, "rejected/unknown_field"):
            same("fields named as unknown", set(result["error"]["fields"]), set(unknown))
        assert everything() == before, "An operation with an unknown field wrote something."

    def test_unique_values_are_unique_among_the_living(self, sample: Sample) -> None:
        """The columns and the winner are named; what was deleted, or is somebody else's, takes nothing."""
        stage = Stage(sample)
        for names in unique_columns(stage.handler):
            winner = stage.living()
            taken = {name: winner.payload[name] for name in names}
            twin = stage.insert({**stage.payload(), **taken})
            (result,) = stage.phone.upload(twin).expect("rejected/unique_violation")
            same("columns of the clash", set(result["error"]["fields"]), set(names))
            same("winner", result["error"].get("duplicate_of"), winner.id)
            if not set(names) & {field.attname for field in stage.references}:
                stage.living(stage.foreigner, payload={**stage.payload(stage.foreigner), **taken})
            if "delete" not in sample.refused:
                stage.phone.upload(stage.delete(winner)).expect("applied")
                stage.living(payload={**stage.payload(), **taken})


def _refused(stage: Stage, attempts: list[Json], verdict: str) -> Iterable[Json]:
    return stage.phone.upload(*attempts).expect(*[verdict] * len(attempts)) if attempts else []


def unique_columns(handler: EntityHandler[Any]) -> Iterator[list[str]]:
    """The writable columns of each constraint that makes living rows unique."""
    fields = {field.name: field for field in handler.model._meta.concrete_fields}
    groups = [c.fields for c in handler.model._meta.total_unique_constraints]
    for constraint in handler.model._meta.constraints:
        condition = getattr(constraint, "condition", None)
        if getattr(constraint, "fields", ()) and condition is not None and _is_about_living(condition):
            groups.append(constraint.fields)
    groups += [(field.name,) for field in fields.values() if field.unique and not field.primary_key]
    for group in groups:
        if names := [fields[name].attname for name in group if fields[name].attname in handler.writes]:
            yield names


def _is_about_living(condition: Any) -> bool:
    return all(isinstance(child, tuple) and child[0].startswith("deleted_at") for child in condition.children)


def rejected_codes(handler: type[EntityHandler[Any]]) -> Iterator[str]:
    """The codes in `Reject("…")` in the source of a handler: its classes, and the functions beside them."""
    for cls in handler.__mro__:
        if not issubclass(cls, EntityHandler) or cls is EntityHandler:
            continue
        module = inspect.getmodule(cls)
        names = vars(module) if module else {}
        functions = [f for f in names.values() if inspect.isfunction(f) and f.__module__ == cls.__module__]
        for part in (cls, *functions):
            for node in ast.walk(ast.parse(_source_of(part))):
                if isinstance(node, ast.Call) and node.args and _name(node.func) == "Reject":
                    code = node.args[0]
                    value = code.value if isinstance(code, ast.Constant) else names.get(_name(code) or "")
                    if isinstance(value, str):
                        yield value


def _source_of(part: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(part))
    except (OSError, TypeError):  # made at run time: there is nothing to read
        return ""


def _name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
