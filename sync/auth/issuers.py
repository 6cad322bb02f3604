"""Verify tokens of external issuers, by configuration.

Not here: fetching and keeping their keys (`jwks`), nor who of our users a subject is (`actors`).
"""

from __future__ import annotations

from sync.auth.conf import auth_conf
from sync.auth.credentials import Credentials
from sync.auth.jwks import keys_of
from sync.auth.jwts import Peek, token_invalid, uuid_claim, verified_claims

REQUIRED = ("sub", "aud", "iss", "exp", "iat")  # nbf and jti are checked too where they stand


def read_external(token: str, seen: Peek) -> Credentials:
    """Verify the access token of a configured issuer.

    Errors: Problem `token_expired`, `token_invalid`; 503 `try_later` when its keys cannot be had right now.
    """
    issuer = next((one for one in auth_conf().ISSUERS if one.issuer == seen.issuer), None)
    # Checked before a key is fetched: nonsense must not cost a request to the issuer.
    if issuer is None or seen.algorithm not in issuer.algorithms or not seen.kid:
        raise token_invalid()
    key = keys_of(issuer).key(seen.kid)
    claims = verified_claims(
        token,
        key=key,  # bound to its own algorithm, so the header's must be that one as well as an allowed one
        algorithms=issuer.algorithms,
        issuer=issuer.issuer,
        audience=issuer.audience,
        required=REQUIRED,
    )
    if not claims["sub"].isprintable():
        raise token_invalid()  # a name that no database can be asked for
    tenant = claims.get(issuer.tenant_claim)
    return Credentials(
        issuer=issuer.issuer,
        subject=claims["sub"],
        user_id=None,
        tenant_id=None if tenant is None else uuid_claim(claims, issuer.tenant_claim),
        token_id=claims.get("jti"),
        expires_at=int(claims["exp"]),
    )
