"""The arithmetic of times: what is a sane time, how a client's clock is corrected, how a time is spelled.

Not here: reading a time from JSON (`values`), nor asking the operating system what time it is.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

# Times outside are refused: year 9999 with a negative offset can be saved, and never be listed again.
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)  # the first moment that is too late


def is_sane(moment: datetime) -> bool:
    """Whether an aware time can be stored and shown everywhere."""
    return EARLIEST <= moment < LATEST


def offset_ms(sent_at: datetime, received_at: datetime) -> int:
    """The client's clock minus ours. Unit: milliseconds, rounded."""
    return round((sent_at - received_at) / timedelta(milliseconds=1))


def corrected(moment: datetime, *, offset_ms: int | None, received_at: datetime) -> datetime:
    """A time by the client's clock as ours would have shown it: never later than the receipt, always sane.

    Shape: `offset_ms` is None when the client did not say how its clock stands; then the time is believed.
    """
    if offset_ms:
        moment -= timedelta(milliseconds=offset_ms)
    return received_at if moment > received_at else max(moment, EARLIEST)


def rfc3339(moment: datetime) -> str:
    """`2026-11-20T23:09:11.480Z`. Unit: milliseconds, cut."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
