"""What the tests of the engine share: a phone that speaks the protocol, handlers that misbehave on cue, side connections.

Everything goes through the real endpoint and commits for real; nothing of the engine is replaced here.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.db import connection, connections
from django.test import Client

from entities.accounts.models import Membership
from entities.sales.handlers import CustomerHandler
from sync.auth.tokens import issue_access
from sync.handlers.base import EntityHandler
from sync.handlers.change import Change
from sync.handlers.registry import registry

ENDPOINT = "/api/sync/batch"
Json = dict[str, Any]
Hook = Callable[[Change[Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, read."""

    status: int
    body: Json
    headers: dict[str, str]

    @property
    def results(self) -> list[Json]:
        """One object per operation; none when the request as a whole was refused."""
        return self.body.get("results", [])

    @property
    def verdicts(self) -> list[tuple[str, str | None]]:
        """[(status, code)] in request order."""
        return [(result["status"], result["code"]) for result in self.results]

    @property
    def statuses(self) -> list[str]:
        """The status of each operation."""
        return [result["status"] for result in self.results]

    @property
    def code(self) -> str | None:
        """Of a problem."""
        return self.body.get("code")


class Phone:
    """One user's queue in one installation: sends operations, reads answers."""

    def __init__(self, membership: Membership, client_id: UUID | None = None) -> None:
        self.membership = membership
        self.client_id = client_id or uuid4()
        self.token = issue_access(user_id=membership.user_id, tenant_id=membership.business_id)

    def body(self, *operations: Json, **envelope: Any) -> bytes:
        """The request body of a batch."""
        return json.dumps({"client_id": str(self.client_id), "operations": operations, **envelope}).encode()

    def send(self, *operations: Json, **envelope: Any) -> Answer:
        """Upload operations as one batch."""
        return self.send_bytes(self.body(*operations, **envelope))

    def send_bytes(self, body: bytes, **headers: str) -> Answer:
        """Upload a body as it is."""
        response = Client(raise_request_exception=False).post(
            ENDPOINT,
            data=body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )
        return Answer(status=response.status_code, body=json.loads(response.content), headers=dict(response.headers))

    def ask(self, op_id: str) -> Answer:
        """The verdict of one operation, by its id."""
        response = Client(raise_request_exception=False).get(
            f"/api/sync/operations/{op_id}", headers={"Authorization": f"Bearer {self.token}"}
        )
        return Answer(status=response.status_code, body=json.loads(response.content), headers=dict(response.headers))


def operation(action: str, entity: str, payload: Json | None = None, **envelope: Any) -> Json:
    """One operation as a client spells it, with fresh ids where none are given."""
    made = {"op_id": str(uuid4()), "entity": entity, "action": action, "entity_id": str(uuid4())}
    return made | ({} if payload is None else {"payload": payload}) | envelope


def customer(name: str = "Ana", **payload: Any) -> Json:
    """The insert of a customer."""
    return operation("insert", "customers", {"name": name, **payload})


def renamed(row_id: Any, name: str, *, base_version: int = 1) -> Json:
    """The update of a customer's name."""
    return operation("update", "customers", {"name": name}, entity_id=str(row_id), base_version=base_version)


def customers_that(
    *, before: Hook | None = None, after: Hook | None = None, instead: Hook | None = None, **more: Any
) -> type[EntityHandler[Any]]:
    """A handler of customers with something of its own around each write, or in the place of it.

    `more` are attributes of the class: rules, after_commit.
    """

    def writing(action: str) -> Callable[[Any, Change[Any]], None]:
        def write(self: Any, change: Change[Any]) -> None:
            if before is not None:
                before(change)
            (instead or getattr(super(handler, self), action))(change)
            if after is not None:
                after(change)

        return write

    body = {action: writing(action) for action in ("insert", "update", "delete")}
    handler = type("Customers", (CustomerHandler,), {**body, **more})
    return handler


@contextmanager
def handled_by(**hooks: Any) -> Iterator[None]:
    """`customers_that`, in force while the block runs."""
    with registry.override(customers_that(**hooks)):
        yield


def on(name: str, hook: Hook) -> Hook:
    """The hook, for customers of that name only."""

    def called(change: Change[Any]) -> None:
        if change.row.name == name:
            hook(change)

    return called


def once(hook: Hook) -> Hook:
    """The hook, the first time only."""
    calls: list[None] = []

    def called(change: Change[Any]) -> None:
        if not calls:
            calls.append(None)
            hook(change)

    return called


def sql(statement: str, params: Any = None) -> Any:
    """Run a statement on Django's connection, as a handler would; the rows, if there are any."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else None


def raising(sqlstate: str, text: str = "canary") -> Hook:
    """A hook whose statement the database refuses with this state."""

    def hook(change: Change[Any]) -> None:
        sql(f"DO $$ BEGIN RAISE EXCEPTION '{text}' USING ERRCODE = '{sqlstate}'; END $$")

    return hook


@contextmanager
def side_connection() -> Iterator[psycopg.Connection[Any]]:
    """A connection of somebody else, in autocommit."""
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
        user=settings["USER"] or None,
        password=settings["PASSWORD"] or None,
        dbname=settings["NAME"],
        autocommit=True,
    ) as other:
        yield other


def terminate_own_backend() -> None:
    """Kill the server process behind Django's connection, as an administrator or a failover does."""
    pid = connection.connection.info.backend_pid
    with side_connection() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


class Rival(threading.Thread):
    """Runs something on a thread and a connection of its own; `result()` waits for it and gives its value."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._value: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._value = self._work()
        except BaseException as error:
            self._error = error
        finally:
            connections.close_all()

    def result(self) -> Any:
        """The value, or the error."""
        self.join(timeout=20)
        assert not self.is_alive(), "the rival did not finish"
        if self._error is not None:
            raise self._error
        return self._value
