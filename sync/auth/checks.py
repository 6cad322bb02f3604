"""System checks: a mistake in the settings of authentication is an error at start-up, not a failed login."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from sync.auth.actors import directory
from sync.auth.conf import auth_conf
from sync.auth.tokens import assert_usable


@checks.register("sync")
def check_auth(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Keys, issuers and the ActorDirectory."""
    return [*_settings(), *_directory()]


def _settings() -> Iterator[checks.CheckMessage]:
    try:
        conf = auth_conf()
        for key in conf.KEYS:
            assert_usable(key)
    except ImproperlyConfigured as error:
        yield checks.Error(str(error), id="sync.E101")
        return
    if not conf.KEYS and not conf.ISSUERS:
        yield checks.Error(
            "Nobody can log in: SYNC_AUTH has neither KEYS nor ISSUERS.",
            hint="Set TOKEN_KEYS=2026a:<long random text>, or name an issuer.",
            id="sync.E102",
        )


def _directory() -> Iterator[checks.CheckMessage]:
    try:
        directory()
    except ImproperlyConfigured as error:
        yield checks.Error(str(error), id="sync.E103")
