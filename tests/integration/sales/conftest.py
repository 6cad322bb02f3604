"""A business with a seller, a manager and a customer on credit; tests speak to it over HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from entities.accounts.models import Business
from entities.sales.models import Customer
from tests.factories import BusinessFactory, CustomerFactory, MembershipFactory
from tests.phone import Phone


@pytest.fixture
def business() -> Business:
    return BusinessFactory()


@pytest.fixture
def seller(business: Business) -> Phone:
    return Phone(MembershipFactory(business=business))


@pytest.fixture
def manager(business: Business) -> Phone:
    return Phone(MembershipFactory(business=business, manager=True))


@pytest.fixture
def customer(business: Business) -> Customer:
    """With a credit limit of 100."""
    return CustomerFactory(business=business, credit_limit=Decimal(100))
