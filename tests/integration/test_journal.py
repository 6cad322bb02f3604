"""What the journal keeps: of an op_id sent twice in a batch, of hostile names, of operations beyond the limit."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from entities.models import Customer
from sync.models import LedgerEntry, SyncOperation
from sync.testing.phone import insert, update
from tests.factories import MembershipFactory
from tests.phone import Phone

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def phone() -> Phone:
    return Phone(MembershipFactory(role="manager"))


def customer(name: str, **envelope) -> dict:
    return insert("customers", {"name": name}, **envelope)


def test_the_copy_that_was_applied_is_the_one_remembered(phone):
    """The first copy was skipped and keeps nothing; the second, with other content, is what a repeat is compared to."""
    skipped = customer("A", depends_on=[str(uuid4())])
    applied = {**customer("B"), "op_id": skipped["op_id"]}
    phone.upload(skipped, applied).expect("skipped/dependency_failed", "applied")
    assert phone.upload(applied).expect("applied")[0]["replayed"]
    phone.upload(skipped).expect("rejected/operation_id_reused")
    entry = LedgerEntry.objects.get(op_id=skipped["op_id"])
    assert str(entry.entity_id) == applied["entity_id"]


def test_names_of_fields_that_no_text_column_holds_are_spelled_out(phone):
    """NUL and lone surrogates in a key are the operation's fault, and no reason to lose the batch."""
    good, bad = customer("Ana"), customer("Eva")
    bad["payload"] |= {"a\x00": 1, "\ud800": 2}
    answer = phone.upload(good, bad).expect("applied", "rejected/unknown_field")
    assert set(answer[1]["error"]["fields"]) == {"a\\u0000", "\\ud800"}
    assert phone.upload(bad).expect("rejected/unknown_field")[0]["replayed"]


def test_no_claim_is_left_behind(phone):
    """Skipped operations give their claim back, so that they may be sent again."""
    phone.upload(customer("A", depends_on=[str(uuid4())]), customer("B"))
    assert LedgerEntry.objects.filter(status=None).count() == 0
    assert LedgerEntry.objects.count() == 1


def test_operations_far_beyond_the_limit_are_put_off_and_logged(phone, settings):
    """The first ones are executed; each of the others has its row in the log, and nothing in the ledger."""
    settings.SYNC = {**settings.SYNC, "MAX_OPERATIONS": 2}
    operations = [customer(f"C{number}") for number in range(3_000)]
    answer = phone.upload(*operations)
    assert answer.verdicts.count("applied") == 2
    assert answer.verdicts[2:] == ["skipped/not_attempted"] * 2_998
    assert SyncOperation.objects.filter(code="not_attempted", payload__isnull=False).count() == 2_998
    assert LedgerEntry.objects.count() == 2


def test_updated_at_never_runs_backwards(phone):
    """A row that somebody dated later, by another clock, keeps that date at least."""
    made = customer("Ana")
    phone.upload(made)
    later = timezone.now() + timedelta(hours=1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE customers DISABLE TRIGGER sync_track_version")
        cursor.execute("UPDATE customers SET updated_at = %s", [later])
        cursor.execute("ALTER TABLE customers ENABLE TRIGGER sync_track_version")
    phone.upload(update("customers", made["entity_id"], {"phone": "1"}, base_version=1)).expect("applied")
    assert Customer.objects.get().updated_at == later
