"""Bytes to values: what is refused as a whole, what becomes a marker, and that both parsers agree."""

import contextlib
import string
import time
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync.protocol import strict_json
from sync.protocol.canonical import as_text
from sync.protocol.problems import Problem
from sync.protocol.strict_json import Document, RepeatedKeys, Unusable, decode, pointer, walk


def read(body: bytes, *, max_depth: int = 32, max_keys: int = 1000) -> Document:
    return decode(body, max_depth=max_depth, max_keys=max_keys)


def problem_of(body: bytes, **bounds: int) -> Problem:
    with pytest.raises(Problem) as caught:
        read(body, **bounds)
    assert (caught.value.status, caught.value.code) == (400, "malformed")
    return caught.value


numbers = st.one_of(
    st.integers(-(10**40), 10**40),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12),
)
documents = st.recursive(
    st.none() | st.booleans() | numbers | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(string.printable), inner, max_size=4),
    max_leaves=20,
)
# bytes that look like JSON more often than chance would have it
fragments = st.lists(
    st.sampled_from(
        [
            *'{}[]:," \n0123456789eE+-.',
            "true",
            "null",
            "NaN",
            "-Infinity",
            '"a"',
            '"b"',
            "1e400",
            "\\ud800",
            '\\"',
            '"operations":',
            "[[",
            "]]",
            "é",
            "\x00",
            "\ufeff",
        ]
    ),
    max_size=30,
).map(lambda pieces: "".join(pieces).encode())


@given(documents)
def test_both_parsers_read_good_json_alike(value: object) -> None:
    """Which of them ran cannot be seen in the result."""
    body = as_text(value).encode()
    fast = read(body)
    careful = strict_json._decode_carefully(body, 32, 1000)
    assert not fast.may_hold_markers
    assert fast.value == careful.value == value


@given(fragments | st.binary(max_size=60))
@example(b'"\\ud83d"')
@example(b'{"a":1e99999999999999999999}')
def test_any_bytes_give_a_document_or_a_problem(body: bytes) -> None:
    """Nothing else escapes, and where the fast parser is content the careful one agrees."""
    try:
        document = read(body)
    except Problem as problem:
        assert problem.status == 400  # noqa: PT017 - either is fine
        return
    assert document.value == strict_json._decode_carefully(body, 32, 1000).value


@pytest.mark.parametrize("spelled", ["12.50", "1e2", "-0.0", "0.1", "123456789012345678901234567890.5"])
def test_a_number_is_kept_exactly_as_spelled(spelled: str) -> None:
    """No binary fraction ever stands in between."""
    assert str(read(spelled.encode()).value) == str(Decimal(spelled))


def test_a_whole_number_is_an_int() -> None:
    """Of any length that a column could have."""
    assert read(b"[0, -7, 9007199254740993, 123456789012345678901234567890]").value == [
        0, -7, 9007199254740993, 123456789012345678901234567890
    ]  # fmt: skip


@pytest.mark.parametrize(
    "spelled",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1e400",
        "1e309",
        "1e-400",
        "1e999999999",
        "1e9999999999999999999",
        "9" * 310,
        "-" + "9" * 310,
        "9" * 5000,
        "1e-9999999999999999999",
    ],
)
def test_a_number_that_nobody_can_use_becomes_a_marker(spelled: str) -> None:
    """Its neighbours are read as if nothing had happened, and its spelling is kept."""
    document = read(b'{"a": %s, "b": [1.5, "x"]}' % spelled.encode())
    assert document.may_hold_markers
    assert document.value == {"a": Unusable(spelled), "b": [Decimal("1.5"), "x"]}


@pytest.mark.parametrize("spelled", ["1e308", "-9.9e308", "1e-308", "9" * 309])
def test_a_number_that_a_double_can_hold_is_usable(spelled: str) -> None:
    """The bound is the range of a double, for both parsers."""
    assert read(spelled.encode()).value == Decimal(spelled)
    assert not isinstance(strict_json._parse(spelled), Unusable)


def test_duplicate_keys_keep_every_pair() -> None:
    """Whatever the spelling of the key, and only in the object concerned."""
    value = read(rb'{"x": {"a": 1, "b": 2, "\u0061": 3}, "y": {"a": 4}}').value
    assert isinstance(value["x"], RepeatedKeys)
    assert value["x"].pairs == (("a", 1), ("b", 2), ("a", 3))
    assert value["x"].repeated == ["a"]
    assert type(value["y"]) is dict


