"""Rows of the log for tests, made as they are made in life: by uploads through the real endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.test import Client

from entities.accounts.models import Membership
from entities.sales.handlers import CustomerHandler
from entities.sales.models import Customer
from sync.handlers.registry import registry
from sync.models import SyncOperation
from tests.factories import CustomerFactory, MembershipFactory

Json = dict[str, Any]

SCRIPT = "<script>alert('pwned')</script>"
TURNED = "\u202ednammoc\u202c\u2066x"
FORMULA = '=HYPERLINK("http://x.invalid","\'\'&A1")'


class Phone:
    """Logs in as a member and uploads."""

    def __init__(self, member: Membership) -> None:
        self.member = member
        self.client_id = str(uuid4())
        self.http = Client(raise_request_exception=False)
        login = {"username": member.user.username, "password": "demo"}
        answer = self.http.post("/api/auth/token", json.dumps(login), content_type="application/json")
        self.authorization = f"Bearer {answer.json()['access']}"

    def send(self, *operations: Any, request_id: str = "", **envelope: Any) -> Json:
        """Upload operations as one batch; the answer."""
        body = json.dumps({"client_id": self.client_id, "operations": operations, **envelope})
        return self.send_text(body, request_id=request_id)

    def send_text(self, body: str, *, request_id: str = "") -> Json:
        """Upload a body as it is; the answer."""
        headers = {"Authorization": self.authorization} | ({"X-Request-ID": request_id} if request_id else {})
        response = self.http.post(
            "/api/sync/batch", body.encode("utf-8", "surrogatepass"), content_type="application/json", headers=headers
        )
        answer: Json = response.json()
        return answer

    def log(self, operation: Any, **envelope: Any) -> SyncOperation:
        """Upload one operation; its newest row in the log."""
        self.send(operation, **envelope)
        return newest()


def newest() -> SyncOperation:
    """The row of the last operation that was logged."""
    found = SyncOperation.objects.order_by("-id").first()
    assert found is not None
    return found


def operation(action: str = "insert", entity: str = "customers", payload: Any = None, **envelope: Any) -> Json:
    """One operation with fresh ids where none are given."""
    made = {"op_id": str(uuid4()), "entity": entity, "action": action, "entity_id": str(uuid4())}
    return {**made, "payload": {} if payload is None else payload, **envelope}


def customer(name: str = "Ana", **envelope: Any) -> Json:
    """The insert of a customer."""
    return operation(payload={"name": name}, **envelope)


def stale(phone: Phone, /, **payload: Any) -> SyncOperation:
    """An update that met a change of somebody else: the row had version 2, the phone edited version 1."""
    row: Customer = CustomerFactory(business=phone.member.business, name="Before", phone="1")
    Customer.objects.filter(pk=row.pk).update(name="Server's", credit_limit="12.50")
    return phone.log(operation("update", payload=payload, entity_id=str(row.pk), base_version=1))


def failed(phone: Phone) -> SyncOperation:
    """An operation that met a bug of ours."""

    def insert(self: Any, change: Any) -> None:
        raise RuntimeError("a bug")

    with registry.override(type("Broken", (CustomerHandler,), {"insert": insert})):
        return phone.log(customer())


def skipped(phone: Phone) -> SyncOperation:
    """The second of two operations, held back by the first."""
    first = operation(payload={"nam": "Ana"})
    phone.send(first, customer(depends_on=[first["op_id"]]))
    return newest()


def grouped(phone: Phone) -> SyncOperation:
    """The last of a group of three whose second was refused."""
    group = str(uuid4())
    phone.send(
        customer("one", sync_group_id=group), operation(sync_group_id=group), customer("three", sync_group_id=group)
    )
    return newest()


def replayed(phone: Phone) -> SyncOperation:
    """A repeat."""
    sent = customer()
    phone.send(sent)
    return phone.log(sent)


def foreign(phone: Phone) -> SyncOperation:
    """An operation of an aborted batch: the client_id belongs to somebody else."""
    thief = Phone(MembershipFactory(business=phone.member.business))
    phone.send(customer())
    thief.client_id = phone.client_id
    return thief.log(customer("stolen"))


def malformed(phone: Phone) -> None:
    """A batch of which nothing could be read."""
    phone.send_text('{"operations": nonsense')


# {what is wrong: how one operation of the body is spelled}
POISON: dict[str, Callable[[], str]] = {
    "NUL": lambda: json.dumps(customer("a\x00b")),
    "lone surrogate": lambda: json.dumps(customer("a\ud800b")),
    "surrogate in the envelope": lambda: json.dumps(customer() | {"entity": "cust\ud800\x00"}),
    "NaN": lambda: json.dumps(operation(payload={"name": "x", "credit_limit": float("nan")})),
    "1e400": lambda: json.dumps(customer()).replace('"Ana"', "1e400"),
    "1e308": lambda: json.dumps(customer()).replace('"Ana"', "1e308"),
    "many digits": lambda: json.dumps(customer()).replace('"Ana"', "0.1000000000000000055511151231257827"),
    "huge integer": lambda: json.dumps(customer()).replace('"Ana"', "9" * 300),
    "duplicate keys": lambda: json.dumps(customer()).replace('"name":', '"name": "first", "name":'),
    "no object": lambda: "null",
    "a list": lambda: "[[[]]]",
    "nothing in it": lambda: "{}",
    "nulls": lambda: json.dumps(dict.fromkeys(operation(), None)),
    "wrong types": lambda: json.dumps({key: [{"a": 1}] for key in operation()}),
    "payload is a text": lambda: json.dumps(operation(payload="text")),
    "year 9999": lambda: json.dumps(customer(client_timestamp="9999-12-31T23:59:59.999999-14:00")),
    "year 9999 in the payload": lambda: json.dumps(operation(payload={"name": "9999-12-31T23:59:59Z"})),
    "far base version": lambda: json.dumps(customer() | {"action": "update", "base_version": 2**63 - 1}),
    "huge text": lambda: json.dumps(customer("x" * 300_000)),
    "1000 keys": lambda: json.dumps(operation(payload={f"key {n}": n for n in range(1000)})),
    "deep": lambda: json.dumps(operation(payload={"name": json.loads("[" * 25 + "]" * 25)})),
    "script": lambda: json.dumps(operation(payload={SCRIPT: SCRIPT}, entity=SCRIPT, action=SCRIPT)),
    "script in a known field": lambda: json.dumps(operation(payload={"name": SCRIPT, "phone": SCRIPT * 2})),
    "turned text": lambda: json.dumps(operation(payload={TURNED: TURNED}, entity=TURNED)),
    "formula": lambda: json.dumps(operation(payload={FORMULA: FORMULA, "name": FORMULA})),
    "depends on itself": lambda: json.dumps(
        customer(
            op_id="0193e9a0-0000-7000-8000-000000000001", depends_on=["0193e9a0-0000-7000-8000-000000000001"] * 300
        )
    ),
}


def poisoned(phone: Phone, kind: str) -> SyncOperation:
    """An operation that something is wrong with."""
    phone.send_text('{"client_id": "%s", "operations": [%s]}' % (phone.client_id, POISON[kind]()))  # noqa: UP031
    return newest()
