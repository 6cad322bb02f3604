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
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isdecimal() and int(announced) > limits.max_bytes:
        raise _over_the_limit(limits)
    stream: Any = request
    try:
        body = _read(stream, limits)
    except (UnreadablePostError, OSError) as error:
        raise malformed("The body broke off.") from error
    return _inflate(body, limits) if "gzip" in encoding else body


def _over_the_limit(limits: Limits) -> Problem:
    return too_large(f"The body is larger than {limits.max_bytes} bytes. Send fewer operations at a time.", limits)


def _read(stream: _Stream, limits: Limits) -> bytes:
    body = stream.read(limits.max_bytes + 1)
    if len(body) > limits.max_bytes:
        raise _over_the_limit(limits)
    return body


def _inflate(body: bytes, limits: Limits) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        inflated = inflater.decompress(body, limits.max_bytes + 1)
    except zlib.error as error:
        raise malformed("The body is not the gzip that Content-Encoding promises.") from error
    if len(inflated) > limits.max_bytes:
        raise _over_the_limit(limits)
    if not inflater.eof or inflater.unused_data:
        raise malformed("The gzip body breaks off, or something follows it.")
    return inflated
