"""Two traps of Postgres itself: foreign keys that ask for no tenant, and NOTIFY, which queues up every commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from entities.sales.handlers import SaleHandler
from entities.sales.models import Customer, Sale
from sync.engine import pipeline
from sync.handlers.registry import registry
from tests.factories import CustomerFactory
from tests.integration.engine.stage import Json, Phone, customer, handled_by, operation, renamed, side_connection, sql


def _sale(customer_id: Any) -> Json:
    payload = {"customer_id": str(customer_id), "number": "1", "sold_at": "2026-11-20T12:00:00Z", "total": "1.00"}
    return operation("insert", "sales", payload)


@pytest.mark.promise("P11")
@pytest.mark.parametrize("scoped", [True, False], ids=["scope", "database alone"])
def test_a_sale_cannot_point_at_another_tenants_customer(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, scoped: bool
) -> None:
    """Parents are loaded inside the scope; behind that a composite key holds for every writer. The answer is the same
    as for a customer that does not exist."""
    if not scoped:
        monkeypatch.setattr(pipeline, "references", lambda *_: None)
    foreign = CustomerFactory()
    with nullcontext() if scoped else _sales_without_figures():
        answer = phone.send(_sale(foreign.pk), _sale(uuid4()))
    assert answer.verdicts == [("rejected", "reference_not_found")] * 2
    assert answer.results[0]["error"] == answer.results[1]["error"]


def _sales_without_figures() -> AbstractContextManager[None]:
    """Rules of sales read the customer's balance, and would stumble over a foreign one before the database does."""
    parts = {"prepare": lambda *_: None, "spend": lambda *_: None, "within_credit_limit": None}
    return registry.override(type("Sales", (SaleHandler,), parts))


@pytest.fixture
def _plain_foreign_keys(_real_commits: None) -> Iterator[None]:
    """As Django would make them: the key is checked, the tenant is not."""
    name = "sales_customer_id_same_business"
    definition = sql("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])[0][0]
    sql(f"ALTER TABLE sales DROP CONSTRAINT {name}")
    yield
    sql("TRUNCATE sales CASCADE")
    sql(f"ALTER TABLE sales ADD CONSTRAINT {name} {definition}")


@pytest.mark.promise("P11")
@pytest.mark.usefixtures("_plain_foreign_keys")
def test_without_scope_and_composite_key_it_does(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug, in both walls."""
    monkeypatch.setattr(pipeline, "references", lambda *_: None)
    foreign = CustomerFactory()
    with _sales_without_figures():
        answer = phone.send(_sale(foreign.pk))
    assert answer.statuses == ["applied"]
    assert Sale.objects.get().customer.business_id != phone.membership.business_id


# -- NOTIFY ------------------------------------------------------------------------------------------------------

_TRIGGERS_THAT_NOTIFY = """
    SELECT t.tgrelid::regclass::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
     WHERE NOT t.tgisinternal AND p.prosrc ~* 'notify'
"""


def _notices_of(phone: Phone, *batch: Json) -> list[str]:
    """Statements that notify, and tables whose triggers do: all that runs for this batch."""
    seen: list[str] = []

    def note(execute: Callable[..., Any], statement: Any, *rest: Any) -> Any:
        seen.append(str(statement))
        return execute(statement, *rest)

    with connection.execute_wrapper(note):
        answer = phone.send(*batch)
    assert answer.status == 200
    assert len(seen) > 10
    return [statement for statement in seen if "notify" in statement.lower()] + [
        t for (t,) in sql(_TRIGGERS_THAT_NOTIFY)
    ]


def test_nothing_on_the_write_path_notifies(phone: Phone) -> None:
    """Neither a statement nor a trigger: a NOTIFY takes a lock of the whole server until its commit is done."""
    op = customer("one")
    delete = operation("delete", "customers", entity_id=op["entity_id"], base_version=2)
    assert _notices_of(phone, op, renamed(op["entity_id"], "two"), customer(" "), delete) == []


@pytest.fixture
def _notifying_trigger(_real_commits: None) -> Iterator[None]:
    sql(
        "CREATE FUNCTION trap_tell() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_notify('everybody', ''); RETURN NULL; END $$;"
        " CREATE TRIGGER trap_tell AFTER INSERT ON customers FOR EACH ROW EXECUTE FUNCTION trap_tell()"
    )
    yield
    sql("DROP TRIGGER trap_tell ON customers; DROP FUNCTION trap_tell()")


@pytest.mark.usefixtures("_notifying_trigger")
def test_a_trigger_that_notifies_is_found(phone: Phone) -> None:
    """The planted bug."""
    assert _notices_of(phone, customer("one")) == ["customers"]


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_a_handler_cannot_notify(phone: Phone, trusting_engine: Callable[[], None], guarded: bool) -> None:
    """It has after_commit for that; a trusting engine sends it along with the commit."""
    if not guarded:
        trusting_engine()
    with side_connection() as listener:
        listener.execute("LISTEN everybody")
        with handled_by(after=lambda _: sql("NOTIFY everybody")):
            answer = phone.send(customer("one"))
        heard = [notice.channel for notice in listener.notifies(timeout=0.2)]
    assert answer.statuses == (["failed"] if guarded else ["applied"])
    assert heard == ([] if guarded else ["everybody"])
    assert Customer.objects.exists() is not guarded
