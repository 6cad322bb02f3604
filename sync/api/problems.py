"""Every error under the API's address as problem+json, whoever raised it.

Not here: the codes (`sync.protocol.codes`). Source: RFC 9457; RFC 6750, section 3 (WWW-Authenticate).
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from django.core.exceptions import (
    ImproperlyConfigured,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views import defaults
from rest_framework.exceptions import APIException, Throttled

from sync.conf import conf
from sync.protocol.codes import ProblemCode
from sync.protocol.problems import Problem

API_PREFIX = "/api/"
CONTENT_TYPE = "application/problem+json"

log = structlog.get_logger(__name__)

# {status: (code, text)} of errors that come from Django and DRF without a code of ours
PLAIN: Mapping[int, tuple[ProblemCode, str]] = {
    400: (ProblemCode.MALFORMED, "The request cannot be read."),
    401: (ProblemCode.UNAUTHENTICATED, "Send an access token: Authorization: Bearer <token>."),
    403: (ProblemCode.FORBIDDEN, "You may not do this."),
    404: (ProblemCode.NOT_FOUND, "There is nothing at this address."),
    405: (ProblemCode.METHOD_NOT_ALLOWED, "This address does not answer this method."),
    413: (ProblemCode.TOO_LARGE, "The request is larger than the limit."),
    429: (ProblemCode.TRY_LATER, "Too many requests."),
    503: (ProblemCode.TRY_LATER, "The server has passing trouble; the same request is safe to send again."),
}
# ((exceptions), status), the first that fits
STATUSES: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((Http404,), 404),
    ((PermissionDenied,), 403),
    ((OperationalError, InterfaceError), 503),
    ((RequestDataTooBig,), 413),
    ((SuspiciousOperation, UnreadablePostError), 400),
)
UNEXPECTED = (ProblemCode.INTERNAL_ERROR, "The server made a mistake; it has been logged.")


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """DRF's hook: the answer to anything a view raised. An unexpected error is logged, with its trace."""
    problem = as_problem(exc)
    if problem.code is ProblemCode.INTERNAL_ERROR:
        log_unexpected(exc)
    return problem_response(problem, context.get("request"))


def as_problem(exc: Exception) -> Problem:
    """What a client is told about an exception: nothing of its text unless it is a Problem."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, Throttled):
        return plain_problem(429, retry_after=max(1, round(getattr(exc, "wait", None) or 1)))
    if isinstance(exc, APIException):
        return plain_problem(exc.status_code)
    status = next((status for kinds, status in STATUSES if isinstance(exc, kinds)), 500)
    return plain_problem(status, retry_after=conf().RETRY_AFTER_S if status == 503 else None)


def plain_problem(status: int, *, retry_after: int | None = None) -> Problem:
    """The problem that goes with a bare status."""
    fallback = PLAIN[400] if status < 500 else UNEXPECTED
    code, detail = PLAIN.get(status, fallback)
    return Problem(status, code, detail, retry_after=retry_after)


def problem_response(problem: Problem, request: Any = None) -> HttpResponse:
    """The answer itself: always JSON, whatever the client says it accepts."""
    response = HttpResponse(status=problem.status)
    _fill(response, problem, request)
    return response


def as_problem_page(request: HttpRequest, response: HttpResponse) -> None:
    """Turn an error page that Django made itself into a problem; leave answers in JSON as they are."""
    if response.status_code >= 400 and "json" not in response.get("Content-Type", ""):
        _fill(response, plain_problem(response.status_code), request)


def _fill(response: HttpResponse, problem: Problem, request: Any) -> None:
    ids = getattr(request, "sync_ids", None)
    body = problem.as_json(request_id=ids.request_id if ids else None)
    # ASCII only, so that a lone surrogate in a pointer cannot break the answer.
    response.content = json.dumps(body, allow_nan=False, default=str).encode()
    response["Content-Type"] = CONTENT_TYPE
    response["Cache-Control"] = "no-store"
    if problem.retry_after is not None:
        response["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        is_about_a_token = problem.code in {ProblemCode.TOKEN_EXPIRED, ProblemCode.TOKEN_INVALID}
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"' if is_about_a_token else "Bearer"


def log_unexpected(exc: BaseException) -> None:
    """One line with the classes and the trace, without the texts: those of a driver hold values of rows."""
    chain = list(_chain(exc))
    frames = [line for error in reversed(chain) for line in traceback.format_tb(error.__traceback__)]
    log.error(
        "internal_error",
        error=[type(error).__qualname__ for error in chain],
        trace="".join(frames),
        # The one kind of text that is written for whoever reads the log.
        hints=[str(error) for error in chain if isinstance(error, ImproperlyConfigured)],
    )


def _chain(exc: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while exc is not None and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        exc = exc.__cause__ or exc.__context__


# -- Django's own error pages: JSON under the API's address, HTML elsewhere --------------------------------


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django refuses to handle, for example for another host."""
    return _page(request, 400) or defaults.bad_request(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that is not allowed."""
    return _page(request, 403) or defaults.permission_denied(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that leads nowhere."""
    return _page(request, 404) or defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    """An error outside any view of the API."""
    return _page(request, 500) or defaults.server_error(request)


def _page(request: HttpRequest, status: int) -> HttpResponse | None:
    if not request.path_info.startswith(API_PREFIX):
        return None
    return problem_response(plain_problem(status), request)
