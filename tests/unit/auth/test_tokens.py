"""Tokens cannot be stretched: one thing wrong is enough to be refused, and the reason is the right one."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured

from sync.auth.bearer import credentials_of
from sync.auth.tokens import RefreshLink, issue_access, issue_refresh, read_refresh
from sync.protocol.problems import Problem
from tests.token_forge import (
    AUTH,
    EDDSA_PRIVATE,
    EDDSA_PUBLIC,
    OLD_SECRET,
    SECRET,
    claims,
    ed25519,
    forge,
    hmac_with,
    raw_token,
    rsa,
)

HOUR = 3600


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.SYNC_AUTH = AUTH


def refused(token: str) -> str:
    """The code with which a token is refused as a bearer token."""
    with pytest.raises(Problem) as caught:
        credentials_of(f"Bearer {token}")
    assert caught.value.status == 401
    return str(caught.value.code)


def link() -> RefreshLink:
    return RefreshLink(family=uuid4(), jti=uuid4(), parent=uuid4(), user_id=uuid4(), tenant_id=uuid4())


def test_an_issued_token_says_who_and_where() -> None:
    """What is issued for a user in a tenant is read back as just that, with every claim of the protocol."""
    user, tenant = uuid4(), uuid4()
    token = issue_access(user_id=user, tenant_id=tenant)
    read = credentials_of(f"Bearer {token}")
    assert (read.user_id, read.tenant_id, read.subject, read.issuer) == (user, tenant, str(user), "us")
    said = jwt.decode(token, options={"verify_signature": False})
    assert set(said) == {"sub", "tenant", "aud", "iss", "exp", "nbf", "iat", "jti"}
    assert said["exp"] - said["iat"] == 900


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_read_in_any_case(scheme: str) -> None:
    """HTTP schemes have no case."""
    assert credentials_of(f"{scheme} {forge()}").issuer == "us"


@pytest.mark.parametrize("header", [None, "", " ", "Basic dXNlcjpwYXNz", "Token abc", "abc.def.ghi", "Digest x"])
def test_no_bearer_token_is_unauthenticated(header: str | None) -> None:
    """No header, or one of another scheme, is a different fault from a bad token."""
    with pytest.raises(Problem) as caught:
        credentials_of(header)
    assert (caught.value.status, str(caught.value.code)) == (401, "unauthenticated")


def test_every_key_of_the_ring_verifies() -> None:
    """A key that has stopped signing still verifies, so rotation ends nobody's session."""
    assert credentials_of(f"Bearer {forge(key=OLD_SECRET, kid='old')}")
    assert credentials_of(f"Bearer {forge(key=EDDSA_PRIVATE, algorithm='EdDSA', kid='ed')}")


def test_the_first_key_signs(settings: Any) -> None:
    """Moving a key to the front makes it the one that signs, also when it is a private key."""
    settings.SYNC_AUTH = {**AUTH, "KEYS": AUTH["KEYS"][::-1]}
    token = issue_access(user_id=uuid4(), tenant_id=uuid4())
    header = jwt.get_unverified_header(token)
    assert (header["kid"], header["alg"], header["typ"]) == ("ed", "EdDSA", "at+jwt")
    assert credentials_of(f"Bearer {token}")


def test_a_removed_key_verifies_nothing(settings: Any) -> None:
    """Taking a key out of the ring ends its tokens."""
    settings.SYNC_AUTH = {**AUTH, "KEYS": [f"old:{OLD_SECRET}"]}
    assert refused(forge()) == "token_invalid"


STRANGER_PRIVATE, _ = ed25519()
WRONG_HEADERS: dict[str, Any] = {
    "unknown kid": lambda: forge(kid="other"),
    "empty kid": lambda: forge(kid=""),
    "kid like a path": lambda: forge(kid="../../dev/null", key=b"\0" * 32),
    "kid of another key": lambda: forge(kid="old"),
    "kid of a key of another kind": lambda: forge(kid="ed"),
    "another's secret": lambda: forge(key="x" * 40),
    "another's private key": lambda: forge(key=STRANGER_PRIVATE, algorithm="EdDSA", kid="ed"),
    "HS384": lambda: forge(algorithm="HS384", key=SECRET * 2),
    "HS512 with the right secret": lambda: jwt.encode(
        claims(), SECRET.ljust(64, "s"), algorithm="HS512", headers={"kid": "new", "typ": "at+jwt"}
    ),
    "EdDSA under the secret's kid": lambda: forge(key=EDDSA_PRIVATE, algorithm="EdDSA"),
    "RS256 under the secret's kid": lambda: forge(key=rsa(), algorithm="RS256"),
    "public key as secret": lambda: hmac_with(
        EDDSA_PUBLIC.encode(), {"alg": "HS256", "kid": "ed", "typ": "at+jwt"}, claims()
    ),
    "private key as secret": lambda: hmac_with(
        EDDSA_PRIVATE.encode(), {"alg": "HS256", "kid": "ed", "typ": "at+jwt"}, claims()
    ),
    "refresh typ": lambda: forge(typ="rt+jwt"),
    "shape typ": lambda: forge(typ="shape+jwt"),
    "plain typ": lambda: forge(typ="JWT"),
    "no typ": lambda: hmac_with(SECRET.encode(), {"alg": "HS256", "kid": "new"}, claims()),
    "typ of another type": lambda: hmac_with(
        SECRET.encode(), {"alg": "HS256", "kid": "new", "typ": ["at+jwt"]}, claims()
    ),
    "unknown critical header": lambda: forge(crit=["exp2"], exp2=1),
    "key in the header": lambda: forge(key="x" * 40, jwk={"kty": "oct", "k": "eHh4eHh4eHg"}),
    "key address in the header": lambda: forge(key="x" * 40, jku="https://example.org/keys"),
}


