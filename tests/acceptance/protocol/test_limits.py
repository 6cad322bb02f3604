"""Limits: what a client can read about them, 413, and what is not attempted."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from typing import Any

import pytest

from entities.sales.models import Customer
from sync.models import SyncBatch
from tests.acceptance.protocol.stage import APPLIED, HttpPhone, customer, edit, grouped, problem, refused, seen

LATER = ("skipped", "not_attempted")
Change = Callable[..., None]


def _too_large(phone: HttpPhone, response: Any) -> None:
    """413, with the limits as the client could have read them."""
    limits = phone.get("/api/sync/limits").json()
    told = problem(response, 413, "too_large")["limits"]
    assert told == {name: limits[name] for name in ("max_operations", "max_bytes", "max_depth", "max_keys")}
    assert not Customer.objects.exists()
    assert SyncBatch.objects.get(request_id=response.headers["X-Request-ID"]).code == "too_large"


def test_limits_are_readable(manager: HttpPhone) -> None:
    """All of them, the versions, and the entities that take writes."""
    response = manager.get("/api/sync/limits")
    assert response.status_code == 200
    assert response.json() == {
        "max_operations": 1000,
        "max_bytes": 4194304,
        "max_depth": 32,
        "max_keys": 1000,
        "protocol": 1,
        "schema_version": 1,
        "entities": ["customers", "distributions", "payments", "sale_items", "sales"],
    }


def test_limits_are_settings(manager: HttpPhone, sync_settings: Change) -> None:
    """What is read is what holds."""
    sync_settings(MAX_OPERATIONS=2, MAX_BYTES=3000, MAX_DEPTH=4, MAX_KEYS=11, SCHEMA_VERSION=5)
    limits = manager.get("/api/sync/limits").json()
    assert {**limits, "entities": 0, "protocol": 0} == {
        "max_operations": 2, "max_bytes": 3000, "max_depth": 4, "max_keys": 11, "schema_version": 5,
        "entities": 0, "protocol": 0,
    }  # fmt: skip
    assert manager.verdicts(*(customer() for _ in range(3))) == [APPLIED, APPLIED, LATER]
    assert problem(manager.send(customer(notes=[])), 400, "malformed")["pointer"] == "/operations/0/payload/notes"
    wide = {f"k{n}": 1 for n in range(12)}
    assert problem(manager.send(app=wide), 400, "malformed")["pointer"] == "/app"
    problem(manager.send(customer("x" * 3000)), 413, "too_large")


@pytest.mark.promise("P24")
def test_bytes_over_the_limit_are_too_large(manager: HttpPhone, sync_settings: Change) -> None:
    """One more than the limit is too many; as many as the limit are not. Inflated bytes count as well."""
    sync_settings(MAX_BYTES=2000)
    body = manager.body(customer())
    fits, over = body.ljust(2000), body.ljust(2001)
    _too_large(manager, manager.post(over))
    _too_large(manager, manager.post(gzip.compress(over), {"Content-Encoding": "gzip"}))
    assert manager.post(fits).status_code == 200
    assert manager.post(gzip.compress(fits), {"Content-Encoding": "gzip"}).json()["summary"]["replayed"] == 1


@pytest.mark.promise("P24")
def test_a_gzip_bomb_is_refused_at_once(manager: HttpPhone) -> None:
    """A hundred megabytes in a hundred kilobytes; the quickest of three tells how long it takes."""
    bomb = gzip.compress(bytes(100 * 1024 * 1024), compresslevel=1)
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        response = manager.post(bomb, {"Content-Encoding": "gzip"})
        seconds.append(time.monotonic() - started)
        _too_large(manager, response)
    assert min(seconds) < 0.2


@pytest.mark.promise("P24")
def test_more_operations_than_the_limit_are_not_attempted(manager: HttpPhone, sync_settings: Change) -> None:
    """The first are executed; the rest is sent again, and then it is applied."""
    sync_settings(MAX_OPERATIONS=3)
    queue = [customer(f"{n}") for n in range(5)]
    response = manager.send(*queue)
    assert response.headers["X-Sync-Rejected"] == "2"
    answer = response.json()
    assert [(r["status"], r["code"]) for r in answer["results"]] == [APPLIED] * 3 + [LATER] * 2
    assert answer["summary"]["skipped"] == 2
    for operation, result in list(zip(queue, answer["results"], strict=True))[3:]:
        assert seen(result) == refused(operation, "skipped", "not_attempted", "later")
    results = manager.upload(*queue[3:])
    assert [(r["status"], r["replayed"]) for r in results] == [("applied", False)] * 2


@pytest.mark.promise("P08")
def test_the_cut_never_divides_a_group(manager: HttpPhone, sync_settings: Change) -> None:
    """A group that does not fit any more is not attempted, nor is anything behind it."""
    sync_settings(MAX_OPERATIONS=3)
    one, two = grouped(customer("one"), customer("two"))
    assert manager.verdicts(customer(), customer(), one, two, customer()) == [APPLIED, APPLIED, LATER, LATER, LATER]
    assert manager.verdicts(customer(), one, customer(), two) == [APPLIED, APPLIED, LATER, APPLIED]


def test_what_depends_on_one_not_attempted_is_not_attempted(manager: HttpPhone, sync_settings: Change) -> None:
    """It stands behind the cut as well, and goes through in the next batch."""
    sync_settings(MAX_OPERATIONS=1)
    made = customer("late")
    change = edit(made, 1, phone="1")
    results = manager.upload(customer("first"), made, change)
    assert [(r["code"], r["retry"]) for r in results[1:]] == [("not_attempted", "later")] * 2
    sync_settings(MAX_OPERATIONS=10)
    assert manager.verdicts(made, change) == [APPLIED, APPLIED]


@pytest.mark.promise("P24")
def test_a_group_over_the_limit_is_too_large(manager: HttpPhone, sync_settings: Change) -> None:
    """It could never be applied as one; wherever it stands, nothing is executed."""
    sync_settings(MAX_OPERATIONS=2)
    group = grouped(*(customer(f"{n}") for n in range(3)))
    _too_large(manager, manager.send(*group))
    _too_large(manager, manager.send(customer("before"), group[0], customer("between"), *group[1:]))


@pytest.mark.promise("P24")
def test_an_atomic_batch_over_the_limit_is_too_large(manager: HttpPhone, sync_settings: Change) -> None:
    """One group around the whole batch; one that fits is applied."""
    sync_settings(MAX_OPERATIONS=2)
    queue = [customer(f"{n}") for n in range(3)]
    _too_large(manager, manager.send(*queue, atomic=True))
    assert manager.verdicts(*queue[:2], atomic=True) == [APPLIED, APPLIED]


@pytest.mark.promise("P24")
def test_a_body_of_tiny_elements_is_too_large(manager: HttpPhone) -> None:
    """More of them than a body could hold as operations."""
    body = manager.body().replace(b"[]", b"[" + b"0," * 40_000 + b"0]")
    started = time.monotonic()
    _too_large(manager, manager.post(body))
    assert time.monotonic() - started < 2
