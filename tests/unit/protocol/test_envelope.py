"""The body of a request: every problem of the table, and the batch that a good one becomes."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol.envelope import read_batch
from sync.protocol.limits import Limits
from sync.protocol.operation import Batch
from sync.protocol.problems import Problem

CLIENT = "6f0f3f0e-8d6c-4a1e-9f5e-2f4c0e9b7a11"
OP = {
    "op_id": "0193a5b2-7c4e-7d10-8f3a-000000000001",
    "entity": "sales",
    "action": "insert",
    "entity_id": "0193a5b2-7c4e-7d10-8f3a-000000000002",
    "payload": {"total": "12.50"},
}
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def read(body: bytes | str | dict[str, Any]) -> Batch:
    if isinstance(body, dict):
        body = json.dumps(body)
    return read_batch(body if isinstance(body, bytes) else body.encode(), limits=Limits(), received_at=NOON)


def around(**fields: Any) -> dict[str, Any]:
    return {"client_id": CLIENT, "operations": [OP]} | fields


def spelled(fields: str, operations: str = "[]") -> str:
    return f'{{"client_id": "{CLIENT}", {fields}, "operations": {operations}}}'


def problem_of(body: bytes | str | dict[str, Any]) -> Problem:
    with pytest.raises(Problem) as caught:
        read(body)
    assert (caught.value.status, caught.value.code) == (400, "malformed")
    return caught.value


def test_a_batch_is_what_the_client_said() -> None:
    """Every field of the envelope, with the clock's offset computed."""
    batch = read(
        around(batch_id=CLIENT.upper(), sent_at="2026-11-20T11:59:59.880Z", schema_version=3, atomic=True, hello="x")
    )
    assert batch.client_id == batch.batch_id == UUID(CLIENT)
    assert batch.sent_at == datetime(2026, 11, 20, 11, 59, 59, 880000, tzinfo=UTC)
    assert (batch.clock_offset_ms, batch.schema_version, batch.atomic) == (-120, 3, True)
    assert batch.received_at == NOON
    assert [operation.position for operation in batch.operations] == [0]


@pytest.mark.parametrize("fields", [{}, dict.fromkeys(("batch_id", "sent_at", "schema_version", "atomic"))])
def test_everything_but_client_and_operations_is_optional(fields: dict[str, None]) -> None:
    """Absent and null are the same."""
    batch = read(around(**fields))
    assert (batch.batch_id, batch.sent_at, batch.clock_offset_ms, batch.schema_version) == (None,) * 4
    assert batch.atomic is False


def test_an_empty_batch_is_fine() -> None:
    """It has zero results."""
    assert read(around(operations=[])).operations == ()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        *(({"client_id": bad}, "/client_id") for bad in (None, 1, "x", CLIENT.replace("-", ""), [CLIENT], {}, True, "\x00")),
        *(({"operations": bad}, "/operations") for bad in (None, {}, "x", 1, {"0": OP}, False)),
        *(({"atomic": bad}, "/atomic") for bad in (1, 0, "true", [], {})),
        *(({"schema_version": bad}, "/schema_version") for bad in (0, -1, 1.5, "3", True, [], 2**31)),
    ],
)  # fmt: skip
def test_a_field_of_the_batch_that_is_not_what_it_must_be(fields: dict[str, Any], pointer: str) -> None:
    """The whole request is malformed, and the pointer says where."""
    problem = problem_of(around(**fields))
    assert problem.pointer == pointer
    assert problem.detail.startswith(pointer[1:])


@pytest.mark.parametrize("missing", ["client_id", "operations"])
def test_a_required_field_is_missing(missing: str) -> None:
    """Client and operations."""
    problem = problem_of({key: value for key, value in around().items() if key != missing})
    assert (problem.pointer, problem.detail) == (f"/{missing}", f"{missing} is required.")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1", b"NaN", b"1e400", b"true"])
def test_a_body_that_is_no_object_is_malformed(body: bytes) -> None:
    """Even if it is JSON."""
    assert problem_of(body).pointer == ""


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (spelled('"a": NaN'), "/a"),
        (spelled('"a": [0, {"b/c": -Infinity}]'), "/a/1/b~1c"),
        (spelled('"a": 1e400'), "/a"),
        (spelled('"batch_id": NaN'), "/batch_id"),
        (spelled('"sent_at": Infinity'), "/sent_at"),
        (spelled('"schema_version": 1e400'), "/schema_version"),
        (spelled('"atomic": true, "atomic": true'), "/atomic"),
        (spelled('"operations": []'), "/operations"),
        (spelled(f'"client_id": "{CLIENT}"'), "/client_id"),
        (spelled('"a": {"b": 1, "b": 1}'), "/a/b"),
        (spelled('"a": 0', '{"x": NaN}'), "/operations/x"),
    ],
)
def test_what_is_not_json_outside_operations_is_malformed(body: str, pointer: str) -> None:
    """There is nobody to blame but the body, even where an unknown key would be ignored."""
    assert problem_of(body).pointer == pointer


