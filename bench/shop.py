"""The workload of every measurement: a shop day, uploaded in process with authentication and limits on."""

from __future__ import annotations

import json
import random
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from entities.models import Business, Membership
from sync.protocol.ids import uuid7

FAILING = 0.02


class Shop:
    """One business, one manager, one phone; 40 % sales, 50 % their items, 8 % customer updates."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._http = Client()
        self._client_id = str(uuid7())
        self._number = 0
        business = Business.objects.create(name="Bench")
        user = get_user_model().objects.create_user(username="bench", password="bench")  # noqa: S106 - a throwaway
        Membership.objects.create(user=user, business=business, role=Membership.Role.MANAGER)
        answer = self._post("/api/auth/token", {"username": "bench", "password": "bench"})
        self._token = answer["access"]
        self._customers = [str(uuid7()) for _ in range(50)]
        self.upload([self._insert("customers", {"name": "Customer"}, row) for row in self._customers])

    def day(self, size: int) -> list[dict[str, Any]]:
        """That many operations of a shop day."""
        operations: list[dict[str, Any]] = []
        sale: dict[str, Any] | None = None
        while len(operations) < size:
            kind = self._random.random()
            if kind < 0.08:
                operations.append(self._update_customer())
            elif kind < 0.5 or sale is None:
                sale = self._sale()
                operations.append(sale)
            else:
                operations.append(self._item(sale["entity_id"]))
        for operation in operations:
            if operation["action"] == "insert" and self._random.random() < FAILING:
                operation["payload"]["no_such_column"] = 1
        return operations

    def upload(self, operations: list[dict[str, Any]]) -> dict[str, Any]:
        """Upload one batch. Errors: AssertionError when it got no verdicts."""
        return self._post(
            "/api/sync/batch",
            {"client_id": self._client_id, "operations": operations},
            HTTP_AUTHORIZATION=f"Bearer {self._token}",
        )

    def count_statements(self, operations: list[dict[str, Any]]) -> int:
        """Statements that uploading this batch sends to the database."""
        with CaptureQueriesContext(connection) as captured:
            self.upload(operations)
        return len(captured)

    def _post(self, path: str, body: dict[str, Any], **headers: Any) -> dict[str, Any]:
        response = self._http.post(path, json.dumps(body), content_type="application/json", **headers)
        assert response.status_code == 200, response.content
        return dict(response.json())

    def _sale(self) -> dict[str, Any]:
        self._number += 1
        customer = self._random.choice(self._customers)
        payload = {
            "customer_id": customer,
            "number": f"N{self._number}",
            "sold_at": "2026-11-20T10:00:00Z",
            "total": "12.50",
        }
        return self._insert("sales", payload)

    def _item(self, sale_id: str) -> dict[str, Any]:
        return self._insert(
            "sale_items", {"sale_id": sale_id, "product": "Bread", "quantity": "2", "unit_price": "6.25"}
        )

    def _update_customer(self) -> dict[str, Any]:
        return {
            "op_id": str(uuid7()),
            "entity": "customers",
            "action": "update",
            "entity_id": self._random.choice(self._customers),
            "payload": {"phone": str(self._random.randrange(10**9))},
            "base_version": 1,
        }

    @staticmethod
    def _insert(entity: str, payload: dict[str, Any], row_id: str | UUID | None = None) -> dict[str, Any]:
        return {
            "op_id": str(uuid7()),
            "entity": entity,
            "action": "insert",
            "entity_id": str(row_id or uuid7()),
            "payload": payload,
        }
