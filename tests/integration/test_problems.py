"""Whatever goes wrong under the API's address, the answer is a problem in JSON that gives nothing away."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import Http404, HttpResponse
from django.http.request import UnreadablePostError
from django.test import Client, RequestFactory
from django.urls import include, path
from rest_framework import exceptions
from rest_framework.views import APIView

from sync.api import problems
from sync.api.problems import as_problem, log_unexpected, problem_response
from sync.protocol.codes import ProblemCode
from sync.protocol.problems import Problem

ACCEPTS = [None, "text/html", "application/xml", "image/*;q=0", "*/*", "nonsense", "application/json;v=9", ""]
CANARY = "row value 4711"


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem of RFC 9457, with our members; returns it."""
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    body: dict[str, Any] = json.loads(response.content)
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == response["X-Request-ID"]
    return body


class FailingView(APIView):
    """Raises what the address names."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Any, kind: str) -> None:
        raise KINDS[kind][0]


class StreamingHtml(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Any) -> HttpResponse:
        return HttpResponse("<h1>no</h1>", status=502)


def crash(request: Any) -> HttpResponse:
    """A view that is not DRF's."""
    raise ZeroDivisionError(CANARY)


def refuse(request: Any, kind: str) -> HttpResponse:
    raise {"403": PermissionDenied, "400": SuspiciousOperation, "404": Http404}[kind](CANARY)


urlpatterns = [
    path("api/fail/<str:kind>", FailingView.as_view()),
    path("api/crash", crash),
    path("api/refuse/<str:kind>", refuse),
    path("api/html", StreamingHtml.as_view()),
    path("page/refuse/<str:kind>", refuse),
    path("page/crash", crash),
    path("api/", include("sync.api.urls")),
]
handler400 = "sync.api.problems.handler400"
handler403 = "sync.api.problems.handler403"
handler404 = "sync.api.problems.handler404"
handler500 = "sync.api.problems.handler500"

KINDS: dict[str, tuple[Exception, int, str]] = {
    "problem": (Problem(409, ProblemCode.IN_FLIGHT, "wait", retry_after=3), 409, "in_flight"),
    "http404": (Http404(CANARY), 404, "not_found"),
    "drf404": (exceptions.NotFound(CANARY), 404, "not_found"),
    "denied": (PermissionDenied(CANARY), 403, "forbidden"),
    "drf403": (exceptions.PermissionDenied(CANARY), 403, "forbidden"),
    "method": (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
    "406": (exceptions.NotAcceptable(CANARY), 406, "malformed"),
    "415": (exceptions.UnsupportedMediaType(CANARY), 415, "malformed"),
    "parse": (exceptions.ParseError(CANARY), 400, "malformed"),
    "validation": (exceptions.ValidationError({"a": [CANARY]}), 400, "malformed"),
    "throttled": (exceptions.Throttled(wait=7.4), 429, "try_later"),
    "drf500": (exceptions.APIException(CANARY), 500, "internal_error"),
    "big": (RequestDataTooBig(CANARY), 413, "too_large"),
    "suspicious": (SuspiciousOperation(CANARY), 400, "malformed"),
    "cut": (UnreadablePostError(CANARY), 400, "malformed"),
    "database": (OperationalError(CANARY), 503, "try_later"),
    "interface": (InterfaceError(CANARY), 503, "try_later"),
    "sql": (ProgrammingError(CANARY), 500, "internal_error"),
    "bug": (KeyError(CANARY), 500, "internal_error"),
    "recursion": (RecursionError(CANARY), 500, "internal_error"),
    "memory": (MemoryError(), 500, "internal_error"),
}


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("accept", ["text/html", None])
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_exception_of_a_view_is_a_problem(settings: Any, kind: str, debug: bool, accept: str | None) -> None:
    """Ours, DRF's, Django's and everybody's; none of them says what it was told."""
    settings.DEBUG = debug
    _, status, code = KINDS[kind]
    headers = {"Accept": accept} if accept else {}
    response = Client().get(f"/api/fail/{kind}", headers=headers)
    assert_problem(response, status, code)
    assert CANARY not in response.content.decode()


@pytest.mark.urls(__name__)
def test_waiting_times_are_in_the_header() -> None:
    """In seconds, in whole ones, and in the body too for clients that see no headers."""
    for kind, seconds in (("problem", "3"), ("throttled", "8"), ("database", "5")):
        response = Client().get(f"/api/fail/{kind}")
        assert (response["Retry-After"], str(response.json()["retry_after"])) == (seconds, seconds)
    assert "Retry-After" not in Client().get("/api/fail/bug")


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("crash", 500, "internal_error"),
        ("refuse/403", 403, "forbidden"),
        ("refuse/400", 400, "malformed"),
        ("refuse/404", 404, "not_found"),
        ("html", 502, "internal_error"),
    ],
)
def test_pages_that_django_makes_are_problems_too(
    settings: Any, debug: bool, address: str, status: int, code: str
) -> None:
    """A view that is not DRF's, with DEBUG and its pages as without."""
    settings.DEBUG = debug
    response = Client(raise_request_exception=False).get(f"/api/{address}")
    assert_problem(response, status, code)
    assert CANARY not in response.content.decode()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("address", ["page/crash", "page/refuse/403", "page/refuse/404", "page/refuse/400", "no"])
