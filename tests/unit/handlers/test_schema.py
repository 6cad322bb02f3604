"""Payloads against the columns of a model."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from sync.handlers.schema import SERVER_COLUMNS, EntitySchema, UnsupportedField, columns, schema_of, spell
from sync.protocol import values
from sync.protocol.codes import Action
from sync.protocol.outcome import Outcome
from tests.unit.handlers.thing import WRITES, Thing, ThingHandler, payload

ID = UUID("0193a5b2-7c4e-7d10-8f3a-5b6c7d8e9f01")
HANDLER = ThingHandler()
SCHEMA = EntitySchema(HANDLER)


def read(action: Action, sent: dict[str, Any]) -> dict[str, Any]:
    """The values of a good payload."""
    found, fault = SCHEMA.read(action, sent)
    assert fault is None, fault
    return found


def faults(action: Action, sent: dict[str, Any]) -> tuple[str | None, dict[str, tuple[str, ...]]]:
    """(code, {field: messages}) of a bad one; no value of it is handed on."""
    found, fault = SCHEMA.read(action, sent)
    assert found == {}
    assert isinstance(fault, Outcome)
    assert fault.error is not None
    return fault.code, {name: tuple(messages) for name, messages in fault.error.fields.items()}


def test_every_kind_of_column_is_read_as_its_python_value() -> None:
    """One payload with all of them."""
    sent = payload(
        nick="l",
        remark="old",
        kind="large",
        tiny="0.00000001",
        count=4,
        few=0,
        many=2**60,
        done=True,
        day="2026-11-20",
        ref=str(ID),
        parent_id=str(ID).upper(),
    )
    assert read(Action.INSERT, sent) == {
        "title": "lamp",
        "nick": "l",
        "remark": "old",
        "kind": "large",
        "amount": Decimal("1.50"),
        "tiny": Decimal("0.00000001"),
        "count": 4,
        "few": 0,
        "many": 2**60,
        "done": True,
        "at": datetime(2026, 11, 20, 10, tzinfo=UTC),
        "day": date(2026, 11, 20),
        "ref": ID,
        "parent_id": ID,
    }


def test_columns_with_a_default_or_null_may_be_left_out() -> None:
    """What is not sent is not read: the model and the database know their defaults."""
    assert set(read(Action.INSERT, payload())) == {"title", "amount", "at"}
    assert [column.name for column in columns(HANDLER) if column.required] == ["title", "amount", "at"]


def test_an_update_carries_what_it_likes() -> None:
    """Required is a word about inserts."""
    assert read(Action.UPDATE, {"count": 5}) == {"count": 5}
    assert read(Action.UPDATE, {}) == {}


def test_all_faults_of_a_payload_are_reported_together() -> None:
    """Missing, null, wrong, too long, unknown: the person who mends it mends it once."""
    code, fields = faults(Action.INSERT, {"title": "far too long", "amount": None, "count": "4", "fax": 1})
    assert code == "invalid"
    assert fields == {
        "title": ("must have at most 5 characters",),
        "amount": ("must not be null",),
        "count": ("must be a whole number, not this string",),
        "fax": ("clients cannot write this column",),
        "at": ("is required",),
    }


def test_unknown_fields_alone_have_a_code_of_their_own() -> None:
    """Each is named, also one that is a column of the model."""
    code, fields = faults(Action.INSERT, payload(fax=1, version=7))
    assert code == "unknown_field"
    assert set(fields) == {"fax", "version"}


@pytest.mark.parametrize("name", [n for n in WRITES if n not in {"nick", "tiny", "many", "day", "ref", "parent_id"}])
@pytest.mark.parametrize("action", [Action.INSERT, Action.UPDATE])
def test_null_is_refused_where_the_column_is_not_null(action: Action, name: str) -> None:
    """A default is no reason to send null."""
    assert faults(action, payload(**{name: None})) == ("invalid", {name: ("must not be null",)})


@pytest.mark.parametrize("name", ["nick", "tiny", "many", "day", "ref", "parent_id"])
def test_null_is_read_where_the_column_may_be_null(name: str) -> None:
    """As None."""
    assert read(Action.UPDATE, {name: None}) == {name: None}


def test_empty_optional_text_is_null_when_there_is_a_null() -> None:
    """One way to say "nothing", so that equal rows compare equal; text without null stays empty."""
    assert read(Action.UPDATE, {"nick": "", "remark": ""}) == {"nick": None, "remark": ""}
    assert read(Action.UPDATE, {"nick": " "}) == {"nick": " "}


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u00a0"])
def test_required_text_is_not_empty_after_trimming(text: str) -> None:
    """And is kept untrimmed when there is something in it."""
    assert faults(Action.UPDATE, {"title": text}) == ("invalid", {"title": ("must not be empty",)})
    assert read(Action.UPDATE, {"title": " a "}) == {"title": " a "}


@pytest.mark.parametrize("value", ["medium", "Small", "", 1, True, ["small"]])
def test_choices_are_a_closed_set_of_strings(value: Any) -> None:
    """The message lists them."""
    code, fields = faults(Action.UPDATE, {"kind": value})
    assert code == "invalid"
    assert "one of: small, large" in fields["kind"][0]


def test_validators_of_the_model_are_asked() -> None:
    """In the words that the model gives them, after the type."""
    assert faults(Action.UPDATE, {"amount": "-0.01", "title": "LAMP"}) == (
        "invalid",
        {"amount": ("must be at least 0",), "title": ("must be lower case",)},
    )
    assert faults(Action.UPDATE, {"amount": "x"})[1]["amount"][0].startswith("must be a decimal number")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 2**31),
        ("count", -(2**31) - 1),
        ("few", -1),
        ("few", 2**15),
        ("many", 2**63),
        ("amount", "10000.00"),
        ("amount", "0.001"),
        ("done", 1),
        ("at", "2026-11-20T10:00:00"),
        ("day", "2026-11-31"),
        ("ref", "0193"),
        ("parent_id", 7),
        ("nick", 7),
        ("nick", "a\x00"),
    ],
)
def test_values_that_do_not_fit_their_column_are_refused(name: str, value: Any) -> None:
    """Before the database sees them; nothing is coerced or rounded."""
    code, fields = faults(Action.UPDATE, {name: value})
    assert (code, set(fields)) == ("invalid", {name})


def test_a_delete_carries_no_payload() -> None:
    """Columns are no better than unknown fields, but are named as what they are."""
    assert read(Action.DELETE, {}) == {}
    assert faults(Action.DELETE, {"title": "x", "fax": 1})[0] == "invalid"
    assert faults(Action.DELETE, {"fax": 1}) == ("unknown_field", {"fax": ("a delete carries no payload",)})


def test_a_row_is_published_as_payloads_are_spelled() -> None:
    """The server's columns, then those in `writes`, in their order; nothing else."""
    moment = datetime(2026, 11, 20, 5, 30, 0, 120, tzinfo=timezone(timedelta(hours=-5)))
    row = Thing(
        id=ID,
        version=3,
        created_at=moment,
        updated_at=moment,
        write_id=None,
        tenant_id=ID,
        title="lamp",
        amount=Decimal("12.50"),
        count=4,
        many=2**60,
        at=moment,
        day=date(2026, 11, 20),
        parent_id=ID,
        extra={"a": 1},
    )
    published = SCHEMA.publish(row)
    assert list(published) == [*SERVER_COLUMNS, *WRITES]
    assert published == {
        "id": str(ID),
        "version": 3,
        "created_at": "2026-11-20T10:30:00.000120Z",
        "updated_at": "2026-11-20T10:30:00.000120Z",
        "write_id": None,
        "title": "lamp",
        "nick": None,
        "remark": "",
        "kind": "small",
        "amount": "12.50",
        "tiny": None,
        "count": 4,
        "few": 0,
        "many": 2**60,
        "done": False,
        "at": "2026-11-20T10:30:00.000120Z",
        "day": "2026-11-20",
        "ref": None,
        "parent_id": str(ID),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", Decimal("0.00")),
        ("tiny", Decimal("12.50000000")),
        ("tiny", Decimal("0.00000001")),
        ("tiny", Decimal(0).scaleb(-8)),
        ("at", datetime(2026, 11, 20, tzinfo=UTC)),
        ("day", date(2026, 11, 20)),
        ("ref", ID),
        ("count", -1),
        ("done", True),
        ("kind", "large"),
    ],
)
def test_what_is_published_can_be_sent_back(name: str, value: Any) -> None:
    """A client that edits another column of the row it read sends the rest as it came."""
    assert read(Action.UPDATE, {name: spell(value)}) == {name: value}


