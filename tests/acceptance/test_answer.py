"""The answer to a batch as a whole: its members, its headers, txids, and what `Prefer` changes."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from entities.sales.models import Customer
from tests.acceptance.wire import EVERY_RESULT, WirePhone
from tests.property.ops import customer, edit, new_id, operation, removal

pytestmark = pytest.mark.django_db(transaction=True)

MEMBERS = ["batch_id", "request_id", "server_time", "clock_offset_ms", "txid", "txids", "summary", "results"]


def test_an_answer_has_all_its_members(seller: WirePhone) -> None:
    """One result for each operation, in request order, and a summary that counts them."""
    batch_id, row = new_id(), new_id()
    good, bad = customer(row), customer(name=None)
    body = seller.upload(good, bad, edit(row, 1, notes="x"), good, batch_id=batch_id)
    assert list(body) == MEMBERS
    assert body["batch_id"] == batch_id
    assert [r["op_id"] for r in body["results"]] == [
        good["op_id"],
        bad["op_id"],
        body["results"][2]["op_id"],
        good["op_id"],
    ]
    assert body["summary"] == {"applied": 3, "conflict": 0, "rejected": 1, "skipped": 0, "failed": 0, "replayed": 1}
    assert datetime.fromisoformat(body["server_time"]).utcoffset() == timedelta(0)


def test_an_empty_batch_is_answered(seller: WirePhone) -> None:
    """Nothing to do is no error."""
    body = seller.upload()
    assert (body["results"], body["txid"], body["txids"]) == ([], None, [])


def test_the_clock_offset_is_told(seller: WirePhone) -> None:
    """`sent_at` minus the time of receipt, in milliseconds; null when there is no usable one."""
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    offset = seller.upload(sent_at=ahead)["clock_offset_ms"]
    assert 3_590_000 < offset < 3_600_100
    assert seller.upload()["clock_offset_ms"] is None


@pytest.mark.parametrize("member", [{"batch_id": "no id"}, {"batch_id": 5}, {"sent_at": "yesterday"}, {"sent_at": []}])
def test_what_only_helps_to_correlate_is_treated_as_absent_when_unusable(seller: WirePhone, member: Any) -> None:
    """An unusable batch_id or sent_at stops nothing."""
    body = seller.upload(customer(), **member)
    assert (body["batch_id"], body["clock_offset_ms"]) == (None, None)
    assert body["results"][0]["status"] == "applied"


def test_unknown_members_are_ignored(seller: WirePhone) -> None:
    """An envelope may say more than we know."""
    assert seller.one({**customer(), "trace": {"a": 1}}, device="Pixel")["status"] == "applied"


def test_the_txid_is_null_when_no_published_row_changed(seller: WirePhone) -> None:
    """Nothing of it would ever arrive on the replication stream."""
    row = new_id()
    seller.upload(customer(row, notes="x"))
    for idle in (edit(row, 1, notes="x"), removal(new_id(), 1), customer(name=None)):
        body = seller.upload(idle)
        assert (body["txid"], body["txids"], body["results"][0]["txid"]) == (None, [], None)


def test_txids_name_every_transaction_behind_the_answer(seller: WirePhone) -> None:
    """A repeat brings the txid of the transaction that wrote it, also when it was another batch's."""
    first, second, third = customer(), customer(), customer()
    one = seller.upload(first)["txid"]
    two = seller.upload(second)["txid"]
    body = seller.upload(second, first, third)
    assert [r["txid"] for r in body["results"]] == [two, one, body["txid"]]
    assert body["txids"] == sorted({one, two, body["txid"]})
    repeated = seller.upload(first)
    assert (repeated["txid"], repeated["txids"]) == (None, [one])


def test_a_representation_adds_the_row_to_each_applied_result(seller: WirePhone) -> None:
    """`Prefer: return=representation`: id, version, times, write_id and the writable columns."""
    row = new_id()
    insert, bad = customer(row, phone="1"), customer(name=None)
    answer = seller.send(seller.batch(insert, bad, removal(new_id(), 1)), Prefer="return=representation")
    first, second, third = answer.json()["results"]
    published = ["id", "version", "created_at", "updated_at", "write_id"]
    columns = ["name", "phone", "address", "tax_number", "credit_limit", "notes"]
    assert list(first["row"]) == [*published, *columns]
    assert (first["row"]["id"], first["row"]["version"], first["row"]["write_id"]) == (row, 1, insert["op_id"])
    assert (first["row"]["phone"], first["row"]["credit_limit"]) == ("1", "0.00")
    assert "row" not in second
    assert third["code"] == "already_gone"
    plain = seller.one(edit(row, 1, phone="2"))
    assert list(plain) == EVERY_RESULT


