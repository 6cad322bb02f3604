"""The public keys of an external issuer, kept while the issuer cannot be reached.

An outage of the issuer must not lock devices out: what cannot be decided is answered 503, which a queue
survives, and never 401, at which some clients drop their queue. Not here: verification (`issuers`).
"""

from __future__ import annotations

import threading
import time
from functools import cache

import jwt
import structlog

from sync.auth.conf import ExternalIssuer, auth_conf
from sync.auth.jwts import UNREADABLE, token_invalid
from sync.protocol.codes import ProblemCode
from sync.protocol.problems import Problem

log = structlog.get_logger(__name__)


@cache
def keys_of(issuer: ExternalIssuer) -> IssuerKeys:
    """The one key store of an issuer in this process."""
    return IssuerKeys(issuer)


class IssuerKeys:
    """Keys by kid, fetched at most once a minute by one thread at a time."""

    def __init__(self, issuer: ExternalIssuer) -> None:
        self._issuer = issuer.issuer
        # No cache of its own: it would forget the keys with age, and fetch on each unknown kid.
        self._client = jwt.PyJWKClient(issuer.jwks_url, cache_jwk_set=False, timeout=auth_conf().JWKS_TIMEOUT_SECONDS)
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")  # the last success
        self._tried_at = float("-inf")  # the last attempt

    def key(self, kid: str) -> jwt.PyJWK:
        """The key of this id.

        Errors: Problem 401 `token_invalid` when the issuer, asked just now, has no such key; 503 `try_later`
        when it cannot be asked, or was asked so recently that it must be left alone.
        """
        if not self._is_answerable(kid):
            self._refetch(kid)
        known = self._keys if self._age() < auth_conf().JWKS_STALE_SECONDS else {}
        if key := known.get(kid):
            return key
        raise self._try_later()

    def _is_answerable(self, kid: str) -> bool:
        return kid in self._keys and self._age() < auth_conf().JWKS_SECONDS

    def _refetch(self, kid: str) -> None:
        # Whoever has a usable key does not wait for the thread that is fetching.
        if not self._lock.acquire(blocking=kid not in self._keys):
            return
        try:
            if self._pause_left() > 0:
                return
            self._tried_at = time.monotonic()
            self._keys = {key.key_id: key for key in self._client.get_signing_keys() if key.key_id}
            self._fetched_at = time.monotonic()
        except (*UNREADABLE, OSError) as error:
            log.warning("jwks_unreachable", issuer=self._issuer, error=type(error).__name__)
            return
        finally:
            self._lock.release()
        if kid not in self._keys:
            raise token_invalid()

    def _try_later(self) -> Problem:
        wait = max(1, round(self._pause_left()))
        detail = "The keys of the token's issuer cannot be had right now."
        return Problem(503, ProblemCode.TRY_LATER, detail, retry_after=wait)

    def _age(self) -> float:
        return time.monotonic() - self._fetched_at

    def _pause_left(self) -> float:
        return self._tried_at + auth_conf().JWKS_PAUSE_SECONDS - time.monotonic()
