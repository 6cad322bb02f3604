"""400: what is no batch. Nothing is executed, and `pointer` says where the fault is."""

from __future__ import annotations

import gzip
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from entities.sales.models import Customer
from sync.models import SyncBatch
from tests.acceptance.protocol.stage import HttpPhone, customer, problem

ID = str(uuid4())
GOOD = json.dumps(customer())
NO_OPERATION = f'{{"client_id": "{ID}", "operations": [], %s}}'
NOTES = "/operations/0/payload/notes"


def _with(operation: str, more: str = "") -> str:
    return f'{{"client_id": "{ID}", "operations": [{operation}]{more}}}'


def _deep(lists: int) -> str:
    return _with(GOOD.replace('"Ana"', '"Ana", "notes": ' + "[" * lists + "]" * lists))


def _wide(keys: int) -> str:
    return ", ".join(f'"k{n}": 1' for n in range(keys))


# {cause: its body and the pointer to it}
CAUSES: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", ""),
    "blank": (" \n", ""),
    "cut off": (_with(GOOD)[:-1], ""),
    "trailing text": (_with(GOOD) + "x", ""),
    "two documents": (_with(GOOD) * 2, ""),
    "single quotes": (_with(GOOD).replace('"', "'"), ""),
    "a list": (f"[{GOOD}]", ""),
    "null": ("null", ""),
    "a string": ('"x"', ""),
    "no UTF-8": (_with(GOOD.replace("Ana", "\xe9")).encode("latin-1"), ""),
    "UTF-16": (_with(GOOD).encode("utf-16"), ""),
    "a form": ("client_id=1&operations=2", ""),
    "client_id twice": (_with(GOOD, f', "client_id": "{ID}"'), "/client_id"),
    "operations twice": (_with(GOOD, ', "operations": []'), "/operations"),
    "a key twice in something unknown": (_with(GOOD, ', "app": {"os": 1, "os": 2}'), "/app/os"),
    "NaN outside operations": (_with(GOOD, ', "app": [0, NaN]'), "/app/1"),
    "Infinity outside operations": (_with(GOOD, ', "app": -Infinity'), "/app"),
    "1e400 outside operations": (_with(GOOD, ', "a/b~c": 1e400'), "/a~1b~0c"),
    "33 levels": (_deep(29), NOTES + "/0" * 28),
    "2000 levels": (_deep(2000), NOTES + "/0" * 28),
    "33 levels beside operations": (_with(GOOD, ', "app": ' + "[" * 32 + "]" * 32), "/app" + "/0" * 31),
    "1001 keys": (_with(GOOD, ", " + _wide(999)), ""),
    "1001 keys of a payload": (_with(GOOD.replace('"Ana"', '"Ana", ' + _wide(1000))), "/operations/0/payload"),
    "1001 keys of something unknown": (_with(GOOD, f', "app": {{{_wide(1001)}}}'), "/app"),
}


def _assert_nothing_happened(response: Any) -> None:
    assert not Customer.objects.exists()
    batch = SyncBatch.objects.get(request_id=response.headers["X-Request-ID"])
    assert (batch.state, batch.http_status, batch.code) == ("aborted", 400, "malformed")


@pytest.mark.promise("P23")
@pytest.mark.parametrize("cause", CAUSES)
def test_a_body_that_is_no_batch_is_malformed(manager: HttpPhone, cause: str) -> None:
    """With a pointer of RFC 6901; nothing executed, and logged as aborted."""
    body, pointer = CAUSES[cause]
    response = manager.post(body if isinstance(body, bytes) else body.encode())
    assert problem(response, 400, "malformed")["pointer"] == pointer
    _assert_nothing_happened(response)


NOT_A_UUID = [None, 5, True, "", "x", [], {}, ID[:-1], ID.replace("-", ""), "{" + ID + "}", f"urn:uuid:{ID}", ID + "\n"]

# {field of the batch: what it must not be}
WRONG: dict[str, list[Any]] = {
    "client_id": NOT_A_UUID,
    "operations": [None, {}, "x", 5, False, {"0": customer()}],
    "atomic": ["true", "false", "", 0, 1, [], {}],
    "schema_version": ["1", 0, -1, 1.5, True, 2**31, 2**70, [], {}],
}


