"""Customers, tested the way docs/test-a-handler.md says."""

from uuid import uuid4

import pytest

from sync.testing import HandlerContract, Phone, Sample, insert
from tests.factories import CustomerFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def phone_of(member):
    return Phone(user_id=member.user_id, tenant_id=member.business_id)


def test_a_seller_gives_no_credit():
    seller = phone_of(MembershipFactory())
    good = seller.insert("customers", {"name": "Ana"})
    bad = seller.insert("customers", {"name": "Luis", "credit_limit": "100.00"})

    answer = seller.upload().expect("applied", "rejected/manager_required")

    assert answer[good["op_id"]]["version"] == 1
    assert answer[bad["op_id"]]["error"]["fields"] == {"credit_limit": ["is set by a manager"]}


def test_two_phones_edit_one_customer():
    phone = phone_of(MembershipFactory())
    other = phone.another()
    customer = CustomerFactory(business_id=phone.tenant_id)
    phone.update("customers", customer.pk, {"name": "Ana"}, base_version=1)
    other.update("customers", customer.pk, {"name": "Anna"}, base_version=1)
    other.update("customers", customer.pk, {"notes": "VIP"}, base_version=1)

    phone.upload().expect("applied")
    answer = other.upload().expect("conflict/stale_version", "applied/merged")

    assert answer[0]["server"]["row"]["name"] == "Ana"


def manager():
    return phone_of(MembershipFactory(manager=True))


def customer(phone):
    return {
        "name": "Ana",
        "phone": "+57 300 123",
        "address": "Calle 1",
        "tax_number": uuid4().hex[:20],
        "credit_limit": "500.00",
        "notes": "Pays on Fridays",
    }


def changed_customer(phone):
    return {
        "name": "Ana María",
        "phone": None,
        "address": "Calle 9",
        "tax_number": uuid4().hex[:20],
        "credit_limit": "750.50",
        "notes": "Pays on Mondays",
    }


def credit_by_a_seller(phone):
    seller = phone_of(MembershipFactory(business_id=phone.tenant_id))
    return seller, insert("customers", customer(phone))


CUSTOMERS = Sample(
    entity="customers",
    newcomer=manager,
    payload=customer,
    changes=changed_customer,
    required=frozenset({"name"}),
    refusals={"manager_required": credit_by_a_seller},
)


@pytest.mark.parametrize("sample", [CUSTOMERS], ids=lambda sample: sample.entity)
class TestHandlers(HandlerContract):
    """Every question of the contract, for every sample."""
