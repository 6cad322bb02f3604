"""Rules, refusals and their order."""

from __future__ import annotations

from typing import Any

import pytest

from sync.handlers import Change, Reject, rule
from sync.handlers.base import is_overridden
from sync.protocol.codes import Action
from tests.unit.handlers.thing import ThingHandler


class Judged(ThingHandler):
    """Three rules, not in the order of the alphabet."""

    @rule("update")
    def second_thoughts(self, change: Change[Any]) -> None:
        """Of updates."""

    @rule("insert", "update")
    def first_impression(self, change: Change[Any], figures: Any) -> None:
        """Of both, with figures."""

    @rule("delete")
    def farewell(self, change: Change[Any]) -> None:
        """Of deletes."""

    def no_rule(self, change: Change[Any]) -> None:
        """Nobody calls this."""


def names(handler: ThingHandler, action: Action) -> list[str]:
    """The rules for an action, as they would run."""
    return [judge.__name__ for judge, _ in handler.rules_for(action)]


def test_rules_run_in_the_order_they_are_written() -> None:
    """Those of the action, and no other method."""
    handler = Judged()
    assert names(handler, Action.INSERT) == ["first_impression"]
    assert names(handler, Action.UPDATE) == ["second_thoughts", "first_impression"]
    assert names(handler, Action.DELETE) == ["farewell"]


def test_a_rule_says_by_its_parameters_whether_it_reads_figures() -> None:
    """(self, change) or (self, change, figures)."""
    assert [reads for _, reads in Judged().rules_for(Action.UPDATE)] == [False, True]


def test_rules_of_a_base_class_come_first() -> None:
    """A subclass adds to them."""

    class More(Judged):
        @rule("delete")
        def afterthought(self, change: Change[Any]) -> None:
            """Later."""

    assert names(More(), Action.DELETE) == ["farewell", "afterthought"]
    assert names(Judged(), Action.DELETE) == ["farewell"]


def test_a_rule_that_is_overridden_stands_in_its_place() -> None:
    """With the actions of the new one."""

    class Other(Judged):
        @rule("delete", "update")
        def second_thoughts(self, change: Change[Any]) -> None:
            """Of deletes, too."""

    assert names(Other(), Action.DELETE) == ["second_thoughts", "farewell"]


def test_a_rule_overridden_by_a_plain_method_is_no_rule_any_more() -> None:
    """The decorator is what makes one."""

    class Lenient(Judged):
        def farewell(self, change: Change[Any]) -> None:  # type: ignore[override]
            """Nothing."""

    assert names(Lenient(), Action.DELETE) == []


def test_a_rule_without_actions_is_a_mistake() -> None:
    """It would never run."""
    with pytest.raises(ValueError, match="A rule names its actions"):
        rule()


@pytest.mark.parametrize("action", ["upsert", "Insert", ""])
def test_a_rule_for_an_action_that_does_not_exist_is_a_mistake(action: str) -> None:
    """It would never run, either."""
    with pytest.raises(ValueError, match="Action"):
        rule("insert", action)


def test_a_refusal_carries_its_messages_by_column() -> None:
    """One message or several, always as a tuple; the code is what the exception says."""
    reject = Reject("too_late", "Sorry.", fields={"day": "is past", "at": ["is past", "is night"]})
    assert (reject.code, reject.message, str(reject)) == ("too_late", "Sorry.", "too_late")
    assert reject.fields == {"day": ("is past",), "at": ("is past", "is night")}
    assert Reject("too_late").fields == {}


def test_a_handler_with_a_write_of_its_own_is_known_by_it() -> None:
    """Others may be written many at a time."""

    class Own(ThingHandler):
        def insert(self, change: Change[Any]) -> None:
            """In another way."""

    assert is_overridden(Own(), "insert")
    assert not is_overridden(Own(), "update")
    assert not is_overridden(ThingHandler(), "insert")
