"""External issuers: only their own keys, asked for rarely, and kept while the issuer is down."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sync.auth import jwks
from sync.auth.bearer import credentials_of
from sync.auth.conf import auth_conf
from sync.protocol.problems import Problem
from tests.token_forge import AUTH, SECRET, claims, forge, hmac_with, jwk, raw_token, rsa, segment

FIRST, SECOND = rsa(), rsa()
MINUTE = 60


class Issuer:
    """An identity provider on loopback, that counts how often it is asked."""

    def __init__(self) -> None:
        self.document: Any = {"keys": [jwk(FIRST, "first")]}
        self.status = 200
        self.requests = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests += 1
                document = issuer.document
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(issuer.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Clock:
    """The clock by which keys grow old."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def issuer(settings: Any) -> Iterator[Issuer]:
    running = Issuer()
    settings.DEBUG = True  # for http
    settings.SYNC_AUTH = {
        **AUTH,
        "ISSUERS": [
            {
                "issuer": "https://id.example",
                "jwks_url": running.url,
                "audience": "our-app",
                "algorithms": ["RS256", "ES256"],
                "tenant_claim": "org",
            },
            {"issuer": "https://other.example", "jwks_url": running.url + "/no", "audience": "our-app"},
        ],
    }
    jwks.keys_of.cache_clear()
    yield running
    running.stop()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(jwks, "time", stopped)
    return stopped


def external(**changes: Any) -> dict[str, Any]:
    """Claims as an identity provider sets them: without nbf and jti."""
    own = {"iss": "https://id.example", "aud": "our-app", "sub": "auth0|42", "nbf": None, "jti": None, "tenant": None}
    return claims(**{**own, **changes})


def signed(key: Any = FIRST, kid: str = "first", algorithm: str = "RS256", **changes: Any) -> str:
    return forge(external(**changes), key=key, algorithm=algorithm, kid=kid, typ="JWT")


def read(token: str) -> Any:
    return credentials_of(f"Bearer {token}")


def refused(token: str) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        read(token)
    return caught.value.status, str(caught.value.code)


INVALID = (401, "token_invalid")
LATER = (503, "try_later")


def test_a_token_of_a_configured_issuer_is_accepted(issuer: Issuer) -> None:
    """Its subject is the issuer's own name for the user; the tenant comes from the configured claim."""
    tenant = uuid4()
    found = read(signed(org=str(tenant), jti="x"))
    assert (found.issuer, found.subject, found.tenant_id) == ("https://id.example", "auth0|42", tenant)
    assert (found.user_id, found.token_id) == (None, "x")
    assert read(signed()).tenant_id is None


def public_pem() -> bytes:
    return FIRST.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


FORGED: dict[str, Any] = {
    "public key as secret": lambda: hmac_with(public_pem(), {"alg": "HS256", "kid": "first"}, external()),
    "no algorithm": lambda: raw_token({"alg": "none", "kid": "first"}, external()),
    "algorithm off the list": lambda: signed(algorithm="RS512"),
    "algorithm of another key type": lambda: raw_token({"alg": "ES256", "kid": "first"}, external(), b"x" * 64),
    "another's key": lambda: signed(key=SECOND),
    "our secret": lambda: forge(external(), key=SECRET),
    "our secret and kid, their algorithm": lambda: raw_token({"alg": "RS256", "kid": "new"}, external(), b"x" * 256),
    "their key in our name": lambda: forge(claims(), key=FIRST, algorithm="RS256", kid="first"),
    "no kid": lambda: raw_token({"alg": "RS256"}, external(), b"x" * 256),
    "unknown issuer": lambda: signed(iss="https://evil.example"),
    "other audience": lambda: signed(aud="their-app"),
    "our own audience": lambda: signed(aud="app"),
    "no audience": lambda: signed(aud=None),
    "no subject": lambda: signed(sub=None),
    "subject no database can hold": lambda: signed(sub="a\0b"),
    "subject with half a character": lambda: signed(sub="a\ud800b"),
    "no expiry": lambda: signed(exp=None),
    "tenant no id": lambda: signed(org="Norte"),
    "tenant an object": lambda: signed(org={"id": 1}),
    "jku": lambda: forge(external(), key=SECOND, algorithm="RS256", kid="second", jku="http://127.0.0.1/keys"),
}


@pytest.mark.promise("P25")
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_refused(issuer: Issuer, name: str) -> None:
    """Their keys, their algorithms, our audience: nothing else opens the door."""
    assert refused(FORGED[name]()) == INVALID


