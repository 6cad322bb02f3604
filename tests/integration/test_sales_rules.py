"""Every rule and code of the sales domain, told as clients meet them: over HTTP, through the engine."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from entities.accounts.models import Business
from entities.sales.models import Customer, Distribution, Payment, Sale, SaleItem
from tests.factories import (
    BusinessFactory,
    CustomerFactory,
    DistributionFactory,
    MembershipFactory,
    PaymentFactory,
    SaleFactory,
    SaleItemFactory,
)
from tests.phone import Phone, delete, insert, update

pytestmark = pytest.mark.django_db

NOON = "2026-11-02T12:00:00Z"


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


def sale_of(customer: Customer | UUID | None, total: str, **more: Any) -> dict[str, Any]:
    customer_id = customer.pk if isinstance(customer, Customer) else customer
    return insert(
        "sales",
        **{"customer_id": customer_id, "number": f"N-{uuid4()}"[:32], "sold_at": NOON, "total": total, **more},
    )


def payment(amount: str, **target: Any) -> dict[str, Any]:
    return insert("payments", amount=amount, paid_at=NOON, **target)


def goods(seller: Phone, **more: Any) -> dict[str, Any]:
    columns = {"seller_id": seller.member.user_id, "product": "Coffee", "day": "2026-11-02", "quantity_out": "10"}
    return insert("distributions", **{**columns, **more})


class TestCustomers:
    """Credit is given by managers; the rest is anybody's."""

    def test_anybody_adds_a_customer_without_a_limit(self, seller: Phone) -> None:
        assert seller.codes(insert("customers", name="Ana"), insert("customers", name="Eva", credit_limit="0")) == [
            None,
            None,
        ]

    def test_an_insert_with_a_limit_needs_a_manager(self, seller: Phone, manager: Phone) -> None:
        assert seller.code(insert("customers", name="Ana", credit_limit="0.01")) == "manager_required"
        assert manager.code(insert("customers", name="Ana", credit_limit="0.01")) is None

    @pytest.mark.parametrize("limit", ["0", "99.99", "500"])
    def test_any_change_of_a_limit_needs_a_manager(
        self, seller: Phone, manager: Phone, customer: Customer, limit: str
    ) -> None:
        assert seller.code(update(customer, credit_limit=limit)) == "manager_required"
        assert manager.code(update(customer, credit_limit=limit)) is None

    def test_sending_the_same_limit_is_no_change(self, seller: Phone, customer: Customer) -> None:
        assert seller.codes(
            update(customer, credit_limit="100.00"), update(customer, credit_limit="100", name="B")
        ) == [
            "unchanged",
            None,
        ]

    def test_a_limit_may_fall_below_what_is_owed(self, manager: Phone, customer: Customer) -> None:
        SaleFactory(business=customer.business, customer=customer)
        assert manager.code(update(customer, credit_limit="1")) is None

    def test_tax_numbers_are_unique_among_living_rows(self, seller: Phone, business: Business) -> None:
        taken = CustomerFactory(business=business, tax_number="T-1")
        CustomerFactory(business=business, tax_number="T-2").delete()
        CustomerFactory(tax_number="T-3")
        first, *others = seller.upload(
            *(insert("customers", name="x", tax_number=number) for number in ("T-1", "T-2", "T-3"))
        )
        assert (first["code"], first["error"]["duplicate_of"]) == ("unique_violation", str(taken.pk))
        assert first["error"]["fields"].keys() == {"tax_number"}
        assert [other["code"] for other in others] == [None, None]

    def test_many_customers_have_no_tax_number(self, seller: Phone) -> None:
        assert seller.codes(*(insert("customers", name="x", tax_number="") for _ in range(2))) == [None, None]

    @pytest.mark.parametrize("child", [SaleFactory, PaymentFactory], ids=["sale", "payment"])
    def test_a_customer_goes_after_their_sales_and_payments(
        self, manager: Phone, business: Business, child: Any
    ) -> None:
        row = child(business=business)
        assert manager.code(delete(row.customer)) == "has_children"
        assert manager.codes(delete(row), delete(row.customer)) == [None, None]


