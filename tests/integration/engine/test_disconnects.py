"""A client that leaves: nothing is cancelled, the batch commits, and the ledger answers when the queue comes again."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from entities.sales.models import Customer
from sync.journal import ledger
from sync.models import LedgerEntry, SyncBatch
from tests.integration.engine.stage import ENDPOINT, Phone, customer, handled_by


def _hang_up_after_sending(url: str, phone: Phone, body: bytes, *, length: int | None = None) -> None:
    """A real socket: the request goes out, and nobody waits for the answer."""
    address = urlsplit(url)
    head = (
        f"POST {ENDPOINT} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {phone.token}\r\nContent-Length: {length or len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=5) as link:
        link.sendall(head.encode() + body)


def _wait_for(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.mark.promise("P20")
@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug"])
def test_the_batch_of_a_client_that_left_is_applied_once(
    phone: Phone, live_server: Any, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """It sends the same queue again and gets the verdicts it missed. Without the ledger they would be other ones."""
    batch = [customer(f"one of {i}") for i in range(5)]
    with handled_by(before=lambda _: time.sleep(0.05)):
        _hang_up_after_sending(live_server.url, phone, phone.body(*batch))
        _wait_for(lambda: SyncBatch.objects.filter(state="completed").exists())
    assert Customer.objects.count() == 5
    if not guarded:
        monkeypatch.setattr(ledger, "recall", lambda *_: {})
    again = phone.send(*batch)
    assert again.statuses == (["applied"] if guarded else ["conflict"]) * 5
    assert again.body["summary"]["replayed"] == (5 if guarded else 0)
    assert Customer.objects.count() == 5


@pytest.mark.promise("P20")
def test_a_body_that_broke_off_executes_nothing(phone: Phone, live_server: Any) -> None:
    """Half a queue is no queue."""
    body = phone.body(customer("one"), customer("two"))
    _hang_up_after_sending(live_server.url, phone, body[:-30], length=len(body))
    _wait_for(lambda: SyncBatch.objects.filter(state="aborted", http_status=400).exists())
    assert not Customer.objects.exists()
    assert not LedgerEntry.objects.exists()


@pytest.mark.promise("P03")
def test_a_client_may_ask_for_a_verdict_instead_of_sending_again(phone: Phone) -> None:
    """By the op_id, with the txid it missed."""
    op = customer("one")
    answer = phone.send(op)
    asked = phone.ask(op["op_id"])
    assert (asked.status, asked.body["status"], asked.body["replayed"]) == (200, "applied", True)
    assert asked.body["txid"] == answer.body["txid"]
