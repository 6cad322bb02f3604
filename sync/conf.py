"""Settings of the framework, read in one place.

A project sets them in `settings.SYNC`; each has a default, a unit and a reason here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from sync.protocol.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Conf:
    """What a project may change."""

    ACTORS: str = ""  # dotted path of the ActorDirectory: who is a member of which tenant. Required
    EXECUTOR: str = "reference"  # how operations run; `reference`: a savepoint around each, in order
    SCHEMA_VERSION: int = 1  # today's shape of payloads; older ones are lifted by @upgrade
    MAX_OPERATIONS: int = 1000  # per batch; more are answered not_attempted
    MAX_BYTES: int = 4 * 1024 * 1024  # bytes of one body, inflated too
    MAX_DEPTH: int = 32  # nesting of one body
    MAX_KEYS: int = 1000  # keys of one object
    LOCK_TIMEOUT_MS: int = 5_000  # how long a batch waits for a lock: below every client's patience
    STATEMENT_TIMEOUT_MS: int = 10_000  # of one statement
    IDLE_TIMEOUT_MS: int = 15_000  # of a transaction whose worker went quiet
    TRANSACTION_TIMEOUT_MS: int = 30_000  # of the whole transaction, on Postgres 17 and newer
    ATTEMPTS: int = 4  # how often a batch is tried when the database has passing trouble
    TIME_BUDGET_MS: int = 20_000  # no operation of a batch starts later than this; the rest is not_attempted
    RETRY_BASE_MS: int = 50  # first pause between tries; doubles, with jitter, so that rivals do not meet again
    RETRY_BUDGET_MS: int = 15_000  # no new try begins later than this: clients have time-outs of their own
    RETRY_AFTER_S: int = 5  # what a client is told to wait after trouble that outlived our tries

    @property
    def limits(self) -> Limits:
        """The bounds of one request, as clients read them."""
        return Limits(
            max_operations=self.MAX_OPERATIONS,
            max_bytes=self.MAX_BYTES,
            max_depth=self.MAX_DEPTH,
            max_keys=self.MAX_KEYS,
        )


@lru_cache(maxsize=1)
def conf() -> Conf:
    """The settings in force. Errors: ImproperlyConfigured names a key of `settings.SYNC` that nobody reads."""
    given = dict(getattr(settings, "SYNC", {}))
    if unknown := sorted(given.keys() - {f.name for f in fields(Conf)}):
        raise ImproperlyConfigured(f"settings.SYNC has unknown keys: {', '.join(unknown)}")
    return Conf(**given)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "SYNC":
        conf.cache_clear()


setting_changed.connect(_forget)
