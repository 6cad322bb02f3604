"""Users, businesses and memberships: what the directory says of them, and their admin pages."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from entities.accounts.actors import directory, external_id
from entities.accounts.models import User
from entities.sales.models import Distribution
from tests.factories import BusinessFactory, DistributionFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

INACTIVE = [{"active": False}, {"user__is_active": False}]


class TestDirectory:
    """Membership and role, as the database says now."""

    def test_an_actor_has_the_role_of_the_membership(self, django_assert_num_queries: Any) -> None:
        member = MembershipFactory(manager=True)
        MembershipFactory(user=member.user)
        with django_assert_num_queries(1):
            actor = directory.actor(member.user_id, member.business_id)
        assert actor is not None
        assert (actor.user_id, actor.tenant_id) == (member.user_id, member.business_id)
        assert actor.has_role("manager")
        assert not actor.has_role("seller")

    @pytest.mark.parametrize("state", INACTIVE, ids=["ended", "disabled"])
    def test_an_ended_membership_or_a_disabled_user_is_no_actor(self, state: dict[str, bool]) -> None:
        member = MembershipFactory(**state)
        assert directory.actor(member.user_id, member.business_id) is None
        assert directory.tenants(member.user) == []

    def test_a_stranger_is_no_actor(self) -> None:
        member = MembershipFactory()
        assert directory.actor(member.user_id, BusinessFactory().pk) is None
        assert directory.actor(member.user_id, uuid4()) is None
        assert directory.actor(uuid4(), member.business_id) is None

    def test_without_a_business_it_is_the_only_one(self) -> None:
        member = MembershipFactory()
        MembershipFactory(user=member.user, active=False)
        actor = directory.actor(member.user_id, None)
        assert actor is not None
        assert actor.tenant_id == member.business_id
        MembershipFactory(user=member.user)
        assert directory.actor(member.user_id, None) is None

    def test_tenants_come_by_name(self) -> None:
        user = UserFactory()
        rows = [MembershipFactory(user=user, business__name=name).business for name in ("Sur", "Norte")]
        MembershipFactory(business__name="Este")
        assert directory.tenants(user) == [(rows[1].pk, "Norte"), (rows[0].pk, "Sur")]

    def test_an_external_login_finds_its_user(self) -> None:
        user = UserFactory(external_id=external_id("https://id.example", "auth0|7"))
        UserFactory.create_batch(2)
        assert directory.user_for_subject("https://id.example", "auth0|7") == user
        assert directory.user_for_subject("https://other.example", "auth0|7") is None
        User.objects.update(is_active=False)
        assert directory.user_for_subject("https://id.example", "auth0|7") is None


@pytest.fixture
def browser(client: Client) -> Client:
    """Logged in as a superuser."""
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def page(row: Model | type[Model], name: str = "change") -> str:
    arguments = () if isinstance(row, type) else (row.pk,)
    return reverse(f"admin:entities_{row._meta.model_name}_{name}", args=arguments)


class TestPages:
    """Made, changed, ended; never deleted once rows name them."""

    def test_their_pages_open(self, browser: Client) -> None:
        membership = MembershipFactory()
        for row in (membership, membership.user, membership.business):
            for url in (page(type(row), "changelist"), page(type(row), "add"), page(row)):
                assert browser.get(url).status_code == 200

    def test_a_user_is_made_with_a_password(self, browser: Client) -> None:
        data = {
            "username": "nuevo", "usable_password": "true",
            "password1": "correct-horse-1", "password2": "correct-horse-1",
            "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0",
        }  # fmt: skip
        assert browser.post(page(User, "add"), data).status_code == 302
        assert User.objects.get(username="nuevo").check_password("correct-horse-1")

    def test_a_membership_is_ended_not_deleted(self, browser: Client) -> None:
        membership = MembershipFactory()
        assert browser.post(page(membership, "delete"), {"post": "yes"}).status_code == 403
        browser.post(page(membership), {"role": "seller"})
        membership.refresh_from_db()
        assert not membership.active

    def test_a_user_with_distributions_is_not_deleted(self, browser: Client) -> None:
        row = DistributionFactory()
        browser.post(page(row.seller, "delete"), {"post": "yes"})
        assert Distribution.objects.get(pk=row.pk).seller == row.seller
