"""The txid is the number that arrives on the replication stream, or null when nothing arrives."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from sync.engine import engine as engine_module
from sync.engine import session
from sync.engine.reference import ReferenceExecutor
from tests.integration.engine.stage import Phone, customer, handled_by, on, raising, renamed, side_connection, sql

pytestmark = pytest.mark.promise("P06")

Stream = Callable[[], list[int]]
READ = (
    "SELECT data FROM pg_logical_slot_get_binary_changes"
    "(%s, NULL, NULL, 'proto_version', '1', 'publication_names', 'trap_published')"
)


@pytest.fixture
def stream(_real_commits: None) -> Iterator[Stream]:
    """What Electric follows: the published tables through pgoutput. Reads the xids that began since the last look."""
    slot = f"trap_{uuid4().hex}"
    sql("CREATE PUBLICATION trap_published FOR TABLE customers, sales, sale_items, payments, distributions")
    with side_connection() as other:
        other.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [slot])

        def began() -> list[int]:
            messages = [bytes(data) for (data,) in other.execute(READ, [slot]).fetchall()]
            # Begin: 'B', the commit's LSN, its time, the 32-bit xid. Source: Postgres manual, "Logical Replication
            # Message Formats".
            return [struct.unpack("!cqqI", message)[3] for message in messages if message[:1] == b"B"]

        yield began
        other.execute("SELECT pg_drop_replication_slot(%s)", [slot])
    sql("DROP PUBLICATION trap_published")


def test_the_txid_is_the_one_on_the_stream_and_not_the_rows_xmin(phone: Phone, stream: Stream) -> None:
    """Each operation ran in a savepoint of its own, whose id is what the row carries."""
    op = customer("one")
    group = {"sync_group_id": str(uuid4())}
    answer = phone.send(op, customer("two") | group, renamed(op["entity_id"], "three") | group)
    assert stream() == [answer.body["txid"]] == answer.body["txids"]
    assert {result["txid"] for result in answer.results} == {answer.body["txid"]}
    assert (answer.body["txid"],) not in sql("SELECT xmin::text::bigint FROM customers")


def test_the_rows_xmin_never_arrives(phone: Phone, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: the id is read from the row, and awaitTxId waits for ever."""
    real = ReferenceExecutor._applied

    def from_the_row(executor: ReferenceExecutor, task: Any, change: Any) -> Any:
        xmin = sql("SELECT xmin::text::bigint FROM customers WHERE id = %s", [change.row.pk])[0][0]
        return replace(real(executor, task, change), txid=xmin)

    monkeypatch.setattr(ReferenceExecutor, "_applied", from_the_row)
    answer = phone.send(customer("one"))
    assert answer.results[0]["txid"] not in stream()


def _first_statement() -> str:
    seen: list[str] = []

    def note(execute: Callable[..., Any], statement: Any, *rest: Any) -> Any:
        seen.append(str(statement))
        return execute(statement, *rest)

    sql("BEGIN")
    try:
        with connection.execute_wrapper(note):
            session.begin(uuid4())
    finally:
        sql("ROLLBACK")
    return seen[0]


def test_the_txid_fits_the_stream_when_the_server_has_used_up_its_first_four_billion() -> None:
    """The statement itself, asked in a later epoch. Without the cast the answer is a number nobody ever sees."""
    statement = _first_statement().split(",")[0]
    assert "pg_current_xact_id()" in statement
    later = statement.replace("pg_current_xact_id()", "'4294967301'::xid8")  # epoch 1, xid 5
    assert sql(later) == [(5,)]
    assert sql(later.replace("::xid::", "::")) == [(4294967301,)]


def test_what_never_reaches_the_stream_has_no_txid(phone: Phone, stream: Stream) -> None:
    """All rejected, nothing to write, already gone: the journal is written, and readers see nothing of it."""
    op = customer("one")
    first = phone.send(op)
    assert stream() == [first.body["txid"]]
    with handled_by(after=on("bad", raising("23514"))):
        batches = [
            phone.send(customer("bad"), customer(" ")),
            phone.send(renamed(op["entity_id"], "one")),
            phone.send(customer() | {"action": "delete", "base_version": 1, "payload": {}}),
        ]
    assert [answer.body["txid"] for answer in batches] == [None] * 3
    assert {result["txid"] for answer in batches for result in answer.results} == {None}
    assert stream() == []


def test_an_engine_that_always_tells_its_txid_makes_clients_wait_for_nothing(
    phone: Phone, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: the batch's own id, whatever it wrote."""
    real = engine_module.BatchResult

    def always(**kwargs: Any) -> Any:
        return real(**kwargs | {"txid": sql("SELECT pg_current_xact_id()::xid::text::bigint")[0][0]})

    monkeypatch.setattr(engine_module, "BatchResult", always)
    answer = phone.send(customer(" "))
    assert answer.statuses == ["rejected"]
    assert answer.body["txid"] is not None
    assert stream() == []


def test_a_replay_has_the_txid_of_the_transaction_that_wrote(phone: Phone, stream: Stream) -> None:
    """The request's own is null when it wrote nothing; a client that waits for all of `txids` sees everything."""
    old, new = customer("old"), customer("new")
    first = phone.send(old)
    replay = phone.send(old)
    mixed = phone.send(old, new)
    assert (replay.body["txid"], replay.body["txids"]) == (None, [first.body["txid"]])
    assert mixed.body["txids"] == [first.body["txid"], mixed.body["txid"]]
    assert stream() == mixed.body["txids"]
