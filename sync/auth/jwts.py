"""One way to read a JWT, whoever signed it: a key, one list of algorithms, and every claim demanded by name.

Not here: which key (`tokens` for our own, `issuers` for others), nor what the claims mean.
Source: RFC 7519 (JWT), RFC 8725 (best current practices).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from jwt.types import Options

from sync.auth.conf import auth_conf
from sync.protocol.codes import ProblemCode
from sync.protocol.problems import Problem

MAX_TOKEN_CHARS = 8192  # before any parsing; what proxies allow for a header

# All that PyJWT and the json module raise for a crafted token.
UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """What an unverified token says about itself: good for choosing a key, for nothing else."""

    kid: str
    algorithm: str
    typ: str
    issuer: str


def peek(token: str) -> Peek:
    """Read the unverified token. Errors: Problem `token_invalid` for anything that is not a signed JWT."""
    if len(token) > MAX_TOKEN_CHARS:
        raise token_invalid()
    try:
        unverified = jwt.decode_complete(token, options={"verify_signature": False})
    except UNREADABLE:
        raise token_invalid() from None
    header, claims = unverified["header"], unverified["payload"]
    said = (header.get("kid"), header.get("alg"), header.get("typ", ""), claims.get("iss"))
    kid, algorithm, typ, issuer = (value if isinstance(value, str) else "" for value in said)
    return Peek(kid=kid, algorithm=algorithm, typ=typ.lower(), issuer=issuer)


def verified_claims(
    token: str, *, key: Any, algorithms: Iterable[str], issuer: str, audience: str, required: Iterable[str]
) -> dict[str, Any]:
    """The claims of a token that is signed, meant for us and in force.

    Errors: Problem `token_expired` only when nothing but its age is wrong; `token_invalid` for all else.
    """

    def decode(*, verify_exp: bool) -> dict[str, Any]:
        options: Options = {
            "require": list(required),
            "verify_exp": verify_exp,
            "enforce_minimum_key_length": True,
        }
        return jwt.decode(
            token,
            key,
            algorithms=list(algorithms),
            issuer=issuer,
            audience=audience,
            leeway=auth_conf().LEEWAY_SECONDS,
            options=options,
        )

    try:
        return decode(verify_exp=True)
    except jwt.ExpiredSignatureError:
        pass  # PyJWT looks at the clock before it looks at issuer and audience
    except UNREADABLE:
        raise token_invalid() from None
    try:
        decode(verify_exp=False)
    except UNREADABLE:
        raise token_invalid() from None
    raise Problem(401, ProblemCode.TOKEN_EXPIRED, "The token has expired.")


def uuid_claim(claims: dict[str, Any], name: str) -> UUID:
    """A claim that names one of our rows. Errors: Problem `token_invalid`."""
    value = claims.get(name)
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise token_invalid() from None


def token_invalid() -> Problem:
    """The token is not one that this server accepts here. Which check failed is nobody's business."""
    return Problem(401, ProblemCode.TOKEN_INVALID, "The token is not valid.")
