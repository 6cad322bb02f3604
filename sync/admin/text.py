"""Stored values as text that is safe to look at: nothing invisible, nothing endless, nothing that fails.

What these return is plain text; escaping it for HTML is left to the templates and to `format_html`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils import timezone

from sync.protocol import canonical

NOTHING = "–"
TAIL = 12  # characters of an id in a list
SHORT = 60  # characters of a text in a list
MEDIUM = 2_000  # of one value in a table
LONG = 200_000  # of a whole payload: more than that stalls a browser

JOINERS = "\u200c\u200d"  # invisible, and part of ordinary words and emoji


def visible(text: str, *, lines: bool = False) -> str:
    """The text with an escape for every character that cannot be seen, such as those that turn its direction.

    `lines` leaves line ends alone.
    """
    if text.isprintable():
        return text
    kept = JOINERS + "\n" if lines else JOINERS
    return "".join(c if c.isprintable() or c in kept else json.dumps(c)[1:-1] for c in text)


def cut(text: str, length: int) -> str:
    """The beginning of a long text, and how long it is."""
    return text if len(text) <= length else f"{text[:length]}… ({len(text):,} characters)"


def shown(value: object, length: int = SHORT) -> str:
    """One line of text for a value of a column; a dash for none."""
    return NOTHING if value is None or value == "" else visible(cut(str(value), length))


def spelled(value: Any) -> str:
    """A JSON value as JSON spells it: `"12"` and `12` are different facts."""
    return visible(cut(canonical.dumps(value), MEDIUM))


def document(text: str) -> str:
    """A text of many lines, such as a payload."""
    return visible(cut(text, LONG), lines=True)


def tail(value: object) -> str:
    """The end of an id: those made one after the other share their beginning."""
    full = shown(value, MEDIUM)
    return full if len(full) <= TAIL + 1 else f"…{full[-TAIL:]}"


def moment(value: datetime | None) -> str:
    """A time to the millisecond, with its offset, in the time zone of the project."""
    if value is None:
        return NOTHING
    with suppress(OverflowError):  # in the first and last hours of the calendar
        value = timezone.localtime(value)
    return value.isoformat(sep=" ", timespec="milliseconds")


def second(value: datetime | None) -> str:
    """A time to the second, for lists."""
    return moment(value)[:19]


def milliseconds(value: int) -> str:
    """How long something took."""
    return f"{value} ms" if value < 10_000 else f"{value / 1000:.1f} s"


def clock_offset(value: int | None) -> str:
    """How far a client's clock is from ours, in words."""
    if value is None:
        return "unknown"
    if abs(value) < 1000:
        return "less than a second"
    return f"{_span(abs(value) // 1000)} {'ahead' if value > 0 else 'behind'}"


def _span(seconds: int) -> str:
    """The two largest units of a number of seconds."""
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {unit}")
    return " ".join(parts[:2])