def test_a_schema_is_compiled_once_per_handler() -> None:
    """Another handler of the same class, in a test, has its own."""
    assert schema_of(HANDLER) is schema_of(HANDLER)
    assert schema_of(ThingHandler()) is not schema_of(HANDLER)


def test_a_field_that_payloads_cannot_carry_is_named() -> None:
    """A system check reports it at start-up."""

    class Wrong(ThingHandler):
        writes = ("extra",)

    with pytest.raises(UnsupportedField, match="extra: payloads cannot carry a JSONField"):
        EntitySchema(Wrong())


def test_the_columns_describe_themselves() -> None:
    """What the OpenAPI document shows, in step with what the checks accept."""
    described = {column.name: dict(column.json_schema) for column in columns(HANDLER)}
    assert described["title"] == {"type": "string", "maxLength": 5}
    assert described["remark"] == {"type": "string"}
    assert described["kind"] == {"type": "string", "enum": ["small", "large"]}
    assert described["few"] == {"type": "integer", "minimum": 0, "maximum": 2**15 - 1}
    assert described["done"] == {"type": "boolean"}
    assert described["at"] == {"type": "string", "format": "date-time"}
    assert described["day"] == {"type": "string", "format": "date"}
    assert described["parent_id"] == {"type": "string", "format": "uuid"}
    assert described["amount"]["pattern"] == r"^-?\d{1,4}(\.\d{1,2})?$"


def test_a_check_says_what_is_wrong_as_a_fault() -> None:
    """The same function serves one value alone."""
    (title, *_) = columns(HANDLER)
    with pytest.raises(values.Fault, match="must not be null"):
        title.check(None)