@pytest.mark.promise("P25")
@pytest.mark.parametrize("name", WRONG_HEADERS)
def test_a_wrong_header_is_refused(name: str) -> None:
    """Key, algorithm and type are ours to choose, not the token's."""
    assert refused(WRONG_HEADERS[name]()) == "token_invalid"


@pytest.mark.promise("P25")
@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 0, ["HS256"], {"HS256": 1}])
@pytest.mark.parametrize("signature", [b"", b"x" * 32])
@pytest.mark.parametrize("kid", ["new", "ed", None])
def test_no_algorithm_is_refused(algorithm: Any, signature: bytes, kid: str | None) -> None:
    """A token that asks not to be checked is not accepted, however it spells that."""
    header = {"alg": algorithm, "typ": "at+jwt", "kid": kid}
    assert refused(raw_token(header, claims(), signature)) == "token_invalid"


NOW = int(time.time())
WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "issuer unknown": {"iss": "them"},
    "issuer in other case": {"iss": "US"},
    "issuer a list": {"iss": ["us"]},
    "issuer missing": {"iss": None},
    "audience other": {"aud": "shapes"},
    "audience of refresh": {"aud": "app/refresh"},
    "audience missing": {"aud": None},
    "audience empty": {"aud": []},
    "audience a number": {"aud": 1},
    "audience a part": {"aud": "ap"},
    "subject missing": {"sub": None},
    "subject no id": {"sub": "norte-seller"},
    "subject a number": {"sub": 1},
    "subject empty": {"sub": ""},
    "tenant missing": {"tenant": None},
    "tenant no id": {"tenant": "Norte"},
    "tenant a list": {"tenant": [str(uuid4())]},
    "tenant a number": {"tenant": 7},
    "jti missing": {"jti": None},
    "jti a number": {"jti": 5},
    "exp missing": {"exp": None},
    "exp text": {"exp": "tomorrow"},
    "exp infinite": {"exp": float("inf")},
    "exp not a number": {"exp": float("nan")},
    "exp a list": {"exp": [NOW + HOUR]},
    "iat missing": {"iat": None},
    "iat later": {"iat": NOW + HOUR},
    "iat text": {"iat": "now"},
    "nbf missing": {"nbf": None},
    "nbf later": {"nbf": NOW + HOUR},
    "nbf infinite": {"nbf": float("inf")},
    "expired for another audience": {"aud": "shapes", "exp": NOW - HOUR},
    "expired of another issuer": {"iss": "them", "exp": NOW - HOUR},
    "expired without a subject": {"sub": None, "exp": NOW - HOUR},
}


@pytest.mark.promise("P25")
@pytest.mark.parametrize("name", WRONG_CLAIMS)
def test_a_wrong_claim_is_refused(name: str) -> None:
    """Every claim is demanded and checked, though the signature is good."""
    assert refused(hmac_signed(claims(**WRONG_CLAIMS[name]))) == "token_invalid"


def hmac_signed(body: dict[str, Any]) -> str:
    """Signed with our key, holding what an honest library would not encode."""
    return hmac_with(SECRET.encode(), {"alg": "HS256", "kid": "new", "typ": "at+jwt"}, body)


def test_only_age_is_token_expired() -> None:
    """`token_expired` says: refresh. It is given for a token that was good."""
    assert refused(forge(claims(exp=NOW - HOUR))) == "token_expired"
    assert refused(forge(claims(exp=NOW - HOUR), key="x" * 40)) == "token_invalid"


def test_the_leeway_is_small() -> None:
    """Clocks of two servers may differ by seconds, not by minutes."""
    with time_machine.travel(NOW, tick=False):
        assert credentials_of(f"Bearer {forge(claims(exp=NOW - 5))}")
        assert credentials_of(f"Bearer {forge(claims(nbf=NOW + 5, iat=NOW + 5))}")
        assert refused(forge(claims(exp=NOW - 20))) == "token_expired"
        assert refused(forge(claims(nbf=NOW + 20))) == "token_invalid"


