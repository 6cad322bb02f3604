"""Entity → handler, and the references between them."""

from __future__ import annotations

from contextlib import suppress

import pytest

from entities.sales.handlers import CustomerHandler, PaymentHandler, SaleHandler, SaleItemHandler
from sync.handlers.registry import HandlerRegistry, registry
from tests.unit.handlers.thing import ThingHandler


def test_a_registered_class_is_found_by_its_entity() -> None:
    """The decorator hands the class back; nothing else is found."""
    own = HandlerRegistry()
    assert own.register(ThingHandler) is ThingHandler
    assert type(own.get("things")) is ThingHandler
    assert [type(handler) for handler in own] == [ThingHandler]
    assert own.get("thing") is None
    assert own.get(None) is None


def test_two_handlers_for_one_entity_are_a_mistake() -> None:
    """The error names the second; the first stays."""
    own = HandlerRegistry()
    own.register(ThingHandler)

    class Second(ThingHandler):
        pass

    with pytest.raises(ValueError, match="'things': Second is the second"):
        own.register(Second)
    assert type(own.get("things")) is ThingHandler


def test_registration_ends_with_start_up() -> None:
    """Nothing changes while requests run; the error says where a handler belongs."""
    own = HandlerRegistry()
    own.freeze()
    with pytest.raises(RuntimeError, match="ThingHandler registers after start-up; put it in a `handlers` module"):
        own.register(ThingHandler)
    assert list(own) == []


def test_the_projects_own_registry_is_frozen() -> None:
    """Django has started."""
    with pytest.raises(RuntimeError, match="after start-up"):
        registry.register(ThingHandler)


def test_references_are_the_writable_foreign_keys_in_the_order_of_writes() -> None:
    """With the handler whose rows they point to."""
    payments = registry.get("payments")
    assert payments is not None
    found = [(r.column, r.attribute, r.parent and r.parent.entity) for r in registry.references(payments)]
    assert found == [("customer_id", "customer", "customers"), ("sale_id", "sale", "sales")]


def test_a_parent_that_clients_cannot_write_has_no_handler() -> None:
    """Its rows come from the query in `parents`."""
    distributions = registry.get("distributions")
    assert distributions is not None
    (seller,) = registry.references(distributions)
    assert (seller.column, seller.parent) == ("seller_id", None)


def test_children_are_the_synced_tables_that_point_to_one() -> None:
    """Whoever handles them."""
    customers, sale_items = registry.get("customers"), registry.get("sale_items")
    assert customers is not None
    assert sale_items is not None
    found = {(model._meta.db_table, column) for model, column in registry.children(customers)}
    assert found == {("sales", "customer_id"), ("payments", "customer_id")}
    assert registry.children(sale_items) == []


def test_an_override_lasts_as_long_as_its_block() -> None:
    """Instead of one handler and beside the others, and back when the block fails."""

    class Other(CustomerHandler):
        pass

    def in_force() -> list[object]:
        return [type(registry.get(entity)) for entity in ("customers", "things", "sales")]

    with registry.override(Other, ThingHandler):
        assert in_force() == [Other, ThingHandler, SaleHandler]
    with suppress(KeyError), registry.override(Other):
        raise KeyError
    assert in_force() == [CustomerHandler, type(None), SaleHandler]


def test_an_override_is_seen_by_references_to_it() -> None:
    """A child's parent is the handler in force."""

    class Other(SaleHandler):
        pass

    with registry.override(Other):
        items = registry.get("sale_items")
        assert items is not None
        (sale,) = registry.references(items)
        assert type(sale.parent) is Other
    assert {type(handler) for handler in registry} >= {SaleHandler, SaleItemHandler, PaymentHandler}
