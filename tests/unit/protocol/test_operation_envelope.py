"""One element of `operations`: every fault is its own, and what is good is read."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sync.protocol.codes import Action
from sync.protocol.operation import Operation
from sync.protocol.operation_envelope import FIELDS, WHOLE, Surroundings, read_operation
from sync.protocol.strict_json import Unusable, decode

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ID = "0193a5b2-7c4e-7d10-8f3a-000000000001"
ROW = "0193A5B2-7C4E-7D10-8F3A-00000000000A"
FULL: dict[str, Any] = {
    "op_id": ID,
    "entity": "sales",
    "action": "update",
    "entity_id": ROW,
    "payload": {"total": "12.50"},
    "base_version": 4,
    "client_timestamp": "2026-11-18T08:00:00Z",
    "sync_group_id": ID,
    "depends_on": [ID, ROW],
    "schema_version": 2,
}
MINIMAL = {"op_id": ID, "entity": "sales", "action": "delete", "entity_id": ROW}


def read(body: str | dict[str, Any], *, offset_ms: int | None = None, schema_version: int | None = None) -> Operation:
    text = body if isinstance(body, str) else json.dumps(body)
    document = decode(text.encode(), max_depth=32, max_keys=1000)
    batch = Surroundings(
        received_at=NOON,
        offset_ms=offset_ms,
        schema_version=schema_version,
        may_hold_markers=document.may_hold_markers,
    )
    return read_operation(3, document.value, batch)


def spelled(more: str, sent: dict[str, Any] = MINIMAL) -> str:
    return json.dumps(sent)[:-1] + f", {more}}}"


def test_an_operation_is_what_the_client_said() -> None:
    """Every field, ids in any letter case."""
    operation = read(FULL)
    assert operation.faults == {}
    assert (operation.position, operation.op_id, operation.entity_id) == (3, UUID(ID), UUID(ROW))
    assert (operation.entity, operation.action, operation.base_version) == ("sales", Action.UPDATE, 4)
    assert (operation.payload, operation.schema_version) == ({"total": "12.50"}, 2)
    assert operation.client_timestamp == datetime(2026, 11, 18, 8, tzinfo=UTC)
    assert (operation.group_id, operation.depends_on) == (UUID(ID), (UUID(ID), UUID(ROW)))
    assert operation.sent == FULL
    assert set(FULL) == FIELDS


@pytest.mark.parametrize("sent", [MINIMAL, dict.fromkeys(FULL) | MINIMAL, MINIMAL | {"hello": ["\x00"]}])
def test_absent_and_null_are_the_same_and_unknown_keys_are_ignored(sent: dict[str, Any]) -> None:
    """For every field that is optional."""
    operation = read(sent)
    assert operation.faults == {}
    assert (operation.payload, operation.depends_on) == ({}, ())
    assert operation.base_version is operation.client_timestamp is operation.group_id is None
    assert operation.schema_version is None
    assert operation.fingerprint == read(MINIMAL).fingerprint


@pytest.mark.parametrize("name", ["op_id", "entity", "action", "entity_id"])
@pytest.mark.parametrize("null", [True, False])
def test_a_required_field_is_missing(name: str, null: bool) -> None:
    """It is the operation's fault, never the batch's."""
    sent = {key: value for key, value in FULL.items() if key != name} | ({name: None} if null else {})
    operation = read(sent)
    assert operation.faults == {name: ("is required",)}
    assert getattr(operation, name) is None


NO_ID = [1, True, "", "x", ID[:-1], [ID], {}, "\x00", "\ud800"]
BAD: dict[str, list[Any]] = {
    "op_id": NO_ID,
    "entity": [1, True, [], {}, "a\x00", "\ud800", "x" * 201],
    "action": [1, False, ["insert"], {}, "insert\x00", "\udfff", "x" * 201],
    "entity_id": NO_ID,
    "payload": [1, "", "x", True, [], [{}]],
    "base_version": [-1, "4", 1.5, True, [], {}, 2**63],
    "client_timestamp": [5, "", "2026-11-18", "2026-11-18T08:00:00", "9999-12-31T23:59:59-14:00", [], {}, True],
    "sync_group_id": NO_ID,
    "depends_on": [ID, {}, {ID: 1}, 1, True, [1], [None], ["x"], [ID, "x"], [[ID]]],
    "schema_version": [0, -1, "2", 1.5, True, [], 2**31],
}
ATTRIBUTES = {"sync_group_id": "group_id"}
EMPTY: dict[str, Any] = {"payload": {}, "depends_on": ()}


@pytest.mark.parametrize(("name", "bad"), [(name, bad) for name in BAD for bad in BAD[name]])
def test_a_field_that_cannot_be_used_is_a_fault_of_its_operation(name: str, bad: Any) -> None:
    """It is named, its value is gone, and every other field is read."""
    operation = read(FULL | {name: bad}, schema_version=9)
    assert list(operation.faults) == [name]
    assert operation.faults[name][0].startswith("must ")
    assert getattr(operation, ATTRIBUTES.get(name, name)) == EMPTY.get(name)
    assert operation.sent[name] == json.loads(json.dumps(bad)) or isinstance(bad, float)


def test_all_faults_are_told_at_once() -> None:
    """A developer mends them in one go."""
    assert set(read({name: bad[0] for name, bad in BAD.items()}).faults) == FIELDS


@pytest.mark.parametrize("marker", ["NaN", "-Infinity", "1e400", "9" * 400, "[NaN]", '{"a": [1e400]}'])
@pytest.mark.parametrize("name", sorted(FIELDS - {"payload"}))
def test_what_is_not_json_is_a_fault_of_the_field_that_holds_it(name: str, marker: str) -> None:
    """Not of the batch."""
    body = json.dumps(FULL | {name: "#"}).replace('"#"', marker)
    assert list(read(body).faults) == [name]


@pytest.mark.parametrize("marker", ["NaN", "[Infinity]", '{"a": 1e400}'])
def test_what_is_not_json_under_an_unknown_key_is_a_fault_too(marker: str) -> None:
    """An unknown key is ignored, but an operation that holds NaN is not JSON."""
    assert list(read(spelled(f'"hello": {marker}')).faults) == [WHOLE]


def test_an_unusable_value_in_a_payload_is_left_for_its_column() -> None:
    """The handler knows what the column may hold, and names it."""
    operation = read(spelled('"payload": {"a": NaN, "b": [1e400]}'))
    assert operation.faults == {}
    assert operation.payload == {"a": Unusable("NaN"), "b": [Unusable("1e400")]}


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        (spelled('"payload": {"x": 1, "x": 1}'), {"payload": ('duplicate key "x"',)}),
        (spelled('"payload": {"a": [{"x": 1, "x": 2}], "y": 1, "y": 1}'), {"payload": ('duplicate key "y"', 'duplicate key "x"')}),
        (spelled('"payload": {}, "payload": {}'), {"payload": ('duplicate key "payload"',)}),
        (spelled(f'"op_id": "{ID}"'), {"op_id": ('duplicate key "op_id"',)}),
        (spelled('"hello": 1, "hello": 1'), {WHOLE: ('duplicate key "hello"',)}),
        (spelled('"hello": {"x": 1, "x": 1}'), {WHOLE: ('duplicate key "x"',)}),
        (spelled('"depends_on": [{"x": 1, "x": 1}]'), {"depends_on": ('duplicate key "x"',)}),
        (spelled(r'"payload": {"\u0000": 1, "\u0000": 1}'), {"payload": (r'duplicate key "\u0000"',)}),
        (spelled(r'"payload": {"\ud800": 1, "\ud800": 1}'), {"payload": (r'duplicate key "\ud800"',)}),
    ],
)  # fmt: skip
def test_a_duplicate_key_anywhere_is_a_fault(body: str, faults: dict[str, tuple[str, ...]]) -> None:
    """Of the envelope field that holds it, and its message can be stored anywhere."""
    assert read(body).faults == faults


def test_a_field_that_was_sent_twice_is_not_believed() -> None:
    """Neither value is better than the other: without a usable op_id nothing is kept."""
    assert read(spelled(f'"op_id": "{ROW}"')).op_id is None


def test_many_duplicate_keys_are_told_as_a_few() -> None:
    """An error is not a copy of the request."""
    pairs = ", ".join(f'"k{n}": 1, "k{n}": 2' for n in range(300))
    assert len(read(spelled(f'"payload": {{{pairs}}}')).faults["payload"]) == 10
    assert (
        len(read(spelled('"payload": {{"{}": 1, "{}": 1}}'.format("k" * 9000, "k" * 9000))).faults["payload"][0]) < 300
    )


@pytest.mark.parametrize("sent", ["null", "1", '"x"', "[]", "true", "NaN", "1e400", "[{}]"])
def test_an_element_that_is_no_object_is_an_operation_with_a_fault(sent: str) -> None:
    """It is answered at its position, with nothing in it."""
    operation = read(sent)
    assert list(operation.faults) == [WHOLE]
    assert (operation.position, operation.op_id, operation.payload) == (3, None, {})
    assert [operation.echo(name) for name in ("op_id", "entity", "entity_id")] == [None] * 3


def test_an_unknown_action_is_no_fault() -> None:
    """The engine has a code of its own for it: no action, and nothing in faults."""
    operation = read(FULL | {"action": "upsert"})
    assert (operation.action, operation.faults) == (None, {})
    assert read(FULL | {"action": "INSERT"}).action is None


@pytest.mark.parametrize(
    ("own", "batch", "result"), [(2, 3, 2), (None, 3, 3), (None, None, None), (2, None, 2), (2.0, 3, 2)]
)
def test_the_operations_own_schema_version_overrides_the_batchs(
    own: Any, batch: int | None, result: int | None
) -> None:
    """And counts as content either way."""
    operation = read(MINIMAL | {"schema_version": own}, schema_version=batch)
    assert operation.schema_version == result
    assert operation.fingerprint == read(MINIMAL, schema_version=result).fingerprint


def test_the_clock_of_the_client_is_corrected() -> None:
    """By the offset of its batch, never past now."""
    sent = FULL | {"client_timestamp": "2026-11-20T11:30:00Z"}
    assert read(sent, offset_ms=60_000).client_timestamp == NOON - timedelta(minutes=31)
    assert read(sent, offset_ms=-3_600_000).client_timestamp == NOON


def test_copies_of_an_operation_share_their_fingerprint() -> None:
    """Order, number spelling, letter case of the id, and everything that is not content may differ."""
    copy = {key: FULL[key] for key in reversed(FULL)} | {
        "op_id": ROW, "entity_id": ROW.lower(), "base_version": 4.0, "client_timestamp": None, "depends_on": [],
        "sync_group_id": None, "hello": 1,
    }  # fmt: skip
    assert read(copy).fingerprint == read(FULL).fingerprint


@pytest.mark.parametrize("name", ["entity", "action", "entity_id", "payload", "base_version", "schema_version"])
def test_operations_with_other_content_do_not(name: str) -> None:
    """Whether the other content can be used or not."""
    other = {"entity": "x", "action": "insert", "entity_id": ID, "payload": {}, "base_version": 5, "schema_version": 3}
    prints = {read(FULL | {name: value}).fingerprint for value in (FULL[name], other[name], BAD[name][0], BAD[name][1])}
    assert len(prints) == 4


def test_an_answer_repeats_ids_canonically_and_broken_ones_as_sent() -> None:
    """A client finds its operation again."""
    operation = read(FULL | {"op_id": "nonsense", "entity": 7})
    assert operation.echo("op_id") == "nonsense"
    assert operation.echo("entity") == 7
    assert operation.echo("entity_id") == ROW.lower()
