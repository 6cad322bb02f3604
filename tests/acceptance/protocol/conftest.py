"""Fixtures of the protocol's acceptance tests: a real server on loopback, real commits, phones that know only HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from entities.accounts.models import Business
from tests.acceptance.protocol.stage import HttpPhone
from tests.factories import BusinessFactory, MembershipFactory

PhoneMaker = Callable[..., HttpPhone]


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """One connection pool for all phones: making one per request costs more than the request."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def business(transactional_db: None) -> Business:
    """The tenant of the phones."""
    return BusinessFactory()


@pytest.fixture
def phone_of(live_server: Any, http: httpx.Client) -> PhoneMaker:
    """Make a phone for a membership."""

    def make(member: Any) -> HttpPhone:
        return HttpPhone(member, live_server.url, http)

    return make


@pytest.fixture
def manager(phone_of: PhoneMaker, business: Business) -> HttpPhone:
    """A manager's phone."""
    return phone_of(MembershipFactory(business=business, manager=True))


@pytest.fixture
def other(phone_of: PhoneMaker, business: Business) -> HttpPhone:
    """Another manager's phone in the same business."""
    return phone_of(MembershipFactory(business=business, manager=True))


@pytest.fixture
def seller(phone_of: PhoneMaker, business: Business) -> HttpPhone:
    """A seller's phone in the same business."""
    return phone_of(MembershipFactory(business=business))


@pytest.fixture
def stranger(phone_of: PhoneMaker) -> HttpPhone:
    """A manager's phone in another business."""
    return phone_of(MembershipFactory(manager=True))


@pytest.fixture
def sync_settings(settings: Any) -> Callable[..., None]:
    """Change `settings.SYNC`; the server runs in a thread of this process and sees it."""

    def change(**values: Any) -> None:
        settings.SYNC = {**settings.SYNC, **values}

    return change
