"""Values that break what comes after them: the log, the decoder, the listing. Each costs its own operation."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError

from entities.sales.handlers import SaleHandler
from entities.sales.models import Customer, Sale
from sync.handlers.registry import registry
from sync.journal import ledger, log
from sync.models import SyncBatch, SyncOperation
from sync.protocol import canonical, strict_json, values
from tests.integration.engine.stage import Phone, customer, operation

# {value that jsonb cannot hold: (how it is spelled in the body, how the log keeps it)}
UNSTORABLE = {
    "NUL": (r'"\u0000"', r'"\u0000"'),
    "half a surrogate pair": (r'"\ud800"', r'"\ud800"'),
    "NaN": ("NaN", "NaN"),
    "an infinity": ("-Infinity", "-Infinity"),
    "a number beyond all reason": ("1e400", "1e400"),
    "a key that stands there twice": ('"x","notes":"y"', '"notes":"x","notes":"y"'),
}


def _body(phone: Phone, spelled: str) -> bytes:
    batch = [customer(f"good {i}") for i in range(49)]
    batch.insert(20, customer("bad", notes="PLACE"))
    return phone.body(*batch).replace(b'"PLACE"', spelled.encode())


@pytest.mark.promise("P12")
@pytest.mark.parametrize("kind", UNSTORABLE)
def test_a_refused_value_that_jsonb_cannot_hold_is_logged_as_text(phone: Phone, kind: str) -> None:
    """49 are applied, and the admin reads the bad one word for word."""
    spelled, kept = UNSTORABLE[kind]
    answer = phone.send_bytes(_body(phone, spelled))
    assert answer.verdicts[20] == ("rejected", "invalid")
    assert answer.body["summary"]["applied"] == 49 == Customer.objects.count()
    logged = SyncOperation.objects.get(status="rejected")
    assert logged.payload is None
    assert kept in logged.payload_text
    again = phone.send_bytes(_body(phone, spelled))
    assert again.statuses.count("applied") == 49


@pytest.mark.promise("P12")
@pytest.mark.parametrize("kind", UNSTORABLE)
def test_a_log_that_takes_every_value_for_json_kills_the_batch_or_loses_the_value(
    phone: Phone, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: refused payloads go into a jsonb column like any other."""
    monkeypatch.setattr(log, "_payload", lambda op: {"payload": canonical.dumps(op.payload)})
    spelled, kept = UNSTORABLE[kind]
    answer = phone.send_bytes(_body(phone, spelled))
    if kind in {"a number beyond all reason", "a key that stands there twice"}:
        logged = SyncOperation.objects.get(status="rejected")
        assert kept not in json.dumps(logged.payload, separators=(",", ":"))
    else:
        assert answer.status == 500
        assert not Customer.objects.exists()


@pytest.mark.promise("P12")
def test_an_aborted_batch_is_logged_whatever_it_holds(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, sync_settings: Callable[..., None]
) -> None:
    """Also the row of a batch that ended in 503."""

    def down(*_: Any) -> None:
        raise DatabaseError from ConnectionError()

    sync_settings(ATTEMPTS=1)
    monkeypatch.setattr(ledger, "claim", down)
    answer = phone.send_bytes(_body(phone, UNSTORABLE["NUL"][0]))
    assert answer.status >= 500
    assert SyncBatch.objects.get().state == "aborted"
    assert SyncOperation.objects.filter(payload_text__contains=r"\u0000").count() == 1


def _deep(phone: Phone, depth: int) -> bytes:
    return phone.body(customer("deep", notes="PLACE")).replace(b'"PLACE"', b"[" * depth + b"]" * depth)


@pytest.mark.promise("P12")
@pytest.mark.parametrize("depth", [33, 2_000, 100_000])
def test_a_body_nested_too_deep_is_malformed_before_anything_recurses(phone: Phone, depth: int) -> None:
    """400 with a pointer; nothing executed."""
    answer = phone.send_bytes(_deep(phone, depth))
    assert (answer.status, answer.code) == (400, "malformed")
    assert answer.body["pointer"].startswith("/operations/0/payload/notes")


@pytest.mark.promise("P12")
def test_a_decoder_without_a_limit_of_its_own_fails_on_depth(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, sync_settings: Callable[..., None]
) -> None:
    """The planted bug: RecursionError is no ValueError, and becomes a 500."""
    sync_settings(MAX_DEPTH=10**9)
    monkeypatch.setattr(strict_json, "_refuse_too_deep", lambda *_: None)
    answer = phone.send_bytes(_deep(phone, 100_000))
    assert (answer.status, answer.code) == (500, "internal_error")


LATE = "9999-12-31T23:00:00-14:00"


def _sale(sold_at: str) -> dict[str, Any]:
    return operation("insert", "sales", {"number": uuid4().hex[:12], "sold_at": sold_at, "total": "1.00"})


@pytest.mark.promise("P12")
@pytest.mark.parametrize("sold_at", [LATE, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-02-30T00:00:00Z"])
def test_a_time_that_python_cannot_read_back_is_invalid(phone: Phone, sold_at: str) -> None:
    """The others are applied, and the table can be listed."""
    answer = phone.send(_sale("2026-11-20T12:00:00Z"), _sale(sold_at), _sale("2026-11-20T12:00:00Z"))
    assert answer.verdicts == [("applied", None), ("rejected", "invalid"), ("applied", None)]
    assert list(answer.results[1]["error"]["fields"]) == ["sold_at"]
    assert len(Sale.objects.all()) == 2


@pytest.mark.promise("P12")
@pytest.mark.parametrize("trusting", [False, True], ids=["read back", "planted bug"])
def test_without_bounds_on_time_one_sale_makes_the_table_unreadable(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, trusting_engine: Callable[[], None], trusting: bool
) -> None:
    """Postgres takes the year 10000 that the offset leads to. An engine that reads rows back still refuses it; one
    that does not keeps a row that every listing trips over."""
    monkeypatch.setattr(values, "time_value", datetime.fromisoformat)
    if trusting:
        trusting_engine()
    with registry.override(type("Sales", (SaleHandler,), {})):
        answer = phone.send(_sale(LATE))
    assert answer.statuses == ["applied" if trusting else "rejected"]
    if trusting:
        with pytest.raises(DatabaseError):
            list(Sale.objects.all())


@pytest.mark.promise("P12")
def test_a_storable_value_is_kept_as_json(phone: Phone) -> None:
    """The guard does not turn everything into text."""
    phone.send(customer("one", credit_limit="1e5"), customer("ñandú", notes="𝄞"))
    assert canonical.storable({"notes": "𝄞"})
    payloads = SyncOperation.objects.order_by("position").values_list("payload", "payload_text")
    assert list(payloads) == [
        ({"name": "one", "credit_limit": "1e5"}, ""),
        ({"name": "ñandú", "notes": "𝄞"}, ""),
    ]
