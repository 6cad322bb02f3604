"""From the Authorization header to credentials. No body is read and no database is asked.

Not here: the membership of the caller (`actors`). Source: RFC 6750, section 2.1.
"""

from __future__ import annotations

from sync.auth.conf import auth_conf
from sync.auth.credentials import Credentials
from sync.auth.issuers import read_external
from sync.auth.jwts import peek, token_invalid
from sync.auth.tokens import read_access
from sync.protocol.codes import ProblemCode
from sync.protocol.problems import Problem


def credentials_of(authorization: str | None) -> Credentials:
    """Verify the token of an Authorization header.

    Errors: Problem 401 `unauthenticated` when there is no bearer token, `token_expired`: refresh and send
    again, `token_invalid`: log in again. 503 `try_later` when keys of an external issuer are out of reach.
    """
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Problem(401, ProblemCode.UNAUTHENTICATED, "Send an access token: Authorization: Bearer <token>.")
    token = token.strip()
    if not token.isascii():
        raise token_invalid()
    seen = peek(token)
    if seen.issuer == auth_conf().ISSUER:
        return read_access(token, seen)
    return read_external(token, seen)
