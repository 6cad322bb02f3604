"""Times: what is sane, how a clock is corrected, how a time is spelled."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol import clock

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
naive = clock.EARLIEST.replace(tzinfo=None), datetime(2199, 12, 31, tzinfo=UTC).replace(tzinfo=None)
sane_times = st.datetimes(*naive, timezones=st.just(UTC))


@pytest.mark.parametrize(("ahead", "offset"), [(120, 120), (-120, -120), (0, 0), (0.6, 1), (-0.6, -1)])
def test_the_offset_is_the_clients_clock_minus_ours(ahead: float, offset: int) -> None:
    """In milliseconds, rounded."""
    assert clock.offset_ms(NOON + timedelta(milliseconds=ahead), NOON) == offset


def test_a_clock_that_is_ahead_is_set_back() -> None:
    """What the user did an hour ago was an hour ago, whatever the phone said."""
    ahead = clock.offset_ms(NOON + timedelta(days=1), NOON)
    assert clock.corrected(NOON + timedelta(hours=23), offset_ms=ahead, received_at=NOON) == NOON - timedelta(hours=1)


def test_without_an_offset_the_time_is_believed() -> None:
    """But never later than the receipt."""
    assert clock.corrected(NOON - timedelta(days=3), offset_ms=None, received_at=NOON) == NOON - timedelta(days=3)
    assert clock.corrected(NOON + timedelta(days=3), offset_ms=None, received_at=NOON) == NOON


@given(moment=sane_times, sent_at=sane_times, received_at=sane_times)
def test_a_corrected_time_is_always_sane(moment: datetime, sent_at: datetime, received_at: datetime) -> None:
    """Clocks that are centuries apart overflow nothing, and nothing happens later than now."""
    fixed = clock.corrected(moment, offset_ms=clock.offset_ms(sent_at, received_at), received_at=received_at)
    assert clock.EARLIEST <= fixed <= received_at


def test_sane_times_include_the_first_moment_and_not_the_last() -> None:
    """1900 is in, 2200 is out."""
    assert clock.is_sane(clock.EARLIEST)
    assert not clock.is_sane(clock.EARLIEST - timedelta(microseconds=1))
    assert clock.is_sane(clock.LATEST - timedelta(microseconds=1))
    assert not clock.is_sane(clock.LATEST)


def test_a_time_is_spelled_in_utc_with_milliseconds() -> None:
    """Always three digits, always Z, cut and not rounded into the future."""
    assert clock.rfc3339(datetime(2026, 11, 20, 23, 9, 11, 480999, tzinfo=UTC)) == "2026-11-20T23:09:11.480Z"
    assert clock.rfc3339(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5)))) == "2025-12-31T19:00:00.000Z"