@pytest.mark.promise("P25")
@pytest.mark.parametrize("position", range(0, 400, 7))
def test_a_changed_character_is_refused(position: int) -> None:
    """No character of a token can be another one."""
    token = forge()
    position %= len(token)
    other = "A" if token[position] != "A" else "B"
    assert refused(token[:position] + other + token[position + 1 :]) == "token_invalid"


BROKEN = [
    "", ".", "..", "...", "a.b.c", "a" * 10_000, "é.é.é", "x y z", "eyJ", "\x00", "%00", "null", "{}", "💥",
    "[" * 4000, raw_token([], claims()), raw_token({}, {}), raw_token(b"\xff\xfe", claims()),
    raw_token(b"[" * 5000, claims()), raw_token(b'{"a":' * 1200, claims()), raw_token({"alg": "HS256"}, b"\xff"),
    raw_token({"alg": "HS256", "kid": "new", "typ": "at+jwt"}, [1]),
    raw_token({"alg": "HS256", "kid": "new", "typ": "at+jwt"}, b"[" * 5500),
    raw_token({"alg": "HS256", "kid": 5, "typ": "at+jwt"}, claims()),
    raw_token(b'{"alg":"HS256","kid":"new","typ":"at+jwt","x":' + b"9" * 5000 + b"}", claims()),
    raw_token({"alg": "HS256", "kid": "new", "typ": "at+jwt", "b64": False, "crit": ["b64"]}, claims()),
]  # fmt: skip


@pytest.mark.promise("P25")
@pytest.mark.parametrize("token", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_token_is_refused(token: str) -> None:
    """Nonsense after `Bearer` is answered 401, whatever it does to a parser."""
    assert refused(token) == "token_invalid"


@pytest.mark.promise("P25")
def test_a_refresh_token_is_no_access_token() -> None:
    """A refresh token lives for months; as an access token it would do so unchecked."""
    assert refused(issue_refresh(link())) == "token_invalid"


@pytest.mark.promise("P25")
def test_an_access_token_is_no_refresh_token() -> None:
    """A leaked access token is worth minutes, not a new login."""
    refused_refresh(issue_access(user_id=uuid4(), tenant_id=uuid4()))
    refused_refresh(forge())


@pytest.mark.promise("P25")
@pytest.mark.parametrize(
    "change",
    [
        {"aud": "app"}, {"iss": "them"}, {"family": None}, {"family": 1}, {"parent": "x"}, {"parent": 0},
        {"jti": "x"}, {"sub": "x"}, {"tenant": None}, {"exp": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_refresh_token_with_a_wrong_claim_is_refused(change: dict[str, Any]) -> None:
    """One thing wrong is enough, with our own key and the right type."""
    good = {"aud": "app/refresh", "family": str(uuid4()), "parent": str(uuid4())}
    assert read_refresh(forge(claims(**good), typ="rt+jwt"))
    refused_refresh(forge(claims(**good)))
    refused_refresh(hmac_with(SECRET.encode(), REFRESH_HEADER, claims(**{**good, **change})))


REFRESH_HEADER = {"alg": "HS256", "kid": "new", "typ": "rt+jwt"}


def refused_refresh(token: str) -> None:
    with pytest.raises(Problem) as caught:
        read_refresh(token)
    assert str(caught.value.code) == "token_invalid"


def test_a_refresh_token_is_read_back() -> None:
    """Family, link, parent, user and tenant survive the trip; the login's own link has no parent."""
    for sent in (link(), RefreshLink(**{**_members(link()), "parent": None})):
        assert read_refresh(issue_refresh(sent)) == sent


def _members(sent: RefreshLink) -> dict[str, UUID | None]:
    return {name: getattr(sent, name) for name in ("family", "jti", "parent", "user_id", "tenant_id")}


def test_the_tenant_claim_can_have_another_name(settings: Any) -> None:
    """A project may follow the names of its other systems."""
    settings.SYNC_AUTH = {**AUTH, "TENANT_CLAIM": "org"}
    tenant = uuid4()
    token = issue_access(user_id=uuid4(), tenant_id=tenant)
    assert credentials_of(f"Bearer {token}").tenant_id == tenant
    assert refused(forge()) == "token_invalid"


def test_without_a_key_nothing_is_signed(settings: Any) -> None:
    """The error says what to set."""
    settings.SYNC_AUTH = {"ISSUER": "us"}
    with pytest.raises(ImproperlyConfigured, match="TOKEN_KEYS"):
        issue_access(user_id=uuid4(), tenant_id=uuid4())
    assert refused(forge()) == "token_invalid"
