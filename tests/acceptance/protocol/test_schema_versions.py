"""Payloads of old apps: lifted to today's shape, and answered the same when they are sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from entities.sales.handlers import CustomerHandler
from entities.sales.models import Customer
from sync.handlers.registry import registry
from sync.handlers.rules import upgrade
from sync.models import SyncBatch, SyncOperation
from tests.acceptance.protocol.stage import HttpPhone, customer, edit, refused, remove, seen
from tests.phone import insert

SKIPPED = ("skipped", "upgrade_required")


class GrownUp(CustomerHandler):
    """Version 2 renamed `full_name` to `title`, version 3 that to `name`."""

    @upgrade(from_version=1)
    def full_name_became_title(self, action: Any, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"title" if key == "full_name" else key: value for key, value in payload.items()}

    @upgrade(from_version=2)
    def title_became_name(self, action: Any, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"name" if key == "title" else key: value for key, value in payload.items()}


@pytest.fixture(autouse=True)
def _third_version(sync_settings: Callable[..., None]) -> Iterator[None]:
    sync_settings(SCHEMA_VERSION=3)
    with registry.override(GrownUp):
        yield


@pytest.mark.promise("P32")
def test_old_payloads_are_lifted_step_by_step(manager: HttpPhone) -> None:
    """The batch says which shape they have, an operation may say it for itself; without a word it is today's."""
    old = [insert("customers", full_name="one"), insert("customers", title="two") | {"schema_version": 2}]
    today = [customer("three") | {"schema_version": 3}]
    assert [r["status"] for r in manager.upload(*old, *today, schema_version=1)] == ["applied"] * 3
    assert manager.one(customer("four"))["status"] == "applied"
    assert manager.one(insert("customers", full_name="five"))["code"] == "invalid"
    assert manager.one(edit(old[0], 1, full_name="uno"), schema_version=1)["version"] == 2
    assert set(Customer.objects.values_list("name", flat=True)) == {"uno", "two", "three", "four"}


@pytest.mark.promise("P32")
def test_a_lifted_payload_is_judged_in_todays_shape(manager: HttpPhone) -> None:
    """The fields of an error are today's."""
    (result,) = manager.upload(insert("customers", full_name=5), schema_version=1)
    assert (result["code"], list(result["error"]["fields"])) == ("invalid", ["name"])


@pytest.mark.promise("P32")
def test_a_repeat_counts_as_sent(manager: HttpPhone) -> None:
    """It has its first verdict also when the server has moved on; another version is other content."""
    made = insert("customers", full_name="one")
    (first,) = manager.upload(made, schema_version=1)
    with registry.override(CustomerHandler):
        assert manager.upload(made, schema_version=1) == [{**first, "replayed": True}]
    assert manager.upload(made | {"schema_version": 1}, schema_version=3) == [{**first, "replayed": True}]
    assert manager.one(made, schema_version=2)["code"] == "operation_id_reused"


@pytest.mark.promise("P32")
def test_a_version_that_nobody_knows_needs_an_upgrade(manager: HttpPhone) -> None:
    """Newer than the server: skipped, not kept, and applied when the server has caught up."""
    made = customer() | {"schema_version": 4}
    assert seen(manager.one(made)) == refused(made, "skipped", "upgrade_required", "after_fix")
    with registry.override(type("Fourth", (GrownUp,), {})):
        assert manager.verdicts(customer(), made) == [("applied", None), SKIPPED]


@pytest.mark.promise("P32")
def test_a_version_too_old_needs_an_upgrade(manager: HttpPhone) -> None:
    """Of any action, and its dependents wait for it."""
    with registry.override(type("Modern", (GrownUp,), {"oldest_schema_version": 2})):
        made = insert("customers", full_name="one")
        results = manager.upload(made, edit(made, 1, full_name="uno"), remove(made), schema_version=1)
        assert (results[0]["status"], results[0]["code"]) == SKIPPED
        assert [(r["code"], r["error"]["caused_by"]) for r in results[1:]] == [("dependency_failed", made["op_id"])] * 2
        assert manager.one(insert("customers", title="two"), schema_version=2)["status"] == "applied"


def test_an_entity_that_never_changed_takes_payloads_of_any_version(manager: HttpPhone) -> None:
    """A step without an upgrade leaves them as they are."""
    sale = insert("sales", number="1", sold_at="2026-11-02T12:00:00Z", total="5")
    assert manager.one(sale, schema_version=1)["status"] == "applied"


def test_the_log_keeps_the_version_and_the_payload_as_sent(manager: HttpPhone) -> None:
    """Not as lifted."""
    manager.upload(insert("customers", full_name="one"), schema_version=1)
    logged = SyncOperation.objects.get()
    assert (logged.schema_version, logged.payload) == (1, {"full_name": "one"})
    assert SyncBatch.objects.get().schema_version == 1
