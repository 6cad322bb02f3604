"""Who the database says the caller is: the ActorDirectory a project brings, and the actor of one request.

Not here: the tables of users and memberships, which are the project's.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from sync.auth.credentials import Credentials
from sync.conf import conf
from sync.protocol.actor import Actor
from sync.protocol.codes import ProblemCode
from sync.protocol.problems import Problem


class ActorDirectory(Protocol):
    """What a project tells the framework about its users; `settings.SYNC["ACTORS"]` names an instance."""

    def tenants(self, user: AbstractBaseUser) -> list[tuple[UUID, str]]:
        """[(id, name)] of the tenants this user is a member of; empty for a disabled user."""

    def actor(self, user_id: UUID, tenant_id: UUID | None) -> Actor | None:
        """The actor, with one query; None when the user is disabled or no member.

        `tenant_id` is None when the token of an external issuer names none: a project whose users have one
        tenant each may know it, others answer None.
        """

    def user_for_subject(self, issuer: str, subject: str) -> AbstractBaseUser | None:
        """Our user whom an external issuer calls by this subject."""


def directory() -> ActorDirectory:
    """The project's directory. Errors: ImproperlyConfigured says what to do."""
    path = conf().ACTORS
    if not path:
        raise ImproperlyConfigured(
            "settings.SYNC['ACTORS'] is not set. Name the object that knows your users and their tenants, an "
            "ActorDirectory (see sync.auth.actors), by its dotted path: 'myapp.actors.directory'."
        )
    try:
        found = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"settings.SYNC['ACTORS'] names {path!r}, which cannot be imported: {error}"
        ) from error
    if missing := [
        name for name in ("tenants", "actor", "user_for_subject") if not callable(getattr(found, name, None))
    ]:
        raise ImproperlyConfigured(f"settings.SYNC['ACTORS'] names {path!r}, which lacks {', '.join(missing)}.")
    return found  # type: ignore[no-any-return]  # a dotted path has no type; its methods were looked at


def actor_for(credentials: Credentials) -> Actor:
    """Ask the database who these credentials are now. Errors: Problem 403 `forbidden` for no member."""
    user_id = credentials.user_id
    if user_id is None:
        user = directory().user_for_subject(credentials.issuer, credentials.subject)
        user_id = user.pk if user else None
    return member(user_id, credentials.tenant_id)


def member(user_id: UUID | None, tenant_id: UUID | None) -> Actor:
    """The actor of a user in a tenant. Errors: Problem 403 `forbidden`; why is not said."""
    actor = directory().actor(user_id, tenant_id) if user_id else None
    if actor is None:
        raise Problem(403, ProblemCode.FORBIDDEN, "You are no member of this tenant.")
    return actor
