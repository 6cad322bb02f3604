"""Decoded values as text and bytes: compared, kept, repeated."""

import json
import time
from decimal import Decimal
from typing import Any
from uuid import UUID

import jiter
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol.canonical import as_text, dumps, echoed, fingerprint, storable
from sync.protocol.strict_json import RepeatedKeys, Unusable, decode

ROW = UUID("0193a5b2-7c4e-7d10-8f3a-5b6c7d8e9f01")


def read(body: str | bytes) -> Any:
    return decode(body if isinstance(body, bytes) else body.encode(), max_depth=32, max_keys=1000).value


def content(**changed: Any) -> bytes:
    sent = {
        "entity": "sales", "action": "insert", "entity_id": ROW, "payload": {"total": "12.50"},
        "base_version": 4, "schema_version": 2,
    }  # fmt: skip
    return fingerprint(**(sent | changed))


def of(payload: Any) -> bytes:
    return content(payload=payload)


usable_decimals = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda d: -308 <= d.adjusted() <= 308)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | usable_decimals
    | st.text(st.characters())
    | st.text(st.characters(categories=["Cs"]), max_size=1)
    | st.sampled_from([Unusable("NaN"), Unusable("-Infinity"), Unusable("1e400"), "NaN", "1e400", "\x00"])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        | st.lists(st.tuples(st.sampled_from("ab"), inner), min_size=3, max_size=4).map(RepeatedKeys)
    ),
    max_leaves=12,
)
numbers = st.integers(-(10**30), 10**30) | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**300), max_value=10**300
)


def shuffled(value: Any) -> Any:
    if type(value) is dict:
        return {key: shuffled(child) for key, child in reversed(value.items())}
    if type(value) is list:
        return [shuffled(child) for child in value]
    return value


@given(values)
def test_the_order_of_keys_does_not_matter(value: Any) -> None:
    """At any depth."""
    assert of({"a": value, "b": 1}) == of({"b": 1, "a": shuffled(value)})


@given(numbers, st.integers(0, 20))
def test_the_spelling_of_a_number_does_not_matter(number: int | Decimal, zeros: int) -> None:
    """More zeros, an exponent, a point: it is the same number."""
    sign, digits, exponent = Decimal(number).as_tuple()
    padded = Decimal((sign, digits + (0,) * zeros, int(exponent) - zeros))
    assert of({"n": number}) == of({"n": padded})
    assert of({"n": number}) != of({"n": str(number)})


@pytest.mark.parametrize("spelled", ["1", "1.0", "1e0", "1.00", "10e-1", "0.1E+1"])
def test_every_spelling_of_one_is_one(spelled: str) -> None:
    """As sent by five libraries."""
    assert of(read(f'{{"n": {spelled}}}')) == of({"n": 1})


@pytest.mark.parametrize("spelled", ["0", "-0", "0.0", "-0.0", "0e5"])
def test_every_spelling_of_zero_is_zero(spelled: str) -> None:
    """Postgres has only one."""
    assert of(read(spelled)) == of(0)


def test_numbers_that_differ_in_the_last_digit_differ() -> None:
    """No double stands in between."""
    assert of(read("9007199254740993")) != of(read("9007199254740992"))
    assert of(read("0.1")) != of(read("0.10000000000000001"))


DIFFERENT: list[Any] = [
    None, True, False, 0, 1, -1, "", "0", "1", "true", "null", "1.5", Decimal("1.5"), Decimal("-1.5"), Decimal(15),
    Decimal("1.5e18"), Decimal("1.5e19"), [], {}, [None], [[]], [1, 2], [12], ["1", "2"], ["12"], {"a": 1}, {"a": "1"},
    {"a": {"b": 1}}, {"a": 1, "b": 1}, {"as1:b": "c"}, {"a": "s1:b"}, {"a": "b", "c": "d"}, {"a": "bs1:cs1:d"}, {"": ""},
    {"a": None}, Unusable("NaN"), "NaN", Unusable("Infinity"), Unusable("-Infinity"), "u3:NaN", [Unusable("NaN")],
    RepeatedKeys([("a", 1), ("a", 2)]), RepeatedKeys([("a", 2), ("a", 1)]), {"a": 2}, ["a", 1, "a", 2],
    RepeatedKeys([("a", 2), ("a", 2)]), "\x00", "\ud800", "\udc00", "\ufffd", "?", "😀", "é", "e\u0301", "\\ud800",
    Decimal("1e300"), Decimal("1e301"), 10**299, {"n": "i1;"}, {"n": 1}, "i1;",
]  # fmt: skip


def test_no_two_contents_share_a_fingerprint() -> None:
    """Types are kept apart, and no text can pretend to be structure."""
    assert len({of(value) for value in DIFFERENT}) == len(DIFFERENT)


@given(values, values)
def test_contents_that_read_differently_differ(one: Any, other: Any) -> None:
    """What is spelled differently and is not the same value has another fingerprint."""
    if of(one) == of(other):
        assert _comparable(one) == _comparable(other)


