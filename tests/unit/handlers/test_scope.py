"""Whose a row is."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID

import pytest

from sync.handlers import Scope
from sync.protocol.actor import Actor

USER, TENANT, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
ACTOR = Actor(user_id=USER, tenant_id=TENANT)


def test_a_scope_that_names_nothing_is_a_mistake() -> None:
    """Every row would be everybody's."""
    with pytest.raises(ValueError, match="names at least one column"):
        Scope()


@pytest.mark.parametrize(
    ("scope", "values"),
    [
        (Scope(tenant="shop_id"), {"shop_id": TENANT}),
        (Scope(owner="user_id"), {"user_id": USER}),
        (Scope(tenant="shop_id", owner="user_id"), {"shop_id": TENANT, "user_id": USER}),
    ],
)
def test_the_columns_hold_what_the_actor_is(scope: Scope, values: dict[str, UUID]) -> None:
    """A load filter and a stamp alike."""
    assert scope.values(ACTOR) == values


def test_a_row_is_inside_when_every_column_says_so() -> None:
    """One column that holds another value is enough to be outside."""
    scope = Scope(tenant="shop_id", owner="user_id")
    assert scope.holds(SimpleNamespace(shop_id=TENANT, user_id=USER), ACTOR)
    assert not scope.holds(SimpleNamespace(shop_id=OTHER, user_id=USER), ACTOR)
    assert not scope.holds(SimpleNamespace(shop_id=TENANT, user_id=OTHER), ACTOR)
    assert not scope.holds(SimpleNamespace(shop_id=TENANT, user_id=None), ACTOR)


def test_a_scope_does_not_change() -> None:
    """It is said once."""
    with pytest.raises(AttributeError):
        Scope(tenant="shop_id").tenant = "other_id"  # type: ignore[misc]
