"""GET /api/sync/operations/{op_id}: for a client that lost an answer and asks instead of sending again."""

from __future__ import annotations

from typing import Any

import pytest

from entities.sales.models import Customer
from tests.acceptance.wire import WirePhone
from tests.property.ops import Json, customer, edit, new_id

pytestmark = pytest.mark.django_db(transaction=True)


def ask(phone: WirePhone, op_id: str) -> Json:
    answer = phone.get(f"sync/operations/{op_id}")
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def test_a_stored_verdict_is_answered_as_a_repeat(seller: WirePhone, manager: WirePhone) -> None:
    """One bare result, as in `results`, to anybody of the tenant."""
    for sent in (customer(), customer(name=None), customer(colour="red")):
        first = seller.one(sent)
        assert ask(seller, sent["op_id"]) == {**first, "replayed": True}
        assert ask(manager, sent["op_id"].upper()) == {**first, "replayed": True}


def test_the_servers_row_is_read_fresh(seller: WirePhone) -> None:
    """The verdict on a conflict comes with the row as it is now."""
    row = new_id()
    seller.upload(customer(row))
    Customer.objects.filter(pk=row).update(name="Eva")
    stale = edit(row, 1, name="Bea")
    seller.upload(stale)
    Customer.objects.filter(pk=row).update(name="Flor")
    found = ask(seller, stale["op_id"])
    assert (found["code"], found["server"]["version"], found["server"]["row"]["name"]) == ("stale_version", 3, "Flor")


def test_the_last_verdict_on_what_was_skipped_is_answered_from_the_log(seller: WirePhone) -> None:
    """It is not kept, but it was logged."""
    needed = new_id()
    skipped = {**customer(), "depends_on": [needed]}
    first = seller.one(skipped)
    assert ask(seller, skipped["op_id"]) == first
    other = {**skipped, "depends_on": [], "schema_version": 9}
    assert seller.one(other)["code"] == "upgrade_required"
    assert ask(seller, skipped["op_id"])["code"] == "upgrade_required"


def test_what_failed_at_our_side_is_answered_from_the_log(seller: WirePhone, monkeypatch: pytest.MonkeyPatch) -> None:
    """And once it is applied, from the ledger."""
    from entities.sales.handlers import CustomerHandler

    def broken(*_: Any) -> None:
        raise RuntimeError

    sent = customer()
    with monkeypatch.context() as patch:
        patch.setattr(CustomerHandler, "spend", broken)
        seller.upload(sent)
    found = ask(seller, sent["op_id"])
    assert (found["status"], found["code"], found["replayed"]) == ("failed", "internal_error", False)
    seller.upload(sent)
    assert ask(seller, sent["op_id"])["status"] == "applied"


def test_an_operation_never_heard_of_is_not_found(seller: WirePhone) -> None:
    """404, as a problem: send it."""
    answer = seller.get(f"sync/operations/{new_id()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert seller.get("sync/operations/no-id").status_code == 404


def test_another_tenants_operation_is_not_found(seller: WirePhone, stranger: WirePhone) -> None:
    """Kept or logged, it looks as if there were none."""
    kept, skipped = customer(), {**customer(), "depends_on": [new_id()]}
    seller.upload(kept, skipped)
    absent = stranger.get(f"sync/operations/{new_id()}").json()
    for sent in (kept, skipped):
        answer = stranger.get(f"sync/operations/{sent['op_id']}")
        assert answer.status_code == 404
        assert {**answer.json(), "request_id": ""} == {**absent, "request_id": ""}


def test_it_takes_a_token(seller: WirePhone) -> None:
    """Verdicts and limits are for members."""
    for path in (f"sync/operations/{new_id()}", "sync/limits"):
        assert seller.get(path, Authorization="").status_code == 401
