"""What holds for every test: cheap passwords, and tables that are emptied quickly after real commits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase

# Without durability, in a data directory of its own, also for a plain `pytest`.
os.environ.setdefault("EMBEDDED_POSTGRES_FAST", "1")

# Filled by migrations, and the same for every test.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def pytest_configure() -> None:
    """A password that takes a third of a second to check would be most of a test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """pytest-django makes the test database for marked tests; one that only asks for the fixture would write to ours."""
    for item in items:
        wants = getattr(item, "fixturenames", ())
        if "transactional_db" in wants and not item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A test database is dropped when nobody uses it: a thread may still be giving its connection back."""
    yield
    with django_db_blocker.unblock():
        database = connection.settings_dict["NAME"]
        connection.close()
        connection.close_pool()
        with connection._nodb_cursor() as cursor:  # from another database, and outside the pool
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = %s AND usename = current_user",
                [database],
            )


@pytest.fixture(autouse=True, scope="session")
def _quick_teardown() -> Iterator[None]:
    """Django truncates every table and makes permissions anew: 0.4 s after a test that takes 0.05 s."""
    slow = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
        connection.close()  # whatever a test left of its connection, the next gets another
        _empty_tables()
        connection.close()

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = slow


def _empty_tables() -> None:
    """Delete all rows, children first, with the soft delete at rest."""
    with connection.cursor() as cursor:
        cursor.execute(_emptying_sql(connection.settings_dict["NAME"]))


@cache
def _emptying_sql(_database: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {name for (name,) in cursor.fetchall()} - KEPT
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        )
        graph: dict[str, set[str]] = {table: set() for table in tables}
        for child, parent in cursor.fetchall():
            if child != parent and {child, parent} <= tables:
                graph[parent].add(child)
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'sync_soft_delete'")
        synced = sorted(name for (name,) in cursor.fetchall())
    statements = [
        *(f'ALTER TABLE "{table}" DISABLE TRIGGER sync_soft_delete' for table in synced),
        *(f'DELETE FROM "{table}"' for table in TopologicalSorter(graph).static_order()),
        "SET CONSTRAINTS ALL IMMEDIATE",
        *(f'ALTER TABLE "{table}" ENABLE TRIGGER sync_soft_delete' for table in synced),
    ]
    return f"BEGIN; {'; '.join(statements)}; COMMIT"
