"""Guards that protect the transaction do not stand in the way of honest handlers, and answers tell what they did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from entities.sales.models import Customer
from tests.factories import CustomerFactory
from tests.integration.engine.stage import Phone, customer, handled_by, renamed, sql


def test_nested_blocks_work_and_a_failed_one_takes_only_its_own_writes(phone: Phone) -> None:
    """As in any Django code: an inner atomic() that fails is rolled back, and the handler goes on."""

    def nested(change: Any) -> None:
        business = change.row.business
        with transaction.atomic():
            CustomerFactory(business=business, name="kept", tax_number="1")
        with suppress(IntegrityError), transaction.atomic():
            CustomerFactory(business=business, name="undone")
            CustomerFactory(business=business, name="twin", tax_number="1")

    with handled_by(after=nested):
        answer = phone.send(customer("one"))
    assert answer.verdicts == [("applied", None)]
    assert set(Customer.objects.values_list("name", flat=True)) == {"one", "kept"}


def test_savepoints_by_hand_local_settings_and_blocks_of_code_are_welcome(phone: Phone) -> None:
    """Whatever ends with the transaction."""

    def busy(change: Any) -> None:
        make = getattr(transaction, "savepoint_create", None) or transaction.savepoint  # its name from Django 6.1 on
        savepoint = make()
        sql("UPDATE customers SET notes = 'undone'")
        transaction.savepoint_rollback(savepoint)
        sql("SET LOCAL work_mem = '1MB'")
        sql("SELECT set_config('my.setting', %s, true)", ["x"])
        sql("DO $$ BEGIN PERFORM 1; END $$")
        sql("SELECT 'a; COMMIT', %s", ["; ROLLBACK"])

    with handled_by(after=busy):
        answer = phone.send(customer("one"))
    assert answer.verdicts == [("applied", None)]
    assert Customer.objects.get().notes is None


def test_a_handler_may_write_many_rows_of_other_tables(phone: Phone) -> None:
    """They stand and fall with its operation."""

    def copies(change: Any) -> None:
        made = [Customer(business_id=change.row.business_id, name=f"{change.row.name} {i}") for i in range(20)]
        Customer.objects.bulk_create(made)
        if change.row.name == "bad":
            Customer.objects.bulk_create([Customer(business_id=change.row.business_id, name=" ")])

    with handled_by(after=copies):
        answer = phone.send(customer("good"), customer("bad"))
    assert answer.verdicts == [("applied", None), ("rejected", "check_violation")]
    assert Customer.objects.count() == 21


@pytest.fixture
def _shouting(_real_commits: None) -> Iterator[None]:
    """A trigger of the database's own that changes what is saved."""
    sql(
        "CREATE FUNCTION trap_shout() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;"
        " CREATE TRIGGER a_trap_shout BEFORE INSERT OR UPDATE ON customers"
        " FOR EACH ROW EXECUTE FUNCTION trap_shout()"
    )
    yield
    sql("DROP TRIGGER a_trap_shout ON customers; DROP FUNCTION trap_shout()")


@pytest.mark.usefixtures("_shouting")
def test_the_row_in_the_answer_is_the_one_in_the_database(phone: Phone) -> None:
    """A trigger changed it on its way."""
    op = customer("ana")
    answer = phone.send_bytes(phone.body(op), Prefer="return=representation")
    assert answer.results[0]["row"]["name"] == "ANA"
    answer = phone.send_bytes(phone.body(renamed(op["entity_id"], "eva")), Prefer="return=representation")
    assert (answer.results[0]["row"]["name"], answer.results[0]["version"]) == ("EVA", 2)


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_the_version_in_the_answer_is_the_one_in_the_database(
    phone: Phone, trusting_engine: Callable[[], None], guarded: bool
) -> None:
    """A handler that saves twice raises it twice; a handler that is believed would make the client's base too low."""
    if not guarded:
        trusting_engine()
    op = customer("ana")

    def again(change: Any) -> None:
        Customer.objects.filter(pk=change.row.pk).update(credit_limit=Decimal(5))

    with handled_by(after=again):
        answer = phone.send(op)
    stored = Customer.objects.get()
    assert stored.version == 2
    assert (answer.results[0]["version"] == stored.version) is guarded


def test_a_handler_that_writes_nothing_has_applied_nothing(phone: Phone) -> None:
    """Its answer is `unchanged`, at the version of the row, and no transaction to wait for."""
    op = customer("ana")
    phone.send(op)
    with handled_by(instead=lambda _: None):
        answer = phone.send(renamed(op["entity_id"], "eva"))
    assert answer.verdicts == [("applied", "unchanged")]
    result = answer.results[0]
    assert (result["changed"], result["version"], result["txid"]) == (False, 1, None)
    assert (answer.body["txid"], answer.body["txids"]) == (None, [])


def test_a_handler_that_writes_unpublished_tables_only_sends_nobody_to_wait(phone: Phone) -> None:
    """Readers never see that transaction, so there is no txid."""
    op = customer("ana")
    phone.send(op)
    user_id = phone.membership.user_id

    def elsewhere(change: Any) -> None:
        sql("UPDATE entities_user SET first_name = 'x' WHERE id = %s", [user_id])

    with handled_by(instead=elsewhere):
        answer = phone.send(renamed(op["entity_id"], "eva"), customer(str(uuid4())) | {"action": "delete"})
    assert answer.body["txid"] is None
    assert sql("SELECT first_name FROM entities_user WHERE id = %s", [user_id]) == [("x",)]
