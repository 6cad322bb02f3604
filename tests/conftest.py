"""What holds for every test: cheap passwords, and tables that are emptied quickly after real commits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

# Filled by migrations, and the same for every test.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def pytest_configure() -> None:
    """A password that takes a third of a second to check would be most of a test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def _quick_teardown() -> Iterator[None]:
    """Django truncates every table and makes permissions anew: 0.4 s after a test that takes 0.05 s."""
    slow = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
        connection.close()  # whatever a test left of its connection, the next gets another
        if not _empty_tables():
            slow(self)
        connection.close()

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = slow


def _empty_tables() -> bool:
    """Delete all rows, with foreign keys and the soft delete at rest. False when this role may not do that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            return False
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = sorted({name for (name,) in cursor.fetchall()} - KEPT)
        deletes = "".join(f'DELETE FROM "{table}";' for table in tables)
        cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes} COMMIT")
    return True
