"""A phone that speaks HTTP over a socket: its token, its client_id, and bytes."""

from __future__ import annotations

import json
from typing import Any

import httpx

from entities.accounts.models import Membership
from sync.auth.tokens import issue_access
from tests.property.ops import Json, new_id

EVERY_RESULT = ["op_id", "entity", "entity_id", "status", "code", "retry", "replayed", "changed", "version", "txid"]


class WirePhone:
    """One installation of an app, logged in as a member of a business."""

    def __init__(self, url: str, member: Membership) -> None:
        self.url = url
        self.member = member
        self.client_id = new_id()
        self.token = issue_access(user_id=member.user_id, tenant_id=member.business_id)

    def send(self, body: bytes, **headers: str) -> httpx.Response:
        """A body as it is. Header names are written with underscores; an empty value leaves the header out."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **given}
        sent = {name: value for name, value in sent.items() if value}
        return httpx.post(f"{self.url}/api/sync/batch", content=body, headers=sent, timeout=30)

    def batch(self, *operations: Any, **envelope: Any) -> bytes:
        """The body of a batch."""
        return json.dumps({"client_id": self.client_id, "operations": operations, **envelope}).encode()

    def upload(self, *operations: Any, **envelope: Any) -> Json:
        """The answer to a batch."""
        answer = self.send(self.batch(*operations, **envelope))
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def results(self, *operations: Any, **envelope: Any) -> list[Json]:
        """The results of a batch."""
        found: list[Json] = self.upload(*operations, **envelope)["results"]
        return found

    def one(self, operation: Any, **envelope: Any) -> Json:
        """The result of one operation in a batch of its own."""
        return self.results(operation, **envelope)[0]

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Anything else of the API."""
        return httpx.get(
            f"{self.url}/api/{path}", headers={"Authorization": f"Bearer {self.token}", **headers}, timeout=30
        )


def verdict(operation: Json, status: str, code: str | None, retry: str, **more: Any) -> Json:
    """A result as the protocol spells it, in full; `more` are the members that differ from a refusal's."""
    plain = {
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
    }
    return {**plain, **more}


def without_words(result: Json) -> Json:
    """The result without texts for people: only which fields are named."""
    error = result.get("error")
    if error is None:
        return result
    assert isinstance(error["message"], str)
    assert error["message"]
    told = {k: sorted(v) if k == "fields" else v for k, v in error.items() if k != "message"}
    return {**result, "error": told}
