"""Settings of authentication, read in one place from `settings.SYNC_AUTH`.

Each has a default, a unit and a reason here. Not here: the settings of batches (`sync.conf`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

DAY = 86_400
KID = re.compile(r"[\w.-]{1,64}", re.ASCII)
OWN_ALGORITHMS = ("HS256", "EdDSA")
# Public keys only: with a shared secret whoever can verify can also sign.
EXTERNAL_ALGORITHMS = frozenset(f"{family}{size}" for family in ("RS", "PS", "ES") for size in (256, 384, 512)) | {
    "EdDSA"
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key of our own ring, and the one algorithm it is good for.

    Shape: `key` is a shared secret of at least 32 bytes for HS256, a private key in PEM for EdDSA.
    """

    kid: str
    key: str = field(repr=False)
    algorithm: str = "HS256"

    def __post_init__(self) -> None:
        if not KID.fullmatch(self.kid):
            raise ImproperlyConfigured("A kid in SYNC_AUTH['KEYS'] is 1 to 64 letters, digits, '.', '_' or '-'.")
        if self.algorithm not in OWN_ALGORITHMS:
            raise ImproperlyConfigured(f"Key {self.kid!r}: the algorithm is one of {', '.join(OWN_ALGORITHMS)}.")
        if self.algorithm == "HS256" and len(self.key.encode()) < 32:
            raise ImproperlyConfigured(
                f"Key {self.kid!r} is shorter than 32 bytes. Make one: python -c 'import secrets; "
                "print(secrets.token_urlsafe(48))'"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalIssuer:
    """Somebody else whose tokens we accept, and where their public keys are."""

    issuer: str
    jwks_url: str
    audience: str
    algorithms: tuple[str, ...] = ("RS256",)
    tenant_claim: str = "tenant"

    def __post_init__(self) -> None:
        if unfit := sorted(set(self.algorithms) - EXTERNAL_ALGORITHMS) or not self.algorithms:
            raise ImproperlyConfigured(f"Issuer {self.issuer!r}: no algorithms for public keys: {unfit}.")
        scheme = urlsplit(self.jwks_url).scheme
        if scheme != "https" and not (scheme == "http" and settings.DEBUG):
            raise ImproperlyConfigured(f"Issuer {self.issuer!r}: jwks_url must be https (http only with DEBUG).")
        if not (self.issuer and self.audience):
            raise ImproperlyConfigured("Each of SYNC_AUTH['ISSUERS'] names its issuer and our audience there.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthConf:
    """What a project may change."""

    # Our ring: {"kid", "key", "algorithm"} each, or "kid:secret" for HS256. The first signs, all verify: a
    # new key is put in second place on every server, then first; the old one goes when its last token has
    # expired.
    # HS256 is the default because nobody but this server verifies what it signs: a secret is one line in the
    # environment, and checking it costs a fraction of a public-key signature.
    KEYS: tuple[SigningKey, ...] = ()
    ISSUER: str = "sync"  # `iss` of our tokens
    AUDIENCE: str = "sync"  # `aud` of our access tokens
    TENANT_CLAIM: str = "tenant"  # claim of our tokens that names the tenant
    ACCESS_SECONDS: int = 900  # an access token is not asked for at the database, so it must not live long
    REFRESH_SECONDS: int = 180 * DAY  # from each refresh on: a season without network must not log a device out
    GRACE_SECONDS: int = 30  # how long an overtaken refresh token still works, for tabs that refresh together
    LEEWAY_SECONDS: int = 10  # how far clocks of servers may differ
    ISSUERS: tuple[ExternalIssuer, ...] = ()
    JWKS_SECONDS: int = 300  # how long fetched keys are taken as they are
    JWKS_STALE_SECONDS: int = DAY  # how long they serve when their issuer cannot be reached
    JWKS_PAUSE_SECONDS: int = 60  # at least between two fetches, whatever tokens arrive: no amplification
    JWKS_TIMEOUT_SECONDS: float = 3.0  # of one fetch: a request waits for it


@cache
def auth_conf() -> AuthConf:
    """The settings in force. Errors: ImproperlyConfigured says which key of `settings.SYNC_AUTH` is wrong."""
    given: dict[str, Any] = dict(getattr(settings, "SYNC_AUTH", {}))
    if unknown := sorted(given.keys() - {f.name for f in fields(AuthConf)}):
        raise ImproperlyConfigured(f"settings.SYNC_AUTH has unknown keys: {', '.join(unknown)}")
    given["KEYS"] = _keys(given.get("KEYS", ()))
    given["ISSUERS"] = _issuers(given.get("ISSUERS", ()), ours=given.get("ISSUER", "sync"))
    return AuthConf(**given)


def _keys(given: Sequence[str | Mapping[str, str]]) -> tuple[SigningKey, ...]:
    ring = tuple(_key(entry) for entry in given)
    if len({key.kid for key in ring}) < len(ring):
        raise ImproperlyConfigured("Two of SYNC_AUTH['KEYS'] have the same kid.")
    return ring


def _key(entry: str | Mapping[str, str]) -> SigningKey:
    if isinstance(entry, str):
        kid, colon, secret = entry.partition(":")
        if not colon:  # said without the text, which is probably a secret
            raise ImproperlyConfigured("Each of SYNC_AUTH['KEYS'] begins with a kid and a colon: 2026a:<secret>.")
        return SigningKey(kid=kid, key=secret)
    try:
        return SigningKey(**entry)
    except TypeError:
        raise ImproperlyConfigured('Each of SYNC_AUTH["KEYS"] is {"kid", "key", "algorithm"}.') from None


def _issuers(given: Sequence[Mapping[str, Any]], *, ours: str) -> tuple[ExternalIssuer, ...]:
    try:
        issuers = tuple(_issuer(**entry) for entry in given)
    except TypeError:
        names = ", ".join(f.name for f in fields(ExternalIssuer))
        raise ImproperlyConfigured(f'Each of SYNC_AUTH["ISSUERS"] has the keys {names}.') from None
    if len({ours, *(issuer.issuer for issuer in issuers)}) <= len(issuers):
        raise ImproperlyConfigured("Two of SYNC_AUTH['ISSUERS'] have the same name, or one has ours.")
    return issuers


def _issuer(**entry: Any) -> ExternalIssuer:
    if "algorithms" in entry:
        entry["algorithms"] = tuple(entry["algorithms"])
    return ExternalIssuer(**entry)


def _forget(*, setting: str, **_: object) -> None:
    if setting in {"SYNC_AUTH", "DEBUG"}:
        auth_conf.cache_clear()


setting_changed.connect(_forget)
