"""The contract's questions about rows that exist: edits, conflicts, deletes and repeats.

Not here: inserts (`structure`).
"""

from __future__ import annotations

from uuid import uuid4

from sync.handlers.registry import registry
from sync.models import SyncedModel
from sync.protocol.codes import Status
from sync.testing.answer import Json
from sync.testing.sample import Made, Sample, Stage, everything, same

DAYS = [f"2001-01-0{day}T00:00:00Z" for day in range(1, 6)]


class UpdateContract:
    """An edit changes what it names, once, and counts."""

    def test_each_column_can_be_changed(self, sample: Sample) -> None:
        """The version rises by one, the other columns stay. Where nobody may update: the refusal, and no change."""
        stage = Stage(sample)
        for name in stage.changed_columns():
            made = stage.living()
            before = stage.stored(made.id)
            values = {name: stage.changes()[name]}
            operation = stage.update(made, values)
            answer = stage.phone.upload(operation, prefer="return=representation")
            if code := sample.refused.get("update"):
                answer.expect(f"rejected/{code}")
                same("row after a refused update", stage.stored(made.id), before)
                continue
            (result,) = answer.expect("applied")
            expected = {**made.payload, **values}
            same("verdict", (result["version"], result["changed"]), (2, True))
            same(f"row after a change of {name}", stage.written(made.id), expected)
            stamps = {"id": made.id, "version": 2, "write_id": operation["op_id"], "created_at": before["created_at"]}
            stored = stage.stored(made.id)
            same("stamps", {key: stored[key] for key in stamps}, stamps)
            same("published row", result["row"], {key: stored[key] for key in result["row"]})

    def test_values_that_are_there_already_change_nothing(self, sample: Sample) -> None:
        """No version, no txid."""
        stage = Stage(sample)
        made = stage.living()
        (result,) = stage.phone.upload(stage.update(made, made.payload)).expect("applied/unchanged")
        same("verdict", (result["version"], result["changed"], result["txid"]), (1, False, None))
        same("version", stage.stored(made.id)["version"], 1)

    def test_every_writer_raises_the_version(self, sample: Sample) -> None:
        """The trigger watches each column: a write past the endpoint counts as much."""
        stage = Stage(sample)
        made = stage.living()
        for version, (name, value) in enumerate(stage.changes().items(), start=2):
            stage.change_on_server(made, {name: value})
            stored = stage.stored(made.id)
            same(f"after a change of {name} on the server", (stored["version"], stored["write_id"]), (version, None))

    def test_an_edit_says_which_version_it_edited(self, sample: Sample) -> None:
        """Unless the handler takes blind writes; and that version must have existed."""
        stage = Stage(sample)
        made, values = stage.living(), stage.changes()
        attempts = [stage.update(made, values, base=None), stage.delete(made, base=None)]
        if not stage.handler.blind_writes:
            for result in stage.phone.upload(*attempts).expect(*["rejected/base_version_required"] * 2):
                same("fields named", set(result["error"]["fields"]), {"base_version"})
        attempts = [stage.update(made, values, base=2), stage.delete(made, base=2)]
        for result in stage.phone.upload(*attempts).expect(*["rejected/invalid"] * 2):
            same("fields named", set(result["error"]["fields"]), {"base_version"})
        same("row afterwards", stage.written(made.id), made.payload)

    def test_what_is_not_there_is_not_found(self, sample: Sample) -> None:
        """An update of nothing is refused, a delete of nothing is done already."""
        stage = Stage(sample)
        attempts = [stage.update(_nobody(), stage.changes()), stage.delete(_nobody())]
        _, gone = stage.phone.upload(*attempts).expect("rejected/not_found", "applied/already_gone")
        same("verdict", (gone["version"], gone["changed"], gone["txid"]), (None, False, None))


class ConflictContract:
    """Two people who edit the same row."""

    def test_a_clash_is_a_conflict_and_brings_the_row(self, sample: Sample) -> None:
        """Every column without last-write-wins: the column is named, and nothing is written."""
        stage = Stage(sample)
        for name in (n for n in stage.changed_columns() if n not in stage.handler.last_write_wins):
            made = stage.living()
            stage.change_elsewhere(made, {name: stage.changes()[name]})
            stored = stage.stored(made.id)
            stale = stage.update(made, {name: made.payload[name]})
            (result,) = stage.phone.upload(stale).expect("conflict/stale_version")
            same("columns named", set(result["error"]["fields"]), {name})
            same("version of the server's row", result["server"]["version"], 2)
            row = result["server"]["row"]
            same("server's row", row, {key: stored[key] for key in row})
            same("row after a conflict", stage.stored(made.id), stored)

    def test_the_later_write_wins_where_that_is_declared(self, sample: Sample) -> None:
        """An earlier one is dropped, a later one is merged; the row comes along."""
        stage = Stage(sample)
        for name in sorted(stage.handler.last_write_wins):
            made = stage.living(client_timestamp=DAYS[0])
            theirs = {name: stage.changes()[name]}
            stage.change_elsewhere(made, theirs, client_timestamp=DAYS[2])
            ours = {name: made.payload[name]}
            early = stage.update(made, ours, client_timestamp=DAYS[1])
            (lost,) = stage.phone.upload(early).expect("applied/superseded")
            same("row of the loser", (lost["version"], lost["row"][name]), (2, theirs[name]))
            late = stage.update(made, ours, client_timestamp=DAYS[3])
            (won,) = stage.phone.upload(late).expect("applied/merged")
            same("row of the winner", (won["version"], won["row"][name]), (3, ours[name]))
            same("row afterwards", stage.written(made.id)[name], ours[name])

    def test_edits_of_different_columns_both_stand(self, sample: Sample) -> None:
        """The later one is merged and brings the row with both."""
        stage = Stage(sample)
        names = stage.changed_columns()[:2]
        if "update" in sample.refused or len(names) < 2:
            return
        made, changes = stage.living(), stage.changes()
        theirs, ours = ({name: changes[name]} for name in names)
        stage.change_elsewhere(made, theirs)
        (result,) = stage.phone.upload(stage.update(made, ours)).expect("applied/merged")
        same("row with both", stage.written(made.id), {**made.payload, **theirs, **ours})
        same("published row", {key: result["row"][key] for key in names}, {**theirs, **ours})

    def test_a_changed_row_is_not_deleted_unseen(self, sample: Sample) -> None:
        """A stale delete is a conflict."""
        stage = Stage(sample)
        made, name = stage.living(), stage.changed_columns()[0]
        stage.change_elsewhere(made, {name: stage.changes()[name]})
        (result,) = stage.phone.upload(stage.delete(made)).expect("conflict/stale_version")
        same("server's row", (result["server"]["version"], result["server"]["row"]["id"]), (2, made.id))
        same("tombstone", stage.stored(made.id)["deleted_at"], None)


