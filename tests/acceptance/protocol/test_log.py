"""What the log keeps of a batch, for the people who look for a lost write."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from entities.sales.models import Customer
from sync.models import SyncBatch, SyncClient, SyncOperation
from tests.acceptance.protocol.stage import HttpPhone, customer, edit, grouped, published
from tests.factories import UserFactory


@pytest.mark.promise("P29")
def test_a_batch_is_logged_with_who_when_and_how_it_ended(manager: HttpPhone) -> None:
    """One row, in the same transaction as its effects."""
    batch_id = str(uuid4())
    made = customer()
    answer = manager.answer(
        made, customer(nam="x"), headers={"X-Request-ID": "r-1"}, batch_id=batch_id, sent_at="2026-01-01T00:00:00Z",
        schema_version=1,
    )  # fmt: skip
    row = SyncBatch.objects.get(request_id="r-1")
    assert (row.state, row.http_status, row.code) == ("completed", 200, "")
    assert (row.client_id, row.user_id) == (manager.client_id, manager.member.user_id)
    assert (row.tenant_id, str(row.batch_id)) == (manager.member.business_id, batch_id)
    assert (row.txid, row.clock_offset_ms, row.schema_version) == (answer["txid"], answer["clock_offset_ms"], 1)
    assert (row.operation_count, row.atomic, row.attempts) == (2, False, 1)
    counts = {name: getattr(row, name) for name in answer["summary"]}
    assert counts == answer["summary"]
    client = SyncClient.objects.get()
    assert (client.pk, client.user_id) == (manager.client_id, manager.member.user_id)
    assert client.first_seen_at == client.last_seen_at == row.received_at


@pytest.mark.promise("P29")
def test_each_operation_is_logged_with_its_verdict(manager: HttpPhone, other: HttpPhone) -> None:
    """Payload and server's row of what was not applied; a repeat has a row of its own."""
    made = customer()
    manager.upload(made)
    other.upload(edit(made, 1, name="Bea"))
    stale, held = grouped(edit(made, 1, name="Eva", notes="mine"), customer("held"))
    held |= {"depends_on": [made["op_id"]], "client_timestamp": "2024-01-01T00:00:00Z"}
    answer = manager.answer(stale, held, made)
    rows = list(SyncOperation.objects.filter(batch__request_id=answer["request_id"]).order_by("position"))
    for row, operation, result in zip(rows, (stale, held, made), answer["results"], strict=True):
        assert (str(row.op_id), row.entity, row.action) == (operation["op_id"], "customers", operation["action"])
        assert str(row.entity_id) == operation["entity_id"]
        assert (row.status, row.code or None, row.retry) == (result["status"], result["code"], result["retry"])
        assert (row.version, row.txid, row.replayed) == (result["version"], result["txid"], result["replayed"])
        assert row.error == result.get("error")
        assert row.payload == operation["payload"]
    assert rows[0].server_row == {"version": 2, "row": published(Customer.objects.get())}
    assert rows[0].base_version == 1
    assert str(rows[1].group_id) == stale["sync_group_id"]
    assert rows[1].depends_on == [UUID(made["op_id"])]
    assert rows[1].client_timestamp.year == 2024
    assert SyncOperation.objects.filter(op_id=made["op_id"]).count() == 2


@pytest.mark.promise("P29")
def test_an_aborted_batch_is_found_by_its_request_id(manager: HttpPhone, seller: HttpPhone) -> None:
    """Through the admin's search, one that could not be read as well as one that was refused."""
    manager.post(b'{"operations": nonsense', {"X-Request-ID": "broken-1"})
    manager.upload(customer())
    operation = customer("kept")
    stolen = json.loads(seller.body(operation)) | {"client_id": str(manager.client_id)}
    assert seller.post(json.dumps(stolen).encode(), {"X-Request-ID": "broken-2"}).status_code == 403

    browser = Client()
    browser.force_login(UserFactory(is_staff=True, is_superuser=True))
    for request_id, code in (("broken-1", "malformed"), ("broken-2", "client_owner_mismatch")):
        found = browser.get(reverse("admin:sync_syncbatch_changelist"), {"q": request_id})
        (row,) = found.context["cl"].result_list
        assert (row.state, row.code, row.request_id) == ("aborted", code, request_id)
        assert browser.get(reverse("admin:sync_syncbatch_change", args=(row.pk,))).status_code == 200
    kept = SyncOperation.objects.get(batch__request_id="broken-2")
    assert (str(kept.op_id), kept.payload, kept.status) == (operation["op_id"], {"name": "kept"}, None)


def test_a_strict_answer_is_logged_as_completed(manager: HttpPhone) -> None:
    """The 409 is for clients that only look at the status."""
    response = manager.send(customer(nam="x"), headers={"Prefer": "handling=strict"})
    assert response.status_code == 409
    row = SyncBatch.objects.get()
    assert (row.state, row.http_status, row.rejected) == ("completed", 200, 1)


def test_a_client_is_known_by_its_latest_batch(manager: HttpPhone) -> None:
    """First seen once, last seen again."""
    manager.upload(schema_version=1)
    first = SyncClient.objects.get()
    manager.upload(schema_version=2)
    again = SyncClient.objects.get()
    assert again.first_seen_at == first.first_seen_at
    assert again.last_seen_at > first.last_seen_at
    assert again.schema_version == 2
