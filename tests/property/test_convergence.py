"""Last write wins: whatever the order in which writes from one base arrive, the same one stays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from uuid import UUID

import pytest

from entities.sales.models import Customer
from tests.factories import MembershipFactory
from tests.phone import Phone
from tests.property.ops import Json, customer, edit, new_id
from tests.property.tier import IS_FULL

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = "2020-01-01T00:00:00Z"
# Six clients; equal stamps, stamps of long ago, one that has not come yet.
STAMPS = (
    "2026-03-01T10:00:00Z",
    "2026-03-01T10:00:00Z",
    "2026-03-01T05:00:00-05:00",
    "2021-01-01T00:00:00Z",
    "2026-02-28T23:59:59.999Z",
    "2021-01-01T00:00:00Z",
)


def crew() -> list[Phone]:
    """Six phones of one business, the lowest client_id first."""
    business = MembershipFactory().business
    phones = [Phone(MembershipFactory(business=business)) for _ in STAMPS]
    for place, phone in enumerate(phones):
        phone.client_id = UUID(int=(place + 1) << 64 | phone.client_id.int & (1 << 64) - 1)
    return phones


def write(row: str, place: int, stamp: str) -> Json:
    """The write of one phone, from the first version."""
    return {**edit(row, 1, notes=f"note {place}"), "client_timestamp": stamp}


def orders(count: int) -> Sequence[tuple[int, ...]]:
    """Every order in full, otherwise a spread of them."""
    found = list(permutations(range(count)))
    return found if IS_FULL else found[::37]


@pytest.mark.promise("P18")
def test_last_write_wins_whatever_the_order_of_arrival() -> None:
    """The latest stamp wins, and among equal ones the highest client_id."""
    phones = crew()
    found: dict[str, int] = {}
    for order in orders(len(STAMPS)):
        row = new_id()
        phones[0].upload({**customer(row, notes="start"), "client_timestamp": LONG_AGO})
        for place in order:
            (result,) = phones[place].upload(write(row, place, STAMPS[place]))
            assert result["status"] == "applied"
        note = Customer.objects.get(pk=row).notes or ""
        found[note] = found.get(note, 0) + 1
    assert list(found) == ["note 2"]


@pytest.mark.promise("P18")
def test_an_equal_value_keeps_the_later_time() -> None:
    """Who writes what is there already still counts: an older write that comes after it loses."""
    ana, bea, eva = crew()[:3]
    row = new_id()
    ana.upload({**customer(row), "client_timestamp": LONG_AGO})
    ana.upload(write(row, 7, "2026-01-01T00:00:00Z"))
    (equal,) = bea.upload(write(row, 7, "2026-03-01T00:00:00Z"))
    assert (equal["code"], equal["changed"], equal["txid"], equal["version"]) == ("unchanged", False, None, 2)
    (older,) = eva.upload(write(row, 8, "2026-02-01T00:00:00Z"))
    assert (older["code"], older["row"]["notes"]) == ("superseded", "note 7")
    (later,) = eva.upload(write(row, 9, "2026-04-01T00:00:00Z"))
    assert (later["code"], later["row"]["notes"]) == ("merged", "note 9")


@pytest.mark.promise("P18")
def test_ones_own_later_edit_wins_although_the_clock_went_back() -> None:
    """A client's own edits never clash with each other, whatever their stamps."""
    ana, bea = crew()[:2]
    row = new_id()
    ana.upload({**customer(row), "client_timestamp": LONG_AGO})
    (first,) = ana.upload(write(row, 1, "2026-03-01T00:00:00Z"))
    (second,) = ana.upload(write(row, 2, "2026-01-01T00:00:00Z"))
    assert [first["code"], second["code"]] == [None, None]
    (other,) = bea.upload(write(row, 3, "2026-02-01T00:00:00Z"))
    assert other["code"] == "superseded", "the time kept is the later of the two"


@pytest.mark.promise("P18")
def test_a_clock_that_is_wrong_is_corrected_by_sent_at() -> None:
    """A phone whose clock is a year ahead does not win for a year."""
    from datetime import UTC, datetime, timedelta

    ana, bea = crew()[:2]
    row, now, year = new_id(), datetime.now(UTC), timedelta(days=365)
    ana.upload({**customer(row), "client_timestamp": LONG_AGO})
    ahead = {**write(row, 1, (now + year - timedelta(hours=2)).isoformat())}
    ana.upload(ahead, sent_at=(now + year).isoformat())
    (result,) = bea.upload(write(row, 2, (now - timedelta(hours=1)).isoformat()))
    assert result["code"] == "merged"
