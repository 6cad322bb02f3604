"""Issue and verify our own tokens: a short-lived one for access, a long-lived one that fetches the next.

The two kinds differ in their `typ` header and in their audience, and a token of any third kind differs from
both: none is ever accepted in the place of another. Not here: which refresh token is still good (`refresh`).
Source: RFC 8725, sections 3.8 (audience), 3.11 (explicit typing); RFC 9068 (at+jwt).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.core.exceptions import ImproperlyConfigured

from sync.auth.conf import SigningKey, auth_conf
from sync.auth.credentials import Credentials
from sync.auth.jwts import Peek, peek, token_invalid, uuid_claim, verified_claims

REQUIRED = ("sub", "aud", "iss", "exp", "nbf", "iat", "jti")


class TokenType(StrEnum):
    """What a token of ours is good for: its `typ` header."""

    ACCESS = "at+jwt"
    REFRESH = "rt+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshLink:
    """One link in the chain of refresh tokens of a login: what its token says."""

    family: UUID  # the RefreshToken row
    jti: UUID
    parent: UUID | None  # the link it was given for; None for the login's own
    user_id: UUID
    tenant_id: UUID


def issue_access(*, user_id: UUID, tenant_id: UUID) -> str:
    """A token that names user and tenant, and no role: roles are read per batch."""
    claims = {"sub": str(user_id), auth_conf().TENANT_CLAIM: str(tenant_id), "jti": str(uuid4())}
    return _signed(TokenType.ACCESS, claims, seconds=auth_conf().ACCESS_SECONDS)


def issue_refresh(link: RefreshLink) -> str:
    """The token of one link."""
    claims = {
        "sub": str(link.user_id),
        auth_conf().TENANT_CLAIM: str(link.tenant_id),
        "jti": str(link.jti),
        "family": str(link.family),
        "parent": str(link.parent) if link.parent else None,
    }
    return _signed(TokenType.REFRESH, claims, seconds=auth_conf().REFRESH_SECONDS)


def read_access(token: str, seen: Peek) -> Credentials:
    """Verify an access token of ours. Errors: Problem `token_expired`, `token_invalid`."""
    claims = _verified(TokenType.ACCESS, token, seen)
    return Credentials(
        issuer=claims["iss"],
        subject=claims["sub"],
        user_id=uuid_claim(claims, "sub"),
        tenant_id=uuid_claim(claims, auth_conf().TENANT_CLAIM),
        token_id=claims["jti"],
        expires_at=int(claims["exp"]),
    )


def read_refresh(token: str) -> RefreshLink:
    """Verify a refresh token of ours. Errors: Problem `token_expired`, `token_invalid`."""
    claims = _verified(TokenType.REFRESH, token, peek(token))
    return RefreshLink(
        family=uuid_claim(claims, "family"),
        jti=uuid_claim(claims, "jti"),
        parent=None if claims.get("parent") is None else uuid_claim(claims, "parent"),
        user_id=uuid_claim(claims, "sub"),
        tenant_id=uuid_claim(claims, auth_conf().TENANT_CLAIM),
    )


def assert_usable(key: SigningKey) -> None:
    """Errors: ImproperlyConfigured for a key that cannot sign."""
    _signing(key)


def _signed(kind: TokenType, claims: dict[str, Any], *, seconds: int) -> str:
    conf = auth_conf()
    if not conf.KEYS:
        raise ImproperlyConfigured(
            "There is no key to sign tokens with: SYNC_AUTH['KEYS'] is empty. Give it a kid and a secret of "
            "at least 32 bytes, for example in the environment: TOKEN_KEYS=2026a:<long random text>."
        )
    key = conf.KEYS[0]
    now = int(time.time())
    times = {"iat": now, "nbf": now, "exp": now + seconds}
    return jwt.encode(
        {"iss": conf.ISSUER, "aud": _audience(kind), **claims, **times},
        _signing(key),
        algorithm=key.algorithm,
        headers={"kid": key.kid, "typ": str(kind)},
    )


def _verified(kind: TokenType, token: str, seen: Peek) -> dict[str, Any]:
    conf = auth_conf()
    key = next((key for key in conf.KEYS if key.kid == seen.kid), None)
    if key is None or seen.typ != kind or seen.algorithm != key.algorithm:
        raise token_invalid()
    return verified_claims(
        token,
        key=_verifying(key),
        algorithms=[key.algorithm],
        issuer=conf.ISSUER,
        audience=_audience(kind),
        required=REQUIRED,
    )


def _audience(kind: TokenType) -> str:
    audience = auth_conf().AUDIENCE
    return audience if kind is TokenType.ACCESS else f"{audience}/refresh"


def _signing(key: SigningKey) -> str | Ed25519PrivateKey:
    return _private(key) if key.algorithm == "EdDSA" else key.key


def _verifying(key: SigningKey) -> str | Ed25519PublicKey:
    return _private(key).public_key() if key.algorithm == "EdDSA" else key.key


@cache
def _private(key: SigningKey) -> Ed25519PrivateKey:
    try:
        private = load_pem_private_key(key.key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise ImproperlyConfigured(f"Key {key.kid!r} is no Ed25519 private key in PEM without a password.")
    return private