@pytest.mark.parametrize(
    ("body", "text"),
    [(rb'"\u0000"', "\x00"), (rb'"\ud800"', "\ud800"), (rb'"\udc00x"', "\udc00x"), (rb'"\ud83d\ude00"', "😀")],
)
def test_strange_text_stays_text(body: bytes, text: str) -> None:
    """NUL and lone surrogates are found later, by whoever knows whose they are."""
    assert read(body).value == text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"a": "\xff"}', "not UTF-8: the byte at offset 7"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'{"a": 1} x', "line 1, column 10"),
        (b'{"a": 1}\n{"a": 1}', "line 2, column 1"),
        (b'{"a": 1,}', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 01}', "not JSON"),
        (b'{"a": .5}', "not JSON"),
        (b'{"a": 1.}', "not JSON"),
        (b'{"a": +1}', "not JSON"),
        (b'{"a": -NaN}', "not JSON"),
        (b'{"a": nan}', "not JSON"),
        (b'{"a": "\x00"}', "not JSON"),
        (b'{"a": "\n"}', "not JSON"),
        (b'{"a": "\\x"}', "not JSON"),
        (b'{"a": /* no */ 1}', "not JSON"),
        (b'{"a": [1, 2}', "not JSON"),
        (b"]", "not JSON"),
        (b'{"a": "', "not JSON"),
    ],
)
def test_what_is_not_json_is_malformed(body: bytes, said: str) -> None:
    """The detail says what to look for, the pointer says: all of it."""
    problem = problem_of(body)
    assert said in problem.detail
    assert problem.pointer == ""


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"a": [0, {"b": []}]}', "/a/1/b"),
        (b'{"a": [0, {"x": "[[", "b": [NaN]}]}', "/a/1/b"),
        (b'{"a": 1, "a": [[[1]]]}', "/a/0/0"),
        (rb'{"a/~\"[": [[[]]]}', '/a~1~0"[/0/0'),
    ],
)
def test_a_body_nested_too_deep_is_malformed_with_a_pointer(body: bytes, where: str) -> None:
    """The pointer names the first container that is one too many, whichever parser found it."""
    problem = problem_of(body, max_depth=3)
    assert problem.pointer == where
    assert "deeper than 3" in problem.detail


def test_the_deepest_body_that_is_allowed_is_read() -> None:
    """The bound itself is fine, by both parsers; one more is not."""
    assert read(b"[" * 32 + b"]" * 32)
    assert read(b"[" * 32 + b"NaN" + b"]" * 32)
    assert problem_of(b"[" * 33 + b"]" * 33).pointer == "/0" * 32


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 2_000_000,
        b"[" * 2_000_000 + b"]" * 2_000_000,
        b'{"a":' * 700_000,
        b'{"a":"' + b'\\"' * 2_000_000,
        b"]" * 2_000_000,
        b'"' * 4_000_001,
        b"1" * 4_000_000,
        b"-1." + b"1" * 4_000_000 + b"e400x",
        b"1e" + b"9" * 4_000_000 + b"x",
    ],
    ids=["open", "closed", "objects", "open string", "closing", "quotes", "digits", "fraction", "exponent"],
)
def test_a_hostile_body_is_answered_at_once(body: bytes) -> None:
    """No recursion, nothing quadratic: four megabytes of anything cost less than a second or two."""
    started = time.perf_counter()
    with contextlib.suppress(Problem):
        assert isinstance(read(body).value, Unusable)
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize("extra", ["", ', "bad": NaN', ', "k0": 0'])
def test_an_object_of_too_many_keys_is_malformed_with_a_pointer(extra: str) -> None:
    """Whichever parser found it; the bound itself is fine."""
    keys = ", ".join(f'"k{n}": 0' for n in range(11))
    assert problem_of(b'{"a": [{%s%s}]}' % (keys.encode(), extra.encode()), max_keys=10).pointer == "/a/0"
    assert read(b'{"a": [{%s}]}' % keys.encode(), max_keys=11)


def test_a_pointer_escapes_its_tokens_and_stops_before_a_huge_one() -> None:
    """RFC 6901 wants ~0 and ~1; a pointer to what contains the place is still right."""
    assert pointer(()) == ""
    assert pointer(("a/b", 0, "~", "")) == "/a~1b/0/~0/"
    assert pointer(("a", "k" * 10_000, 1)) == "/a"


def test_walk_visits_every_value_and_repeated_keys_each_time() -> None:
    """A marker under the first of two equal keys is found, too."""
    value = read(b'{"a": NaN, "a": [1], "b": {"c": null}}').value
    assert [path for path, _ in walk(value)] == [(), ("a",), ("a",), ("b",), ("a", 0), ("b", "c")]
