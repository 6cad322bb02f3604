"""Makes tokens that a server must tell apart: good ones, and ones with a single thing wrong."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SECRET = "s" * 40
OLD_SECRET = "o" * 40


def ed25519() -> tuple[str, str]:
    """(private key, public key) in PEM."""
    private = Ed25519PrivateKey.generate()
    return (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


def rsa() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def jwk(private: RSAPrivateKey, kid: str, **members: Any) -> dict[str, Any]:
    """The public half as it stands in a JWKS."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return {**public, "kid": kid, "use": "sig", "alg": "RS256", **members}


EDDSA_PRIVATE, EDDSA_PUBLIC = ed25519()

AUTH: dict[str, Any] = {
    "ISSUER": "us",
    "AUDIENCE": "app",
    "KEYS": [
        f"new:{SECRET}",
        f"old:{OLD_SECRET}",
        {"kid": "ed", "key": EDDSA_PRIVATE, "algorithm": "EdDSA"},
    ],
}


def claims(**changes: Any) -> dict[str, Any]:
    """Claims of a good access token of ours, with changes; a change to None leaves the claim out."""
    now = int(time.time())
    good = {
        "iss": "us",
        "aud": "app",
        "sub": str(uuid4()),
        "tenant": str(uuid4()),
        "jti": str(uuid4()),
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def forge(body: dict[str, Any] | None = None, *, key: Any = SECRET, algorithm: str = "HS256", **headers: Any) -> str:
    """A signed token; by default one of ours for access, as good as any."""
    return jwt.encode(
        claims() if body is None else body,
        key,
        algorithm=algorithm,
        headers={"kid": "new", "typ": "at+jwt", **headers},
    )


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw_token(header: Any, body: Any, signature: bytes = b"") -> str:
    """A token that no library would make."""
    return f"{segment(header)}.{segment(body)}.{segment(signature)}"


def hmac_with(key: bytes, header: dict[str, Any], body: dict[str, Any]) -> str:
    """HS256 over any bytes: PyJWT itself refuses to use a public key as a shared secret."""
    import hashlib
    import hmac

    signed = f"{segment(header)}.{segment(body)}"
    return f"{signed}.{segment(hmac.digest(key, signed.encode(), hashlib.sha256))}"
