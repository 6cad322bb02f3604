"""The lists of the log: what the search box and the filters find, and what a list costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sync.models import SyncBatch, SyncClient, SyncOperation
from tests.factories import MembershipFactory
from tests.integration.log_admin import rows
from tests.integration.log_admin.looking import address, listed, look
from tests.integration.log_admin.rows import Phone, customer, newest, operation


class TestSearch:
    """One box, any id."""

    def test_operations_are_found_by_every_id(self, browser: Client, phone: Phone) -> None:
        """Each in any spelling of a UUID; only the operations of that id."""
        other = Phone(phone.member)
        other.send(customer())
        group = str(uuid4())
        sent = customer(sync_group_id=group)
        phone.send(sent, request_id="req 7/")
        row = newest()
        for term in (
            sent["op_id"], sent["entity_id"], phone.client_id, group, str(row.batch_id), "req 7/",
            sent["op_id"].upper(), f" {sent['op_id'].replace('-', '')} ",
        ):  # fmt: skip
            assert listed(browser, SyncOperation, q=term) == [row], term
        for term in ("req", "req 7", str(uuid4()), "%", "'", "ñ", "x" * 5000):
            assert listed(browser, SyncOperation, q=term) == [], term

    def test_a_search_compares_and_never_scans_texts(self, browser: Client, phone: Phone) -> None:
        """A large table has no index for a part of a text."""
        phone.send(customer())
        for model in (SyncBatch, SyncOperation):
            for term in ("req", str(uuid4())):
                with CaptureQueriesContext(connection) as queries:
                    listed(browser, model, q=term)
                assert not [query for query in queries if "LIKE" in query["sql"]]

    @pytest.mark.parametrize("model", [SyncBatch, SyncOperation, SyncClient])
    def test_what_no_column_can_hold_is_refused(self, browser: Client, model: Any) -> None:
        """With a message of the search box."""
        assert (
            "Null characters are not allowed"
            in browser.get(address(model, "changelist"), {"q": "\x00"}).content.decode()
        )

    def test_batches_are_found_by_every_id(self, browser: Client, phone: Phone) -> None:
        """A request id may be a UUID too."""
        Phone(phone.member).send(customer())
        sent, batch_id, request_id = customer(), str(uuid4()), str(uuid4()).upper()
        phone.send(sent, batch_id=batch_id, request_id=request_id)
        batch = newest().batch
        for term in (sent["op_id"], phone.client_id, batch_id, request_id, str(batch.pk)):
            assert listed(browser, SyncBatch, q=term) == [batch], term
        assert listed(browser, SyncBatch, q=request_id[:8]) == []

    def test_clients_are_found_by_id_and_user(self, browser: Client, phone: Phone) -> None:
        """The user's name from its beginning."""
        Phone(MembershipFactory()).send(customer())
        phone.send(customer())
        client = SyncClient.objects.get(pk=phone.client_id)
        for term in (phone.client_id, str(phone.member.user_id), phone.member.user.username.upper()):
            assert client in listed(browser, SyncClient, q=term)
        assert listed(browser, SyncClient, q=phone.client_id) == [client]


class TestFilters:
    """Lists by what went wrong."""

    @pytest.mark.parametrize(
        ("make", "query"),
        [
            (rows.stale, {"status": "conflict", "code": "stale_version", "action": "update"}),
            (rows.failed, {"status": "failed", "entity": "is:customers"}),
            (rows.skipped, {"status": "skipped", "code": "dependency_failed"}),
            (rows.replayed, {"replayed": "yes"}),
            (rows.foreign, {"status": "none"}),
            (lambda phone: rows.poisoned(phone, "script"), {"entity": "unknown", "action": "unknown"}),
            (rows.grouped, {"status": "trouble", "code": "group_failed", "replayed": "no"}),
        ],
    )
    def test_operations(
        self, browser: Client, phone: Phone, make: Callable[..., SyncOperation], query: dict[str, str]
    ) -> None:
        """The operation is there, a plain one is not."""
        plain = phone.log(customer())
        row = make(phone, name="x") if make is rows.stale else make(phone)
        found = listed(browser, SyncOperation, **query)
        assert row in found
        assert plain not in found

    def test_batches(self, browser: Client, phone: Phone) -> None:
        """By state, by problem, by what is in them."""
        plain = phone.log(customer()).batch
        refused = phone.log(operation()).batch
        rows.malformed(phone)
        aborted = SyncBatch.objects.get(state="aborted")
        assert listed(browser, SyncBatch, state="aborted", code="malformed") == [aborted]
        assert listed(browser, SyncBatch, verdicts="trouble") == [refused]
        assert listed(browser, SyncBatch, verdicts="rejected", received="hour") == [refused]
        assert listed(browser, SyncBatch, verdicts="applied") == [plain]

    def test_a_value_that_is_no_choice_filters_nothing(self, browser: Client, phone: Phone) -> None:
        """Nothing typed into an address reaches the database."""
        row = phone.log(customer())
        assert listed(browser, SyncOperation, status="\x00'", code="x", p="0") == [row]

    @pytest.mark.parametrize("lookup", ["payload__name", "request_id__icontains", "batch__user__password__startswith"])
    def test_other_conditions_are_refused(self, browser: Client, lookup: str) -> None:
        """An address cannot ask for a scan, or for the fields of another table."""
        assert browser.get(address(SyncOperation, "changelist"), {lookup: "a"}).status_code == 400


class TestNumberOfQueries:
    """A list costs the same for one row and for many."""

    @pytest.mark.parametrize("model", [SyncBatch, SyncOperation, SyncClient])
    def test_lists(self, browser: Client, phone: Phone, model: Any, django_assert_max_num_queries: Any) -> None:
        """Session, user, two counts at most, and the rows."""
        phone.send(*(customer() for _ in range(10)))
        for _ in range(8):
            Phone(phone.member).send(customer(), operation())
        rows.foreign(phone)
        with django_assert_max_num_queries(5):
            listed(browser, model)

    def test_the_page_of_a_batch(self, browser: Client, phone: Phone, django_assert_max_num_queries: Any) -> None:
        """However many operations it has."""
        phone.send(*(customer() for _ in range(100)))
        with django_assert_max_num_queries(7):
            look(browser, SyncBatch.objects.get())

    def test_the_page_of_an_operation(self, browser: Client, phone: Phone, django_assert_max_num_queries: Any) -> None:
        """However many are around it."""
        row = rows.skipped(phone)
        for _ in range(10):
            phone.send(customer(entity_id=str(row.entity_id)))
        with django_assert_max_num_queries(9):
            look(browser, row)
