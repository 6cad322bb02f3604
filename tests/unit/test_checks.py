"""A mistake in a handler or in the settings is an error at start-up, with a number and a hint."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import checks
from django.db import connection

from entities.accounts.models import Business
from entities.sales.handlers import CustomerHandler, DistributionHandler, PaymentHandler, SaleHandler
from sync.auth.checks import check_auth
from sync.checks import check_handlers, check_project, check_triggers
from sync.handlers import EntityHandler, Scope
from sync.handlers.registry import registry
from sync.triggers import create_triggers, drop_triggers

SECRET = "s" * 48


class Unsynced(CustomerHandler):
    model = Business


class NamedOtherwise(CustomerHandler):
    entity = "clients"


class UnknownColumn(CustomerHandler):
    writes = ("name", "fax")


class RelationForColumn(SaleHandler):
    writes = ("customer", "number")


class LastWriteWinsOutside(CustomerHandler):
    last_write_wins = frozenset({"version"})


class ParentsOutside(DistributionHandler):
    parents = {**DistributionHandler.parents, "business_id": DistributionHandler.sellers}


class UnknownScope(CustomerHandler):
    scope = Scope(tenant="shop_id")


class UnknownOwner(CustomerHandler):
    scope = Scope(tenant="business_id", owner="owner_id")


class SettableScope(CustomerHandler):
    writes = (*CustomerHandler.writes, "business_id")
    parents = {"business_id": lambda actor: Business.objects.none()}


class UnsupportedColumn(CustomerHandler):
    writes = (*CustomerHandler.writes, "field_versions")


class ParentWithoutScope(DistributionHandler):
    parents = {}


class CodeOfTheProtocol(CustomerHandler):
    codes = {**CustomerHandler.codes, "invalid": "No."}


class GuardOfNothing(PaymentHandler):
    guards = ("sale_id", "notes")


class GuardOfAPathToNothing(PaymentHandler):
    guards = ("seller.business_id",)


@pytest.mark.parametrize(
    ("handler", "number", "names"),
    [
        (Unsynced, "E003", "Business"),
        (NamedOtherwise, "E004", "'customers'"),
        (UnknownColumn, "E005", "fax"),
        (RelationForColumn, "E005", "customer"),
        (LastWriteWinsOutside, "E006", "version"),
        (ParentsOutside, "E006", "business_id"),
        (UnknownScope, "E007", "shop_id"),
        (UnknownOwner, "E007", "owner_id"),
        (SettableScope, "E008", "business_id"),
        (UnsupportedColumn, "E009", "field_versions"),
        (ParentWithoutScope, "E011", "seller_id"),
        (CodeOfTheProtocol, "E012", "invalid"),
        (GuardOfNothing, "E013", "notes"),
        (GuardOfAPathToNothing, "E013", "seller.business_id"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_mistake_in_a_handler_is_an_error(handler: type[EntityHandler[Any]], number: str, names: str) -> None:
    """One error, that names the handler and the mistake, and says what to do."""
    with registry.override(handler):
        messages = [message for message in check_handlers(None) if message.obj is handler]
    (error,) = messages
    assert error.id == f"sync.{number}"
    assert error.level == checks.ERROR
    assert names in error.msg
    assert error.hint


def test_several_mistakes_are_reported_together() -> None:
    """Whoever mends a handler starts the server once."""

    class Wrong(CustomerHandler):
        entity = "clients"
        last_write_wins = frozenset({"fax"})
        codes = {"gone": "It is."}

    with registry.override(Wrong):
        found = [message.id for message in check_handlers(None)]
    assert found == ["sync.E004", "sync.E006", "sync.E012"]


def test_handlers_without_a_mistake_pass() -> None:
    """The registered ones, and one that guards through a parent by its column or its name."""

    class Fine(PaymentHandler):
        guards = ("sale.customer_id", "sale_id.customer_id", "customer")

    with registry.override(Fine):
        assert check_handlers(None) == []


def test_one_transaction_per_request_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer would be sent before its commit."""
    monkeypatch.setitem(django_settings.DATABASES["default"], "ATOMIC_REQUESTS", True)
    (error,) = check_project(None)
    assert (error.id, error.level) == ("sync.E001", checks.ERROR)
    assert "'default'" in error.msg


