"""The pages of the log: what a person who looks for a lost write sees."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from entities.accounts.models import User
from entities.sales.models import Customer
from sync.handlers.registry import registry
from sync.models import SyncBatch, SyncClient, SyncOperation
from tests.factories import MembershipFactory
from tests.integration.log_admin import rows
from tests.integration.log_admin.looking import address, fields, listed, look
from tests.integration.log_admin.rows import Phone, customer, operation


class TestOperationPage:
    """The page of one operation answers *why*."""

    def test_a_conflict_shows_what_was_sent_beside_what_the_server_had(self, browser: Client, phone: Phone) -> None:
        """Field by field; equal amounts are equal however they are spelled."""
        row = rows.stale(phone, name="Mine", credit_limit="12.5", phone="2")
        assert (row.status, row.code) == ("conflict", "stale_version")
        page = look(browser, row)
        assert "Client sent (base version 1)" in page
        assert "Server had (version 2)" in page
        assert "Someone else changed the row since base_version." in page
        lines = fields(browser, row)
        assert (lines["name"].sent, lines["name"].had, lines["name"].differs) == ('"Mine"', '"Server\'s"', True)
        assert lines["name"].faults
        assert lines["credit_limit"].differs is False
        assert lines["phone"].differs
        assert (lines["version"].sent, lines["version"].had, lines["version"].differs) == (None, "2", None)

    def test_a_conflict_with_a_deleted_row_says_so(self, browser: Client, phone: Phone) -> None:
        """There is no row to compare with then."""
        sent = customer()
        phone.send(sent)
        Customer.objects.get(pk=sent["entity_id"]).delete()
        row = phone.log(operation("update", payload={"name": "x"}, entity_id=sent["entity_id"], base_version=1))
        assert row.code == "gone"
        page = look(browser, row)
        assert "Server had (version 2, deleted)" in page
        assert "version 2, deleted" in page

    def test_a_rejected_operation_names_the_fields_at_fault(self, browser: Client, phone: Phone) -> None:
        """Missing ones too."""
        row = phone.log(operation(payload={"nme": "Ana"}))
        lines = fields(browser, row)
        assert lines["nme"].faults == ("clients cannot write this column",)
        assert (lines["name"].sent, lines["name"].faults) == (None, ("is required",))

    def test_a_code_of_the_domain_is_explained_in_its_own_words(self, browser: Client, phone: Phone) -> None:
        """The handler's message stands there."""
        seller = Phone(MembershipFactory(business=phone.member.business))
        row = seller.log(operation(payload={"name": "Ana", "credit_limit": "10.00"}))
        assert row.code == "manager_required"
        message = message_of("customers", "manager_required")
        assert message in look(browser, row)

    def test_a_retry_word_is_explained(self, browser: Client, phone: Phone) -> None:
        """What the client will do now is no riddle."""
        assert "makes a new operation" in look(browser, phone.log(operation()))
        assert "sends it again under the same op_id" in look(browser, rows.failed(phone))
        assert "together with the operation that held it back" in look(browser, rows.skipped(phone))

    def test_a_skipped_operation_links_to_the_one_that_held_it_back(self, browser: Client, phone: Phone) -> None:
        """By its own page."""
        row = rows.skipped(phone)
        culprit = SyncOperation.objects.get(batch=row.batch_id, position=0)
        page = look(browser, row)
        assert f'href="{address(SyncOperation, "change", culprit.pk)}"' in page
        assert "insert customers: rejected" in page

    def test_the_members_of_a_group_are_linked(self, browser: Client, phone: Phone) -> None:
        """All of them, the culprit among them."""
        row = rows.grouped(phone)
        page = look(browser, row)
        for member in SyncOperation.objects.filter(batch=row.batch_id).exclude(pk=row.pk):
            assert address(SyncOperation, "change", member.pk) in page
        assert "Its group" in page

    def test_attempts_and_the_history_of_the_row_are_linked(self, browser: Client, phone: Phone) -> None:
        """A repeat, and another client's edit of the row."""
        row = rows.replayed(phone)
        first = SyncOperation.objects.get(op_id=row.op_id, replayed=False)
        other = Phone(phone.member)
        edit = other.log(operation("update", payload={"name": "B"}, entity_id=str(row.entity_id), base_version=1))
        page = look(browser, row)
        for seen in (first, edit):
            assert address(SyncOperation, "change", seen.pk) in page
        assert "this is the first verdict, given once more" in page

    def test_the_live_row_is_linked(self, browser: Client, phone: Phone) -> None:
        """With its version now; a row that never came to be is not."""
        row = phone.log(customer())
        page = look(browser, row)
        assert reverse("admin:entities_customer_change", args=(row.entity_id,)) in page
        assert "version 1, living" in page
        assert "does not exist" in look(browser, phone.log(operation()))

    def test_an_operation_of_an_aborted_batch_has_no_verdict(self, browser: Client, phone: Phone) -> None:
        """Its page says why, and keeps the payload."""
        row = rows.foreign(phone)
        assert row.status is None
        page = look(browser, row)
        assert "client_owner_mismatch" in page
        assert "stolen" in page

    def test_numbers_keep_the_digits_that_were_sent(self, browser: Client, phone: Phone) -> None:
        """A float would hide why the value was refused."""
        row = rows.poisoned(phone, "many digits")
        assert fields(browser, row)["name"].sent == "0.1000000000000000055511151231257827"

    def test_what_json_storage_cannot_hold_is_shown_as_sent(self, browser: Client, phone: Phone) -> None:
        """As escaped text."""
        row = rows.poisoned(phone, "NUL")
        page = look(browser, row)
        assert "see the text below" in page
        assert "a\\u0000b" in page
        assert "The operation as sent" in page


