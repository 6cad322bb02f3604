"""Rows for tests. A factory that makes a child makes its parents in the same business."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

import factory
from django.conf import settings
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from entities.accounts.models import Business, Membership, User
from entities.sales.models import Customer, Distribution, Payment, Sale, SaleItem


@cache
def _hash_of_demo(hasher: str) -> str:
    """Hashing is slow on purpose; once per hasher is enough."""
    return make_password("demo")


class UserFactory(DjangoModelFactory):
    """A person who can log in with the password `demo`."""

    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user-{n}")
    password = factory.LazyFunction(lambda: _hash_of_demo(settings.PASSWORD_HASHERS[0]))


class BusinessFactory(DjangoModelFactory):
    """A tenant."""

    class Meta:
        model = Business

    name = factory.Sequence(lambda n: f"Business {n}")


class MembershipFactory(DjangoModelFactory):
    """A seller of a business; `manager=True` for a manager."""

    class Meta:
        model = Membership

    class Params:
        manager = factory.Trait(role=Membership.Role.MANAGER)

    business = factory.SubFactory(BusinessFactory)
    user = factory.SubFactory(UserFactory)
    role = Membership.Role.SELLER


class CustomerFactory(DjangoModelFactory):
    """A customer without a credit limit."""

    class Meta:
        model = Customer

    business = factory.SubFactory(BusinessFactory)
    name = factory.Sequence(lambda n: f"Customer {n}")


class SaleFactory(DjangoModelFactory):
    """An open sale of 100.00 to a customer; `counter=True` for a counter sale."""

    class Meta:
        model = Sale

    class Params:
        counter = factory.Trait(customer=None)

    business = factory.SubFactory(BusinessFactory)
    customer = factory.SubFactory(CustomerFactory, business=factory.SelfAttribute("..business"))
    number = factory.Sequence(lambda n: f"S-{n}")
    sold_at = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
    total = Decimal("100.00")


class SaleItemFactory(DjangoModelFactory):
    """A line of an open sale."""

    class Meta:
        model = SaleItem

    business = factory.SubFactory(BusinessFactory)
    sale = factory.SubFactory(SaleFactory, business=factory.SelfAttribute("..business"))
    product = "Coffee 500 g"
    quantity = Decimal("2.000")
    unit_price = Decimal("12.50")


class PaymentFactory(DjangoModelFactory):
    """10.00 in cash from a customer, for no sale in particular."""

    class Meta:
        model = Payment

    business = factory.SubFactory(BusinessFactory)
    customer = factory.SubFactory(CustomerFactory, business=factory.SelfAttribute("..business"))
    sale = None
    amount = Decimal("10.00")
    paid_at = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


class DistributionFactory(DjangoModelFactory):
    """Ten units handed to a seller, who becomes a member of the business."""

    class Meta:
        model = Distribution

    business = factory.SubFactory(BusinessFactory)
    seller = factory.LazyAttribute(lambda row: MembershipFactory(business=row.business).user)
    product = factory.Sequence(lambda n: f"Product {n}")
    day = date(2026, 11, 2)
    quantity_out = Decimal("10.000")
