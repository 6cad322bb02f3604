"""After the commit: handlers hear of what was written, once, and nothing that happens there changes the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from entities.sales.models import Customer
from sync.engine import effects
from sync.engine import engine as engine_module
from sync.engine.reference import ReferenceExecutor
from tests.integration.engine.stage import Phone, customer, handled_by, on, once, raising, renamed, side_connection

CANARY = "value of a row"


def _hearing(heard: list[list[str]]) -> Callable[..., None]:
    return lambda self, changes: heard.append([change.row.name for change in changes])


def test_effects_hear_of_applied_changes_only_and_in_order(phone: Phone) -> None:
    """One call per handler and batch; nothing of rejected, failed, skipped or unchanged operations."""
    heard: list[list[str]] = []
    first, group = customer("first"), {"sync_group_id": str(uuid4())}
    batch = [
        first,
        customer("rejected"),
        customer("failed"),
        customer("undone with its group") | group,
        customer("rejected") | group,
        renamed(first["entity_id"], "first"),
        renamed(first["entity_id"], "second"),
    ]
    bad = {"rejected": raising("23514"), "failed": raising("42P01")}

    def hook(change: Any) -> None:
        bad.get(change.row.name, lambda _: None)(change)

    with handled_by(after=hook, after_commit=_hearing(heard)):
        answer = phone.send(*batch)
    assert answer.statuses == ["applied", "rejected", "failed", "skipped", "rejected", "applied", "applied"]
    assert heard == [["first", "second"]]


def test_effects_see_committed_rows(phone: Phone) -> None:
    """Another connection sees them too, so whatever an effect starts finds its data."""
    seen: list[Any] = []

    def look(self: Any, changes: Any) -> None:
        with side_connection() as other:
            seen.append(other.execute("SELECT name FROM customers").fetchall())

    with handled_by(after_commit=look):
        phone.send(customer("one"))
    assert seen == [[("one",)]]


def test_a_replay_has_no_effects(phone: Phone) -> None:
    """Nor has a batch that mixes replays with news, but for the news."""
    heard: list[list[str]] = []
    op = customer("one")
    with handled_by(after_commit=_hearing(heard)):
        phone.send(op)
        phone.send(op)
        phone.send(op, customer("two"))
    assert heard == [["one"], ["two"]]


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_effects_run_once_when_the_batch_was_tried_twice(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """The first try was rolled back; effects before the commit would have told of it."""
    if not guarded:
        real, run = ReferenceExecutor._applied, effects.run

        def eager(executor: ReferenceExecutor, task: Any, change: Any) -> Any:
            outcome = real(executor, task, change)
            run(executor.written[-1:])
            return outcome

        monkeypatch.setattr(ReferenceExecutor, "_applied", eager)
        monkeypatch.setattr(effects, "run", lambda _: None)
    heard: list[list[str]] = []
    with handled_by(after=on("bad", once(raising("40001"))), after_commit=_hearing(heard)):
        answer = phone.send(customer("one"), customer("bad"))
    assert answer.statuses == ["applied", "applied"]
    assert heard == ([["one", "bad"]] if guarded else [["one"], ["one"], ["bad"]])


def _fail(self: Any, changes: Any) -> None:
    raise RuntimeError(CANARY)


def _naively(written: Any) -> None:
    for handler, change in written:
        handler.after_commit([change])


@pytest.mark.promise("P28")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_an_effect_that_fails_changes_no_verdict(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, log_text: Callable[[], str], guarded: bool
) -> None:
    """It is logged with its kind and its place. Unguarded, the client reads 500 for writes that are there."""
    if not guarded:
        monkeypatch.setattr(engine_module.effects, "run", _naively)
    with handled_by(after_commit=_fail):
        answer = phone.send(customer("one"))
    assert answer.status == (200 if guarded else 500)
    assert Customer.objects.count() == 1
    if guarded:
        assert "after_commit failed" in log_text()
        assert "RuntimeError" in log_text()
    assert CANARY not in log_text()


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_a_callback_of_on_commit_that_fails_changes_no_verdict(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, log_text: Callable[[], str], guarded: bool
) -> None:
    """Django calls it inside the block that commits, after the commit; the effects still follow."""
    heard: list[list[str]] = []

    def register(change: Any) -> None:
        transaction.on_commit(lambda: _fail(None, None))

    real = transaction.on_commit
    if not guarded:
        # The engine's own callback tells it that the commit was done; leave that one out.
        def only_handlers(callback: Callable[[], None]) -> None:
            if callback.__module__ != engine_module.__name__:
                real(callback)

        monkeypatch.setattr(engine_module.transaction, "on_commit", only_handlers)
    with handled_by(after=register, after_commit=_hearing(heard)):
        answer = phone.send(customer("one"))
    assert answer.status == (200 if guarded else 500)
    assert heard == ([["one"]] if guarded else [])
    assert Customer.objects.count() == 1
    assert CANARY not in log_text()


def test_callbacks_of_on_commit_run_for_what_was_kept_only(phone: Phone) -> None:
    """What a handler registered falls with its savepoint."""
    called: list[str] = []

    def register(change: Any) -> None:
        transaction.on_commit(lambda: called.append(change.row.name))
        if change.row.name == "bad":
            raising("23514")(change)

    with handled_by(after=register):
        answer = phone.send(customer("one"), customer("bad"), customer("two"))
    assert answer.statuses == ["applied", "rejected", "applied"]
    assert called == ["one", "two"]