@pytest.mark.parametrize("where", ["operation", "batch"])
def test_depth_and_keys_are_bounds_of_the_whole_body(where: str) -> None:
    """Inside an operation, too."""
    deep: Any = 0
    for _ in range(30):
        deep = [deep]
    wide = {f"k{n}": n for n in range(1001)}
    for bad, said in ((deep, "deeper than 32"), (wide, "more than 1000 keys")):
        body = around(operations=[OP | {"payload": {"x": [bad]}}]) if where == "operation" else around(x=[[[bad]]])
        problem = problem_of(body)
        assert said in problem.detail
        assert (problem.pointer or "").startswith("/operations/0/payload/x/0" if where == "operation" else "/x/0/0/0")


@pytest.mark.parametrize(
    "bad", ["", "x", 5, True, [], {}, "2026-11-20T12:00:00", "9999-01-01T00:00:00Z", "\x00", "\ud800"]
)
@pytest.mark.parametrize("name", ["batch_id", "sent_at"])
def test_what_only_helps_people_never_stops_a_queue(name: str, bad: Any) -> None:
    """An unusable batch_id or sent_at is treated as absent."""
    batch = read(around(**{name: bad}))
    assert getattr(batch, name) is None
    assert batch.clock_offset_ms is None


@pytest.mark.parametrize("sent_at", ["1900-01-01T00:00:00Z", "2199-12-31T23:59:59Z"])
def test_a_clock_that_is_centuries_off_does_no_harm(sent_at: str) -> None:
    """The time of the operation stays sane, and is never later than now."""
    for at in ("1900-01-01T00:00:00Z", "2199-12-31T23:59:59Z"):
        batch = read(around(sent_at=sent_at, operations=[OP | {"client_timestamp": at}]))
        moment = batch.operations[0].client_timestamp
        assert moment is not None
        assert datetime(1900, 1, 1, tzinfo=UTC) <= moment <= NOON


BAD_VALUES: dict[str, str] = {
    "NUL": r'{"total": "\u0000"}',
    "surrogate": r'{"total": "\ud800"}',
    "NaN": '{"total": NaN}',
    "infinity": '{"total": Infinity}',
    "minus infinity": '{"total": -Infinity}',
    "1e400": '{"total": 1e400}',
    "1e99999999999999999999": '{"total": 1e99999999999999999999}',
    "huge integer": '{"total": %s}' % ("9" * 5000),
    "duplicate key": '{"total": 1, "total": 2}',
    "list": "[]",
}


@pytest.mark.parametrize("bad", BAD_VALUES)
def test_49_good_operations_next_to_one_bad_value_are_read(bad: str) -> None:
    """As if it were not there; its place in the request is kept."""
    operations = [json.dumps(OP)] * 50
    operations[25] = json.dumps(OP | {"payload": 0}).replace('"payload": 0', f'"payload": {BAD_VALUES[bad]}')
    batch = read(spelled('"x": 1', f"[{','.join(operations)}]"))
    good = read(around()).operations[0]
    for operation in batch.operations:
        if operation.position != 25:
            assert not operation.faults
            assert operation.payload == good.payload
            assert operation.fingerprint == good.fingerprint
    assert batch.operations[25].op_id == good.op_id
    assert batch.operations[25].fingerprint != good.fingerprint


names = st.sampled_from(
    [*OP, "base_version", "client_timestamp", "sync_group_id", "depends_on", "schema_version", "zz"]
)
anything = st.recursive(
    st.sampled_from(
        [
            "NaN",
            "-Infinity",
            "1e400",
            "null",
            "true",
            "1",
            "4.0",
            "-1",
            '""',
            r'"\u0000"',
            r'"\ud800"',
            '"insert"',
            f'"{CLIENT}"',
            '"2026-11-20T12:00:00Z"',
            "9" * 400,
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(names, inner), max_size=4).map(
            lambda pairs: "{{{}}}".format(",".join(f'"{key}":{value}' for key, value in pairs))
        )
    ),
    max_leaves=25,
)


@given(anything, anything)
def test_whatever_stands_in_operations_is_an_operation(one: str, other: str) -> None:
    """Never an exception, never a problem of the batch; each keeps its position and tells what it lacks."""
    batch = read(spelled('"sent_at": "2199-01-01T00:00:00Z"', f"[{one}, {other}]"))
    assert [operation.position for operation in batch.operations] == [0, 1]
    for operation in batch.operations:
        assert operation.faults or None not in (operation.op_id, operation.entity, operation.entity_id)
        assert all(message.isprintable() for messages in operation.faults.values() for message in messages)


@given(st.binary() | st.text().map(str.encode) | anything.map(str.encode))
def test_any_body_is_a_batch_or_a_problem(body: bytes) -> None:
    """Nothing else escapes."""
    try:
        read(body)
    except Problem as problem:
        assert problem.status == 400  # noqa: PT017 - either is fine
        json.dumps(problem.as_json(), allow_nan=False)
