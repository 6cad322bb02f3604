"""Fixtures of the acceptance tests: a real server on loopback, and phones that know nothing but HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from entities.accounts.models import Business, Membership
from tests.acceptance.wire import WirePhone
from tests.factories import MembershipFactory


@pytest.fixture
def business(transactional_db: None) -> Business:
    """The tenant of the phones."""
    return MembershipFactory().business


@pytest.fixture
def manager(live_server: Any, business: Business) -> WirePhone:
    """A manager's phone."""
    return WirePhone(live_server.url, MembershipFactory(business=business, manager=True))


@pytest.fixture
def seller(live_server: Any, business: Business) -> WirePhone:
    """A seller's phone in the same business."""
    return WirePhone(live_server.url, MembershipFactory(business=business))


@pytest.fixture
def stranger(live_server: Any, business: Business) -> WirePhone:
    """A manager's phone in another business."""
    return WirePhone(live_server.url, MembershipFactory(role=Membership.Role.MANAGER))


@pytest.fixture
def sync_settings(settings: Any) -> Any:
    """Change `settings.SYNC`; the server runs in a thread of this process and sees it."""

    def change(**values: Any) -> None:
        settings.SYNC = {**settings.SYNC, **values}

    return change
