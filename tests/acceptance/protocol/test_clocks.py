"""Clocks that are wrong: corrected by what the client's clock showed when it sent, never later than now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from entities.sales.models import Customer
from sync.models import SyncBatch, SyncClient, SyncOperation
from tests.acceptance.protocol.stage import HttpPhone, customer, edit

HOURS = [timedelta(0), timedelta(hours=2), -timedelta(hours=2), timedelta(days=5 * 365), -timedelta(days=5 * 365)]


def _upload(phone: HttpPhone, skew: timedelta, operation: dict[str, Any], minutes_ago: float) -> dict[str, Any]:
    """Send from a phone whose clock is off by `skew` what its user did some minutes ago."""
    shown = datetime.now(UTC) + skew
    stamp = (shown - timedelta(minutes=minutes_ago)).isoformat()
    answer: dict[str, Any] = phone.answer(operation | {"client_timestamp": stamp}, sent_at=shown.isoformat())
    return answer


@pytest.mark.promise("P14")
@pytest.mark.parametrize("skew", HOURS, ids=str)
def test_a_skewed_clock_neither_wins_nor_loses(manager: HttpPhone, other: HttpPhone, skew: timedelta) -> None:
    """What the user did counts by true time, and the answer says how wrong the clock is."""
    made = customer()
    manager.upload(made | {"client_timestamp": "2020-01-01T00:00:00Z"})
    manager.upload(edit(made, 1, phone="5 minutes ago") | {"client_timestamp": _true(5)})
    answer = _upload(other, skew, edit(made, 1, phone="10 minutes ago"), 10)
    assert answer["results"][0]["code"] == "superseded"
    offset = skew / timedelta(milliseconds=1)
    assert abs(answer["clock_offset_ms"] - offset) < 20_000
    assert type(answer["clock_offset_ms"]) is int
    assert _upload(other, skew, edit(made, 1, phone="1 minute ago"), 1)["results"][0]["code"] == "merged"
    assert Customer.objects.get().phone == "1 minute ago"
    assert SyncBatch.objects.first().clock_offset_ms is not None
    assert abs(SyncClient.objects.get(pk=other.client_id).clock_offset_ms - offset) < 20_000


def _true(minutes_ago: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes_ago)).isoformat()


@pytest.mark.promise("P14")
def test_a_time_is_never_later_than_now(manager: HttpPhone, other: HttpPhone) -> None:
    """A phone that lives in the future, and does not say so, wins no longer than until the next write."""
    made = customer() | {"client_timestamp": "2020-01-01T00:00:00Z"}
    manager.upload(made, edit(made, 1, phone="future") | {"client_timestamp": "2150-01-01T00:00:00Z"})
    assert other.one(edit(made, 1, phone="now"))["code"] == "merged"
    assert Customer.objects.get().phone == "now"
    logged = SyncOperation.objects.get(payload={"phone": "future"})
    assert logged.client_timestamp <= logged.received_at


def test_without_sent_at_the_time_is_believed(manager: HttpPhone, other: HttpPhone) -> None:
    """There is nothing to correct it by."""
    made = customer() | {"client_timestamp": "2020-01-01T00:00:00Z"}
    manager.upload(made, edit(made, 1, phone="5") | {"client_timestamp": _true(5)})
    answer = other.answer(edit(made, 1, phone="10") | {"client_timestamp": _true(10)})
    assert (answer["clock_offset_ms"], answer["results"][0]["code"]) == (None, "superseded")
    assert other.one(edit(made, 1, phone="1") | {"client_timestamp": _true(1)})["code"] == "merged"


@pytest.mark.promise("P14")
@pytest.mark.parametrize("sent_at", ["1900-01-01T00:00:00Z", "2199-12-31T23:59:59Z"])
@pytest.mark.parametrize("stamp", ["1900-01-01T00:00:00Z", "2199-12-31T23:59:59Z", "2026-01-01T00:00:00+14:00"])
def test_no_pair_of_clocks_breaks_a_write(manager: HttpPhone, sent_at: str, stamp: str) -> None:
    """However absurd the correction."""
    made = customer(phone="1")
    for operation in (made, edit(made, 1, phone="2")):
        assert manager.one(operation | {"client_timestamp": stamp}, sent_at=sent_at)["status"] == "applied"
    assert manager.one(edit(made, 2, phone="3"))["version"] == 3
