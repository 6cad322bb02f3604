"""401 and 403: who is calling is decided before the body is parsed, and who may write when it is applied."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine

from entities.accounts.models import Membership
from entities.sales.models import Customer
from sync.auth.tokens import issue_access
from sync.models import SyncBatch, SyncClient, SyncOperation
from tests.acceptance.protocol.stage import BATCH, HttpPhone, customer, edit, problem
from tests.factories import MembershipFactory

BODIES = {"good": b"", "no JSON": b"{", "a bomb": b"[" * 100_000, "too large": b" " * 5_000_000}


def _expired(phone: HttpPhone) -> str:
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=3)):
        return issue_access(user_id=phone.member.user_id, tenant_id=phone.member.business_id)


@pytest.mark.promise("P25")
@pytest.mark.parametrize("body", BODIES)
def test_a_caller_without_a_good_token_is_told_so_whatever_the_body_is(manager: HttpPhone, body: str) -> None:
    """Nothing is executed, and nothing is logged."""
    sent = BODIES[body] or manager.body(customer())
    token = manager.token
    tampered = token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB")
    for authorization, code in [
        (None, "unauthenticated"),
        ("Basic YTpi", "unauthenticated"),
        (token, "unauthenticated"),
        ("Bearer rubbish", "token_invalid"),
        (f"Bearer {tampered}", "token_invalid"),
        (f"Bearer {_expired(manager)}", "token_expired"),
    ]:
        response = manager.post(sent, {"Authorization": authorization, "Content-Encoding": "gzip"})
        problem(response, 401, code)
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert response.headers["X-Request-ID"] == response.json()["request_id"]
    assert not Customer.objects.exists()
    assert not SyncBatch.objects.exists()
    assert not SyncOperation.objects.exists()


def test_the_other_addresses_want_a_token_too(manager: HttpPhone) -> None:
    """Limits and verdicts are for callers we know."""
    for path in ("/api/sync/limits", f"/api/sync/operations/{uuid4()}"):
        problem(manager.get(path, Authorization=""), 401, "unauthenticated")
        problem(manager.get(path, Authorization=f"Bearer {_expired(manager)}"), 401, "token_expired")


def test_an_expired_token_loses_nothing(manager: HttpPhone) -> None:
    """The same body is sent again with a new one."""
    body = manager.body(customer())
    problem(manager.post(body, {"Authorization": f"Bearer {_expired(manager)}"}), 401, "token_expired")
    assert manager.post(body).json()["results"][0]["replayed"] is False


def test_a_client_of_another_user_is_refused(manager: HttpPhone, seller: HttpPhone) -> None:
    """Two users of one phone have two client_ids and two queues; the owner is not disturbed."""
    manager.upload(customer())
    body = json.loads(seller.body(customer("stolen"))) | {"client_id": str(manager.client_id)}
    answer = problem(seller.post(json.dumps(body).encode()), 403, "client_owner_mismatch")
    assert answer["pointer"] == "/client_id"
    assert Customer.objects.get().name == "Ana"
    assert SyncClient.objects.get().user_id == manager.member.user_id
    assert manager.one(customer("Bea"))["status"] == "applied"
    logged = SyncBatch.objects.get(state="aborted")
    assert (logged.http_status, logged.code) == (403, "client_owner_mismatch")
    assert logged.operations.get().payload == {"name": "stolen"}


@pytest.mark.promise("P29")
@pytest.mark.parametrize("ended", ["inactive", "removed", "disabled"])
def test_a_user_who_is_no_member_is_forbidden_and_the_queue_is_kept(seller: HttpPhone, ended: str) -> None:
    """A membership ended by mistake must not cost a day's work."""
    operation = customer("kept", notes="for the admin")
    if ended == "disabled":
        seller.member.user.is_active = False
        seller.member.user.save()
    elif ended == "inactive":
        Membership.objects.filter(pk=seller.member.pk).update(active=False)
    else:
        Membership.objects.filter(pk=seller.member.pk).delete()
    response = seller.send(operation, headers={"X-Request-ID": "left-out"})
    problem(response, 403, "forbidden")
    assert not Customer.objects.exists()
    batch = SyncBatch.objects.get(request_id="left-out")
    assert (batch.state, batch.http_status, batch.code) == ("aborted", 403, "forbidden")
    assert (batch.user_id, batch.tenant_id) == (seller.member.user_id, seller.member.business_id)
    logged = batch.operations.get()
    assert str(logged.op_id) == operation["op_id"]
    assert logged.payload == operation["payload"]
    assert logged.status is None
    problem(seller.ask(operation["op_id"]), 403, "forbidden")


def test_a_token_for_a_business_one_is_no_member_of_is_forbidden(manager: HttpPhone, stranger: HttpPhone) -> None:
    """The tenant in the token is a claim; membership is looked up."""
    token = issue_access(user_id=manager.member.user_id, tenant_id=stranger.member.business_id)
    problem(manager.send(customer(), headers={"Authorization": f"Bearer {token}"}), 403, "forbidden")
    assert not Customer.objects.exists()


def test_the_role_is_the_one_when_the_operation_is_applied(manager: HttpPhone) -> None:
    """Not the one when it was queued, nor the one when the token was made."""
    made = customer(credit_limit="5")
    manager.upload(made)
    Membership.objects.filter(pk=manager.member.pk).update(role=Membership.Role.SELLER)
    assert manager.one(edit(made, 1, credit_limit="6"))["code"] == "manager_required"
    Membership.objects.filter(pk=manager.member.pk).update(role=Membership.Role.MANAGER)
    assert manager.one(edit(made, 1, credit_limit="6"))["status"] == "applied"


def test_a_user_of_two_businesses_writes_where_the_token_says(manager: HttpPhone, stranger: HttpPhone) -> None:
    """One client_id may serve both."""
    MembershipFactory(user=manager.member.user, business=stranger.member.business)
    token = issue_access(user_id=manager.member.user_id, tenant_id=stranger.member.business_id)
    response = manager.send(customer(), headers={"Authorization": f"Bearer {token}"})
    assert response.json()["summary"]["applied"] == 1
    assert Customer.objects.get().business_id == stranger.member.business_id


def test_addresses_and_methods_that_are_none_are_problems(manager: HttpPhone) -> None:
    """In JSON, with what a browser asks for as without."""
    problem(manager.get(BATCH, Accept="text/html"), 405, "method_not_allowed")
    for path in ("/api/sync/batches", "/api/sync/operations/x", "/api/", "/api/sync/operations/"):
        problem(manager.get(path, Accept="text/html"), 404, "not_found")
