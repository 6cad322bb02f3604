"""A mistake in the settings of authentication is an error that says what to do, not an open door."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from sync.auth.actors import directory
from sync.auth.checks import check_auth
from sync.auth.conf import auth_conf
from sync.auth.tokens import issue_access
from tests.token_forge import AUTH, SECRET

ISSUER = {"issuer": "https://id.example", "jwks_url": "https://id.example/keys", "audience": "app"}

MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown name": ({"KEY": []}, "unknown keys: KEY"),
    "short secret": ({"KEYS": ["a:short"]}, "shorter than 32 bytes"),
    "no kid": ({"KEYS": [SECRET]}, "begins with a kid"),
    "odd kid": ({"KEYS": [f"a b:{SECRET}"]}, "kid"),
    "same kid twice": ({"KEYS": [f"a:{SECRET}", f"a:{SECRET}x"]}, "same kid"),
    "unknown algorithm": ({"KEYS": [{"kid": "a", "key": SECRET, "algorithm": "none"}]}, "HS256, EdDSA"),
    "unknown member": ({"KEYS": [{"kid": "a", "secret": SECRET}]}, '"kid", "key", "algorithm"'),
    "issuer twice": ({"ISSUERS": [ISSUER, ISSUER]}, "same name"),
    "issuer named as we are": ({"ISSUER": "https://id.example", "ISSUERS": [ISSUER]}, "ours"),
    "issuer without audience": ({"ISSUERS": [{**ISSUER, "audience": ""}]}, "audience"),
    "issuer with an unknown member": ({"ISSUERS": [{**ISSUER, "url": "x"}]}, "jwks_url"),
    "shared secret": ({"ISSUERS": [{**ISSUER, "algorithms": ["RS256", "HS256"]}]}, "HS256"),
    "no signature": ({"ISSUERS": [{**ISSUER, "algorithms": ["none"]}]}, "none"),
    "no algorithm": ({"ISSUERS": [{**ISSUER, "algorithms": []}]}, "algorithms"),
    "keys over http": ({"ISSUERS": [{**ISSUER, "jwks_url": "http://id.example/keys"}]}, "https"),
    "keys in a file": ({"ISSUERS": [{**ISSUER, "jwks_url": "file:///etc/keys"}]}, "https"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(settings: Any, name: str) -> None:
    """Each mistake is found when the settings are read, with a text that names it."""
    given, text = MISTAKES[name]
    settings.SYNC_AUTH = given
    with pytest.raises(ImproperlyConfigured) as caught:
        auth_conf()
    assert text in str(caught.value)


@pytest.mark.parametrize("scheme", ["file", "ftp", "data", ""])
def test_keys_come_over_http_even_in_development(settings: Any, scheme: str) -> None:
    """DEBUG allows http, for an issuer on the same machine, and nothing else."""
    settings.DEBUG = True
    settings.SYNC_AUTH = {"ISSUERS": [{**ISSUER, "jwks_url": "http://127.0.0.1/keys"}]}
    assert auth_conf().ISSUERS[0].algorithms == ("RS256",)
    settings.SYNC_AUTH = {"ISSUERS": [{**ISSUER, "jwks_url": f"{scheme}://id.example/keys"}]}
    with pytest.raises(ImproperlyConfigured):
        auth_conf()


def test_a_key_that_is_no_private_key_is_named(settings: Any) -> None:
    """EdDSA wants a PEM; the text of the key is in no message."""
    from uuid import uuid4

    settings.SYNC_AUTH = {"KEYS": [{"kid": "ed", "key": SECRET, "algorithm": "EdDSA"}]}
    with pytest.raises(ImproperlyConfigured, match="Ed25519") as caught:
        issue_access(user_id=uuid4(), tenant_id=uuid4())
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("auth", "actors", "found"),
    [
        (AUTH, "entities.accounts.actors.directory", []),
        ({"ISSUERS": [ISSUER]}, "entities.accounts.actors.directory", []),
        ({}, "entities.accounts.actors.directory", ["sync.E102"]),
        ({"KEYS": ["a:short"]}, "entities.accounts.actors.directory", ["sync.E101"]),
        ({"KEYS": [{"kid": "ed", "key": SECRET, "algorithm": "EdDSA"}]}, "", ["sync.E101", "sync.E103"]),
        (AUTH, "nowhere.directory", ["sync.E103"]),
    ],
)
def test_mistakes_are_found_at_start_up(settings: Any, auth: Any, actors: str, found: list[str]) -> None:
    """`manage.py check` reports what would otherwise be the first user's 500."""
    settings.SYNC_AUTH, settings.SYNC = auth, {"ACTORS": actors}
    assert [message.id for message in check_auth(None)] == found


def test_keys_are_not_shown(settings: Any) -> None:
    """A settings object in a trace or a log line holds no secret."""
    settings.SYNC_AUTH = AUTH
    assert SECRET not in repr(auth_conf())


def test_settings_are_forgotten_when_they_change(settings: Any) -> None:
    """A test's settings hold for that test."""
    settings.SYNC_AUTH = {"ACCESS_SECONDS": 60}
    assert auth_conf().ACCESS_SECONDS == 60
    settings.SYNC_AUTH = {}
    assert auth_conf().ACCESS_SECONDS == 900


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "is not set"),
        ("nowhere.directory", "cannot be imported"),
        ("sync.auth.actors.nothing", "cannot be imported"),
        ("sync.auth.actors.directory", "lacks tenants, actor, user_for_subject"),
    ],
)
def test_a_wrong_directory_is_named(settings: Any, path: str, text: str) -> None:
    """The framework says what it needs of the project, and where it looked."""
    settings.SYNC = {"ACTORS": path}
    with pytest.raises(ImproperlyConfigured) as caught:
        directory()
    assert text in str(caught.value)
