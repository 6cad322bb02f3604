"""A phone to fill the log with, and a browser to look at it. Batches commit for real: the engine looks at its connection."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.factories import MembershipFactory, UserFactory
from tests.integration.log_admin.rows import Phone


@pytest.fixture(autouse=True)
def _cheap_passwords(settings: Any) -> None:
    """Each test logs in; the hasher of production takes half a second for it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def phone(transactional_db: None) -> Phone:
    """A manager's."""
    return Phone(MembershipFactory(manager=True))


@pytest.fixture
def browser(transactional_db: None) -> Client:
    """Logged in as a superuser."""
    browser = Client()
    browser.force_login(UserFactory(is_staff=True, is_superuser=True))
    return browser
