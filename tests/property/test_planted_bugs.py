"""The checker checks: with a bug planted in the server, the comparison with the model finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from sync.engine import session
from sync.engine.docket import Docket
from sync.engine.reference import ReferenceExecutor
from sync.engine.resolver import ConflictResolver
from sync.engine.stamps import Stamp
from sync.protocol import operation_envelope
from sync.protocol.codes import Action
from tests.property import arena

pytestmark = pytest.mark.django_db(transaction=True)

Plant = Callable[[pytest.MonkeyPatch], None]


def the_resolver_ignores_others(patch: pytest.MonkeyPatch) -> None:
    """Every stale write goes through."""
    patch.setattr(Stamp, "changed_by_others", lambda _stamp, _client: 0)


def last_write_wins_by_arrival(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the clock."""
    patch.setattr(Stamp, "is_later_than", lambda _stamp, _time, _client: False)


def the_ledger_does_not_compare_content(patch: pytest.MonkeyPatch) -> None:
    """A used op_id is answered with its first verdict, whatever it says now."""
    patch.setattr(operation_envelope, "_content", lambda *_: b"all the same")


def a_group_is_not_rolled_back(patch: pytest.MonkeyPatch) -> None:
    """Members that were applied before the culprit stay."""

    @contextmanager
    def no_savepoint(_session: Any) -> Iterator[None]:
        yield

    patch.setattr(session, "savepoint", no_savepoint)


def dependencies_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Whatever an operation needs, it is executed."""
    patch.setattr(Docket, "judged_by_dependencies", lambda _docket, _operation: None)


def a_delete_answers_the_old_version(patch: pytest.MonkeyPatch) -> None:
    """As if a delete did not raise the version."""
    applied = ReferenceExecutor._applied

    def with_old_version(executor: Any, task: Any, change: Any) -> Any:
        outcome = applied(executor, task, change)
        return replace(outcome, version=outcome.version - 1) if change.action is Action.DELETE else outcome

    patch.setattr(ReferenceExecutor, "_applied", with_old_version)


def a_stale_delete_goes_through(patch: pytest.MonkeyPatch) -> None:
    """A row that somebody else has changed is deleted unseen."""
    from sync.handlers.resolution import Resolution

    patch.setattr(ConflictResolver, "delete", lambda _resolver, _edit: Resolution())


def a_skipped_operation_is_remembered(patch: pytest.MonkeyPatch) -> None:
    """Sent again with what it needs, it is answered from memory instead of executed."""
    known = Docket.judged_by_envelope_or_ledger
    skipped: dict[Any, Any] = {}

    def remember(docket: Any, operation: Any) -> Any:
        return known(docket, operation) or skipped.get(operation.op_id)

    recorded = Docket.record

    def record(docket: Any, operation: Any, outcome: Any) -> None:
        if outcome.code == "dependency_failed":
            skipped[operation.op_id] = outcome.as_replay()
        recorded(docket, operation, outcome)

    patch.setattr(Docket, "judged_by_envelope_or_ledger", remember)
    patch.setattr(Docket, "record", record)


PLANTED = (
    the_resolver_ignores_others,
    last_write_wins_by_arrival,
    the_ledger_does_not_compare_content,
    a_group_is_not_rolled_back,
    dependencies_are_forgotten,
    a_delete_answers_the_old_version,
    a_stale_delete_goes_through,
    a_skipped_operation_is_remembered,
)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Each within 1,500 operations, at whatever seed."""
    settings.SYNC = {**settings.SYNC, "MAX_OPERATIONS": 15, "ATTEMPTS": 1}
    plant(monkeypatch)
    with pytest.raises(arena.Difference):
        arena.run(7, operations=1500, max_operations=15, check_every=5, shrinking=False)
