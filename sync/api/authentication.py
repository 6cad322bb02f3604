"""Authentication of API requests: a bearer token, decided before the body is touched; never a session cookie.

Not here: verification (`sync.auth`), nor what the caller may write (the handlers' scope and rules).
"""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from sync.auth.actors import actor_for
from sync.auth.bearer import credentials_of
from sync.auth.credentials import Credentials
from sync.protocol.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`request.user` of an API request: authenticated by its token, not yet looked up in the database."""

    pk: str  # issuer and subject: what throttles count by
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <JWT>`, without a query: `request.auth` holds the credentials.

    A browser's session is no way in: what a cookie allows, a page of another origin can make a browser do.
    """

    def authenticate(self, request: Request) -> tuple[Caller, Credentials]:
        """Errors: Problem 401 with the reason as its code; 503 when an issuer's keys are out of reach."""
        credentials = credentials_of(request.META.get("HTTP_AUTHORIZATION"))
        return Caller(pk=f"{credentials.issuer}|{credentials.subject}"), credentials

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return "Bearer"


def actor_of(request: Request) -> Actor:
    """The caller with tenant and roles as the database has them now: one query.

    Errors: Problem 403 `forbidden` when the user is disabled or no member of the tenant.
    """
    if not isinstance(request.auth, Credentials):
        raise TypeError("actor_of() needs a view whose authentication is BearerAuthentication.")
    return actor_for(request.auth)
