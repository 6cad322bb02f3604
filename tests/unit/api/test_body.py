"""Reading a body within its limit, however it is sent."""

import gzip
from io import BytesIO

import pytest
from django.test import RequestFactory

from sync.api.body import read_body
from sync.protocol.limits import Limits
from sync.protocol.problems import Problem

LIMITS = Limits(max_bytes=1_000)
BODY = b'{"operations": []}'


def request(body: bytes, **meta):
    return RequestFactory().generic("POST", "/", body, content_type="application/json", **meta)


def chunked(body: bytes, **meta):
    """As a WSGI server hands it over: no length, and a stream that ends."""
    made = request(body, **{"wsgi.input_terminated": True, **meta})
    made.META["CONTENT_LENGTH"] = ""
    made.META["wsgi.input"] = BytesIO(body)
    return made


def test_a_chunked_body_is_read_to_its_end():
    """Clients that compress as they send do not know the length."""
    assert read_body(chunked(BODY), LIMITS) == BODY
    assert read_body(chunked(gzip.compress(BODY), HTTP_CONTENT_ENCODING="gzip"), LIMITS) == BODY


def test_a_chunked_body_over_the_limit_is_refused():
    """Without holding more than the limit."""
    with pytest.raises(Problem) as caught:
        read_body(chunked(b" " * 5_000), LIMITS)
    assert caught.value.status == 413


def test_a_gzip_of_several_members_is_one_body():
    """RFC 1952 allows it, and some writers do it."""
    sent = gzip.compress(BODY[:5]) + gzip.compress(BODY[5:])
    assert read_body(request(sent, HTTP_CONTENT_ENCODING="gzip"), LIMITS) == BODY


@pytest.mark.parametrize("members", [1, 3])
def test_a_gzip_bomb_is_refused(members):
    """In one member or spread over several."""
    sent = gzip.compress(b" " * 600_000) if members == 1 else gzip.compress(b" " * 400) * members
    with pytest.raises(Problem) as caught:
        read_body(request(sent, HTTP_CONTENT_ENCODING="gzip"), LIMITS)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    "sent",
    [b"no gzip", gzip.compress(BODY)[:-3], gzip.compress(BODY) + b"tail"],
    ids=["no gzip", "broken off", "something behind it"],
)
def test_a_broken_gzip_is_malformed(sent):
    """It says so, instead of reading half of it."""
    with pytest.raises(Problem) as caught:
        read_body(request(sent, HTTP_CONTENT_ENCODING="gzip"), LIMITS)
    assert (caught.value.status, caught.value.code) == (400, "malformed")


@pytest.mark.parametrize("announced", ["9" * 5_000, "1001"])
def test_an_announced_length_over_the_limit_is_refused_before_reading(announced):
    """Any number of digits is just too many."""
    with pytest.raises(Problem) as caught:
        read_body(request(b"", CONTENT_LENGTH=announced), LIMITS)
    assert caught.value.status == 413
