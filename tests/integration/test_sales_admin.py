"""The admin pages of the sales domain: one more writer among many."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from entities.sales.models import Customer, Payment, Sale, SaleItem
from tests.factories import (
    BusinessFactory,
    CustomerFactory,
    DistributionFactory,
    MembershipFactory,
    PaymentFactory,
    SaleFactory,
    SaleItemFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

FACTORIES = [CustomerFactory, SaleFactory, SaleItemFactory, PaymentFactory, DistributionFactory]
IDS = [factory._meta.model._meta.db_table for factory in FACTORIES]


@pytest.fixture
def browser(client: Client) -> Client:
    """Logged in as a superuser."""
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def page(row: Model | type[Model], name: str = "change") -> str:
    arguments = () if isinstance(row, type) else (row.pk,)
    return reverse(f"admin:entities_{row._meta.model_name}_{name}", args=arguments)


def form_data(response: Any) -> dict[str, Any]:
    """What a browser would send back if nobody typed anything."""
    form = response.context["adminform"].form
    data: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        widget = getattr(bound.field.widget, "widget", bound.field.widget)
        parts = widget.decompress(value) if hasattr(widget, "decompress") else None
        if parts is None:
            data[bound.html_name] = "" if value is None else value
        else:
            data |= {f"{bound.html_name}_{i}": "" if p is None else str(p) for i, p in enumerate(parts)}
    return data


def edit(browser: Client, row: Model, **values: Any) -> Any:
    """Open the page, type, save."""
    return browser.post(page(row), form_data(browser.get(page(row))) | values)


def errors_of(response: Any) -> Mapping[str, Any]:
    assert response.status_code == 200, response.headers.get("Location")
    errors: Mapping[str, Any] = response.context["adminform"].form.errors
    return errors


@pytest.mark.parametrize("factory", FACTORIES, ids=IDS)
class TestEveryPage:
    """List, search, form, history, delete question: each of them opens."""

    def test_the_list_opens_and_searches(self, browser: Client, factory: Any) -> None:
        row = factory()
        url = page(type(row), "changelist")
        for query in ("", "?q=a", f"?q={row.pk}", "?state=all", "?state=deleted"):
            assert browser.get(url + query).status_code == 200
        assert browser.get(url + f"?q={row.pk}").context["cl"].result_count == 1

    def test_the_list_costs_no_query_per_row(
        self, browser: Client, factory: Any, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(4):
            factory()
        with django_assert_max_num_queries(12):
            browser.get(page(factory._meta.model, "changelist"))

    def test_the_forms_open(self, browser: Client, factory: Any) -> None:
        row = factory()
        for url in (page(type(row), "add"), page(row), page(row, "history"), page(row, "delete")):
            assert browser.get(url).status_code == 200

    def test_saving_an_untouched_form_is_no_write(self, browser: Client, factory: Any) -> None:
        """Not even a time that the widget cannot show in full is rounded."""
        row = factory()
        moments = {"sold_at", "paid_at"} & {field.name for field in row._meta.concrete_fields}
        for name in moments:
            type(row).objects.update(**{name: datetime(2026, 11, 2, 15, 30, 1, 234_567, tzinfo=UTC)})
        before = type(row).objects.get(pk=row.pk)
        assert edit(browser, row).status_code == 302
        after = type(row).objects.get(pk=row.pk)
        assert after.version == before.version
        assert all(getattr(after, name) == getattr(before, name) for name in moments)

    def test_a_tombstone_is_shown_and_not_changed(self, browser: Client, factory: Any) -> None:
        row = factory()
        type(row).objects.filter(pk=row.pk).delete()
        assert browser.get(page(type(row), "changelist")).context["cl"].result_count == 0
        assert browser.get(page(type(row), "changelist") + "?state=deleted").context["cl"].result_count == 1
        response = browser.get(page(row))
        assert response.status_code == 200
        assert not response.context["has_change_permission"]
        assert browser.post(page(row), {}).status_code == 403
        assert browser.get(page(row, "delete")).status_code == 403

    def test_the_business_of_a_row_stays(self, browser: Client, factory: Any) -> None:
        row = factory()
        edit(browser, row, business=str(BusinessFactory().pk))
        assert type(row).objects.get(pk=row.pk).business_id == row.business_id


class TestEdits:
    """An edit is a write like any other."""

    def test_an_edit_raises_the_version_by_one(self, browser: Client) -> None:
        customer = CustomerFactory(name="Ana")
        assert edit(browser, customer, name="Ana María", phone="+34 1").status_code == 302
        after = Customer.objects.get(pk=customer.pk)
        assert (after.name, after.phone, after.version) == ("Ana María", "+34 1", 2)
        assert after.field_versions.keys() == {"name", "phone"}

    def test_line_ends_and_spaces_come_back_as_they_were(self, browser: Client) -> None:
        """A browser sends CRLF; only what a person typed is an edit."""
        customer = CustomerFactory(address="Calle 1\nMadrid", phone=" 12 34 ")
        edit(browser, customer, name="Other", address="Calle 1\r\nMadrid")
        assert Customer.objects.get(pk=customer.pk).field_versions.keys() == {"name"}

    def test_an_emptied_optional_text_is_null(self, browser: Client) -> None:
        """One way to say nothing, as on the wire."""
        customer = CustomerFactory(phone="1", notes="x", tax_number="T")
        edit(browser, customer, phone="", notes=" ", tax_number="")
        after = Customer.objects.get(pk=customer.pk)
        assert (after.phone, after.notes, after.tax_number) == (None, None, None)

    def test_an_emptied_required_text_is_refused(self, browser: Client) -> None:
        assert "name" in errors_of(edit(browser, CustomerFactory(), name="   "))

    def test_an_edit_of_an_outdated_page_is_refused(self, browser: Client) -> None:
        """Otherwise the form would write old values over a client's newer ones."""
        customer = CustomerFactory(name="Ana")
        shown = form_data(browser.get(page(customer)))
        Customer.objects.update(name="Changed by a phone")
        response = browser.post(page(customer), shown | {"notes": "called"})
        assert "Somebody changed this row" in str(errors_of(response)["__all__"])
        assert Customer.objects.get(pk=customer.pk).notes is None

    def test_a_void_sale_needs_a_reason(self, browser: Client) -> None:
        """The constraint of the database is an error of the form."""
        assert "A void sale needs a reason." in str(errors_of(edit(browser, SaleFactory(), status="void")))

    def test_a_taken_number_is_an_error_of_the_form(self, browser: Client) -> None:
        sale = SaleFactory()
        other = SaleFactory(business=sale.business)
        response = edit(browser, other, number=sale.number)
        assert "Another sale of this business has this number." in str(errors_of(response)["__all__"])

    def test_a_number_of_a_tombstone_is_free(self, browser: Client) -> None:
        gone = SaleFactory()
        number = gone.number
        other = SaleFactory(business=gone.business)
        gone.delete()
        assert edit(browser, other, number=number).status_code == 302

    def test_a_new_row_is_made_in_the_chosen_business(self, browser: Client) -> None:
        business = BusinessFactory()
        data = {"business": str(business.pk), "name": "Eva", "credit_limit": "0"}
        assert browser.post(page(Customer, "add"), data).status_code == 302
        assert Customer.objects.get(name="Eva").business == business


