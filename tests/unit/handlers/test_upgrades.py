"""Payloads of old apps, lifted to today's shape."""

from __future__ import annotations

from typing import Any

import pytest

from sync.handlers import upgrade
from sync.protocol.codes import Action
from tests.unit.handlers.thing import ThingHandler


class Grown(ThingHandler):
    """Version 2 renamed a column; version 3 changed nothing of things; version 4 split one for inserts."""

    @upgrade(from_version=3)
    def with_remark(self, action: Action, payload: dict[str, Any]) -> dict[str, Any]:
        """Only a new row gets one."""
        return {**payload, "remark": "from an old app"} if action is Action.INSERT else payload

    @upgrade(from_version=1)
    def name_is_title(self, action: Action, payload: dict[str, Any]) -> dict[str, Any]:
        """In place: the step owns what it is given."""
        if "name" in payload:
            payload["title"] = payload.pop("name")
        return payload


OLD = {"name": "lamp", "count": 1}


def test_upgrades_run_as_a_chain_by_version() -> None:
    """However they are written; a version without one leaves the payload as it is."""
    assert Grown.upgrades == {1: "name_is_title", 3: "with_remark"}
    lifted = Grown().lift(Action.INSERT, OLD, 1, 4)
    assert lifted == {"title": "lamp", "count": 1, "remark": "from an old app"}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (1, 2, {"title": "lamp", "count": 1}),
        (2, 3, OLD),
        (2, 4, {**OLD, "remark": "from an old app"}),
        (4, 4, OLD),
        (4, 9, OLD),
    ],
)
def test_only_the_steps_in_between_are_taken(start: int, end: int, expected: dict[str, Any]) -> None:
    """From the version the payload was built for, up to today's."""
    assert Grown().lift(Action.INSERT, OLD, start, end) == expected


def test_a_step_knows_the_action() -> None:
    """An update carries the changed columns only."""
    assert Grown().lift(Action.UPDATE, {"count": 2}, 1, 4) == {"count": 2}


def test_the_payload_as_sent_is_left_alone() -> None:
    """The ledger and the log compare and keep what came."""
    sent = dict(OLD)
    Grown().lift(Action.INSERT, sent, 1, 4)
    assert sent == OLD


def test_a_handler_without_upgrades_lifts_nothing() -> None:
    """Every step is the identity."""
    assert ThingHandler.upgrades == {}
    assert ThingHandler().lift(Action.INSERT, OLD, 1, 9) is OLD


def test_a_subclass_adds_steps_and_replaces_them() -> None:
    """By version."""

    class Later(Grown):
        @upgrade(from_version=4)
        def louder(self, action: Action, payload: dict[str, Any]) -> dict[str, Any]:
            """One more."""
            return {**payload, "nick": "!"}

    assert Later().lift(Action.UPDATE, {"name": "lamp"}, 1, 5) == {"title": "lamp", "nick": "!"}
    assert 4 not in Grown.upgrades
