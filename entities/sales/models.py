"""The five tables of field sales.

Not here: rules over more than one value (`handlers`), and what a customer or a sale owes (`balances`).
Column types, lengths and validators are the structure that clients are held to; the CHECK constraints repeat
it for every other writer. Walls between businesses (composite foreign keys) stand in the migration.

Foreign keys have no constraint of their own where a composite one, `(business_id, x_id)`, checks the same:
one check per column, and none of the hot `businesses` row, which every insert would otherwise lock.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from entities.accounts.models import Business, User
from entities.sales.validators import NOT_NEGATIVE, POSITIVE
from sync.deletion import PROTECT_LIVING
from sync.models import SyncedModel

LIVING = Q(deleted_at=None)
NO_MONEY = Decimal("0.00")
NO_GOODS = Decimal("0.000")


def _not_blank(column: str) -> Q:
    return Q(**{f"{column}__regex": r"\S"})


class Customer(SyncedModel):
    """Someone who buys on account. `credit_limit` 0 means that no limit is set."""

    business = models.ForeignKey(Business, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=200)
    phone = models.CharField(max_length=32, null=True, blank=True)
    address = models.TextField(null=True, blank=True)
    tax_number = models.CharField(max_length=32, null=True, blank=True)
    credit_limit = models.DecimalField(
        max_digits=12, decimal_places=2, default=NO_MONEY, db_default=NO_MONEY, validators=[NOT_NEGATIVE]
    )
    notes = models.TextField(null=True, blank=True)

    class Meta:
        db_table = "customers"
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("business", "tax_number"),
                condition=LIVING,
                name="customers_tax_number_unique",
                violation_error_message="Another customer of this business has this tax number.",
            ),
            models.CheckConstraint(condition=_not_blank("name"), name="customers_name_not_blank"),
            models.CheckConstraint(condition=Q(credit_limit__gte=0), name="customers_credit_limit_not_negative"),
        )

    def __str__(self) -> str:
        return self.name


class Sale(SyncedModel):
    """The head of a sale. Open: still being written. Closed: final. Void: cancelled, with a reason."""

    class Status(models.TextChoices):
        """Only `open` sales change; `closed` may still become `void`."""

        OPEN = "open"
        CLOSED = "closed"
        VOID = "void"

    business = models.ForeignKey(Business, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer,
        on_delete=PROTECT_LIVING,
        related_name="sales",
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        help_text="Empty for a counter sale.",
    )
    number = models.CharField(max_length=32)
    sold_at = models.DateTimeField()
    total = models.DecimalField(max_digits=12, decimal_places=2, validators=[NOT_NEGATIVE])
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN, db_default=Status.OPEN.value)
    void_reason = models.TextField(null=True, blank=True)
    notes = models.TextField(null=True, blank=True)

    class Meta:
        db_table = "sales"
        ordering = ("-sold_at",)
        indexes = (
            # What a customer owes, and whether they have children: entities.sales.balances.
            models.Index(fields=("customer",), condition=LIVING, name="sales_customer_living"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("business", "number"),
                condition=LIVING,
                name="sales_number_unique",
                violation_error_message="Another sale of this business has this number.",
            ),
            models.CheckConstraint(condition=_not_blank("number"), name="sales_number_not_blank"),
            models.CheckConstraint(condition=Q(total__gte=0), name="sales_total_not_negative"),
            models.CheckConstraint(condition=Q(status__in=("open", "closed", "void")), name="sales_status_known"),
            models.CheckConstraint(
                condition=~Q(status="void") | (Q(void_reason__isnull=False) & _not_blank("void_reason")),
                name="sales_void_has_reason",
                violation_error_message="A void sale needs a reason.",
            ),
        )

    def __str__(self) -> str:
        return self.number


class SaleItem(SyncedModel):
    """A line of a sale. Its sale's total is the client's word; it is not derived from the lines."""

    business = models.ForeignKey(
        Business, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    sale = models.ForeignKey(Sale, on_delete=PROTECT_LIVING, related_name="items", db_constraint=False, db_index=False)
    product = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=12, decimal_places=3, validators=[POSITIVE])
    unit_price = models.DecimalField(max_digits=12, decimal_places=2, validators=[NOT_NEGATIVE])

    class Meta:
        db_table = "sale_items"
        ordering = ("sale", "product")
        indexes = (models.Index(fields=("sale",), condition=LIVING, name="sale_items_sale_living"),)
        constraints = (
            models.CheckConstraint(condition=_not_blank("product"), name="sale_items_product_not_blank"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="sale_items_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="sale_items_unit_price_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.quantity.normalize():f} × {self.product}"


class Payment(SyncedModel):
    """Money received. Counts for its sale when it names one, otherwise for its customer. Never edited."""

    class Method(models.TextChoices):
        """How the money came."""

        CASH = "cash"
        CARD = "card"
        TRANSFER = "transfer"
        OTHER = "other"

    business = models.ForeignKey(
        Business, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=PROTECT_LIVING,
        related_name="payments",
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
    )
    sale = models.ForeignKey(
        Sale,
        on_delete=PROTECT_LIVING,
        related_name="payments",
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
    )
    amount = models.DecimalField(max_digits=12, decimal_places=2, validators=[POSITIVE])
    method = models.CharField(max_length=8, choices=Method.choices, default=Method.CASH, db_default=Method.CASH.value)
    paid_at = models.DateTimeField()
    notes = models.TextField(null=True, blank=True)

    class Meta:
        db_table = "payments"
        ordering = ("-paid_at",)
        indexes = (
            models.Index(fields=("sale",), condition=LIVING, name="payments_sale_living"),
            models.Index(fields=("customer",), condition=LIVING, name="payments_customer_living"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(customer__isnull=False) | Q(sale__isnull=False),
                name="payments_have_target",
                violation_error_message="A payment names a customer, a sale, or both.",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_amount_positive"),
            models.CheckConstraint(
                condition=Q(method__in=("cash", "card", "transfer", "other")), name="payments_method_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} {self.method}"


class Distribution(SyncedModel):
    """Goods handed to a seller for a day, and what became of them. The seller is a member of the business."""

    business = models.ForeignKey(
        Business, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    seller = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="distributions", db_constraint=False, db_index=False
    )
    product = models.CharField(max_length=200)
    day = models.DateField()
    quantity_out = models.DecimalField(max_digits=12, decimal_places=3, validators=[NOT_NEGATIVE])
    quantity_returned = models.DecimalField(
        max_digits=12, decimal_places=3, default=NO_GOODS, db_default=NO_GOODS, validators=[NOT_NEGATIVE]
    )
    quantity_sold = models.DecimalField(
        max_digits=12, decimal_places=3, default=NO_GOODS, db_default=NO_GOODS, validators=[NOT_NEGATIVE]
    )

    class Meta:
        db_table = "distributions"
        ordering = ("-day", "product")
        constraints = (
            models.UniqueConstraint(
                fields=("business", "seller", "product", "day"),
                condition=LIVING,
                name="distributions_day_unique",
                violation_error_message="This seller has this product on this day already.",
            ),
            models.CheckConstraint(condition=_not_blank("product"), name="distributions_product_not_blank"),
            models.CheckConstraint(
                condition=Q(quantity_out__gte=0, quantity_returned__gte=0, quantity_sold__gte=0),
                name="distributions_quantities_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(quantity_out__gte=F("quantity_returned") + F("quantity_sold")),
                name="distributions_balanced",
                violation_error_message="More returned and sold than handed out.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.product}"
