"""Fixtures of the engine's tests. Each test commits for real, and the tables are emptied after it."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import structlog
from django.db import connection, transaction

from config import log as log_output
from entities.accounts.models import Membership
from sync.engine import session
from sync.engine.reference import ReferenceExecutor
from sync.protocol.codes import Status
from sync.protocol.outcome import Outcome
from tests.factories import MembershipFactory
from tests.integration.engine.stage import Phone

SyncSettings = Callable[..., None]


@pytest.fixture(autouse=True)
def _real_commits(transactional_db: None) -> None:
    """What these tests are about happens at commit, so no transaction is around them."""


@pytest.fixture(autouse=True)
def sync_settings(settings: Any) -> SyncSettings:
    """Change `settings.SYNC`. Pauses between tries are short here."""

    def change(**values: Any) -> None:
        settings.SYNC = {**settings.SYNC, **values}

    change(RETRY_BASE_MS=5)
    return change


@pytest.fixture
def member() -> Membership:
    """A manager of a business."""
    return MembershipFactory(manager=True)


@pytest.fixture
def phone(member: Membership) -> Phone:
    """The manager's phone."""
    return Phone(member)


@pytest.fixture
def log_text() -> Iterator[Callable[[], str]]:
    """Everything that is logged, spelled as in production."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=log_output.SHARED_PROCESSORS,
            processors=log_output._renderers(readable=False),
        )
    )
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written.getvalue
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
def trusting_engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A planted bug: when called, the engine believes whatever its handlers leave behind.

    Savepoints are Django's plain nested `atomic()`, nobody looks at the connection, the settings or the row.
    """

    def applied(executor: ReferenceExecutor, task: Any, change: Any) -> Outcome:
        executor.written.append((task.handler, change))
        txid = executor._context.session.txid
        return Outcome(status=Status.APPLIED, changed=True, version=change.row.version, txid=txid)

    def plant() -> None:
        monkeypatch.setattr(session, "savepoint", lambda _: transaction.atomic())
        monkeypatch.setattr(session, "check_intact", lambda: None)
        monkeypatch.setattr(session, "check_after_handler", lambda _: None)
        monkeypatch.setattr(session, "handlers_only", nullcontext)
        monkeypatch.setattr(ReferenceExecutor, "_applied", applied)

    return plant


@pytest.fixture
def fresh_pool() -> Iterator[None]:
    """For a test that spoils the session of a connection: none of the pool is used again."""
    yield
    connection.close()
    connection.close_pool()
