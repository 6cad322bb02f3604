"""The body of a request: read within its limit, inflated within its limit.

Not here: what the bytes mean (`sync.protocol.envelope`).
"""

from __future__ import annotations

import zlib
from typing import Any, Protocol

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from sync.protocol.limits import Limits
from sync.protocol.problems import Problem, malformed, too_large

_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to ask for a gzip header


class _Stream(Protocol):
    def read(self, size: int) -> bytes: ...


def read_body(request: HttpRequest, limits: Limits) -> bytes:
    """The body, inflated when it says it is gzip.

    Errors: Problem 413 beyond `max_bytes`, before more than that is held in memory; Problem 400 for a body that
    breaks off, is no gzip, or is encoded in another way.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", ""}:
        raise malformed("Content-Encoding must be gzip, or be left out.")
    if announced_length(request) > limits.max_bytes:
        raise _over_the_limit(limits)
    stream = stream_of(request)
    try:
        body = _read(stream, limits)
    except (UnreadablePostError, OSError) as error:
        raise malformed("The body broke off.") from error
    return _inflate(body, limits) if "gzip" in encoding else body


def announced_length(request: HttpRequest) -> int:
    """Bytes the client says it sends; 0 when it does not say. Any number beyond reason is as good as infinite."""
    announced = request.META.get("CONTENT_LENGTH") or ""
    return int(announced[:18]) if announced.isdecimal() else 0


def stream_of(request: HttpRequest) -> Any:
    """Where to read from. A chunked body has no length: Django takes it for empty, the server knows its end."""
    if not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated"):
        return request.META["wsgi.input"]
    return request


def _over_the_limit(limits: Limits) -> Problem:
    return too_large(f"The body is larger than {limits.max_bytes} bytes. Send fewer operations at a time.", limits)


def _read(stream: _Stream, limits: Limits) -> bytes:
    body = stream.read(limits.max_bytes + 1)
    if len(body) > limits.max_bytes:
        raise _over_the_limit(limits)
    return body


def _inflate(body: bytes, limits: Limits) -> bytes:
    """Every member of the gzip: a stream may be written in several. Source: RFC 1952, section 2.2."""
    inflated = b""
    while body:
        inflater = zlib.decompressobj(_GZIP)
        try:
            inflated += inflater.decompress(body, limits.max_bytes + 1 - len(inflated))
        except zlib.error as error:
            raise malformed("The body is not the gzip that Content-Encoding promises.") from error
        if len(inflated) > limits.max_bytes:
            raise _over_the_limit(limits)
        if not inflater.eof:
            raise malformed("The gzip body breaks off.")
        body = inflater.unused_data
    return inflated