def _comparable(value: Any) -> Any:
    if isinstance(value, RepeatedKeys):
        return ("repeated", [(key, _comparable(child)) for key, child in value.pairs])
    if isinstance(value, dict):
        return {key: _comparable(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_comparable(child) for child in value]
    return (isinstance(value, bool), value)


@pytest.mark.parametrize(
    "changed",
    [
        {"entity": "sale"},
        {"action": "update"},
        {"entity_id": UUID(int=1)},
        {"entity_id": None},
        {"payload": {}},
        {"base_version": 5},
        {"base_version": None},
        {"base_version": "4"},
        {"schema_version": None},
        {"entity": "salesi", "action": "nsert"},
        {"base_version": 2, "schema_version": 4},
    ],
)
def test_every_part_of_the_content_counts(changed: dict[str, Any]) -> None:
    """And none can be pushed into its neighbour."""
    assert content(**changed) != content()


def test_an_id_counts_in_canonical_form() -> None:
    """Whether it comes as a UUID or as its text."""
    assert content(entity_id=str(ROW)) == content()
    assert len(content()) == 32


@pytest.mark.parametrize(
    "number",
    [Decimal("1e999999999"), Decimal("-1e-999999999"), 10**5000, Decimal("1." + "1" * 10**6)],
    ids=["huge", "tiny", "digits", "fraction"],
)
def test_a_huge_number_costs_nothing(number: Any) -> None:
    """The decoder does not let it through, but nothing depends on that."""
    started = time.perf_counter()
    of({"n": number})
    storable(number)
    as_text(Decimal(number))
    assert time.perf_counter() - started < 2


@given(values)
def test_nothing_that_can_be_decoded_makes_them_fail(value: Any) -> None:
    """Markers, NUL and surrogates included; the text is ASCII, the echo plain JSON."""
    of(value)
    assert as_text(value).isascii()
    json.dumps(echoed(value), allow_nan=False)
    if storable(value):
        assert of(read(dumps(value))) == of(value)


@given(values)
def test_text_that_is_kept_can_be_read_again(value: Any) -> None:
    """With the same decoder, to the same content: nothing of what was sent is lost."""
    assert of(read(as_text({"kept": value}))) == of({"kept": value})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('{"a": NaN, "b": [-Infinity, 1e400]}', '{"a":NaN,"b":[-Infinity,1e400]}'),
        ('{"a": 1, "a": 2}', '{"a":1,"a":2}'),
        (r'{"a": "\u0000\ud800é"}', r'{"a":"\u0000\ud800\u00e9"}'),
        ('{"a": 12.50, "b": 9007199254740993}', '{"a":12.50,"b":9007199254740993}'),
        ('[null, true, false, [], {}, "\\""]', '[null,true,false,[],{},"\\""]'),
    ],
)
def test_text_that_is_kept_looks_like_what_was_sent(sent: str, kept: str) -> None:
    """An admin reads it."""
    assert as_text(read(sent)) == kept


@pytest.mark.parametrize(
    "body",
    [
        r'"\u0000"',
        r'"\ud800"',
        r'{"\u0000": 1}',
        r'{"a": ["\udfff"]}',
        "NaN",
        '{"a": [1e400]}',
        '{"a": 1, "a": 1}',
        "0." + "1" * 1500,
        '{"a": {"b": 1, "b": 2}}',
    ],
)
def test_what_jsonb_cannot_hold_is_not_storable(body: str) -> None:
    """At any depth, in keys and in values."""
    assert not storable(read(body))


@pytest.mark.parametrize(
    "body", ["null", "true", '"é😀"', "12.50", "1e308", "-7", "[]", '{"a": [{"b": "c"}]}', "0." + "1" * 900]
)
def test_what_jsonb_can_hold_is_storable(body: str) -> None:
    """And is written for it exactly."""
    assert storable(read(body))
    assert of(read(dumps(read(body)))) == of(read(body))


def test_decimals_are_written_as_exact_numbers() -> None:
    """Neither strings nor doubles."""
    assert dumps({"a": Decimal("12.50"), "é": "é"}) == '{"a":12.50,"\\u00e9":"\\u00e9"}'
    assert dumps({"é": 1}) == '{"é":1}'


@pytest.mark.parametrize(
    ("sent", "repeated"),
    [
        ("null", None),
        ("true", True),
        ('"not-a-uuid"', "not-a-uuid"),
        ("7", 7),
        ("4.5", 4.5),
        ("0.10000000000000000001", "0.10000000000000000001"),
        ("NaN", "NaN"),
        ("1e400", "1e400"),
        ("[1, NaN]", [1, "NaN"]),
        ('{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_a_broken_field_is_repeated_as_sent(sent: str, repeated: Any) -> None:
    """As far as JSON can say it."""
    assert echoed(read(sent)) == repeated


def test_long_things_are_cut() -> None:
    """An answer never carries megabytes that nobody asked for."""
    assert echoed("x" * 10_000) == "x" * 200
    assert echoed(["x" * 10_000]) == '["' + "x" * 198
    assert echoed(Unusable("9" * 10_000)) == "9" * 200


@given(values)
def test_an_echo_can_be_read_by_any_parser(value: Any) -> None:
    """Of the strict kind, when no half of a surrogate pair was sent."""
    spelled = as_text(echoed(value))
    if storable(echoed(value)):
        jiter.from_json(spelled.encode(), allow_inf_nan=False)
