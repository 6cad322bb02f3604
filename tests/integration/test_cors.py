"""Browser apps of allow-listed origins reach the API, others do not, and the admin is open to none."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

ALLOWED, STRANGER = "https://app.example", "https://evil.example"


@pytest.fixture(autouse=True)
def _origins(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ALLOWED]


def preflight(
    origin: str, address: str = "/api/sync/batch", *, method: str = "POST", asks: str = "authorization"
) -> Any:
    return Client().options(
        address,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": asks,
        },
    )


@pytest.mark.parametrize("address", ["/api/sync/batch", "/api/auth/token", "/api/auth/refresh", "/api/sync/limits"])
def test_an_allowed_origin_may_ask(address: str) -> None:
    """A preflight needs no token; it names every header an app of ours sends."""
    response = preflight(ALLOWED, address)
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == ALLOWED
    allowed = {name.strip() for name in response["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "content-encoding", "prefer", "x-request-id", "traceparent"} <= allowed
    assert "POST" in response["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    "origin",
    [STRANGER, "null", "http://app.example", "https://app.example.evil.example", "https://app.example:8443", ""],
)
def test_another_origin_may_not(origin: str) -> None:
    """Scheme, host and port all count."""
    assert "Access-Control-Allow-Origin" not in preflight(origin)
    answer = Client().get("/api/sync/limits", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize("address", ["/api/sync/limits", "/api/nothing", "/api/sync/batch"])
def test_an_error_can_be_read_by_the_app(address: str) -> None:
    """An answer without these headers looks like a network failure to a browser, and is sent again for ever."""
    response = Client().get(address, headers={"Origin": ALLOWED})
    assert response.status_code in {401, 404}
    assert response["Access-Control-Allow-Origin"] == ALLOWED
    exposed = {name.strip() for name in response["Access-Control-Expose-Headers"].split(",")}
    assert exposed == {"X-Sync-Rejected", "X-Request-ID", "Retry-After"}
    assert "origin" in response["Vary"].lower()


def test_cookies_are_not_for_other_origins() -> None:
    """The API knows no cookie, so no origin may send one."""
    assert "Access-Control-Allow-Credentials" not in preflight(ALLOWED)


@pytest.mark.parametrize("address", ["/admin/login/", "/healthz"])
@pytest.mark.django_db
def test_only_the_api_is_open(address: str) -> None:
    """A script of an allowed app has no business in the admin."""
    assert "Access-Control-Allow-Origin" not in preflight(ALLOWED, address)
    assert "Access-Control-Allow-Origin" not in Client().get(address, headers={"Origin": ALLOWED})
