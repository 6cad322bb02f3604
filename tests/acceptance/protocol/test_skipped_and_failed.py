"""Verdicts of operations that were not executed, or that the server had trouble with; none of them is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from entities.sales.handlers import CustomerHandler
from entities.sales.models import Customer
from sync.handlers.registry import registry
from tests.acceptance.protocol.stage import APPLIED, HttpPhone, customer, edit, grouped, refused, seen
from tests.sales_operations import sale_of


@contextmanager
def _poisonous() -> Iterator[None]:
    """A handler with a bug that customers called Poison meet."""

    def insert(self: Any, change: Any) -> None:
        if change.row.name == "Poison":
            raise ZeroDivisionError("canary 4711")
        super(handler, self).insert(change)

    handler: Any = type("Buggy", (CustomerHandler,), {"insert": insert})
    with registry.override(handler):
        yield


def test_dependency_failed_names_the_cause(manager: HttpPhone) -> None:
    """To be sent again together with it, once it is mended."""
    bad, good = customer(nam="x"), customer("Bea")
    good["depends_on"] = [bad["op_id"]]
    result = manager.upload(bad, good)[1]
    assert seen(result) == refused(good, "skipped", "dependency_failed", "after_fix", caused_by=bad["op_id"])


def test_group_failed_names_the_culprit(manager: HttpPhone) -> None:
    """Members before and after it."""
    one, bad, two = grouped(customer("one"), customer(nam="x"), customer("two"))
    results = manager.upload(one, bad, two)
    assert (results[1]["status"], results[1]["code"]) == ("rejected", "unknown_field")
    for member, result in ((one, results[0]), (two, results[2])):
        assert seen(result) == refused(member, "skipped", "group_failed", "after_fix", caused_by=bad["op_id"])


def test_upgrade_required_is_after_fix(manager: HttpPhone, sync_settings: Callable[..., None]) -> None:
    """An app newer than the server, or too old for the handler; nothing caused it but the version."""
    sync_settings(SCHEMA_VERSION=3)
    handler = type("Modern", (CustomerHandler,), {"oldest_schema_version": 2})
    with registry.override(handler):
        for version in (1, 4):
            operation = customer() | {"schema_version": version}
            assert seen(manager.one(operation)) == refused(operation, "skipped", "upgrade_required", "after_fix")
        assert manager.one(customer() | {"schema_version": 2})["status"] == "applied"


def test_not_attempted_is_later(manager: HttpPhone, sync_settings: Callable[..., None]) -> None:
    """Nothing is wrong with it."""
    sync_settings(MAX_OPERATIONS=1)
    one, two = customer("one"), customer("two")
    results = manager.upload(one, two)
    assert results[0]["status"] == "applied"
    assert seen(results[1]) == refused(two, "skipped", "not_attempted", "later")
    assert manager.one(two)["replayed"] is False
    assert Customer.objects.count() == 2


@pytest.mark.promise("P15")
def test_internal_error_is_later_and_tells_nothing(manager: HttpPhone) -> None:
    """The others are applied; sent again after the bug is mended, it is too."""
    poison = customer("Poison")
    with _poisonous():
        results = manager.upload(customer("one"), poison, customer("two"))
        assert seen(results[1]) == refused(poison, "failed", "internal_error", "later")
        assert "4711" not in str(results)
        assert [result["status"] for result in results] == ["applied", "failed", "applied"]
        assert manager.one(poison)["status"] == "failed"
    result = manager.one(poison)
    assert (result["status"], result["replayed"]) == ("applied", False)


@pytest.mark.promise("P09")
def test_what_depends_on_a_failed_one_is_later_too(manager: HttpPhone) -> None:
    """Down a chain: the cause of each is the one before it."""
    poison = customer("Poison")
    child = sale_of(poison["entity_id"], "5")
    third = customer("third") | {"depends_on": [child["op_id"]]}
    with _poisonous():
        _, second, last = manager.upload(poison, child, third)
    assert seen(second) == refused(child, "skipped", "dependency_failed", "later", caused_by=poison["op_id"])
    assert seen(last) == refused(third, "skipped", "dependency_failed", "later", caused_by=child["op_id"])


@pytest.mark.promise("P08")
def test_a_group_that_met_a_bug_is_later(manager: HttpPhone) -> None:
    """All of it."""
    one, poison = grouped(customer("one"), customer("Poison"))
    with _poisonous():
        results = manager.upload(one, poison)
        assert seen(results[0]) == refused(one, "skipped", "group_failed", "later", caused_by=poison["op_id"])
        assert not Customer.objects.exists()
    assert manager.verdicts(one, poison) == [APPLIED, APPLIED]


@pytest.mark.promise("P09")
def test_what_depends_on_one_not_attempted_is_later_too(manager: HttpPhone, sync_settings: Callable[..., None]) -> None:
    """In the next batch: the insert was not attempted yet, its edit comes alone."""
    sync_settings(MAX_OPERATIONS=1)
    made = customer()
    manager.upload(customer("one"), made)
    operation = edit(made, 1, name="x")
    assert seen(manager.one(operation)) == refused(
        operation, "skipped", "dependency_failed", "later", caused_by=made["op_id"]
    )
    assert manager.one(made)["status"] == "applied"
    assert manager.one(operation)["version"] == 2


@pytest.mark.promise("P09")
def test_a_group_member_may_depend_on_one_beyond_the_limit(
    manager: HttpPhone, sync_settings: Callable[..., None]
) -> None:
    """A group stands where its first member stands, so a predecessor of its second may be cut off."""
    sync_settings(MAX_OPERATIONS=2)
    needed = customer("needed")
    first, second = grouped(customer("first"), customer("second"))
    second["depends_on"] = [needed["op_id"]]
    results = manager.upload(first, needed, second)
    assert seen(results[1]) == refused(needed, "skipped", "not_attempted", "later")
    assert seen(results[2]) == refused(second, "skipped", "dependency_failed", "later", caused_by=needed["op_id"])
    assert seen(results[0]) == refused(first, "skipped", "group_failed", "later", caused_by=second["op_id"])


def test_skipped_operations_are_not_kept(manager: HttpPhone) -> None:
    """Sent again under their own op_id, together with what mends the cause, they are applied."""
    bad = customer(nam="x")
    child = sale_of(bad["entity_id"], "5")
    manager.upload(bad, child)
    mended = customer() | {"entity_id": bad["entity_id"], "op_id": str(uuid4())}
    results = manager.upload(mended, child)
    assert [(r["status"], r["replayed"]) for r in results] == [("applied", False)] * 2
