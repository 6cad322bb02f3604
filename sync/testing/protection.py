"""The contract's question about the columns that are the server's alone: can a payload set one?

Not here: whose a row is when nobody tries (`walls`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sync.testing.answer import Json
from sync.testing.sample import Sample, Stage, everything, same


class ProtectionContract:
    """Every model field outside `writes`, by each of its names, in each action, is refused."""

    def test_no_column_outside_writes_can_be_set_by_an_insert(self, sample: Sample) -> None:
        """Beside good columns."""
        stage = Stage(sample)
        payload = stage.payload()
        _all_refused(stage, {name: stage.insert({**payload, name: value}) for name, value in _protected(stage)})

    def test_no_column_outside_writes_can_be_set_by_an_update(self, sample: Sample) -> None:
        """Alone, and beside a good column."""
        stage = Stage(sample)
        row, good = stage.living(), dict([next(iter(stage.changes().items()))])
        for beside in ({}, good):
            attempts = {name: stage.update(row, {**beside, name: value}) for name, value in _protected(stage)}
            _all_refused(stage, attempts)

    def test_no_column_at_all_can_be_set_by_a_delete(self, sample: Sample) -> None:
        """A delete carries no payload: neither the server's columns nor the client's."""
        stage = Stage(sample)
        row = stage.living()
        _all_refused(stage, {n: {**stage.delete(row), "payload": {n: v}} for n, v in _protected(stage)})
        (result,) = stage.phone.upload({**stage.delete(row), "payload": row.payload}).expect("rejected/invalid")
        same("columns named", set(result["error"]["fields"]), set(row.payload))
        same("tombstone", stage.stored(row.id)["deleted_at"], None)


def _protected(stage: Stage) -> Iterator[tuple[str, Any]]:
    """(name, value to try): the values are those of a living row of another tenant."""
    values = stage.stored(stage.living(stage.foreigner).id)
    for field in stage.handler.model._meta.concrete_fields:
        for name in dict.fromkeys((field.name, field.attname, field.column)):
            if name not in stage.handler.writes:
                yield name, values[field.attname]


def _all_refused(stage: Stage, attempts: Mapping[str, Json]) -> None:
    """Each names its column, and nothing is written. **Shape**: {column: operation}"""
    before = everything()
    for name, result in zip(attempts, stage.phone.upload(*attempts.values()), strict=True):
        verdict = f"{result['status']}/{result['code']}"
        assert verdict == "rejected/unknown_field", f"{attempts[name]['action']} with {name!r} was answered {verdict}."
        same("fields named as unknown", set(result["error"]["fields"]), {name})
    assert everything() == before, "An operation with a protected column wrote something."
