"""Rotation of refresh tokens: each use gives the next one, and a lost answer never logs a device out.

A token stays good until one of its children is used: only then is it certain that the answer arrived. From
then on it works for a short grace, for tabs that refresh together. After that it can only be a copy, so the
whole chain is revoked: whoever holds the other copy must log in again. Siblings (children of one token) are
alike until one of them is used; it overtakes the others in the same way.

Not here: signatures (`tokens`), passwords (`sync.api.auth`). Source: RFC 9700, section 4.14.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

import structlog
from django.db import transaction

from sync.auth.actors import member
from sync.auth.conf import auth_conf
from sync.auth.jwts import token_invalid
from sync.auth.models import RefreshToken
from sync.auth.tokens import RefreshLink, issue_access, issue_refresh, read_refresh
from sync.protocol.actor import Actor
from sync.protocol.ids import uuid7

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What a device gets at login and at each refresh; `expires_in` is of the access token, in seconds."""

    access: str
    refresh: str
    expires_in: int


def log_in(actor: Actor) -> TokenPair:
    """Begin a chain for an actor whose password was just checked."""
    now = datetime.now(UTC)
    # A good moment to clean up: no job is needed, and a user has a handful of rows.
    RefreshToken.objects.filter(user_id=actor.user_id, expires_at__lt=now).delete()
    first = RefreshLink(family=uuid7(), jti=uuid7(), parent=None, user_id=actor.user_id, tenant_id=actor.tenant_id)
    RefreshToken.objects.create(
        id=first.family,
        user_id=first.user_id,
        tenant_id=first.tenant_id,
        current=first.jti,
        issued_at=now,
        expires_at=_lifetime(now),
    )
    return _pair(first)


def refresh(token: str) -> TokenPair:
    """Exchange a refresh token for the next pair.

    Errors: Problem 401 `token_expired`, `token_invalid`: log in again; 403 `forbidden`: the user is disabled
    or no member any more, the chain stays as it is in case that changes.
    """
    link = read_refresh(token)
    member(link.user_id, link.tenant_id)
    with transaction.atomic():
        row = _locked(link)
        step = _judge(row, link) if row else Step.REFUSED
        if row and step is not Step.REFUSED:
            _move(row, link, step)
            row.save()
    # After the commit: a revocation must last.
    if step is Step.REUSED:
        log.warning("refresh_token_reused", family=str(link.family), user=str(link.user_id))
    if row is None or step in {Step.REUSED, Step.REFUSED}:
        raise token_invalid()
    return _pair(
        RefreshLink(
            family=link.family,
            jti=uuid7(),
            parent=row.current,
            user_id=link.user_id,
            tenant_id=link.tenant_id,
        )
    )


class Step(Enum):
    """What the use of a link means for its chain."""

    FORWARD = auto()  # the first use of a child of the current link: its answer has arrived
    AGAIN = auto()  # the current link once more: no child of it was ever used, its answer was lost
    TOGETHER = auto()  # the link before, or a sibling, within the grace
    REUSED = auto()  # anything older: a copy
    REFUSED = auto()  # no such chain, or a revoked one


def _locked(link: RefreshLink) -> RefreshToken | None:
    rows = RefreshToken.objects.filter(pk=link.family, user_id=link.user_id, tenant_id=link.tenant_id)
    return rows.select_for_update(of=("self",), no_key=True).order_by("pk").first()


def _judge(row: RefreshToken, link: RefreshLink) -> Step:
    if row.revoked_at is not None:
        return Step.REFUSED
    if link.jti == row.current:
        return Step.AGAIN
    if link.parent == row.current:
        return Step.FORWARD
    grace = timedelta(seconds=auth_conf().GRACE_SECONDS)
    is_recent = row.advanced_at is not None and datetime.now(UTC) - row.advanced_at <= grace
    if is_recent and row.previous in {link.jti, link.parent}:
        return Step.TOGETHER
    return Step.REUSED


def _move(row: RefreshToken, link: RefreshLink, step: Step) -> None:
    now = datetime.now(UTC)
    if step is Step.REUSED:
        row.revoked_at = now
        return
    if step is Step.FORWARD:
        row.previous, row.current, row.advanced_at = row.current, link.jti, now
    row.used_at = now
    row.expires_at = _lifetime(now)


def _lifetime(now: datetime) -> datetime:
    return now + timedelta(seconds=auth_conf().REFRESH_SECONDS)


def _pair(link: RefreshLink) -> TokenPair:
    return TokenPair(
        access=issue_access(user_id=link.user_id, tenant_id=link.tenant_id),
        refresh=issue_refresh(link),
        expires_in=auth_conf().ACCESS_SECONDS,
    )
