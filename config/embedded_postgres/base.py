"""The database backend of the embedded Postgres: Django's own, which learns where to connect once it has to.

Nothing starts before the first connection, so that `help`, `check` and the build of an image start nothing.
"""

from collections.abc import Iterable
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.client import DatabaseClient as PostgresClient

from .launcher import launcher


class DatabaseClient(PostgresClient):
    """`manage.py dbshell`, which connects without asking Django for a connection."""

    def runshell(self, parameters: Iterable[str]) -> None:
        fill_in_address(self.connection.settings_dict)
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    """A Postgres connection to the server of `launcher`, which the first one starts."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        fill_in_address(self.settings_dict)
        return super().get_connection_params()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError:
            if not launcher.revive():
                raise
        # Somebody killed the server under us. It is back, perhaps at another port, of which a pool knows nothing.
        self.close_pool()
        return super().get_new_connection(self.get_connection_params())


def fill_in_address(settings_dict: dict[str, Any]) -> None:
    """Write the address of the server into a database's settings: Django and its tools read it there."""
    address = launcher.address()
    settings_dict.update(HOST=address.host, PORT=address.port, USER=address.user, PASSWORD=address.password)