def test_an_old_token_is_expired(issuer: Issuer) -> None:
    """The app then asks its issuer for a new one."""
    with time_machine.travel("2026-01-01"):
        token = signed()
    assert refused(token) == (401, "token_expired")


@pytest.mark.parametrize("kind", ["oct", "enc", "undeclared"])
def test_a_key_for_something_else_verifies_nothing(issuer: Issuer, kind: str) -> None:
    """A shared secret or an encryption key in a JWKS is no key for signatures; a key without `alg` is RS256."""
    issuer.document = {
        "oct": {"keys": [{"kty": "oct", "kid": "first", "k": segment(b"k" * 32)}]},
        "enc": {"keys": [jwk(FIRST, "first", use="enc"), jwk(SECOND, "second")]},
        "undeclared": {"keys": [{k: v for k, v in jwk(FIRST, "first").items() if k != "alg"}]},
    }[kind]
    if kind == "undeclared":
        assert read(signed())
    else:
        assert refused(signed()) == INVALID


def test_keys_are_fetched_once(issuer: Issuer) -> None:
    """Many tokens, one request to the issuer."""
    for _ in range(5):
        assert read(signed())
    assert issuer.requests == 1


def test_a_rotated_key_is_found(issuer: Issuer, clock: Clock) -> None:
    """A token with a new kid makes us look, and the old key goes when the issuer drops it."""
    assert read(signed())
    issuer.document = {"keys": [jwk(SECOND, "second")]}
    clock.now += MINUTE + 1
    assert read(signed(SECOND, "second"))
    clock.now += MINUTE + 1
    assert refused(signed()) == INVALID


def test_unknown_kids_do_not_amplify(issuer: Issuer, clock: Clock) -> None:
    """A flood of made-up kids costs the issuer one request a minute. Meanwhile nobody is told to log in again."""
    assert read(signed())
    assert {refused(signed(kid=f"made-up-{n}")) for n in range(20)} == {LATER}
    assert issuer.requests == 1
    clock.now += MINUTE + 1
    assert refused(signed(kid="made-up")) == INVALID
    assert {refused(signed(kid=f"made-up-{n}")) for n in range(20)} == {LATER}
    assert issuer.requests == 2
    assert read(signed())


@pytest.mark.parametrize("trouble", [500, 302, b"<html>", b"[]", b"{}", b'{"keys": []}', b"\xff", b"[" * 100_000])
def test_an_outage_locks_nobody_out(issuer: Issuer, clock: Clock, trouble: int | bytes) -> None:
    """Keys that were fetched once serve through an outage, for a day; the issuer is asked once a minute."""
    assert read(signed())
    if isinstance(trouble, int):
        issuer.status = trouble
    else:
        issuer.document = trouble
    for _ in range(10):
        clock.now += 10 * MINUTE
        assert read(signed())
        assert read(signed())
    assert issuer.requests == 11
    assert refused(signed(SECOND, "second")) == LATER
    clock.now += 24 * 60 * MINUTE
    assert refused(signed()) == LATER
    issuer.status, issuer.document = 200, {"keys": [jwk(FIRST, "first")]}
    clock.now += MINUTE + 1
    assert read(signed())


def test_keys_never_seen_are_a_reason_to_wait(issuer: Issuer, clock: Clock) -> None:
    """A server that starts during an outage says 503 with the seconds to wait, not 401."""
    issuer.stop()
    with pytest.raises(Problem) as caught:
        read(signed())
    assert (caught.value.status, caught.value.retry_after) == (503, MINUTE)


def test_many_threads_ask_once(issuer: Issuer) -> None:
    """The first requests of a fresh worker share one fetch."""
    token, found = signed(), []
    threads = [threading.Thread(target=lambda: found.append(read(token).subject)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["auth0|42"] * 12
    assert issuer.requests == 1


def test_whoever_has_a_key_does_not_wait_for_a_fetch(issuer: Issuer, clock: Clock) -> None:
    """A slow issuer holds up the one request that asks it, not all the others."""
    token = signed()
    assert read(token)
    clock.now += 10 * MINUTE
    (configured,) = [one for one in auth_conf().ISSUERS if one.jwks_url == issuer.url]
    with jwks.keys_of(configured)._lock:  # another thread is fetching
        assert read(token)
    assert issuer.requests == 1