class TestVoidAndClosed:
    """Open sales change, closed ones may become void, void ones nothing."""

    REASON = {"status": "void", "void_reason": "typed twice"}

    @pytest.mark.parametrize("status", ["open", "closed"])
    def test_a_sale_is_inserted_open_or_closed(self, seller: Phone, status: str) -> None:
        assert seller.code(sale_of(None, "5", status=status)) is None

    def test_a_sale_is_open_unless_it_says_otherwise(self, seller: Phone) -> None:
        seller.upload(sale_of(None, "5"))
        assert Sale.objects.get().status == "open"

    def test_a_void_insert_needs_a_manager_and_a_reason(self, seller: Phone, manager: Phone) -> None:
        """Who lacks both hears of the manager first."""
        assert seller.code(sale_of(None, "5", status="void")) == "manager_required"
        assert seller.code(sale_of(None, "5", **self.REASON)) == "manager_required"
        assert manager.code(sale_of(None, "5", status="void")) == "void_reason_required"
        assert manager.code(sale_of(None, "5", status="void", void_reason="  ")) == "void_reason_required"
        assert manager.code(sale_of(None, "5", **self.REASON)) is None

    @pytest.mark.parametrize("status", ["open", "closed"])
    def test_voiding_needs_a_manager_and_a_reason(
        self, seller: Phone, manager: Phone, business: Business, status: str
    ) -> None:
        sale = SaleFactory(business=business, status=status)
        assert seller.code(update(sale, **self.REASON)) == "manager_required"
        assert manager.code(update(sale, status="void")) == "void_reason_required"
        assert manager.code(update(sale, **self.REASON)) is None

    def test_a_reason_noted_before_is_a_reason(self, manager: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, void_reason="typed twice")
        assert manager.code(update(sale, status="void")) is None

    def test_a_reason_cannot_be_taken_away_while_voiding(self, manager: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, void_reason="typed twice")
        assert manager.code(update(sale, status="void", void_reason=None)) == "void_reason_required"

    def test_an_open_sale_may_change_and_become_void_at_once(self, manager: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        assert manager.code(update(sale, notes="see N-2", **self.REASON)) is None

    def test_a_closed_sale_becomes_void_and_nothing_else(
        self, seller: Phone, manager: Phone, business: Business
    ) -> None:
        """The manager, the reason, and only then that more was changed."""
        sale = SaleFactory(business=business, status="closed")
        more = {"notes": "see N-2"}
        assert seller.code(update(sale, **self.REASON, **more)) == "manager_required"
        assert manager.code(update(sale, status="void", **more)) == "void_reason_required"
        assert manager.code(update(sale, **self.REASON, **more)) == "sale_closed"

    @pytest.mark.parametrize(
        "change",
        [{"notes": "x"}, {"total": "1"}, {"status": "open"}, {"void_reason": "y"}, {"customer_id": None}],
        ids=lambda change: next(iter(change)),
    )
    @pytest.mark.parametrize("status", ["closed", "void"])
    def test_any_other_change_is_refused(
        self, manager: Phone, business: Business, status: str, change: dict[str, Any]
    ) -> None:
        """A manager's too, and of notes too."""
        sale = SaleFactory(business=business, status=status, void_reason="x" if status == "void" else None)
        assert manager.code(update(sale, **change)) == "sale_closed"

    def test_a_void_sale_is_not_closed_again(self, manager: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, status="void", void_reason="x")
        assert manager.code(update(sale, status="closed")) == "sale_closed"

    def test_an_update_that_changes_nothing_is_no_change(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, status="void", void_reason="x")
        assert seller.code(update(sale, status="void", total="100")) == "unchanged"

    @pytest.mark.parametrize(("status", "code"), [("open", None), ("closed", "sale_closed"), ("void", "sale_closed")])
    def test_only_open_sales_are_deleted(
        self, seller: Phone, business: Business, status: str, code: str | None
    ) -> None:
        sale = SaleFactory(business=business, status=status, void_reason="x" if status == "void" else None)
        assert seller.code(delete(sale)) == code

    @pytest.mark.parametrize("child", ["item", "payment"])
    def test_a_sale_goes_after_its_items_and_payments(self, manager: Phone, business: Business, child: str) -> None:
        sale = SaleFactory(business=business)
        row = (
            SaleItemFactory(business=business, sale=sale)
            if child == "item"
            else PaymentFactory(business=business, sale=sale, customer=None)
        )
        assert manager.code(delete(sale)) == "has_children"
        assert manager.codes(delete(row), delete(sale)) == [None, None]

    def test_a_closed_sale_with_items_is_closed_before_it_has_children(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, status="closed")
        SaleItemFactory(business=business, sale=sale)
        assert seller.code(delete(sale)) == "sale_closed"

    def test_numbers_are_unique_per_business(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        number = SaleFactory().number
        assert seller.codes(sale_of(None, "1", number=sale.number), sale_of(None, "1", number=number)) == [
            "unique_violation",
            None,
        ]


class TestCreditLimits:
    """A write that may raise the debt keeps it within a set limit."""

    EXCEEDED = "credit_limit_exceeded"

    def test_a_sale_up_to_the_limit_passes(self, seller: Phone, customer: Customer) -> None:
        assert seller.codes(sale_of(customer, "100.00"), sale_of(customer, "0.01"), sale_of(customer, "0")) == [
            None,
            self.EXCEEDED,
            None,
        ]

    def test_a_limit_of_0_is_none(self, seller: Phone, business: Business) -> None:
        assert seller.code(sale_of(CustomerFactory(business=business), "9999999999.99")) is None

    def test_counter_sales_have_no_limit(self, seller: Phone) -> None:
        assert seller.code(sale_of(None, "9999999999.99")) is None

    def test_closed_sales_count_and_void_ones_do_not(self, seller: Phone, manager: Phone, customer: Customer) -> None:
        assert manager.codes(
            sale_of(customer, "500", status="void", void_reason="x"), sale_of(customer, "60", status="closed")
        ) == [None, None]
        assert seller.codes(sale_of(customer, "41"), sale_of(customer, "40")) == [self.EXCEEDED, None]

    def test_payments_make_room(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, customer=customer)
        assert seller.codes(
            payment("30", sale_id=sale.pk),
            payment("20", customer_id=customer.pk),
            sale_of(customer, "50.01"),
            sale_of(customer, "50"),
        ) == [None, None, self.EXCEEDED, None]

    def test_payments_of_a_void_sale_count_for_the_customer(self, manager: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, customer=customer)
        assert manager.codes(
            payment("30", sale_id=sale.pk),
            update(sale, status="void", void_reason="x"),
            sale_of(customer, "130.01"),
            sale_of(customer, "130"),
        ) == [None, None, self.EXCEEDED, None]

    def test_a_deleted_sale_or_payment_counts_no_more(self, manager: Phone, customer: Customer) -> None:
        first = SaleFactory(business=customer.business, customer=customer, total=Decimal(80))
        paid = PaymentFactory(business=customer.business, customer=customer, amount=Decimal(30))
        assert manager.codes(
            delete(paid),
            sale_of(customer, "20.01"),
            delete(first),
            sale_of(customer, "100.01"),
            sale_of(customer, "100"),
        ) == [None, self.EXCEEDED, None, self.EXCEEDED, None]

    def test_a_total_may_rise_within_the_limit(self, seller: Phone, customer: Customer) -> None:
        SaleFactory(business=customer.business, customer=customer, total=Decimal(40))
        sale = SaleFactory(business=customer.business, customer=customer, total=Decimal(40))
        assert seller.codes(update(sale, total="60.01"), update(sale, total="60")) == [self.EXCEEDED, None]

    def test_over_a_lowered_limit_a_sale_can_still_be_corrected(self, seller: Phone, customer: Customer) -> None:
        """Totals that fall, other columns, closing."""
        sale = SaleFactory(business=customer.business, customer=customer, total=Decimal(500))
        assert seller.codes(
            update(sale, total="400", notes="less"), update(sale, total="400.01"), update(sale, status="closed")
        ) == [None, self.EXCEEDED, None]

    def test_a_change_of_customer_is_judged_by_the_new_one(
        self, seller: Phone, customer: Customer, business: Business
    ) -> None:
        sale = SaleFactory(business=business, total=Decimal(70))
        PaymentFactory(business=business, sale=sale, customer=None, amount=Decimal(20))
        SaleFactory(business=business, customer=customer, total=Decimal("50.01"))
        assert seller.code(update(sale, customer_id=customer.pk)) == self.EXCEEDED
        SaleFactory(business=business, customer=customer, total=Decimal(1)).delete()
        Customer.objects.update(credit_limit=Decimal("100.01"))
        assert seller.code(update(sale, customer_id=customer.pk)) is None

    def test_a_counter_sale_given_a_customer_is_judged(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, counter=True, total=Decimal("100.01"))
        assert seller.code(update(sale, customer_id=customer.pk)) == self.EXCEEDED

    def test_a_sale_may_leave_its_customer(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, customer=customer, total=Decimal(900))
        assert seller.codes(update(sale, customer_id=None), sale_of(customer, "100")) == [None, None]

    def test_a_lower_total_for_another_customer_is_judged(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, total=Decimal(900))
        assert seller.code(update(sale, customer_id=customer.pk, total="100.01")) == self.EXCEEDED

    def test_the_sales_of_one_batch_are_added_up(self, seller: Phone, customer: Customer) -> None:
        assert seller.codes(*(sale_of(customer, "30") for _ in range(5))) == [None, None, None, *[self.EXCEEDED] * 2]

    def test_a_sale_that_failed_with_its_group_takes_no_room(self, seller: Phone, customer: Customer) -> None:
        group = str(uuid4())
        operations = [
            sale_of(customer, "90") | {"sync_group_id": group},
            sale_of(customer, "-1") | {"sync_group_id": group},
            sale_of(customer, "100"),
        ]
        assert seller.codes(*operations) == ["group_failed", "invalid", None]


class TestTotals:
    """A total covers what was paid for the sale."""

    def test_a_total_does_not_fall_below_its_payments(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        PaymentFactory(business=business, sale=sale, customer=None, amount=Decimal(40))
        PaymentFactory(business=business, customer=sale.customer, amount=Decimal(50))
        assert seller.codes(update(sale, total="39.99"), update(sale, total="40")) == ["overpaid", None]

    def test_a_limit_is_judged_before_payments(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business)
        PaymentFactory(business=customer.business, sale=sale, customer=None, amount=Decimal(40))
        SaleFactory(business=customer.business, customer=customer, total=Decimal(200))
        assert seller.code(update(sale, customer_id=customer.pk, total="39")) == "credit_limit_exceeded"


class TestSaleItems:
    """Lines change only while the sale is open."""

    @staticmethod
    def line(sale: Sale) -> dict[str, Any]:
        return insert("sale_items", sale_id=sale.pk, product="Tea", quantity="1", unit_price="2")

    def test_an_open_sale_gains_changes_and_loses_lines(self, seller: Phone, business: Business) -> None:
        item = SaleItemFactory(business=business)
        assert seller.codes(self.line(item.sale), update(item, quantity="3"), delete(item, base=2)) == [None] * 3

    @pytest.mark.parametrize("status", ["closed", "void"])
    def test_another_sale_does_not(self, manager: Phone, business: Business, status: str) -> None:
        item = SaleItemFactory(business=business)
        Sale.objects.update(status=status, void_reason="x")
        assert manager.codes(self.line(item.sale), update(item, quantity="3"), delete(item)) == ["sale_closed"] * 3

    @pytest.mark.parametrize("closed", ["old", "new"])
    def test_a_line_moves_between_open_sales_only(self, seller: Phone, business: Business, closed: str) -> None:
        item = SaleItemFactory(business=business)
        other = SaleFactory(business=business)
        final = item.sale if closed == "old" else other
        Sale.objects.filter(pk=final.pk).update(status="closed")
        assert seller.code(update(item, sale_id=other.pk)) == "sale_closed"
        Sale.objects.update(status="open")
        assert seller.code(update(item, sale_id=other.pk)) is None

    def test_lines_before_the_closing_pass_and_later_ones_do_not(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        assert seller.codes(self.line(sale), update(sale, status="closed"), self.line(sale)) == [
            None,
            None,
            "sale_closed",
        ]

    def test_a_sale_and_its_lines_arrive_in_one_group(self, seller: Phone) -> None:
        head = sale_of(None, "4")
        lines = [
            insert("sale_items", sale_id=UUID(head["entity_id"]), product="Tea", quantity="1", unit_price="2")
            for _ in range(2)
        ]
        group = {"sync_group_id": str(uuid4())}
        assert seller.codes(*(operation | group for operation in (head, *lines))) == [None] * 3
        assert SaleItem.objects.count() == 2


class TestPayments:
    """Never more than is owed, for what it names; never edited."""

    def test_a_payment_names_something(self, seller: Phone) -> None:
        assert (
            seller.codes(payment("1"), payment("1", customer_id=None, sale_id=None)) == ["payment_without_target"] * 2
        )

    def test_the_customer_beside_a_sale_is_the_sales(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        other = CustomerFactory(business=business)
        assert seller.code(payment("1", sale_id=sale.pk, customer_id=other.pk)) == "payment_target_mismatch"
        assert seller.code(payment("1", sale_id=sale.pk, customer_id=sale.customer_id)) is None
        assert seller.code(payment("1", sale_id=sale.pk)) is None

    def test_a_counter_sale_has_no_customer_to_name(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, counter=True)
        assert seller.code(payment("1", sale_id=sale.pk, customer_id=customer.pk)) == "payment_target_mismatch"
        assert seller.code(payment("1", sale_id=sale.pk)) is None

    def test_a_mismatch_is_told_before_too_much(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business)
        assert seller.code(payment("1000", sale_id=sale.pk, customer_id=customer.pk)) == "payment_target_mismatch"

    def test_a_sale_is_never_overpaid(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        assert seller.codes(
            payment("60", sale_id=sale.pk),
            payment("40.01", sale_id=sale.pk, customer_id=sale.customer_id),
            payment("40", sale_id=sale.pk),
            payment("0.01", sale_id=sale.pk),
        ) == [None, "overpaid", None, "overpaid"]

    def test_a_customer_never_overpays(self, seller: Phone, customer: Customer) -> None:
        SaleFactory.create_batch(2, business=customer.business, customer=customer, total=Decimal(50))
        assert seller.codes(
            payment("100.01", customer_id=customer.pk),
            payment("99", customer_id=customer.pk),
            payment("1.01", customer_id=customer.pk),
            payment("1", customer_id=customer.pk),
        ) == ["overpaid", None, "overpaid", None]

    def test_payments_of_a_sale_lower_what_its_customer_owes(self, seller: Phone, customer: Customer) -> None:
        sale = SaleFactory(business=customer.business, customer=customer)
        assert seller.codes(
            payment("60", sale_id=sale.pk),
            payment("40.01", customer_id=customer.pk),
            payment("40", customer_id=customer.pk),
        ) == [None, "overpaid", None]

    def test_a_payment_of_the_customer_is_none_of_the_sale(self, seller: Phone, customer: Customer) -> None:
        """The sale still owes its total, though its customer owes nothing any more."""
        sale = SaleFactory(business=customer.business, customer=customer)
        assert seller.codes(payment("100", customer_id=customer.pk), payment("100", sale_id=sale.pk)) == [None, None]

    def test_a_closed_sale_is_paid(self, seller: Phone, business: Business) -> None:
        assert seller.code(payment("100", sale_id=SaleFactory(business=business, status="closed").pk)) is None

    def test_a_void_sale_owes_nothing(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business, status="void", void_reason="x")
        assert (
            seller.codes(payment("0.01", sale_id=sale.pk), payment("0.01", customer_id=sale.customer_id))
            == ["overpaid"] * 2
        )

    def test_payments_are_not_edited(self, seller: Phone, manager: Phone, business: Business) -> None:
        row = PaymentFactory(business=business)
        assert seller.code(update(row, notes="x")) == "payment_final"
        assert manager.codes(update(row, amount="1"), update(row, amount="10")) == ["payment_final", "unchanged"]

    def test_a_manager_deletes_payments_whatever_is_owed(
        self, seller: Phone, manager: Phone, customer: Customer
    ) -> None:
        SaleFactory(business=customer.business, customer=customer, total=Decimal(500))
        row = PaymentFactory(business=customer.business, customer=customer)
        assert seller.code(delete(row)) == "manager_required"
        assert manager.code(delete(row)) is None

    def test_a_payment_is_in_cash_unless_it_says_otherwise(self, seller: Phone, business: Business) -> None:
        sale = SaleFactory(business=business)
        seller.upload(payment("1", sale_id=sale.pk))
        assert Payment.objects.get().method == "cash"

    @pytest.mark.parametrize("amount", ["0", "-1"])
    def test_an_amount_is_positive(self, seller: Phone, customer: Customer, amount: str) -> None:
        (result,) = seller.upload(payment(amount, customer_id=customer.pk))
        assert result["error"]["fields"] == {"amount": ["must be greater than 0"]}


class TestDistributions:
    """Goods balance, once per seller, product and day; sellers keep their own."""

    def test_a_seller_writes_their_own(self, seller: Phone) -> None:
        assert seller.code(goods(seller)) is None
        row = Distribution.objects.get()
        assert (row.quantity_returned, row.quantity_sold) == (0, 0)
        assert seller.codes(update(row, quantity_sold="4"), delete(row, base=2)) == [None, None]

    def test_a_manager_writes_everybodys(self, manager: Phone, seller: Phone) -> None:
        assert manager.code(goods(seller)) is None
        row = Distribution.objects.get()
        new_seller = MembershipFactory(business=row.business).user_id
        assert manager.codes(update(row, seller_id=new_seller), delete(row, base=2)) == [None, None]

    def test_a_seller_writes_nobody_elses(self, seller: Phone, business: Business) -> None:
        row = DistributionFactory(business=business)
        other = Phone(row.seller.memberships.get())
        mine = {"seller_id": seller.member.user_id}
        assert (
            seller.codes(goods(other), update(row, quantity_sold="1"), update(row, **mine), delete(row))
            == ["not_your_distribution"] * 4
        )

    def test_a_seller_does_not_hand_theirs_over(self, seller: Phone, business: Business) -> None:
        seller.upload(goods(seller))
        row = Distribution.objects.get()
        other = MembershipFactory(business=business)
        assert seller.code(update(row, seller_id=other.user_id)) == "not_your_distribution"

    @pytest.mark.parametrize("who", ["nobody", "outsider", "former", "disabled"])
    def test_the_seller_is_a_member_today(self, manager: Phone, business: Business, who: str) -> None:
        match who:
            case "nobody":
                user_id = uuid4()
            case "outsider":
                user_id = MembershipFactory().user_id
            case "former":
                user_id = MembershipFactory(business=business, active=False).user_id
            case _:
                user_id = MembershipFactory(business=business, user__is_active=False).user_id
        assert manager.code(goods(manager, seller_id=user_id)) == "reference_not_found"

    def test_goods_of_a_former_member_can_still_be_settled(self, manager: Phone, business: Business) -> None:
        row = DistributionFactory(business=business)
        row.seller.memberships.update(active=False)
        assert manager.code(update(row, quantity_returned="10")) is None

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"quantity_sold": "10"}, None),
            ({"quantity_sold": "10.001"}, "quantity_unbalanced"),
            ({"quantity_sold": "5", "quantity_returned": "5.001"}, "quantity_unbalanced"),
            ({"quantity_out": "2"}, "quantity_unbalanced"),
        ],
    )
    def test_returned_and_sold_were_handed_out(
        self, manager: Phone, business: Business, change: dict[str, str], code: str | None
    ) -> None:
        row = DistributionFactory(business=business, quantity_returned=Decimal(0), quantity_sold=Decimal(3))
        assert manager.code(update(row, **change)) == code
        assert manager.code(goods(manager, quantity_out="3", quantity_sold="3.001")) == "quantity_unbalanced"

    def test_balance_is_judged_before_ownership(self, seller: Phone, business: Business) -> None:
        row = DistributionFactory(business=business)
        assert seller.code(update(row, quantity_sold="11")) == "quantity_unbalanced"

    def test_a_product_is_handed_out_once_a_day(self, seller: Phone) -> None:
        assert seller.codes(goods(seller), goods(seller), goods(seller, day="2026-11-03")) == [
            None,
            "unique_violation",
            None,
        ]
