"""Stored values as text: visible, short, and never an error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sync.admin import text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        ("", "–"),
        (0, "0"),
        ("José 日本 عربي", "José 日本 عربي"),
        ("a\u202eb\u200fc", "a\\u202eb\\u200fc"),
        ("a\tb\nc\x7f", "a\\tb\\nc\\u007f"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x" * 70, "x" * 60 + "… (70 characters)"),
    ],
)
def test_a_value_is_one_visible_line(value: object, shown: str) -> None:
    """Joiners stay: words and emoji are made with them."""
    assert text.shown(value) == shown


def test_a_document_keeps_its_lines() -> None:
    """And nothing else that cannot be seen."""
    assert text.document('{\n "a": "\u2066"\n}') == '{\n "a": "\\u2066"\n}'


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (None, "unknown"),
        (0, "less than a second"),
        (-999, "less than a second"),
        (1000, "1 s ahead"),
        (-125_000, "2 min 5 s behind"),
        (3_600_000, "1 h ahead"),
        (86_400_000 * 1234 + 3_600_000 * 5 + 1000, "1,234 d 5 h ahead"),
        (-(2**63), "106,751,991,167 d 7 h behind"),
    ],
)
def test_a_clock_offset_is_put_in_words(milliseconds: int | None, words: str) -> None:
    """The two largest units."""
    assert text.clock_offset(milliseconds) == words


@pytest.mark.parametrize("zone", ["UTC", "America/Bogota", "Asia/Tokyo"])
@pytest.mark.parametrize("value", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_every_time_can_be_shown(settings: Any, zone: str, value: datetime) -> None:
    """The ends of the calendar are beyond it in other zones."""
    settings.TIME_ZONE = zone
    for offset in (UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))):
        assert len(text.second(value.replace(tzinfo=offset))) == 19


def test_a_time_is_shown_to_the_millisecond() -> None:
    """With its offset."""
    assert text.moment(datetime(2026, 11, 21, 2, 13, 5, 120_000, tzinfo=UTC)) == "2026-11-21 02:13:05.120+00:00"


def test_a_duration_is_in_the_unit_that_fits() -> None:
    """Milliseconds, and seconds from ten on."""
    assert [text.milliseconds(9_999), text.milliseconds(12_340)] == ["9999 ms", "12.3 s"]
