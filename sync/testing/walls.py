"""The contract's questions about other people's rows: they cannot be told from rows that do not exist.

Not here: columns that say whose a row is (`protection`).
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.utils import timezone

from sync.handlers.base import is_synced
from sync.testing.answer import Json
from sync.testing.phone import Phone
from sync.testing.sample import Made, Sample, Stage, everything, same


class WallContract:
    """A row of another tenant can be neither seen, changed, deleted nor referred to."""

    def test_a_foreign_row_is_answered_like_an_absent_one(self, sample: Sample) -> None:
        """Updates and deletes of both get equal answers, and the row stays as it is."""
        stage = Stage(sample)
        foreign = stage.living(stage.foreigner)
        absent = Made(id=str(uuid4()), operation=foreign.operation, result=foreign.result)
        values = stage.changes()
        before = everything()
        for base in (1, 7):
            for operation, verdict in (
                (lambda row, base=base: stage.update(row, values, base=base), "rejected/not_found"),
                (lambda row, base=base: stage.delete(row, base=base), "applied/already_gone"),
            ):
                answers = [_alone(stage, operation(row), verdict) for row in (foreign, absent)]
                same("answer for a foreign row, measured by that for an absent one", *answers)
        assert everything() == before, "A row of another tenant was touched."

    def test_a_foreign_id_is_unavailable_and_nothing_more_is_said(self, sample: Sample) -> None:
        """Ids are global. Whether the row lives, or what it is, is not told."""
        stage = Stage(sample)
        foreign = stage.living(stage.foreigner)
        payload, before = stage.payload(), everything()
        insert = stage.insert(payload, entity_id=foreign.id)
        (result,) = stage.phone.another().upload(insert).expect("rejected/id_unavailable")
        same("what is told beside the verdict", {"server", "row"} & set(result), set())
        same("columns named", result["error"].get("fields", {}), {})
        assert everything() == before, "An insert with a foreign id wrote something."
        if "delete" in sample.refused:
            return
        stage.foreigner.upload(stage.delete(foreign)).expect("applied")
        again = {**insert, "op_id": str(uuid4())}
        same("answer for a foreign tombstone", _alone(stage, again, "rejected/id_unavailable"), _plain(result))

    def test_a_foreign_verdict_is_not_told(self, sample: Sample) -> None:
        """The op_id of another tenant is nobody's here: no verdict to ask for, and free to use."""
        stage = Stage(sample)
        op_id = stage.living(stage.foreigner).operation["op_id"]
        same("the verdict asked for", stage.phone.another().ask(op_id), None)
        same("an operation of our own under that op_id", stage.living(op_id=op_id).result["replayed"], False)

    def test_a_foreign_row_is_not_loaded(self, sample: Sample) -> None:
        """`scoped` is what answers and shapes are made from."""
        stage = Stage(sample)
        own, foreign = stage.living(), stage.living(stage.foreigner)
        seen = stage.handler.scoped(stage.actor).filter(pk__in=[own.id, foreign.id])
        same("rows in scope", [str(row.pk) for row in seen], [own.id])

    def test_a_foreign_parent_is_answered_like_an_absent_one(self, sample: Sample) -> None:
        """Every reference, in inserts and updates; a deleted parent is no better."""
        stage = Stage(sample)
        row = stage.living()
        foreign, absent = stage.payload(stage.foreigner), str(uuid4())
        for field in stage.references:
            name = field.attname
            dead = stage.changes()[name]
            if is_synced(field.related_model):
                field.related_model._default_manager.filter(pk=dead).update(deleted_at=timezone.now())
            targets = [foreign[name], absent, *([dead] if is_synced(field.related_model) else [])]
            payload = stage.payload()
            before = everything()
            for attempt in (
                lambda target, name=name, payload=payload: stage.insert({**payload, name: target}),
                lambda target, name=name: stage.update(row, {name: target}),
            ):
                answers = [_alone(stage, attempt(target), "rejected/reference_not_found") for target in targets]
                same("columns named", set(answers[0]["error"]["fields"]), {name})
                for answer in answers:
                    same(f"answer for a foreign, absent or deleted {name}", answer, answers[0])
            assert everything() == before, f"A row that refers to a foreign or absent {name} was written."


def _alone(stage: Stage, operation: Json, verdict: str) -> dict[str, Any]:
    """The answer to a phone that has no past."""
    (result,) = _fresh(stage.phone).upload(operation).expect(verdict)
    return _plain(result)


def _fresh(phone: Phone) -> Phone:
    return phone.another()


def _plain(result: Json) -> dict[str, Any]:
    """A result without the ids that the client sent itself."""
    return {key: value for key, value in result.items() if key not in {"op_id", "entity_id"}}