class TestBatchPage:
    """The page of one batch."""

    def test_operations_stand_in_request_order_with_links(self, browser: Client, phone: Phone) -> None:
        """Each with its verdict."""
        phone.send(customer(), operation(), customer(), request_id="req-1")
        batch = SyncBatch.objects.get(request_id="req-1")
        response = browser.get(address(SyncBatch, "change", batch.pk))
        lines = response.context["operations"]
        assert [(line.position, line.status) for line in lines] == [(0, "applied"), (1, "rejected"), (2, "applied")]
        assert all(line.url and line.url in response.content.decode() for line in lines)

    def test_many_operations_stand_on_several_pages(self, browser: Client, phone: Phone) -> None:
        """A body can hold far more elements than one page can show."""
        phone.send_text('{"client_id": "%s", "operations": [%s]}' % (phone.client_id, ",".join("0" * 1200)))  # noqa: UP031
        page = address(SyncBatch, "change", SyncBatch.objects.get().pk)
        last = browser.get(page, {"page": "3"}).context["operations"]
        assert [last[0].position, last[-1].position] == [1000, 1199]

    def test_a_batch_that_could_not_be_read_has_a_page(self, browser: Client, phone: Phone) -> None:
        """Without client and operations."""
        rows.malformed(phone)
        page = look(browser, SyncBatch.objects.get())
        assert "HTTP 400 malformed. Nothing of it was executed." in page

    def test_a_user_who_is_gone_leaves_a_readable_batch(self, browser: Client, phone: Phone) -> None:
        """The id still stands there."""
        rows.malformed(phone)
        user_id = phone.member.user_id
        phone.member.delete()
        User.objects.get(pk=user_id).delete()
        page = look(browser, SyncBatch.objects.get())
        assert str(user_id) in page
        assert "does not exist any more" in page
        assert listed(browser, SyncBatch)


class TestClientPage:
    """The page of one client."""

    def test_it_sums_up_answers_and_lists_recent_batches(self, browser: Client, phone: Phone) -> None:
        """Counts by status over all its batches."""
        sent = customer()
        phone.send(sent, operation(), sent_at="2020-01-01T00:00:00Z")
        phone.send(sent)
        response = browser.get(address(SyncClient, "change", phone.client_id))
        counts = strip_tags(response.context["counts"])
        assert counts == "2 applied 1 rejected 1 replayed"
        assert len(response.context["batches"]) == 2

    def test_a_clock_that_is_wrong_is_put_in_words(self, browser: Client, phone: Phone) -> None:
        """Days, not milliseconds."""
        phone.send(customer(), sent_at="2020-01-01T00:00:00Z")
        [client] = listed(browser, SyncClient)
        assert client.clock_offset_ms < 0
        assert " behind" in look(browser, client)
        assert " d " in look(browser, client)


def message_of(entity: str, code: str) -> str:
    """What the domain says about a code of its own."""
    handler = registry.get(entity)
    assert handler is not None
    return handler.codes[code]
