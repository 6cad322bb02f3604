"""The five entities of the sales domain: columns, references, uniqueness, last write wins.

The data dictionary as data. Rules over more than one value are `rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.model.values import Fault, as_day, as_moment, as_number, as_text, as_uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a client may write into one column."""

    take: Callable[[Any], Any]
    required: bool = False
    nullable: bool = False
    default: Any = None
    references: str | None = None  # an entity, or "members"

    def read(self, value: Any) -> Any:
        """The value to keep. Errors: Fault."""
        if value is None:
            if self.nullable:
                return None
            raise Fault
        return self.take(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One kind of row."""

    columns: dict[str, Column]
    last_write_wins: frozenset[str] = frozenset()
    unique: tuple[tuple[str, ...], ...] = ()
    children: tuple[tuple[str, str], ...] = ()  # (entity, column) that refer to a row of this one

    def references(self) -> dict[str, str]:
        """{column: entity} of the columns that refer to rows of entities."""
        found = {n: c.references for n, c in self.columns.items()}
        return {n: entity for n, entity in found.items() if entity and entity != "members"}


def _required_text(longest: int | None) -> Column:
    def take(value: Any) -> str:
        text = as_text(value, longest=longest)
        if not text.strip():
            raise Fault
        return text

    return Column(take=take, required=True)


def _text(longest: int | None = None) -> Column:
    return Column(take=lambda value: as_text(value, longest=longest) or None, nullable=True)


def _number(places: int, *, positive: bool = False, **more: Any) -> Column:
    def take(value: Any) -> Decimal:
        number = as_number(value, places=places)
        if number < 0 or (positive and number == 0):
            raise Fault
        return number

    return Column(take=take, **more)


def _choice(*names: str) -> Column:
    def take(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise Fault
        return value

    return Column(take=take, default=names[0])


def _reference(entity: str, **more: Any) -> Column:
    def take(value: Any) -> str:
        found = as_uuid(value)
        if found is None:
            raise Fault
        return found

    return Column(take=take, references=entity, **more)


def _moment(value: Any) -> datetime:
    if (moment := as_moment(value)) is None:
        raise Fault
    return moment


def _day(value: Any) -> date:
    if (day := as_day(value)) is None:
        raise Fault
    return day


ENTITIES: dict[str, Entity] = {
    "customers": Entity(
        columns={
            "name": _required_text(200),
            "phone": _text(32),
            "address": _text(),
            "tax_number": _text(32),
            "credit_limit": _number(2, default=Decimal(0)),
            "notes": _text(),
        },
        last_write_wins=frozenset({"phone", "address", "notes"}),
        unique=(("tax_number",),),
        children=(("sales", "customer_id"), ("payments", "customer_id")),
    ),
    "sales": Entity(
        columns={
            "customer_id": _reference("customers", nullable=True),
            "number": _required_text(32),
            "sold_at": Column(take=_moment, required=True),
            "total": _number(2, required=True),
            "status": _choice("open", "closed", "void"),
            "void_reason": _text(),
            "notes": _text(),
        },
        last_write_wins=frozenset({"notes"}),
        unique=(("number",),),
        children=(("sale_items", "sale_id"), ("payments", "sale_id")),
    ),
    "sale_items": Entity(
        columns={
            "sale_id": _reference("sales", required=True),
            "product": _required_text(200),
            "quantity": _number(3, positive=True, required=True),
            "unit_price": _number(2, required=True),
        },
    ),
    "payments": Entity(
        columns={
            "customer_id": _reference("customers", nullable=True),
            "sale_id": _reference("sales", nullable=True),
            "amount": _number(2, positive=True, required=True),
            "method": _choice("cash", "card", "transfer", "other"),
            "paid_at": Column(take=_moment, required=True),
            "notes": _text(),
        },
    ),
    "distributions": Entity(
        columns={
            "seller_id": _reference("members", required=True),
            "product": _required_text(200),
            "day": Column(take=_day, required=True),
            "quantity_out": _number(3, required=True),
            "quantity_returned": _number(3, default=Decimal(0)),
            "quantity_sold": _number(3, default=Decimal(0)),
        },
        unique=(("seller_id", "product", "day"),),
    ),
}
