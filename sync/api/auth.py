"""POST /api/auth/token and /api/auth/refresh: a password, or a refresh token, for a pair of tokens.

Not here: rotation (`sync.auth.refresh`), nor memberships (the project's ActorDirectory).
"""

from __future__ import annotations

import json
from typing import Any, NoReturn
from uuid import UUID

from django.contrib.auth import authenticate
from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sync.api.body import read_body
from sync.auth.actors import directory, member
from sync.auth.refresh import TokenPair, log_in, refresh
from sync.protocol.codes import ProblemCode
from sync.protocol.limits import Limits
from sync.protocol.problems import Problem, malformed

MAX_BODY_BYTES = 32 * 1024
MAX_TEXT_CHARS = {"username": 254, "password": 4096, "tenant": 254, "refresh": 8192}


class OpenView(APIView):
    """A view for callers who have no token yet. An old token sent along is not even looked at."""

    authentication_classes = ()
    permission_classes = ()


class TokenView(OpenView):
    """Log in with username and password, for one of the user's tenants."""

    def post(self, request: Request) -> Response:
        """Errors: 400 `malformed`, 401 `unauthenticated`, 403 `forbidden`."""
        body = read_object(request)
        username, password = text(body, "username"), text(body, "password")
        tenant = text(body, "tenant") if body.get("tenant") is not None else None
        # Unknown names cost as long as known ones: Django runs the hasher for both.
        user = authenticate(request, username=username, password=password)
        if user is None:
            raise Problem(401, ProblemCode.UNAUTHENTICATED, "Username and password do not match.")
        return answer(log_in(member(user.pk, choose_tenant(user, tenant))))


class RefreshView(OpenView):
    """Exchange a refresh token for the next pair."""

    def post(self, request: Request) -> Response:
        """Errors: 400 `malformed`, 401 `token_expired`, `token_invalid`, 403 `forbidden`."""
        return answer(refresh(text(read_object(request), "refresh")))


def choose_tenant(user: AbstractBaseUser, wanted: str | None) -> UUID:
    """The tenant a login is for. It is asked after the password only: the list is nobody else's business."""
    tenants = directory().tenants(user)
    if not tenants:
        raise Problem(403, ProblemCode.FORBIDDEN, "You are no member of any tenant.")
    found = tenants if wanted is None else [t for t in tenants if wanted == t[1] or _is_id(wanted, t[0])]
    if not found:
        raise Problem(403, ProblemCode.FORBIDDEN, "You are no member of this tenant.")
    if len(found) > 1:
        raise Problem(
            400,
            ProblemCode.MALFORMED,
            "You are a member of several tenants; name one.",
            pointer="/tenant",
            extra={"tenants": [{"id": str(tenant_id), "name": name} for tenant_id, name in found]},
        )
    return found[0][0]


def answer(pair: TokenPair) -> Response:
    """Tokens in an answer that nobody on the way keeps."""
    return Response(
        {
            "access": pair.access,
            "refresh": pair.refresh,
            "token_type": "Bearer",
            "expires_in": pair.expires_in,
        },
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )


def read_object(request: Request) -> dict[str, Any]:
    """The JSON object of a small body. Errors: Problem 400 `malformed`, 413 `too_large`."""
    content = read_body(request._request, Limits(max_bytes=MAX_BODY_BYTES))
    try:
        body = json.loads(content.decode())
    except (ValueError, RecursionError):
        raise malformed("The body is not JSON in UTF-8.") from None
    if not isinstance(body, dict):
        raise malformed("The body is not a JSON object.")
    return body


def text(body: dict[str, Any], name: str) -> str:
    """A text member that a database and a hasher can take. Errors: Problem 400 `malformed` with a pointer."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        _refuse(name, "is required, as text")
    if len(value) > MAX_TEXT_CHARS[name]:
        _refuse(name, f"is longer than {MAX_TEXT_CHARS[name]} characters")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        _refuse(name, "holds a character that cannot be stored")
    return value


def _refuse(name: str, why: str) -> NoReturn:
    raise malformed(f"{name} {why}.", pointer=f"/{name}")


def _is_id(wanted: str, tenant_id: UUID) -> bool:
    try:
        return UUID(wanted) == tenant_id
    except ValueError:
        return False