class TestWalls:
    """A reference to another business is an error beside its field, not an error page."""

    def test_a_customer_of_another_business(self, browser: Client) -> None:
        response = edit(browser, SaleFactory(), customer=str(CustomerFactory().pk))
        assert "another business" in str(errors_of(response)["customer"])

    @pytest.mark.parametrize("column", ["customer", "sale"])
    def test_a_payment_of_another_business(self, browser: Client, column: str) -> None:
        parent = CustomerFactory() if column == "customer" else SaleFactory()
        response = edit(browser, PaymentFactory(), **{column: str(parent.pk)})
        assert "another business" in str(errors_of(response)[column])

    def test_a_seller_who_is_no_member(self, browser: Client) -> None:
        response = edit(browser, DistributionFactory(), seller=str(MembershipFactory().user_id))
        assert "no active member" in str(errors_of(response)["seller"])

    def test_a_new_row_with_parents_elsewhere(self, browser: Client) -> None:
        """The business is chosen in the same form."""
        data = {
            "business": str(BusinessFactory().pk),
            "sale": str(SaleFactory().pk),
            "product": "x",
            "quantity": "1",
            "unit_price": "1",
        }
        assert "another business" in str(errors_of(browser.post(page(SaleItem, "add"), data))["sale"])

    def test_a_deleted_parent(self, browser: Client) -> None:
        sale = SaleFactory()
        gone = CustomerFactory(business=sale.business)
        gone_id = gone.pk
        gone.delete()
        response = edit(browser, sale, customer=str(gone_id))
        assert "deleted" in str(errors_of(response)["customer"])

    def offered(self, browser: Client, url: str, model: str, field: str) -> set[str]:
        """The ids an autocomplete field of that page offers."""
        parameters = {"app_label": "entities", "model_name": model, "field_name": field, "term": ""}
        results = browser.get(url, parameters | dict([url.split("?")[1].split("=")])).json()["results"]
        return {result["id"] for result in results}

    def test_choices_are_living_rows_of_the_same_business(self, browser: Client) -> None:
        sale = SaleFactory()
        CustomerFactory()
        CustomerFactory(business=sale.business).delete()
        url = browser.get(page(sale)).context["adminform"].form.fields["customer"].widget.widget.get_url()
        assert self.offered(browser, url, "sale", "customer") == {str(sale.customer_id)}

    def test_sellers_on_offer_are_active_members(self, browser: Client) -> None:
        row = DistributionFactory()
        MembershipFactory(business=row.business, active=False)
        url = browser.get(page(row)).context["adminform"].form.fields["seller"].widget.widget.get_url()
        assert self.offered(browser, url, "distribution", "seller") == {str(row.seller_id)}


