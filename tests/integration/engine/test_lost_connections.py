"""A connection that dies inside a batch never leads to an answer about writes that are not there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from entities.sales.models import Customer
from sync.checks import check_project
from sync.engine import attempts, reference, session
from sync.engine import engine as engine_module
from sync.engine.errors import Fault
from sync.handlers.change import Change
from sync.models import SyncBatch
from tests.integration.engine.stage import (
    Json,
    Phone,
    customer,
    handled_by,
    on,
    once,
    renamed,
    sql,
    terminate_own_backend,
)


@contextmanager
def _killed_before_statement(number: int) -> Iterator[list[str]]:
    """Note the statements of this thread's connection, and kill its backend before one of them."""
    seen: list[str] = []

    def wrapper(execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: Any) -> Any:
        seen.append(str(statement))
        if len(seen) == number:
            terminate_own_backend()
        return execute(statement, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield seen


def _queue() -> list[Json]:
    first = customer("first")
    group = {"sync_group_id": str(uuid4())}
    return [first, renamed(first["entity_id"], "again"), customer("left") | group, customer("right") | group]


@pytest.mark.promise("P01")
@pytest.mark.promise("P20")
def test_a_batch_survives_a_backend_killed_before_any_of_its_statements(phone: Phone) -> None:
    """Whichever statement meets the dead connection, the batch is tried again as a whole and applied once."""
    with _killed_before_statement(0) as seen:
        phone.send(*_queue())
    before_the_batch = next(i for i, statement in enumerate(seen) if "pg_current_xact_id" in statement)
    in_the_batch = range(before_the_batch + 1, len(seen) + 1)
    for number in [1, in_the_batch[0], *random.sample(in_the_batch[1:-1], 12), in_the_batch[-1]]:
        batch = _queue()
        with _killed_before_statement(number):
            answer = phone.send(*batch)
        names = [Customer.objects.filter(pk=op["entity_id"]).values_list("name", flat=True).first() for op in batch]
        if number <= before_the_batch:  # looking up the caller: nothing has begun
            assert (answer.code, names) == ("try_later", [None] * 4)
            assert SyncBatch.objects.filter(state="aborted").exists()
            continue
        assert answer.verdicts == [("applied", None)] * 4, f"killed before statement {number}"
        assert not any(result["replayed"] for result in answer.results)
        assert names == ["again", "again", "left", "right"]


def _die_in_silence(change: Change[Any]) -> None:
    """What Django makes of it: the nested block marks the transaction, and the outer one would just return."""
    with suppress(DatabaseError), transaction.atomic():
        terminate_own_backend()
        sql("SELECT 1")


@pytest.mark.promise("P01")
@pytest.mark.parametrize("way", ["swallowed", "raised", "closed by the handler", "closed under Django"])
def test_a_connection_lost_inside_a_handler_is_tried_again(phone: Phone, way: str) -> None:
    """Also when the handler swallows the error: the verdict is that of a try that was whole."""

    def lose(change: Change[Any]) -> None:
        if way == "swallowed":
            _die_in_silence(change)
        elif way == "raised":
            terminate_own_backend()
            sql("SELECT 1")
        elif way == "closed by the handler":
            connection.close()
        else:
            connection.connection.close()

    with handled_by(after=on("bad", once(lose))):
        answer = phone.send(customer("one"), customer("bad"), customer("two"))
    assert answer.statuses == ["applied"] * 3
    assert Customer.objects.count() == 3
    assert SyncBatch.objects.get().attempts == 2


@pytest.mark.promise("P01")
@pytest.mark.parametrize("lose", [_die_in_silence, lambda _: connection.close()], ids=["killed", "closed"])
def test_an_engine_that_does_not_look_reports_nothing_true(
    phone: Phone,
    lose: Callable[[Change[Any]], None],
    trusting_engine: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The planted bug: nobody looks at the connection after a handler, and its loss is one operation's fault."""
    trusting_engine()
    monkeypatch.setattr(reference, "classify", lambda _: Fault.OURS)
    monkeypatch.setattr(attempts, "classify", lambda _: Fault.OURS)
    with handled_by(after=on("bad", once(lose))):
        answer = phone.send(customer("one"), customer("bad"), customer("two"))
    assert answer.status != 200
    assert not Customer.objects.exists()


@pytest.mark.promise("P01")
@pytest.mark.parametrize(
    ("looks_before", "looks_after"), [(True, True), (False, True), (False, False)], ids=["both", "proof", "planted bug"]
)
def test_a_block_that_returns_without_having_committed_is_not_answered_as_applied(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, looks_before: bool, looks_after: bool
) -> None:
    """A look before COMMIT, and a proof after it that is enough alone. With neither: 200, and nothing is kept."""
    real, lose = engine_module.log.completed, once(_die_in_silence)

    def completed(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        lose(None)  # type: ignore[arg-type]

    monkeypatch.setattr(engine_module.log, "completed", completed)
    if not looks_before:
        monkeypatch.setattr(session, "check_intact", lambda: None)
    if not looks_after:
        monkeypatch.setattr(engine_module.transaction, "on_commit", lambda callback: callback())
    answer = phone.send(customer("one"))
    assert answer.statuses == ["applied"]
    assert Customer.objects.exists() is looks_after


@pytest.mark.promise("P01")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_a_batch_refuses_to_run_inside_somebody_elses_transaction(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """As with ATOMIC_REQUESTS: the answer would be sent before its commit. Without `durable` it would be a lie."""
    if not guarded:
        real = transaction.atomic
        monkeypatch.setattr(engine_module.transaction, "atomic", lambda *a, **k: real())
    with suppress(RuntimeError), transaction.atomic():
        answer = phone.send(customer("one"))
        transaction.set_rollback(True)
    assert (answer.status == 200) is not guarded
    assert not Customer.objects.exists()


@pytest.mark.promise("P01")
@pytest.mark.parametrize("is_on", [True, False])
def test_a_project_that_wraps_requests_in_transactions_is_told_at_start_up(
    settings: Any, monkeypatch: pytest.MonkeyPatch, is_on: bool
) -> None:
    """ATOMIC_REQUESTS is an error of the system check, before any request."""
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", is_on)
    assert ("sync.E001" in {message.id for message in check_project(None)}) is is_on