@pytest.mark.promise("P23")
@pytest.mark.parametrize("field", WRONG)
def test_a_field_of_the_batch_that_is_not_what_it_must_be_is_malformed(manager: HttpPhone, field: str) -> None:
    """The pointer names the field."""
    good = {"client_id": ID, "operations": [customer()]}
    bodies = [{**good, field: value} for value in WRONG[field]]
    if field in good:
        bodies.append({name: value for name, value in good.items() if name != field})
    for body in bodies:
        response = manager.post(json.dumps(body).encode())
        assert problem(response, 400, "malformed")["pointer"] == f"/{field}", body
        _assert_nothing_happened(response)


def test_what_fits_the_bounds_exactly_is_taken(manager: HttpPhone) -> None:
    """32 levels, 1000 keys: then only the operation itself is at fault."""
    for body in (_deep(28), _with(GOOD.replace('"Ana"', '"Ana", ' + _wide(999)))):
        response = manager.post(body.encode())
        assert response.status_code == 200, response.text
        assert response.json()["summary"]["rejected"] == 1
    assert manager.post(_with(json.dumps(customer()), ", " + _wide(998)).encode()).json()["summary"]["applied"] == 1


@pytest.mark.parametrize("value", ["x", 5, None, "", "2026-11-20T23:09:11", "1899-01-01T00:00:00Z", [], True])
def test_an_unusable_batch_id_or_sent_at_is_treated_as_absent(manager: HttpPhone, value: Any) -> None:
    """They only help people to correlate and to correct."""
    answer = manager.answer(customer(), batch_id=value, sent_at=value)
    assert answer["summary"]["applied"] == 1
    assert (answer["batch_id"], answer["clock_offset_ms"]) == (None, None)


def test_a_batch_says_who_when_and_what(manager: HttpPhone) -> None:
    """All keys of the answer, for a batch without operations too."""
    batch_id = str(uuid4())
    empty = manager.answer(batch_id=batch_id)
    assert list(empty) == [
        "batch_id", "request_id", "server_time", "clock_offset_ms", "txid", "txids", "summary", "results",
    ]  # fmt: skip
    assert (empty["batch_id"], empty["txid"], empty["txids"], empty["results"]) == (batch_id, None, [], [])
    assert empty["summary"] == dict.fromkeys(["applied", "conflict", "rejected", "skipped", "failed", "replayed"], 0)
    assert empty["server_time"].endswith("Z")
    assert empty["clock_offset_ms"] is None
    assert SyncBatch.objects.get().operation_count == 0
    assert manager.answer(atomic=True)["results"] == []


def test_unknown_envelope_keys_are_ignored(manager: HttpPhone) -> None:
    """Of the batch and of an operation."""
    answer = manager.answer(customer() | {"queued_at": "x", "tries": {"n": [1]}}, app={"version": "1.2"}, x=None)
    assert answer["summary"]["applied"] == 1


def test_the_content_type_is_not_looked_at(manager: HttpPhone) -> None:
    """The body is JSON, whatever it is called."""
    for content_type in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert manager.send(customer(), headers={"Content-Type": content_type}).status_code == 200


def test_ids_in_capitals_are_the_same_ids(manager: HttpPhone) -> None:
    """Swift writes them so; the answer has the canonical form."""
    made = customer()
    shouted = made | {"op_id": made["op_id"].upper(), "entity_id": made["entity_id"].upper()}
    result = manager.one(shouted, client_id=str(manager.client_id).upper())
    assert (result["op_id"], result["entity_id"]) == (made["op_id"], made["entity_id"])
    assert manager.one(made)["replayed"] is True
    assert SyncBatch.objects.first().client_id == manager.client_id
    assert Customer.objects.get().pk == UUID(made["entity_id"])


def test_a_gzip_body_is_inflated(manager: HttpPhone) -> None:
    """And verdicts are the same."""
    body = gzip.compress(manager.body(customer(), customer("Bea")))
    response = manager.post(body, {"Content-Encoding": "gzip"})
    assert response.json()["summary"]["applied"] == 2


def test_a_body_that_is_not_what_its_encoding_says_is_malformed(manager: HttpPhone) -> None:
    """No gzip, half of it, something behind it, another encoding."""
    plain = manager.body(customer())
    packed = gzip.compress(plain)
    broken = [
        (plain, "gzip"),
        (packed[:-9], "gzip"),
        (packed + b"x", "gzip"),
        (b"", "gzip"),
        (packed, "br"),
        (packed, None),
    ]
    for body, encoding in broken:
        response = manager.post(body, {"Content-Encoding": encoding})
        assert "pointer" in problem(response, 400, "malformed")
        _assert_nothing_happened(response)
