"""Fixtures of the protocol's acceptance tests: a real server on loopback, real commits, phones that know only HTTP.

One server serves the whole run, and rows are deleted after each test: emptying tables the usual way, with `TRUNCATE`
and all permissions made anew, takes ten times as long as most of these tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from entities.accounts.models import Business, Membership, User
from entities.sales.models import Customer, Distribution, Payment, Sale, SaleItem
from sync.models import LedgerEntry, RefreshToken, SyncBatch, SyncClient, SyncOperation
from tests.acceptance.protocol.stage import HttpPhone
from tests.factories import BusinessFactory, MembershipFactory

PhoneMaker = Callable[..., HttpPhone]

# A DELETE would leave tombstones of these; the others stand with children before their parents.
SYNCED = (SaleItem, Payment, Sale, Customer, Distribution)
OTHERS = (
    SyncOperation, SyncBatch, LedgerEntry, SyncClient, RefreshToken, LogEntry, Session, Membership, User, Business,
)  # fmt: skip
DELETE_ALL = (
    f"TRUNCATE {', '.join(model._meta.db_table for model in SYNCED)};"
    f"{';'.join(f'DELETE FROM {model._meta.db_table}' for model in OTHERS)}"
)


@pytest.fixture(scope="session")
def address(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """Where the server is."""
    with django_db_blocker.unblock():
        server = LiveServer("127.0.0.1")
    yield server.url
    server.stop()


@pytest.fixture
def transactional_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Access to the database, where whatever a test commits is deleted after it: pytest-django's own, but fast."""
    assert connection.settings_dict["NAME"].startswith("test_")
    with django_db_blocker.unblock():
        yield
        with connection.cursor() as cursor:
            cursor.execute(DELETE_ALL)
        connection.close()


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
def phone_of(transactional_db: None, address: str, http: httpx.Client) -> PhoneMaker:
    """Make a phone for a membership."""

    def make(member: Any) -> HttpPhone:
        return HttpPhone(member, address, http)

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
