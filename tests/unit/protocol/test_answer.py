"""Outcomes as the JSON that a client reads."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol.answer import Remembered, encode, render, result_object
from sync.protocol.codes import CODES, Retry, Status
from sync.protocol.envelope import read_batch
from sync.protocol.limits import Limits
from sync.protocol.operation import Batch
from sync.protocol.outcome import BatchResult, ErrorDetail, Outcome, ServerRow, refusal
from sync.protocol.strict_json import RepeatedKeys, Unusable

ID = "0193a5b2-7c4e-7d10-8f3a-000000000001"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BASE = ["op_id", "entity", "entity_id", "status", "code", "retry", "replayed", "changed", "version", "txid"]
SOMEONE = Remembered(op_id=ID, entity="sales", entity_id=ID)


def batch_of(*operations: Any, **fields: Any) -> Batch:
    body = {"client_id": ID, "operations": operations} | fields
    return read_batch(json.dumps(body).encode(), limits=Limits(), received_at=NOON)


def test_an_answer_looks_like_the_protocols_example() -> None:
    """Every key of it, in request order."""
    operation = {"op_id": ID, "entity": "sales", "action": "update", "entity_id": ID}
    batch = batch_of(operation, operation | {"entity": "customers"}, batch_id=ID, sent_at="2026-11-20T11:59:59.880Z")
    row = {"id": ID, "name": "Ana"}
    result = BatchResult(
        outcomes=(
            Outcome(status=Status.APPLIED, changed=True, version=1, txid=748),
            Outcome(
                status=Status.CONFLICT,
                code="stale_version",
                retry=Retry.AFTER_FIX,
                error=ErrorDetail(message="Stale.", fields={"name": ["changed on the server since version 4"]}),
                server=ServerRow(version=7, row=row),
            ),
        ),
        txid=748,
        server_time=datetime(2026, 11, 20, 23, 9, 11, 480123, tzinfo=UTC),
    )
    same = {"op_id": ID, "entity_id": ID, "replayed": False}
    assert render(batch, result, request_id="r1") == {
        "batch_id": ID,
        "request_id": "r1",
        "server_time": "2026-11-20T23:09:11.480Z",
        "clock_offset_ms": -120,
        "txid": 748,
        "txids": [748],
        "summary": {"applied": 1, "conflict": 1, "rejected": 0, "skipped": 0, "failed": 0, "replayed": 0},
        "results": [
            same
            | {"entity": "sales", "status": "applied", "code": None, "retry": "never"}
            | {"changed": True, "version": 1, "txid": 748},
            same
            | {"entity": "customers", "status": "conflict", "code": "stale_version", "retry": "after_fix"}
            | {"changed": False, "version": None, "txid": None}
            | {"error": {"message": "Stale.", "fields": {"name": ["changed on the server since version 4"]}}}
            | {"server": {"version": 7, "row": row}},
        ],
    }


def test_an_empty_batch_has_an_answer() -> None:
    """Without a batch_id, an offset or a transaction."""
    answer = render(batch_of(), BatchResult(outcomes=(), txid=None), request_id="r")
    assert (answer["batch_id"], answer["clock_offset_ms"], answer["txid"], answer["txids"]) == (None, None, None, [])
    assert (answer["results"], answer["server_time"]) == ([], "2026-11-20T12:00:00.000Z")


def test_an_outcome_for_each_operation_is_a_must() -> None:
    """An answer that is too short would be read as success."""
    with pytest.raises(ValueError, match="shorter"):
        render(batch_of({}), BatchResult(outcomes=(), txid=None), request_id="r")


@pytest.mark.parametrize("code", CODES)
def test_every_result_has_all_the_base_keys(code: str) -> None:
    """And an error when, and only when, it is not applied; a row for what found its place or lost it."""
    known = CODES[code]
    entry = result_object(SOMEONE, Outcome(status=known.status, code=code, retry=known.retry))
    extra = (
        {"row"} if code in {"merged", "superseded"} else {"error"} - ({"error"} if known.status == "applied" else set())
    )
    assert list(entry)[:10] == BASE
    assert set(entry) - set(BASE) == extra
    if "error" in extra:
        assert entry["error"] == {"message": known.message}


def test_a_refusal_of_a_domain_is_answered_with_its_own_words() -> None:
    """Or with a sentence that is at least true."""
    own = Outcome(status=Status.REJECTED, code="sale_closed", error=ErrorDetail(message="Closed.", caused_by=ID))
    assert result_object(SOMEONE, own)["error"] == {"message": "Closed.", "caused_by": ID}
    assert result_object(SOMEONE, Outcome(status=Status.REJECTED, code="sale_closed"))["error"]["message"]


def test_the_row_and_the_tombstone_are_shown() -> None:
    """`row` when asked for; `server.row` is null for what is deleted."""
    applied = Outcome(status=Status.APPLIED, changed=True, version=2, row={"a": 1})
    gone = refusal("gone")
    assert result_object(SOMEONE, applied)["row"] == {"a": 1}
    assert "server" not in result_object(SOMEONE, gone)
    with_server = Outcome(status=gone.status, code="gone", error=gone.error, server=ServerRow(version=3, row=None))
    assert result_object(SOMEONE, with_server)["server"] == {"version": 3, "row": None}


def test_an_operation_without_a_usable_id_is_echoed_as_sent() -> None:
    """At its position."""
    batch = batch_of({"op_id": 7, "entity": ["x"], "entity_id": "\ud800"}, 5)
    result = BatchResult(outcomes=(refusal("invalid"), refusal("invalid")), txid=None)
    answer = json.loads(encode(render(batch, result, request_id="r")))
    assert [answer["results"][0][name] for name in BASE[:3]] == [7, ["x"], "\ud800"]
    assert [answer["results"][1][name] for name in BASE[:3]] == [None, None, None]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": [1, None, True], "é": "ñ"}, '{"a":[1,null,true],"é":"ñ"}'.encode()),
        ({"a": Decimal("12.50")}, b'{"a":12.50}'),
        ("\ud800é", b'"\\ud800\\u00e9"'),
        ("\x00", b'"\\u0000"'),
        ([float("nan"), float("-inf"), 0.5], b'["nan","-inf",0.5]'),
        ([Unusable("NaN"), Unusable("1e400")], b'["NaN","1e400"]'),
        ({"x": RepeatedKeys([("a", 1), ("a", Unusable("NaN"))])}, b'{"x":{"a":"NaN"}}'),
        ([UUID(ID)], f'["{ID}"]'.encode()),
        ([Decimal("NaN"), Decimal("-Infinity")], b'["NaN","-Infinity"]'),
    ],
)
def test_what_is_encoded_is_always_json(value: Any, written: bytes) -> None:
    """Whatever got into it."""
    assert encode(value) == written


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(st.characters())
        | st.text(st.characters(categories=["Cs"])) | st.builds(Unusable, st.sampled_from(["NaN", "1e400"])),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=10,
    )
)  # fmt: skip
def test_any_answer_can_be_parsed_strictly(value: Any) -> None:
    """No NaN in it, and no bytes that are not UTF-8."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(encode(value).decode("utf-8"), parse_constant=refuse)


def test_what_is_remembered_is_echoed_as_it_was_kept() -> None:
    """For the answer to `GET /api/sync/operations/{op_id}`."""
    kept = Remembered(op_id=str(uuid4()), entity=None, entity_id=None)
    entry = result_object(kept, Outcome(status=Status.SKIPPED, code="not_attempted", retry=Retry.LATER).as_replay())
    assert (entry["op_id"], entry["entity"], entry["replayed"]) == (kept.op_id, None, True)
