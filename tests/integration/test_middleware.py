"""Request ids: taken when they are fit for a log line, made otherwise, and always returned."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from sync.api.middleware import RequestIds, SyncIds, ids_of

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("given", ["a", "req-1", "0193 f", "{}[]\"'<>&;", "x" * 128, "~", "!"])
def test_a_sane_request_id_is_taken(given: str) -> None:
    """Printable ASCII up to 128 characters, as sent."""
    assert Client().get("/api/none", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", " ", "é", "x" * 129, "a\tb", "a\nb", "a\r\nSet-Cookie: b=c", "a\x7fb", "a\x00b"])
def test_any_other_is_replaced(given: str) -> None:
    """An id that could split a header or a log line is dropped, and a time-ordered one is made."""
    response = Client().get("/api/none", headers={"X-Request-ID": given})
    made = response["X-Request-ID"]
    assert UUID(made).version == 7
    assert response.json()["request_id"] == made
    assert "Set-Cookie" not in response


def test_each_request_has_its_own() -> None:
    """Two requests without an id are told apart."""
    assert Client().get("/api/none")["X-Request-ID"] != Client().get("/api/none")["X-Request-ID"]


@pytest.mark.parametrize("trace", [TRACE, TRACE[:-2] + "00", "cc" + TRACE[2:]])
def test_a_valid_traceparent_is_returned(trace: str) -> None:
    """As it is, of any version but ff."""
    assert Client().get("/api/none", headers={"traceparent": trace})["traceparent"] == trace


@pytest.mark.parametrize(
    "trace",
    [
        "", "x", TRACE.upper(), TRACE[:-1], TRACE + "0", TRACE + "-x", "ff" + TRACE[2:], TRACE.replace("-", ""),
        "00-" + "0" * 32 + TRACE[35:], TRACE[:36] + "0" * 16 + TRACE[52:], TRACE + "\n", " ", "é" * 55,
    ],
)  # fmt: skip
def test_an_invalid_traceparent_is_dropped(trace: str) -> None:
    """Source: W3C Trace Context. Zero ids and version ff are invalid."""
    assert "traceparent" not in Client().get("/api/none", headers={"traceparent": trace})


@pytest.mark.parametrize("address", ["/api/none", "/api/sync/batch", "/api/schema", "/healthz", "/nothing"])
def test_every_answer_has_them(address: str) -> None:
    """Errors and documents too."""
    response = Client().get(address, headers={"X-Request-ID": "mine", "traceparent": TRACE})
    assert (response["X-Request-ID"], response["traceparent"]) == ("mine", TRACE)


def test_log_lines_carry_them() -> None:
    """While the request runs, and not after it."""
    seen: dict[str, Any] = {}

    def view(request: HttpRequest) -> HttpResponse:
        seen.update(structlog.contextvars.get_contextvars())
        seen["ids"] = ids_of(request)
        return HttpResponse()

    RequestIds(view)(RequestFactory().get("/api/x", headers={"X-Request-ID": "mine", "traceparent": TRACE}))
    assert seen == {
        "request_id": "mine",
        "traceparent": TRACE,
        "ids": SyncIds(request_id="mine", traceparent=TRACE),
    }
    assert "request_id" not in structlog.contextvars.get_contextvars()


def test_without_the_middleware_an_id_is_made() -> None:
    """A project that forgot it gets answers all the same."""
    assert UUID(ids_of(RequestFactory().get("/")).request_id).version == 7


@pytest.mark.django_db
def test_the_process_says_that_it_lives(django_assert_num_queries: Any) -> None:
    """Without a database, for anybody, and not from a cache."""
    with django_assert_num_queries(0):
        response = Client().get("/healthz")
    assert (response.status_code, response.content, response["Cache-Control"]) == (200, b"ok\n", "no-store")
    assert Client().post("/healthz").status_code == 405
