"""The admin pages of the log change nothing, run nothing, and stand whatever clients have sent."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from sync.models import SyncBatch, SyncClient, SyncOperation
from tests.factories import MembershipFactory, UserFactory
from tests.integration.log_admin import rows
from tests.integration.log_admin.looking import address
from tests.integration.log_admin.rows import FORMULA, POISON, SCRIPT, TURNED, Phone, customer

MODELS = (SyncBatch, SyncOperation, SyncClient)


def staff(*permissions: str) -> Client:
    """A browser of somebody with these permissions on the log."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions, content_type__app_label="sync"))
    browser = Client()
    browser.force_login(user)
    return browser


def every_page() -> list[str]:
    """Every list, and every row's page and history, which leads there."""
    lists = [address(model, "changelist") for model in MODELS]
    rows = [row for model in MODELS for row in model.objects.all()]
    return lists + [address(row, page, row.pk) for row in rows for page in ("change", "history")]


def snapshot() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


class TestReadOnly:
    """Nobody changes what happened."""

    @pytest.mark.parametrize("model", MODELS)
    def test_a_superuser_cannot_change_anything(self, browser: Client, phone: Phone, model: Any) -> None:
        """No form, no action, no address."""
        row = phone.log(customer())
        pk = {SyncBatch: row.batch_id, SyncOperation: row.pk, SyncClient: row.client_id}[model]
        before = snapshot()
        form = {"action": "delete_selected", "_selected_action": [str(pk)], "post": "yes", "_save": "1"}
        assert browser.post(address(model, "change", pk), form).status_code == 403
        assert browser.post(address(model, "delete", pk), form).status_code == 403
        assert browser.post(address(model, "add"), form).status_code == 403
        assert browser.get(address(model, "delete", pk)).status_code == 403
        assert browser.get(address(model, "add")).status_code == 403
        listing = browser.post(address(model, "changelist"), form)
        assert "delete_selected" not in listing.content.decode()
        assert snapshot() == before

    @pytest.mark.parametrize("model", MODELS)
    def test_the_pages_offer_no_change(self, browser: Client, phone: Phone, model: Any) -> None:
        """Neither a button nor a link."""
        row = phone.log(customer())
        pk = {SyncBatch: row.batch_id, SyncOperation: row.pk, SyncClient: row.client_id}[model]
        page = browser.get(address(model, "change", pk)).content.decode()
        assert "submit-row" not in page
        assert "deletelink" not in page
        assert "addlink" not in browser.get(address(model, "changelist")).content.decode().split('id="content"')[1]


class TestPermissions:
    """Django's view permission, for each table its own."""

    def test_the_view_permission_shows_every_tenant(self, phone: Phone) -> None:
        """Staff of the server are not members of a business."""
        phone.send(customer())
        Phone(MembershipFactory(manager=True)).send(customer())
        response = staff("view_syncoperation").get(address(SyncOperation, "changelist"))
        assert len({row.tenant_id for row in SyncOperation.objects.all()}) == 2
        assert len(response.context["cl"].result_list) == 2

    def test_without_it_nothing_is_shown(self, phone: Phone) -> None:
        """Lists and pages alike, and permissions on other tables do not help."""
        row = phone.log(customer())
        browser = staff("view_syncbatch")
        assert browser.get(address(SyncOperation, "changelist")).status_code == 403
        assert browser.get(address(SyncOperation, "change", row.pk)).status_code == 403
        assert browser.get(address(SyncOperation, "change", 0)).status_code == 403
        assert browser.get(address(SyncClient, "change", row.client_id)).status_code == 403

    def test_people_who_are_no_staff_are_sent_to_log_in(self, phone: Phone) -> None:
        """A member of a business among them."""
        phone.send(customer())
        browser = Client()
        browser.force_login(phone.member.user)
        assert browser.get(address(SyncOperation, "changelist")).status_code == 302

    def test_a_page_shows_nothing_of_tables_its_reader_may_not_see(self, phone: Phone) -> None:
        """A batch without its operations, a client without its batches, a row without its link."""
        row = phone.log(customer())
        batch = staff("view_syncbatch").get(address(SyncBatch, "change", row.batch_id))
        assert "operations" not in batch.context
        assert str(row.op_id) not in batch.content.decode()
        client = staff("view_syncclient").get(address(SyncClient, "change", row.client_id))
        assert "batches" not in client.context
        page = staff("view_syncoperation").get(address(SyncOperation, "change", row.pk)).content.decode()
        assert address(SyncBatch, "change", row.batch_id) not in page
        assert "/admin/entities/" not in page


