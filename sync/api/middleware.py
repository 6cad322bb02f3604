"""RequestIds: names for each request, in its logs and in its answer, and JSON errors under the API's address.

Source: W3C Trace Context, section 3.2 (traceparent).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from sync.api.problems import API_PREFIX, as_problem_page
from sync.protocol.ids import uuid7

SANE_ID = re.compile(r"[!-~]([ -~]{0,126}[!-~])?")  # printable ASCII, at most 128 characters
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncIds:
    """How this request is called in logs and in its answer; `traceparent` is empty when none came along."""

    request_id: str
    traceparent: str = ""


class RequestIds:
    """Set `request.sync_ids`, bind it to every log line, and return it in the headers of the answer.

    Answers that Django itself makes under the API's address (a debug page, a refused host) become problems
    here: a client there reads JSON, whatever went wrong.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        ids = read_ids(request)
        request.sync_ids = ids  # type: ignore[attr-defined]
        bound = {"request_id": ids.request_id}
        if ids.traceparent:
            bound["traceparent"] = ids.traceparent
        with structlog.contextvars.bound_contextvars(**bound):
            response = self._get_response(request)
        if request.path_info.startswith(API_PREFIX) and isinstance(response, HttpResponse):
            as_problem_page(request, response)
        response["X-Request-ID"] = ids.request_id
        if ids.traceparent:
            response["traceparent"] = ids.traceparent
        return response


def read_ids(request: HttpRequest) -> SyncIds:
    """Take the ids of the request where they are fit for a log line, make the request id where it is not."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    trace = request.META.get("HTTP_TRACEPARENT", "")
    return SyncIds(
        request_id=given if SANE_ID.fullmatch(given) else str(uuid7()),
        traceparent=trace if TRACEPARENT.fullmatch(trace) else "",
    )


def ids_of(request: Any) -> SyncIds:
    """The ids of a request, Django's or DRF's. Made on the spot where the middleware is not installed."""
    ids = getattr(request, "sync_ids", None)
    return ids if isinstance(ids, SyncIds) else SyncIds(request_id=str(uuid7()))
