"""The contract's questions about other people's rows: they cannot be told from rows that do not exist.

Not here: columns that say whose a row is (`protection`).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from django.utils import timezone

from sync.handlers.base import is_synced
from sync.testing.answer import Json
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
            updates = [stage.update(row, values, base=base) for row in (foreign, absent)]
            _all_equal([_alone(stage, operation, "rejected/not_found") for operation in updates])
            deletes = [stage.delete(row, base=base) for row in (foreign, absent)]
            _all_equal([_alone(stage, operation, "applied/already_gone") for operation in deletes])
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
            inserts = [stage.insert({**payload, name: target}) for target in targets]
            updates = [stage.update(row, {name: target}) for target in targets]
            for attempts in (inserts, updates):
                answers = [_alone(stage, operation, "rejected/reference_not_found") for operation in attempts]
                same("columns named", set(answers[0]["error"]["fields"]), {name})
                _all_equal(answers)
            assert everything() == before, f"A row that refers to a foreign or absent {name} was written."


def _alone(stage: Stage, operation: Json, verdict: str) -> Json:
    """The answer to a phone that has no past."""
    (result,) = stage.phone.another().upload(operation).expect(verdict)
    return _plain(result)


def _plain(result: Json) -> Json:
    """A result without the ids that the client sent itself."""
    return {key: value for key, value in result.items() if key not in {"op_id", "entity_id"}}


def _all_equal(answers: Sequence[Json]) -> None:
    for answer in answers[1:]:
        same("answers that must not differ", answer, answers[0])
