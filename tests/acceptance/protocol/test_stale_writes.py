"""Stale writes end to end: two phones, an admin, own edits queued for days, and versions that tell the truth."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from entities.sales.models import Customer, Sale
from tests.acceptance.protocol.stage import HttpPhone, at, customer, edit, published, remove
from tests.factories import CustomerFactory, UserFactory
from tests.phone import insert
from tests.sales_operations import NOON, sale_of


def _codes(phone: HttpPhone, *operations: dict[str, Any]) -> list[tuple[str | None, int | None]]:
    return [(result["code"], result["version"]) for result in phone.upload(*operations)]


def _timed(minute: int, operation: dict[str, Any]) -> dict[str, Any]:
    return operation | {"client_timestamp": at(minute)}


@pytest.mark.promise("P17")
def test_own_edits_never_clash_within_a_batch_or_across_batches(manager: HttpPhone) -> None:
    """All queued with the version that was last seen."""
    made = customer()
    queue = [edit(made, 1, name=f"{n}", credit_limit=n) for n in range(1, 5)]
    assert _codes(manager, made, *queue[:2]) == [(None, 1), (None, 2), (None, 3)]
    assert _codes(manager, *queue[2:]) == [(None, 4), (None, 5)]
    assert _codes(manager, remove(made, 1)) == [(None, 6)]


@pytest.mark.promise("P17")
def test_another_installation_of_the_same_user_is_someone_else(manager: HttpPhone) -> None:
    """A clash is between clients, not between people."""
    made = customer()
    manager.upload(made)
    assert _codes(manager.another(), edit(made, 1, name="Bea")) == [(None, 2)]
    assert _codes(manager, edit(made, 1, name="Eva")) == [("stale_version", None)]


@pytest.mark.promise("P17")
def test_what_someone_else_changed_before_the_base_version_is_no_clash(manager: HttpPhone, other: HttpPhone) -> None:
    """The client had seen it."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    assert _codes(manager, edit(made, 2, name="Eva"), edit(made, 2, name="Eve")) == [(None, 3), (None, 4)]


@pytest.mark.promise("P17")
def test_an_own_edit_on_top_does_not_hide_someone_elses(manager: HttpPhone, other: HttpPhone) -> None:
    """The last change of the field is ours, but theirs came after the version this write was made from."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    manager.upload(edit(made, 2, name="Eva"))
    assert _codes(manager, edit(made, 1, name="Eve")) == [("stale_version", None)]
    assert Customer.objects.get().name == "Eva"


@pytest.mark.promise("P17")
def test_a_late_write_under_an_own_edit_is_judged_by_versions(manager: HttpPhone, other: HttpPhone) -> None:
    """They changed it to the very value that is sent, and our own edit lies on top: stamps keep no past values, so
    this is a conflict (ADR 0013)."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    manager.upload(edit(made, 2, name="Eva"))
    assert _codes(manager, edit(made, 1, name="Bea")) == [("stale_version", None)]
    assert Customer.objects.get().name == "Eva"


@pytest.mark.promise("P17")
def test_one_clashing_field_holds_back_the_whole_write(manager: HttpPhone, other: HttpPhone) -> None:
    """The others and the last-write-wins ones too."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    before = published(Customer.objects.get())
    assert _codes(manager, edit(made, 1, name="Eva", phone="5", tax_number="7")) == [("stale_version", None)]
    assert published(Customer.objects.get()) == before


def test_the_same_value_is_no_clash(manager: HttpPhone, other: HttpPhone) -> None:
    """What else the write brings is merged."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea", credit_limit="5"))
    assert _codes(manager, edit(made, 1, name="Bea", credit_limit=5)) == [("unchanged", 2)]
    assert _codes(manager, edit(made, 1, name="Bea", tax_number="7")) == [("merged", 3)]


@pytest.mark.promise("P17")
def test_an_admins_edit_counts_as_someone_elses(manager: HttpPhone) -> None:
    """In the admin page, by a saved object, by a bulk update: the trigger raises the version of each."""
    browser = Client()
    browser.force_login(UserFactory(is_staff=True, is_superuser=True))
    row = CustomerFactory(business=manager.member.business, name="Ana", phone=None)
    made = insert("customers", row=row.pk)
    form = {"name": "Bea", "credit_limit": "0", "phone": "", "address": "", "tax_number": "", "notes": ""}
    page = reverse("admin:entities_customer_change", args=(row.pk,))
    fields = browser.get(page).context["adminform"].form.initial
    assert browser.post(page, {**{k: v for k, v in fields.items() if v is not None}, **form}).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.version, row.write_id) == ("Bea", 2, None)
    assert _codes(manager, edit(made, 1, name="Eva"), edit(made, 1, tax_number="7")) == [
        ("stale_version", None), ("merged", 3),
    ]  # fmt: skip
    row.refresh_from_db()
    row.name = "Carla"
    row.save()
    Customer.objects.filter(pk=row.pk).update(credit_limit=5)
    row.refresh_from_db()
    assert row.version == 5
    (result,) = manager.upload(edit(made, 3, name="Eva"))
    assert (result["code"], result["server"]) == ("stale_version", {"version": 5, "row": published(row)})
    assert _codes(manager, remove(made, 4)) == [("stale_version", None)]
    assert _codes(manager, remove(made, 5)) == [(None, 6)]


def test_a_base_version_above_the_rows_is_invalid(manager: HttpPhone) -> None:
    """For updates and deletes, and for one that would change nothing."""
    made = customer()
    manager.upload(made)
    for operation in (edit(made, 2, name="x"), edit(made, 2, name="Ana"), remove(made, 2), edit(made, 2**63 - 1)):
        (result,) = manager.upload(operation)
        assert (result["status"], result["code"]) == ("rejected", "invalid")
        assert list(result["error"]["fields"]) == ["base_version"]


