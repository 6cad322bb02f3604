"""The figures of a run: judged in client order, each change seeing what the ones before it spent. No database."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from entities.sales.balances import Balances, CustomerBalance, SaleBalance
from entities.sales.handlers import PaymentHandler, SaleHandler
from entities.sales.models import Payment, Sale
from sync.handlers import Change, EntityHandler, Reject
from sync.protocol.actor import Actor
from sync.protocol.codes import Action
from sync.protocol.operation import Operation

ANA, EVA = uuid4(), uuid4()
MANAGER = Actor(user_id=uuid4(), tenant_id=uuid4(), roles=frozenset({"manager"}))


def change(before: Any, row: Any, *, action: Action | None = None) -> Change[Any]:
    """An operation that turns `before` into `row`."""
    action = action or (Action.INSERT if before is None else Action.UPDATE)
    names = [field.attname for field in row._meta.concrete_fields]
    changed = {name for name in names if before is None or getattr(row, name) != getattr(before, name)}
    operation = Operation(
        position=0, op_id=uuid4(), entity=row._meta.db_table, action=action, entity_id=row.pk, payload={},
        base_version=None, client_timestamp=None, group_id=None, depends_on=(), schema_version=None, fingerprint=b"",
    )  # fmt: skip
    return Change(operation=operation, actor=MANAGER, row=row, before=before, fields=frozenset(changed), code=None)


def run(handler: EntityHandler[Any], figures: Balances, *changes: Change[Any]) -> list[str | None]:
    """What the engine does with a run: rules in order, then spend; the code of each refusal."""
    codes: list[str | None] = []
    for one in changes:
        try:
            for judge, reads_figures in handler.rules_for(one.action):
                judge(one, figures) if reads_figures else judge(one)
        except Reject as reject:
            codes.append(reject.code)
        else:
            handler.spend(one, figures)
            codes.append(None)
    return codes


def sale(customer: UUID | None, total: str, status: str = "open", pk: UUID | None = None) -> Sale:
    return Sale(pk=pk or uuid4(), customer_id=customer, total=Decimal(total), status=status, void_reason="x")


def accounts(limit: str = "100", **owed: str) -> dict[UUID, CustomerBalance]:
    ids = {"ana": ANA, "eva": EVA}
    return {
        ids[name]: CustomerBalance(owed=Decimal(amount), credit_limit=Decimal(limit)) for name, amount in owed.items()
    }


def edited(before: Sale, **values: Any) -> Change[Sale]:
    row = sale(before.customer_id, str(before.total), before.status, before.pk)
    for name, value in values.items():
        setattr(row, name, value)
    return change(before, row)


class TestSales:
    """What customers come to owe over a run of sales."""

    def test_inserts_add_up(self) -> None:
        figures = Balances(customers=accounts(ana="30"))
        changes = [change(None, sale(ANA, total)) for total in ("40", "40", "30", "0.01")]
        assert run(SaleHandler(), figures, *changes) == [None, "credit_limit_exceeded", None, "credit_limit_exceeded"]

    def test_a_void_insert_and_a_counter_sale_add_nothing(self) -> None:
        figures = Balances(customers=accounts(ana="90"))
        changes = [
            change(None, sale(ANA, "500", "void")),
            change(None, sale(None, "500")),
            change(None, sale(ANA, "10")),
        ]
        assert run(SaleHandler(), figures, *changes) == [None, None, None]

    def test_a_falling_total_makes_room_for_a_rising_one(self) -> None:
        """In client order: the other way round there is no room yet."""
        falls, rises = sale(ANA, "60"), sale(ANA, "40")
        paid = {
            row.pk: SaleBalance(customer_id=ANA, total=row.total, paid=Decimal(0), is_void=False)
            for row in (falls, rises)
        }
        down, up = edited(falls, total=Decimal(50)), edited(rises, total=Decimal(50))
        for changes, codes in (((down, up), [None, None]), ((up, down), ["credit_limit_exceeded", None])):
            assert run(SaleHandler(), Balances(customers=accounts(ana="100"), sales=dict(paid)), *changes) == codes

    def test_a_void_sale_gives_its_total_back_and_keeps_its_payments(self) -> None:
        figures = Balances(customers=accounts(ana="70"))  # 100 billed, 30 paid on it
        gone = sale(ANA, "100")
        changes = [edited(gone, status="void"), change(None, sale(ANA, "130")), change(None, sale(ANA, "0.01"))]
        assert run(SaleHandler(), figures, *changes) == [None, None, "credit_limit_exceeded"]

    def test_a_sale_takes_its_payments_to_its_new_customer(self) -> None:
        moved = sale(ANA, "100")
        figures = Balances(
            customers=accounts(ana="70", eva="30"),
            sales={moved.pk: SaleBalance(customer_id=ANA, total=Decimal(100), paid=Decimal(30), is_void=False)},
        )
        assert run(SaleHandler(), figures, edited(moved, customer_id=EVA)) == [None]
        assert (figures.customers[ANA].owed, figures.customers[EVA].owed) == (0, 100)

    def test_a_refused_change_spends_nothing(self) -> None:
        figures = Balances(customers=accounts(ana="0"))
        assert run(SaleHandler(), figures, change(None, sale(ANA, "101"))) == ["credit_limit_exceeded"]
        assert figures.customers[ANA].owed == 0

    def test_voiding_over_the_limit_is_no_new_debt(self) -> None:
        figures = Balances(customers=accounts(limit="1", ana="500"))
        assert run(SaleHandler(), figures, edited(sale(ANA, "100"), status="void")) == [None]


class TestPayments:
    """What is left to pay over a run of payments."""

    @staticmethod
    def paid(amount: str, *, customer: UUID | None = None, of: UUID | None = None) -> Change[Payment]:
        return change(None, Payment(pk=uuid4(), customer_id=customer, sale_id=of, amount=Decimal(amount)))

    def test_a_payment_of_a_sale_lowers_both_accounts(self) -> None:
        of = uuid4()
        figures = Balances(
            customers=accounts(ana="100"),
            sales={of: SaleBalance(customer_id=ANA, total=Decimal(100), paid=Decimal(0), is_void=False)},
        )
        changes = [
            self.paid("60", of=of),
            self.paid("41", customer=ANA),
            self.paid("40", customer=ANA),
            self.paid("40", of=of),
        ]
        assert run(PaymentHandler(), figures, *changes) == [None, "overpaid", None, None]

    @pytest.mark.parametrize("is_void", [False, True])
    def test_a_sale_that_owes_nothing_takes_no_payment(self, is_void: bool) -> None:
        of = uuid4()
        paid = Decimal(0) if is_void else Decimal(100)
        figures = Balances(sales={of: SaleBalance(customer_id=None, total=Decimal(100), paid=paid, is_void=is_void)})
        assert run(PaymentHandler(), figures, self.paid("0.01", of=of)) == ["overpaid"]

    def test_a_customer_in_credit_pays_nothing(self) -> None:
        assert run(PaymentHandler(), Balances(customers=accounts(ana="-5")), self.paid("1", customer=ANA)) == [
            "overpaid"
        ]
