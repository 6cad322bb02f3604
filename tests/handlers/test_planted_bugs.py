"""The contract bites: each handler with a planted bug fails the question that is about it, and only for that reason."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.db.models import QuerySet

from entities.sales.handlers import CustomerHandler, SaleHandler
from entities.sales.models import Customer, Sale
from sync.engine import session
from sync.engine.docket import Docket
from sync.handlers import Change, EntityHandler, Reject, Scope, rule
from sync.handlers.registry import registry
from sync.handlers.resolution import Edit, Resolution
from sync.handlers.schema import EntitySchema
from sync.protocol.actor import Actor
from sync.protocol.codes import Action
from sync.testing import HandlerContract, Phone, Sample, insert
from tests.handlers.samples import SAMPLES, customer

pytestmark = pytest.mark.django_db

CUSTOMERS, SALES, *_ = SAMPLES
CONTRACT = HandlerContract()
Question = Callable[[Sample], None]


def fails(question: Question, handler: type[EntityHandler[Any]], sample: Sample = CUSTOMERS, *, saying: str) -> None:
    """Asked with this handler in place, the question raises AssertionError with these words."""
    with registry.override(handler), pytest.raises(AssertionError, match=saying):
        question(sample)


class Idle(CustomerHandler):
    """Its insert does nothing."""

    def insert(self, change: Change[Customer]) -> None:
        """Nothing."""


class Swallowing(CustomerHandler):
    """It lets no error of the database out."""

    def insert(self, change: Change[Customer]) -> None:
        """Say that all is well."""
        with suppress(Error), transaction.atomic():
            super().insert(change)


class Shouting(CustomerHandler):
    """It stores something else than what was sent."""

    def insert(self, change: Change[Customer]) -> None:
        """In capitals."""
        change.row.name = change.row.name.upper()
        super().insert(change)


class Forgetful(CustomerHandler):
    """It saves too few columns."""

    def update(self, change: Change[Customer]) -> None:
        """The name is lost."""
        change.row.save(update_fields=sorted({*change.fields, "version", "field_versions"} - {"name"}))


class Meddling(CustomerHandler):
    """It changes a column that the client did not send."""

    def update(self, change: Change[Customer]) -> None:
        """The address, too."""
        change.row.address = "moved"
        change.row.save()


class Undying(CustomerHandler):
    """Its delete is no delete."""

    def delete(self, change: Change[Customer]) -> None:
        """Nothing."""


class Undeclared(CustomerHandler):
    """A rule of it rejects with a code that nobody declared."""

    @rule("update")
    def names_are_short(self, change: Change[Customer]) -> None:
        """Ten letters."""
        if len(change.row.name) > 100:
            raise Reject("name_too_long")


class Unreached(CustomerHandler):
    """It declares a code that it never gives."""

    codes = {**CustomerHandler.codes, "too_late": "The shop is closed."}


class Unexplained(CustomerHandler):
    """A code without words."""

    codes = {"manager_required": " "}


class Untracked(CustomerHandler):
    """The trigger watches more columns than clients may write."""

    writes = ("name", "phone", "address", "tax_number", "credit_limit")


class Generous(CustomerHandler):
    """Clients may say whose a row is."""

    writes = (*CustomerHandler.writes, "business_id")


class Everybodys(Scope):
    """A scope that stamps new rows, and nothing else."""

    def values(self, actor: Actor) -> dict[str, Any]:
        """Only the stamp."""
        return {}

    def holds(self, row: Any, actor: Actor) -> bool:
        """Always."""
        return True


class Unstamped(CustomerHandler):
    """Its scope forgets the tenant."""

    scope = Everybodys(tenant="business_id")


class Open(CustomerHandler):
    """It stamps rows and then shows them to everybody."""

    scope = Everybodys(tenant="business_id")

    def insert(self, change: Change[Customer]) -> None:
        """With the stamp that the scope forgets."""
        change.row.business_id = change.actor.tenant_id
        super().insert(change)


class TombstonesWelcome(SaleHandler):
    """A sale may refer to whatever there is."""

    @staticmethod
    def anybody(actor: Actor) -> QuerySet[Customer]:
        """Tombstones, and those of other tenants."""
        return Customer.objects.all()

    parents = {"customer_id": anybody}


class Yielding:
    """A resolver that knows no conflict."""

    def update(self, edit: Edit) -> Resolution:
        """The last one to arrive wins."""
        stamps = {column: [edit.version + 1, edit.client, 0, edit.time] for column in edit.values}
        return Resolution(values=edit.values, stamps=stamps)

    def delete(self, edit: Edit) -> Resolution:
        """Always."""
        return Resolution()


class Careless(CustomerHandler):
    """Nobody is ever told that somebody else was faster."""

    resolver = Yielding()


class Obliging(CustomerHandler):
    """It takes edits of versions that nobody named, and its sample does not say so."""

    blind_writes = True


class Strict(CustomerHandler):
    """Its notes are in conflict where they were merged."""

    last_write_wins = frozenset({"phone", "address"})


class Leaving(CustomerHandler):
    """A rule of it writes before it says no."""

    codes = {"manager_required": "No."}

    @rule("insert")
    def notes_the_attempt(self, change: Change[Customer]) -> None:
        """As a row, which the savepoint takes back."""
        Customer.objects.create(business_id=change.actor.tenant_id, name="somebody tried")
        raise Reject("manager_required")


class Eternal(CustomerHandler):
    """No bug: its rows are never deleted, and its sample says so."""

    codes = {**CustomerHandler.codes, "kept_for_ever": "Customers stay."}

    @rule("delete")
    def customers_stay(self, change: Change[Customer]) -> None:
        """Every one."""
        raise Reject("kept_for_ever")


REFUSING = replace(
    CUSTOMERS, refusals={"manager_required": lambda phone: (phone, insert("customers", customer(phone)))}
)


@pytest.mark.parametrize(
    ("question", "handler", "saying"),
    [
        (CONTRACT.test_a_good_insert_is_applied_and_published_exactly, Idle, "got failed/internal_error"),
        (CONTRACT.test_unique_values_are_unique_among_the_living, Swallowing, "got failed/internal_error"),
        (CONTRACT.test_a_good_insert_is_applied_and_published_exactly, Shouting, "'name': 'ANA'"),
        (CONTRACT.test_each_column_can_be_changed, Forgetful, "expected applied, got applied/unchanged"),
        (CONTRACT.test_each_column_can_be_changed, Meddling, "after a change of name: .*'address': 'moved'"),
        (CONTRACT.test_a_delete_leaves_a_tombstone_and_nothing_comes_back, Undying, "got failed/internal_error"),
        (CONTRACT.test_codes_declare_what_the_rules_reject_with, Undeclared, "name_too_long"),
        (CONTRACT.test_codes_declare_what_the_rules_reject_with, Unexplained, "manager_required"),
        (CONTRACT.test_every_declared_code_is_given_and_leaves_no_trace, Unreached, "too_late"),
        (CONTRACT.test_the_system_checks_find_nothing, Untracked, "version trigger of customers"),
        (CONTRACT.test_the_system_checks_find_nothing, Generous, "whose a row is: business_id"),
        (CONTRACT.test_the_sample_speaks_of_every_column, Generous, "business_id"),
        (CONTRACT.test_a_new_row_belongs_to_its_author, Unstamped, "expected applied, got rejected/invalid"),
        (CONTRACT.test_a_foreign_row_is_answered_like_an_absent_one, Open, "expected rejected/not_found, got applied"),
        (CONTRACT.test_a_foreign_id_is_unavailable_and_nothing_more_is_said, Open, "got conflict/already_exists"),
        (CONTRACT.test_a_foreign_row_is_not_loaded, Open, "rows in scope"),
        (
            CONTRACT.test_a_clash_is_a_conflict_and_brings_the_row,
            Careless,
            "expected conflict/stale_version, got applied",
        ),
        (CONTRACT.test_a_changed_row_is_not_deleted_unseen, Careless, "expected conflict/stale_version, got applied"),
        (
            CONTRACT.test_the_later_write_wins_where_that_is_declared,
            Careless,
            "expected applied/superseded, got applied",
        ),
        (CONTRACT.test_edits_of_different_columns_both_stand, Careless, "expected applied/merged, got applied"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_handler_with_a_bug_fails_the_question_about_it(
    question: Question, handler: type[EntityHandler[Any]], saying: str
) -> None:
    """In words that say what came instead."""
    fails(question, handler, saying=saying)


def test_a_reference_to_a_tombstone_is_found() -> None:
    """Where the database's own wall does not stand, the contract looks."""
    question = CONTRACT.test_a_foreign_parent_is_answered_like_an_absent_one
    fails(question, TombstonesWelcome, SALES, saying="expected rejected/reference_not_found, got applied")