def test_versions_rise_by_one_with_each_change_and_never_without(manager: HttpPhone, other: HttpPhone) -> None:
    """Answers tell what the row has."""
    made = _timed(5, customer())
    steps = [
        (manager, made, 1),
        (manager, edit(made, 1, name="Bea", phone="1", notes="x"), 2),
        (manager, edit(made, 2, name="Bea"), 2),
        (other, _timed(1, edit(made, 1, phone="2")), 2),
        (other, edit(made, 1, name="Eva"), None),
        (other, edit(made, 2, name="Eva"), 3),
        (manager, remove(made, 3), 4),
        (manager, remove(made, 3), None),
    ]
    for phone, operation, version in steps:
        assert phone.one(operation)["version"] == version
        if version is not None:
            assert Customer.objects.get().version == version


@pytest.mark.promise("P18")
class TestLastWriteWins:
    """`phone`, `address` and `notes` go to the later time."""

    @pytest.mark.parametrize("first", [True, False], ids=["later one first", "later one last"])
    def test_the_later_time_wins_whoever_comes_first(self, manager: HttpPhone, other: HttpPhone, first: bool) -> None:
        """The loser is told: `superseded`, or `merged` where it found its place."""
        made = _timed(0, customer())
        manager.upload(made)
        late, early = _timed(9, edit(made, 1, phone="late")), _timed(5, edit(made, 1, phone="early"))
        if first:
            assert _codes(manager, late) == [(None, 2)]
            assert _codes(other, early) == [("superseded", 2)]
        else:
            assert _codes(other, early) == [(None, 2)]
            assert _codes(manager, late) == [("merged", 3)]
        assert Customer.objects.get().phone == "late"

    def test_a_field_that_lost_is_dropped_and_the_rest_is_written(self, manager: HttpPhone, other: HttpPhone) -> None:
        """That is merged."""
        made = _timed(0, customer())
        manager.upload(made, _timed(9, edit(made, 1, phone="late")))
        assert _codes(other, _timed(5, edit(made, 1, phone="early", address="there"))) == [("merged", 3)]
        row = Customer.objects.get()
        assert (row.phone, row.address) == ("late", "there")

    def test_without_a_time_it_is_now(self, manager: HttpPhone, other: HttpPhone) -> None:
        """And now is later than anything a clock has shown."""
        made = _timed(0, customer())
        manager.upload(made, edit(made, 1, phone="now"))
        assert _codes(other, _timed(9, edit(made, 1, phone="then"))) == [("superseded", 2)]
        assert _codes(other, edit(made, 1, phone="later")) == [("merged", 3)]

    def test_on_equal_times_the_higher_client_wins(self, manager: HttpPhone, other: HttpPhone) -> None:
        """Whichever comes first."""
        low, high = sorted((manager, other), key=lambda phone: str(phone.client_id))
        one, two = _timed(0, customer("one")), _timed(0, customer("two"))
        manager.upload(one, two)
        low.upload(_timed(5, edit(one, 1, phone="low")))
        high.upload(_timed(5, edit(one, 1, phone="high")))
        high.upload(_timed(5, edit(two, 1, phone="high")))
        assert low.one(_timed(5, edit(two, 1, phone="low")))["code"] == "superseded"
        assert set(Customer.objects.values_list("phone", flat=True)) == {"high"}

    def test_an_admins_edit_has_the_time_of_its_commit(self, manager: HttpPhone) -> None:
        """Older writes lose to it."""
        made = _timed(0, customer())
        manager.upload(made)
        Customer.objects.update(phone="admin")
        assert _codes(manager, _timed(5, edit(made, 1, phone="old"))) == [("superseded", 2)]
        assert _codes(manager, edit(made, 1, phone="new")) == [("merged", 3)]

    def test_over_an_own_last_change_the_new_write_wins_and_the_later_time_is_kept(
        self, manager: HttpPhone, other: HttpPhone
    ) -> None:
        """A user's queue is in order even when the clock went back in between."""
        made = _timed(0, customer())
        manager.upload(made, _timed(9, edit(made, 1, phone="nine")))
        assert _codes(manager, _timed(3, edit(made, 1, phone="three"))) == [(None, 3)]
        assert _codes(other, _timed(7, edit(made, 1, phone="seven"))) == [("superseded", 3)]
        assert Customer.objects.get().phone == "three"

    def test_an_equal_value_keeps_the_later_time_without_a_version(
        self, manager: HttpPhone, other: HttpPhone, seller: HttpPhone
    ) -> None:
        """Readers see nothing, and a write in between loses."""
        made = _timed(0, customer())
        manager.upload(made, _timed(2, edit(made, 1, phone="same")))
        before = published(Customer.objects.get())
        (result,) = other.upload(_timed(9, edit(made, 1, phone="same")))
        assert (result["code"], result["changed"], result["version"], result["txid"]) == ("unchanged", False, 2, None)
        assert published(Customer.objects.get()) == before
        assert _codes(seller, _timed(5, edit(made, 1, phone="between"))) == [("superseded", 2)]

    def test_a_sales_notes_are_last_write_wins_and_its_number_is_not(
        self, manager: HttpPhone, other: HttpPhone
    ) -> None:
        """The handler declares which."""
        made = _timed(0, sale_of(None, "5"))
        manager.upload(made)
        other.upload(_timed(5, edit(made, 1, notes="other", number="O-1", sold_at=NOON)))
        assert _codes(manager, _timed(9, edit(made, 1, notes="mine"))) == [("merged", 3)]
        assert _codes(manager, _timed(9, edit(made, 1, number="M-1"))) == [("stale_version", None)]
        assert Sale.objects.get().notes == "mine"
