"""A bad operation fails alone, whatever is wrong with it and wherever it stands."""

from __future__ import annotations

import pytest

from entities.sales.models import Customer
from tests.factories import MembershipFactory
from tests.phone import Phone
from tests.property.ops import BAD_OPERATIONS, customer
from tests.property.tier import figure, seeded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.promise("P07")
def test_bad_operations_fail_alone() -> None:
    """1 to 50 bad operations of 12 kinds at random places: everything else is applied."""
    seed, random = seeded()
    phone = Phone(MembershipFactory())
    sent = 0
    while sent < figure(120, 20_000):
        good = [customer() for _ in range(50)]
        operations = list(good)
        for _ in range(random.choice((1, 2, 5, 50))):
            operations.insert(random.randrange(len(operations) + 1), random.choice(BAD_OPERATIONS)())
        fine = {o["op_id"] for o in good}
        for result in phone.upload(*operations):
            assert (result["status"] == "applied") is (result["op_id"] in fine), (seed, result)
        assert Customer.objects.filter(pk__in=[o["entity_id"] for o in good], version=1).count() == 50
        sent += len(operations)
