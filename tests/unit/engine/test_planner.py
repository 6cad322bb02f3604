"""The order of a batch: units, the cut, predecessors."""

from uuid import UUID, uuid4

import pytest

from sync.engine import planner
from sync.protocol.codes import Action
from sync.protocol.limits import Limits
from sync.protocol.problems import Problem
from tests.unit.engine.make import batch, operation

GROUP = UUID(int=7)


def positions(units):
    return [[op.position for op in unit.operations] for unit in units]


def plan(*operations, references=None, atomic=False):
    units, _ = planner.split(batch(*operations, atomic=atomic), Limits())
    return planner.plan(units, lambda op: (references or {}).get(op.position, []))


def needed(made, position):
    return [p.position for p in made.predecessors.get(position, ())]


def test_a_group_takes_the_place_of_its_first_member():
    """Members keep their own order; what stands between them comes after."""
    units, beyond = planner.split(
        batch(operation(0), operation(1, group_id=GROUP), operation(2), operation(3, group_id=GROUP)), Limits()
    )
    assert positions(units) == [[0], [1, 3], [2]]
    assert beyond == ()


def test_an_atomic_batch_is_one_group_whatever_its_groups():
    """`atomic` swallows the groups inside it."""
    units, _ = planner.split(batch(operation(0, group_id=GROUP), operation(1), atomic=True), Limits())
    assert positions(units) == [[0, 1]]
    assert units[0].is_group


def test_an_empty_atomic_batch_has_no_unit():
    """Nothing to apply is not a group of nothing."""
    assert planner.split(batch(atomic=True), Limits()) == ((), ())


def test_the_cut_takes_the_first_operations():
    """More operations than the limit are no error."""
    units, beyond = planner.split(batch(*map(operation, range(5))), Limits(max_operations=3))
    assert positions(units) == [[0], [1], [2]]
    assert [op.position for op in beyond] == [3, 4]


def test_the_cut_never_divides_a_group_and_takes_nothing_behind_it():
    """A group that does not fit waits whole, and order holds: what comes after waits too."""
    ops = [operation(0), operation(1), operation(2, group_id=GROUP), operation(3, group_id=GROUP), operation(4)]
    units, beyond = planner.split(batch(*ops), Limits(max_operations=3))
    assert positions(units) == [[0], [1]]
    assert [op.position for op in beyond] == [2, 3, 4]


@pytest.mark.parametrize("atomic", [True, False])
def test_a_group_that_no_batch_can_hold_is_refused_whole(atomic):
    """413 with the limits, wherever the group stands."""
    ops = [operation(i, group_id=None if atomic or i < 2 else GROUP) for i in range(6)]
    with pytest.raises(Problem) as caught:
        planner.split(batch(*ops, atomic=atomic), Limits(max_operations=3))
    assert (caught.value.status, caught.value.code) == (413, "too_large")
    assert caught.value.extra["limits"]["max_operations"] == 3


def test_an_edit_needs_the_insert_of_its_row():
    """The latest insert before it counts."""
    row = uuid4()
    made = plan(
        operation(0, entity_id=row),
        operation(1, entity_id=row),
        operation(2, entity_id=row, action=Action.UPDATE),
    )
    assert needed(made, 2) == [1]


def test_a_second_insert_of_a_row_needs_nothing():
    """A client that mended its insert sends a new one; the bad one must not hold it back."""
    row = uuid4()
    assert needed(plan(operation(0, entity_id=row), operation(1, entity_id=row)), 1) == []


def test_a_child_needs_the_insert_of_its_parent():
    """Found through references, in effect order."""
    row = uuid4()
    made = plan(operation(0, entity_id=row), operation(1), references={1: [("sales", row)]})
    assert needed(made, 1) == [0]


def test_a_failed_update_holds_nothing_back():
    """Updates are nobody's predecessors unless named."""
    row = uuid4()
    made = plan(*(operation(i, entity_id=row, action=Action.UPDATE, base_version=1) for i in range(3)))
    assert made.predecessors == {}


def test_rows_of_other_entities_with_the_same_id_do_not_count():
    """A row is an entity and an id."""
    row = uuid4()
    made = plan(operation(0, entity_id=row, entity="customers"), operation(1, entity_id=row, action=Action.UPDATE))
    assert needed(made, 1) == []


def test_named_predecessors_come_before_implied_ones():
    """The first that failed is the named cause, so their order is a promise."""
    row = uuid4()
    first, second = operation(0), operation(1, entity_id=row)
    made = plan(first, second, operation(2, entity_id=row, action=Action.UPDATE, depends_on=(first.op_id,)))
    assert needed(made, 2) == [0, 1]


def test_itself_and_later_operations_are_not_in_this_request_before_it():
    """Only the ledger may know them; there, too, they fail."""
    later = operation(1)
    me = uuid4()
    made = plan(operation(0, op_id=me, depends_on=(me, later.op_id)), later)
    assert needed(made, 0) == [None, None]


def test_order_is_effect_order_not_request_order():
    """A member pulled forward by its group stands before what was written before it."""
    pulled = operation(2, group_id=GROUP)
    made = plan(operation(0, group_id=GROUP), operation(1, depends_on=(pulled.op_id,)), pulled)
    assert needed(made, 1) == [2]
