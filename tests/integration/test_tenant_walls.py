"""No row points into another business, and none moves there: the database says so to every writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from entities.accounts.models import Business
from entities.sales.models import Customer
from tests.factories import (
    BusinessFactory,
    CustomerFactory,
    DistributionFactory,
    MembershipFactory,
    PaymentFactory,
    SaleFactory,
    SaleItemFactory,
)

pytestmark = pytest.mark.django_db


@contextmanager
def refused_by(constraint: str) -> Iterator[None]:
    """The statement itself fails, not the commit: nothing is deferred."""
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        yield


@pytest.fixture
def here() -> Business:
    return BusinessFactory(name="Norte")


@pytest.fixture
def there() -> Business:
    return BusinessFactory(name="Sur")


def point(table: str, column: str, row: object, target: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE id = %s", [target, row])


class TestReferences:
    """Each foreign key carries the business."""

    def test_a_sale_cannot_name_a_customer_of_another_business(self, here: Business, there: Business) -> None:
        with refused_by("sales_customer_id_same_business"):
            SaleFactory(business=here, customer=CustomerFactory(business=there))

    def test_a_sale_cannot_be_turned_to_a_customer_of_another_business(self, here: Business, there: Business) -> None:
        sale = SaleFactory(business=here)
        with refused_by("sales_customer_id_same_business"):
            point("sales", "customer_id", sale.pk, CustomerFactory(business=there).pk)

    def test_an_item_cannot_belong_to_a_sale_of_another_business(self, here: Business, there: Business) -> None:
        item = SaleItemFactory(business=here)
        with refused_by("sale_items_sale_id_same_business"):
            point("sale_items", "sale_id", item.pk, SaleFactory(business=there).pk)

    @pytest.mark.parametrize("column", ["customer_id", "sale_id"])
    def test_a_payment_cannot_count_in_another_business(self, here: Business, there: Business, column: str) -> None:
        payment = PaymentFactory(business=here)
        parent = CustomerFactory(business=there) if column == "customer_id" else SaleFactory(business=there)
        with refused_by(f"payments_{column}_same_business"):
            point("payments", column, payment.pk, parent.pk)

    def test_goods_cannot_be_handed_to_a_member_of_another_business(self, here: Business, there: Business) -> None:
        distribution = DistributionFactory(business=here)
        with refused_by("distributions_seller_id_same_business"):
            point("distributions", "seller_id", distribution.pk, MembershipFactory(business=there).user_id)

    def test_a_row_cannot_name_a_business_that_does_not_exist(self, here: Business) -> None:
        """Also where only the composite key checks it."""
        item = SaleItemFactory(business=here)
        with refused_by("sale_items_sale_id_same_business"), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sale_items (id, business_id, sale_id, product, quantity, unit_price)"
                " VALUES (gen_random_uuid(), gen_random_uuid(), %s, 'x', 1, 1)",
                [item.sale_id],
            )

    def test_a_counter_sale_has_no_customer_anywhere(self, here: Business) -> None:
        """Null refers to none, in every business."""
        assert SaleFactory(business=here, counter=True).customer is None


class TestBusinesses:
    """A row stays in its business."""

    def test_a_row_without_children_cannot_be_moved(self, here: Business, there: Business) -> None:
        with refused_by("a row stays in its business"):
            point("customers", "business_id", CustomerFactory(business=here).pk, there.pk)

    def test_a_counter_sale_cannot_be_moved(self, here: Business, there: Business) -> None:
        sale = SaleFactory(business=here, counter=True)
        sale.business = there
        with refused_by("a row stays in its business"):
            sale.save()

    def test_a_full_save_in_the_same_business_passes(self, here: Business) -> None:
        """The guard looks at values, not at the statement."""
        customer = CustomerFactory(business=here)
        customer.name = "Renamed"
        customer.save()
        customer.refresh_from_db()
        assert customer.name == "Renamed"

    def test_a_business_with_rows_cannot_be_deleted(self, here: Business) -> None:
        CustomerFactory(business=here)
        with pytest.raises(ProtectedError):
            here.delete()

    def test_a_membership_that_rows_name_cannot_be_deleted(self, here: Business) -> None:
        seller = DistributionFactory(business=here).seller
        with refused_by("distributions_seller_id_same_business"):
            seller.memberships.get().delete()


class TestBackstop:
    """What clients are told by the schema, other writers are told by CHECK constraints."""

    @pytest.mark.parametrize(
        ("table", "column", "value", "constraint"),
        [
            ("customers", "name", "  ", "customers_name_not_blank"),
            ("customers", "credit_limit", "-1", "customers_credit_limit_not_negative"),
            ("sales", "number", "", "sales_number_not_blank"),
            ("sales", "total", "-0.01", "sales_total_not_negative"),
            ("sales", "status", "lost", "sales_status_known"),
            ("sales", "status", "void", "sales_void_has_reason"),
            ("sale_items", "product", "\t", "sale_items_product_not_blank"),
            ("sale_items", "quantity", "0", "sale_items_quantity_positive"),
            ("sale_items", "unit_price", "-1", "sale_items_unit_price_not_negative"),
            ("payments", "amount", "0", "payments_amount_positive"),
            ("payments", "method", "barter", "payments_method_known"),
            ("payments", "customer_id", None, "payments_have_target"),
            ("distributions", "product", " ", "distributions_product_not_blank"),
            ("distributions", "quantity_sold", "-1", "distributions_quantities_not_negative"),
            ("distributions", "quantity_sold", "10.001", "distributions_balanced"),
        ],
    )
    def test_a_value_out_of_bounds_is_refused(
        self, here: Business, table: str, column: str, value: str | None, constraint: str
    ) -> None:
        factory = {
            "customers": CustomerFactory,
            "sales": SaleFactory,
            "sale_items": SaleItemFactory,
            "payments": PaymentFactory,
            "distributions": DistributionFactory,
        }[table]
        row = factory(business=here)
        with refused_by(constraint):
            point(table, column, row.pk, value)

    def test_unique_values_are_free_again_after_a_delete(self, here: Business) -> None:
        """Uniqueness holds among living rows of one business."""
        CustomerFactory(business=here, tax_number="T-1").delete()
        CustomerFactory(business=here, tax_number="T-1")
        CustomerFactory(tax_number="T-1")
        with refused_by("customers_tax_number_unique"):
            CustomerFactory(business=here, tax_number="T-1")


class TestProtectLiving:
    """Rows with living children are deleted after them, by the ORM too."""

    def test_a_customer_with_a_living_sale_is_protected(self, here: Business) -> None:
        sale = SaleFactory(business=here)
        with pytest.raises(ProtectedError) as refusal:
            sale.customer.delete()
        assert refusal.value.protected_objects == {sale}

    def test_tombstones_do_not_protect_their_parents(self, here: Business) -> None:
        sale = SaleFactory(business=here)
        customer_id = sale.customer_id
        sale.delete()
        sale.customer.delete()
        assert Customer.objects.get(pk=customer_id).is_deleted