@pytest.mark.parametrize(
    "question",
    [
        CONTRACT.test_a_field_nobody_knows_is_refused,
        CONTRACT.test_no_column_outside_writes_can_be_set_by_an_insert,
        CONTRACT.test_no_column_outside_writes_can_be_set_by_an_update,
        CONTRACT.test_no_column_at_all_can_be_set_by_a_delete,
    ],
)
def test_a_schema_that_drops_fields_in_silence_is_found(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    """For unknown columns and for protected ones."""
    read = EntitySchema.read

    def lenient(self: EntitySchema, action: Action, payload: dict[str, Any]) -> Any:
        known = {column.name for column in self.columns}
        return read(self, action, {name: value for name, value in payload.items() if name in known})

    monkeypatch.setattr(EntitySchema, "read", lenient)
    with pytest.raises(AssertionError, match="applied"):
        question(CUSTOMERS)


@pytest.mark.parametrize(
    "question",
    [
        CONTRACT.test_every_required_column_is_asked_for,
        CONTRACT.test_null_is_refused_where_a_value_must_be,
    ],
)
def test_a_schema_that_asks_for_nothing_is_found(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database would say no, but not by the columns' names and not for all of them."""
    monkeypatch.setattr(EntitySchema, "read", lambda self, action, payload: (dict(payload), None))
    with pytest.raises(AssertionError):
        question(SALES)


def test_a_version_that_does_not_rise_is_found() -> None:
    """Without its trigger, a table has writers that nobody hears of."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sales DISABLE TRIGGER sync_track_version")
    with pytest.raises(AssertionError, match="after a change of number on the server"):
        CONTRACT.test_every_writer_raises_the_version(SALES)


def test_a_ledger_without_memory_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats are executed, and an op_id stands for two things."""
    monkeypatch.setattr(Docket, "judged_by_envelope_or_ledger", lambda self, operation: None)
    for question in (CONTRACT.test_a_repeat_gets_the_first_verdict, CONTRACT.test_an_op_id_stands_for_one_content):
        with pytest.raises(AssertionError):
            question(CUSTOMERS)


def test_a_refusal_that_leaves_a_trace_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The savepoint takes back what a rule wrote; without it the row would stay."""
    question = CONTRACT.test_every_declared_code_is_given_and_leaves_no_trace
    with registry.override(Leaving):
        question(REFUSING)
    monkeypatch.setattr(session, "savepoint", lambda _: nullcontext())
    fails(question, Leaving, REFUSING, saying="Something was written although the answer was manager_required")


@pytest.mark.parametrize(
    "question",
    [
        CONTRACT.test_a_delete_leaves_a_tombstone_and_nothing_comes_back,
        CONTRACT.test_a_foreign_id_is_unavailable_and_nothing_more_is_said,
        CONTRACT.test_unique_values_are_unique_among_the_living,
    ],
)
def test_an_action_that_nobody_may_do_is_a_word_of_the_sample(question: Question) -> None:
    """With it the handler passes, without it the refusal is a surprise."""
    with registry.override(Eternal):
        question(replace(CUSTOMERS, refused={"delete": "kept_for_ever"}))
    fails(question, Eternal, saying="expected applied, got rejected/kept_for_ever")


@pytest.mark.parametrize(
    ("change", "saying"),
    [
        ({"required": frozenset()}, "required columns"),
        ({"required": frozenset({"name", "phone"})}, "required columns"),
    ],
)
def test_a_sample_that_says_something_else_is_found(change: dict[str, Any], saying: str) -> None:
    """The sample is the data dictionary: a column that became optional by accident shows."""
    with pytest.raises(AssertionError, match=saying):
        CONTRACT.test_every_required_column_is_asked_for(replace(CUSTOMERS, **change))


def test_a_sample_that_leaves_a_column_out_is_found() -> None:
    """Otherwise no question would be about it."""
    without = replace(CUSTOMERS, payload=lambda phone: {k: v for k, v in customer(phone).items() if k != "notes"})
    with pytest.raises(AssertionError, match="notes"):
        CONTRACT.test_the_sample_speaks_of_every_column(without)


def test_an_entity_without_a_handler_is_named() -> None:
    """A spelling mistake in a sample."""
    with pytest.raises(AssertionError, match="No handler is registered for 'visits'"):
        CONTRACT.test_a_good_insert_is_applied_and_published_exactly(replace(CUSTOMERS, entity="visits"))


def test_a_parent_that_dies_before_its_child_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """`has_children` is the engine's, and the contract asks for it through every reference."""
    monkeypatch.setattr("sync.engine.reference.living_children", lambda handler, entity_id: [])
    with pytest.raises(AssertionError, match="status of the parent's delete"):
        CONTRACT.test_a_row_with_living_children_stays(SALES)


@pytest.mark.django_db(transaction=True)
def test_the_words_of_a_phone_that_was_refused_as_a_whole(settings: Any) -> None:
    """No result is asked for in vain."""
    settings.SYNC = {**settings.SYNC, "MAX_BYTES": 10}
    phone: Phone = CUSTOMERS.newcomer()
    phone.insert("customers", {"name": "Ana"})
    answer = phone.upload().expect_problem(413, "too_large")
    with pytest.raises(AssertionError, match="refused as a whole: 413 too_large"):
        answer.expect("applied")
    assert Sale.objects.count() == 0
