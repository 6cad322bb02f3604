"""One sample per registered handler: the contract suite asks every entity the same questions.

The figures are far from every bound, so that any column may change alone; rules have tests of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from entities.accounts.models import Business
from entities.sales.models import Customer, Payment, Sale
from sync import testing
from sync.testing import Attempt, Sample
from tests.factories import CustomerFactory, DistributionFactory, MembershipFactory, PaymentFactory, SaleFactory
from tests.phone import Phone

Json = dict[str, Any]
MORNING = "2026-11-02T08:30:00Z"
EVENING = "2026-11-02T19:00:00Z"


def manager() -> Phone:
    """The manager of a new business."""
    return Phone(MembershipFactory(manager=True))


def seller_beside(phone: testing.Phone) -> Phone:
    """A seller of the same business."""
    return Phone(MembershipFactory(business=business_of(phone)))


def business_of(phone: testing.Phone) -> Business:
    """The tenant of a phone."""
    return Business.objects.get(pk=phone.tenant_id)


def number() -> str:
    """Something unique of at most 32 characters."""
    return uuid4().hex[:20]


def customer_of(phone: testing.Phone, **columns: Any) -> Customer:
    """A customer of the phone's business."""
    return CustomerFactory(business=business_of(phone), **columns)


def sale_of(phone: testing.Phone, **columns: Any) -> Sale:
    """A sale of the phone's business; its payments have room."""
    return SaleFactory(business=business_of(phone), **{"total": Decimal(1000), **columns})


def customer(_: testing.Phone) -> Json:
    """A customer with everything."""
    return {
        "name": "Ana",
        "phone": "+57 300 123",
        "address": "Calle 1 # 2-3",
        "tax_number": number(),
        "credit_limit": "500.00",
        "notes": "Pays on Fridays",
    }


def other_customer(_: testing.Phone) -> Json:
    """The same, otherwise."""
    return {
        "name": "Ana María",
        "tax_number": number(),
        "credit_limit": "750.50",
        "phone": None,
        "address": "Calle 9",
        "notes": "Pays on Mondays",
    }


def sale(phone: testing.Phone) -> Json:
    """An open sale with everything."""
    return {
        "customer_id": str(customer_of(phone).pk),
        "number": number(),
        "sold_at": MORNING,
        "total": "100.00",
        "status": "open",
        "void_reason": "none yet",
        "notes": "Deliver at noon",
    }


def other_sale(phone: testing.Phone) -> Json:
    """The same, otherwise. Closing comes last: it ends all other changes."""
    return {
        "number": number(),
        "sold_at": EVENING,
        "customer_id": str(customer_of(phone).pk),
        "total": "120.25",
        "void_reason": None,
        "notes": "Deliver at night",
        "status": "closed",
    }


def sale_item(phone: testing.Phone) -> Json:
    """A line of an open sale."""
    return {"sale_id": str(sale_of(phone).pk), "product": "Coffee", "quantity": "2.000", "unit_price": "12.50"}


def other_sale_item(phone: testing.Phone) -> Json:
    """The same, otherwise."""
    return {"product": "Tea", "quantity": "3.500", "unit_price": "0.00", "sale_id": str(sale_of(phone).pk)}


def payment(phone: testing.Phone) -> Json:
    """A payment that names a sale and its customer."""
    paid = sale_of(phone)
    return {
        "customer_id": str(paid.customer_id),
        "sale_id": str(paid.pk),
        "amount": "10.00",
        "method": "card",
        "paid_at": MORNING,
        "notes": "Receipt 7",
    }


def other_payment(phone: testing.Phone) -> Json:
    """The same, otherwise."""
    return {
        "amount": "12.00",
        "method": "other",
        "customer_id": str(customer_of(phone).pk),
        "sale_id": str(sale_of(phone).pk),
        "paid_at": EVENING,
        "notes": None,
    }


def distribution(phone: testing.Phone) -> Json:
    """Goods for a new seller of the business."""
    return {
        "seller_id": str(seller_beside(phone).user_id),
        "product": "Coffee",
        "day": "2026-11-02",
        "quantity_out": "10.000",
        "quantity_returned": "1.000",
        "quantity_sold": "2.500",
    }


def other_distribution(phone: testing.Phone) -> Json:
    """The same, otherwise."""
    return {
        "product": "Tea",
        "day": "2026-11-03",
        "seller_id": str(seller_beside(phone).user_id),
        "quantity_out": "12.000",
        "quantity_returned": "0.500",
        "quantity_sold": "4.000",
    }


