"""A COMMIT that got no answer: the journal says how it ended, and the client gets the first outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connections

from entities.sales.models import Customer
from sync.engine import engine as engine_module
from sync.journal import ledger
from sync.models import LedgerEntry, SyncBatch
from tests.integration.engine.stage import Phone, customer, handled_by, sql

CutCommits = Callable[..., None]


@pytest.fixture
def cut_commits(monkeypatch: pytest.MonkeyPatch) -> CutCommits:
    """Lose the link at the next `times` commits, after or before the server has done them."""

    def plant(*, times: int = 1, done: bool) -> None:
        wrapper = connections["default"]
        real, left = wrapper._commit, [None] * times

        def commit() -> None:
            if not left:
                return real()
            left.pop()
            if done:
                real()
            wrapper.connection.close()
            raise OperationalError("the server closed the connection unexpectedly")

        monkeypatch.setattr(wrapper, "_commit", commit)

    return plant


def _collecting(heard: list[str]) -> Callable[..., None]:
    return lambda self, changes: heard.extend(change.row.name for change in changes)


@pytest.mark.promise("P03")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_a_commit_whose_answer_was_lost_counts_once_and_gets_its_first_answer(
    phone: Phone, cut_commits: CutCommits, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """The second try finds the journal of the first. An engine that does not look meets its own batch as a copy:
    500 for what is applied, and its effects are never run."""
    if not guarded:
        monkeypatch.setattr(engine_module.log, "was_committed", lambda _: False)
    heard: list[str] = []
    cut_commits(done=True)
    with handled_by(after_commit=_collecting(heard)):
        answer = phone.send(customer("one"), customer("two"))
    assert sorted(Customer.objects.values_list("name", "version")) == [("one", 1), ("two", 1)]
    if not guarded:
        assert (answer.status, heard) == (500, [])
        return
    assert answer.verdicts == [("applied", None)] * 2
    assert [result["replayed"] for result in answer.results] == [False, False]
    assert heard == ["one", "two"]
    batch = SyncBatch.objects.get()
    assert (batch.state, batch.applied, batch.txid) == ("completed", 2, answer.body["txid"])


@pytest.mark.promise("P03")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_a_commit_that_failed_is_tried_again_and_never_taken_for_done(
    phone: Phone, cut_commits: CutCommits, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """A source that says *committed* for a lost write, as pg_xact_status does after a crash, loses it for good."""
    if not guarded:
        monkeypatch.setattr(engine_module.log, "was_committed", lambda _: True)
    cut_commits(done=False)
    answer = phone.send(customer("one"))
    assert answer.statuses == ["applied"]
    assert Customer.objects.exists() is guarded
    if guarded:
        assert answer.results[0]["replayed"] is False
        assert SyncBatch.objects.get().attempts == 2


@pytest.mark.promise("P03")
def test_commits_that_keep_failing_end_in_503_and_leave_a_trace(
    phone: Phone, cut_commits: CutCommits, sync_settings: Callable[..., None]
) -> None:
    """Nothing is applied, the log has an aborted batch, and the same op_ids run once when they come again."""
    sync_settings(ATTEMPTS=3)
    cut_commits(times=3, done=False)
    op = customer("one")
    answer = phone.send(op)
    assert (answer.status, answer.code) == (503, "try_later")
    assert answer.headers["Retry-After"]
    assert not Customer.objects.exists()
    assert not LedgerEntry.objects.exists()
    batch = SyncBatch.objects.get()
    assert (batch.state, batch.http_status, batch.attempts) == ("aborted", 503, 3)
    again = phone.send(op)
    assert (again.statuses, again.results[0]["replayed"]) == (["applied"], False)


@pytest.mark.promise("P03")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_an_outcome_nobody_could_find_out_is_told_by_the_ledger_when_the_operation_comes_again(
    phone: Phone, cut_commits: CutCommits, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """503 says that nothing is known; it must not be logged as aborted, and a repeat must not run twice."""
    op = customer("one")
    with monkeypatch.context() as trouble:
        real, tries = engine_module.session.begin, []

        def begin(*args: Any, **kwargs: Any) -> Any:
            tries.append(None)
            if len(tries) > 1:
                raise OperationalError("the database is starting up")
            return real(*args, **kwargs)

        trouble.setattr(engine_module.session, "begin", begin)
        cut_commits(done=True)
        answer = phone.send(op)
    assert (answer.status, answer.code) == (503, "try_later")
    batch = SyncBatch.objects.get()
    assert (batch.state, batch.applied) == ("completed", 1)
    if not guarded:
        monkeypatch.setattr(ledger, "recall", lambda *_: {})
    again = phone.send(op)
    if guarded:
        assert (again.statuses, again.results[0]["replayed"]) == (["applied"], True)
        assert again.results[0]["txid"] == batch.txid
    else:
        assert again.verdicts == [("conflict", "already_exists")]
    assert sql("SELECT count(*) FROM customers") == [(1,)]