class TestHostileRows:
    """Pages answer 200 on every stored value."""

    @pytest.mark.parametrize("kind", POISON)
    def test_every_page_stands_a_poisoned_operation(self, browser: Client, phone: Phone, kind: str) -> None:
        """The operation's own, its batch's, its client's, and the lists."""
        rows.poisoned(phone, kind)
        assert SyncOperation.objects.exists()
        for page in every_page():
            response = browser.get(page, follow=True)
            text = response.content.decode()
            assert response.status_code == 200, page
            assert SCRIPT not in text
            assert not set(TURNED).difference("dnammocx").intersection(text)
            assert len(text) < 2_000_000

    @pytest.mark.parametrize("make", [rows.malformed, rows.foreign, rows.failed, rows.grouped])
    def test_every_page_stands_batches_that_went_wrong(self, browser: Client, phone: Phone, make: Any) -> None:
        """Aborted ones too, whose client need not exist."""
        make(phone)
        assert [browser.get(page, follow=True).status_code for page in every_page()] == [200] * len(every_page())

    def test_every_page_stands_rows_of_nulls(self, browser: Client) -> None:
        """Whatever the tables allow."""
        batch = SyncBatch.objects.create(
            request_id="", state="aborted", http_status=500, received_at="9999-12-31T23:59:59Z", duration_ms=0,
            client_id=uuid4(), user_id=uuid4(), txid=2**63 - 1, clock_offset_ms=-(2**63), sent_at="0001-01-01T00:00:00Z",
        )  # fmt: skip
        empty = SyncOperation.objects.create(batch=batch, position=0, received_at=batch.received_at, client_id=uuid4())
        for odd in ([], "text", 7, {"row": []}, {"fields": "x", "message": 1, "caused_by": None, "duplicate_of": []}):
            SyncOperation.objects.create(
                batch=batch, position=1, received_at=batch.received_at, payload=odd, error=odd, server_row=odd,
                status="conflict", code="forgotten", retry="unheard", entity="customers", entity_id=uuid4(),
            )  # fmt: skip
        assert "no verdict" in browser.get(address(SyncOperation, "change", empty.pk)).content.decode()
        assert [browser.get(page, follow=True).status_code for page in every_page()] == [200] * len(every_page())

    def test_markup_is_shown_as_text(self, browser: Client, phone: Phone) -> None:
        """In names, in values, in the entity and the action."""
        row = rows.poisoned(phone, "script")
        page = browser.get(address(SyncOperation, "change", row.pk)).content.decode()
        assert page.count("&lt;script&gt;") >= 4

    def test_characters_that_turn_text_are_made_visible(self, browser: Client, phone: Phone) -> None:
        """As the escapes of JSON."""
        row = rows.poisoned(phone, "turned text")
        assert "\\u202ednammoc" in browser.get(address(SyncOperation, "change", row.pk)).content.decode()

    def test_a_formula_is_text(self, browser: Client, phone: Phone) -> None:
        """Escaped like anything else."""
        row = rows.poisoned(phone, "formula")
        page = browser.get(address(SyncOperation, "change", row.pk)).content.decode()
        assert "=HYPERLINK(" in page
        assert FORMULA not in page

    def test_a_long_text_is_cut_and_says_how_long_it_is(self, browser: Client, phone: Phone) -> None:
        """A table stays a table."""
        row = rows.poisoned(phone, "huge text")
        page = browser.get(address(SyncOperation, "change", row.pk))
        [line] = [line for line in page.context["fields"] if line.name == "name"]
        assert len(line.sent) < 3000
        assert "300,002 characters" in line.sent

    @pytest.mark.parametrize("pk", ["0", "x", "9" * 30, "%00", "%3Cscript%3Ex"])
    @pytest.mark.parametrize("model", MODELS)
    def test_an_address_that_leads_nowhere_leads_to_the_list(self, browser: Client, model: Any, pk: str) -> None:
        """With a message."""
        response = browser.get(f"/admin/sync/{model._meta.model_name}/{pk}/change/", follow=True)
        assert [url for url, _ in response.redirect_chain] == [address(model, "changelist")]
        assert "There is no" in response.content.decode()
        assert "<script>x" not in response.content.decode()