def inserted(entity: str, payload: Callable[[testing.Phone], Json], **columns: Any) -> Callable[..., Attempt]:
    """An attempt to insert the good row with these columns instead."""
    return lambda phone: (phone, testing.insert(entity, {**payload(phone), **columns}))


def by_a_seller(attempt: Callable[[testing.Phone], Attempt]) -> Callable[[testing.Phone], Attempt]:
    """The same attempt by somebody who is no manager."""
    return lambda phone: (seller_beside(phone), attempt(phone)[1])


def over_the_limit(phone: testing.Phone) -> Attempt:
    """A sale to somebody who may owe ten."""
    poor = customer_of(phone, credit_limit=Decimal(10))
    return phone, testing.insert("sales", {**sale(phone), "customer_id": poor.pk})


def below_its_payments(phone: testing.Phone) -> Attempt:
    """A total that becomes less than what was paid."""
    paid = sale_of(phone)
    Payment.objects.create(
        business=paid.business, sale=paid, amount=Decimal(50), paid_at=datetime(2026, 11, 2, tzinfo=UTC)
    )
    return phone, testing.update("sales", paid.pk, {"total": "49.99"}, base_version=1)


def of_a_closed_sale(phone: testing.Phone) -> Attempt:
    """A note on a sale that is final."""
    return phone, testing.update("sales", sale_of(phone, status="closed").pk, {"notes": "x"}, base_version=1)


def line_of_a_closed_sale(phone: testing.Phone) -> Attempt:
    """A line that comes too late."""
    return phone, testing.insert("sale_items", {**sale_item(phone), "sale_id": sale_of(phone, status="closed").pk})


def of_another_customer(phone: testing.Phone) -> Attempt:
    """A payment whose customer is not its sale's."""
    return phone, testing.insert("payments", {**payment(phone), "customer_id": customer_of(phone).pk})


def edited_payment(phone: testing.Phone) -> Attempt:
    """A correction of money received."""
    made = PaymentFactory(business=business_of(phone))
    return phone, testing.update("payments", made.pk, {"amount": "11"}, base_version=1)


def payment_deleted_by_a_seller(phone: testing.Phone) -> Attempt:
    """The end of a payment, by somebody who is no manager."""
    made = PaymentFactory(business=business_of(phone))
    return seller_beside(phone), testing.delete("payments", made.pk, base_version=1)


def distribution_of_a_colleague(phone: testing.Phone) -> Attempt:
    """Figures of somebody else's goods."""
    made = DistributionFactory(business=business_of(phone))
    return seller_beside(phone), testing.update("distributions", made.pk, {"quantity_sold": "1"}, base_version=1)


SAMPLES = (
    Sample(
        entity="customers",
        newcomer=manager,
        payload=customer,
        changes=other_customer,
        required=frozenset({"name"}),
        refusals={"manager_required": by_a_seller(inserted("customers", customer))},
    ),
    Sample(
        entity="sales",
        newcomer=manager,
        payload=sale,
        changes=other_sale,
        required=frozenset({"number", "sold_at", "total"}),
        refusals={
            "manager_required": by_a_seller(inserted("sales", sale, status="void")),
            "void_reason_required": inserted("sales", sale, status="void", void_reason=None),
            "sale_closed": of_a_closed_sale,
            "credit_limit_exceeded": over_the_limit,
            "overpaid": below_its_payments,
        },
    ),
    Sample(
        entity="sale_items",
        newcomer=manager,
        payload=sale_item,
        changes=other_sale_item,
        required=frozenset({"sale_id", "product", "quantity", "unit_price"}),
        refusals={"sale_closed": line_of_a_closed_sale},
    ),
    Sample(
        entity="payments",
        newcomer=manager,
        payload=payment,
        changes=other_payment,
        required=frozenset({"amount", "paid_at"}),
        needed=frozenset({"sale_id"}),
        refused={"update": "payment_final"},
        refusals={
            "payment_without_target": inserted("payments", payment, sale_id=None, customer_id=None),
            "payment_target_mismatch": of_another_customer,
            "overpaid": inserted("payments", payment, amount="1000.01"),
            "payment_final": edited_payment,
            "manager_required": payment_deleted_by_a_seller,
        },
    ),
    Sample(
        entity="distributions",
        newcomer=manager,
        payload=distribution,
        changes=other_distribution,
        required=frozenset({"seller_id", "product", "day", "quantity_out"}),
        refusals={
            "quantity_unbalanced": inserted("distributions", distribution, quantity_sold="9.001"),
            "not_your_distribution": distribution_of_a_colleague,
        },
    ),
)
