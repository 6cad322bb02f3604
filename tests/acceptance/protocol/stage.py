"""A phone that speaks HTTP over a socket, operations by the row they are about, and answers spelled out in full."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx

from entities.accounts.models import Membership
from sync.auth.tokens import issue_access
from tests.phone import Phone, insert

Json = dict[str, Any]

BATCH = "/api/sync/batch"

# {entity: columns a client may write}, from the data dictionary
COLUMNS = {
    "customers": ("name", "phone", "address", "tax_number", "credit_limit", "notes"),
    "sales": ("customer_id", "number", "sold_at", "total", "status", "void_reason", "notes"),
    "sale_items": ("sale_id", "product", "quantity", "unit_price"),
}


class HttpPhone(Phone):
    """The phone of the other tests, on the other side of a socket."""

    def __init__(self, member: Membership, url: str, http: httpx.Client) -> None:
        super().__init__(member)
        self.url = url
        self.token = issue_access(user_id=member.user_id, tenant_id=member.business_id)
        self._wire = http

    def another(self) -> HttpPhone:
        """A second installation of the same user."""
        return HttpPhone(self.member, self.url, self._wire)

    def body(self, *operations: Any, **envelope: Any) -> bytes:
        """The body of a batch."""
        return json.dumps({"client_id": str(self.client_id), "operations": operations, **envelope}).encode()

    def post(self, body: bytes, headers: dict[str, str | None] | None = None) -> httpx.Response:
        """Upload a body as it is. A header of None is left out."""
        sent: dict[str, str | None] = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        given = {name: value for name, value in {**sent, **(headers or {})}.items() if value is not None}
        return self._wire.post(f"{self.url}{BATCH}", content=body, headers=given)

    def send(self, *operations: Any, headers: dict[str, str | None] | None = None, **envelope: Any) -> httpx.Response:
        """Upload operations, and get the whole HTTP answer."""
        return self.post(self.body(*operations, **envelope), headers)

    def answer(self, *operations: Any, headers: dict[str, str | None] | None = None, **envelope: Any) -> Json:
        """The body of an answer with verdicts."""
        response = self.send(*operations, headers=headers, **envelope)
        assert response.status_code == 200, response.text
        body: Json = response.json()
        return body

    def upload(self, *operations: Any, **envelope: Any) -> list[Json]:
        """The results of one batch."""
        results: list[Json] = self.answer(*operations, **envelope)["results"]
        return results

    def one(self, operation: Any, **envelope: Any) -> Json:
        """The result of one operation in a batch of its own."""
        return self.upload(operation, **envelope)[0]

    def verdicts(self, *operations: Any, **envelope: Any) -> list[tuple[str, str | None]]:
        """[(status, code)] of a batch."""
        return [(result["status"], result["code"]) for result in self.upload(*operations, **envelope)]

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Any other address of the server."""
        return self._wire.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {self.token}", **headers})

    def ask(self, op_id: str) -> httpx.Response:
        """The verdict of one operation."""
        return self.get(f"/api/sync/operations/{op_id}")


APPLIED = ("applied", None)


def customer(name: str = "Ana", **payload: Any) -> Json:
    """The insert of a customer."""
    return insert("customers", name=name, **payload)


def edit(made: Json, base: int | None = 1, **payload: Any) -> Json:
    """An update of the row that an insert made."""
    return _later(made, "update", base) | {"payload": payload}


def remove(made: Json, base: int | None = 1) -> Json:
    """A delete of the row that an insert made."""
    return _later(made, "delete", base)


def _later(made: Json, action: str, base: int | None) -> Json:
    row = {name: made[name] for name in ("entity", "entity_id")}
    return row | {"op_id": str(uuid4()), "action": action} | ({} if base is None else {"base_version": base})


def grouped(*operations: Json) -> list[Json]:
    """The same operations, standing and falling together."""
    group = str(uuid4())
    return [{**operation, "sync_group_id": group} for operation in operations]


def ago(**parts: float) -> str:
    """A time before now, as clients spell it."""
    return (datetime.now(UTC) - timedelta(**parts)).isoformat()


def at(minute: int) -> str:
    """A minute of a day long ago."""
    return f"2024-05-01T12:{minute:02}:00Z"


def verdict(operation: Json, status: str, code: str | None = None, retry: str = "never", **more: Any) -> Json:
    """A result as the protocol spells it, in full; `more` are the members that differ from a refusal's."""
    return {
        "op_id": operation["op_id"],
        "entity": operation["entity"],
        "entity_id": operation["entity_id"],
        "status": status,
        "code": code,
        "retry": retry,
        "replayed": False,
        "changed": False,
        "version": None,
        "txid": None,
        **more,
    }


def refused(operation: Json, status: str, code: str, retry: str, *fields: str, **more: Any) -> Json:
    """A refusal in full; its error names these fields, and its words do not matter."""
    error = {name: more.pop(name) for name in ("caused_by", "duplicate_of") if name in more}
    return verdict(operation, status, code, retry, error=error | ({"fields": set(fields)} if fields else {}), **more)


def seen(result: Json) -> Json:
    """A result without words for people: of its error's fields only the names. Words there must be."""
    if "error" not in result:
        return result
    error = dict(result["error"])
    message = error.pop("message")
    assert isinstance(message, str)
    assert message
    if "fields" in error:
        assert all(words and all(isinstance(word, str) for word in words) for words in error["fields"].values())
        error["fields"] = set(error["fields"])
    return {**result, "error": error}


def published(row: Any) -> Json:
    """A row as readers get it, from the database and the data dictionary alone."""
    row.refresh_from_db()
    names = ("id", "version", "created_at", "updated_at", "write_id", *COLUMNS[row._meta.db_table])
    return {name: _spelled(getattr(row, name)) for name in names}


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, (UUID, Decimal)) else value


def problem(response: httpx.Response, status: int, code: str) -> Json:
    """The members of an RFC 9457 answer of that status and code."""
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json"), (
        response.text
    )
    body: Json = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"]
    assert body["detail"]
    assert body["type"] == "about:blank"
    return body
