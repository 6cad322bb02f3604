"""Users, businesses and memberships.

Not here: who is calling and in which role (`actors`), nor how a login is proven (`sync.auth`).
None of these rows is written by offline clients.
"""

from __future__ import annotations

from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person who can log in. Deactivated instead of deleted once a business knows them."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    external_id = models.CharField(
        max_length=512,
        null=True,
        blank=True,
        unique=True,
        help_text="issuer|subject of the identity provider of this login; empty for a password login.",
    )

    class Meta(AbstractUser.Meta):
        ordering = ("username",)


class Business(models.Model):
    """A tenant: every synced row belongs to exactly one, for good."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=200, unique=True)

    class Meta:
        db_table = "businesses"
        verbose_name_plural = "businesses"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """The role of a user in a business. Ends by `active = False`: rows of the past still name the member."""

    class Role(models.TextChoices):
        """A manager may do everything in the business, a seller what the rules of each entity leave them."""

        SELLER = "seller"
        MANAGER = "manager"

    business = models.ForeignKey(Business, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    active = models.BooleanField(default=True)

    class Meta:
        db_table = "memberships"
        ordering = ("business__name", "user__username")
        constraints = (
            # Also what `(business_id, seller_id)` of distributions refers to.
            models.UniqueConstraint(fields=("business", "user"), name="memberships_business_user_unique"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.business} · {self.role}"
