"""Who is a member of which business, read from the database for every request.

Not here: how a token is checked (`sync.auth`), nor what a role allows (each handler's rules).
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Exists, OuterRef, QuerySet

from entities.accounts.models import Membership, User
from sync.protocol.actor import Actor

_ACTIVE = Membership.objects.filter(active=True, user__is_active=True)


class MembershipDirectory:
    """The ActorDirectory of this deployment: tenant = business, role = that of the membership."""

    def tenants(self, user: AbstractBaseUser) -> list[tuple[UUID, str]]:
        """The businesses that the user may act in, as (id, name), by name."""
        memberships = _ACTIVE.filter(user_id=user.pk).order_by("business__name")
        return list(memberships.values_list("business_id", "business__name"))

    def actor(self, user_id: UUID, tenant_id: UUID | None) -> Actor | None:
        """The user in that business; None when the account or the membership is not active, or there is none.

        Without a business: in their only one.
        """
        memberships = _ACTIVE.filter(user_id=user_id).order_by()
        if tenant_id is not None:
            memberships = memberships.filter(business_id=tenant_id)
        found = list(memberships.values_list("business_id", "role")[:2])
        if len(found) != 1:
            return None
        business_id, role = found[0]
        return Actor(user_id=user_id, tenant_id=business_id, roles=frozenset({role}))

    def user_for_subject(self, issuer: str, subject: str) -> User | None:
        """The account that an administrator tied to this login of an identity provider."""
        return User.objects.filter(external_id=external_id(issuer, subject), is_active=True).first()


def external_id(issuer: str, subject: str) -> str:
    """How an account remembers its login at an identity provider. An issuer is a URL and holds no bar."""
    return f"{issuer}|{subject}"


def active_members(tenant_id: UUID) -> QuerySet[User]:
    """The users who work in the business today."""
    member = Membership.objects.filter(business_id=tenant_id, user_id=OuterRef("pk"), active=True)
    return User.objects.filter(Exists(member), is_active=True)


directory = MembershipDirectory()
