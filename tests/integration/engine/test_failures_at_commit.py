"""Failures that Postgres keeps for the commit cost their own operation: the first trap of the design."""

from __future__ import annotations

import random
from collections.abc import Iterator
from uuid import uuid4

import pytest

from entities.sales.models import Customer
from sync.engine import session
from sync.models import LedgerEntry
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


BAD = {
    "deferred foreign key": (lambda _: sql("INSERT INTO trap_visits VALUES (1, %s)", [uuid4()]), "reference_not_found"),
    "deferred unique": (lambda _: sql("INSERT INTO trap_visits VALUES (7, NULL)"), "unique_violation"),
    "constraint trigger": (lambda _: sql("INSERT INTO trap_visits VALUES (-1, NULL)"), "check_violation"),
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
