"""Payload and row, field by field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sync.admin.comparison import FieldLine, compare


def line(sent: Any, had: Any, name: str = "credit_limit") -> FieldLine:
    """The line of one field."""
    [found] = compare("customers", {name: sent}, {name: had}, {})
    return found


@pytest.mark.parametrize(
    ("sent", "had", "differs"),
    [
        ("12.5", "12.50", False),
        (Decimal("12.5"), "12.50", False),
        (12, "12.00", False),
        ("12.51", "12.50", True),
        ("no number", "12.50", True),
        (None, "12.50", True),
        ([1], [1], False),
    ],
)
def test_amounts_are_equal_however_they_are_spelled(sent: Any, had: Any, differs: bool) -> None:
    """What the column cannot read is compared as it was sent."""
    assert line(sent, had).differs is differs


def test_a_field_that_no_column_reads_is_compared_as_sent() -> None:
    """Of an entity that is not registered any more, too."""
    assert line("a", "a", "unknown").differs is False
    [found] = compare("forgotten", {"a": 1}, {"a": 2}, {})
    assert found.differs


def test_values_are_spelled_as_json() -> None:
    """A text and a number are different facts."""
    assert (line("12", "12.50").sent, line(12, "12.50").sent) == ('"12"', "12")


def test_columns_stand_in_the_order_of_the_entity() -> None:
    """What was sent first, then what is at fault, then what only the server has, its own columns last."""
    payload = {"zzz": 1, "phone": "1", "name": "x"}
    row = {"version": 1, "id": "…", "notes": None, "name": "y"}
    names = [found.name for found in compare("customers", payload, row, {"tax_number": ["is required"]})]
    assert names == ["name", "phone", "zzz", "tax_number", "notes", "id", "version"]


def test_a_delete_of_a_row_has_only_what_the_server_had() -> None:
    """There is nothing to compare."""
    [found] = compare("customers", {}, {"name": "y"}, {})
    assert (found.sent, found.had, found.differs) == (None, '"y"', None)
