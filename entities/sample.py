"""Sample data for development: two businesses with their people, and a small shop in each.

It is made once. Where a business exists already, nothing in it is touched: a shop that somebody has worked in
stays as they left it. Not here: what an offline phone does with it (`demo`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from entities.accounts.models import Business, Membership, User
from entities.sales.models import Customer, Distribution, Payment, Sale, SaleItem

PASSWORD = "demo"  # noqa: S105 - published on purpose, which is why it needs DEBUG
ADMIN = "admin"

# For each business, who works there: {username: role}
PEOPLE = {
    "Norte": {"norte-seller": Membership.Role.SELLER, "norte-manager": Membership.Role.MANAGER},
    "Sur": {"sur-manager": Membership.Role.MANAGER},
}


class SampleDataRefused(RuntimeError):
    """Sample data is for development: everybody knows its password. Set DEBUG=1 where nobody else can log in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sale:
    """A sale to be; its total is the sum of its lines."""

    number: str
    customer: str | None  # by name; None at the counter
    days_ago: int
    lines: Sequence[tuple[str, str, str]]  # (product, quantity, unit price)
    paid: Sequence[tuple[str, str]] = ()  # (amount, method)
    status: str = Sale.Status.CLOSED
    void_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shop:
    """What a business starts with."""

    customers: Sequence[dict[str, str]]  # columns of Customer
    sales: Sequence[_Sale]
    on_account: Sequence[tuple[str, str, int]]  # (customer, amount, days ago): payments for no sale in particular
    # (seller, product, days ago, out, returned, sold)
    distributions: Sequence[tuple[str, str, int, str, str, str]]


SHOPS = {
    "Norte": _Shop(
        customers=(
            {
                "name": "Mercado Viejo",
                "phone": "+52 81 5550 0101",
                "address": "Calle Hidalgo 12",
                "tax_number": "MVI-010101",
                "credit_limit": "2500.00",
            },
            {
                "name": "Café Central",
                "phone": "+52 81 5550 0102",
                "address": "Plaza Mayor 3",
                "credit_limit": "800.00",
                "notes": "Deliver before eight.",
            },
            {"name": "Tienda Doña Elvira", "phone": "81 5550 0103", "address": "Camino al Cerro, km 4"},
            {"name": "Escuela Benito Juárez", "tax_number": "EBJ-850321", "notes": "Closed in August."},
        ),
        sales=(
            _Sale(
                number="N-1001",
                customer="Mercado Viejo",
                days_ago=12,
                lines=(("Coffee 500 g", "20", "12.50"), ("Sugar 1 kg", "30", "2.40")),
                paid=(("322.00", "transfer"),),
            ),
            _Sale(
                number="N-1002",
                customer="Café Central",
                days_ago=6,
                lines=(("Coffee 500 g", "24", "12.50"), ("Cinnamon 100 g", "10", "3.90")),
                paid=(("100.00", "cash"), ("50.00", "card")),
            ),
            _Sale(
                number="N-1003",
                customer=None,
                days_ago=3,
                lines=(("Honey 350 g", "2", "7.80"),),
                paid=(("15.60", "cash"),),
            ),
            _Sale(
                number="N-1004",
                customer="Tienda Doña Elvira",
                days_ago=3,
                lines=(("Rice 1 kg", "40", "1.95"),),
                status=Sale.Status.VOID,
                void_reason="Entered twice.",
            ),
            _Sale(
                number="N-1005",
                customer="Mercado Viejo",
                days_ago=1,
                lines=(("Coffee 500 g", "10", "12.50"), ("Honey 350 g", "12", "7.80")),
                status=Sale.Status.OPEN,
            ),
        ),
        on_account=(("Café Central", "60.00", 2),),
        distributions=(
            ("norte-seller", "Coffee 500 g", 2, "40", "6", "34"),
            ("norte-seller", "Honey 350 g", 2, "15", "3", "12"),
            ("norte-seller", "Coffee 500 g", 1, "40", "0", "18.5"),
            ("norte-manager", "Sugar 1 kg", 1, "60", "0", "0"),
        ),
    ),
    "Sur": _Shop(
        customers=(
            {"name": "Ferretería Pacífico", "phone": "+52 951 555 0201", "credit_limit": "1200.00"},
            {"name": "Hotel La Ceiba", "address": "Costera 88", "tax_number": "HLC-990909"},
        ),
        sales=(
            _Sale(
                number="S-0001",
                customer="Hotel La Ceiba",
                days_ago=4,
                lines=(("Soap, box of 50", "6", "18.00"), ("Towels", "24", "6.25")),
                paid=(("258.00", "transfer"),),
            ),
            _Sale(
                number="S-0002",
                customer="Ferretería Pacífico",
                days_ago=1,
                lines=(("Rope, metre", "120.5", "0.80"),),
                status=Sale.Status.OPEN,
            ),
        ),
        on_account=(("Ferretería Pacífico", "20.00", 1),),
        distributions=(("sur-manager", "Soap, box of 50", 1, "10", "2", "8"),),
    ),
}


