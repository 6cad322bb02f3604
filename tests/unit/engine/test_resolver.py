"""Stale writes, decided field by field."""

from dataclasses import replace

import pytest

from sync.engine import stamps
from sync.engine.resolver import ConflictResolver
from sync.handlers.resolution import Edit

ME, OTHER = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
RESOLVER = ConflictResolver()


def edit(values, *, base, history, now=None, **given):
    """An edit by ME of a row whose `history` is [(column, client, time)] after an insert by OTHER at time 0."""
    versions, version = stamps.inserted(OTHER, 0), 1
    for column, client, time in history:
        version += 1
        stamp = stamps.read(versions, column)
        versions[column] = stamp.rewritten(version=version, client=client, time=time).as_json()
    current = dict.fromkeys(values, "old") | (now or {})
    defaults = {"client": ME, "time": 50, "last_write_wins": frozenset({"notes"})}
    return Edit(
        values=values,
        current=current,
        version=version,
        base_version=base,
        field_versions=versions,
        **{**defaults, **given},
    )


def test_nobody_else_wrote_means_no_code():
    """`applied` without a code: the client saw all there was."""
    resolution = RESOLVER.update(edit({"name": "new"}, base=1, history=[]))
    assert (resolution.values, resolution.code, resolution.clashes) == ({"name": "new"}, None, None)


def test_disjoint_edits_both_win():
    """Someone changed another field: merged."""
    resolution = RESOLVER.update(edit({"name": "new"}, base=1, history=[("phone", OTHER, 10)]))
    assert (resolution.values, resolution.code) == ({"name": "new"}, "merged")


def test_the_same_field_is_a_conflict_and_nothing_is_written():
    """One clash refuses the whole operation."""
    resolution = RESOLVER.update(edit({"name": "new", "phone": "1"}, base=1, history=[("name", OTHER, 10)]))
    assert resolution.clashes is not None
    assert set(resolution.clashes) == {"name"}
    assert not resolution.values


def test_the_value_that_is_already_there_never_clashes():
    """Two people who typed the same agree."""
    resolution = RESOLVER.update(edit({"name": "x"}, base=1, history=[("name", OTHER, 10)], now={"name": "x"}))
    assert (resolution.code, resolution.values, resolution.stamps) == ("unchanged", {}, {})


def test_own_edits_never_clash_with_each_other():
    """A queue edited offline carries the version it last saw, again and again."""
    resolution = RESOLVER.update(edit({"name": "new"}, base=1, history=[("name", ME, 10), ("name", ME, 20)]))
    assert (resolution.values, resolution.code) == ({"name": "new"}, None)


def test_own_edits_on_top_of_a_foreign_one_clash():
    """Someone else's change after the base is not hidden by an own one after it."""
    resolution = RESOLVER.update(edit({"name": "new"}, base=1, history=[("name", OTHER, 10), ("name", ME, 20)]))
    assert set(resolution.clashes or {}) == {"name"}


@pytest.mark.parametrize(
    ("theirs", "mine", "client", "code"),
    [
        (10, 50, ME, "merged"),  # mine is later
        (60, 50, ME, "superseded"),  # theirs is later
        (50, 50, ME, "superseded"),  # equal: OTHER is the higher client
        (50, 50, OTHER[:-1] + "3", "merged"),  # equal: I am the higher client
    ],
)
def test_the_later_time_wins_where_declared(theirs, mine, client, code):
    """On equal times the higher client_id wins, so that every order ends the same."""
    resolution = RESOLVER.update(
        edit({"notes": "new"}, base=1, history=[("notes", OTHER, theirs)], time=mine, client=client)
    )
    assert (resolution.code, "notes" in resolution.values) == (code, code == "merged")


def test_the_server_loses_ties():
    """An admin's edit at the same moment is the lowest."""
    resolution = RESOLVER.update(edit({"notes": "new"}, base=1, history=[("notes", None, 50)]))
    assert resolution.code == "merged"


def test_an_own_last_change_never_loses_to_its_own_clock():
    """The field's last change is this client's: the new write wins, whatever its time."""
    history = [("notes", OTHER, 10), ("notes", ME, 90)]
    resolution = RESOLVER.update(edit({"notes": "new"}, base=1, history=history, time=20))
    assert resolution.values == {"notes": "new"}
    assert stamps.read(resolution.stamps, "notes").time == 90  # the later of the two is kept


def test_a_losing_field_is_dropped_and_the_rest_written():
    """Merged: at least one field found its place."""
    resolution = RESOLVER.update(edit({"notes": "new", "phone": "1"}, base=1, history=[("notes", OTHER, 90)], time=50))
    assert (resolution.values, resolution.code) == ({"phone": "1"}, "merged")


def test_an_equal_value_keeps_the_later_time_and_writes_no_column():
    """Only the bookkeeping learns that the value was meant later."""
    resolution = RESOLVER.update(edit({"notes": "x"}, base=1, history=[("notes", OTHER, 10)], now={"notes": "x"}))
    stamp = stamps.read(resolution.stamps, "notes")
    assert (resolution.code, resolution.values) == ("unchanged", {})
    assert (stamp.time, stamp.time_client, stamp.client, stamp.version) == (50, ME, OTHER, 2)


def test_an_equal_value_with_an_earlier_time_changes_nothing():
    """Times only rise."""
    resolution = RESOLVER.update(edit({"notes": "x"}, base=1, history=[("notes", OTHER, 90)], now={"notes": "x"}))
    assert resolution.stamps == {}


def test_a_delete_of_a_row_that_someone_changed_is_a_conflict():
    """The fields that changed are named."""
    resolution = RESOLVER.delete(edit({}, base=1, history=[("name", OTHER, 10), ("phone", ME, 20)]))
    assert set(resolution.clashes or {}) == {"name"}


def test_a_delete_after_own_edits_goes_on():
    """An own queue of edits and a delete is no conflict."""
    assert RESOLVER.delete(edit({}, base=1, history=[("name", ME, 10)])).clashes is None


def test_the_insert_of_someone_else_counts_as_their_change():
    """base_version 0: the client never saw the row that another one made."""
    fresh = edit({"name": "new"}, base=0, history=[])
    assert set(RESOLVER.update(fresh).clashes or {}) == {"name"}
    assert RESOLVER.update(replace(fresh, client=OTHER)).code is None


def test_a_stamp_tells_every_client_about_the_others():
    """Version, client and `others` are enough for all: the last writer and everybody else."""
    versions = stamps.inserted(ME, 0)
    stamp = stamps.read(versions, "name").rewritten(version=2, client=OTHER, time=10)
    stamp = stamp.rewritten(version=3, client=ME, time=20)
    assert stamp.changed_by_others(ME) == 2
    assert stamp.changed_by_others(OTHER) == 3
    assert stamps.row_changed_by_others({**versions, "name": stamp.as_json()}, ME) == 2