class TestDeletes:
    """A delete is soft, and waits for the children."""

    @pytest.mark.parametrize("factory", FACTORIES, ids=IDS)
    def test_a_delete_leaves_a_tombstone(self, browser: Client, factory: Any) -> None:
        row = factory()
        assert browser.post(page(row, "delete"), {"post": "yes"}).status_code == 302
        after = type(row).objects.get(pk=row.pk)
        assert (after.is_deleted, after.version) == (True, 2)

    def test_the_list_action_deletes_softly(self, browser: Client) -> None:
        rows = [PaymentFactory(), PaymentFactory()]
        data = {"action": "delete_selected", "_selected_action": [str(r.pk) for r in rows], "post": "yes"}
        assert browser.post(page(Payment, "changelist"), data).status_code == 302
        assert Payment.objects.filter(deleted_at__isnull=False, version=2).count() == 2

    @pytest.mark.parametrize(
        "child",
        [
            lambda: (SaleFactory(), "customer"),
            lambda: (PaymentFactory(), "customer"),
            lambda: (SaleItemFactory(), "sale"),
        ],
        ids=["sale of a customer", "payment of a customer", "item of a sale"],
    )
    def test_living_children_block_it_and_are_listed(self, browser: Client, child: Any) -> None:
        row, name = child()
        parent = getattr(row, name)
        shown = browser.get(page(parent, "delete"))
        assert len(shown.context["protected"]) == 1
        browser.post(page(parent, "delete"), {"post": "yes"})
        assert not type(parent).objects.get(pk=parent.pk).is_deleted

    def test_dead_children_do_not_block_it(self, browser: Client) -> None:
        sale = SaleFactory()
        Sale.objects.filter(pk=sale.pk).delete()
        browser.post(page(sale.customer, "delete"), {"post": "yes"})
        assert Customer.objects.get(pk=sale.customer_id).is_deleted

    def test_a_child_that_appears_after_the_question_is_a_message(
        self, browser: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The look before the write decides, not the page."""
        sale = SaleFactory()
        admin = site.get_model_admin(Customer)
        monkeypatch.setattr(admin, "get_deleted_objects", lambda *_: ([], {}, set(), []))
        response = browser.post(page(sale.customer, "delete"), {"post": "yes"}, follow=True)
        assert f"Not deleted: living rows refer to it: {sale.number}." in response.content.decode()
        assert not Customer.objects.get(pk=sale.customer_id).is_deleted