def create() -> list[str]:
    """Make what is missing; the names of the businesses that are new. Errors: SampleDataRefused without DEBUG."""
    if not settings.DEBUG:
        raise SampleDataRefused(SampleDataRefused.__doc__)
    with transaction.atomic():
        _admin()
        return [name for name in PEOPLE if _business(name)]


def _admin() -> None:
    if not User.objects.filter(username=ADMIN).exists():
        User.objects.create_superuser(ADMIN, password=PASSWORD)


def _business(name: str) -> bool:
    business, is_new = Business.objects.get_or_create(name=name)
    for username, role in PEOPLE[name].items():
        user = User.objects.filter(username=username).first()
        if user is None:
            user = User.objects.create_user(username, password=PASSWORD)
        Membership.objects.get_or_create(business=business, user=user, defaults={"role": role})
    if is_new:
        _fill(business, SHOPS[name])
    return is_new


def _fill(business: Business, shop: _Shop) -> None:
    customers = {columns["name"]: Customer.objects.create(business=business, **columns) for columns in shop.customers}
    for sale in shop.sales:
        _sell(business, customers[sale.customer] if sale.customer else None, sale)
    for name, amount, days_ago in shop.on_account:
        Payment.objects.create(
            business=business, customer=customers[name], amount=Decimal(amount), paid_at=_moment(days_ago, 17)
        )
    people = {user.username: user for user in User.objects.filter(memberships__business=business)}
    for seller, product, days_ago, out, returned, sold in shop.distributions:
        Distribution.objects.create(
            business=business,
            seller=people[seller],
            product=product,
            day=_day(days_ago),
            quantity_out=Decimal(out),
            quantity_returned=Decimal(returned),
            quantity_sold=Decimal(sold),
        )


def _sell(business: Business, customer: Customer | None, sale: _Sale) -> None:
    lines = [(product, Decimal(quantity), Decimal(price)) for product, quantity, price in sale.lines]
    made = Sale.objects.create(
        business=business,
        customer=customer,
        number=sale.number,
        sold_at=_moment(sale.days_ago, 11),
        total=sum(quantity * price for _, quantity, price in lines),
        status=sale.status,
        void_reason=sale.void_reason,
    )
    for product, quantity, price in lines:
        SaleItem.objects.create(business=business, sale=made, product=product, quantity=quantity, unit_price=price)
    for amount, method in sale.paid:
        Payment.objects.create(
            business=business,
            sale=made,
            customer=customer,
            amount=Decimal(amount),
            method=method,
            paid_at=_moment(sale.days_ago, 12),
        )


def _day(days_ago: int) -> date:
    return timezone.localdate() - timedelta(days=days_ago)


def _moment(days_ago: int, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(_day(days_ago), time(hour)))