def test_other_addresses_keep_their_pages(address: str) -> None:
    """The admin's errors are read by people."""
    response = Client(raise_request_exception=False).get(f"/{address}")
    assert response["Content-Type"].startswith("text/html")
    assert CANARY not in response.content.decode()


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize(
    "address", ["", "nothing", "sync/batch/", "sync", "auth/token.json", "%00", "é", "a//b", "sync/operations/x"]
)
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch", "options"])
def test_an_unknown_address_is_a_problem(
    settings: Any, debug: bool, accept: str | None, address: str, method: str
) -> None:
    """Also with DEBUG, where Django would answer with a page."""
    settings.DEBUG = debug
    headers = {"Accept": accept} if accept is not None else {}
    assert_problem(getattr(Client(), method)(f"/api/{address}", headers=headers), 404, "not_found")


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize(
    ("method", "address"), [("put", "auth/token"), ("get", "auth/refresh"), ("options", "auth/token")]
)
def test_a_wrong_method_is_a_problem(accept: str | None, method: str, address: str) -> None:
    """With the header that says which ones there are."""
    headers = {"Accept": accept} if accept is not None else {}
    response = getattr(Client(), method)(f"/api/{address}", headers=headers)
    assert_problem(response, 405, "method_not_allowed")
    assert "POST" in response["Allow"]


@pytest.mark.parametrize("accept", ACCEPTS)
def test_no_accept_header_changes_an_answer(accept: str | None) -> None:
    """Neither HTML nor 406: clients that say odd things get JSON."""
    headers = {"Accept": accept} if accept is not None else {}
    assert_problem(Client().get("/api/sync/limits", headers=headers), 401, "unauthenticated")
    assert_problem(Client().get("/api/sync/limits?format=html", headers=headers), 401, "unauthenticated")
    assert "json" in Client().get("/api/schema", headers=headers)["Content-Type"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data", "", "a/b; charset=utf-9"]
)
def test_no_content_type_is_refused(content_type: str) -> None:
    """The body is JSON, whatever it is called."""
    response = Client().generic("POST", "/api/auth/token", b"{}", content_type=content_type)
    assert assert_problem(response, 400, "malformed")["pointer"] == "/username"


def test_a_foreign_host_is_a_problem(settings: Any) -> None:
    """Django refuses it before any view."""
    settings.ALLOWED_HOSTS = ["here.example"]
    settings.HTTPS_ONLY = False
    client = Client(raise_request_exception=False)
    response = client.get("/api/sync/limits", headers={"Host": "evil.example"})
    assert response.status_code in {400, 401}
    assert response["Content-Type"] == "application/problem+json"


def test_an_unexpected_error_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    """Classes and frames are enough to find the place; the text of a driver's error holds values of rows."""
    try:
        try:
            raise ValueError(CANARY)
        except ValueError as error:
            raise ProgrammingError(CANARY) from error
    except ProgrammingError as error:
        with caplog.at_level(logging.ERROR):
            log_unexpected(error)
    (record,) = caplog.records
    text = str(record.msg)
    assert "ProgrammingError" in text
    assert "ValueError" in text
    assert "test_problems.py" in text
    assert CANARY not in text


@pytest.mark.urls(__name__)
def test_only_mistakes_are_logged_as_errors(caplog: pytest.LogCaptureFixture) -> None:
    """A refusal is no event."""
    with caplog.at_level(logging.ERROR, logger="sync"):
        Client().get("/api/fail/denied")
        assert not [r for r in caplog.records if r.name.startswith("sync")]
        Client().get("/api/fail/bug")
        assert [r.name for r in caplog.records if r.name.startswith("sync")] == ["sync.api.problems"]


def test_a_pointer_with_half_a_character_is_still_json() -> None:
    """A client's own key is echoed; the answer can be read all the same."""
    problem = Problem(400, ProblemCode.MALFORMED, "x", pointer="/\ud800/\0", extra={"limits": {"max": 1}})
    response = problem_response(problem, RequestFactory().get("/api/"))
    assert response.content.isascii()
    assert json.loads(response.content)["limits"] == {"max": 1}


def test_every_plain_status_has_a_code() -> None:
    """A bare status of Django or DRF is told by a code of ours."""
    for status in range(400, 600):
        problem = problems.plain_problem(status)
        assert problem.code in set(ProblemCode)
    assert as_problem(ValueError()).status == 500
