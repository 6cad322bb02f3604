"""Failures that Postgres keeps for the commit cost their own operation: the first trap of the design."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from entities.sales.models import Customer
from sync.engine import session
from sync.handlers.change import Change
from tests.integration.engine.stage import Phone, customer, handled_by, on, sql

TABLE = """
    CREATE TABLE trap_visits (
        code int,
        customer_id uuid REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT trap_visits_code UNIQUE (code) DEFERRABLE INITIALLY DEFERRED
    );
    CREATE FUNCTION trap_complain() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'canary' USING ERRCODE = 'check_violation'; END $$;
    CREATE CONSTRAINT TRIGGER trap_visits_late AFTER INSERT ON trap_visits DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.code = -1) EXECUTE FUNCTION trap_complain();
"""


@pytest.fixture
def _visits(_real_commits: None) -> Iterator[None]:
    """A table whose constraints are all checked at commit, unless somebody sees to it earlier."""
    sql(TABLE)
    sql("INSERT INTO trap_visits (code) VALUES (7)")
    yield
    sql("DROP TABLE trap_visits; DROP FUNCTION trap_complain()")


def _visit(code: int, customer_id: str = "NULL") -> Callable[[Change[Any]], None]:
    return lambda _: sql(f"INSERT INTO trap_visits VALUES ({code}, {customer_id})")


# {kind of failure: (what the handler writes, the code of its verdict)}
BAD = {
    "deferred foreign key": (_visit(1, f"'{uuid4()}'"), "reference_not_found"),
    "deferred unique": (_visit(7), "unique_violation"),
    "constraint trigger": (_visit(-1), "check_violation"),
}


@pytest.mark.promise("P02")
@pytest.mark.usefixtures("_visits")
@pytest.mark.parametrize("kind", BAD)
def test_a_failure_at_commit_time_costs_its_own_operation_only(phone: Phone, kind: str) -> None:
    """49 of 50 are applied wherever the bad one stands."""
    write, code = BAD[kind]
    index = random.randrange(50)
    batch = [customer("bad" if i == index else f"good {i}") for i in range(50)]
    with handled_by(after=on("bad", write)):
        answer = phone.send(*batch)
    assert answer.status == 200
    assert answer.verdicts[index] == ("rejected", code)
    assert answer.body["summary"] == {**dict.fromkeys(answer.body["summary"], 0), "applied": 49, "rejected": 1}
    assert Customer.objects.count() == 49


@pytest.mark.promise("P02")
@pytest.mark.usefixtures("_visits")
@pytest.mark.parametrize("kind", BAD)
def test_without_immediate_constraints_it_kills_the_whole_batch(
    phone: Phone, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: nobody says SET CONSTRAINTS ALL IMMEDIATE."""
    monkeypatch.setattr(session, "require_immediate_constraints", lambda: None)
    with handled_by(after=on("bad", BAD[kind][0])):
        answer = phone.send(customer("good"), customer("bad"))
    assert answer.status == 500
    assert not Customer.objects.exists()


def _defer_and_visit(change: Change[Any]) -> None:
    sql("SET CONSTRAINTS ALL DEFERRED")
    _visit(7)(change)


@pytest.mark.promise("P02")
@pytest.mark.usefixtures("_visits")
def test_a_handler_that_defers_again_fails_alone_and_defers_for_nobody_else(phone: Phone) -> None:
    """What it deferred is checked before its savepoint is released."""
    with handled_by(after=on("bad", _defer_and_visit)):
        answer = phone.send(customer("one"), customer("bad"), customer("two"))
    assert answer.verdicts == [("applied", None), ("rejected", "unique_violation"), ("applied", None)]


@pytest.mark.promise("P02")
@pytest.mark.usefixtures("_visits")
def test_in_a_group_the_operation_that_deferred_is_the_culprit(phone: Phone) -> None:
    """Not the last one of its group, where the savepoint is released."""
    group = {"sync_group_id": str(uuid4())}
    batch = [customer("bad") | group, customer("innocent") | group, customer("alone")]
    with handled_by(after=on("bad", _defer_and_visit)):
        answer = phone.send(*batch)
    assert answer.verdicts == [("rejected", "unique_violation"), ("skipped", "group_failed"), ("applied", None)]
    assert answer.results[1]["error"]["caused_by"] == batch[0]["op_id"]


@pytest.mark.promise("P02")
@pytest.mark.usefixtures("_visits")
def test_without_a_check_at_release_a_handler_that_defers_again_kills_the_batch(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: constraints are made immediate once, as the transaction begins."""
    real, calls = session.require_immediate_constraints, []

    def only_at_first() -> None:
        calls.append(None)
        if len(calls) == 1:
            real()

    monkeypatch.setattr(session, "require_immediate_constraints", only_at_first)
    with handled_by(after=on("bad", _defer_and_visit)):
        answer = phone.send(customer("one"), customer("bad"))
    assert answer.status == 500
    assert not Customer.objects.exists()