class DeleteContract:
    """The end of a row."""

    def test_a_delete_leaves_a_tombstone_and_nothing_comes_back(self, sample: Sample) -> None:
        """A second one has nothing to do; late updates and inserts are `gone`."""
        stage = Stage(sample)
        made = stage.living()
        operation = stage.delete(made)
        if code := sample.refused.get("delete"):
            stage.phone.upload(operation).expect(f"rejected/{code}")
            same("tombstone", stage.stored(made.id)["deleted_at"], None)
            return
        (result,) = stage.phone.upload(operation).expect("applied")
        same("verdict", (result["version"], result["changed"]), (2, True))
        tombstone = stage.stored(made.id)
        assert tombstone["deleted_at"], "The row is not marked as deleted."
        same("stamps", (tombstone["version"], tombstone["write_id"]), (2, operation["op_id"]))
        late = [
            stage.delete(made),
            stage.update(made, stage.changes()),
            stage.insert(stage.payload(), entity_id=made.id),
        ]
        answer = stage.phone.another().upload(*late).expect("applied/already_gone", "conflict/gone", "conflict/gone")
        same("verdict on a second delete", (answer[0]["version"], answer[0]["changed"]), (None, False))
        for result in answer[1:]:
            same("server's row", result["server"], {"version": 2, "row": None})
        same("tombstone afterwards", stage.stored(made.id), tombstone)

    def test_a_row_with_living_children_stays(self, sample: Sample) -> None:
        """Every reference of this entity to one that clients write: the parent outlives its child."""
        stage = Stage(sample)
        for reference in registry.references(stage.handler):
            if reference.parent is None:
                continue
            parent_id = stage.living().payload[reference.column]
            parent: SyncedModel = reference.parent.model._default_manager.get(pk=parent_id)
            removal: Json = {
                **stage.delete(_nobody(), base=parent.version),
                "entity": reference.parent.entity,
                "entity_id": parent_id,
            }
            (result,) = stage.phone.upload(removal)
            same("status of the parent's delete", result["status"], Status.REJECTED)
            assert result["code"] in {"has_children", *reference.parent.codes}, f"answered {result['code']}"
            parent.refresh_from_db()
            assert not parent.is_deleted, f"{reference.column} lost its row."


class RepeatContract:
    """Exactly once: an op_id has one verdict."""

    def test_a_repeat_gets_the_first_verdict(self, sample: Sample) -> None:
        """Applied, rejected or in conflict, and from any phone of the tenant; nothing is executed again."""
        stage = Stage(sample)
        made, name = stage.living(), stage.changed_columns()[0]
        stage.change_elsewhere(made, {name: stage.changes()[name]})
        operations = [
            stage.insert(stage.payload()),
            stage.insert({**stage.payload(), "no_such_column": 1}),
            stage.update(made, {name: made.payload[name]}, client_timestamp=DAYS[0]),
            stage.delete(_nobody()),
        ]
        first = stage.phone.upload(*operations)
        before = everything()
        for phone in (stage.phone, stage.phone.another()):
            again = phone.upload(*operations)
            same("replayed", [result["replayed"] for result in again], [True] * len(operations))
            for once, twice in zip(first, again, strict=True):
                same("repeat", twice | {"replayed": False}, once | {"replayed": False})
        same("batch's txid of a repeat", again.body["txid"], None)
        assert everything() == before, "A repeat wrote something."

    def test_an_op_id_stands_for_one_content(self, sample: Sample) -> None:
        """Another payload, action or row under a used op_id executes nothing and shows nothing."""
        stage = Stage(sample)
        made = stage.living()
        others = [
            stage.insert(stage.payload(), entity_id=made.id),
            stage.insert(made.payload),
            stage.update(made, stage.changes()),
            stage.delete(made),
        ]
        before = everything()
        for other in others:
            reused = {**other, "op_id": made.operation["op_id"]}
            (result,) = stage.phone.upload(reused).expect("rejected/operation_id_reused")
            same("what is told beside the verdict", {"server", "row"} & set(result), set())
        assert everything() == before, "A used op_id wrote something."


def _nobody() -> Made:
    return Made(id=str(uuid4()), operation={}, result={})
