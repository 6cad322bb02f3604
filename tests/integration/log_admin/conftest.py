"""A phone to fill the log with, and browsers to look at it."""

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
def phone(db: None) -> Phone:
    """A manager's."""
    return Phone(MembershipFactory(manager=True))


@pytest.fixture
def browser(db: None) -> Client:
    """Logged in as a superuser."""
    browser = Client()
    browser.force_login(UserFactory(is_staff=True, is_superuser=True))
    return browser
