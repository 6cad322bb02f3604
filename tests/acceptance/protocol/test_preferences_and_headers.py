"""Headers of requests and answers: Prefer, X-Sync-Rejected, request ids, traces."""

from __future__ import annotations

from uuid import UUID

import pytest

from entities.sales.models import Customer
from sync.models import SyncBatch
from tests.acceptance.protocol.stage import HttpPhone, at, customer, edit, published, remove

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
REPRESENTATION = {"Prefer": "return=representation"}
STRICT = {"Prefer": "handling=strict"}


def test_representation_adds_the_row_to_each_applied_result(manager: HttpPhone) -> None:
    """To plain writes, to `unchanged`, and to nothing that is not applied."""
    made, bad = customer(), customer(nam="x")
    results = manager.upload(made, bad, headers=REPRESENTATION)
    assert results[0]["row"] == published(Customer.objects.get())
    assert "row" not in results[1]
    assert manager.one(edit(made, 1, name="Ana"), headers=REPRESENTATION)["row"]["name"] == "Ana"
    (result,) = manager.upload(edit(made, 1, name="Bea"), headers=REPRESENTATION)
    assert result["row"] == published(Customer.objects.get())
    assert result["row"]["name"] == "Bea"


def test_each_result_brings_the_row_it_wrote(manager: HttpPhone) -> None:
    """Two writes of one row in one batch: two versions of it."""
    made = customer()
    results = manager.upload(made, edit(made, 1, name="Bea"), headers=REPRESENTATION)
    assert [(r["row"]["version"], r["row"]["name"]) for r in results] == [(1, "Ana"), (2, "Bea")]


def test_a_deleted_row_is_not_represented(manager: HttpPhone) -> None:
    """There is none."""
    made = customer()
    manager.upload(made)
    assert manager.one(remove(made), headers=REPRESENTATION).get("row") is None


def test_strict_handling_is_409_with_the_same_body(manager: HttpPhone) -> None:
    """The good ones are applied all the same."""
    good, bad = customer(), customer(nam="x")
    strict = manager.send(good, bad, headers=STRICT)
    assert strict.status_code == 409
    assert strict.headers["Content-Type"] == "application/json"
    assert [r["status"] for r in strict.json()["results"]] == ["applied", "rejected"]
    lenient = manager.send(good, bad)
    assert lenient.status_code == 200
    replays = [{**result, "replayed": True} for result in strict.json()["results"]]
    assert lenient.json()["results"] == replays
    assert strict.json().keys() == lenient.json().keys()
    assert Customer.objects.count() == 1


def test_strict_handling_is_200_when_everything_is_applied(manager: HttpPhone, other: HttpPhone) -> None:
    """`unchanged`, `superseded` and `already_gone` are applied; so is a replay."""
    made = customer() | {"client_timestamp": at(0)}
    other.upload(made)
    other.upload(edit(made, 1, phone="2") | {"client_timestamp": at(9)})
    operations = [
        edit(made, 2, name="Ana"),
        edit(made, 1, phone="1") | {"client_timestamp": at(1)},
        remove(customer()),
    ]
    for _ in range(2):
        response = manager.send(*operations, headers=STRICT)
        assert response.status_code == 200
        assert [r["code"] for r in response.json()["results"]] == ["unchanged", "superseded", "already_gone"]
        assert response.headers["X-Sync-Rejected"] == "0"


@pytest.mark.parametrize("separate", [", ", ",", ';x=1 , wait=5, foo="a", '])
def test_preferences_can_be_combined(manager: HttpPhone, separate: str) -> None:
    """In one header, beside those of others."""
    prefer = separate.join(["return=representation", "handling=strict"])
    response = manager.send(customer(), customer(nam="x"), headers={"Prefer": prefer})
    assert response.status_code == 409
    assert response.json()["results"][0]["row"]["name"] == "Ana"


def test_an_unknown_preference_changes_nothing(manager: HttpPhone) -> None:
    """Source: RFC 7240, section 2."""
    response = manager.send(
        customer(), customer(nam="x"), headers={"Prefer": "return=everything, handling, respond-async"}
    )
    assert response.status_code == 200
    assert "row" not in response.json()["results"][0]


def test_rejected_counts_what_is_not_applied(manager: HttpPhone) -> None:
    """Conflicts, rejections and skipped ones alike; replays too."""
    made, bad = customer(), customer(nam="x")
    after = customer("after") | {"depends_on": [bad["op_id"]]}
    manager.upload(made)
    again = {**customer(), "entity_id": made["entity_id"]}
    for _ in range(2):
        response = manager.send(made, again, bad, after, customer("fine"))
        assert response.headers["X-Sync-Rejected"] == "3"
    assert manager.send().headers["X-Sync-Rejected"] == "0"


def test_a_request_id_is_taken_logged_and_returned(manager: HttpPhone) -> None:
    """In the header and in the body, with verdicts and with problems."""
    response = manager.send(customer(), headers={"X-Request-ID": "phone 7/42", "traceparent": TRACE})
    assert response.headers["X-Request-ID"] == response.json()["request_id"] == "phone 7/42"
    assert response.headers["traceparent"] == TRACE
    assert SyncBatch.objects.get().request_id == "phone 7/42"
    assert SyncBatch.objects.get().traceparent == TRACE
    refused = manager.post(b"{", {"X-Request-ID": "phone 7/43", "traceparent": TRACE})
    assert refused.headers["X-Request-ID"] == refused.json()["request_id"] == "phone 7/43"
    assert refused.headers["traceparent"] == TRACE
    assert SyncBatch.objects.get(request_id="phone 7/43").traceparent == TRACE


def test_a_request_id_is_made(manager: HttpPhone) -> None:
    """For a request without one, or with one that no log line should carry; a trace is not."""
    made = {
        manager.send().headers["X-Request-ID"],
        manager.send(headers={"X-Request-ID": "x" * 500}).json()["request_id"],
    }
    assert len({UUID(request_id) for request_id in made}) == 2
    assert "traceparent" not in manager.send().headers
    assert SyncBatch.objects.filter(request_id__in=made).count() == 2


def test_a_browser_of_an_allowed_origin_reads_the_headers(manager: HttpPhone, settings: object) -> None:
    """And one of another origin reads nothing."""
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]  # type: ignore[attr-defined]
    response = manager.send(customer(), headers={"Origin": "https://app.example"})
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"
    exposed = {name.strip().lower() for name in response.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"x-sync-rejected", "x-request-id", "retry-after"} <= exposed
    foreign = manager.send(customer(), headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers
