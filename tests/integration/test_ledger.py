"""What the ledger remembers when one batch holds an op_id twice, and what it stores of hostile names."""

from uuid import uuid4

import pytest

from sync.models import LedgerEntry
from sync.testing.phone import insert
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