def test_a_project_without_a_directory_of_actors_is_an_error(settings: Any) -> None:
    """Nobody could be told from anybody."""
    settings.SYNC = {**settings.SYNC, "ACTORS": ""}
    assert [error.id for error in check_project(None)] == ["sync.E002"]


def test_settings_in_force_pass() -> None:
    """Those of this project."""
    assert [*check_project(None), *check_auth(None)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"KEYS": ["2026a:short"]},
        {"KEYS": [f"2026a:{SECRET}", f"2026a:{SECRET}"]},
        {"KEYS": [{"kid": "2026a", "key": "no PEM", "algorithm": "EdDSA"}]},
        {"KEYS": [f"2026a:{SECRET}"], "KEYZ": []},
        {"ISSUERS": [{"issuer": "x", "jwks_url": "ftp://x", "audience": "us"}]},
    ],
    ids=["short secret", "two keys of one name", "no private key", "unknown key", "issuer that is no address"],
)
def test_settings_of_authentication_that_cannot_work_are_an_error(settings: Any, wrong: dict[str, Any]) -> None:
    """Said before the first login, and without the secret."""
    settings.SYNC_AUTH = wrong
    (error,) = check_auth(None)
    assert (error.id, error.level) == ("sync.E101", checks.ERROR)
    assert SECRET not in error.msg


def test_a_server_that_nobody_can_log_in_to_is_an_error(settings: Any) -> None:
    """Neither a key of its own nor an issuer."""
    settings.SYNC_AUTH = {}
    (error,) = check_auth(None)
    assert error.id == "sync.E102"
    assert error.hint


@pytest.mark.parametrize("path", ["", "entities.accounts.actors.nobody", "nowhere.at.all", "sync.checks.registry"])
def test_a_directory_of_actors_that_is_none_is_an_error(settings: Any, path: str) -> None:
    """Not named, not there, or without what a directory can do."""
    settings.SYNC = {**settings.SYNC, "ACTORS": path}
    assert [error.id for error in check_auth(None)] == ["sync.E103"]


@pytest.mark.django_db
class TestTriggers:
    """The version trigger of each table, as it is in the database."""

    def warnings(self, handler: type[EntityHandler[Any]]) -> list[str]:
        """What the check says with this handler in place."""
        with registry.override(handler):
            return [str(message.id) for message in check_triggers(None, databases=["default"])]

    def test_triggers_of_the_migrations_pass(self) -> None:
        assert check_triggers(None, databases=["default"]) == []

    def test_without_a_database_nothing_is_asked(self) -> None:
        assert check_triggers(None) == []

    def test_columns_that_the_trigger_does_not_watch_are_a_warning(self) -> None:
        class Fewer(CustomerHandler):
            writes = CustomerHandler.writes[:-1]

        assert self.warnings(Fewer) == ["sync.W010"]

    def test_the_order_of_columns_does_not_matter(self) -> None:
        class Reordered(CustomerHandler):
            writes = CustomerHandler.writes[::-1]

        assert self.warnings(Reordered) == []

    def test_a_missing_trigger_is_a_warning_and_no_error(self) -> None:
        """`migrate` runs the checks first, and would be kept from mending it."""
        with connection.cursor() as cursor:
            cursor.execute(drop_triggers("sales"))
        (warning,) = check_triggers(None, databases=["default"])
        assert (warning.id, warning.level, warning.obj) == ("sync.W010", checks.WARNING, SaleHandler)
        assert "TrackVersions('Sale'" in str(warning.hint)

    def test_a_trigger_that_was_put_back_passes(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(drop_triggers("sales"))
            cursor.execute(create_triggers("sales", SaleHandler.writes))
        assert check_triggers(None, databases=["default"]) == []

    def test_a_table_that_is_not_there_yet_is_no_concern(self) -> None:
        """Before the first `migrate` there is none."""
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE sale_items RENAME TO sale_lines")
        assert check_triggers(None, databases=["default"]) == []


def test_the_checks_run_with_manage_py_check() -> None:
    """Registered, the one of the database too."""
    registered = set(checks.registry.registry.get_checks(include_deployment_checks=True))
    assert {check_project, check_handlers, check_triggers, check_auth} <= registered
    assert check_triggers in checks.registry.registry.registered_checks
    assert checks.Tags.database in check_triggers.tags
