"""What a person at the admin sees, as tests read it."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from sync.models import SyncBatch, SyncClient, SyncOperation

Row = SyncBatch | SyncOperation | SyncClient


def address(model: Any, page: str, *args: Any) -> str:
    """Of a page of the log."""
    return reverse(f"admin:sync_{model._meta.model_name}_{page}", args=args)


def look(browser: Client, row: Row) -> str:
    """The page of a row."""
    response = browser.get(address(row, "change", row.pk))
    assert response.status_code == 200
    return response.content.decode()


def listed(browser: Client, model: Any, **query: object) -> list[Any]:
    """The rows of a list."""
    response = browser.get(address(model, "changelist"), query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def fields(browser: Client, row: SyncOperation) -> dict[str, Any]:
    """{name: line} of the table of fields."""
    response = browser.get(address(SyncOperation, "change", row.pk))
    return {line.name: line for line in response.context["fields"]}
