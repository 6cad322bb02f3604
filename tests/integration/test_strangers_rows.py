"""A row of another tenant is neither locked nor waited for: that, too, would tell that it is there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
from django.db import connection, transaction

from entities.models import Customer
from sync.testing.phone import delete, insert, update
from tests.factories import CustomerFactory, MembershipFactory
from tests.phone import Phone

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("P11")]


@contextmanager
def locked(row: Customer) -> Iterator[None]:
    """Somebody else holds this row while the block runs."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=row.pk)
            held.set()
            done.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    try:
        yield
    finally:
        done.set()
        holder.join()


@pytest.mark.parametrize(
    ("operation", "verdict"),
    [
        (lambda row: update("customers", row.pk, {"name": "x"}, base_version=1), "rejected/not_found"),
        (lambda row: delete("customers", row.pk, base_version=1), "applied/already_gone"),
        (lambda row: insert("customers", {"name": "x"}, entity_id=row.pk), "rejected/id_unavailable"),
    ],
    ids=["update", "delete", "insert"],
)
def test_an_operation_does_not_wait_for_a_row_of_another_tenant(operation, verdict, settings):
    """The answer comes at once, and is the one for a row that is not there."""
    settings.SYNC = {**settings.SYNC, "LOCK_TIMEOUT_MS": 5_000}
    phone, strangers = Phone(MembershipFactory(role="manager")), CustomerFactory()
    with locked(strangers):
        started = monotonic()
        phone.upload(operation(strangers)).expect(verdict)
    assert monotonic() - started < 4


def test_the_own_row_is_waited_for(settings):
    """The planted opposite: inside the scope a lock is a lock."""
    settings.SYNC = {**settings.SYNC, "LOCK_TIMEOUT_MS": 200, "ATTEMPTS": 1}
    membership = MembershipFactory(role="manager")
    own = CustomerFactory(business=membership.business)
    with locked(own):
        phone = Phone(membership)
        phone.upload(update("customers", own.pk, {"name": "x"}, base_version=1)).expect_problem(503, "try_later")