def test_strict_handling_answers_409_when_something_was_not_applied(seller: WirePhone) -> None:
    """For clients that only look at the status: the same body, and the rest is applied all the same."""
    good = customer()
    answer = seller.send(seller.batch(good, customer(name=None)), Prefer="handling=strict")
    assert answer.status_code == 409
    assert [r["status"] for r in answer.json()["results"]] == ["applied", "rejected"]
    assert Customer.objects.filter(pk=good["entity_id"]).exists()
    assert seller.send(seller.batch(customer()), Prefer="handling=strict").status_code == 200


def test_both_preferences_at_once(seller: WirePhone) -> None:
    """In one header or in two."""
    body = seller.batch(customer(), customer(name=None))
    answer = seller.send(body, Prefer="return=representation, handling=strict")
    assert answer.status_code == 409
    assert "row" in answer.json()["results"][0]


def test_the_count_of_what_was_not_applied_is_a_header(seller: WirePhone) -> None:
    """`X-Sync-Rejected` counts conflict, rejected, skipped and failed."""
    bad = customer(name=None)
    batch = seller.batch(customer(), bad, {**customer(), "depends_on": [bad["op_id"]]})
    assert seller.send(batch).headers["X-Sync-Rejected"] == "2"
    assert seller.send(seller.batch(customer())).headers["X-Sync-Rejected"] == "0"


def test_the_request_is_named_in_the_answer(seller: WirePhone) -> None:
    """`X-Request-ID` is taken or made; `traceparent` is returned."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = seller.send(seller.batch(), X_Request_ID="my request", traceparent=trace)
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == "my request"
    assert answer.headers["traceparent"] == trace
    made = seller.send(seller.batch())
    assert re.fullmatch(r"[0-9a-f-]{36}", made.headers["X-Request-ID"])


def test_a_gzip_body_is_understood(seller: WirePhone) -> None:
    """Within the limit of what it inflates to."""
    answer = seller.send(gzip.compress(seller.batch(customer())), Content_Encoding="gzip")
    assert answer.json()["results"][0]["status"] == "applied"


def test_an_atomic_batch_is_one_group(seller: WirePhone) -> None:
    """One failure, and nothing of it is applied; groups inside it do not matter."""
    good, bad = customer(), customer(name=None)
    codes = [r["code"] for r in seller.results({**good, "sync_group_id": new_id()}, bad, atomic=True)]
    assert codes == ["group_failed", "invalid"]
    assert not Customer.objects.exists()
    assert [r["code"] for r in seller.results(good, customer(), atomic=True)] == [None, None]


def test_an_operation_without_a_usable_op_id_is_echoed_and_not_kept(seller: WirePhone) -> None:
    """It has its verdict at its place, each time anew."""
    for op_id in ("op-1", 7, None, ["x"], {"a": 1}):
        sent = {**customer(), "op_id": op_id}
        for _ in range(2):
            result = seller.one(sent)
            assert (result["op_id"], result["code"], result["replayed"]) == (op_id, "invalid", False)
            assert list(result["error"]["fields"]) == ["op_id"]


def test_what_is_no_operation_at_all_is_invalid_at_its_place(seller: WirePhone) -> None:
    """Its neighbours are applied."""
    results = seller.results(customer(), 5, None, [], "text", customer())
    assert [r["code"] for r in results] == [None, *["invalid"] * 4, None]
    assert all(set(r) == {*EVERY_RESULT, "error"} for r in results[1:5])


def test_values_are_published_as_they_are_spelled_in_payloads(seller: WirePhone) -> None:
    """What a client reads it may send back: decimals and times as text, times in UTC."""
    row = new_id()
    columns = {"number": "N", "sold_at": "2026-11-02T10:30:00.250-05:00", "total": 12.5, "notes": ""}
    body = seller.batch(operation("insert", "sales", row, columns))
    published = seller.send(body, Prefer="return=representation").json()["results"][0]["row"]
    assert published["total"] == "12.50"
    assert published["notes"] is None
    assert datetime.fromisoformat(published["sold_at"]) == datetime(2026, 11, 2, 15, 30, 0, 250_000, UTC)
    again = {k: published[k] for k in ("number", "sold_at", "total", "status", "notes", "customer_id", "void_reason")}
    assert seller.one(operation("update", "sales", row, again, base_version=1))["code"] == "unchanged"


def test_a_preflight_of_an_allowed_origin_is_answered(seller: WirePhone, settings: Any) -> None:
    """Browsers of allow-listed origins may send what the protocol needs, and read what it answers."""
    import httpx

    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    ask: Callable[[str], httpx.Response] = lambda origin: httpx.options(  # noqa: E731
        f"{seller.url}/api/sync/batch",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,prefer,x-request-id,content-encoding",
        },
    )
    answer = ask("https://app.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Access-Control-Allow-Origin" not in ask("https://elsewhere.example").headers
    real = seller.send(seller.batch(), Origin="https://app.example")
    exposed = {name.strip() for name in real.headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed == {"X-Sync-Rejected", "X-Request-ID", "Retry-After"}
