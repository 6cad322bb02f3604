"""The sample data of development: who is there, what a shop starts with, and when it is refused."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from entities import sample
from entities.accounts.models import Business, Membership, User
from entities.sales.balances import read_balances
from entities.sales.models import Customer, Distribution, Payment, Sale, SaleItem

pytestmark = pytest.mark.django_db

TABLES = (Customer, Sale, SaleItem, Payment, Distribution)


@pytest.fixture(autouse=True)
def development(settings):
    settings.DEBUG = True
    # The real hasher takes a second for four accounts, by design.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_the_people_of_the_data_dictionary_are_there():
    """Two businesses, their users with their roles, and a superuser who is a member of neither."""
    assert sample.create() == ["Norte", "Sur"]

    roles = Membership.objects.filter(active=True).values_list("user__username", "business__name", "role")
    assert set(roles) == {
        ("norte-seller", "Norte", "seller"),
        ("norte-manager", "Norte", "manager"),
        ("sur-manager", "Sur", "manager"),
    }
    assert User.objects.get(is_superuser=True).username == "admin"


@pytest.mark.parametrize("username", ["norte-seller", "norte-manager", "sur-manager", "admin"])
def test_everybody_logs_in_with_the_published_password(username):
    sample.create()

    assert authenticate(username=username, password="demo") is not None


def test_both_businesses_have_rows_of_every_entity():
    sample.create()

    for business in Business.objects.all():
        for model in TABLES:
            assert model.objects.filter(business=business).exists(), f"{business} has no {model.__name__}"


def test_sales_stand_in_every_state():
    sample.create()

    assert set(Sale.objects.values_list("status", flat=True)) == set(Sale.Status)


def test_no_rule_of_the_shop_is_broken():
    """Nobody has paid more than they owed, nobody owes more than they may."""
    sample.create()

    balances = read_balances(
        customers=list(Customer.objects.values_list("pk", flat=True)),
        sales=list(Sale.objects.values_list("pk", flat=True)),
    )

    assert all(account.owed >= 0 for account in (*balances.sales.values(), *balances.customers.values()))
    assert all(account.owed <= account.credit_limit for account in balances.customers.values() if account.credit_limit)


def test_a_second_run_makes_nothing():
    sample.create()
    before = [model.objects.count() for model in (*TABLES, User, Membership)]

    assert sample.create() == []

    assert [model.objects.count() for model in (*TABLES, User, Membership)] == before


def test_a_second_run_leaves_what_people_did():
    """An edited row, a deleted one and a new password stay as they are."""
    sample.create()
    Customer.objects.filter(name="Mercado Viejo").update(name="Mercado Nuevo")
    Distribution.objects.first().delete()
    seller = User.objects.get(username="norte-seller")
    seller.set_password("another one")
    seller.save()

    sample.create()

    assert not Customer.objects.filter(name="Mercado Viejo").exists()
    assert Distribution.objects.filter(deleted_at__isnull=False).count() == 1
    assert authenticate(username="norte-seller", password="another one") is not None


def test_rows_begin_as_if_a_server_had_written_them():
    """Version 1 and no stamps: the first edit of a phone never meets a clash that nobody made."""
    sample.create()

    assert {version for model in TABLES for version in model.objects.values_list("version", flat=True)} == {1}
    assert all(row.field_versions == {} for row in Customer.objects.all())


def test_it_is_refused_without_debug(settings):
    """A server that others can reach never has accounts whose password is published."""
    settings.DEBUG = False

    with pytest.raises(CommandError, match="DEBUG"):
        call_command("sample_data")

    assert not User.objects.exists()


def test_the_command_says_what_it_made():
    first, second = StringIO(), StringIO()

    call_command("sample_data", stdout=first)
    call_command("sample_data", stdout=second)

    assert "Made Norte and Sur." in first.getvalue()
    assert "It was all there already." in second.getvalue()
